package shop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const testSite = "http://shop.test"

func runAll(t *testing.T, set func(*fakeCountersign)) []Result {
	t.Helper()
	_, server := newFake(t, set)
	return newTestShop(t, server.URL).bench.runAll(t.Context(), testSite)
}

func TestEveryAttackIsRefusedUnderEnforce(t *testing.T) {
	results := runAll(t, nil)
	for _, result := range results {
		want := Refused
		switch result.Name {
		case "honest":
			want = LetIn
		case "stream":
			want = Harmless
		}
		if result.Verdict != want {
			t.Errorf("%s: %s (%s), want %s", result.Name, result.Verdict, result.Finding, want)
		}
	}
	if summary := summarise(results); !summary.OK || summary.HeldOff != len(results)-1 {
		t.Errorf("summary %+v", summary)
	}
}

// Under observe a false proof opens a session that is merely claimed. That is no
// break-in, and must not be reported as one; nor as a refusal.
func TestAClaimedSessionIsNotABreakIn(t *testing.T) {
	results := runAll(t, func(f *fakeCountersign) { f.enforce = false })
	claimed := []string{"no-proof", "my-hash", "random-hash", "tampered-hash", "truncated-hash", "other-key", "jwt", "identifier-kind", "oracle", "forged-headers", "token-replay", "public-key"}
	for _, result := range results {
		if slices.Contains(claimed, result.Name) && result.Verdict != NotVerified {
			t.Errorf("%s: %s (%s)", result.Name, result.Verdict, result.Finding)
		}
		if result.Verdict == GotThrough || result.Verdict == Inconclusive {
			t.Errorf("%s: %s (%s)", result.Name, result.Verdict, result.Finding)
		}
	}
	if summary := summarise(results); !summary.OK || summary.NotVerified != len(claimed) {
		t.Errorf("summary %+v", summary)
	}
	if summary := summarise(results[:3]); summary.OK || summary.Untried != len(results)-3 {
		t.Errorf("after three of them %+v", summary)
	}
}

// The bench is worth nothing if it could not say that something got through.
func TestABrokenServerIsNamedByEveryAttack(t *testing.T) {
	results := runAll(t, func(f *fakeCountersign) { f.broken = true })
	for _, result := range results {
		if result.Name == "honest" {
			continue
		}
		if result.Verdict != GotThrough {
			t.Errorf("%s: %s (%s), although the server believes everything", result.Name, result.Verdict, result.Finding)
		}
	}
	if summary := summarise(results); summary.OK || summary.GotThrough != len(results)-1 {
		t.Errorf("summary %+v", summary)
	}
}

func TestTheSentenceCountsAsPeopleDo(t *testing.T) {
	refused := &Step{Verdict: Refused, Answer: Received{Status: 403, Code: "identity_refused"}}
	for count, want := range map[int]string{
		1: "Answered 403 identity_refused.",
		2: "Both attempts got the same answer, 403 identity_refused.",
		3: "All 3 attempts got the same answer, 403 identity_refused.",
	} {
		if got := conclude(Result{Verdict: Refused, Steps: slices.Repeat([]*Step{refused}, count)}); got != want {
			t.Errorf("%d: %q", count, got)
		}
	}
}

func TestRefusingEverybodyIsNoSuccess(t *testing.T) {
	results := runAll(t, func(f *fakeCountersign) { f.deny = true })
	if summary := summarise(results); summary.OK || summary.HonestLetIn {
		t.Errorf("summary %+v", summary)
	}
	for _, result := range results {
		want := Inconclusive
		if result.Name == honest {
			want = KeptOut
		}
		if result.Verdict != want {
			t.Errorf("%s: %s, though the victim herself could not come in", result.Name, result.Verdict)
		}
	}
}

func TestAFailureOrALimitIsNoRefusal(t *testing.T) {
	for name, set := range map[string]func(*fakeCountersign){
		"failing": func(f *fakeCountersign) { f.down = true },
		"limited": func(f *fakeCountersign) { f.limit = true },
	} {
		t.Run(name, func(t *testing.T) {
			fake, server := newFake(t, nil)
			s := newTestShop(t, server.URL)
			if _, _, err := s.bench.honest(t.Context(), mustCustomer(t, victimID)); err != nil {
				t.Fatal(err)
			}
			set(fake) // from now on
			one, _ := s.bench.find("random-hash")
			if result := s.bench.run(t.Context(), one, testSite); result.Verdict != Inconclusive {
				t.Errorf("%s (%s)", result.Verdict, result.Finding)
			}
		})
	}
}

