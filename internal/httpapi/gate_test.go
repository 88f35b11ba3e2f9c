package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/team"
)

// routes is every route of the house, by who may use it. A new one is a new line
// here, so that nobody opens a door without having said to whom.
var routes = map[httpapi.Access][]string{
	httpapi.Public: {
		"GET /api/v1/widget/links/{link}", "GET /api/v1/console/links/{link}",
		"GET /healthz", "GET /readyz", "GET /metrics", "GET /api/openapi.json", "GET /api/docs", "GET /api/docs.css",
		"GET /v1.js", "GET /assets/{file}", "GET /frame/{channel}", "GET /m/{channel}", "GET /beacon.js", "GET /cdn/v1/widget/{file}", "GET /widget/{file}", "GET /console", "GET /console/{rest...}", "GET /{$}",
		"POST /api/v1/widget/email-code", "POST /api/v1/widget/email-code/confirm",
		"POST /api/v1/widget/sessions", "POST /api/v1/widget/ping", "GET /api/v1/widget/channels/{channel}",
		"POST /api/v1/register", "POST /api/v1/register/status", "POST /api/v1/register/withdraw",
		"POST /api/v1/console/setup/check", "POST /api/v1/console/setup", "POST /api/v1/console/sign-in",
		"POST /api/v1/console/sign-in/second", "POST /api/v1/console/sign-in/passkey/begin", "POST /api/v1/console/sign-in/passkey",
	},
	httpapi.VisitorSession: {
		"POST /api/v1/widget/files", "GET /api/v1/widget/files/{id}", "GET /api/v1/widget/files/{id}/thumbnail", "POST /api/v1/widget/files/{id}/link",
		"GET /api/v1/widget/sessions/current", "DELETE /api/v1/widget/sessions/current", "POST /api/v1/widget/sessions/current/claim",
		"POST /api/v1/widget/sessions/current/email-code", "POST /api/v1/widget/sessions/current/email-code/confirm",
		"GET /api/v1/widget/conversations", "POST /api/v1/widget/conversations", "GET /api/v1/widget/conversations/{id}",
		"GET /api/v1/widget/conversations/{id}/messages", "POST /api/v1/widget/conversations/{id}/messages",
		"POST /api/v1/widget/conversations/{id}/read", "POST /api/v1/widget/conversations/{id}/typing", "GET /api/v1/widget/stream",
	},
	httpapi.AgentLogin: {
		"POST /api/v1/console/files", "GET /api/v1/console/files/{id}", "GET /api/v1/console/files/{id}/thumbnail", "POST /api/v1/console/files/{id}/link",
		"POST /api/v1/console/sign-out", "POST /api/v1/console/confirm", "POST /api/v1/console/confirm/passkey",
		"POST /api/v1/console/password", "GET /api/v1/console/factors", "POST /api/v1/console/factors/app", "POST /api/v1/console/factors/app/confirm",
		"DELETE /api/v1/console/factors/app", "POST /api/v1/console/factors/passkeys/begin", "POST /api/v1/console/factors/passkeys",
		"DELETE /api/v1/console/factors/passkeys/{id}", "POST /api/v1/console/factors/recovery", "DELETE /api/v1/console/agents/{id}/factors",
		"GET /api/v1/console/team-rule", "PUT /api/v1/console/team-rule", "GET /api/v1/console/roles",
		"GET /api/v1/console/me", "GET /api/v1/console/conversations", "GET /api/v1/console/counts",
		"GET /api/v1/console/conversations/{id}", "PATCH /api/v1/console/conversations/{id}", "GET /api/v1/console/conversations/{id}/messages",
		"POST /api/v1/console/conversations/{id}/messages", "POST /api/v1/console/conversations/{id}/read", "POST /api/v1/console/conversations/{id}/typing",
		"POST /api/v1/console/registrations/{id}/confirm",
		"POST /api/v1/console/keys/{id}/reveal", "POST /api/v1/console/channels/{id}/expected-hash",
		"GET /api/v1/console/stream",

		"POST /api/v1/console/agents", "PATCH /api/v1/console/agents/{id}", "DELETE /api/v1/console/agents/{id}",
		"GET /api/v1/console/logins", "DELETE /api/v1/console/logins/{id}", "GET /api/v1/console/tokens", "POST /api/v1/console/tokens",
		"DELETE /api/v1/console/tokens/{id}",
	},
	httpapi.APIToken: {"POST /api/v1/verify", "GET /secure_mode_secrets", "POST /secure_mode_secrets", "DELETE /secure_mode_secrets/{id}"},
}

