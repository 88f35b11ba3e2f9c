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
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

const importable = "9f2c51d07ab84e63b1d5c8e2f7046a3d"

func TestWhoMayNotManageKeysLearnsAndChangesNothing(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{})
	records := len(h.store.records)
	ctx := t.Context()
	for _, who := range []policy.Principal{
		{}, policy.ForVisitor("main", "ses_1"), policy.ForAgent("main", "a", "l", policy.AgentR),
		policy.ForAgent("main", "a", "l", policy.Admin), policy.ForToken("main", "t", []policy.Right{policy.ReadKeys}),
	} {
		_, _, generate := h.keys.Generate(ctx, who, trust.KeyDraft{Channel: "chn_shop"})
		_, imports := h.keys.Import(ctx, who, trust.KeyDraft{Channel: "chn_shop"}, importable, true)
		_, _, rotate := h.keys.Rotate(ctx, who, trust.Rotation{Channel: "chn_shop", Key: key.ID})
		signBy := h.keys.SignBy(ctx, who, key.ID, time.Now())
		_, finish := h.keys.Finish(ctx, who, key.ID)
		_, revoke := h.keys.Revoke(ctx, who, key.ID, time.Time{})
		for name, err := range map[string]error{"generate": generate, "import": imports, "rotate": rotate, "sign-by": signBy, "finish": finish, "revoke": revoke} {
			if !errors.Is(err, policy.ErrForbidden) {
				t.Errorf("%s %s: %v", who.Actor(), name, err)
			}
		}
	}
	if _, err := h.keys.List(ctx, policy.ForAgent("main", "a", "l", policy.AgentR), "chn_shop"); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("list: %v", err)
	}
	if len(h.store.records) != records || h.store.rings["chn_shop"].Version != 1 {
		t.Error("something changed")
	}
}

func TestAnotherWorkspacesKeyIsNotFound(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{})
	thief := policy.ForConfirmedAgent("other", "a", "l", policy.Owner, h.pulse.Now())
	_, err := h.keys.Revoke(t.Context(), thief, key.ID, time.Time{})
	if !errors.Is(err, trust.ErrNotFound) {
		t.Errorf("revoke: %v", err)
	}
	if _, _, err := h.keys.Rotate(t.Context(), thief, trust.Rotation{Channel: "chn_shop", Key: key.ID, Reason: "theft"}); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("rotate: %v", err)
	}
	if _, _, err := h.keys.Rotate(t.Context(), thief, trust.Rotation{Channel: "chn_else", Key: key.ID, Reason: "theft"}); !errors.Is(err, trust.ErrNotFound) {
		t.Errorf("rotate through my own channel: %v", err)
	}
	if _, err := h.keys.List(t.Context(), thief, "chn_shop"); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("list: %v", err)
	}
}

func TestDefaultsFollowTheDialect(t *testing.T) {
	h := newHouse(t)
	for name, want := range map[string]string{"": "user_id", "native": "user_id", "intercom": "user_id", "helpscout": "email", "pylon": "email", "ensoras": "email"} {
		key, secret := h.key(t, trust.KeyDraft{Dialect: name})
		if key.Signs != want || len(secret) != 64 || key.State != "pending" || key.Reveal != "once" || key.Sealed != nil || key.Imported || fmt.Sprint(key.Platforms) != "[web]" {
			t.Errorf("%q: %+v", name, key)
		}
	}
}

