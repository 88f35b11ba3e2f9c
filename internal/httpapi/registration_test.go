package httpapi_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/httpapi"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// registered is the id of a registration whose site waits.
func (h *house) registered(site string) string {
	h.t.Helper()
	r, token, err := h.Registrar.Create(context.Background(), h.System)
	must(h.t, err)
	_, err = h.Registrar.Register(context.Background(), trust.Claimant{Token: token, Site: site, Network: "192.0.2.1"})
	must(h.t, err)
	return r.ID
}

// token makes a registration token as an owner does.
func (h *house) registrationToken(owner credential) (id, token string) {
	h.t.Helper()
	a := h.want(201, "POST", "/api/v1/console/registrations", owner, object{})
	return a.JSON["registration"].(object)["id"].(string), a.text("token")
}

// proofOf signs a token as a site does with the secret that it was given.
func proofOf(t *testing.T, secret, channel, user string, now time.Time) string {
	t.Helper()
	claims, err := json.Marshal(object{"aud": channel, "user_id": user, "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()})
	must(t, err)
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (h *house) prove(channel, proof string) answer {
	return h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": channel, "assertion": object{"dialect": "native", "jwt": proof}})
}

// TestASiteRegistersAndIsConfirmed walks the whole way, with the tier that a proof has at
// each step and the entries that are left.
func TestASiteRegistersAndIsConfirmed(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	id, token := h.registrationToken(owner)
	a := h.want(201, "POST", "/api/v1/register", credential{}, object{"token": token, "site": "HTTPS://Blog.example:443", "name": "The blog", "software": "WordPress/6.1 Countersign/1.0"})
	slug, secret, receipt := a.text("channel"), a.text("secret"), a.text("receipt")
	if !strings.HasPrefix(slug, "blog-example-") || len(secret) != 64 || a.text("dialect") != "native-jwt" || a.text("state") != "waiting" ||
		!strings.HasSuffix(a.text("loader"), "/v1.js") || !strings.HasSuffix(a.text("script"), "/cdn/v1/widget/"+slug+".js") || !strings.HasPrefix(a.text("key_id"), "key_") {
		t.Errorf("registered %s", a.Text)
	}
	if cache := a.Header.Get("Cache-Control"); !strings.Contains(cache, "no-store") {
		t.Errorf("a secret may be cached: %q", cache)
	}
	standing := func(want string) {
		t.Helper()
		if s := h.want(200, "POST", "/api/v1/register/status", credential{}, object{"receipt": receipt}); s.text("state") != want || s.text("channel") != slug {
			t.Errorf("it stands so: %s", s.Text)
		}
	}
	standing("waiting")
	if a := h.prove(slug, proofOf(t, secret, slug, "7", time.Now())); a.StatusCode != 404 {
		t.Errorf("a site that nobody confirmed: %d %s", a.StatusCode, a.Text)
	}
	list := h.want(200, "GET", "/api/v1/console/registrations", owner, nil)
	row := list.JSON["registrations"].([]any)[0].(object)
	if row["state"] != "waiting" || row["site"] != "https://blog.example" || row["name"] != "The blog" || row["software"] != "WordPress/6.1 Countersign/1.0" || row["network"] != "127.0.0.1" || row["channel_id"] != nil {
		t.Errorf("the owner is shown %s", list.Text)
	}
	confirm := "/api/v1/console/registrations/" + id + "/confirm"
	if a := h.call("POST", confirm, owner, object{"reason": ""}); a.StatusCode != 400 {
		t.Errorf("without a reason: %d %s", a.StatusCode, a.Text)
	}
	done := h.want(200, "POST", confirm, owner, object{"reason": "our blog"})
	standing("confirmed")
	within(t, "the channel", func() bool {
		return h.prove(slug, proofOf(t, secret, slug, "7", time.Now())).text("tier") == "verified"
	})
	channel := h.want(200, "GET", "/api/v1/console/channels/"+done.text("channel_id"), owner, nil)
	if channel.text("realm") != channel.text("id") || channel.text("name") != "The blog" || fmt.Sprint(channel.JSON["origins"]) != "[https://blog.example]" ||
		channel.JSON["enforcement"].(object)["web"] != "observe" {
		t.Errorf("the channel is %s", channel.Text)
	}
	keys := h.want(200, "GET", "/api/v1/console/channels/"+done.text("channel_id")+"/keys", owner, nil)
	key := keys.JSON["keys"].([]any)[0].(object)
	if key["dialect"] != "native-jwt" || key["signs"] != "user_id" || key["confirms_email"] != false || key["id"] != a.text("key_id") || key["reveal"] != "once" {
		t.Errorf("the key is %s", keys.Text)
	}
	h.want(200, "POST", "/api/v1/console/keys/"+a.text("key_id")+"/revoke", owner, object{})
	standing("ended")
	trail := h.actions()
	for _, want := range []audit.Action{audit.RegistrationCreated, audit.RegistrationUsed, audit.RegistrationConfirmed, audit.ChannelCreated, audit.KeyGenerated} {
		if !strings.Contains(trail, string(want)) {
			t.Errorf("no %s among %s", want, trail)
		}
	}
	for _, s := range []string{token, secret, receipt} {
		if strings.Contains(h.Log.String(), s) || bytes.Contains(h.want(200, "GET", "/api/v1/console/audit", owner, nil).Text, []byte(s)) {
			t.Error("a secret was logged or recorded")
		}
	}
}

func (h *house) actions() string {
	h.t.Helper()
	page, err := h.DB.Entries(context.Background(), workspace.Main, audit.Filter{Limit: 200})
	must(h.t, err)
	var all []string
	for _, e := range page.Entries {
		all = append(all, string(e.Action))
	}
	return strings.Join(all, " ")
}

// TestARegistrationTokenIsSpentOnce: of many who bring one token at once, one is given a
// secret. Who saw the token over a shoulder and is late has nothing; who is early is the
// site whose address a person then reads.
func TestARegistrationTokenIsSpentOnce(t *testing.T) {
	h := open(t)
	_, token := h.registrationToken(h.agent(policy.Owner))
	var mu sync.Mutex
	got := map[int]int{} // :: status → how many
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			a := h.call("POST", "/api/v1/register", credential{}, object{"token": token, "site": fmt.Sprintf("https://site%d.example", i)})
			mu.Lock()
			defer mu.Unlock()
			got[a.StatusCode]++
		})
	}
	wg.Wait()
	if got[201] != 1 || got[403]+got[429] != 7 {
		t.Errorf("%v", got)
	}
}

