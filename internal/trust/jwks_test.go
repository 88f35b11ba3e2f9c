package trust_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// idp is an issuer: it publishes a set and signs tokens.
type idp struct {
	mu      sync.Mutex
	pairs   map[string]*ecdsa.PrivateKey // :: kid → key, published
	answer  []byte                       // instead of the set, if there
	fail    error
	slow    chan struct{} // a fetch waits for it
	fetched int
	asked   string
}

func newIDP(t testing.TB, kids ...string) *idp {
	t.Helper()
	p := &idp{pairs: map[string]*ecdsa.PrivateKey{}}
	for _, kid := range kids {
		p.add(t, kid)
	}
	return p
}

func (p *idp) add(t testing.TB, kid string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pairs[kid] = key
}

func (p *idp) Fetch(ctx context.Context, address string) ([]byte, error) {
	p.mu.Lock()
	p.fetched++
	p.asked = address
	slow := p.slow
	p.mu.Unlock()
	if slow != nil {
		select {
		case <-slow:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil || p.answer != nil {
		return p.answer, p.fail
	}
	return p.set(), nil
}

func (p *idp) set() []byte {
	keys := []map[string]string{}
	for kid, key := range p.pairs {
		point, _ := key.PublicKey.Bytes()
		keys = append(keys, map[string]string{"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": b64url(point[1:33]), "y": b64url(point[33:])})
	}
	raw, _ := json.Marshal(map[string]any{"keys": keys})
	return raw
}

func (p *idp) change(with func(*idp)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	with(p)
}

func (p *idp) fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetched
}

func b64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token is one for ada, signed now with the key of that kid.
func (h *house) token(t testing.TB, key *ecdsa.PrivateKey, kid string, changes map[string]any) identity.Assertion {
	t.Helper()
	claims := map[string]any{"user_id": "ada", "aud": "shop", "iss": issuerName, "iat": h.pulse.Now().Unix(), "exp": h.pulse.Now().Add(time.Hour).Unix()}
	for name, value := range changes {
		claims[name] = value
	}
	header, _ := json.Marshal(map[string]string{"alg": "ES256", "kid": kid})
	payload, _ := json.Marshal(claims)
	signed := b64url(header) + "." + b64url(payload)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return identity.Assertion{Token: signed + "." + b64url(signature)}
}

const (
	issuerName = "https://idp.example"
	setAddress = "https://idp.example/jwks.json"
)

// issues gives the house an issuer whose set is a key of the shop.
func (h *house) issues(t testing.TB, p *idp) trust.KeyRow {
	t.Helper()
	sets := trust.NewSets(p, h.pulse.Now)
	h.gate.UseSets(sets)
	h.keys.UseSets(sets)
	key, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"}, trust.PublicDraft{URL: setAddress, Issuer: issuerName})
	if err != nil {
		t.Fatal(err)
	}
	h.beat()
	return key
}

// reason is why the shop's gate does not verify; empty if it does.
func (h *house) reason(t testing.TB, a identity.Assertion) identity.Reason {
	t.Helper()
	h.beat()
	v, err := h.admit(t, "shop", a)
	if err != nil {
		t.Fatal(err)
	}
	if (v.Tier() == policy.Verified) != (v.Reason() == "") {
		t.Errorf("tier %s and reason %q", v.Tier(), v.Reason())
	}
	return v.Reason()
}

func TestAnIssuersTokensAreVerified(t *testing.T) {
	h, p := newHouse(t), newIDP(t, "a", "b")
	key := h.issues(t, p)
	for _, kid := range []string{"a", "b"} {
		if reason := h.reason(t, h.token(t, p.pairs[kid], kid, nil)); reason != "" {
			t.Errorf("%s: %s", kid, reason)
		}
	}
	if p.fetches() != 1 || p.asked != setAddress {
		t.Errorf("%d fetches of %s", p.fetches(), p.asked)
	}
	v, err := h.admit(t, "shop", h.token(t, p.pairs["a"], "a", nil))
	if err != nil || v.Kid() != "a" || v.Key() != key.ID || v.Method() != identity.MethodJWT {
		t.Errorf("kid %q, key %s, %v", v.Kid(), v.Key(), err)
	}
	for name, changes := range map[string]map[string]any{
		"another issuer": {"iss": "https://evil.example"}, "no issuer": {"iss": nil}, "another channel": {"aud": "blog"}, "too long": {"exp": h.pulse.Now().Add(25 * time.Hour).Unix()},
	} {
		if reason := h.reason(t, h.token(t, p.pairs["a"], "a", changes)); reason == "" {
			t.Errorf("%s: verified", name)
		}
	}
}

// TestAnUnknownKidCausesOneFetchAMinute, however many come and whatever they say.
func TestAnUnknownKidCausesOneFetchAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a")
		h.issues(t, p)
		stranger, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		for i := range 300 {
			if reason := h.reason(t, h.token(t, stranger, fmt.Sprint("forged-", i), nil)); reason != identity.KeyUnusable {
				t.Fatalf("a stranger's token: %q", reason)
			}
		}
		if p.fetches() != 1 { // when it was made
			t.Errorf("%d fetches within the first minute", p.fetches())
		}
		time.Sleep(time.Minute)
		for i := range 300 {
			h.reason(t, h.token(t, stranger, fmt.Sprint("again-", i), nil))
		}
		if p.fetches() != 2 {
			t.Errorf("%d fetches a minute later", p.fetches())
		}
		if reason := h.reason(t, h.token(t, p.pairs["a"], "a", nil)); reason != "" {
			t.Errorf("a right token beside the flood: %s", reason)
		}
	})
}

