package httpapi_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/httpapi"
)

const ourSite = "https://chat.example"

func onChat(o *httpapi.Options) { o.BaseURL = ourSite }

// withApp sets an authenticator app up for a login, with the code before the present one.
func (h *house) withApp(who credential) (app, []string) {
	h.t.Helper()
	begun := h.want(200, "POST", "/api/v1/console/factors/app", who, object{})
	phone := newApp(h.t, begun.text("secret"))
	if !strings.HasPrefix(begun.text("uri"), "otpauth://totp/Countersign") || begun.JSON["qr"].(object)["path"] == "" {
		h.t.Errorf("begun %s", begun.Text)
	}
	done := h.want(200, "POST", "/api/v1/console/factors/app/confirm", who, object{"code": phone.code(-1)})
	return phone, texts(done.JSON["recovery_codes"])
}

func texts(list any) (out []string) {
	all, _ := list.([]any)
	for _, text := range all {
		out = append(out, text.(string))
	}
	return out
}

// half gives an address and the right password, and answers with the second step.
func (h *house) half(email string) object {
	h.t.Helper()
	a := h.want(200, "POST", "/api/v1/console/sign-in", credential{}, object{"email": email, "password": harbour})
	second, _ := a.JSON["second"].(object)
	if second == nil || a.JSON["me"] != nil || len(a.Cookies()) != 0 {
		h.t.Fatalf("a password alone gives %s %v", a.Text, a.Cookies())
	}
	return second
}

func (h *house) second(step object, body object) answer {
	h.t.Helper()
	body["step"] = step["step"]
	return h.call("POST", "/api/v1/console/sign-in/second", credential{}, body)
}

// TestHalfASignInOpensNoDoor: who has the password and not the phone has nothing.
func TestHalfASignInOpensNoDoor(t *testing.T) {
	h := open(t)
	phone, _ := h.withApp(h.join("kim@example.com", policy.Owner))
	step := h.half("kim@example.com")
	token := step["step"].(string)
	for _, r := range h.Floor.Routes() {
		if r.Access == httpapi.Public {
			continue
		}
		for name, who := range map[string]credential{"cookie": cookie(token), "bearer": bearer(token)} {
			if a := h.call(r.Method, pathOf(r), who, bodies[operation(r)]); a.StatusCode != 401 {
				t.Errorf("%s takes half a sign-in as its %s: %d %s", r.ID, name, a.StatusCode, a.Text)
			}
		}
	}
	in := h.second(step, object{"code": phone.code(0)})
	if in.StatusCode != 200 || in.JSON["agent"].(object)["email"] != "kim@example.com" {
		t.Fatalf("%d %s", in.StatusCode, in.Text)
	}
	h.want(200, "GET", "/api/v1/console/me", cookie(loginIn(t, in)), nil)
	if a := h.second(step, object{"code": phone.code(1)}); a.StatusCode != 403 || a.code() != "step_ended" {
		t.Errorf("the same step twice: %d %s", a.StatusCode, a.Text)
	}
	if strings.Contains(h.Log.String(), token) {
		t.Error("the step was logged")
	}
}

// TestACodeReadOverTheShoulderIsUsed: a code is good once, whoever comes with it and
// however many at the same moment.
func TestACodeReadOverTheShoulderIsUsed(t *testing.T) {
	h := open(t)
	phone, _ := h.withApp(h.join("kim@example.com", policy.Owner))
	if a := h.second(h.half("kim@example.com"), object{"code": phone.code(-1)}); a.StatusCode != 401 || a.code() != "sign_in_refused" {
		t.Errorf("the code that set it up: %d %s", a.StatusCode, a.Text)
	}
	code := phone.code(0)
	var in, out atomic.Int64
	var wait sync.WaitGroup
	for range 3 {
		step := h.half("kim@example.com")
		wait.Go(func() {
			switch h.second(step, object{"code": code}).StatusCode {
			case 200:
				in.Add(1)
			case 401:
				out.Add(1)
			}
		})
	}
	wait.Wait()
	if in.Load() != 1 || out.Load() != 2 {
		t.Errorf("%d came in, %d were refused", in.Load(), out.Load())
	}
	if a := h.second(h.half("kim@example.com"), object{"code": phone.code(2)}); a.StatusCode != 401 {
		t.Errorf("a code of two steps ahead: %d", a.StatusCode)
	}
}

