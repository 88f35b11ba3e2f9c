package keyring_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
)

// move is one thing that an operator, a visitor or time can do to key k.
type move struct {
	name string
	do   func(r keyring.Ring, at time.Time, fresh string) (keyring.Ring, error)
}

var moves = []move{
	{"use", func(r keyring.Ring, at time.Time, _ string) (keyring.Ring, error) {
		next, _, err := r.Use("k", at)
		return next, err
	}},
	{"rotate", func(r keyring.Ring, at time.Time, fresh string) (keyring.Ring, error) {
		return r.Rotate("k", fresh, day, at)
	}},
	{"rotate at once", func(r keyring.Ring, at time.Time, fresh string) (keyring.Ring, error) {
		return r.Rotate("k", fresh, 0, at)
	}},
	{"sign by now", func(r keyring.Ring, at time.Time, _ string) (keyring.Ring, error) { return r.SignBy("k", at, at) }},
	{"extend", func(r keyring.Ring, at time.Time, _ string) (keyring.Ring, error) {
		return r.Extend("k", at.Add(2*day), at)
	}},
	{"shorten", func(r keyring.Ring, at time.Time, _ string) (keyring.Ring, error) {
		return r.Extend("k", at.Add(time.Minute), at)
	}},
	{"finish", func(r keyring.Ring, at time.Time, _ string) (keyring.Ring, error) { return r.Finish("k", at) }},
	{"revoke", func(r keyring.Ring, at time.Time, _ string) (keyring.Ring, error) {
		return r.Revoke("k", time.Time{}, at)
	}},
	{"compromised", func(r keyring.Ring, at time.Time, _ string) (keyring.Ring, error) {
		return r.Revoke("k", at.Add(-time.Hour), at)
	}},
	{"add", func(r keyring.Ring, at time.Time, fresh string) (keyring.Ring, error) { return r.Add(fresh, at) }},
	{"a day", func(r keyring.Ring, _ time.Time, _ string) (keyring.Ring, error) { return r, nil }},
}

// TestNoSequenceOfFourStepsRevivesLosesOrDoublesAKey walks all of them, 14,641.
func TestNoSequenceOfFourStepsRevivesLosesOrDoublesAKey(t *testing.T) {
	const depth = 4
	var walk func(r keyring.Ring, at time.Time, path []string)
	walked := 0
	walk = func(r keyring.Ring, at time.Time, path []string) {
		if len(path) == depth {
			walked++
			return
		}
		before, _ := r.Find("k")
		for _, s := range moves {
			when := at.Add(time.Minute)
			if s.name == "a day" {
				when = at.Add(day)
			}
			said := append(path[:len(path):len(path)], s.name)
			next, err := s.do(r, when, "k"+strings.Repeat("x", len(said)))
			checkStep(t, strings.Join(said, ", "), r, next, before, when, err)
			walk(next, when, said)
		}
	}
	first, err := keyring.Ring{}.Add("k", start)
	if err != nil {
		t.Fatal(err)
	}
	walk(first, start, nil)
	if walked != len(moves)*len(moves)*len(moves)*len(moves) {
		t.Errorf("%d sequences were walked", walked)
	}
}

// checkStep holds one step to what no step may do.
func checkStep(t *testing.T, path string, was, is keyring.Ring, before keyring.Key, at time.Time, err error) {
	t.Helper()
	after, there := is.Find("k")
	if !there || len(is.Keys) < len(was.Keys) || len(is.Keys) > len(was.Keys)+1 {
		t.Fatalf("%s: from %d keys to %d", path, len(was.Keys), len(is.Keys))
	}
	if err != nil && fmt.Sprint(was) != fmt.Sprint(is) {
		t.Fatalf("%s: it failed and changed the ring: %v", path, err)
	}
	if !before.Verifies(at) && after.Verifies(at) {
		t.Fatalf("%s: a dead key verifies again", path)
	}
	if before.State == keyring.Revoked && after.State != keyring.Revoked {
		t.Fatalf("%s: a revoked key is %s", path, after.State)
	}
	if !before.CompromisedSince.IsZero() && after.CompromisedSince.IsZero() {
		t.Fatalf("%s: a compromised key is called replaced", path)
	}
	if after.State == keyring.Retiring && after.SignBy.After(after.EndsAt) {
		t.Fatalf("%s: it may sign until %v and ends at %v", path, after.SignBy, after.EndsAt)
	}
	seen := map[string]bool{}
	for _, k := range is.Keys {
		if seen[k.ID] {
			t.Fatalf("%s: key %s twice", path, k.ID)
		}
		seen[k.ID] = true
	}
	if is.Live(at) > identity.MaxLive {
		t.Fatalf("%s: %d live keys", path, is.Live(at))
	}
}

