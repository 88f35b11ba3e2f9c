package httpapi_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/deliver"
	"countersign/internal/workspace"
)

const (
	askPath     = "/api/v1/widget/sessions/current/email-code"
	confirmPath = askPath + "/confirm"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// codes makes a channel that takes emailed codes.
func (h *house) codes(slug string, enforcement policy.Enforcement) (channel workspace.Channel, secret string) {
	h.t.Helper()
	channel, _, secret = h.channel(slug, enforcement)
	_, err := h.Channels.SetEmailCode(context.Background(), h.System, channel.ID, true)
	must(h.t, err)
	h.waitOffered(slug)
	return channel, secret
}

func (h *house) waitOffered(slug string) {
	h.t.Helper()
	within(h.t, "codes to be offered", func() bool {
		return h.call("GET", "/api/v1/widget/channels/"+slug, credential{}, nil).JSON["email_code"] == true
	})
}

// guest is an anonymous visitor.
func (h *house) guest(slug string) credential {
	h.t.Helper()
	return bearer(h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": slug}).text("session"))
}

// mailed is the code in the newest mail to an address; it waits for the n-th of them.
func (h *house) mailed(address string, n int) string {
	h.t.Helper()
	var mine []deliver.Mail
	within(h.t, fmt.Sprintf("mail %d to %s", n, address), func() bool {
		mine = nil
		for _, m := range h.Mail.Mail() {
			if m.To == address {
				mine = append(mine, m)
			}
		}
		return len(mine) >= n
	})
	return sixDigits.FindString(mine[0].Text)
}

func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestACodeMakesAGuestVerifiedAndTheirThreadFollows(t *testing.T) {
	for _, enforcement := range []policy.Enforcement{policy.Off, policy.Observe, policy.Enforce} {
		t.Run(string(enforcement), func(t *testing.T) {
			h := open(t)
			h.codes("shop", enforcement)
			guest := h.guest("shop")
			thread := h.want(201, "POST", "/api/v1/widget/conversations", guest, object{"text": "hello", "client_id": "c1"})
			asked := h.want(202, "POST", askPath, guest, object{"email": "Ada@Shop.example"})
			if asked.text("expires_at") == "" || strings.Contains(string(asked.Text), "ada") {
				t.Errorf("%s", asked.Text)
			}
			code := h.mailed("ada@shop.example", 1) // the folded spelling: what will be proved
			a := h.want(201, "POST", confirmPath, guest, object{"code": code})
			if a.text("tier") != "verified" || a.text("method") != "code" || a.text("email") != "ada@shop.example" || a.JSON["claimed"] != 1.0 {
				t.Fatalf("%s", a.Text)
			}
			ada := bearer(a.text("session"))
			list := h.want(200, "GET", "/api/v1/widget/conversations", ada, nil)
			if !strings.Contains(string(list.Text), thread.text("id")) {
				t.Errorf("the thread did not follow: %s", list.Text)
			}
			h.ends("/api/v1/widget/sessions/current", guest)
			opened := h.entries(audit.SessionOpened)
			if len(opened) != 1 || opened[0].Detail["method"] != "code" || opened[0].Detail["key"] != "" || opened[0].Subject == "" {
				t.Errorf("%+v", opened)
			}
			for _, entry := range opened {
				if text := fmt.Sprint(entry); strings.Contains(text, "ada@") || strings.Contains(text, code) {
					t.Errorf("the record says too much: %s", text)
				}
			}
			if log := h.Log.String(); strings.Contains(log, code) || strings.Contains(log, "ada@") {
				t.Error("the log says too much")
			}
			// The address is this person everywhere in the realm: a second browser finds the thread.
			other := h.guest("shop")
			h.want(202, "POST", askPath, other, object{"email": "ada@shop.example"})
			again := h.want(201, "POST", confirmPath, other, object{"code": h.mailed("ada@shop.example", 2)})
			if list := h.want(200, "GET", "/api/v1/widget/conversations", bearer(again.text("session")), nil); !strings.Contains(string(list.Text), thread.text("id")) {
				t.Errorf("another browser: %s", list.Text)
			}
		})
	}
}

func TestACodeOpensNothingElsewhereTwiceOrAfterAnother(t *testing.T) {
	h := open(t)
	h.codes("shop", policy.Enforce)
	h.codes("other", policy.Enforce)
	refused := func(name string, who credential, code string) {
		t.Helper()
		a := h.call("POST", confirmPath, who, object{"code": code})
		if a.StatusCode != 403 || a.code() != "code_refused" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Text)
		}
	}
	asker, thief, elsewhere := h.guest("shop"), h.guest("shop"), h.guest("other")
	h.want(202, "POST", askPath, asker, object{"email": "ada@shop.example"})
	code := h.mailed("ada@shop.example", 1)
	refused("in another session", thief, code)
	refused("in another channel", elsewhere, code)
	// The thief asks as well, for an address of their own, and types Ada's code.
	h.want(202, "POST", askPath, thief, object{"email": "eve@x.example"})
	refused("in a session that asked for another address", thief, code)
	refused("wrong", asker, wrong(code))
	for _, malformed := range []string{"", "12345", "1234567", "abcdef", code + "\n", "٠٠٠٠٠٠"} {
		refused("malformed", asker, malformed)
	}
	h.want(201, "POST", confirmPath, asker, object{"code": code})
	if a := h.call("POST", confirmPath, asker, object{"code": code}); a.StatusCode != 401 && a.StatusCode != 403 {
		t.Errorf("replayed: %d %s", a.StatusCode, a.Text)
	}
	// Asked for A, then for B: A's code is dead, and B's proves B.
	late := h.guest("shop")
	h.want(202, "POST", askPath, late, object{"email": "ann@shop.example"})
	first := h.mailed("ann@shop.example", 1)
	h.want(202, "POST", askPath, late, object{"email": "bob@shop.example"})
	second := h.mailed("bob@shop.example", 1)
	if first != second {
		refused("of the address before", late, first)
	}
	if a := h.want(201, "POST", confirmPath, late, object{"code": second}); a.text("email") != "bob@shop.example" {
		t.Errorf("%s", a.Text)
	}
	// Another code for the same address replaces the one before.
	twice := h.guest("shop")
	h.want(202, "POST", askPath, twice, object{"email": "cy@shop.example"})
	old := h.mailed("cy@shop.example", 1)
	h.want(202, "POST", askPath, twice, object{"email": "cy@shop.example"})
	if fresh := h.mailed("cy@shop.example", 2); fresh != old {
		refused("that was replaced", twice, old)
	}
}