// TestTokensThatAreNotForTheSetFetchNothing: another algorithm, no kid, no header.
func TestTokensThatAreNotForTheSetFetchNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a")
		h.issues(t, p)
		time.Sleep(2 * time.Minute)
		for _, header := range []string{`{"alg":"RS256","kid":"x"}`, `{"alg":"none","kid":"x"}`, `{"alg":"HS256","kid":"x"}`, `{"alg":"ES256"}`, `{"kid":"x"}`, `{"alg":"ES256","kid":"x","jku":"https://evil.example"}`, `nonsense`} {
			h.reason(t, identity.Assertion{Token: b64url([]byte(header)) + ".e30.AAAA"})
		}
		for _, a := range []identity.Assertion{{UserID: "ada", Hash: strings.Repeat("0", 64)}, {Token: "v1.a.1.b.c.d"}, {Token: strings.Repeat("a", 10000)}} {
			h.reason(t, a)
		}
		if p.fetches() != 1 {
			t.Errorf("%d fetches", p.fetches())
		}
	})
}

// TestANewKidIsTakenAtOnce: the issuer rotated and its first token is waiting.
func TestANewKidIsTakenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a")
		h.issues(t, p)
		time.Sleep(2 * time.Minute)
		p.add(t, "b")
		if reason := h.reason(t, h.token(t, p.pairs["b"], "b", nil)); reason != "" {
			t.Errorf("the new kid: %s", reason)
		}
		if reason := h.reason(t, h.token(t, p.pairs["a"], "a", nil)); reason != "" {
			t.Errorf("the old one: %s", reason)
		}
	})
}

// TestWhatTheIssuerWithdrewEndsWithinTheHour: the set is fetched again when it is used.
func TestWhatTheIssuerWithdrewEndsWithinTheHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a", "b")
		h.issues(t, p)
		withdrawn := p.pairs["b"]
		p.change(func(p *idp) { delete(p.pairs, "b") })
		if reason := h.reason(t, h.token(t, withdrawn, "b", nil)); reason != "" {
			t.Errorf("before the hour is over: %s", reason)
		}
		time.Sleep(time.Hour)
		if reason := h.reason(t, h.token(t, p.pairs["a"], "a", nil)); reason != "" {
			t.Errorf("what stays: %s", reason)
		}
		synctest.Wait() // that one made the set be fetched, and did not wait for it
		if reason := h.reason(t, h.token(t, withdrawn, "b", nil)); reason != identity.KeyUnusable {
			t.Errorf("what was withdrawn: %q", reason)
		}
	})
}

// TestAFailingIssuerKeepsItsSetForADay and no longer.
func TestAFailingIssuerKeepsItsSetForADay(t *testing.T) {
	for name, broken := range map[string]func(*idp){
		"it does not answer":     func(p *idp) { p.fail = errors.New("no route to host") },
		"it answers with a page": func(p *idp) { p.answer = []byte("<!doctype html>") },
		"it answers with a list": func(p *idp) { p.answer = []byte("[]") },
	} {
		synctest.Test(t, func(t *testing.T) {
			h, p := newHouse(t), newIDP(t, "a")
			key := h.issues(t, p)
			p.change(broken)
			for hour := range 24 {
				if reason := h.reason(t, h.token(t, p.pairs["a"], "a", nil)); reason != "" {
					t.Errorf("%s, after %d hours: %s", name, hour, reason)
				}
				time.Sleep(time.Hour)
			}
			if reason := h.reason(t, h.token(t, p.pairs["a"], "a", nil)); reason != identity.KeyUnusable {
				t.Errorf("%s, after a day: %q", name, reason)
			}
			if status := h.keys.SetStatus(key); status.Problem == "" {
				t.Errorf("%s: operators are not told", name)
			}
			p.change(func(p *idp) { p.fail, p.answer = nil, nil })
			time.Sleep(time.Minute)
			if reason := h.reason(t, h.token(t, p.pairs["a"], "a", nil)); reason != "" {
				t.Errorf("%s, once it answers again: %s", name, reason)
			}
			if status := h.keys.SetStatus(key); status.Problem != "" || len(status.Kids) != 1 {
				t.Errorf("%s: %+v", name, status)
			}
		})
	}
}