// TestRefusalsOfAStepSayWhichKind, so that a door can answer with the right status.
func TestRefusalsOfAStepSayWhichKind(t *testing.T) {
	for _, c := range []struct {
		name string
		from keyring.State
		do   func(keyring.Ring) (keyring.Ring, error)
		want error
	}{
		{"use of an unknown key", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) {
			next, _, err := r.Use("nobody", later)
			return next, err
		}, keyring.ErrUnknown},
		{"rotation of an unknown key", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Rotate("nobody", "n", day, later) }, keyring.ErrUnknown},
		{"revocation of an unknown key", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Revoke("nobody", time.Time{}, later) }, keyring.ErrUnknown},
		{"finish of an unknown key", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Finish("nobody", later) }, keyring.ErrUnknown},
		{"a key without an id", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Add("", later) }, keyring.ErrUnknown},
		{"an id that is there", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Add("k", later) }, keyring.ErrIDUsed},
		{"rotation into itself", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Rotate("k", "k", day, later) }, keyring.ErrIDUsed},
		{"rotation into nothing", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Rotate("k", "", day, later) }, keyring.ErrUnknown},
		{"an overlap that is negative", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Rotate("k", "n", -1, later) }, keyring.ErrTime},
		{"rotation of a retiring key", keyring.Retiring, func(r keyring.Ring) (keyring.Ring, error) { return r.Rotate("k", "n", day, later) }, keyring.ErrState},
		{"rotation of a revoked key", keyring.Revoked, func(r keyring.Ring) (keyring.Ring, error) { return r.Rotate("k", "n", day, later) }, keyring.ErrState},
		{"use of a revoked key", keyring.Revoked, func(r keyring.Ring) (keyring.Ring, error) {
			next, _, err := r.Use("k", later)
			return next, err
		}, keyring.ErrState},
		{"use of a retired key", keyring.Retired, func(r keyring.Ring) (keyring.Ring, error) {
			next, _, err := r.Use("k", later)
			return next, err
		}, keyring.ErrState},
		{"use of a retiring key at its end", keyring.Retiring, func(r keyring.Ring) (keyring.Ring, error) {
			next, _, err := r.Use("k", start.Add(day))
			return next, err
		}, keyring.ErrState},
		{"finish of an active key", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Finish("k", later) }, keyring.ErrState},
		{"finish of a retired key", keyring.Retired, func(r keyring.Ring) (keyring.Ring, error) { return r.Finish("k", later) }, keyring.ErrState},
		{"sign-by of an active key", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.SignBy("k", later, later) }, keyring.ErrState},
		{"sign-by after the end", keyring.Retiring, func(r keyring.Ring) (keyring.Ring, error) { return r.SignBy("k", start.Add(day+1), later) }, keyring.ErrTime},
		{"sign-by never", keyring.Retiring, func(r keyring.Ring) (keyring.Ring, error) { return r.SignBy("k", time.Time{}, later) }, keyring.ErrTime},
		{"an end that has passed", keyring.Retiring, func(r keyring.Ring) (keyring.Ring, error) { return r.Extend("k", later, later) }, keyring.ErrTime},
		{"an end of an active key", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Extend("k", later.Add(day), later) }, keyring.ErrState},
		{"a dead key's end", keyring.Revoked, func(r keyring.Ring) (keyring.Ring, error) { return r.Extend("k", later.Add(day), later) }, keyring.ErrState},
		{"compromised in the future", keyring.Active, func(r keyring.Ring) (keyring.Ring, error) { return r.Revoke("k", later.Add(1), later) }, keyring.ErrTime},
		{"replaced after it was revoked", keyring.Revoked, func(r keyring.Ring) (keyring.Ring, error) { return r.Revoke("k", time.Time{}, later) }, keyring.ErrState},
	} {
		ring := ringWith(t, c.from)
		next, err := c.do(ring)
		if !errors.Is(err, c.want) || fmt.Sprint(next) != fmt.Sprint(ring) {
			t.Errorf("%s: %v; want %v", c.name, err, c.want)
		}
	}
}