func TestFiveWrongTriesKillACode(t *testing.T) {
	h := open(t)
	h.codes("shop", policy.Enforce)
	const victim = "ada@shop.example"
	asks := 0
	guess := func(tries int) (who credential, code string) {
		who = h.guest("shop")
		h.want(202, "POST", askPath, who, object{"email": victim})
		asks++
		if asks > 3 {
			return who, ""
		}
		code = h.mailed(victim, asks)
		for range tries {
			if a := h.call("POST", confirmPath, who, object{"code": wrong(code)}); a.StatusCode != 403 {
				t.Fatalf("a wrong try: %d", a.StatusCode)
			}
		}
		return who, code
	}
	who, code := guess(5)
	if a := h.call("POST", confirmPath, who, object{"code": code}); a.StatusCode != 403 {
		t.Errorf("right, after five wrong tries: %d", a.StatusCode)
	}
	// Concurrent tries count one by one.
	who = h.guest("shop")
	h.want(202, "POST", askPath, who, object{"email": victim})
	asks++
	code = h.mailed(victim, asks)
	var group sync.WaitGroup
	for range 20 {
		group.Add(1)
		go func() {
			defer group.Done()
			h.call("POST", confirmPath, who, object{"code": wrong(code)})
		}()
	}
	group.Wait()
	if a := h.call("POST", confirmPath, who, object{"code": code}); a.StatusCode != 403 {
		t.Errorf("right, after twenty at once: %d", a.StatusCode)
	}
}

func TestAMailboxIsNotFloodedAndNobodyLearnsOfIt(t *testing.T) {
	h := open(t)
	h.codes("shop", policy.Enforce)
	shape := func(a answer) string {
		return fmt.Sprint(a.StatusCode, len(a.Text), a.Header.Get("Content-Type"), a.JSON["ask_again_seconds"])
	}
	reference := shape(h.want(202, "POST", askPath, h.guest("shop"), object{"email": "nobody@nowhere.example"}))
	for i := range 8 {
		if got := shape(h.call("POST", askPath, h.guest("shop"), object{"email": "ada@shop.example"})); got != reference {
			t.Errorf("asking %d: %s, not %s", i, got, reference)
		}
	}
	// Variants of one mailbox have a limit of their own.
	for i := range 9 {
		h.want(202, "POST", askPath, h.guest("shop"), object{"email": fmt.Sprintf("b.o.b+%d@shop.example", i)})
	}
	settled := func() map[deliver.State]int {
		letters, err := h.DB.Letters(context.Background(), workspace.Main, 100)
		must(t, err)
		states := map[deliver.State]int{}
		for _, l := range letters {
			states[l.State]++
			if len(l.Sealed) > 0 {
				t.Error("a list of letters carries what they say")
			}
		}
		return states
	}
	within(t, "the outbox", func() bool { return settled()[deliver.Waiting] == 0 })
	sent := map[string]int{}
	for _, m := range h.Mail.Mail() {
		if strings.HasPrefix(m.To, "b.o.b") {
			sent["bob"]++
		}
		sent[m.To]++
	}
	if sent["ada@shop.example"] != 3 || sent["bob"] != 6 || settled()[deliver.Withheld] != 8 {
		t.Errorf("%v, %v", sent, settled())
	}
	// Whoever asks too often is told so: that is about them, and about no address.
	who := h.guest("shop")
	codes := map[int]int{}
	for i := range 7 {
		codes[h.call("POST", askPath, who, object{"email": fmt.Sprintf("x%d@y%d.example", i, i)}).StatusCode]++
	}
	if codes[429] == 0 || codes[202] == 0 {
		t.Errorf("%v", codes)
	}
}