// TestEveryTokenThatIsNoneIsAnsweredAlike: unknown, misshapen, used, taken back, of
// another kind, and with a site that could not be: one answer, so that nobody learns
// which tokens there are.
func TestEveryTokenThatIsNoneIsAnsweredAlike(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	_, used := h.registrationToken(owner)
	first := h.want(201, "POST", "/api/v1/register", credential{}, object{"token": used, "site": "https://blog.example"})
	back, taken := h.registrationToken(owner)
	h.want(204, "POST", "/api/v1/console/registrations/"+back+"/refuse", owner, nil)
	var length int
	for i, body := range []object{
		{"token": "csr_" + strings.Repeat("A", 43), "site": "https://blog.example"}, {"token": "", "site": "https://blog.example"}, {"token": "x", "site": "no site"},
		{"token": used, "site": "https://blog.example"}, {"token": used, "site": "no site at all"}, {"token": taken, "site": "https://blog.example"},
		{"token": first.text("receipt"), "site": "https://blog.example"}, {"token": first.text("secret"), "site": "https://blog.example"},
	} {
		a := h.call("POST", "/api/v1/register", credential{}, body)
		if i == 0 {
			length = len(a.Text)
		}
		if a.StatusCode != 403 || a.code() != "registration_refused" || len(a.Text) != length {
			t.Errorf("%v: %d %s", body, a.StatusCode, a.Text)
		}
	}
	if a := h.call("POST", "/api/v1/register/status", credential{}, object{"receipt": used}); a.StatusCode != 403 || len(a.Text) != length {
		t.Errorf("a token as receipt: %d %s", a.StatusCode, a.Text)
	}
}

// TestGuessingTokensKeepsNobodyOut: wrong ones are limited by the network they come from,
// and the right one comes in beside them.
func TestGuessingTokensKeepsNobodyOut(t *testing.T) {
	h := open(t)
	_, token := h.registrationToken(h.agent(policy.Owner))
	limited := 0
	for range 30 {
		if a := h.call("POST", "/api/v1/register", credential{}, object{"token": "csr_" + strings.Repeat("A", 43), "site": "https://evil.example"}); a.StatusCode == 429 {
			limited++
		}
	}
	if limited == 0 {
		t.Error("thirty guesses, and none was too many")
	}
	h.want(201, "POST", "/api/v1/register", credential{}, object{"token": token, "site": "https://blog.example"})
}