func TestOneSecretIsOneKeyInTheWholeInstallation(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	key, err := h.keys.Import(ctx, root, trust.KeyDraft{Channel: "chn_shop"}, importable, false)
	if err != nil || !key.Imported {
		t.Fatal(err, key)
	}
	thief := policy.ForSystem("other", "cli:root")
	for name, try := range map[string]func() error{
		"the same channel":  func() error { return imports(h, root, trust.KeyDraft{Channel: "chn_shop"}, importable) },
		"another realm":     func() error { return imports(h, root, trust.KeyDraft{Channel: "chn_blog"}, importable) },
		"another workspace": func() error { return imports(h, thief, trust.KeyDraft{Channel: "chn_else"}, importable) },
		"another kind of proof": func() error {
			return imports(h, root, trust.KeyDraft{Channel: "chn_shop", Dialect: "native-jwt"}, importable)
		},
		"padded as HMAC pads":     func() error { return imports(h, root, trust.KeyDraft{Channel: "chn_shop"}, importable+"\x00") },
		"as a rotation's new key": func() error { return rotates(h, key.ID, importable) },
		"hex in two letter cases": func() error { return twoSpellings(h) },
	} {
		if err := try(); !errors.Is(err, trust.ErrSecretInUse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.keys.Revoke(ctx, root, key.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := imports(h, root, trust.KeyDraft{Channel: "chn_shop"}, importable); !errors.Is(err, trust.ErrSecretInUse) {
		t.Errorf("a revoked secret came back: %v", err)
	}
}

// TestNobodyGuessesAnothersSecretByImportingIt: the answer that a secret exists tells of
// other workspaces' too, so asking for it is counted, whatever becomes of the import.
func TestNobodyGuessesAnothersSecretByImportingIt(t *testing.T) {
	h := newHouse(t)
	theirs := policy.ForSystem("other", "cli:root")
	if err := imports(h, theirs, trust.KeyDraft{Channel: "chn_else"}, importable); err != nil {
		t.Fatal(err)
	}
	key, _, err := h.keys.Generate(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"})
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func(who policy.Principal) error{
		"as a key": func(who policy.Principal) error {
			return imports(h, who, trust.KeyDraft{Channel: "chn_shop"}, importable)
		},
		"as a rotation's new key": func(who policy.Principal) error {
			_, _, err := h.keys.Rotate(t.Context(), who, trust.Rotation{Channel: "chn_shop", Key: key.ID, Secret: importable})
			return err
		},
	} {
		guesser, hits := policy.ForToken("main", name, []policy.Right{policy.ManageKeys, policy.ReadChannels}), 0
		for range 50 {
			switch err := try(guesser); {
			case errors.Is(err, trust.ErrSecretInUse):
				hits++
			case !errors.Is(err, trust.ErrLimited):
				t.Fatalf("%s: %v", name, err)
			}
		}
		if hits > 20 {
			t.Errorf("%s: told %d times", name, hits)
		}
	}
}

func imports(h *house, who policy.Principal, draft trust.KeyDraft, secret string) error {
	_, err := h.keys.Import(context.Background(), who, draft, secret, true)
	return err
}

func rotates(h *house, key, secret string) error {
	_, _, err := h.keys.Rotate(context.Background(), root, trust.Rotation{Channel: "chn_shop", Key: key, Secret: secret})
	return err
}

func twoSpellings(h *house) error {
	secret := "c4d1f09b72e8a35d6b0f48c1e927ad53"
	draft := trust.KeyDraft{Channel: "chn_shop", Dialect: "pylon"}
	return errors.Join(imports(h, root, draft, secret), imports(h, root, draft, strings.ToUpper(secret)))
}

func TestWeakSecretsAreRefusedUnlessInsistedOnTheRecord(t *testing.T) {
	h := newHouse(t)
	for name, c := range map[string]struct {
		dialect, secret string
		insistable      bool
	}{
		"empty": {"native", "", false}, "short": {"native", "f81b0c77", true}, "not hex for pylon": {"pylon", "not hexadecimal at all!", false},
		"odd hex for pylon": {"pylon", importable + "a", false}, "guessable": {"native", "aaaaaaaaaaaaaaaaaaaaaaaa", true}, "short for a JWT": {"native-jwt", "91b7c3d5e2f40a68", true},
	} {
		draft := trust.KeyDraft{Channel: "chn_shop", Dialect: c.dialect}
		_, err := h.keys.Import(t.Context(), root, draft, c.secret, false)
		if !errors.Is(err, trust.ErrInvalid) || c.secret != "" && strings.Contains(err.Error(), c.secret) {
			t.Errorf("%s: %v", name, err)
		}
		key, err := h.keys.Import(t.Context(), root, draft, c.secret, true)
		if (err == nil) != c.insistable {
			t.Errorf("%s, insisted: %v", name, err)
		}
		if err != nil {
			continue
		}
		imported := h.store.recorded(audit.KeyImported)
		if last := imported[len(imported)-1]; last.Subject != key.ID || last.Detail["warnings"] == "" {
			t.Errorf("%s: recorded %+v", name, last)
		}
	}
}

func TestTwoWhoRotateAtOnceLoseNoKey(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{})
	r := trust.Rotation{Channel: "chn_shop", Key: key.ID, Overlap: time.Hour}
	h.store.meddle = func() {
		if _, _, err := h.keys.Rotate(t.Context(), root, r); err != nil {
			t.Error(err)
		}
	}
	if _, secret, err := h.keys.Rotate(t.Context(), root, r); !errors.Is(err, trust.ErrConflict) || secret != "" {
		t.Fatalf("the loser: %q, %v", secret, err)
	}
	if n := len(h.store.rings["chn_shop"].Keys); n != 2 {
		t.Errorf("%d keys", n)
	}
	if _, _, err := h.keys.Rotate(t.Context(), root, r); !errors.Is(err, trust.ErrConflict) {
		t.Errorf("rotating what has a successor: %v", err)
	}
	h.key(t, trust.KeyDraft{})
	fresh := h.store.rings["chn_shop"].Keys[2].ID
	if _, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: fresh, Version: 1}); !errors.Is(err, trust.ErrConflict) {
		t.Errorf("an operator who looked at an older ring: %v", err)
	}
}

func TestARevocationIsNotLostToARace(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{})
	h.store.live[key.ID] = 7
	h.store.meddle = func() { h.key(t, trust.KeyDraft{Name: "meanwhile"}) }
	done, err := h.keys.Revoke(t.Context(), root, key.ID, time.Now().Add(-time.Hour))
	if err != nil || done.SessionsEnded != 7 {
		t.Fatal(done, err)
	}
	ring := h.store.rings["chn_shop"]
	if len(ring.Keys) != 2 || ring.Keys[0].State != "revoked" || len(h.store.silenced) != 1 {
		t.Errorf("%+v, silenced %v", ring, h.store.silenced)
	}
	if d := h.store.recorded(audit.KeyRevoked)[0].Detail; d["because"] != "compromised" || d["since"] == "" {
		t.Errorf("recorded %v", d)
	}
	if _, err := h.keys.Revoke(t.Context(), root, key.ID, time.Time{}); !errors.Is(err, trust.ErrConflict) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := h.keys.Revoke(t.Context(), root, ring.Keys[1].ID, time.Now().Add(time.Hour)); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("since tomorrow: %v", err)
	}
}