func mustCustomer(t *testing.T, id string) Customer {
	t.Helper()
	customer, ok := customerByID(id)
	if !ok {
		t.Fatalf("no customer %s", id)
	}
	return customer
}

func TestAServerThatIsNotThereDecidesNothing(t *testing.T) {
	_, server := newFake(t, nil)
	s := newTestShop(t, server.URL)
	server.Close()
	one, _ := s.bench.find("my-hash")
	result := s.bench.run(t.Context(), one, testSite)
	if result.Verdict != Inconclusive || result.Finding == "" {
		t.Errorf("%s (%s)", result.Verdict, result.Finding)
	}
}

func TestTheOperatorSeesTheReason(t *testing.T) {
	for _, result := range runAll(t, nil) {
		want := map[string]string{
			"no-proof": "proof_missing", "my-hash": "proof_mismatch", "random-hash": "proof_mismatch",
			"tampered-hash": "proof_mismatch", "truncated-hash": "proof_malformed", "other-key": "proof_mismatch",
			"jwt": "algorithm_refused", "token-replay": "proof_replayed", "public-key": "proof_mismatch", "identifier-kind": "identifier_missing",
		}[result.Name]
		if want != "" && !slices.Contains(result.Reasons, want) {
			t.Errorf("%s: reasons %v, want %s", result.Name, result.Reasons, want)
		}
		if want != "" && !strings.Contains(result.Finding, want) {
			t.Errorf("%s: %q does not say %s", result.Name, result.Finding, want)
		}
	}
}

func TestWithoutATokenThePageSaysSo(t *testing.T) {
	_, server := newFake(t, nil)
	s, err := New(Config{Channel: fakeChannel, CountersignURL: server.URL, Secret: Secret(fakeSecret)})
	if err != nil {
		t.Fatal(err)
	}
	s.bench.pace = 0
	results := s.bench.runAll(t.Context(), testSite)
	for _, result := range results {
		if result.Note == "" || len(result.Operator) > 0 {
			t.Errorf("%s: note %q, %d entries", result.Name, result.Note, len(result.Operator))
		}
		if (result.Verdict == Skipped) != slices.Contains([]string{"other-key", "token-replay", "public-key"}, result.Name) {
			t.Errorf("%s: %s", result.Name, result.Verdict)
		}
	}
	if summary := summarise(results); !summary.OK || summary.Skipped != 3 {
		t.Errorf("summary %+v", summary)
	}
}

// Nothing that could be used again may stand in a result: neither a secret nor a
// whole hash nor a session.
func TestResultsHoldNoCredential(t *testing.T) {
	for _, broken := range []bool{false, true} {
		fake, server := newFake(t, func(f *fakeCountersign) { f.broken = broken; f.enforce = false })
		s := newTestShop(t, server.URL)
		encoded, err := json.Marshal(s.bench.runAll(t.Context(), testSite))
		if err != nil {
			t.Fatal(err)
		}
		secrets := []string{fakeSecret, fakeOtherSecret, fakeTokenSecret, fakeAuditToken}
		for _, customer := range customers() {
			secrets = append(secrets, userHash(Secret(fakeSecret), customer.ID), userHash(Secret(fakeSecret), customer.Email),
				userHash(Secret(fakeOtherSecret), customer.ID))
		}
		for token := range fake.sessions {
			secrets = append(secrets, token)
		}
		for _, secret := range secrets {
			if strings.Contains(string(encoded), secret) {
				t.Errorf("a result holds %s", secret)
			}
		}
	}
}