// TestAnEmptiedSetVerifiesNothing: an issuer that withdraws every key means it.
func TestAnEmptiedSetVerifiesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a")
		h.issues(t, p)
		old := p.pairs["a"]
		p.change(func(p *idp) { clear(p.pairs) })
		time.Sleep(time.Hour)
		h.reason(t, h.token(t, old, "a", nil))
		synctest.Wait()
		if reason := h.reason(t, h.token(t, old, "a", nil)); reason != identity.KeyUnusable {
			t.Errorf("got %q", reason)
		}
	})
}

// TestManyWhoWaitShareOneFetch, and none waits longer than five seconds.
func TestManyWhoWaitShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a")
		h.issues(t, p)
		time.Sleep(2 * time.Minute)
		p.add(t, "b")
		p.change(func(p *idp) { p.slow = make(chan struct{}) })
		done := make(chan identity.Reason, 50)
		h.beat()
		for range 50 {
			assertion := h.token(t, p.pairs["b"], "b", nil)
			go func() {
				v, err := h.admit(t, "shop", assertion)
				if err != nil {
					t.Error(err)
				}
				done <- v.Reason()
			}()
		}
		synctest.Wait()
		close(p.slow)
		for range 50 {
			if reason := <-done; reason != "" {
				t.Errorf("one of them: %s", reason)
			}
		}
		if p.fetches() != 2 {
			t.Errorf("%d fetches", p.fetches())
		}
	})
}

// TestASlowIssuerHoldsNobodyLongerThanFiveSeconds: admission answers, with a refusal.
func TestASlowIssuerHoldsNobodyLongerThanFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a")
		h.issues(t, p)
		time.Sleep(2 * time.Minute)
		p.change(func(p *idp) { p.slow = make(chan struct{}) })
		stop := make(chan struct{})
		h.beat()
		go h.beats(stop)
		start := time.Now()
		assertion := h.token(t, p.pairs["a"], "unknown", nil)
		v, err := h.admit(t, "shop", assertion)
		if err != nil || v.Reason() != identity.KeyUnusable || time.Since(start) != 5*time.Second {
			t.Errorf("after %v: %q, %v", time.Since(start), v.Reason(), err)
		}
		start = time.Now()
		assertion = h.token(t, p.pairs["a"], "a", nil)
		v, err = h.admit(t, "shop", assertion)
		if err != nil || v.Reason() != "" || time.Since(start) != 0 {
			t.Errorf("a known kid waited %v: %q, %v", time.Since(start), v.Reason(), err)
		}
		close(stop)
		synctest.Wait()
	})
}

// byAddress are several issuers.
type byAddress map[string]*idp

func (b byAddress) Fetch(ctx context.Context, address string) ([]byte, error) {
	return b[address].Fetch(ctx, address)
}

