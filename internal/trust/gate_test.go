package trust_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

func (h *house) admit(t testing.TB, channel string, a identity.Assertion) (policy.Verdict, error) {
	t.Helper()
	v, _, err := h.gate.Admit(t.Context(), trust.Arrival{Channel: channel, Origin: "https://shop.example", Assertion: a})
	return v, err
}

func TestAnHonestCustomerIsVerifiedAndRecorded(t *testing.T) {
	h := newHouse(t)
	key, secret := h.key(t, trust.KeyDraft{})
	v, err := h.admit(t, "shop", identity.Assertion{UserID: "ada", Email: "ada@example.com", Hash: sign(secret, "ada")})
	if err != nil || v.Tier() != policy.Verified || v.Key() != key.ID || v.Method() != identity.MethodHMAC {
		t.Fatalf("%v %v %v, %v", v.Tier(), v.Key(), v.Reason(), err)
	}
	if who := v.Identifiers(); len(who) != 1 || who[0] != (identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: "ada"}) {
		t.Errorf("identifiers %v: the email was not signed", who)
	}
	opened := h.store.recorded(audit.SessionOpened)
	want := map[string]string{"dialect": "native", "platform": "web", "origin": "https://shop.example", "enforcement": "enforce", "method": "hmac", "key": key.ID}
	if len(opened) != 1 || !maps.Equal(opened[0].Detail, want) || opened[0].Channel != "chn_shop" || !strings.HasPrefix(opened[0].Subject, "psn_") {
		t.Errorf("recorded %+v", opened)
	}
}

func TestForgeriesAreRefusedUnderEnforceAndNeverVerifiedElsewhere(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	_, blog := h.key(t, trust.KeyDraft{Channel: "chn_blog"})
	right := sign(secret, "ada")
	attacks := map[string]struct {
		assertion identity.Assertion
		reason    identity.Reason
	}{
		"no hash":                     {identity.Assertion{UserID: "ada"}, identity.ProofMissing},
		"my own hash":                 {identity.Assertion{UserID: "ada", Hash: sign(secret, "mallory")}, identity.ProofMismatch},
		"a random hash":               {identity.Assertion{UserID: "ada", Hash: strings.Repeat("5a", 32)}, identity.ProofMismatch},
		"a truncated hash":            {identity.Assertion{UserID: "ada", Hash: right[:62]}, identity.ProofMalformed},
		"a tampered hash":             {identity.Assertion{UserID: "ada", Hash: "00" + right[2:]}, identity.ProofMismatch},
		"another channel's key":       {identity.Assertion{UserID: "ada", Hash: sign(blog, "ada")}, identity.ProofMismatch},
		"the hash as a token":         {identity.Assertion{UserID: "ada", Token: "e30.e30." + base64.RawURLEncoding.EncodeToString([]byte(right[:32]))}, ""},
		"the right hash as an email":  {identity.Assertion{Email: "ada", Hash: right}, ""},
		"another dialect's envelope":  {identity.Assertion{Dialect: "intercom", UserID: "ada", Hash: right}, identity.KeyUnusable},
		"a dialect that is made up":   {identity.Assertion{Dialect: "x'; DROP", UserID: "ada", Hash: right}, identity.KeyUnusable},
		"an id that is not an id":     {identity.Assertion{Malformed: true, Hash: right}, identity.IdentifierMalformed},
		"an id with a trailing blank": {identity.Assertion{UserID: "ada ", Hash: right}, identity.ProofMismatch},
	}
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			h.gate = trust.NewGate(h.store, h.street, h.master, "ins_1", h.pulse) // a gate that has refused nobody yet counts from one
			before := len(h.store.recorded(audit.IdentityRefused))
			v, err := h.admit(t, "shop", attack.assertion)
			if err != nil || v.Tier() == policy.Verified || v.Refusal() == policy.NotRefused {
				t.Fatalf("admitted: tier %v, refusal %q, %v", v.Tier(), v.Refusal(), err)
			}
			if attack.reason != "" && v.Reason() != attack.reason {
				t.Errorf("reason %v, want %v", v.Reason(), attack.reason)
			}
			refused := h.store.recorded(audit.IdentityRefused)
			if len(refused) != before+1 {
				t.Fatalf("%d records", len(refused)-before)
			}
			if d := refused[before].Detail; d["reason"] != string(v.Reason()) || d["outcome"] != string(v.Refusal()) || d["enforcement"] != "enforce" {
				t.Errorf("recorded %v", d)
			}
			if d := refused[before].Detail["dialect"]; d != "native" && d != "intercom" && d != "unknown" {
				t.Errorf("the caller's own word %q is in the record", d)
			}
		})
	}
	if v, err := h.admit(t, "blog", identity.Assertion{UserID: "ada", Hash: right}); err != nil || v.Tier() != policy.Claimed {
		t.Errorf("observe: %v, %v", v.Tier(), err)
	}
}