// shared are the routes that the console and the management API have in common.
var shared = []string{
	"GET /channels/{id}/email-code", "PUT /channels/{id}/email-code", "GET /outbox",
	"GET /channels/{id}/installation", "GET /channels/{id}/installation/watch", "PUT /channels/{id}/installation/ignored", "GET /channels/{id}/preview",
	"GET /channels", "POST /channels", "GET /channels/{id}", "PUT /channels/{id}", "PUT /channels/{id}/enforcement",
	"GET /channels/{id}/keys", "POST /channels/{id}/keys", "POST /keys/{id}/rotate", "POST /keys/{id}/finish", "POST /keys/{id}/revoke",
	"POST /channels/{id}/diagnose", "GET /channels/{id}/snippets",
	"PATCH /keys/{id}", "POST /keys/{id}/sign-by", "POST /keys/{id}/extend", "GET /keys/{id}/impact", "GET /keys/{id}/compromise",
	"POST /keys/{id}/kids/revoke",
	"POST /contacts/{id}/sessions/end", "PUT /contacts/{id}/bare-hashes", "POST /contacts/{id}/identifiers/release", "POST /contacts/find",
	"GET /contacts/{id}/export", "GET /contacts/{id}/holdings", "POST /contacts/{id}/erase", "PATCH /contacts/{id}/attributes",
	"GET /attributes/policy", "PUT /attributes/policy", "GET /channels/{id}/sessions", "GET /channels/{id}/sessions/count",
	"POST /channels/{id}/sessions/end", "GET /channels/{id}/logout", "PUT /channels/{id}/logout",
	"POST /contacts/{id}/block", "DELETE /contacts/{id}/sessions", "DELETE /contacts/{id}/sessions/{session}",
	"GET /agents", "GET /contacts/{id}", "GET /imported",
	"GET /registrations", "POST /registrations", "POST /registrations/{id}/refuse",
	"GET /audit", "GET /audit/status", "GET /audit/export",
}

func init() {
	for _, name := range shared {
		method, path, _ := strings.Cut(name, " ")
		routes[httpapi.AgentLogin] = append(routes[httpapi.AgentLogin], method+" /api/v1/console"+path)
		routes[httpapi.APIToken] = append(routes[httpapi.APIToken], method+" /api/v1"+path)
	}
}