func TestTwoConfirmationsAtOnceOpenOneSession(t *testing.T) {
	h := open(t)
	h.codes("shop", policy.Enforce)
	who := h.guest("shop")
	h.want(202, "POST", askPath, who, object{"email": "ada@shop.example"})
	code := h.mailed("ada@shop.example", 1)
	var mu sync.Mutex
	opened := 0
	var group sync.WaitGroup
	for range 12 {
		group.Add(1)
		go func() {
			defer group.Done()
			a := h.call("POST", confirmPath, who, object{"code": code})
			mu.Lock()
			defer mu.Unlock()
			if a.StatusCode == 201 {
				opened++
			}
		}()
	}
	group.Wait()
	if got := len(h.entries(audit.SessionOpened)); opened != 1 || got != 1 {
		t.Errorf("%d sessions, %d entries", opened, got)
	}
}

func TestHeadersCannotBeInjectedByAnAddress(t *testing.T) {
	h := open(t)
	h.codes("shop", policy.Enforce)
	who := h.guest("shop")
	for _, address := range []string{"ada@shop.example\r\nBcc: eve@x.example", "ada@shop.example,eve@x.example", "Ada <ada@shop.example>", "ada@shop.example\u202e", "ada", ""} {
		a := h.call("POST", askPath, who, object{"email": address})
		if a.StatusCode != 422 {
			t.Errorf("%q: %d %s", address, a.StatusCode, a.Text)
		}
	}
	if len(h.Mail.Mail()) != 0 {
		t.Error("mail was sent")
	}
}

func TestTurningCodesOffEndsWhatTheyOpenedWithinASecond(t *testing.T) {
	h := open(t)
	channel, secret := h.codes("shop", policy.Enforce)
	ada := func(n int) credential {
		who := h.guest("shop")
		h.want(202, "POST", askPath, who, object{"email": "ada@shop.example"})
		return bearer(h.want(201, "POST", confirmPath, who, object{"code": h.mailed("ada@shop.example", n)}).text("session"))
	}
	proved, signed, waiting := ada(1), h.visitor("shop", secret, "bob"), h.guest("shop")
	h.want(202, "POST", askPath, waiting, object{"email": "cy@shop.example"})
	code := h.mailed("cy@shop.example", 1)
	frames, _ := h.listen("/api/v1/widget/stream", proved)
	owner := h.agent(policy.Owner)
	if now := h.want(200, "GET", "/api/v1/console/channels/"+channel.ID+"/email-code", owner, nil); now.JSON["live_sessions"] != 1.0 || now.JSON["allowed"] != true || now.text("mail") != "mailbox" {
		t.Errorf("%s", now.Text)
	}
	off := h.want(200, "PUT", "/api/v1/console/channels/"+channel.ID+"/email-code", owner, object{"allowed": false})
	if off.JSON["ended"] != 1.0 || off.JSON["allowed"] != false {
		t.Errorf("%s", off.Text)
	}
	h.ends("/api/v1/widget/sessions/current", proved)
	deadline := time.After(3 * time.Second)
	for open := true; open; {
		select {
		case _, open = <-frames:
		case <-deadline:
			t.Fatal("the stream goes on")
		}
	}
	h.want(200, "GET", "/api/v1/widget/sessions/current", signed, nil)
	if a := h.call("POST", confirmPath, waiting, object{"code": code}); a.StatusCode != 403 || a.code() != "codes_not_taken" {
		t.Errorf("a code that waited: %d %s", a.StatusCode, a.Text)
	}
	// On again, the old code stays dead.
	h.want(200, "PUT", "/api/v1/console/channels/"+channel.ID+"/email-code", owner, object{"allowed": true})
	if a := h.call("POST", confirmPath, waiting, object{"code": code}); a.StatusCode != 403 || a.code() != "code_refused" {
		t.Errorf("a code from before: %d %s", a.StatusCode, a.Text)
	}
	changes := 0
	for _, entry := range h.entries(audit.ChannelChanged) {
		if entry.Detail["email_code"] != "" && strings.HasPrefix(entry.Actor, "agent:") {
			changes++
		}
	}
	if changes != 2 {
		t.Errorf("%d changes in the record", changes)
	}
}