func TestNothingIsAdmittedThatCannotBeRecorded(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	h.store.fail = errDisk
	v, err := h.admit(t, "shop", identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")})
	if !errors.Is(err, errDisk) || v.Tier() == policy.Verified {
		t.Errorf("a right proof: %v, %v", v.Tier(), err)
	}
	if _, err := h.admit(t, "shop", identity.Assertion{UserID: "ada", Hash: sign("wrong", "ada")}); !errors.Is(err, errDisk) {
		t.Errorf("a wrong proof: %v", err)
	}
}

// A renewal is no second opening, and nothing but a proof may be waved through as one.
func TestOnlyAProofRenewsAndARenewalWritesNoSecondRecord(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	asked := 0
	admit := func(hash string) policy.Verdict {
		t.Helper()
		v, _, err := h.gate.Admit(t.Context(), trust.Arrival{
			Channel: "shop", Assertion: identity.Assertion{UserID: "ada", Hash: hash},
			Renew: func(_ context.Context, v policy.Verdict, _ workspace.Channel) (bool, error) {
				asked++
				return true, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := admit(sign(secret, "ada")); v.Tier() != policy.Verified || asked != 1 {
		t.Fatalf("tier %v, asked %d times", v.Tier(), asked)
	}
	if opened := h.store.recorded(audit.SessionOpened); len(opened) != 0 {
		t.Errorf("a renewal was recorded: %+v", opened)
	}
	for _, hash := range []string{"", sign("another secret", "ada")} {
		if v := admit(hash); v.Tier() == policy.Verified || asked != 1 {
			t.Errorf("hash %q: tier %v, asked %d times", hash, v.Tier(), asked)
		}
	}
	if refused := h.store.recorded(audit.IdentityRefused); len(refused) != 2 {
		t.Errorf("%d refusals recorded, want 2", len(refused))
	}
}

// TestWhoIsTurnedAwayWasNeverOpened: a right proof that opens no session leaves no
// record of one, however often it is sent.
func TestWhoIsTurnedAwayWasNeverOpened(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	errAway := errors.New("not now")
	admit := func(outcome string, err error) error {
		_, _, got := h.gate.Admit(t.Context(), trust.Arrival{
			Channel: "shop", Assertion: identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")},
			Allow: func(context.Context, policy.Verdict, workspace.Channel) (string, error) { return outcome, err },
		})
		return got
	}
	for range 300 {
		if err := admit("", errAway); !errors.Is(err, errAway) {
			t.Fatal(err)
		}
	}
	if n := len(h.store.recorded(audit.SessionOpened)) + len(h.store.recorded(audit.SessionRefused)); n != 0 {
		t.Errorf("%d entries for sessions that never were", n)
	}
	if err := admit("blocked", errAway); !errors.Is(err, errAway) {
		t.Fatal(err)
	}
	refused := h.store.recorded(audit.SessionRefused)
	if len(refused) != 1 || len(h.store.recorded(audit.SessionOpened)) != 0 || refused[0].Detail["outcome"] != "blocked" || refused[0].Subject == "" || refused[0].Detail["key"] == "" {
		t.Errorf("recorded %+v", refused)
	}
	if err := admit("", nil); err != nil || len(h.store.recorded(audit.SessionOpened)) != 1 {
		t.Errorf("allowed: %v", err)
	}
	_, _, err := h.gate.Admit(t.Context(), trust.Arrival{
		Channel: "shop", Assertion: identity.Assertion{UserID: "ada", Hash: sign("another secret", "ada")},
		Allow: func(context.Context, policy.Verdict, workspace.Channel) (string, error) {
			t.Error("asked without a proof")
			return "", nil
		},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWhoClaimsNobodyLeavesNoTrace(t *testing.T) {
	h := newHouse(t)
	h.key(t, trust.KeyDraft{})
	before := len(h.store.records)
	for _, a := range []identity.Assertion{{}, {Name: "Ada"}, {Hash: strings.Repeat("0", 64)}} {
		if v, err := h.admit(t, "shop", a); err != nil || v.Tier() != policy.Anonymous || v.Refusal() != policy.NotRefused {
			t.Errorf("%+v: %v %v, %v", a, v.Tier(), v.Refusal(), err)
		}
	}
	if v, err := h.admit(t, "blog", identity.Assertion{UserID: "ada"}); err != nil || v.Tier() != policy.Claimed {
		t.Errorf("a mere claim: %v, %v", v.Tier(), err)
	}
	if len(h.store.records) != before {
		t.Errorf("recorded %+v", h.store.records[before:])
	}
}

func TestTheRecordHoldsNoPersonAndNoProof(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	_, jwt := h.key(t, trust.KeyDraft{Dialect: "native-jwt"})
	hash := sign(secret, "user-4711")
	for _, a := range []identity.Assertion{
		{UserID: "user-4711", Email: "ada@example.com", Name: "Ada Lovelace", Hash: hash, Attributes: map[string]any{"plan": "gold"}},
		{UserID: "user-4711", Email: "ada@example.com", Hash: sign("wrong", "user-4711")},
		{UserID: "user-4711", Token: "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiYWRhIn0.", Hash: hash},
	} {
		if _, err := h.admit(t, "shop", a); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf("%+v", h.store.records)
	for _, private := range []string{"user-4711", "ada@example.com", "Ada", "gold", hash, sign("wrong", "user-4711"), "eyJ", secret, jwt} {
		if strings.Contains(text, private) {
			t.Errorf("the record holds %q", private)
		}
	}
	if !strings.Contains(text, "ignored:hash beside a token") {
		t.Error("a hash beside a token is ignored, and said to be")
	}
	refused, opened := h.store.recorded(audit.IdentityRefused), h.store.recorded(audit.SessionOpened)
	if refused[0].Subject == "" || refused[0].Subject != opened[0].Subject {
		t.Errorf("the claimed and the proved one are one person to the record: %q, %q", refused[0].Subject, opened[0].Subject)
	}
}

func TestAPseudonymIsOnlyOfItsRealm(t *testing.T) {
	h := newHouse(t)
	_, a := h.key(t, trust.KeyDraft{})
	_, b := h.key(t, trust.KeyDraft{Channel: "chn_blog"})
	_, _ = h.admit(t, "shop", identity.Assertion{UserID: "1", Hash: sign(a, "1")})
	_, _ = h.admit(t, "blog", identity.Assertion{UserID: "1", Hash: sign(b, "1")})
	opened := h.store.recorded(audit.SessionOpened)
	if len(opened) != 2 || opened[0].Subject == opened[1].Subject {
		t.Errorf("one id in two realms is two people: %+v", opened)
	}
}

func TestAStaleNodeAdmitsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		_, secret := h.key(t, trust.KeyDraft{})
		honest := identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}
		if _, err := h.admit(t, "shop", honest); err != nil {
			t.Fatal(err)
		}
		time.Sleep(event.Freshness + time.Millisecond)
		if v, err := h.admit(t, "shop", honest); !errors.Is(err, event.ErrStale) || v.Tier() == policy.Verified {
			t.Errorf("%v, %v", v.Tier(), err)
		}
	})
}

func TestARevokedKeyStopsWithTheNextEpoch(t *testing.T) {
	h := newHouse(t)
	key, secret := h.key(t, trust.KeyDraft{})
	honest := identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}
	if v, _ := h.admit(t, "shop", honest); v.Tier() != policy.Verified {
		t.Fatal(v.Reason())
	}
	if _, err := h.keys.Revoke(t.Context(), root, key.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	h.beat()
	v, err := h.admit(t, "shop", honest)
	if err != nil || v.Refusal() != policy.IdentityRefused || v.Reason() != identity.KeyRevoked {
		t.Errorf("%v %v, %v", v.Refusal(), v.Reason(), err)
	}
	refused := h.store.recorded(audit.IdentityRefused)
	if len(refused) != 1 || refused[0].Detail["key"] != key.ID {
		t.Errorf("recorded %+v", refused)
	}
}

func TestARetiringKeyEndsOnTimeWithoutAnybodyWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		old, secret := h.key(t, trust.KeyDraft{})
		_, next, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: old.ID, Overlap: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		h.beat()
		both := map[string]string{"old": secret, "new": next}
		for name, s := range both {
			if v, _ := h.admit(t, "shop", identity.Assertion{UserID: "ada", Hash: sign(s, "ada")}); v.Tier() != policy.Verified {
				t.Errorf("during the overlap the %s key: %v", name, v.Reason())
			}
		}
		time.Sleep(time.Hour)
		h.pulse.Observe(event.Head{Epoch: h.epoch, Now: time.Now()}, time.Now()) // the same epoch: nothing was written
		if v, _ := h.admit(t, "shop", identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}); v.Reason() != identity.KeyRetired {
			t.Errorf("after it the old key: %v %v", v.Tier(), v.Reason())
		}
		if v, _ := h.admit(t, "shop", identity.Assertion{UserID: "ada", Hash: sign(next, "ada")}); v.Tier() != policy.Verified {
			t.Errorf("after it the new key: %v", v.Reason())
		}
	})
}

func TestAPlatformThatTheChannelDoesNotServeIsNoWayIn(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	for _, platform := range []policy.Platform{policy.IOS, "desktop"} {
		_, _, err := h.gate.Admit(t.Context(), trust.Arrival{Channel: "shop", Platform: platform, Assertion: identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}})
		if !errors.Is(err, trust.ErrPlatform) || errors.Is(err, workspace.ErrNotFound) {
			t.Errorf("%s: %v", platform, err)
		}
	}
	if _, err := h.admit(t, "nowhere", identity.Assertion{}); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("an unknown channel: %v", err)
	}
}