// operation is what a route does, whichever door it stands in.
func operation(r httpapi.Route) string {
	name, inConsole := strings.CutPrefix(r.ID, "console")
	if !inConsole {
		return r.ID
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// pathOf fills the wildcards of a route with an id that nothing has.
func pathOf(r httpapi.Route) string {
	path := strings.NewReplacer("{id}", "xyz_1", "{session}", "ses_1", "{channel}", "nobody", "{file}", "x.js", "{link}", "x", "{rest...}", "x", "{$}", "").Replace(r.Path)
	return path
}

func takesBody(r httpapi.Route) bool { return r.Method != "GET" && r.Method != "DELETE" }

func TestEveryRouteIsPublicByNameOrRefusesStrangers(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	_, token, err := h.Team.CreateToken(context.Background(), h.System, team.TokenDraft{Name: "test", Scopes: []policy.Right{policy.ReadAudit}})
	must(t, err)
	credentials := map[httpapi.Access]string{ // :: access → token
		httpapi.VisitorSession: strings.TrimPrefix(h.visitor("shop", secret, "ada").value, "Bearer "),
		httpapi.AgentLogin:     strings.TrimPrefix(h.agent(policy.Owner).value, httpapi.LoginCookie+"="),
		httpapi.APIToken:       token,
	}
	listed := 0
	for _, names := range routes {
		listed += len(names)
	}
	if got := h.Floor.Routes(); len(got) != listed {
		t.Errorf("%d routes, %d listed", len(got), listed)
	}
	for _, r := range h.Floor.Routes() {
		name := r.Method + " " + r.Path
		if !slices.Contains(routes[r.Access], name) {
			t.Errorf("%s is %s: not listed so", name, r.Access)
		}
		if r.Access == httpapi.Public {
			continue
		}
		var body any
		if takesBody(r) {
			body = "this is not even JSON" // a stranger learns nothing, not even this
		}
		strangers := map[string]credential{
			"nothing": {}, "an empty bearer": {"Authorization", "Bearer "}, "a made-up bearer": bearer("abc"),
			"a bearer of the right length": bearer(strings.Repeat("A", 43)), "an empty cookie": cookie(""), "a made-up cookie": cookie("abc"),
			"a cookie of the right length": cookie(strings.Repeat("A", 43)), "basic": {"Authorization", "Basic YTpi"},
		}
		for access, token := range credentials {
			if access != r.Access {
				strangers[string(access)+" as bearer"] = bearer(token)
				strangers[string(access)+" as cookie"] = cookie(token)
				continue
			}
			// The right credential in the wrong place is the wrong credential.
			if access == httpapi.AgentLogin {
				strangers["login as bearer"] = bearer(token)
				strangers["login twice"] = credential{"Cookie", httpapi.LoginCookie + "=" + token + "; " + httpapi.LoginCookie + "=abc"}
			} else {
				strangers["bearer as cookie"] = cookie(token)
				strangers["bearer as token"] = credential{"Authorization", "Token " + token}
			}
		}
		for who, c := range strangers {
			code := "session_ended"
			if r.Spell != nil {
				code = "unauthorized"
			}
			if a := h.call(r.Method, pathOf(r), c, body); a.StatusCode != 401 || a.code() != code {
				t.Errorf("%s with %s: %d %s", name, who, a.StatusCode, a.Text)
			}
		}
		for access, token := range credentials {
			if access == r.Access {
				q := h.call(r.Method, pathOf(r)+"?session="+token+"&token="+token+"&access_token="+token, credential{}, body)
				if q.StatusCode != 401 {
					t.Errorf("%s takes a credential from its address: %d", name, q.StatusCode)
				}
			}
		}
	}
	// Each credential still opens its own door: the refusals above were not of dead ones.
	h.want(200, "GET", "/api/v1/widget/sessions/current", bearer(credentials[httpapi.VisitorSession]), nil)
	h.want(200, "GET", "/api/v1/console/me", cookie(credentials[httpapi.AgentLogin]), nil)
	h.want(200, "GET", "/api/v1/audit", bearer(credentials[httpapi.APIToken]), nil)
	for _, token := range credentials {
		if strings.Contains(h.Log.String(), token) {
			t.Error("a credential was logged")
		}
	}
}

// bad are bodies that no call takes. The words in them must not be logged.
var bad = []struct {
	name, body string
	status     int
}{
	{"nothing", "", 400},
	{"not JSON", "marker-7=1", 400},
	{"cut off", `{"text":"marker-7"`, 400},
	{"two documents", `{}{}`, 400},
	{"two documents with blanks", "{}\n\n{}", 400},
	{"an array", `["marker-7"]`, 400},
	{"a text", `"marker-7"`, 400},
	{"a number", `7`, 400},
	{"null", `null`, 400},
	{"an unknown field", `{"marker-7":1}`, 400},
	{"invalid UTF-8", "{\"text\":\"marker-7\xff\"}", 400},
	{"a NUL escape", `{"text":"marker-7\u0000"}`, 400},
	{"a NUL byte", "{\"text\":\"marker-7\x00\"}", 400},
	{"the same field twice", `{"text":"marker-7","text":"x"}`, 400},
	{"deep nesting", strings.Repeat(`[`, 5000), 400},
	{"65 KB of blanks", strings.Repeat(" ", 65<<10) + "{}", 413},
}

func TestBadInputAtEveryDoorIsACodedRefusalThatStoresNothing(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Observe)
	who := map[httpapi.Access]credential{
		httpapi.VisitorSession: h.visitor("shop", secret, "ada"), httpapi.AgentLogin: h.agent(policy.Owner), httpapi.Public: {},
		httpapi.APIToken: bearer(h.program(policy.ReadKeys)),
	}
	before := h.state()
	doors := 0
	for _, r := range h.Floor.Routes() {
		if !takesBody(r) || r.Upload { // a form: file_test.go
			continue
		}
		doors++
		optional := slices.Contains([]string{"claimThread", "showTyping", "linkFile", "linkReplyFile", "showReplyTyping", "signOut", "finishKey",
			"beginPasskeySignIn", "beginConfirm", "beginApp", "beginPasskey", "remakeRecovery", "createRegistration", "refuseRegistration"}, operation(r))
		for _, b := range bad {
			if optional && b.body == "" {
				continue // {} or nothing is what it takes
			}
			status := b.status
			if r.Spell != nil && status != 413 {
				status = 422
			}
			a := h.call(r.Method, pathOf(r), who[r.Access], b.body)
			if a.StatusCode != status || a.code() == "" || a.text("request_id") == "" {
				t.Errorf("%s: %s: %d %s, want %d", r.ID, b.name, a.StatusCode, a.Text, b.status)
			}
		}
		for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json, text/plain", "application/json; charset=utf-16"} {
			if a := h.call(r.Method, pathOf(r), who[r.Access], "{}", "Content-Type", media); a.StatusCode != 415 || a.code() != "unsupported_media" {
				t.Errorf("%s: type %q: %d %s", r.ID, media, a.StatusCode, a.Text)
			}
		}
		if a := h.call(r.Method, pathOf(r), who[r.Access], "{}", "Content-Encoding", "gzip"); a.StatusCode != 415 {
			t.Errorf("%s: a compressed body: %d", r.ID, a.StatusCode)
		}
	}
	if doors < 20 {
		t.Errorf("only %d doors were tried", doors)
	}
	if after := h.state(); after != before {
		t.Errorf("something was stored: %s, before %s", after, before)
	}
	if strings.Contains(h.Log.String(), "marker-7") {
		t.Error("what was sent was logged")
	}
}

