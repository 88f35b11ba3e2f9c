package shop

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

func tryConversationURL(ctx context.Context, t *trial) error {
	session, _, err := t.bench.honest(ctx, t.me)
	if err != nil {
		return fmt.Errorf("no honest session to attack from: %w", err)
	}
	intrusion := "Mallory was here " + rand.Text()
	path := conversationPath(t.prey.conversation)
	for _, one := range []struct {
		does string
		call call
	}{
		{"Open Ada’s conversation.", call{Method: http.MethodGet, Path: path}},
		{"Read its messages.", call{Method: http.MethodGet, Path: messagesPath(t.prey.conversation)}},
		{"Write into it.", call{Method: http.MethodPost, Path: messagesPath(t.prey.conversation),
			Body: map[string]any{"text": intrusion, "client_id": rand.Text()}}},
		{"Mark it as read.", call{Method: http.MethodPost, Path: path + "/read", Body: map[string]any{"seq": 1}}},
		{"Be seen typing in it.", call{Method: http.MethodPost, Path: path + "/typing", Body: map[string]any{}}},
	} {
		one.call.Bearer = session
		got, step, err := t.send(ctx, one.does, one.call)
		if err != nil {
			return err
		}
		t.judgeSight(got, step, false)
	}
	return t.unchanged(ctx, intrusion)
}

func tryConversationBody(ctx context.Context, t *trial) error {
	session, rows, err := t.bench.honest(ctx, t.me)
	if err != nil {
		return fmt.Errorf("no honest session to attack from: %w", err)
	}
	if len(rows) == 0 {
		id, err := t.bench.shop.write(ctx, session, "bench-"+t.me.ID, []string{"Hello, a question about my order."})
		if err != nil {
			return fmt.Errorf("no conversation of her own to write in: %w", err)
		}
		rows = []conversationRow{{ID: id}}
	}
	intrusion := "Mallory was here " + rand.Text()
	smuggled := map[string]any{"text": intrusion, "conversation_id": t.prey.conversation, "contact_id": t.victim.ID, "user_id": t.victim.ID}
	for _, one := range []struct{ does, path string }{
		{"Write in her own conversation, with Ada’s named in the body.", messagesPath(rows[0].ID)},
		{"Begin a conversation that says it is Ada’s.", conversationsPath},
	} {
		body := maps.Clone(smuggled)
		body["client_id"] = rand.Text()
		got, step, err := t.send(ctx, one.does, call{Method: http.MethodPost, Path: one.path, Bearer: session, Body: body})
		if err != nil {
			return err
		}
		t.judgeSmuggled(got, step)
	}
	if err := t.unchanged(ctx, intrusion); err != nil {
		return err
	}
	return t.promote(ctx)
}

// judgeSmuggled looks where a message went whose body named a foreign place.
func (t *trial) judgeSmuggled(got answer, step *Step) {
	if verdict, finding, over := judgeInside(got); over {
		t.judge(step, verdict, finding)
		return
	}
	if slices.Contains(textsIn(got.Body), t.prey.conversation) || t.leaks(got, true) {
		t.judge(step, GotThrough, "The body decided where it went.")
		return
	}
	t.judge(step, Harmless, "The foreign name was ignored: it went into Mallory’s own conversation.")
}

// promote asks for a tier in so many words.
func (t *trial) promote(ctx context.Context) error {
	got, step, err := t.send(ctx, "Open a session for Ada and simply ask for the tier “verified”.", call{
		Method: http.MethodPost, Path: sessionsPath,
		Body: map[string]any{
			"channel": t.bench.shop.config.Channel, "platform": "web", "tier": "verified", "method": "hmac",
			"assertion": map[string]any{"user_id": t.victim.ID, "verified": true},
		},
	})
	if err != nil {
		return err
	}
	return t.judgeOpening(ctx, got, step)
}

func tryStream(ctx context.Context, t *trial) error {
	session, _, err := t.bench.honest(ctx, t.me)
	if err != nil {
		return fmt.Errorf("no honest session to attack from: %w", err)
	}
	for _, one := range []struct{ does, query string }{
		{"Everything since sequence 0.", "?after=0"},
		{"The same, with Ada’s conversation named.", "?after=0&conversation=" + url.QueryEscape(t.prey.conversation)},
	} {
		if err := t.wait(ctx); err != nil {
			return err
		}
		stream := call{Method: http.MethodGet, Path: streamPath + one.query, Bearer: session}
		got, err := t.bench.shop.client.listen(ctx, stream, 1200*time.Millisecond)
		if err != nil {
			return err
		}
		step := t.note(one.does, stream, got)
		verdict, finding, over := judgeInside(got)
		switch {
		case t.leaks(got, true):
			t.judge(step, GotThrough, "Events of the victim’s conversation were in the stream.")
		case over:
			t.judge(step, verdict, finding)
		default:
			t.judge(step, Harmless, "Only Mallory’s own events, whatever else happened since.")
		}
	}
	return nil
}