// TestGuessingCodesIsBoundedAndLocksNobodyOut: five tries, over all networks, sessions
// and nodes; the code written on paper still opens.
func TestGuessingCodesIsBoundedAndLocksNobodyOut(t *testing.T) {
	h := open(t)
	kim := h.join("kim@example.com", policy.Owner)
	phone, recovery := h.withApp(kim)
	if len(recovery) != 10 || len(recovery[0]) != 19 || len(slices.Compact(slices.Sorted(slices.Values(recovery)))) != 10 {
		t.Fatalf("recovery codes %v", recovery)
	}
	var refused, limited atomic.Int64
	var wait sync.WaitGroup
	for range 12 {
		step := h.half("kim@example.com")
		wait.Go(func() {
			switch h.second(step, object{"code": "000000"}).StatusCode {
			case 401:
				refused.Add(1)
			case 429:
				limited.Add(1)
			}
		})
	}
	wait.Wait()
	if refused.Load() != 5 || limited.Load() != 7 {
		t.Errorf("%d codes were looked at, %d were not", refused.Load(), limited.Load())
	}
	if a := h.second(h.half("kim@example.com"), object{"code": phone.code(0)}); a.StatusCode != 429 {
		t.Errorf("past the limit even the right one is not looked at: %d %s", a.StatusCode, a.Text)
	}
	if a := h.second(h.half("kim@example.com"), object{"code": strings.ToUpper(strings.ReplaceAll(recovery[3], "-", " "))}); a.StatusCode != 200 {
		t.Errorf("a recovery code, as somebody types it: %d %s", a.StatusCode, a.Text)
	}
	if a := h.second(h.half("kim@example.com"), object{"code": recovery[3]}); a.StatusCode != 401 {
		t.Errorf("a recovery code twice: %d %s", a.StatusCode, a.Text)
	}
	if left := h.want(200, "GET", "/api/v1/console/factors", kim, nil).JSON["recovery_left"]; left != 9.0 {
		t.Errorf("%v are left", left)
	}
	fresh := texts(h.want(200, "POST", "/api/v1/console/factors/recovery", kim, object{}).JSON["recovery_codes"])
	if a := h.second(h.half("kim@example.com"), object{"code": recovery[4]}); a.StatusCode != 401 {
		t.Errorf("a code of before the new ones: %d %s", a.StatusCode, a.Text)
	}
	if a := h.second(h.half("kim@example.com"), object{"code": fresh[0]}); a.StatusCode != 200 {
		t.Errorf("a new code: %d %s", a.StatusCode, a.Text)
	}
}

// TestWhoHasThePasswordFillsNoTable: each half sign-in is a row, and a password that is
// right is no failure, so they are bounded by themselves.
func TestWhoHasThePasswordFillsNoTable(t *testing.T) {
	h := open(t)
	h.withApp(h.join("kim@example.com", policy.Owner))
	limited := 0
	for range 35 {
		if a := h.call("POST", "/api/v1/console/sign-in", credential{}, object{"email": "kim@example.com", "password": harbour}); a.StatusCode == 429 {
			limited++
		}
	}
	if limited != 5 {
		t.Errorf("%d of 35 were limited", limited)
	}
}

// passkey registers a device for a login.
func (h *house) passkey(who credential, name string) *device {
	h.t.Helper()
	d := newDevice(h.t, ourSite)
	challenge := h.want(200, "POST", "/api/v1/console/factors/passkeys/begin", who, object{})
	a := h.want(201, "POST", "/api/v1/console/factors/passkeys", who, object{"step": challenge.text("step"), "name": name, "passkey": d.register(challenge.JSON)})
	if a.JSON["passkey"].(object)["name"] != name || a.JSON["passkey"].(object)["site"] != "chat.example" {
		h.t.Errorf("added %s", a.Text)
	}
	return d
}

func (h *house) challenge() object {
	h.t.Helper()
	return h.want(200, "POST", "/api/v1/console/sign-in/passkey/begin", credential{}, object{}).JSON
}

func (h *house) byPasskey(challenge, given object) answer {
	h.t.Helper()
	return h.call("POST", "/api/v1/console/sign-in/passkey", credential{}, object{"step": challenge["step"], "passkey": given})
}