func TestRunEndpointsAnswerInJSON(t *testing.T) {
	_, server := newFake(t, nil)
	handler := newTestShop(t, server.URL).Handler()

	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, testSite+"/attacks/run/my-hash", nil))
	var result Result
	if err := json.Unmarshal(answer.Body.Bytes(), &result); err != nil || result.Verdict != Refused || answer.Code != http.StatusOK {
		t.Errorf("%d %v %+v", answer.Code, err, result)
	}

	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, testSite+"/attacks/run", nil))
	var all struct {
		Summary Summary  `json:"summary"`
		Results []Result `json:"results"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &all); err != nil || !all.Summary.OK || len(all.Results) != len(attacks()) {
		t.Errorf("%d %v %+v", answer.Code, err, all.Summary)
	}

	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, testSite+"/attacks/run/unheard-of", nil))
	if answer.Code != http.StatusNotFound {
		t.Errorf("an unknown attack: %d", answer.Code)
	}
}

func TestWithoutScriptsThePageComesBack(t *testing.T) {
	_, server := newFake(t, func(f *fakeCountersign) { f.broken = true })
	handler := newTestShop(t, server.URL).Handler()
	request := httptest.NewRequest(http.MethodPost, testSite+"/attacks/run/random-hash", nil)
	request.Header.Set("Accept", "text/html,application/xhtml+xml")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/attacks#random-hash" {
		t.Fatalf("%d %s", answer.Code, answer.Header().Get("Location"))
	}
	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, testSite+"/attacks", nil))
	for _, want := range []string{"ATTACK GOT THROUGH", "1 ATTACK GOT THROUGH."} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestFrameAncestorsAreReadAsABrowserReadsThem(t *testing.T) {
	for _, c := range []struct {
		policies []string
		page     string
		may      bool
	}{
		{nil, foreignPage, true},
		{[]string{"default-src 'none'"}, foreignPage, true},
		{[]string{"frame-ancestors 'none'"}, foreignPage, false},
		{[]string{"frame-ancestors 'self'"}, foreignPage, false},
		{[]string{"frame-ancestors"}, foreignPage, false},
		{[]string{"frame-ancestors *"}, foreignPage, true},
		{[]string{"frame-ancestors https:"}, foreignPage, true},
		{[]string{"frame-ancestors http:"}, foreignPage, false},
		{[]string{"frame-ancestors https://*"}, foreignPage, true},
		{[]string{"frame-ancestors http://shop.test"}, foreignPage, false},
		{[]string{"frame-ancestors http://shop.test https://evil.example"}, foreignPage, true},
		{[]string{"frame-ancestors evil.example"}, foreignPage, true},
		{[]string{"frame-ancestors *.example"}, foreignPage, true},
		{[]string{"frame-ancestors https://evil.example:8443"}, foreignPage, false},
		{[]string{"frame-ancestors https://evil.example:443"}, foreignPage, true},
		{[]string{"FRAME-ANCESTORS https://EVIL.example"}, foreignPage, true},
		{[]string{"frame-ancestors *", "frame-ancestors 'none'"}, foreignPage, false},
		{[]string{"frame-ancestors *, frame-ancestors 'none'"}, foreignPage, false},
		{[]string{"frame-ancestors http://127.0.0.1:8081"}, "http://127.0.0.1:8081", true},
		{[]string{"frame-ancestors http://127.0.0.1:8081"}, "http://127.0.0.1:8082", false},
		{[]string{"frame-ancestors http://127.0.0.1"}, "http://127.0.0.1:8081", false},
		{[]string{"frame-ancestors http://127.0.0.1:*"}, "http://127.0.0.1:8081", true},
	} {
		header := http.Header{"Content-Security-Policy": c.policies}
		if got := mayFrame(header, c.page); got != c.may {
			t.Errorf("%q for %s: %v, want %v", c.policies, c.page, got, c.may)
		}
	}
}

func TestShorteningLeavesNothingToUse(t *testing.T) {
	for _, text := range []string{
		userHash("0123456789abcdef", "u"), "Bearer cs_4K2J5H7N3Q", jwtPart(map[string]any{"alg": "HS256", "typ": "JWT"}) + ".eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
	} {
		if got := shorten("see " + text + " there"); strings.Contains(got, strings.TrimPrefix(text, "Bearer ")) {
			t.Errorf("%q is whole in %q", text, got)
		}
	}
	if got := showBody([]byte(`{"session":"abc","n":12345678901234567890,"in":[{"visitor_token":"abcdefgh"}]}`)); strings.Contains(got, "abcdefgh") || !strings.Contains(got, "12345678901234567890") {
		t.Errorf("%s", got)
	}
}
