package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The vector is RFC 4231's, test case 2, and one of the shop's own ids computed
// elsewhere (openssl dgst -sha256 -hmac).
func TestUserHash(t *testing.T) {
	if got := userHash("Jefe", "what do ya want for nothing?"); got != "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" {
		t.Error(got)
	}
	if got := userHash("0123456789abcdef0123456789abcdef", victimID); got != "c0b98380ae11a73233e16485712ef868ca129d82775677abbffb997ddda69e98" {
		t.Error(got)
	}
}

func TestFromEnvNamesAllThatIsMissing(t *testing.T) {
	_, err := FromEnv(func(string) string { return "" })
	for _, name := range []string{"SHOP_CHANNEL", "SHOP_COUNTERSIGN_URL", "SHOP_SECRET"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	config, err := FromEnv(func(name string) string { return name })
	if err != nil || config.Channel != "SHOP_CHANNEL" || config.OtherSecret != "SHOP_OTHER_SECRET" || !config.Seed {
		t.Errorf("%v %+v", err, config)
	}
}

func TestNewRefusesAnAddressThatIsNone(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:8080", "javascript:alert(1)", "http://", "http://a?b", "http://user@host"} {
		if _, err := New(Config{Channel: "c", Secret: "s", CountersignURL: address}); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	config := Config{Secret: "do-not-tell", OtherSecret: "do-not-tell", AuditToken: "do-not-tell"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "config", config)
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", config)
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(config), fmt.Sprintf("%v %+v %#v", config, config, config), fmt.Sprintf("%s %q %x", config.Secret, config.Secret, config.Secret),
		string(encoded), log.String(),
	} {
		if strings.Contains(text, "do-not-tell") || strings.Contains(text, "646f2d6e6f") {
			t.Errorf("told: %s", text)
		}
	}
}

type browser struct {
	t       *testing.T
	handler http.Handler
	cookie  *http.Cookie
}

func (b *browser) send(method, path, form string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	request := httptest.NewRequest(method, testSite+path, strings.NewReader(form))
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if b.cookie != nil {
		request.AddCookie(b.cookie)
	}
	answer := httptest.NewRecorder()
	b.handler.ServeHTTP(answer, request)
	for _, cookie := range answer.Result().Cookies() {
		b.cookie = cookie
	}
	return answer
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	return &browser{t: t, handler: newTestShop(t, "http://countersign.test").Handler()}
}

var messengerElement = regexp.MustCompile(`(?s)<script type="application/json" id="messenger">(.*?)</script>`)

func messengerOf(t *testing.T, answer *httptest.ResponseRecorder) messenger {
	t.Helper()
	found := messengerElement.FindStringSubmatch(answer.Body.String())
	if found == nil {
		t.Fatalf("no messenger in the page:\n%s", answer.Body)
	}
	var m messenger
	if err := json.Unmarshal([]byte(found[1]), &m); err != nil {
		t.Fatalf("%v in %s", err, found[1])
	}
	return m
}

func TestThePageProvesWhoIsLoggedInAndNobodyElse(t *testing.T) {
	for _, customer := range customers() {
		b := newBrowser(t)
		if m := messengerOf(t, b.send("GET", "/", "")); m.Identity != nil || m.LoggedOut {
			t.Fatalf("logged out, and yet %+v", m)
		}
		if answer := b.send("POST", "/login", "customer="+customer.ID+"&next=/account"); answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/account" {
			t.Fatalf("%d %s", answer.Code, answer.Header().Get("Location"))
		}
		answer := b.send("GET", "/account", "")
		want := identity{customer.ID, customer.Email, customer.Name, userHash(Secret(fakeSecret), customer.ID)}
		if m := messengerOf(t, answer); m.Identity == nil || *m.Identity != want || m.Channel != fakeChannel || m.Script != "http://countersign.test/v1.js" {
			t.Errorf("%s: %+v", customer.ID, m)
		}
		if answer.Header().Get("Cache-Control") != "no-store" {
			t.Error("a page with a proof may be stored")
		}
		if strings.Contains(answer.Body.String(), fakeSecret) {
			t.Error("the secret is in the page")
		}
		if strings.Contains(answer.Body.String(), "<Dev>") {
			t.Error("a name became markup")
		}
		stolen := b.cookie
		answer = b.send("POST", "/logout", "")
		if location := answer.Header().Get("Location"); location != "/?logged-out" {
			t.Errorf("log-out leads to %s", location)
		}
		if m := messengerOf(t, b.send("GET", "/?logged-out", "")); m.Identity != nil || !m.LoggedOut {
			t.Errorf("after log-out %+v", m)
		}
		b.cookie = stolen
		if m := messengerOf(t, b.send("GET", "/", "")); m.Identity != nil {
			t.Error("the cookie is still good after log-out")
		}
	}
}

func TestLogInBeginsAFreshSession(t *testing.T) {
	b := newBrowser(t)
	b.send("POST", "/login", "customer="+victimID)
	first := b.cookie.Value
	b.send("POST", "/login", "customer="+attackerID)
	if b.cookie.Value == first {
		t.Error("the cookie stayed the same")
	}
	if !b.cookie.HttpOnly || b.cookie.SameSite != http.SameSiteLaxMode {
		t.Error("the cookie is open to scripts or to other sites")
	}
	b.cookie = &http.Cookie{Name: sessionCookie, Value: first}
	if m := messengerOf(t, b.send("GET", "/", "")); m.Identity != nil {
		t.Error("the session before the change is still good")
	}
}