// TestAPasskeyIsBothFactors, and what is not that passkey's fresh answer is nothing.
func TestAPasskeyIsBothFactors(t *testing.T) {
	h := open(t, onChat)
	kim, eve := h.join("kim@example.com", policy.Owner), h.join("eve@example.com", policy.AgentR)
	key, other := h.passkey(kim, "Laptop"), h.passkey(eve, "Phone")
	challenge := h.challenge()
	given := key.answer(challenge)
	in := h.byPasskey(challenge, given)
	if in.StatusCode != 200 || in.JSON["agent"].(object)["email"] != "kim@example.com" {
		t.Fatalf("%d %s", in.StatusCode, in.Text)
	}
	refused := func(name string, a answer) {
		t.Helper()
		if a.StatusCode != 401 && a.StatusCode != 403 || len(a.Cookies()) != 0 {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Text)
		}
	}
	refused("an answer twice", h.byPasskey(challenge, given))
	refused("an old answer to a new challenge", h.byPasskey(h.challenge(), given))

	foreign := *key
	foreign.origin = "https://chat.example.evil.example"
	c := h.challenge()
	refused("an answer that a phishing page collected", h.byPasskey(c, foreign.answer(c)))
	foreign = *key
	foreign.flags = 1
	c = h.challenge()
	refused("an answer without a finger or a PIN", h.byPasskey(c, foreign.answer(c)))
	foreign = *key
	foreign.counter = 0
	c = h.challenge()
	refused("an answer of a copied key", h.byPasskey(c, foreign.answer(c)))
	foreign = *newDevice(t, ourSite)
	foreign.id, foreign.user = key.id, key.user
	c = h.challenge()
	refused("another key under the same name", h.byPasskey(c, foreign.answer(c)))
	foreign = *other
	foreign.user = key.user
	c = h.challenge()
	refused("Eve's key with Kim's handle", h.byPasskey(c, foreign.answer(c)))
	c = h.want(200, "POST", "/api/v1/console/confirm/passkey", eve, object{}).JSON
	refused("a challenge that was for confirming", h.byPasskey(c, other.answer(c)))
	c = h.want(200, "POST", "/api/v1/console/confirm/passkey", kim, object{}).JSON
	refused("another login's challenge", h.call("POST", "/api/v1/console/confirm", eve, object{"step": c["step"], "passkey": other.answer(c)}))
	c = h.want(200, "POST", "/api/v1/console/confirm/passkey", eve, object{}).JSON
	refused("Kim's key in Eve's console", h.call("POST", "/api/v1/console/confirm", eve, object{"step": c["step"], "passkey": key.answer(c)}))
	refused("a challenge that we never made", h.byPasskey(object{"step": "AAAA"}, key.answer(h.challenge())))

	// As the second step, it is asked for by name.
	step := h.half("kim@example.com")
	asked := step["passkey"].(object)
	if len(asked["known"].([]any)) != 1 || step["app"] != false {
		t.Errorf("asked %v", step)
	}
	refused("Eve's key as Kim's second step", h.second(step, object{"passkey": other.answer(asked)}))
	if a := h.second(step, object{"passkey": key.answer(asked)}); a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	h.age(kim)
	if a := h.call("POST", "/api/v1/console/factors/recovery", kim, object{}); a.code() != "confirmation_required" {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	c = h.want(200, "POST", "/api/v1/console/confirm/passkey", kim, object{}).JSON
	h.want(204, "POST", "/api/v1/console/confirm", kim, object{"step": c["step"], "passkey": key.answer(c)})
	h.want(200, "POST", "/api/v1/console/factors/recovery", kim, object{})
	_, agent, _, err := h.Team.Authenticate(t.Context(), strings.TrimPrefix(eve.value, httpapi.LoginCookie+"="))
	must(t, err)
	h.want(204, "DELETE", "/api/v1/console/agents/"+agent.ID, kim, nil)
	c = h.challenge()
	refused("a passkey of somebody who left", h.byPasskey(c, other.answer(c)))
}

