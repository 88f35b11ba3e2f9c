package trust_test

import (
	"fmt"
	"strconv"
	"testing"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
)

func (h *house) from(t testing.TB, network string, a identity.Assertion) policy.Verdict {
	t.Helper()
	v, _, err := h.gate.Admit(t.Context(), trust.Arrival{Channel: "shop", Origin: "https://shop.example", Network: network, Assertion: a})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// counted is how many refusals the record speaks of, and in how many rows.
func (h *house) counted(t testing.TB) (refusals, rows int) {
	t.Helper()
	if err := h.gate.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, entry := range h.store.recorded(audit.IdentityRefused) {
		n := 1
		if text := entry.Detail["count"]; text != "" {
			n, _ = strconv.Atoi(text)
		}
		refusals += n
		rows++
	}
	return refusals, rows
}

// Rule 37: verify first, limit after.
func TestARightProofIsNeverRefusedForOthersWrongOnes(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	wrong := identity.Assertion{UserID: "ada", Hash: sign("another secret", "ada")}
	right := identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}
	const tries = 500
	for i := range tries {
		if v := h.from(t, "192.0.2.1", wrong); v.Refusal() != policy.IdentityRefused || v.Reason() != identity.ProofMismatch {
			t.Fatalf("wrong proof %d: %q, %q", i, v.Refusal(), v.Reason())
		}
		// The very person, from the very network that the flood comes from.
		if v := h.from(t, "192.0.2.1", right); v.Tier() != policy.Verified {
			t.Fatalf("after %d wrong proofs the right one is %v, %q", i+1, v.Tier(), v.Refusal())
		}
	}
	if h.gate.Limited() == 0 {
		t.Error("the limit was never reached: this test shows nothing")
	}
	refusals, rows := h.counted(t)
	if refusals != tries || rows > 60 {
		t.Errorf("%d refusals in %d rows, want all %d in a few", refusals, rows, tries)
	}
}

// What is claimed keys nothing: an attacker who names somebody leaves that person, and
// everybody else's records, as they were.
func TestAClaimedIdentifierKeysNoLimit(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	for i := range 200 {
		h.from(t, "192.0.2.1", identity.Assertion{UserID: "ada", Email: "ada@example.com", Hash: sign("x", strconv.Itoa(i))})
	}
	limited := h.gate.Limited()
	if v := h.from(t, "198.51.100.9", identity.Assertion{UserID: "ada", Hash: sign(secret, "ada")}); v.Tier() != policy.Verified {
		t.Errorf("ada is %v", v.Tier())
	}
	h.from(t, "198.51.100.9", identity.Assertion{UserID: "ada", Hash: sign("x", "ada")})
	if h.gate.Limited() != limited {
		t.Error("one wrong proof of another network was limited for what was claimed")
	}
	// Naming somebody else each time does not escape the limit of the network either.
	for i := range 200 {
		h.from(t, "203.0.113.5", identity.Assertion{UserID: fmt.Sprint("user-", i), Hash: sign("x", "y")})
	}
	if h.gate.Limited() < limited+100 {
		t.Error("a flood under many names was not limited")
	}
}

// The answer to a limited proof is that of any other, reason and all.
func TestALimitedRefusalIsAnsweredLikeAnyOther(t *testing.T) {
	h := newHouse(t)
	h.key(t, trust.KeyDraft{})
	wrong := identity.Assertion{UserID: "ada", Hash: sign("x", "ada")}
	first := h.from(t, "192.0.2.1", wrong)
	for range 200 {
		last := h.from(t, "192.0.2.1", wrong)
		if last.Refusal() != first.Refusal() || last.Reason() != first.Reason() || last.Tier() != first.Tier() || last.Dialect() != first.Dialect() {
			t.Fatalf("first %+v, then %+v", first, last)
		}
	}
}

func TestAPingOpensNothingAndIsBounded(t *testing.T) {
	h := newHouse(t)
	counted := 0
	for range 500 {
		ok, err := h.gate.Ping(t.Context(), trust.Ping{Channel: "shop", Origin: "https://shop.example", Network: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			counted++
		}
	}
	if counted < 30 || counted > 100 {
		t.Errorf("%d pings of one network were counted", counted)
	}
	if ok, err := h.gate.Ping(t.Context(), trust.Ping{Channel: "shop", Network: "192.0.2.2"}); !ok || err != nil {
		t.Errorf("another network: %v, %v", ok, err)
	}
	if _, err := h.gate.Ping(t.Context(), trust.Ping{Channel: "nobody", Network: "192.0.2.3"}); err == nil {
		t.Error("a channel that is none was counted")
	}
	if _, err := h.gate.Ping(t.Context(), trust.Ping{Channel: "shop", Platform: policy.Android, Network: "192.0.2.3"}); err == nil {
		t.Error("a platform that is not served was counted")
	}
	if rows := h.store.recorded(audit.IdentityRefused); len(rows) != 0 {
		t.Errorf("a ping was recorded: %+v", rows)
	}
}