func TestSessionsExpire(t *testing.T) {
	s := newTestShop(t, "http://countersign.test")
	b := &browser{t: t, handler: s.Handler()}
	b.send("POST", "/login", "customer="+victimID)
	s.now = func() time.Time { return time.Now().Add(sessionLife) }
	if m := messengerOf(t, b.send("GET", "/", "")); m.Identity != nil {
		t.Error("still logged in after its life")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	all := newSessions()
	now := time.Now()
	for i := range maxSessions + 10 {
		all.begin(victimID, now.Add(time.Duration(i)))
	}
	if len(all.logins) > maxSessions {
		t.Errorf("%d sessions", len(all.logins))
	}
}

func TestAnotherSiteCannotLogAnybodyInOrOut(t *testing.T) {
	b := newBrowser(t)
	for _, path := range []string{"/login", "/logout", "/attacks/run", "/attacks/run/honest"} {
		if answer := b.send("POST", path, "customer="+victimID, "Origin", foreignPage, "Sec-Fetch-Site", "cross-site"); answer.Code != http.StatusForbidden {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
}

func TestLogInLeadsNowhereElse(t *testing.T) {
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/%0d%0aX: y"} {
		b := newBrowser(t)
		answer := b.send("POST", "/login", "customer="+victimID+"&next="+next)
		if location := answer.Header().Get("Location"); location != "/" {
			t.Errorf("%q leads to %q", next, location)
		}
	}
}

func TestAnUnknownCustomerIsNobody(t *testing.T) {
	b := newBrowser(t)
	if answer := b.send("POST", "/login", "customer=cust-0000"); answer.Code != http.StatusUnprocessableEntity || b.cookie != nil {
		t.Errorf("%d %v", answer.Code, b.cookie)
	}
}

func TestEveryPageUnderTheStrictPolicy(t *testing.T) {
	b := newBrowser(t)
	b.send("POST", "/login", "customer=cust-1007")
	paths := []string{"/", "/account", "/login", "/attacks", "/nowhere"}
	for _, product := range products() {
		paths = append(paths, "/products/"+product.Slug)
	}
	inline := regexp.MustCompile(`(?i)<[^>]+\s(style|on[a-z]+)\s*=|<style|<script(>| [^>]*>\s*[^\s<{])|javascript:`)
	for _, path := range paths {
		answer := b.send("GET", path, "")
		policy := answer.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self' http://countersign.test;", "frame-src http://countersign.test;", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
		if found := inline.FindString(answer.Body.String()); found != "" {
			t.Errorf("%s holds something inline: %s", path, found)
		}
		if strings.Contains(answer.Body.String(), "ZgotmplZ") {
			t.Errorf("%s: the template refused a value", path)
		}
	}
}

func TestStaticFilesAreCheckedForChange(t *testing.T) {
	b := newBrowser(t)
	for _, path := range []string{"/shop.js", "/attacks.js", "/shop.css", "/icon.svg"} {
		answer := b.send("GET", path, "")
		tag := answer.Header().Get("ETag")
		if answer.Code != http.StatusOK || tag == "" || answer.Body.Len() == 0 {
			t.Errorf("%s: %d %q", path, answer.Code, tag)
		}
		if again := b.send("GET", path, "", "If-None-Match", tag); again.Code != http.StatusNotModified {
			t.Errorf("%s again: %d", path, again.Code)
		}
	}
}

func TestSeedWritesOnce(t *testing.T) {
	for name, enforce := range map[string]bool{"enforce": true, "observe": false} {
		t.Run(name, func(t *testing.T) {
			fake, server := newFake(t, func(f *fakeCountersign) { f.enforce = enforce })
			want := len(stories()) + 2
			if enforce {
				want-- // who only claims is turned away
			}
			for round := range 2 { // the second is a restart: a new shop that remembers nothing
				if err := newTestShop(t, server.URL).Seed(t.Context()); err != nil {
					t.Fatal(err)
				}
				if len(fake.conversations) != want {
					t.Errorf("round %d: %d conversations, want %d", round, len(fake.conversations), want)
				}
			}
			if len(fake.sessions) != 0 {
				t.Errorf("%d sessions left open", len(fake.sessions))
			}
		})
	}
}

func TestSeedGoesOnWhereItStopped(t *testing.T) {
	fake, server := newFake(t, nil)
	s := newTestShop(t, server.URL)
	session, _, err := s.historyOf(t.Context(), victimID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.write(t.Context(), session, "seed", []string{"already here"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(fake.conversations) != len(stories()) {
		t.Errorf("%d conversations", len(fake.conversations))
	}
}

func TestRunTellsWhereItIsAndStops(t *testing.T) {
	fake, server := newFake(t, nil)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{
			Listen: taken.Addr().String(), Channel: fakeChannel, CountersignURL: server.URL, Secret: Secret(fakeSecret), Seed: true,
		}, writer)
		writer.Close()
	}()
	line := make([]byte, 128)
	n, err := reader.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	address, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "shop: listening on ")
	if !ok || address == "http://"+taken.Addr().String() {
		t.Fatalf("%q, and %s was taken", line[:n], taken.Addr())
	}
	if n, err = reader.Read(line); err != nil || string(line[:n]) != "shop: seeded\n" {
		t.Fatalf("%v %q", err, line[:n])
	}
	response, err := http.Get(address + "/healthz")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", err, response)
	}
	response.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(fake.conversations) == 0 {
		t.Error("nothing was seeded")
	}
}