// age makes a login's last confirmation six minutes old.
func (h *house) age(who credential) {
	h.t.Helper()
	ctx := context.Background()
	p, agent, login, err := h.Team.Authenticate(ctx, strings.TrimPrefix(who.value, httpapi.LoginCookie+"="))
	must(h.t, err)
	row, err := h.DB.Agent(ctx, p.Workspace(), agent.ID)
	must(h.t, err)
	long := time.Now().Add(-6 * time.Minute)
	must(h.t, h.DB.ConfirmLogin(ctx, p.Workspace(), login.ID, row.Password, long, audit.Draft{Workspace: p.Workspace(), Actor: "test", Action: audit.AgentConfirmed}))
	within(h.t, "the confirmation to be old", func() bool {
		_, _, login, err := h.Team.Authenticate(ctx, strings.TrimPrefix(who.value, httpapi.LoginCookie+"="))
		return err == nil && time.Since(login.ConfirmedAt) > 5*time.Minute
	})
}

// TestPasskeysAreBoundToTheConsolesAddress: on plain http, or an IP address, browsers bind
// nothing; a Host that a request makes up binds nothing either.
func TestPasskeysAreBoundToTheConsolesAddress(t *testing.T) {
	for name, c := range map[string]struct {
		base, host string
		here       bool
	}{
		"https":                            {ourSite, "", true},
		"https, and another Host":          {ourSite, "evil.example", true},
		"http":                             {"http://chat.example", "", false},
		"an address":                       {"https://203.0.113.7", "", false},
		"nothing said, on this machine":    {"", "localhost:8080", true},
		"nothing said, by an address":      {"", "127.0.0.1:8080", false},
		"nothing said, and a made-up Host": {"", "evil.example", false},
	} {
		h := open(t, func(o *httpapi.Options) { o.BaseURL = c.base })
		kim := h.join("kim@example.com", policy.Owner)
		r, err := http.NewRequestWithContext(t.Context(), "GET", h.Server.URL+"/api/v1/console/factors", nil)
		must(t, err)
		r.Header.Set(kim.header, kim.value)
		if c.host != "" {
			r.Host = c.host
		}
		resp, err := h.client().Do(r)
		must(t, err)
		text := make([]byte, 4096)
		n, _ := resp.Body.Read(text)
		resp.Body.Close()
		if here := strings.Contains(string(text[:n]), `"passkeys_here":true`); here != c.here {
			t.Errorf("%s: offered %v: %s", name, here, text[:n])
		}
	}
}

// TestAnOwnerWithoutTheSecondFactorReachesNoKey walks the rule from on to off.
func TestAnOwnerWithoutTheSecondFactorReachesNoKey(t *testing.T) {
	h := open(t)
	channel, key, _ := h.channel("shop", policy.Observe)
	kim, admin := h.join("kim@example.com", policy.Owner), h.join("admin@example.com", policy.Admin)
	guarded := []struct {
		method, path string
		body         any
	}{
		{"POST", "/channels/" + channel.ID + "/keys", object{"name": "x", "reason": "a test"}}, {"POST", "/keys/" + key + "/rotate", object{"reason": "a test"}},
		{"PUT", "/channels/" + channel.ID + "/enforcement", object{"platform": "web", "enforcement": "enforce"}},
		{"POST", "/agents", object{"email": "new@example.com", "role": "agent"}}, {"POST", "/tokens", object{"name": "x", "scopes": []string{"audit.read"}}},
		{"PUT", "/team-rule", object{"second_factor": false}},
	}
	must(t, h.Team.RequireFactor(t.Context(), h.System, true))
	within(t, "the rule", func() bool { return h.call("GET", "/api/v1/console/me", kim, nil).JSON["lacks_second_factor"] == true })
	for _, c := range guarded {
		if a := h.call(c.method, "/api/v1/console"+c.path, kim, c.body); a.StatusCode != 403 || a.code() != "second_factor_required" {
			t.Errorf("%s %s without a factor: %d %s", c.method, c.path, a.StatusCode, a.Text)
		}
	}
	h.want(200, "GET", "/api/v1/console/channels/"+channel.ID+"/keys", kim, nil)
	h.want(200, "GET", "/api/v1/console/conversations", kim, nil)
	if me := h.want(200, "GET", "/api/v1/console/me", admin, nil); me.JSON["lacks_second_factor"] != nil {
		t.Errorf("an admin is asked too: %s", me.Text)
	}
	h.want(201, "POST", "/api/v1/console/agents", admin, object{"email": "a@example.com", "role": "agent"})

	h.withApp(kim)
	within(t, "the rights of an owner", func() bool {
		return h.call("POST", "/api/v1/console/agents", kim, object{"email": "b@example.com", "role": "agent"}).StatusCode == 201
	})
	h.want(204, "DELETE", "/api/v1/console/factors/app", kim, nil)
	within(t, "the factor to be gone", func() bool {
		return h.call("POST", "/api/v1/console/tokens", kim, object{"name": "x", "scopes": []string{"audit.read"}}).code() == "second_factor_required"
	})
	must(t, h.Team.RequireFactor(t.Context(), h.System, false))
	within(t, "the rule to be off", func() bool { return h.call("GET", "/api/v1/console/me", kim, nil).JSON["lacks_second_factor"] == nil })
}

