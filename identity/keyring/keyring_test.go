package keyring_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
)

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later = start.Add(time.Hour)
)

const day = 24 * time.Hour

// ringWith has one key, k, in the given state at start.
func ringWith(t *testing.T, state keyring.State) keyring.Ring {
	t.Helper()
	must := func(r keyring.Ring, err error) keyring.Ring {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := must(keyring.Ring{}.Add("k", start))
	switch state {
	case keyring.Active:
		r, _, err := r.Use("k", start)
		return must(r, err)
	case keyring.Retiring:
		return must(r.Rotate("k", "next", day, start))
	case keyring.Retired:
		r = must(r.Rotate("k", "next", day, start))
		return must(r.Finish("k", start))
	case keyring.Revoked:
		return must(r.Revoke("k", time.Time{}, start))
	}
	return r
}

// TestEveryTransitionFromEveryState is the drawing in the package comment, as a table.
func TestEveryTransitionFromEveryState(t *testing.T) {
	type row map[keyring.State]keyring.State // from → to; a state that is absent refuses
	transitions := map[string]struct {
		do func(keyring.Ring) (keyring.Ring, error)
		to row
	}{
		"use": {func(r keyring.Ring) (keyring.Ring, error) { r, _, err := r.Use("k", later); return r, err },
			row{keyring.Pending: keyring.Active, keyring.Active: keyring.Active, keyring.Retiring: keyring.Retiring}},
		"rotate": {func(r keyring.Ring) (keyring.Ring, error) { return r.Rotate("k", "new", day, later) },
			row{keyring.Pending: keyring.Retiring, keyring.Active: keyring.Retiring}},
		"rotate at once": {func(r keyring.Ring) (keyring.Ring, error) { return r.Rotate("k", "new", 0, later) },
			row{keyring.Pending: keyring.Retired, keyring.Active: keyring.Retired}},
		"sign-by": {func(r keyring.Ring) (keyring.Ring, error) { return r.SignBy("k", later, later) },
			row{keyring.Retiring: keyring.Retiring}},
		"extend": {func(r keyring.Ring) (keyring.Ring, error) { return r.Extend("k", later.Add(30*day), later) },
			row{keyring.Retiring: keyring.Retiring}},
		"finish": {func(r keyring.Ring) (keyring.Ring, error) { return r.Finish("k", later) },
			row{keyring.Retiring: keyring.Retired}},
		"revoke": {func(r keyring.Ring) (keyring.Ring, error) { return r.Revoke("k", time.Time{}, later) },
			row{keyring.Pending: keyring.Revoked, keyring.Active: keyring.Revoked, keyring.Retiring: keyring.Revoked, keyring.Retired: keyring.Revoked}},
	}
	states := []keyring.State{keyring.Pending, keyring.Active, keyring.Retiring, keyring.Retired, keyring.Revoked}
	for name, transition := range transitions {
		for _, from := range states {
			before := ringWith(t, from)
			kept := slices.Clone(before.Keys)
			after, err := transition.do(before)
			want, allowed := transition.to[from]
			if !allowed {
				if !errors.Is(err, keyring.ErrState) {
					t.Errorf("%s from %s: %v; want ErrState", name, from, err)
				}
				want = from
			} else if err != nil {
				t.Errorf("%s from %s: %v", name, from, err)
			}
			key, found := after.Find("k")
			if !found || key.StateAt(later) != want {
				t.Errorf("%s from %s leads to %s; want %s", name, from, key.StateAt(later), want)
			}
			if !reflect.DeepEqual(before.Keys, kept) {
				t.Errorf("%s from %s changed the ring that it was called on", name, from)
			}
			if verifies := want == keyring.Pending || want == keyring.Active || want == keyring.Retiring; key.Verifies(later) != verifies {
				t.Errorf("%s: a key that is %s verifies: %v", name, want, key.Verifies(later))
			}
		}
	}
}

func TestRetiringKeyEndsByTimeAlone(t *testing.T) {
	r := ringWith(t, keyring.Retiring)
	k, _ := r.Find("k")
	for at, want := range map[time.Duration]keyring.State{
		0:                     keyring.Retiring,
		day - time.Nanosecond: keyring.Retiring,
		day:                   keyring.Retired,
		2 * day:               keyring.Retired,
	} {
		if got := k.StateAt(start.Add(at)); got != want {
			t.Errorf("after %v it is %s; want %s", at, got, want)
		}
	}
	// Nothing brings it back: every transition judges it at now, not as written.
	past := start.Add(2 * day)
	for name, err := range map[string]error{
		"use":     second(r.Use("k", past)),
		"rotate":  first(r.Rotate("k", "x", day, past)),
		"sign-by": first(r.SignBy("k", past, past)),
		"extend":  first(r.Extend("k", past.Add(day), past)),
		"finish":  first(r.Finish("k", past)),
	} {
		if !errors.Is(err, keyring.ErrState) {
			t.Errorf("%s of a key past its end: %v", name, err)
		}
	}
	if r, err := r.Revoke("k", start, past); err != nil || mustFind(t, r, "k").StateAt(past) != keyring.Revoked {
		t.Errorf("a retired key cannot be called compromised: %v", err)
	}
}

func first(_ keyring.Ring, err error) error          { return err }
func second(_ keyring.Ring, _ bool, err error) error { return err }

func mustFind(t *testing.T, r keyring.Ring, id string) keyring.Key {
	t.Helper()
	k, ok := r.Find(id)
	if !ok {
		t.Fatalf("no key %s", id)
	}
	return k
}

func TestIDOfADeadKeyIsNotUsedAgain(t *testing.T) {
	r := ringWith(t, keyring.Revoked)
	if _, err := r.Add("k", later); !errors.Is(err, keyring.ErrIDUsed) {
		t.Errorf("adding it again: %v", err)
	}
	r = ringWith(t, keyring.Active)
	if after, err := r.Rotate("k", "k", day, later); !errors.Is(err, keyring.ErrIDUsed) || mustFind(t, after, "k").State != keyring.Active {
		t.Errorf("rotating a key into itself: %v", err)
	}
	if _, err := r.Add("", later); err == nil {
		t.Error("a key without an id")
	}
	if _, err := r.Finish("other", later); !errors.Is(err, keyring.ErrUnknown) {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestNinthLiveKeyIsRefusedAndDeadOnesDoNotCount(t *testing.T) {
	var r keyring.Ring
	var err error
	for i := range identity.MaxLive {
		if r, err = r.Add(fmt.Sprint(i), start); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Add("ninth", start); !errors.Is(err, keyring.ErrFull) {
		t.Errorf("a ninth: %v", err)
	}
	if after, err := r.Rotate("0", "ninth", day, start); !errors.Is(err, keyring.ErrFull) || mustFind(t, after, "0").State != keyring.Pending {
		t.Errorf("a ninth by rotation: %v", err)
	}
	if _, err := r.Rotate("0", "ninth", 0, start); err != nil {
		t.Errorf("a rotation without overlap needs no room: %v", err)
	}
	if r, err = r.Revoke("3", time.Time{}, start); err != nil {
		t.Fatal(err)
	}
	if r, err = r.Add("ninth", start); err != nil || r.Live(start) != identity.MaxLive {
		t.Errorf("after one was revoked: %v", err)
	}
}

func TestSignByLiesWithinTheOverlap(t *testing.T) {
	r := ringWith(t, keyring.Retiring)
	end := start.Add(day)
	if k := mustFind(t, r, "k"); !k.LastIssue().Equal(end) {
		t.Errorf("the default is %v; want the end, %v", k.LastIssue(), end)
	}
	for _, at := range []time.Time{{}, end.Add(time.Second)} {
		if _, err := r.SignBy("k", at, later); !errors.Is(err, keyring.ErrTime) {
			t.Errorf("sign-by %v: %v", at, err)
		}
	}
	for _, at := range []time.Time{later, start.Add(-time.Hour), end} {
		if next, err := r.SignBy("k", at, later); err != nil || !mustFind(t, next, "k").LastIssue().Equal(at) {
			t.Errorf("sign-by %v: %v", at, err)
		}
	}
	r, _ = r.SignBy("k", end, later)
	if r, err := r.Extend("k", later.Add(time.Minute), later); err != nil || !mustFind(t, r, "k").SignBy.Equal(later.Add(time.Minute)) {
		t.Errorf("an earlier end takes sign-by along: %v", err)
	}
	if _, err := r.Extend("k", later, later); !errors.Is(err, keyring.ErrTime) {
		t.Errorf("an end that has passed: %v", err)
	}
	if k := mustFind(t, ringWith(t, keyring.Active), "k"); !k.LastIssue().IsZero() {
		t.Error("an active key has a last issue")
	}
}

func TestTimesThatMakeNoSense(t *testing.T) {
	r := ringWith(t, keyring.Active)
	if _, err := r.Rotate("k", "n", -time.Second, later); !errors.Is(err, keyring.ErrTime) {
		t.Errorf("a negative overlap: %v", err)
	}
	if _, err := r.Revoke("k", later.Add(time.Second), later); !errors.Is(err, keyring.ErrTime) {
		t.Errorf("compromised in the future: %v", err)
	}
	next, err := r.Revoke("k", start, later)
	if k := mustFind(t, next, "k"); err != nil || !k.CompromisedSince.Equal(start) || !k.RevokedAt.Equal(later) {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := next.Revoke("k", time.Time{}, later); !errors.Is(err, keyring.ErrState) {
		t.Errorf("revoking twice would forget that it was compromised: %v", err)
	}
	replaced := ringWith(t, keyring.Revoked)
	next, err = replaced.Revoke("k", start.Add(-day), later)
	if k := mustFind(t, next, "k"); err != nil || !k.CompromisedSince.Equal(start.Add(-day)) || !k.RevokedAt.Equal(start) {
		t.Errorf("found out later: %+v, %v", k, err)
	}
}

func TestUseSaysWhenAKeyWasFirstSeen(t *testing.T) {
	r := ringWith(t, keyring.Pending)
	r, firstUse, err := r.Use("k", later)
	if err != nil || !firstUse || !mustFind(t, r, "k").LastUsedAt.Equal(later) {
		t.Errorf("first use: %v, %v", firstUse, err)
	}
	r, firstUse, err = r.Use("k", start)
	if err != nil || firstUse || !mustFind(t, r, "k").LastUsedAt.Equal(later) {
		t.Errorf("an older use: %v, %v", firstUse, err)
	}
}

func TestUnknownStateIsRevoked(t *testing.T) {
	for _, state := range []keyring.State{"", "live", "ACTIVE"} {
		k := keyring.Key{ID: "k", State: state}
		if k.Verifies(start) || k.StateAt(start) != keyring.Revoked {
			t.Errorf("a key whose state is %q verifies", state)
		}
	}
}

func material(t *testing.T) func(keyring.Key) (*identity.Key, error) {
	t.Helper()
	row, _ := dialect.Get("native")
	return func(k keyring.Key) (*identity.Key, error) {
		return row.NewKey(dialect.Setup{ID: k.ID, Secret: identity.NewSecret([]byte("a secret of the key " + k.ID)), Platforms: []string{"web"}})
	}
}

func proofBy(t *testing.T, id string) identity.Assertion {
	t.Helper()
	key, err := material(t)(keyring.Key{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := key.Sign(identity.Statement{UserID: "u1"})
	if err != nil {
		t.Fatal(err)
	}
	return identity.Assertion{UserID: "u1", Hash: hash}
}

func TestVerifierObeysTheStatesAtEveryMoment(t *testing.T) {
	r := ringWith(t, keyring.Active)
	r, err := r.Rotate("k", "next", day, start)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := r.Verifier(start, material(t))
	if err != nil {
		t.Fatal(err)
	}
	check := func(verifier identity.Ring, id string, at time.Time, want identity.Reason) {
		t.Helper()
		if _, err := identity.Verify(verifier, proofBy(t, id), at); identity.ReasonOf(err) != want {
			t.Errorf("%s at %v: %v; want %q", id, at.Sub(start), err, want)
		}
	}
	check(verifier, "k", later, "")
	check(verifier, "next", later, "")
	check(verifier, "k", start.Add(day), identity.KeyRetired) // the same verifier, kept for a day
	r, err = r.Revoke("next", time.Time{}, later)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err = r.Verifier(later, material(t))
	if err != nil {
		t.Fatal(err)
	}
	check(verifier, "next", later, identity.KeyRevoked)
	check(verifier, "stranger", later, identity.ProofMismatch)
}

// TestHalfReadableRingVerifiesNothing: a key whose secret cannot be opened must
// not silently be left out.
func TestHalfReadableRingVerifiesNothing(t *testing.T) {
	r := ringWith(t, keyring.Retiring)
	broken := errors.New("sealed under another master key")
	_, err := r.Verifier(later, func(k keyring.Key) (*identity.Key, error) {
		if k.ID == "k" {
			return nil, broken
		}
		return material(t)(k)
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Verifier(later, func(keyring.Key) (*identity.Key, error) { return nil, nil }); err == nil {
		t.Error("a live key without material was left out")
	}
	dead := ringWith(t, keyring.Revoked)
	if verifier, err := dead.Verifier(later, func(keyring.Key) (*identity.Key, error) { return nil, nil }); err != nil || verifier.Len() != 0 {
		t.Errorf("a dead key without material: %v", err)
	}
}

func TestOldDeadKeysDoNotMakeRefusalsSlow(t *testing.T) {
	var r keyring.Ring
	for i := range 40 {
		id, at := fmt.Sprint(i), start.Add(time.Duration(i)*time.Minute)
		r, _ = r.Add(id, at)
		r, _ = r.Revoke(id, time.Time{}, at)
	}
	verifier, err := r.Verifier(later, material(t))
	if err != nil || verifier.Len() != keyring.MaxDead {
		t.Fatalf("%d of forty dead keys are kept: %v", verifier.Len(), err)
	}
	if _, err := identity.Verify(verifier, proofBy(t, "39"), later); identity.ReasonOf(err) != identity.KeyRevoked {
		t.Errorf("the latest is not among them: %v", err)
	}
}

// TestNoHistoryRevivesAKey runs random histories and holds them to what must
// always be true.
func TestNoHistoryRevivesAKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r keyring.Ring
		now, made := start, 0
		dead := map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(3*day)).Draw(t, "wait")))
			for _, k := range r.Keys {
				if !k.Verifies(now) {
					dead[k.ID] = true
				}
			}
			id := fmt.Sprint(rapid.IntRange(0, max(made, 1)).Draw(t, "key"))
			next, err := step(t, r, id, fmt.Sprint(made), now)
			if err != nil {
				if !reflect.DeepEqual(next, r) {
					t.Fatalf("a failed step changed the ring: %v", err)
				}
				continue
			}
			made += len(next.Keys) - len(r.Keys)
			if len(next.Keys) < len(r.Keys) {
				t.Fatal("a key vanished")
			}
			r = next
			ids := map[string]bool{}
			for _, k := range r.Keys {
				if ids[k.ID] {
					t.Fatalf("the id %s twice", k.ID)
				}
				ids[k.ID] = true
				if dead[k.ID] && k.Verifies(now) {
					t.Fatalf("%s lives again", k.ID)
				}
			}
			if r.Live(now) > identity.MaxLive {
				t.Fatalf("%d live keys", r.Live(now))
			}
		}
	})
}

func step(t *rapid.T, r keyring.Ring, id, fresh string, now time.Time) (keyring.Ring, error) {
	at := now.Add(time.Duration(rapid.Int64Range(-int64(day), int64(2*day)).Draw(t, "at")))
	switch rapid.IntRange(0, 6).Draw(t, "what") {
	case 0:
		return r.Add(fresh, now)
	case 1:
		next, _, err := r.Use(id, now)
		return next, err
	case 2:
		return r.Rotate(id, fresh, max(at.Sub(now), 0), now)
	case 3:
		return r.SignBy(id, at, now)
	case 4:
		return r.Extend(id, at, now)
	case 5:
		return r.Finish(id, now)
	}
	return r.Revoke(id, time.Time{}, now)
}