func TestTheSuccessorInheritsWhatTheKeySigns(t *testing.T) {
	h := newHouse(t)
	yes := true
	old, _ := h.key(t, trust.KeyDraft{Dialect: "helpscout", Name: "Backend", ConfirmsEmail: &yes, Reveal: "request"})
	next, secret, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: old.ID, Overlap: time.Hour})
	if err != nil || len(secret) != 64 {
		t.Fatal(err)
	}
	if next.Dialect != old.Dialect || next.Signs != old.Signs || !strings.HasPrefix(next.Name, old.Name+" (") || !next.Confirms || next.Reveal != "request" || next.Realm != "main" || next.Imported || next.State != "pending" {
		t.Errorf("%+v", next)
	}
	put := h.store.rings["chn_shop"].Keys[0]
	if put.State != "retiring" || !put.EndsAt.Equal(put.RetiringAt.Add(time.Hour)) {
		t.Errorf("put aside as %+v", put)
	}
	if d := h.store.recorded(audit.KeyRotated)[0].Detail; d["replaces"] != old.ID || d["overlap"] != "1h0m0s" {
		t.Errorf("recorded %v", d)
	}
	taken, generated, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: next.ID, Secret: importable})
	if err != nil || generated != "" || !taken.Imported {
		t.Fatalf("%+v, %q, %v", taken, generated, err)
	}
	if len(h.store.silenced) != 1 || h.store.silenced[0] != next.ID {
		t.Errorf("without overlap the old key's sessions end now; silenced %v", h.store.silenced)
	}
}