// TestAnIssuerThatHangsHoldsNobodyOfAnotherIssuer: whether it is down, or kept busy by
// tokens that anybody makes up, only its own people wait.
func TestAnIssuerThatHangsHoldsNobodyOfAnotherIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, hangs, fine := newHouse(t), newIDP(t, "a"), newIDP(t, "b")
		const otherName, otherAddress = "https://login.example", "https://login.example/jwks.json"
		sets := trust.NewSets(byAddress{setAddress: hangs, otherAddress: fine}, h.pulse.Now)
		h.gate.UseSets(sets)
		h.keys.UseSets(sets)
		for address, issuer := range map[string]string{setAddress: issuerName, otherAddress: otherName} {
			if _, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"}, trust.PublicDraft{URL: address, Issuer: issuer}); err != nil {
				t.Fatal(err)
			}
		}
		hangs.change(func(p *idp) { p.slow = make(chan struct{}) })
		stop := make(chan struct{})
		defer close(stop)
		h.beat()
		go h.beats(stop)
		for range 3 {
			time.Sleep(2 * time.Minute)
			fetched, start := hangs.fetches(), time.Now()
			assertion := h.token(t, fine.pairs["b"], "b", map[string]any{"iss": otherName})
			v, err := h.admit(t, "shop", assertion)
			if err != nil || v.Tier() != policy.Verified || time.Since(start) != 0 || hangs.fetches() != fetched {
				t.Errorf("the other issuer's visitor waited %v and caused %d fetches: %q, %v", time.Since(start), hangs.fetches()-fetched, v.Reason(), err)
			}
		}
		// Its own people wait, and the other's new kid is still found at once.
		start := time.Now()
		assertion := h.token(t, hangs.pairs["a"], "new", nil)
		if v, err := h.admit(t, "shop", assertion); err != nil || v.Tier() == policy.Verified || time.Since(start) != 5*time.Second {
			t.Errorf("after %v: %q, %v", time.Since(start), v.Reason(), err)
		}
		fine.add(t, "c")
		assertion = h.token(t, fine.pairs["c"], "c", map[string]any{"iss": otherName})
		if v, err := h.admit(t, "shop", assertion); err != nil || v.Tier() != policy.Verified {
			t.Errorf("a new kid of the other: %q, %v", v.Reason(), err)
		}
		// What names no issuer of ours is refused for that, and fetches nothing.
		fetched := hangs.fetches() + fine.fetches()
		time.Sleep(2 * time.Minute)
		assertion = h.token(t, fine.pairs["c"], "made-up", map[string]any{"iss": "https://evil.example"})
		if v, err := h.admit(t, "shop", assertion); err != nil || v.Tier() == policy.Verified || hangs.fetches()+fine.fetches() != fetched {
			t.Errorf("%d fetches for nobody's token: %v", hangs.fetches()+fine.fetches()-fetched, err)
		}
	})
}

// beats reads the head as the relay does.
func (h *house) beats(stop <-chan struct{}) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			now := time.Now()
			h.pulse.Observe(event.Head{Epoch: h.epoch, Now: now.UTC()}, now)
		}
	}
}

// TestAnArrivalThatWaitedIsJudgedByWhatHoldsAfterwards: a key that was revoked while
// somebody waited for its issuer lets nobody in.
func TestAnArrivalThatWaitedIsJudgedByWhatHoldsAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a")
		key := h.issues(t, p)
		time.Sleep(2 * time.Minute)
		p.add(t, "b")
		p.change(func(p *idp) { p.slow = make(chan struct{}) })
		h.beat()
		assertion := h.token(t, p.pairs["b"], "b", nil)
		done := make(chan identity.Reason)
		go func() {
			v, err := h.admit(t, "shop", assertion)
			if err != nil {
				t.Error(err)
			}
			done <- v.Reason()
		}()
		synctest.Wait()
		if _, err := h.keys.Revoke(t.Context(), root, key.ID, time.Time{}); err != nil {
			t.Fatal(err)
		}
		h.beat()
		close(p.slow)
		if reason := <-done; reason != identity.KeyRevoked {
			t.Errorf("got %q", reason)
		}
	})
}

// TestARevokedKidStaysRevoked, although its issuer publishes it again and again.
func TestARevokedKidStaysRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), newIDP(t, "a", "b")
		key := h.issues(t, p)
		if _, err := h.keys.RevokeKid(t.Context(), root, key.ID, "a"); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if reason := h.reason(t, h.token(t, p.pairs["a"], "a", nil)); reason != identity.KeyRevoked {
				t.Fatalf("the revoked kid: %q", reason)
			}
			if reason := h.reason(t, h.token(t, p.pairs["b"], "b", nil)); reason != "" {
				t.Fatalf("the other: %q", reason)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
		}
		if p.fetches() < 10 {
			t.Errorf("only %d fetches: the test shows nothing", p.fetches())
		}
		records := h.store.recorded(audit.KidRevoked)
		if len(records) != 1 || records[0].Detail["kid"] != "a" || records[0].Subject != key.ID || records[0].Channel != "chn_shop" {
			t.Errorf("records: %+v", records)
		}
		for name, attempt := range map[string]func() (int, error){
			"again":       func() (int, error) { return h.keys.RevokeKid(t.Context(), root, key.ID, "a") },
			"no kid":      func() (int, error) { return h.keys.RevokeKid(t.Context(), root, key.ID, "") },
			"two lines":   func() (int, error) { return h.keys.RevokeKid(t.Context(), root, key.ID, "a\nb") },
			"no such key": func() (int, error) { return h.keys.RevokeKid(t.Context(), root, "key_none", "b") },
			"another house": func() (int, error) {
				return h.keys.RevokeKid(t.Context(), policy.ForSystem("other", "cli:x"), key.ID, "b")
			},
		} {
			if _, err := attempt(); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if _, err := h.keys.RevokeKid(t.Context(), root, key.ID, "not published yet"); err != nil {
			t.Errorf("ahead of time: %v", err)
		}
	})
}