// TestWhoHasNotTheRightLearnsNothingOfTheSecondFactor walks role × route while the rule is
// on and nobody has one: who would hold the right with a factor is told what is missing,
// and everybody else hears the very same "forbidden" as without the rule.
func TestWhoHasNotTheRightLearnsNothingOfTheSecondFactor(t *testing.T) {
	h := open(t)
	_, key, _ := h.channel("shop", policy.Observe)
	must(t, h.Team.RequireFactor(t.Context(), h.System, true))
	told := 0
	for _, role := range policy.Roles() {
		who := h.join(string(role)+"@example.com", role)
		within(t, "the rule", func() bool {
			return (h.call("GET", "/api/v1/console/me", who, nil).JSON["lacks_second_factor"] == true) == policy.NeedsFactor(role)
		})
		for _, r := range h.Floor.Routes() {
			right := needs[operation(r)]
			if r.Access != httpapi.AgentLogin || right == "" || r.Stream {
				continue
			}
			want := ""
			switch {
			case !slices.Contains(policy.RightsOf(role), right):
				want = "forbidden"
			case policy.NeedsFactor(role) && slices.Contains(policy.Guarded(), right):
				want, told = "second_factor_required", told+1
			}
			if more := also[operation(r)]; more != "" && !slices.Contains(policy.RightsOf(role), more) {
				want = "forbidden"
			}
			for _, path := range []string{pathOf(r), strings.Replace(pathOf(r), "xyz_1", key, 1)} { // what is there and what is not look alike
				if operation(r) == "rotateKey" && path == pathOf(r) {
					continue // whoever may list keys may learn that one is not there
				}
				a := h.call(r.Method, path, who, bodies[operation(r)])
				if want == "" && (a.code() == "forbidden" || a.code() == "second_factor_required") || want != "" && (a.StatusCode != 403 || a.code() != want) {
					t.Errorf("%s as %s: want %q, got %d %s", r.ID, role, want, a.StatusCode, a.Text)
				}
				if want == "forbidden" && (strings.Contains(string(a.Text), "factor") || a.text("detail") != "Neither your role nor your token's scopes allow this.") {
					t.Errorf("%s tells %s: %s", r.ID, role, a.Text)
				}
			}
		}
	}
	if told < 30 {
		t.Errorf("only %d calls were withheld", told)
	}
	// A program has no factor to lack, whatever its maker lacks.
	program := bearer(h.program(policy.ReadKeys))
	if a := h.call("POST", "/api/v1/keys/"+key+"/revoke", program, object{}); a.code() != "forbidden" {
		t.Errorf("a program is told %d %s", a.StatusCode, a.Text)
	}
}