func TestAnAssertionCannotChooseItsPlatformBesideTheArrival(t *testing.T) {
	h := newHouse(t)
	h.street[0].Platforms = map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce, policy.IOS: policy.Enforce}
	_, secret := h.key(t, trust.KeyDraft{Platforms: []policy.Platform{policy.IOS}})
	v, err := h.admit(t, "shop", identity.Assertion{Platform: "ios", UserID: "ada", Hash: sign(secret, "ada")})
	if err != nil || v.Tier() == policy.Verified || v.Reason() != identity.KeyUnusable {
		t.Errorf("%v %v, %v", v.Tier(), v.Reason(), err)
	}
}

func TestASecretMovedInTheDatabaseOpensNowhere(t *testing.T) {
	h := newHouse(t)
	key, secret := h.key(t, trust.KeyDraft{})
	moves := map[string]func(*trust.KeyRow){
		"under another id":      func(r *trust.KeyRow) { r.ID = "key_other" },
		"with another realm":    func(r *trust.KeyRow) { r.Realm = "chn_blog" },
		"with another proof":    func(r *trust.KeyRow) { r.Proof = "jwt" },
		"with no dialect":       func(r *trust.KeyRow) { r.Dialect = "none" },
		"with changed bytes":    func(r *trust.KeyRow) { r.Sealed = append(bytes.Clone(r.Sealed[:len(r.Sealed)-1]), 0) },
		"of another workspace":  func(r *trust.KeyRow) { r.Workspace = "other" },
		"with no secret at all": func(r *trust.KeyRow) { r.Sealed = nil },
	}
	honest := identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}
	if v, err := h.admit(t, "shop", honest); err != nil || v.Tier() != policy.Verified {
		t.Fatal(v.Reason(), err) // the gate has the key built, and must not go on with it
	}
	for name, move := range moves {
		row := h.store.rings["chn_shop"].Keys[0]
		row.ID = key.ID
		move(&row)
		kept := h.store.rings["chn_shop"]
		h.store.rings["chn_shop"] = trust.Ring{Version: kept.Version, Keys: []trust.KeyRow{row}}
		h.beat()
		v, err := h.admit(t, "shop", honest)
		if v.Tier() == policy.Verified || err == nil && v.Refusal() == policy.NotRefused {
			t.Errorf("%s: %v, %v", name, v.Tier(), err)
		}
		h.store.rings["chn_shop"] = kept
	}
}