func TestLogOutAndBlockingKillCodes(t *testing.T) {
	h := open(t)
	h.codes("shop", policy.Enforce)
	who := h.guest("shop")
	h.want(202, "POST", askPath, who, object{"email": "ada@shop.example"})
	code := h.mailed("ada@shop.example", 1)
	h.want(204, "DELETE", "/api/v1/widget/sessions/current", who, nil)
	if a := h.call("POST", confirmPath, who, object{"code": code}); a.StatusCode != 401 {
		t.Errorf("after log-out: %d %s", a.StatusCode, a.Text)
	}
	// Whoever is blocked proves the address in vain, and the answer is the one to any wrong code.
	who = h.guest("shop")
	h.want(202, "POST", askPath, who, object{"email": "ada@shop.example"})
	a := h.want(201, "POST", confirmPath, who, object{"code": h.mailed("ada@shop.example", 2)})
	thread := h.want(201, "POST", "/api/v1/widget/conversations", bearer(a.text("session")), object{"text": "hello", "client_id": "c1"})
	owner := h.agent(policy.Owner)
	row := h.want(200, "GET", "/api/v1/console/conversations/"+thread.text("id"), owner, nil)
	contact := row.JSON["contact"].(object)["id"].(string)
	h.want(200, "POST", "/api/v1/console/contacts/"+contact+"/block", owner, object{"blocked": true})
	again := h.guest("shop")
	h.want(202, "POST", askPath, again, object{"email": "ada@shop.example"})
	if a := h.call("POST", confirmPath, again, object{"code": h.mailed("ada@shop.example", 3)}); a.StatusCode != 403 || a.code() != "code_refused" {
		t.Errorf("blocked: %d %s", a.StatusCode, a.Text)
	}
}

// A signed user id whose page merely signs the address beside it is not that mailbox:
// the holder of the mailbox is another contact, and reads nothing of the first.
func TestACodeDoesNotReachAnAccountThatOnlyCarriesTheAddress(t *testing.T) {
	h := open(t)
	_, secret := h.codes("shop", policy.Enforce)
	body := object{"channel": "shop", "assertion": object{"user_id": "ada-1", "email": "ada@shop.example", "hash": sign(secret, "ada-1")}}
	account := bearer(h.want(201, "POST", "/api/v1/widget/sessions", credential{}, body).text("session"))
	h.want(201, "POST", "/api/v1/widget/conversations", account, object{"text": "secret", "client_id": "c1"})
	who := h.guest("shop")
	h.want(202, "POST", askPath, who, object{"email": "ada@shop.example"})
	a := h.want(201, "POST", confirmPath, who, object{"code": h.mailed("ada@shop.example", 1)})
	if list := h.want(200, "GET", "/api/v1/widget/conversations", bearer(a.text("session")), nil); strings.Contains(string(list.Text), "secret") {
		t.Errorf("%s", list.Text)
	}
}

