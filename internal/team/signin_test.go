package team_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/team"
)

func (b *bench) counted(prefix string) (total int) {
	for key, n := range b.store.counts {
		if strings.HasPrefix(key, prefix) {
			total += n
		}
	}
	return total
}

func TestUnknownAddressesLookLikeWrongPasswords(t *testing.T) {
	b := newBench(t)
	in := b.join(t, "kim@example.com", policy.AgentR)
	if _, _, err := b.team.Invite(t.Context(), root, "late@example.com", policy.AgentR); err != nil {
		t.Fatal(err)
	}
	records := len(b.store.records)
	for i, email := range []string{"kim@example.com", "nobody@example.com", "late@example.com"} {
		if err := b.signIn(t, email, "not the password", office); !errors.Is(err, team.ErrRefused) {
			t.Errorf("%s: %v", email, err)
		}
		if b.store.looked != i+1 || b.counted("net:") != i+1 || b.counted("try:") != i+1 || b.counted("agent:") != i+1 || len(b.store.records) != records+i+1 {
			t.Errorf("%s: other work was done than for the ones before", email)
		}
	}
	first, unknown := b.store.records[records], b.store.records[records+1]
	if first.Action != audit.AgentSignInFailed || first.Subject != in.Agent.ID || first.Detail["network"] != "203.0.113.7" || unknown.Subject != "" || unknown.Workspace != "main" {
		t.Errorf("recorded %+v, %+v", first, unknown)
	}
	if err := b.signIn(t, "late@example.com", "", office); !errors.Is(err, team.ErrRefused) {
		t.Errorf("an empty password for an agent who has none: %v", err)
	}
}

func TestGuessingOneAddressFromOneNetworkIsBounded(t *testing.T) {
	b := newBench(t)
	b.join(t, "kim@example.com", policy.AgentR)
	var wait sync.WaitGroup
	for range 40 {
		wait.Go(func() { _ = b.signIn(t, "kim@example.com", "not the password", office) })
	}
	wait.Wait()
	if b.store.looked > 10 {
		t.Errorf("%d passwords were tried in parallel", b.store.looked)
	}
	if err := b.signIn(t, "kim@example.com", password, office); !errors.Is(err, team.ErrLimited) {
		t.Errorf("past the limit even the right one is not looked at: %v", err)
	}
	if err := b.signIn(t, "KIM@example.com", password, netip.MustParseAddr("::ffff:203.0.113.7")); !errors.Is(err, team.ErrLimited) {
		t.Errorf("another spelling of address and network: %v", err)
	}
	if err := b.signIn(t, "kim@example.com", password, away); err != nil {
		t.Errorf("the colleague elsewhere pays for it: %v", err)
	}
}

func TestStrangersCannotLockAColleagueOut(t *testing.T) {
	b := newBench(t)
	b.join(t, "kim@example.com", policy.AgentR)
	if err := b.signIn(t, "kim@example.com", password, office); err != nil {
		t.Fatal(err)
	}
	for key := range b.countersOf("agent:", "kim@example.com") {
		b.store.counts[key] = 100
	}
	b.store.counts["net:203.0.113.7"] = 50
	if err := b.signIn(t, "kim@example.com", password, office); err != nil {
		t.Errorf("from where Kim usually sits: %v", err)
	}
	if err := b.signIn(t, "kim@example.com", password, away); !errors.Is(err, team.ErrLimited) {
		t.Errorf("from a network never seen, against an address under attack: %v", err)
	}
	if err := b.signIn(t, "other@example.com", password, office); !errors.Is(err, team.ErrLimited) {
		t.Errorf("another address from a network that guesses: %v", err)
	}
}

// countersOf finds the counters of an address by making one failure elsewhere.
func (b *bench) countersOf(prefix, email string) map[string]int {
	before := maps.Clone(b.store.counts)
	_, _ = b.team.SignIn(context.Background(), team.Credentials{Email: email, Password: "not the password", From: netip.MustParseAddr("198.51.100.1")})
	found := make(map[string]int)
	for key, n := range b.store.counts {
		if strings.HasPrefix(key, prefix) && n > before[key] {
			found[key] = n
		}
	}
	return found
}

func TestANetworkIsAnIPv4AddressOrAnIPv6Household(t *testing.T) {
	b := newBench(t)
	for i, from := range []string{"2001:db8:1:200::1", "2001:db8:1:2ff:ffff::1", "203.0.113.7", "::ffff:203.0.113.7", "203.0.113.8", "2001:db8:1:300::1"} {
		_ = b.signIn(t, fmt.Sprintf("u%d@example.com", i), "not the password", netip.MustParseAddr(from))
	}
	_ = b.signIn(t, "u@example.com", "not the password", netip.Addr{})
	for key, want := range map[string]int{"net:2001:db8:1:200::/56": 2, "net:2001:db8:1:300::/56": 1, "net:203.0.113.7": 2, "net:203.0.113.8": 1, "net:unknown": 1} {
		if b.store.counts[key] != want {
			t.Errorf("%s counted %d times, want %d", key, b.store.counts[key], want)
		}
	}
	for key := range b.store.counts {
		if strings.Contains(key, "@") || len(key) > 100 {
			t.Errorf("the counter %q holds an address or grows with what is sent", key)
		}
	}
}