func TestSecretsAreOpenedOncePerChangeAndUseIsNotedOncePerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		key, secret := h.key(t, trust.KeyDraft{})
		honest := identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}
		for range 5 {
			if _, err := h.admit(t, "shop", honest); err != nil {
				t.Fatal(err)
			}
		}
		if h.store.read != 2 || len(h.store.noted()) != 1 || h.store.noted()[0] != key.ID { // one read by Generate
			t.Errorf("read %d times, use noted %v", h.store.read, h.store.noted())
		}
		time.Sleep(time.Minute)
		h.beat()
		if _, err := h.admit(t, "shop", honest); err != nil || len(h.store.noted()) != 2 {
			t.Errorf("a minute later: %v, %v", h.store.noted(), err)
		}
	})
}

func TestAnAttackersRefusalsShareRowsAndAreAllCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.key(t, trust.KeyDraft{})
		for i := range 250 {
			v, err := h.admit(t, "shop", identity.Assertion{UserID: fmt.Sprint("u", i), Hash: strings.Repeat("0", 64)})
			if err != nil || v.Refusal() != policy.IdentityRefused {
				t.Fatal(v.Refusal(), err)
			}
		}
		if rows := len(h.store.recorded(audit.IdentityRefused)); rows != 10 {
			t.Errorf("%d rows in one second", rows)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		refused := h.store.recorded(audit.IdentityRefused)
		if len(refused) != 11 {
			t.Fatalf("%d rows after it", len(refused))
		}
		if d := refused[10].Detail; d["count"] != "240" || d["reason"] != "proof_mismatch" || refused[10].Channel != "chn_shop" {
			t.Errorf("counted %+v", refused[10])
		}
	})
}

func TestCountedRefusalsOutliveAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.key(t, trust.KeyDraft{})
		for range 15 {
			_, _ = h.admit(t, "shop", identity.Assertion{UserID: "ada", Hash: strings.Repeat("0", 64)})
		}
		h.store.mu.Lock()
		h.store.fail = errDisk
		h.store.mu.Unlock()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if err := h.gate.Flush(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("flush on a full disk: %v", err)
		}
		h.store.mu.Lock()
		h.store.fail = nil
		h.store.mu.Unlock()
		if err := h.gate.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		refused := h.store.recorded(audit.IdentityRefused)
		if len(refused) != 11 || refused[10].Detail["count"] != "5" {
			t.Errorf("%d rows, the last %+v", len(refused), refused[len(refused)-1])
		}
		time.Sleep(3 * time.Second) // the timer that the failures left finds nothing to do
	})
}

func TestSignedEmailNamesAPersonOnlyWhereTheProductConfirmsAddresses(t *testing.T) {
	h := newHouse(t)
	no := false
	_, secret := h.key(t, trust.KeyDraft{Signs: "email", ConfirmsEmail: &no})
	v, err := h.admit(t, "shop", identity.Assertion{Email: "ada@example.com", Hash: sign(secret, "ada@example.com")})
	if err != nil || v.Tier() == policy.Verified {
		t.Errorf("%v, %v", v.Tier(), err)
	}
	_, secret = h.key(t, trust.KeyDraft{Signs: "email"})
	v, err = h.admit(t, "shop", identity.Assertion{Email: "ada@example.com", Hash: sign(secret, "ada@example.com")})
	if err != nil || v.Tier() != policy.Verified {
		t.Errorf("by default a key that signs emails says that they are confirmed: %v %v, %v", v.Tier(), v.Reason(), err)
	}
}