func TestWhereCodesAreNotTakenNothingIsSaidOrSent(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	if a := h.call("POST", askPath, h.guest("shop"), object{"email": "ada@shop.example"}); a.code() != "codes_not_taken" {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	if a := h.call("POST", "/api/v1/widget/email-code", credential{}, object{"channel": "shop", "email": "ada@shop.example"}); a.code() != "codes_not_taken" {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	h.codes("open", policy.Enforce)
	if a := h.call("POST", askPath, h.visitor("shop", secret, "ada"), object{"email": "eve@x.example"}); a.code() != "codes_not_taken" {
		t.Errorf("somebody verified becomes somebody else: %d %s", a.StatusCode, a.Text)
	}
	if len(h.Mail.Mail()) != 0 {
		t.Error("mail was sent")
	}
}

// Where only verified visitors may chat there is no session that could ask: an
// attempt, which opens nothing else, takes its place.
func TestACodeIsTheWayInWhereOnlyVerifiedVisitorsMayChat(t *testing.T) {
	h := open(t)
	channel, _ := h.codes("shop", policy.Enforce)
	channel.MinimumTier = policy.Verified
	must(t, h.Channels.Update(context.Background(), h.System, channel))
	within(t, "the minimum tier", func() bool {
		return h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop"}).code() == "identity_required"
	})
	a := h.want(202, "POST", "/api/v1/widget/email-code", credential{}, object{"channel": "shop", "email": "ada@shop.example"})
	attempt := a.text("attempt")
	for _, who := range []credential{bearer(attempt), cookie(attempt)} {
		if a := h.call("GET", "/api/v1/widget/conversations", who, nil); a.StatusCode != 401 {
			t.Errorf("an attempt opens conversations: %d", a.StatusCode)
		}
	}
	code := h.mailed("ada@shop.example", 1)
	confirm := func(attempt string) answer {
		return h.call("POST", "/api/v1/widget/email-code/confirm", credential{}, object{"channel": "shop", "attempt": attempt, "code": code})
	}
	other := h.want(202, "POST", "/api/v1/widget/email-code", credential{}, object{"channel": "shop", "email": "eve@x.example"}).text("attempt")
	for _, wrong := range []string{"", "x", other, strings.Repeat("A", 43)} {
		if a := confirm(wrong); a.code() != "code_refused" {
			t.Errorf("with attempt %q: %d %s", wrong, a.StatusCode, a.Text)
		}
	}
	in := confirm(attempt)
	if in.StatusCode != 201 || in.text("method") != "code" || in.text("visitor_token") == "" {
		t.Fatalf("%d %s", in.StatusCode, in.Text)
	}
	h.want(201, "POST", "/api/v1/widget/conversations", bearer(in.text("session")), object{"text": "hello", "client_id": "c1"})
	if a := confirm(attempt); a.code() != "code_refused" {
		t.Errorf("replayed: %d", a.StatusCode)
	}
}

// What a colleague is sent works once, and reaches nobody whom no mail can reach.
func TestAnInvitationIsMailedWithTheLinkThatIsShown(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	a := h.want(201, "POST", "/api/v1/console/agents", owner, object{"email": "New@Example.com", "role": "agent"})
	if a.text("mailed_to") != "new@example.com" || a.text("link") == "" {
		t.Fatalf("%s", a.Text)
	}
	within(t, "the invitation", func() bool { return len(h.Mail.Mail()) == 1 })
	letter := h.Mail.Mail()[0]
	if letter.To != "new@example.com" || !strings.Contains(letter.Text, a.text("link")) {
		t.Errorf("%+v", letter)
	}
	until, err := time.Parse(time.RFC3339, a.text("until"))
	must(t, err)
	if left := time.Until(until); left > 72*time.Hour || left < 71*time.Hour || !strings.Contains(letter.Text, until.Format("until Monday, 2 January 2006, 15:04 UTC")) {
		t.Errorf("until %v; the mail says %q", until, letter.Text)
	}
	_, token, _ := strings.Cut(a.text("link"), "#")
	// Inviting again makes another link, and ends the one that was mailed first.
	again := h.want(201, "POST", "/api/v1/console/agents", owner, object{"email": "new@example.com", "role": "agent"})
	within(t, "the second invitation", func() bool { return len(h.Mail.Mail()) == 2 })
	if a := h.call("POST", "/api/v1/console/setup/check", credential{}, object{"token": token}); a.StatusCode != 403 {
		t.Errorf("the first link: %d", a.StatusCode)
	}
	_, token, _ = strings.Cut(again.text("link"), "#")
	h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": token, "name": "New", "password": "seven grey herons at the weir"})
	if a := h.call("POST", "/api/v1/console/setup", credential{}, object{"token": token, "name": "New", "password": "seven grey herons at the weir"}); a.StatusCode != 403 {
		t.Errorf("used twice: %d", a.StatusCode)
	}
	// An address that no mail goes to gets no mail; the link is shown all the same.
	quiet := h.want(201, "POST", "/api/v1/console/agents", owner, object{"email": "root@host", "role": "agent"})
	if quiet.text("mailed_to") != "" || quiet.text("link") == "" {
		t.Errorf("%s", quiet.Text)
	}
	if log := h.Log.String(); strings.Contains(log, token) {
		t.Error("a link was logged")
	}
	box := h.want(200, "GET", "/api/v1/console/outbox", owner, nil)
	if text := string(box.Text); strings.Contains(text, token) || strings.Contains(text, "new@") || !strings.Contains(text, `"recipient":"n…@example.com"`) {
		t.Errorf("the outbox says %s", text)
	}
}