func TestSignByAndFinishAreForRetiringKeys(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{})
	if _, err := h.keys.Finish(t.Context(), root, key.ID); !errors.Is(err, trust.ErrConflict) {
		t.Errorf("finishing a key that nothing replaces: %v", err)
	}
	if _, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: key.ID, Overlap: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := h.keys.SignBy(t.Context(), root, key.ID, time.Now().Add(2*time.Hour)); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("sign-by after the end: %v", err)
	}
	at := time.Now().Add(time.Minute)
	if err := h.keys.SignBy(t.Context(), root, key.ID, at); err != nil || !h.store.rings["chn_shop"].Keys[0].SignBy.Equal(at.UTC().Truncate(time.Microsecond)) {
		t.Errorf("%v, %v", err, h.store.rings["chn_shop"].Keys[0].SignBy)
	}
	h.store.live[key.ID] = 2
	if ended, err := h.keys.Finish(t.Context(), root, key.ID); err != nil || ended != 2 {
		t.Errorf("%d, %v", ended, err)
	}
}

func TestListJudgesNowAndShowsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		old, _ := h.key(t, trust.KeyDraft{Name: "old"})
		next, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: old.ID, Overlap: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		h.store.live[next.ID] = 4
		time.Sleep(time.Hour)
		listed, err := h.keys.List(t.Context(), policy.ForAgent("main", "a", "l", policy.Auditor), "chn_shop")
		if err != nil || len(listed) != 2 {
			t.Fatal(listed, err)
		}
		if listed[0].ID != next.ID || listed[0].LiveSessions != 4 || listed[1].State != "retired" {
			t.Errorf("%+v", listed)
		}
		for _, key := range listed {
			if key.Sealed != nil {
				t.Error("a sealed secret leaves the room")
			}
		}
	})
}

func TestSettingsThatNoKeyCanHave(t *testing.T) {
	h := newHouse(t)
	for name, draft := range map[string]trust.KeyDraft{
		"no such dialect":       {Dialect: "zendesk"},
		"helpscout by user id":  {Dialect: "helpscout", Signs: "user_id"},
		"no such field":         {Signs: "phone"},
		"a foreign platform":    {Platforms: []policy.Platform{policy.IOS}},
		"reveal always":         {Reveal: "always"},
		"a name of two lines":   {Name: "a\nb"},
		"a name turned round":   {Name: "a\u202eb"},
		"a name of broken text": {Name: "\xff"},
	} {
		draft.Channel = "chn_shop"
		if _, _, err := h.keys.Generate(t.Context(), root, draft); !errors.Is(err, trust.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range identity.MaxLive {
		h.key(t, trust.KeyDraft{})
	}
	if _, _, err := h.keys.Generate(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"}); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("a ninth live key: %v", err)
	}
}

func TestEitherIsWarnedAboutOnTheRecord(t *testing.T) {
	h := newHouse(t)
	h.key(t, trust.KeyDraft{Dialect: "intercom", Signs: "either"})
	if d := h.store.recorded(audit.KeyGenerated)[0].Detail; !strings.Contains(d["warnings"], "either") {
		t.Errorf("recorded %v", d)
	}
}

func TestNamesOfKeysStayInTheirWorkspace(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{Name: "Backend"})
	agent := policy.ForAgent("main", "a", "l", policy.AgentR)
	for range 2 {
		names, err := h.keys.Names(t.Context(), agent, []string{key.ID, "key_none"})
		if err != nil || len(names) != 1 || names[key.ID].Name != "Backend" {
			t.Errorf("%v, %v", names, err)
		}
	}
	if names, err := h.keys.Names(t.Context(), policy.ForAgent("other", "a", "l", policy.Owner), []string{key.ID}); err != nil || len(names) != 0 {
		t.Errorf("in another workspace: %v, %v", names, err)
	}
	if _, err := h.keys.Names(t.Context(), policy.ForVisitor("main", "ses_1"), []string{key.ID}); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("a visitor: %v", err)
	}
	if _, err := h.keys.ChannelOf(t.Context(), agent, key.ID); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("channel of a key, by an agent: %v", err)
	}
	if channel, err := h.keys.ChannelOf(t.Context(), root, key.ID); err != nil || channel != "chn_shop" {
		t.Errorf("%q, %v", channel, err)
	}
}