// state is everything that a write leaves behind: the log's head and the record.
func (h *house) state() string {
	head, err := h.DB.Head(context.Background())
	must(h.t, err)
	_, token, err := h.Team.CreateToken(context.Background(), h.System, team.TokenDraft{Name: "state", Scopes: []policy.Right{policy.ReadAudit}})
	must(h.t, err)
	page := h.want(200, "GET", "/api/v1/audit?action=session.opened", bearer(token), nil)
	refused := h.want(200, "GET", "/api/v1/audit?action=identity.refused", bearer(token), nil)
	return fmt.Sprint(head.Seq, len(page.JSON["entries"].([]any)), len(refused.JSON["entries"].([]any)))
}

func TestTenMegabytesAreNotRead(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Observe)
	ada := h.visitor("shop", secret, "ada")
	before := h.state()
	for _, known := range []bool{true, false} {
		body := io.Reader(bytes.NewReader(append([]byte(`{"text":"`), bytes.Repeat([]byte("a"), 10<<20)...)))
		if !known {
			body = io.MultiReader(body) // no length: sent in chunks
		}
		r, err := http.NewRequest("POST", h.Server.URL+"/api/v1/widget/conversations", body)
		must(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(ada.header, ada.value)
		resp, err := h.client().Do(r)
		if err != nil {
			continue // the connection was closed on the sender: also a refusal
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 413 || !bytes.Contains(text, []byte("body_too_large")) {
			t.Errorf("length known %v: %d %s", known, resp.StatusCode, text)
		}
	}
	if after := h.state(); after != before {
		t.Errorf("something was stored: %s, before %s", after, before)
	}
}

func TestAssertionsOfEveryShape(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("strict", policy.Enforce)
	_, _, open := h.channel("open", policy.Observe)
	hash := sign(secret, "ada")
	for _, c := range []struct {
		name, channel, assertion string
		status                   int
		outcome                  string // tier or code
	}{
		{"a good proof", "strict", `{"user_id":"ada","hash":"` + hash + `"}`, 201, "verified"},
		{"an upper-case proof", "strict", `{"user_id":"ada","hash":"` + strings.ToUpper(hash) + `"}`, 201, "verified"},
		{"a number as user id", "strict", `{"user_id":42,"hash":"` + sign(secret, "42") + `"}`, 201, "verified"},
		{"the same user id as text", "strict", `{"user_id":"42","hash":"` + sign(secret, "42") + `"}`, 201, "verified"},
		{"nobody", "strict", `{}`, 201, "anonymous"},
		{"null", "strict", `null`, 201, "anonymous"},
		{"only a hash", "strict", `{"hash":"` + hash + `"}`, 201, "anonymous"},
		{"no proof", "strict", `{"user_id":"ada"}`, 403, "identity_required"},
		{"an empty proof", "strict", `{"user_id":"ada","hash":""}`, 403, "identity_required"},
		{"null as proof", "strict", `{"user_id":"ada","hash":null}`, 403, "identity_required"},
		{"an array as proof", "strict", `{"user_id":"ada","hash":["` + hash + `"]}`, 403, "identity_required"},
		{"true as proof", "strict", `{"user_id":"ada","hash":true}`, 403, "identity_required"},
		{"a truncated proof", "strict", `{"user_id":"ada","hash":"` + hash[:62] + `"}`, 403, "identity_refused"},
		{"a proof with a line break", "strict", `{"user_id":"ada","hash":"` + hash + `\n"}`, 403, "identity_refused"},
		{"another's proof", "strict", `{"user_id":"eve","hash":"` + hash + `"}`, 403, "identity_refused"},
		{"another channel's key", "strict", `{"user_id":"ada","hash":"` + sign(open, "ada") + `"}`, 403, "identity_refused"},
		{"a fraction as user id", "strict", `{"user_id":4.2,"hash":"` + sign(secret, "4.2") + `"}`, 403, "identity_refused"},
		{"an exponent as user id", "strict", `{"user_id":1e3,"hash":"` + sign(secret, "1e3") + `"}`, 403, "identity_refused"},
		{"beyond 2^53", "strict", `{"user_id":9007199254740992,"hash":"` + sign(secret, "9007199254740992") + `"}`, 403, "identity_refused"},
		{"true as user id", "strict", `{"user_id":true,"hash":"` + sign(secret, "true") + `"}`, 403, "identity_refused"},
		{"an object as user id", "strict", `{"user_id":{},"hash":"` + hash + `"}`, 403, "identity_refused"},
		{"an array as email", "strict", `{"email":["a@b.c"]}`, 403, "identity_required"},
		{"an empty token beside a good hash", "strict", `{"user_id":"ada","jwt":"","hash":"` + hash + `"}`, 201, "verified"},
		{"a bad token beside a good hash", "strict", `{"user_id":"ada","jwt":"a.b.c","hash":"` + hash + `"}`, 403, "identity_refused"},
		{"a number as token beside a good hash", "strict", `{"user_id":"ada","jwt":5,"hash":"` + hash + `"}`, 201, "verified"},
		{"a dialect that is none", "strict", `{"dialect":"klingon","user_id":"ada","hash":"` + hash + `"}`, 403, "identity_refused"},
		{"no proof where it is observed", "open", `{"user_id":"ada"}`, 201, "claimed"},
		{"a bad proof where it is observed", "open", `{"user_id":"ada","hash":"` + hash + `"}`, 201, "claimed"},
		{"an unknown field", "strict", `{"user_id":"ada","user_hash":"` + hash + `"}`, 400, "request_invalid"},
		{"a text for an assertion", "strict", `"ada"`, 400, "request_invalid"},
		{"attributes that are none", "strict", `{"attributes":[1]}`, 400, "request_invalid"},
		{"an unknown channel", "nobody", `{"user_id":"ada","hash":"` + hash + `"}`, 404, "channel_unknown"},
		{"a channel that cannot be", "../shop", `{}`, 404, "channel_unknown"},
		{"no channel", "", `{}`, 422, "request_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.call("POST", "/api/v1/widget/sessions", credential{}, `{"channel":"`+c.channel+`","assertion":`+c.assertion+`}`)
			outcome := a.text("tier") + a.code()
			if a.StatusCode != c.status || outcome != c.outcome {
				t.Errorf("%d %s, want %d %s: %s", a.StatusCode, outcome, c.status, c.outcome, a.Text)
			}
			if strings.Contains(string(a.Text), hash) {
				t.Errorf("the answer repeats a proof: %s", a.Text)
			}
		})
	}
	if strings.Contains(strings.ToLower(h.Log.String()), hash[:32]) {
		t.Error("a proof was logged")
	}
	if a := h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "open", "platform": "toaster"}); a.StatusCode != 422 {
		t.Errorf("a platform that is none: %d %s", a.StatusCode, a.Text)
	}
	for _, c := range []struct {
		body   object
		detail string
	}{
		{object{"channel": "strict", "platform": "ios", "assertion": object{"user_id": "ada", "hash": hash}}, "This channel does not serve the platform ios."},
		{object{}, "The channel is missing: send its slug or an alias."},
	} {
		if a := h.call("POST", "/api/v1/widget/sessions", credential{}, c.body); a.StatusCode != 422 || a.code() != "request_invalid" || a.text("detail") != c.detail {
			t.Errorf("%v: %d %s", c.body, a.StatusCode, a.Text)
		}
	}
}