// TestTwoSignersOfWhomOneMovesLate: proofs of either key are taken through the whole
// overlap, and after sign-by exactly the late ones are refused.
func TestTwoSignersOfWhomOneMovesLate(t *testing.T) {
	secrets := map[string]string{"k": "4f1c9a7be2d05836af91c47d3be60285", "next": "b7d20e5c94f1683ad0c85e7213fb946e"}
	row, _ := dialect.Get("native-jwt")
	material := func(k keyring.Key) (*identity.Key, error) {
		return row.NewKey(dialect.Setup{ID: k.ID, Secret: identity.NewSecret([]byte(secrets[k.ID])), Platforms: []string{"web"}, Audiences: []string{"shop"}, MaxLife: time.Hour})
	}
	ring := ringWith(t, keyring.Retiring) // k retires at start, for a day; next took over
	late, err := ring.SignBy("k", start.Add(6*time.Hour), start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		ring   keyring.Ring
		by     string
		issued time.Duration // after the rotation
		age    time.Duration // when it is shown
		want   identity.Reason
	}{
		{"the new key at once", ring, "next", 0, 0, ""},
		{"the old key at once", ring, "k", 0, 0, ""},
		{"the old key an hour later", ring, "k", time.Hour, 0, ""},
		{"the old key shortly before its end", ring, "k", 24*time.Hour - time.Second, 0, ""},
		{"the old key at its end", ring, "k", 24 * time.Hour, 0, identity.KeyRetired},
		{"the old key's token, shown after its end", ring, "k", 23*time.Hour + 30*time.Minute, 30 * time.Minute, identity.KeyRetired},
		{"the new key after the old one's end", ring, "next", 25 * time.Hour, 0, ""},
		{"sign-by: the old key before", late, "k", 5 * time.Hour, 0, ""},
		{"sign-by: the old key at it", late, "k", 6 * time.Hour, 0, ""},
		{"sign-by: the old key within the slack", late, "k", 6*time.Hour + identity.SignBySlack, 0, ""},
		{"sign-by: a second late", late, "k", 6*time.Hour + identity.SignBySlack + time.Second, 0, identity.SignedTooLate},
		{"sign-by: made before, shown after", late, "k", 5*time.Hour + 50*time.Minute, 30 * time.Minute, ""},
		{"sign-by: the new key after it", late, "next", 7 * time.Hour, 0, ""},
	} {
		now := start.Add(c.issued + c.age)
		signer, err := material(keyring.Key{ID: c.by})
		if err != nil {
			t.Fatal(err)
		}
		token, err := signer.Sign(identity.Statement{UserID: "u1", Audience: "shop", IssuedAt: start.Add(c.issued), Life: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := c.ring.Verifier(now, material)
		if err != nil {
			t.Fatal(err)
		}
		v, err := identity.Verify(verifier, identity.Assertion{Token: token}, now)
		if identity.ReasonOf(err) != c.want || err == nil && v.Key() != c.by {
			t.Errorf("%s: %q by %s; want %q", c.name, identity.ReasonOf(err), v.Key(), c.want)
		}
	}
}