func TestLimitsThatCannotBeReadOrWrittenRefuse(t *testing.T) {
	b := newBench(t)
	b.join(t, "kim@example.com", policy.AgentR)
	logins := len(b.store.logins)
	b.store.fail = errDB
	for _, try := range []string{password, "not the password"} {
		if err := b.signIn(t, "kim@example.com", try, office); !errors.Is(err, errDB) {
			t.Errorf("%q: %v", try, err)
		}
	}
	if len(b.store.logins) != logins {
		t.Error("somebody was signed in")
	}
}

func TestHangingUpDoesNotSaveAGuessFromBeingCounted(t *testing.T) {
	b := newBench(t)
	b.join(t, "kim@example.com", policy.AgentR)
	ctx, hangUp := context.WithCancel(t.Context())
	b.store.lookup = hangUp
	if _, err := b.team.SignIn(ctx, team.Credentials{Email: "kim@example.com", Password: "not the password", From: office}); !errors.Is(err, team.ErrRefused) {
		t.Error(err)
	}
	if b.store.counts["net:203.0.113.7"] != 1 {
		t.Errorf("counted %v", b.store.counts)
	}
}

func TestHugeCredentialsAreNotWorkedOn(t *testing.T) {
	b := newBench(t)
	for _, c := range []team.Credentials{{Email: strings.Repeat("a", 1<<20), Password: "x"}, {Email: "kim@example.com", Password: strings.Repeat("a", 1<<20)}} {
		if _, err := b.team.SignIn(t.Context(), c); !errors.Is(err, team.ErrRefused) {
			t.Error(err)
		}
	}
	if b.store.looked != 0 {
		t.Error("they were")
	}
}

func TestADamagedPasswordRowIsNoMatch(t *testing.T) {
	for _, stored := range []string{
		"plain", "$argon2id$v=19$m=19456,t=2,p=1$$", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$a2V5", "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + strings.Repeat("A", 43),
		"$argon2id$v=19$m=19456,t=0,p=1$c2FsdA$" + strings.Repeat("A", 43), "$argon2id$v=19$m=19456,t=2,p=0$c2FsdA$" + strings.Repeat("A", 43),
	} {
		b := newBench(t)
		b.join(t, "kim@example.com", policy.AgentR)
		b.store.agents[0].Password = stored
		if err := b.signIn(t, "kim@example.com", password, office); err == nil {
			t.Errorf("%q lets somebody in", stored)
		}
	}
}

// TestAResetThrowsOutASignInThatReadTheOldPassword: whoever knows the old password
// and began to sign in a moment before the reset comes in no more than afterwards.
func TestAResetThrowsOutASignInThatReadTheOldPassword(t *testing.T) {
	b := newBench(t)
	b.join(t, team.FirstAddress, policy.Owner)
	link, err := b.team.OwnerReset(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	b.store.opening = func() { // the old password was right; the login is about to be written
		b.store.opening = nil
		if _, err := b.team.UseLink(t.Context(), team.Joining{Token: link, Name: "Ada", Password: "another window over the harbour"}); err != nil {
			t.Error(err)
		}
	}
	logins := len(b.store.logins)
	if err := b.signIn(t, team.FirstAddress, password, office); !errors.Is(err, team.ErrRefused) {
		t.Errorf("with the password from before the reset: %v", err)
	}
	if len(b.store.logins) != logins+1 {
		t.Errorf("%d logins, want the reset's own alone", len(b.store.logins)-logins)
	}
	if err := b.signIn(t, team.FirstAddress, "another window over the harbour", office); err != nil {
		t.Error(err)
	}
}

// TestAnInvitationNextDoorLocksNobodyOut: an operator of one workspace who adds a
// colleague of another must not get between that colleague and their own sign-in.
func TestAnInvitationNextDoorLocksNobodyOut(t *testing.T) {
	b := newBench(t)
	door := policy.ForSystem("next", "cli:root")
	_, squat, err := b.team.Invite(t.Context(), door, "kim@example.com", policy.AgentR)
	if err != nil {
		t.Fatal(err)
	}
	in := b.join(t, "kim@example.com", policy.Admin)
	signed, err := b.team.SignIn(t.Context(), team.Credentials{Email: "kim@example.com", Password: password, From: office})
	if err != nil || signed.Agent.ID != in.Agent.ID {
		t.Fatalf("beside an invitation next door: %+v, %v", signed.Agent, err)
	}
	const other = "a door under the harbour"
	if _, err := b.team.UseLink(t.Context(), team.Joining{Token: squat, Name: "Eve", Password: other}); err != nil {
		t.Fatal(err)
	}
	if signed, err = b.team.SignIn(t.Context(), team.Credentials{Email: "kim@example.com", Password: password, From: office}); err != nil || signed.Agent.Workspace != "main" {
		t.Errorf("with their own password: %+v, %v", signed.Agent, err)
	}
	if signed, err = b.team.SignIn(t.Context(), team.Credentials{Email: "kim@example.com", Password: other, From: office}); err != nil || signed.Agent.Workspace != "next" {
		t.Errorf("with the password of next door: %+v, %v", signed.Agent, err)
	}
	records := len(b.store.records)
	if err := b.signIn(t, "kim@example.com", "neither of the two", office); !errors.Is(err, team.ErrRefused) {
		t.Error(err)
	}
	if got := b.store.records[records:]; len(got) != 2 || got[0].Workspace == got[1].Workspace {
		t.Errorf("each workspace is told of the failure: %+v", got)
	}
}
