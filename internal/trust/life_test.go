package trust_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// present is an owner who gave the password just now.
func (h *house) present(agent string) policy.Principal {
	return policy.ForConfirmedAgent("main", agent, "l-"+agent, policy.Owner, h.pulse.Now())
}

// impersonations are the ways to a secret that verifies, each for a reason.
func impersonations(h *house, key, revealable string) map[string]func(who policy.Principal, reason string) error {
	ctx := context.Background()
	return map[string]func(who policy.Principal, reason string) error{
		"generate": func(who policy.Principal, reason string) error {
			_, _, err := h.keys.Generate(ctx, who, trust.KeyDraft{Channel: "chn_blog", Reason: reason})
			return err
		},
		"import": func(who policy.Principal, reason string) error {
			_, err := h.keys.Import(ctx, who, trust.KeyDraft{Channel: "chn_blog", Reason: reason}, importable, false)
			return err
		},
		"rotate": func(who policy.Principal, reason string) error {
			_, _, err := h.keys.Rotate(ctx, who, trust.Rotation{Channel: "chn_shop", Key: key, Overlap: time.Hour, Reason: reason})
			return err
		},
		"reveal": func(who policy.Principal, reason string) error {
			_, err := h.keys.Reveal(ctx, who, revealable, reason)
			return err
		},
	}
}

func TestAnOpenConsoleMakesAndRevealsNoKeyWithoutThePasswordAndAReason(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{})
	open, _ := h.key(t, trust.KeyDraft{Reveal: trust.RevealOnRequest})
	records, version := len(h.store.records), h.store.rings["chn_shop"].Version
	now := h.pulse.Now()
	for name, try := range impersonations(h, key.ID, open.ID) {
		for who, c := range map[string]struct {
			principal policy.Principal
			reason    string
			want      error
		}{
			"an owner who left the console open":     {policy.ForAgent("main", "a", "l", policy.Owner), "because", policy.ErrUnconfirmed},
			"an owner who was here five minutes ago": {policy.ForConfirmedAgent("main", "a", "l", policy.Owner, now.Add(-policy.ConfirmedFor-time.Second)), "because", policy.ErrUnconfirmed},
			"an owner who says nothing":              {h.present("a"), " \t", policy.ErrNoReason},
			"an owner who says too much":             {h.present("a"), strings.Repeat("x", 257), trust.ErrInvalid},
			"an admin with a password":               {policy.ForConfirmedAgent("main", "a", "l", policy.Admin, now), "because", policy.ErrForbidden},
			"a program that may read keys":           {policy.ForToken("main", "t", []policy.Right{policy.ReadKeys}), "because", policy.ErrForbidden},
			"a visitor":                              {policy.ForVisitor("main", "ses_1"), "because", policy.ErrForbidden},
			"nobody":                                 {policy.Principal{}, "because", policy.ErrForbidden},
		} {
			if err := try(c.principal, c.reason); !errors.Is(err, c.want) {
				t.Errorf("%s, %s: %v, want %v", name, who, err, c.want)
			}
		}
	}
	if len(h.store.records) != records || h.store.rings["chn_shop"].Version != version || len(h.store.rings["chn_blog"].Keys) != 0 || len(h.store.spent) != 0 {
		t.Fatal("something changed")
	}
	for name, try := range impersonations(h, key.ID, open.ID) {
		if err := try(h.present("a"), "  the old backend moved "); err != nil {
			t.Errorf("%s, with password and reason: %v", name, err)
		}
	}
	for _, action := range []audit.Action{audit.KeyGenerated, audit.KeyImported, audit.KeyRotated, audit.KeyRevealed} {
		list := h.store.recorded(action)
		if d := list[len(list)-1]; d.Detail["reason"] != "the old backend moved" || d.Actor != "agent:a" || d.Subject == "" {
			t.Errorf("%s: recorded %+v", action, d)
		}
	}
}