// TestASiteCannotDressUpItsAddress: what a person is shown is an exact origin and printable
// text; anything that could look like another site is refused, and costs no token.
func TestASiteCannotDressUpItsAddress(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	_, token := h.registrationToken(owner)
	for _, site := range []string{
		"", "blog.example", "javascript://blog.example", "data:text/html,x", "https://", "https://user@blog.example", "https://blog.example/path", "https://blog.example\n", "https://blog.example evil.example",
		"https://blög.example", "https://\u202eelpmaxe.golb", "https://*.example", "file:///etc/passwd", "https://blog.example?x", "https://2130706433", "https://" + strings.Repeat("a", 300) + ".example",
	} {
		if a := h.call("POST", "/api/v1/register", credential{}, object{"token": token, "site": site}); a.StatusCode != 422 {
			t.Errorf("%q: %d %s", site, a.StatusCode, a.Text)
		}
	}
	h.want(201, "POST", "/api/v1/register", credential{}, object{
		"token": token, "site": "https://blog.example", "name": "\u202e<b>Bank\n" + strings.Repeat("x", 500), "software": "<script> \u202e WordPress/6.1",
	})
	row := h.want(200, "GET", "/api/v1/console/registrations", owner, nil).JSON["registrations"].([]any)[0].(object)
	if name := row["name"].(string); strings.ContainsAny(name, "\n\x00\u202e") || len(name) > 80 || !strings.HasPrefix(name, "<b>Bank") || row["software"] != "WordPress/6.1" {
		t.Errorf("shown as %q, made by %q", row["name"], row["software"])
	}
	if a := h.call("POST", "/api/v1/register", credential{}, object{"token": "x", "site": strings.Repeat("x", 9000)}); a.StatusCode != 413 {
		t.Errorf("a large body: %d", a.StatusCode)
	}
}

// TestNothingOfASiteExistsBeforeSomebodySaysSo: not its channel, not its key, in no list,
// and no proof by its secret counts anywhere.
func TestNothingOfASiteExistsBeforeSomebodySaysSo(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	h.channel("shop", policy.Observe)
	id, token := h.registrationToken(owner)
	a := h.want(201, "POST", "/api/v1/register", credential{}, object{"token": token, "site": "https://evil.example", "name": "shop"})
	slug, secret := a.text("channel"), a.text("secret")
	refused := func(when string) {
		t.Helper()
		for _, channel := range []string{slug, "shop"} {
			for _, audience := range []string{slug, "shop"} {
				if s := h.prove(channel, proofOf(t, secret, audience, "1", time.Now())); s.text("tier") == "verified" {
					t.Errorf("%s, at %s for %s: %s", when, channel, audience, s.Text)
				}
			}
		}
		if n := len(h.want(200, "GET", "/api/v1/console/channels", owner, nil).JSON["channels"].([]any)); n != 1 {
			t.Errorf("%s: %d channels", when, n)
		}
		if _, err := h.DB.KeyChannel(t.Context(), workspace.Main, a.text("key_id")); err == nil {
			t.Errorf("%s: there is a key", when)
		}
	}
	refused("waiting")
	h.want(204, "POST", "/api/v1/console/registrations/"+id+"/refuse", owner, nil)
	refused("refused")
	if a := h.call("POST", "/api/v1/console/registrations/"+id+"/confirm", owner, object{"reason": "changed my mind"}); a.StatusCode != 409 {
		t.Errorf("confirmed after all: %d %s", a.StatusCode, a.Text)
	}
	if r, err := h.DB.Registration(t.Context(), workspace.Main, id); err != nil || len(r.Sealed) != 0 {
		t.Errorf("the secret of a refused site is still there: %v", err)
	}
}

// TestNoProgramConfirmsASite: it is a person who has to have read the address, with a
// password given just now; not an API token with every scope, nor an admin.
func TestNoProgramConfirmsASite(t *testing.T) {
	h := open(t)
	id := h.registered("https://blog.example")
	secret := h.program(policy.ManageKeys, policy.ManageChannels, policy.ReadKeys)
	program := bearer(secret)
	if a := h.call("POST", "/api/v1/registrations/"+id+"/confirm", program, object{"reason": "x"}); a.StatusCode != 404 && a.StatusCode != 405 {
		t.Errorf("over the management API: %d %s", a.StatusCode, a.Text)
	}
	who, _, err := h.Team.AuthenticateToken(t.Context(), secret)
	must(t, err)
	if _, err := h.Registrar.Confirm(t.Context(), who, id, "x"); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("a program confirms a site: %v", err)
	}
	for _, role := range []policy.Role{policy.Admin, policy.AgentR, policy.Auditor} {
		if a := h.call("POST", "/api/v1/console/registrations/"+id+"/confirm", h.agent(role), object{"reason": "x"}); a.StatusCode != 403 {
			t.Errorf("%s: %d %s", role, a.StatusCode, a.Text)
		}
	}
}