func TestBothRefusalsAreEqualInStatusAndSize(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("strict", policy.Enforce)
	channel.MinimumTier = policy.Verified
	must(t, h.Channels.Update(context.Background(), h.System, channel))
	required := h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "strict"})
	refused := h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "strict", "assertion": object{"user_id": "ada", "hash": "00"}})
	if required.code() != "identity_required" || refused.code() != "identity_refused" || required.StatusCode != refused.StatusCode || len(required.Text) != len(refused.Text) {
		t.Errorf("%d %s\n%d %s", required.StatusCode, required.Text, refused.StatusCode, refused.Text)
	}
	for name := range required.Header {
		if name != "X-Request-Id" && name != "Date" && required.Header.Get(name) != refused.Header.Get(name) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestAFailedAssertionEndsTheSessionThatItCameFrom(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("strict", policy.Enforce)
	for name, assertion := range map[string]object{
		"a wrong proof": {"user_id": "eve", "hash": "00"}, "no proof": {"user_id": "eve"},
	} {
		ada := h.visitor("strict", secret, "ada")
		token := strings.TrimPrefix(ada.value, "Bearer ")
		h.want(403, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "strict", "replaces": token, "assertion": assertion})
		if a := h.call("GET", "/api/v1/widget/sessions/current", ada, nil); a.StatusCode != 401 {
			t.Errorf("%s: the session goes on: %d", name, a.StatusCode)
		}
	}
}

func TestForgedForwardedHeadersChangeNoLimit(t *testing.T) {
	wrong := object{"email": "nobody@example.com", "password": "wrong"}
	tries := func(h *house) (limited int) {
		for i := range 15 {
			a := h.call("POST", "/api/v1/console/sign-in", credential{}, wrong, "X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i+1), "Forwarded", fmt.Sprintf("for=198.51.100.%d", i+1))
			switch {
			case a.StatusCode == 429 && a.code() == "too_many":
				limited++
			case a.StatusCode != 401 || a.code() != "sign_in_refused":
				t.Fatalf("%d %s", a.StatusCode, a.Text)
			}
		}
		return limited
	}
	if n := tries(open(t)); n == 0 {
		t.Error("a header that anybody can write escaped the limit")
	}
	if n := tries(open(t, func(o *httpapi.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })); n != 0 {
		t.Errorf("%d of 15 clients behind a listed proxy paid for each other", n)
	}
}