func TestKidsOfAKeyThatIsNoSetCannotBeRevoked(t *testing.T) {
	h := newHouse(t)
	secret, _ := h.key(t, trust.KeyDraft{})
	if _, err := h.keys.RevokeKid(t.Context(), root, secret.ID, "a"); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("of a secret: %v", err)
	}
}

// TestASetThatCannotBeUsedIsRefusedWhereItIsEntered, with the reason.
func TestASetThatCannotBeUsedIsRefusedWhereItIsEntered(t *testing.T) {
	for name, c := range map[string]struct {
		set   func(*idp)
		draft trust.PublicDraft
		says  string
	}{
		"no answer":           {func(p *idp) { p.fail = errors.New("its status is 404") }, trust.PublicDraft{URL: setAddress, Issuer: issuerName}, "404"},
		"no set":              {func(p *idp) { p.answer = []byte("{}") }, trust.PublicDraft{URL: setAddress, Issuer: issuerName}, "no key set"},
		"an empty set":        {func(p *idp) { clear(p.pairs) }, trust.PublicDraft{URL: setAddress, Issuer: issuerName}, "no keys"},
		"nothing that is fit": {func(p *idp) { p.answer = []byte(`{"keys":[{"kty":"oct","kid":"a","k":"AA"}]}`) }, trust.PublicDraft{URL: setAddress, Issuer: issuerName}, "private"},
		"another algorithm":   {nil, trust.PublicDraft{URL: setAddress, Issuer: issuerName, Algorithm: "RS256"}, "ES256"},
		"an unknown one":      {nil, trust.PublicDraft{URL: setAddress, Issuer: issuerName, Algorithm: "none"}, "ES256"},
		"no issuer":           {nil, trust.PublicDraft{URL: setAddress}, "iss"},
		"issuer of two lines": {nil, trust.PublicDraft{URL: setAddress, Issuer: "a\nb"}, "issuer"},
		"a long issuer":       {nil, trust.PublicDraft{URL: setAddress, Issuer: strings.Repeat("a", 256)}, "issuer"},
		"a password in it":    {nil, trust.PublicDraft{URL: "https://user:hunter2@idp.example/", Issuer: issuerName}, "https://"},
		"no host":             {nil, trust.PublicDraft{URL: "jwks.json", Issuer: issuerName}, "https://"},
		"a fragment":          {nil, trust.PublicDraft{URL: setAddress + "#x", Issuer: issuerName}, "https://"},
		"key and set":         {nil, trust.PublicDraft{URL: setAddress, Issuer: issuerName, Key: "x"}, "or the address"},
		"neither":             {nil, trust.PublicDraft{Issuer: issuerName}, "or the address"},
	} {
		h, p := newHouse(t), newIDP(t, "a")
		if c.set != nil {
			c.set(p)
		}
		h.keys.UseSets(trust.NewSets(p, h.pulse.Now))
		_, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"}, c.draft)
		if !errors.Is(err, trust.ErrInvalid) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
		if len(h.store.rings["chn_shop"].Keys) != 0 {
			t.Errorf("%s: a key was made", name)
		}
	}
}

// TestNothingIsFetchedForSomebodyWithoutTheRight: an agent must not make us call out.
func TestNothingIsFetchedForSomebodyWithoutTheRight(t *testing.T) {
	h, p := newHouse(t), newIDP(t, "a")
	h.keys.UseSets(trust.NewSets(p, h.pulse.Now))
	who := policy.ForToken("main", "tok_1", []policy.Right{policy.ReadKeys})
	if _, err := h.keys.ImportPublic(t.Context(), who, trust.KeyDraft{Channel: "chn_shop"}, trust.PublicDraft{URL: setAddress, Issuer: issuerName}); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("got %v", err)
	}
	if _, err := h.keys.RevokeKid(t.Context(), who, "key_x", "a"); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("got %v", err)
	}
	if p.fetches() != 0 {
		t.Error("the address was called")
	}
}