// TestATokenSaysWhyUntilWhenAndWhereFrom.
func TestATokenSaysWhyUntilWhenAndWhereFrom(t *testing.T) {
	h := open(t)
	kim := h.join("kim@example.com", policy.Owner)
	if a := h.call("POST", "/api/v1/console/tokens", kim, object{"name": "x", "scopes": []string{"keys.manage"}}); a.StatusCode != 400 && a.StatusCode != 422 {
		t.Errorf("without a reason: %d %s", a.StatusCode, a.Text)
	}
	h.want(422, "POST", "/api/v1/console/tokens", kim, object{"name": "x", "scopes": []string{"audit.read"}, "expires_in_days": 400})
	h.want(422, "POST", "/api/v1/console/tokens", kim, object{"name": "x", "scopes": []string{"audit.read"}, "expires_in_days": -1})
	made := h.want(201, "POST", "/api/v1/console/tokens", kim, object{"name": "Rotation", "scopes": []string{"keys.manage", "keys.read", "audit.read"}, "expires_in_days": 30, "reason": "monthly rotation"})
	ends, err := time.Parse(time.RFC3339, made.JSON["token"].(object)["expires_at"].(string))
	must(t, err)
	if left := time.Until(ends); left < 29*24*time.Hour || left > 31*24*time.Hour {
		t.Errorf("it ends in %v", left)
	}
	h.want(200, "GET", "/api/v1/audit", bearer(made.text("secret")), nil)
	row := h.want(200, "GET", "/api/v1/console/tokens", kim, nil).JSON["tokens"].([]any)[0].(object)
	if row["last_used_from"] != "127.0.0.1" || row["last_used_at"] == nil {
		t.Errorf("used %v", row)
	}
	head, err := h.DB.Head(t.Context())
	must(t, err)
	for range 20 {
		h.want(200, "GET", "/api/v1/audit", bearer(made.text("secret")), nil)
	}
	after, err := h.DB.Head(t.Context())
	must(t, err)
	if head.Seq != after.Seq {
		t.Error("each use of a token writes an event")
	}
	entry := h.want(200, "GET", "/api/v1/console/audit?action=token.created", kim, nil).JSON["entries"].([]any)[0].(object)
	if entry["detail"].(object)["reason"] != "monthly rotation" {
		t.Errorf("recorded %v", entry)
	}
}

// TestTheRecordNamesWhoseFactorWasTouchedAndByWhom reads it as an auditor would: who, whose,
// which kind; and no secret, code or key of any of them.
func TestTheRecordNamesWhoseFactorWasTouchedAndByWhom(t *testing.T) {
	h := open(t, onChat)
	kim, sam, ida := h.join("kim@example.com", policy.Owner), h.join("sam@example.com", policy.Security), h.join("ida@example.com", policy.Auditor)
	id := func(who credential) string {
		return h.want(200, "GET", "/api/v1/console/me", who, nil).JSON["agent"].(object)["id"].(string)
	}
	h.withApp(kim)
	begun := h.want(200, "GET", "/api/v1/console/audit?action=factor.begun", ida, nil)
	h.passkey(kim, "Laptop")
	passkey := h.want(200, "GET", "/api/v1/console/factors", kim, nil).JSON["passkeys"].([]any)[0].(object)["id"].(string)
	codes := texts(h.want(200, "POST", "/api/v1/console/factors/recovery", kim, object{}).JSON["recovery_codes"])
	h.want(204, "DELETE", "/api/v1/console/factors/passkeys/"+passkey, kim, nil)
	h.want(204, "DELETE", "/api/v1/console/factors/app", kim, nil)
	h.withApp(sam)
	kims, sams := id(kim), id(sam)
	h.want(204, "DELETE", "/api/v1/console/agents/"+sams+"/factors", kim, nil)

	type row struct{ action, actor, subject, kind, passkey string }
	want := []row{
		{"factor.reset", "agent:" + kims, sams, "", ""},
		{"factor.added", "agent:" + sams, sams, "app", ""},
		{"factor.removed", "agent:" + kims, kims, "app", ""},
		{"factor.removed", "agent:" + kims, kims, "passkey", passkey},
		{"factor.recovery_made", "agent:" + kims, kims, "", ""},
		{"factor.added", "agent:" + kims, kims, "passkey", passkey},
		{"factor.added", "agent:" + kims, kims, "app", ""},
	}
	page := h.want(200, "GET", "/api/v1/console/audit?limit=100", ida, nil)
	var got []row
	for _, e := range page.JSON["entries"].([]any) {
		e := e.(object)
		if action := e["action"].(string); strings.HasPrefix(action, "factor.") && action != "factor.begun" && action != "factor.rule_set" {
			detail, _ := e["detail"].(object)
			kind, _ := detail["kind"].(string)
			which, _ := detail["passkey"].(string)
			got = append(got, row{action, e["actor"].(string), e["subject"].(string), kind, which})
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("recorded %+v,\nwant %+v", got, want)
	}
	for _, secret := range codes {
		if strings.Contains(string(page.Text), secret) {
			t.Error("a recovery code stands in the record")
		}
	}
	if strings.Contains(string(begun.Text), "otpauth") || strings.Contains(string(begun.Text), "secret") {
		t.Errorf("the record of a begun app tells %s", begun.Text)
	}
}