// tryOracle compares refusals: an answer that differs would tell a customer from a
// stranger, or a good hash of somebody else from a bad one.
func tryOracle(ctx context.Context, t *trial) error {
	wrong := randomHash()
	var first string
	for i, one := range []claim{
		{"A customer who exists, a random hash.", map[string]any{"user_id": t.victim.ID, "hash": wrong}},
		{"A customer who does not exist, the same hash.", map[string]any{"user_id": "cust-0000", "hash": wrong}},
		{"A customer who exists, a hash that is right for another.", map[string]any{"user_id": t.victim.ID, "hash": t.hash(t.me.ID)}},
	} {
		got, step, err := t.openSession(ctx, one.does, one.assertion, nil)
		if err != nil {
			return err
		}
		t.records++
		shape := shapeOf(got)
		if i == 0 {
			first = shape
		}
		if err := t.judgeOpening(ctx, got, step); err != nil {
			return err
		}
		if shape != first && got.Status != http.StatusTooManyRequests && got.Status < 500 {
			t.judge(step, GotThrough, "This answer is not like the first: it gives something away.")
		}
	}
	return nil
}

// shapeOf is everything about an answer that could tell something: status, length
// of a refusal, and all of its members but those that are random in every answer.
func shapeOf(got answer) string {
	var members map[string]any
	if json.Unmarshal(got.Body, &members) != nil {
		return fmt.Sprintf("%d %d bytes", got.Status, len(got.Body))
	}
	for _, random := range []string{"session", "session_id", "request_id", "visitor", "visitor_token", "lane", "seq", "expires_at", "instance", "name"} {
		if _, there := members[random]; there {
			members[random] = "…"
		}
	}
	encoded, err := json.Marshal(members) // sorts the members
	if err != nil {
		return fmt.Sprintf("%d %d bytes", got.Status, len(got.Body))
	}
	if got.ok() {
		return fmt.Sprintf("%d %s", got.Status, encoded)
	}
	return fmt.Sprintf("%d %d bytes %s", got.Status, len(got.Body), encoded)
}

const foreignPage = "https://evil.example"

// tryFraming reads the policy that a browser would obey. It is the one attack that
// the visitor's browser has to stop; what the server can do is to say so.
func tryFraming(ctx context.Context, t *trial) error {
	got, step, err := t.send(ctx, "Fetch the messenger’s page as a frame of "+foreignPage+" would.", call{
		Method: http.MethodGet, Path: "/frame/" + url.PathEscape(t.bench.shop.config.Channel),
		Headers: http.Header{
			"Accept": {"text/html"}, "Referer": {foreignPage + "/"},
			"Sec-Fetch-Dest": {"iframe"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"cross-site"},
		},
	})
	if err != nil {
		return err
	}
	if verdict, finding, over := judgeStatus(got); over {
		if got.Status == http.StatusServiceUnavailable {
			finding = "The messenger’s page has not been built in this binary, so there is nothing to frame yet."
		}
		t.judge(step, verdict, finding)
		return nil
	}
	switch {
	case mayFrame(got.Header, foreignPage):
		t.judge(step, GotThrough, "No policy keeps a foreign page from framing the messenger: name the allowed pages of this channel.")
	case !mayFrame(got.Header, t.site):
		t.judge(step, Inconclusive, "The policy keeps "+foreignPage+" out, but this shop ("+t.site+") as well.")
	default:
		t.judge(step, Refused, "frame-ancestors names this shop and no other page: a browser shows nothing at "+foreignPage+".")
	}
	return nil
}

// mayFrame judges as a browser does: every policy must allow the page, and
// frame-ancestors makes X-Frame-Options void.
func mayFrame(header http.Header, page string) bool {
	restricted := false
	for _, line := range header.Values("Content-Security-Policy") {
		for policy := range strings.SplitSeq(line, ",") {
			sources, there := frameAncestors(policy)
			if !there {
				continue
			}
			restricted = true
			if !slices.ContainsFunc(sources, func(source string) bool { return sourceAllows(source, page) }) {
				return false
			}
		}
	}
	return restricted || header.Get("X-Frame-Options") == ""
}

func frameAncestors(policy string) (sources []string, there bool) {
	for directive := range strings.SplitSeq(policy, ";") {
		words := strings.Fields(directive)
		if len(words) > 0 && strings.EqualFold(words[0], "frame-ancestors") {
			return words[1:], true
		}
	}
	return nil, false
}

// sourceAllows compares a source with a page's origin. 'self' is Countersign's own
// origin and so never one of these pages.
func sourceAllows(source, page string) bool {
	origin, err := url.Parse(page)
	if err != nil {
		return true
	}
	source = strings.ToLower(source)
	if source == "*" || source == origin.Scheme+":" {
		return true
	}
	scheme, host, found := strings.Cut(source, "://")
	if !found {
		scheme, host = origin.Scheme, source
	}
	host, _, _ = strings.Cut(host, "/")
	name, port, _ := strings.Cut(host, ":")
	return schemeAllows(scheme, origin.Scheme) && portAllows(port, origin) && nameAllows(name, origin.Hostname())
}

// schemeAllows: a source with http admits the same page over https.
func schemeAllows(scheme, of string) bool {
	return scheme == of || scheme == "http" && of == "https"
}

func portAllows(port string, origin *url.URL) bool {
	standard := map[string]string{"http": "80", "https": "443"}[origin.Scheme]
	return port == "*" || cmp.Or(port, standard) == cmp.Or(origin.Port(), standard)
}

func nameAllows(name, host string) bool {
	if suffix, wild := strings.CutPrefix(name, "*"); wild {
		return strings.HasSuffix(strings.ToLower(host), suffix)
	}
	return strings.EqualFold(name, host)
}