func TestAStolenLoginGetsNoMoreThanADaysWorthOfSecrets(t *testing.T) {
	h := newHouse(t)
	open, _ := h.key(t, trust.KeyDraft{Reveal: trust.RevealOnRequest})
	got := 0
	for range 30 {
		if _, err := h.keys.Reveal(t.Context(), h.present("thief"), open.ID, "just looking"); err == nil {
			got++
		} else if !errors.Is(err, trust.ErrLimited) {
			t.Fatal(err)
		}
	}
	if got != 20 || len(h.store.recorded(audit.KeyRevealed)) != 20 {
		t.Errorf("%d secrets, %d records", got, len(h.store.recorded(audit.KeyRevealed)))
	}
	version := h.store.rings["chn_shop"].Version
	if _, _, err := h.keys.Generate(t.Context(), h.present("thief"), trust.KeyDraft{Channel: "chn_shop", Reason: "one more"}); !errors.Is(err, trust.ErrLimited) {
		t.Errorf("making counts as revealing does: %v", err)
	}
	if h.store.rings["chn_shop"].Version != version {
		t.Error("a key was made all the same")
	}
	if _, err := h.keys.Reveal(t.Context(), h.present("colleague"), open.ID, "audit"); err != nil {
		t.Errorf("a colleague has their own: %v", err)
	}
	program := policy.ForToken("main", "t", policy.RightsOf(policy.Owner))
	for i := range 21 {
		if _, err := h.keys.Reveal(t.Context(), program, open.ID, ""); (err == nil) != (i < 20) {
			t.Errorf("a program's call %d: %v", i, err)
		}
	}
	for range 30 {
		if _, err := h.keys.Reveal(t.Context(), root, open.ID, "on the machine"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASecretIsRevealedOnlyWhereThatWasChosenAndOnTheRecord(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	once, _ := h.key(t, trust.KeyDraft{})
	open, secret := h.key(t, trust.KeyDraft{Reveal: trust.RevealOnRequest})
	if _, err := h.keys.Reveal(ctx, root, once.ID, "lost"); !errors.Is(err, trust.ErrShownOnce) {
		t.Errorf("a key that is shown once: %v", err)
	}
	if got, err := h.keys.Reveal(ctx, root, open.ID, "lost"); err != nil || got != secret {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := h.keys.Reveal(ctx, policy.ForSystem("other", "cli:root"), open.ID, "theft"); !errors.Is(err, trust.ErrNotFound) {
		t.Errorf("from another workspace: %v", err)
	}
	h.store.fail = errDisk
	if got, err := h.keys.Reveal(ctx, root, open.ID, "lost"); err == nil || got != "" {
		t.Errorf("what cannot be recorded was revealed: %q, %v", got, err)
	}
	h.store.fail = nil
	imported, err := h.keys.Import(ctx, root, trust.KeyDraft{Channel: "chn_shop", Dialect: "pylon", Reveal: trust.RevealOnRequest}, strings.ToUpper(importable), false)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.keys.Reveal(ctx, root, imported.ID, "lost"); err != nil || got != strings.ToUpper(importable) {
		t.Errorf("an imported secret comes back as %q, %v", got, err)
	}
	if _, err := h.keys.Revoke(ctx, root, open.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.keys.Reveal(ctx, root, open.ID, "lost"); !errors.Is(err, trust.ErrShownOnce) {
		t.Errorf("a revoked key: %v", err)
	}
	for _, d := range h.store.records {
		for _, value := range d.Detail {
			if strings.Contains(value, secret) || strings.Contains(strings.ToLower(value), importable) {
				t.Errorf("the record holds a secret: %+v", d)
			}
		}
	}
}

func TestAReplacedKeyMayTurnOutCompromisedAndNeverTheReverse(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	key, _ := h.key(t, trust.KeyDraft{})
	at := h.pulse.Now().Add(-3 * time.Hour).Truncate(time.Microsecond)
	steps := []struct {
		name  string
		since time.Time
		want  error
	}{
		{"replaced", time.Time{}, nil},
		{"replaced again", time.Time{}, trust.ErrConflict},
		{"compromised after all", at, nil},
		{"compromised since the same time", at, trust.ErrConflict},
		{"compromised since later", at.Add(time.Hour), trust.ErrConflict},
		{"merely replaced after all", time.Time{}, trust.ErrConflict},
		{"compromised since earlier", at.Add(-time.Hour), nil},
	}
	for _, step := range steps {
		if _, err := h.keys.Revoke(ctx, root, key.ID, step.since); !errors.Is(err, step.want) {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
	}
	if row := h.store.rings["chn_shop"].Keys[0]; !row.CompromisedSince.Equal(at.Add(-time.Hour)) || row.State != "revoked" {
		t.Errorf("%+v", row)
	}
	auditor := policy.ForAgent("main", "a", "l", policy.Auditor)
	found, err := h.keys.Compromise(ctx, auditor, key.ID, trust.CutLink, "", 10)
	if err != nil || len(found.Findings) != 1 || found.Findings[0].Value != "" {
		t.Errorf("an auditor, who reads no conversations, is told whose it was: %+v, %v", found.Findings, err)
	}
	found, err = h.keys.Compromise(ctx, h.present("a"), key.ID, trust.CutLink, "", 10)
	if err != nil || found.Findings[0].Value != "ada@example.com" || !found.Since.Equal(at.Add(-time.Hour)) {
		t.Errorf("%+v, %v", found, err)
	}
	other, _ := h.key(t, trust.KeyDraft{})
	if _, err := h.keys.Compromise(ctx, root, other.ID, trust.CutLink, "", 10); !errors.Is(err, trust.ErrNotFound) {
		t.Errorf("a key that is not compromised: %v", err)
	}
	if _, err := h.keys.Compromise(ctx, policy.ForAgent("main", "a", "l", policy.AgentR), key.ID, trust.CutLink, "", 10); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("an agent: %v", err)
	}
}

func TestAKeysEndMovesAndItsNameChangesWithoutTouchingWhatItProves(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	key, secret := h.key(t, trust.KeyDraft{Name: "Old"})
	if err := h.keys.Extend(ctx, root, key.ID, h.pulse.Now().Add(time.Hour)); !errors.Is(err, trust.ErrConflict) {
		t.Errorf("the end of a key that has none: %v", err)
	}
	if _, _, err := h.keys.Rotate(ctx, root, trust.Rotation{Channel: "chn_shop", Key: key.ID, Overlap: time.Hour}); err != nil {
		t.Fatal(err)
	}
	now := h.pulse.Now()
	for name, c := range map[string]struct {
		to   time.Time
		want error
	}{
		"later": {now.Add(48 * time.Hour), nil}, "into the past": {now.Add(-time.Minute), trust.ErrInvalid},
		"beyond a year": {now.Add(400 * 24 * time.Hour), trust.ErrInvalid}, "earlier": {now.Add(time.Minute), nil},
	} {
		if err := h.keys.Extend(ctx, root, key.ID, c.to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		} else if err == nil && !h.store.rings["chn_shop"].Keys[0].EndsAt.Equal(c.to.Truncate(time.Microsecond)) {
			t.Errorf("%s: ends at %v", name, h.store.rings["chn_shop"].Keys[0].EndsAt)
		}
	}
	for name, want := range map[string]error{"Web 2026": nil, "": trust.ErrInvalid, "a\nb": trust.ErrInvalid, strings.Repeat("n", 81): trust.ErrInvalid} {
		if err := h.keys.Rename(ctx, root, key.ID, name); !errors.Is(err, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := h.keys.Rename(ctx, root, "key_none", "x"); !errors.Is(err, trust.ErrNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
	for _, who := range []policy.Principal{policy.ForAgent("main", "a", "l", policy.Admin), {}} {
		if err := h.keys.Rename(ctx, who, key.ID, "Mine"); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("%s renames: %v", who.Actor(), err)
		}
		if err := h.keys.Extend(ctx, who, key.ID, now.Add(time.Hour)); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("%s extends: %v", who.Actor(), err)
		}
	}
	row := h.store.rings["chn_shop"].Keys[0]
	if row.Name != "Web 2026" || row.ID != key.ID {
		t.Errorf("%+v", row)
	}
	h.beat()
	if v, err := h.admit(t, "shop", identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}); err != nil || v.Key() != key.ID {
		t.Errorf("%v, %v", v.Reason(), err)
	}
	if len(h.store.recorded(audit.KeyExtended)) != 2 || len(h.store.recorded(audit.KeyRenamed)) != 1 {
		t.Error("not recorded once each")
	}
}

// signer is one of a customer's backends: until it switches it signs with the old key.
type signer struct {
	before, after *identity.Key
	switches      time.Time
}

func (s signer) token(t *testing.T, user string, now time.Time) string {
	t.Helper()
	key := s.after
	if now.Before(s.switches) {
		key = s.before
	}
	token, err := key.Sign(identity.Statement{UserID: user, Audience: "chn_shop", IssuedAt: now, Life: 5 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// signing is what a backend holds of a key.
func signing(t *testing.T, row trust.KeyRow, secret string) *identity.Key {
	t.Helper()
	spoken, _ := dialect.Get(row.Dialect)
	bytes, err := dialect.Decode(row.Dialect, secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := spoken.NewKey(dialect.Setup{
		ID: row.ID, Secret: bytes, Signs: identity.Signs(row.Signs), Realm: row.Realm, Platforms: []string{"web"}, Audiences: []string{"chn_shop"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A rotation under load: one backend switches at once, the other an hour later. While
// the old key retires nobody is refused; from sign-by on exactly those are whose
// token the old key signed later than that. A bare hash says no time, so sign-by
// cannot tell when it was made: those of the old key count until its end.
func TestARotationUnderLoadRefusesNobodyAndSignByExactlyTheLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		row, secret := h.key(t, trust.KeyDraft{Dialect: "native-jwt"})
		bare, bareSecret := h.key(t, trust.KeyDraft{Dialect: "native"})
		start := time.Now()
		fast, slow := signer{before: signing(t, row, secret), switches: start.Add(10 * time.Minute)}, signer{before: signing(t, row, secret), switches: start.Add(70 * time.Minute)}
		const overlap = 6 * time.Hour
		var signBy time.Time
		refused := 0
		for minute := range 5 * 60 {
			now := time.Now()
			if minute == 10 {
				next, made, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: row.ID, Overlap: overlap})
				if err != nil {
					t.Fatal(err)
				}
				fast.after = signing(t, next, made)
				slow.after = fast.after
				if _, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: bare.ID, Overlap: overlap}); err != nil {
					t.Fatal(err)
				}
			}
			if minute == 180 { // the page said that nobody signs with it any more: a backend that was forgotten comes back
				signBy = now.Truncate(time.Microsecond)
				for _, id := range []string{row.ID, bare.ID} {
					if err := h.keys.SignBy(t.Context(), root, id, signBy); err != nil {
						t.Fatal(err)
					}
				}
				slow.switches = start.Add(24 * time.Hour)
			}
			h.epoch++
			h.pulse.Observe(event.Head{Epoch: h.epoch, Now: now}, now)
			for name, s := range map[string]signer{"fast": fast, "slow": slow} {
				for n := range 3 {
					v, err := h.admit(t, "shop", identity.Assertion{Token: s.token(t, fmt.Sprint(name, n), now)})
					if err != nil {
						t.Fatal(err)
					}
					late := name == "slow" && !signBy.IsZero() && now.After(signBy.Add(identity.SignBySlack))
					switch {
					case late && v.Reason() != identity.SignedTooLate:
						t.Errorf("minute %d: a token of the old key, signed after sign-by: %v %v", minute, v.Tier(), v.Reason())
					case !late && v.Tier() != policy.Verified:
						t.Errorf("minute %d, %s: %v", minute, name, v.Reason())
					case late:
						refused++
					}
				}
			}
			if v, _ := h.admit(t, "shop", identity.Assertion{UserID: "ada", Hash: sign(bareSecret, "ada")}); v.Tier() != policy.Verified {
				t.Errorf("minute %d: a bare hash of the old key: %v", minute, v.Reason())
			}
			time.Sleep(time.Minute)
		}
		if refused == 0 {
			t.Error("sign-by refused nobody: the test proves nothing")
		}
	})
}

func TestWhoeverHoldsAProofCannotFillTheMemoryWithOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		_, secret := h.key(t, trust.KeyDraft{})
		say := func(origin string) {
			_, _, err := h.gate.Admit(t.Context(), trust.Arrival{Channel: "shop", Origin: origin, Assertion: identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}})
			if err != nil {
				t.Fatal(err)
			}
		}
		say("https://Shop.example")
		say("https://shop.example")
		for i := range 500 {
			say(fmt.Sprintf("https://%d.example", i))
		}
		for _, strange := range []string{"null", "https://a b", "https://\u202e.example", strings.Repeat("x", 201)} {
			say(strange)
		}
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		sessions := map[string]int{}
		for _, use := range h.store.uses {
			sessions[use.Origin] += use.Sessions
		}
		total := 0
		for _, n := range sessions {
			total += n
		}
		if len(sessions) > trust.MaxOrigins+1 || total != 506 {
			t.Errorf("%d origins, %d sessions", len(sessions), total)
		}
		if sessions["https://shop.example"] != 2 || sessions[""] < 400 {
			t.Errorf("the shop %d, the rest %d", sessions["https://shop.example"], sessions[""])
		}
	})
}