// TestATokenEndsWithItsMaker: somebody who leaves has left no way in behind.
func TestATokenEndsWithItsMaker(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	security := h.agent(policy.Security)
	_, token := h.registrationToken(security)
	me := h.want(200, "GET", "/api/v1/console/me", security, nil).JSON["agent"].(object)["id"].(string)
	h.want(204, "DELETE", "/api/v1/console/agents/"+me, owner, nil)
	if a := h.call("POST", "/api/v1/register", credential{}, object{"token": token, "site": "https://blog.example"}); a.StatusCode != 403 || a.code() != "registration_refused" {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
}

// TestUserOneOfABlogIsNobodyElse: WordPress counts its users from 1, and so does everybody
// else. What a registered site proves counts in its own realm.
func TestUserOneOfABlogIsNobodyElse(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	_, _, secret := h.channel("shop", policy.Observe)
	customer := h.visitor("shop", secret, "1")
	h.want(201, "POST", "/api/v1/widget/conversations", customer, object{"text": "my order", "client_id": "c1"})
	id, token := h.registrationToken(owner)
	a := h.want(201, "POST", "/api/v1/register", credential{}, object{"token": token, "site": "https://blog.example"})
	h.want(200, "POST", "/api/v1/console/registrations/"+id+"/confirm", owner, object{"reason": "our blog"})
	var session answer
	within(t, "the channel", func() bool {
		session = h.prove(a.text("channel"), proofOf(t, a.text("secret"), a.text("channel"), "1", time.Now()))
		return session.text("tier") == "verified"
	})
	if list := h.want(200, "GET", "/api/v1/widget/conversations", bearer(session.text("session")), nil); len(list.JSON["conversations"].([]any)) != 0 {
		t.Errorf("user 1 of the blog reads %s", list.Text)
	}
	if x := h.prove("shop", proofOf(t, a.text("secret"), "shop", "1", time.Now())); x.text("tier") == "verified" {
		t.Errorf("the blog's key verifies in the shop: %s", x.Text)
	}
}

// TestRegistrationStandsOnTheWidgetsHost: a site on the internet reaches the widget's host;
// the console's may be reachable from inside alone.
func TestRegistrationStandsOnTheWidgetsHost(t *testing.T) {
	h := open(t, func(o *httpapi.Options) {
		o.BaseURL, o.WidgetURL = "https://console.example", "https://chat.example"
	})
	for host, want := range map[string]int{"chat.example": http.StatusForbidden, "console.example": http.StatusNotFound} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", h.Server.URL+"/api/v1/register", strings.NewReader(`{"token":"x","site":"https://blog.example"}`))
		must(t, err)
		r.Host = host
		r.Header.Set("Content-Type", "application/json")
		resp, err := h.client().Do(r)
		must(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d", host, resp.StatusCode)
		}
	}
}

// TestASiteThatLeavesTakesItsKeyAlong: what a backup of an uninstalled plugin still holds
// proves nothing, and a receipt can end its own site's key and no other's.
func TestASiteThatLeavesTakesItsKeyAlong(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	var sites []answer
	for _, site := range []string{"https://a.example", "https://b.example", "https://c.example"} {
		id, token := h.registrationToken(owner)
		a := h.want(201, "POST", "/api/v1/register", credential{}, object{"token": token, "site": site})
		if site != "https://c.example" {
			h.want(200, "POST", "/api/v1/console/registrations/"+id+"/confirm", owner, object{"reason": "ours"})
		}
		sites = append(sites, a)
	}
	tier := func(a answer) string {
		return h.prove(a.text("channel"), proofOf(t, a.text("secret"), a.text("channel"), "1", time.Now())).text("tier")
	}
	within(t, "both channels", func() bool { return tier(sites[0]) == "verified" && tier(sites[1]) == "verified" })
	session := h.prove(sites[0].text("channel"), proofOf(t, sites[0].text("secret"), sites[0].text("channel"), "1", time.Now())).text("session")
	for range 2 { // again is no mistake
		h.want(204, "POST", "/api/v1/register/withdraw", credential{}, object{"receipt": sites[0].text("receipt")})
	}
	h.ends("/api/v1/widget/sessions/current", bearer(session))
	if got := tier(sites[0]); got == "verified" {
		t.Errorf("the site that left still signs: %s", got)
	}
	if got := tier(sites[1]); got != "verified" {
		t.Errorf("the other site is %q", got)
	}
	h.want(204, "POST", "/api/v1/register/withdraw", credential{}, object{"receipt": sites[2].text("receipt")})
	if s := h.want(200, "POST", "/api/v1/register/status", credential{}, object{"receipt": sites[2].text("receipt")}); s.text("state") != "refused" {
		t.Errorf("one that waited: %s", s.Text)
	}
	if a := h.call("POST", "/api/v1/register/withdraw", credential{}, object{"receipt": "csw_" + strings.Repeat("A", 43)}); a.StatusCode != 403 {
		t.Errorf("a made-up receipt: %d %s", a.StatusCode, a.Text)
	}
}
