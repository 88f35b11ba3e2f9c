package team_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/team"
)

func TestTheFirstOwnersLinkWorksOnceAndOnlyTheLatest(t *testing.T) {
	b := newBench(t)
	first, needed, err := b.team.FirstOwner(t.Context(), root)
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	token, needed, err := b.team.FirstOwner(t.Context(), root)
	if err != nil || !needed || token == first || len(b.store.agents) != 1 {
		t.Fatal(needed, err)
	}
	if _, err := b.team.CheckLink(t.Context(), first); !errors.Is(err, team.ErrRefused) {
		t.Errorf("the link that a newer one replaced: %v", err)
	}
	agent, err := b.team.CheckLink(t.Context(), token)
	if err != nil || agent.Email != team.FirstAddress || agent.Role != policy.Owner || agent.Joined {
		t.Errorf("%+v, %v", agent, err)
	}
	in, err := b.team.UseLink(t.Context(), team.Joining{Token: token, Name: "Ada", Password: password})
	if err != nil || !in.Agent.Joined || in.Agent.Password != "" {
		t.Fatal(in, err)
	}
	if _, err := b.team.UseLink(t.Context(), team.Joining{Token: token, Name: "Eve", Password: password}); !errors.Is(err, team.ErrRefused) {
		t.Errorf("a second use: %v", err)
	}
	if token, needed, err := b.team.FirstOwner(t.Context(), root); needed || token != "" || err != nil {
		t.Errorf("after it was used: %q %v, %v", token, needed, err)
	}
	if err := b.signIn(t, "OWNER@localhost", password, office); err != nil {
		t.Errorf("the owner signs in: %v", err)
	}
}

// TestOnlyTheFirstOwnersLinkChoosesAnAddress: any other link is for one person, and
// must not become another's.
func TestOnlyTheFirstOwnersLinkChoosesAnAddress(t *testing.T) {
	b := newBench(t)
	token, _, err := b.team.FirstOwner(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	use := func(token, email, password string) error {
		_, err := b.team.UseLink(t.Context(), team.Joining{Token: token, Name: "Ada", Email: email, Password: password})
		return err
	}
	if agent, err := b.team.CheckLink(t.Context(), token); err != nil || !agent.ChoosesEmail() {
		t.Fatalf("%+v, %v", agent, err)
	}
	for _, c := range []struct{ email, password string }{
		{"ada", password}, {"ada@", password}, {"ada@example.com,eve@example.com", password}, {"ada@example.com\n", password},
		{"engineer-ada-one@example.com", "engineer-ada-one"}, // the password is the address that was just chosen
	} {
		if err := use(token, c.email, c.password); !errors.Is(err, team.ErrInvalid) {
			t.Errorf("%q: %v", c.email, err)
		}
	}
	if err := use(token, "Ada@Example.com", password); err != nil {
		t.Fatal(err)
	}
	if err := b.signIn(t, "ada@example.com", password, office); err != nil {
		t.Errorf("by the address that was chosen: %v", err)
	}
	if err := b.signIn(t, team.FirstAddress, password, office); !errors.Is(err, team.ErrRefused) {
		t.Errorf("by the made-up address: %v", err)
	}
	reset, err := b.team.OwnerReset(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	_, invited, err := b.team.Invite(t.Context(), root, "kim@example.com", policy.AgentR)
	if err != nil {
		t.Fatal(err)
	}
	for what, link := range map[string]string{"a reset": reset, "an invitation": invited} {
		if agent, err := b.team.CheckLink(t.Context(), link); err != nil || agent.ChoosesEmail() {
			t.Errorf("%s: %+v, %v", what, agent, err)
		}
		if err := use(link, "eve@example.com", password); !errors.Is(err, team.ErrInvalid) {
			t.Errorf("%s takes another address: %v", what, err)
		}
	}
	if err := use(invited, "KIM@example.com", password); err != nil {
		t.Errorf("its own address, spelled out: %v", err)
	}
}

func TestOfTwoWhoHoldOneLinkOneWins(t *testing.T) {
	b := newBench(t)
	_, token, err := b.team.Invite(t.Context(), root, "kim@example.com", policy.AgentR)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wait.Go(func() {
			_, errs[i] = b.team.UseLink(t.Context(), team.Joining{Token: token, Name: "Kim", Password: password})
		})
	}
	wait.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, team.ErrRefused) {
			t.Error(err)
		}
	}
	if won != 1 || len(b.store.logins) != 1 {
		t.Errorf("%d winners, %d logins", won, len(b.store.logins))
	}
}

func TestALinkEndsAfterAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		token, err := b.team.OwnerReset(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		for _, link := range []string{token, "", "short", strings.Repeat("A", 43), token + "A"} {
			if _, err := b.team.UseLink(t.Context(), team.Joining{Token: link, Name: "Ada", Password: password}); !errors.Is(err, team.ErrRefused) {
				t.Errorf("%q: %v", link, err)
			}
		}
	})
}

func TestAPasswordThatWillNotDoLeavesTheLink(t *testing.T) {
	b := newBench(t)
	_, token, err := b.team.Invite(t.Context(), root, "someone-long@example.com", policy.AgentR)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "elevenchars", "someone-long@example.com", "Someone-Long", "password1234", "PASSWORD1234", "aaaaaaaaaaaaaaa", "abcabcabcabcabc",
		"countersign123", "nul\x00nul\x00nul\x00", "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe", strings.Repeat("long", 300),
	} {
		if _, err := b.team.UseLink(t.Context(), team.Joining{Token: token, Name: "Kim", Password: bad}); !errors.Is(err, team.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, name := range []string{"", "  ", "a\r\nBcc: x", "\u202egnorw", strings.Repeat("x", 81)} {
		if _, err := b.team.UseLink(t.Context(), team.Joining{Token: token, Name: name, Password: password}); !errors.Is(err, team.ErrInvalid) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if _, err := b.team.UseLink(t.Context(), team.Joining{Token: token, Name: "Kim 木", Password: "zwölf Zeichen 🙂"}); err != nil {
		t.Errorf("the link is gone: %v", err)
	}
}

func TestAddressesThatWouldBecomeTwoHeadersOrTwoPeople(t *testing.T) {
	b := newBench(t)
	for _, bad := range []string{
		"", "kim", "@", "kim@", "@example.com", "a@b@c", "kim@example.com\r\nBcc: eve@example.com", "kim @example.com", "<kim@example.com>",
		"kim@example.com,eve@example.com", "\"kim\"@example.com", "kim@example.com\x00", "\u202ekim@example.com", strings.Repeat("a", 250) + "@b.example", "k\xffm@example.com",
	} {
		if _, _, err := b.team.Invite(t.Context(), root, bad, policy.AgentR); !errors.Is(err, team.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	agent, _, err := b.team.Invite(t.Context(), root, "Kim@Example.COM", policy.AgentR)
	if err != nil || agent.Email != "kim@example.com" {
		t.Errorf("%+v, %v", agent, err)
	}
	kelvin, _, err := b.team.Invite(t.Context(), root, "\u212aim@example.com", policy.AgentR)
	if err != nil || kelvin.Email == agent.Email {
		t.Errorf("the Kelvin sign became a k: %q, %v", kelvin.Email, err)
	}
}

func TestNobodyGivesOrTakesMoreThanTheyHave(t *testing.T) {
	b := newBench(t)
	owner, admin, kim := b.join(t, "owner@example.com", policy.Owner).Agent, b.join(t, "admin@example.com", policy.Admin).Agent, b.join(t, "kim@example.com", policy.AgentR).Agent
	as := func(a team.Agent) policy.Principal {
		return policy.ForConfirmedAgent("main", a.ID, "lgn", a.Role, b.pulse.Now())
	}
	ctx := t.Context()
	invite := func(who policy.Principal, role policy.Role) error {
		_, _, err := b.team.Invite(ctx, who, fmt.Sprintf("%s-%s@example.com", who.ID(), role), role)
		return err
	}
	records := len(b.store.records)
	for name, err := range map[string]error{
		"an admin invites an owner":       invite(as(admin), policy.Owner),
		"an admin invites security":       invite(as(admin), policy.Security),
		"an agent invites an agent":       invite(as(kim), policy.AgentR),
		"a visitor invites":               invite(policy.ForVisitor("main", "ses"), policy.AgentR),
		"nobody invites":                  invite(policy.Principal{}, policy.AgentR),
		"an admin rises":                  b.team.SetRole(ctx, as(admin), admin.ID, policy.Owner),
		"an admin raises an agent":        b.team.SetRole(ctx, as(admin), kim.ID, policy.Security),
		"an admin demotes the owner":      b.team.SetRole(ctx, as(admin), owner.ID, policy.AgentR),
		"an admin removes the owner":      b.team.Remove(ctx, as(admin), owner.ID),
		"an agent removes an agent":       b.team.Remove(ctx, as(kim), admin.ID),
		"an agent makes the first owner":  third(b.team.FirstOwner(ctx, as(owner))),
		"an owner resets without machine": second(b.team.OwnerReset(ctx, as(owner))),
	} {
		if !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(b.store.records) != records {
		t.Error("something was done")
	}
	if err := b.team.SetRole(ctx, as(owner), kim.ID, "king"); !errors.Is(err, team.ErrInvalid) {
		t.Errorf("a role that does not exist: %v", err)
	}
	found := policy.ForAgent("main", owner.ID, "lgn", owner.Role) // an open console, and nobody who gave a password
	for name, err := range map[string]error{
		"invites an owner":    invite(found, policy.Owner),
		"makes one":           b.team.SetRole(ctx, found, kim.ID, policy.Owner),
		"resets a colleague":  b.team.ResetFactors(ctx, found, kim.ID),
		"switches factors on": b.team.RequireFactor(ctx, found, true),
	} {
		if !errors.Is(err, policy.ErrUnconfirmed) {
			t.Errorf("whoever finds the owner's console %s: %v", name, err)
		}
	}
	if err := b.team.SetRole(ctx, as(owner), kim.ID, policy.Security); err != nil {
		t.Error(err)
	}
	thief := policy.ForAgent("other", "agt_x", "lgn", policy.Owner)
	if err := b.team.Remove(ctx, thief, kim.ID); !errors.Is(err, team.ErrNotFound) {
		t.Errorf("from another workspace: %v", err)
	}
	if err := b.team.Remove(ctx, as(owner), kim.ID); err != nil {
		t.Error(err)
	}
	if err := b.team.Remove(ctx, as(owner), kim.ID); !errors.Is(err, team.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

func TestInvitingAgainMakesAFreshLinkAndTakesNobodyOver(t *testing.T) {
	b := newBench(t)
	_, first, _ := b.team.Invite(t.Context(), root, "kim@example.com", policy.AgentR)
	agent, again, err := b.team.Invite(t.Context(), root, "Kim@example.com", policy.AgentR)
	if err != nil || again == first || agent.ID != b.store.agents[0].ID {
		t.Fatal(agent, err)
	}
	if _, _, err := b.team.Invite(t.Context(), root, "kim@example.com", policy.Admin); !errors.Is(err, team.ErrTaken) {
		t.Errorf("for another role: %v", err)
	}
	if _, err := b.team.UseLink(t.Context(), team.Joining{Token: again, Name: "Kim", Password: password}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.team.Invite(t.Context(), root, "kim@example.com", policy.AgentR); !errors.Is(err, team.ErrTaken) {
		t.Errorf("somebody who has a password would be taken over: %v", err)
	}
}

func TestAnInvitationLivesAsLongAsItsRoleMayWait(t *testing.T) {
	for role, life := range map[policy.Role]time.Duration{
		policy.Owner: time.Hour, policy.Security: time.Hour, policy.Admin: 72 * time.Hour, policy.AgentR: 72 * time.Hour, policy.Auditor: 72 * time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			invite := func(email string) string {
				agent, token, err := b.team.Invite(t.Context(), root, email, role)
				if err != nil || !agent.InvitedUntil.Equal(time.Now().Truncate(time.Microsecond).Add(life)) {
					t.Fatalf("%s: until %v, %v", role, agent.InvitedUntil, err)
				}
				return token
			}
			late := invite("late@example.com")
			invite("kim@example.com")
			again := invite("kim@example.com")
			time.Sleep(life - time.Second)
			if _, err := b.team.CheckLink(t.Context(), again); err != nil {
				t.Errorf("%s: just before: %v", role, err)
			}
			time.Sleep(time.Second)
			if _, err := b.team.UseLink(t.Context(), team.Joining{Token: late, Name: "Late", Password: password}); !errors.Is(err, team.ErrRefused) {
				t.Errorf("%s: afterwards: %v", role, err)
			}
		})
	}
}

// What resets or makes an owner lives an hour, whoever it was that asked.
func TestTheOwnersLinkLivesAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first, _, err := b.team.FirstOwner(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Second)
		if _, err := b.team.CheckLink(t.Context(), first); err != nil {
			t.Errorf("the first owner's link, just before: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := b.team.CheckLink(t.Context(), first); !errors.Is(err, team.ErrRefused) {
			t.Errorf("the first owner's link, afterwards: %v", err)
		}
		reset, err := b.team.OwnerReset(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if _, err := b.team.CheckLink(t.Context(), reset); !errors.Is(err, team.ErrRefused) {
			t.Errorf("a reset, afterwards: %v", err)
		}
	})
}

func TestALoginFollowsItsAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		in := b.join(t, "kim@example.com", policy.Security)
		who, agent, login, err := b.team.Authenticate(t.Context(), in.Token)
		if err != nil || who.ID() != in.Agent.ID || who.Login() != in.Login.ID || who.Role() != policy.Security || agent.Password != "" || login.ID != in.Login.ID {
			t.Fatal(who, agent, err)
		}
		for range 3 {
			_, _, _, _ = b.team.Authenticate(t.Context(), in.Token)
		}
		if b.store.read != 1 {
			t.Errorf("read %d times in one epoch", b.store.read)
		}
		if err := b.team.SetRole(t.Context(), root, in.Agent.ID, policy.AgentR); err != nil {
			t.Fatal(err)
		}
		b.beat()
		if who, _, _, _ := b.team.Authenticate(t.Context(), in.Token); who.May(policy.ManageKeys) {
			t.Error("a demoted agent keeps the right to manage keys")
		}
		if err := b.team.Remove(t.Context(), root, in.Agent.ID); err != nil {
			t.Fatal(err)
		}
		b.beat()
		if who, _, _, err := b.team.Authenticate(t.Context(), in.Token); !errors.Is(err, team.ErrRefused) || who.May(policy.ReadConversations) {
			t.Errorf("a removed agent: %v", err)
		}
		time.Sleep(event.Freshness + time.Millisecond)
		if _, _, _, err := b.team.Authenticate(t.Context(), in.Token); !errors.Is(err, event.ErrStale) {
			t.Errorf("on a node that does not know: %v", err)
		}
	})
}

func TestALoginEndsAfterTwelveHoursHoweverBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		in := b.join(t, "kim@example.com", policy.AgentR)
		for range 12 * 2 {
			b.refresh()
			if _, _, _, err := b.team.Authenticate(t.Context(), in.Token); err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Minute)
		}
		b.refresh() // the same epoch: it is in memory
		if _, _, _, err := b.team.Authenticate(t.Context(), in.Token); !errors.Is(err, team.ErrRefused) {
			t.Errorf("after 12 hours: %v", err)
		}
		if b.store.touched != 23 {
			t.Errorf("its use was noted %d times", b.store.touched)
		}
	})
}

func TestALoginIsEndedByItsOwnAgentAlone(t *testing.T) {
	b := newBench(t)
	kim, eve := b.join(t, "kim@example.com", policy.AgentR), b.join(t, "eve@example.com", policy.Owner)
	as := func(in team.SignedIn) policy.Principal {
		who, _, _, err := b.team.Authenticate(t.Context(), in.Token)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	if err := b.team.EndLogin(t.Context(), as(eve), kim.Login.ID); !errors.Is(err, team.ErrNotFound) {
		t.Errorf("another's login: %v", err)
	}
	if logins, _ := b.team.Logins(t.Context(), as(kim)); len(logins) != 1 || logins[0].ID != kim.Login.ID {
		t.Errorf("%+v", logins)
	}
	if _, err := b.team.Logins(t.Context(), policy.ForVisitor("main", kim.Agent.ID)); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("a visitor whose id is an agent's: %v", err)
	}
	who := as(kim)
	if err := b.team.SignOut(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	b.beat()
	if _, _, _, err := b.team.Authenticate(t.Context(), kim.Token); !errors.Is(err, team.ErrRefused) {
		t.Errorf("after signing out: %v", err)
	}
}

func TestNothingKeptOrRecordedOpensALogin(t *testing.T) {
	b := newBench(t)
	_, token, _ := b.team.Invite(t.Context(), root, "kim@example.com", policy.AgentR)
	in, err := b.team.UseLink(t.Context(), team.Joining{Token: token, Name: "Kim", Password: password, UserAgent: "evil\r\nX: y"})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := b.team.CreateToken(t.Context(), root, team.TokenDraft{Name: "ci", Scopes: []policy.Right{policy.ReadAudit}})
	if err != nil {
		t.Fatal(err)
	}
	kept := fmt.Sprintf("%+v %v", b.store, b.store.links)
	for _, secret := range []string{token, in.Token, secret, password} {
		if strings.Contains(kept, secret) {
			t.Errorf("%q is kept", secret)
		}
	}
	if strings.Contains(fmt.Sprintf("%+v", b.store.records), "example.com") {
		t.Error("an address is in the record")
	}
	if strings.Contains(b.store.logins[0].UserAgent, "\n") {
		t.Error("outside text was kept as it came")
	}
	for _, guess := range []string{hex.EncodeToString(b.store.logins[0].TokenHash), string(b.store.logins[0].TokenHash), in.Login.ID, secret, token} {
		if _, _, _, err := b.team.Authenticate(t.Context(), guess); !errors.Is(err, team.ErrRefused) {
			t.Errorf("%q opens a login: %v", guess, err)
		}
	}
}

func TestATokenHoldsNoMoreThanItsMaker(t *testing.T) {
	b := newBench(t)
	security := policy.ForAgent("main", "agt_1", "lgn_1", policy.Security)
	ctx := t.Context()
	for _, right := range []policy.Right{policy.RevealKeys, policy.ManageTeam, policy.ManageTokens, "everything", ""} {
		if _, _, err := b.team.CreateToken(ctx, root, team.TokenDraft{Name: "x", Scopes: []policy.Right{right}}); !errors.Is(err, team.ErrInvalid) {
			t.Errorf("%q: %v", right, err)
		}
	}
	if _, _, err := b.team.CreateToken(ctx, policy.ForAgent("main", "a", "l", policy.Admin), team.TokenDraft{Name: "x", Scopes: []policy.Right{policy.ReadChannels}}); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("by an admin: %v", err)
	}
	clerk := policy.ForToken("main", "tok_1", []policy.Right{policy.ManageTokens})
	if _, _, err := b.team.CreateToken(ctx, clerk, team.TokenDraft{Name: "x", Scopes: []policy.Right{policy.ReadAudit}}); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("a right that its maker does not have: %v", err)
	}
	token, secret, err := b.team.CreateToken(ctx, security, team.TokenDraft{Name: "ci", Scopes: []policy.Right{policy.ReadAudit, policy.ReadAudit}})
	if err != nil || !strings.HasPrefix(secret, "cst_") || len(token.Scopes) != 1 {
		t.Fatal(token, err)
	}
	who, _, err := b.team.AuthenticateToken(ctx, secret)
	if err != nil || !who.May(policy.ReadAudit) || who.May(policy.ReadConversations) || who.Kind() != policy.TokenPrincipal || who.Workspace() != "main" {
		t.Fatal(who, err)
	}
	if err := b.team.RevokeToken(ctx, policy.ForToken("main", token.ID, token.Scopes), token.ID); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("revoked by a token: %v", err)
	}
	if err := b.team.RevokeToken(ctx, policy.ForAgent("other", "a", "l", policy.Owner), token.ID); !errors.Is(err, team.ErrNotFound) {
		t.Errorf("from another workspace: %v", err)
	}
	if err := b.team.RevokeToken(ctx, security, token.ID); err != nil {
		t.Fatal(err)
	}
	b.beat()
	for _, text := range []string{secret, secret[4:], "cst_", "", "cst_" + strings.Repeat("A", 43)} {
		if _, _, err := b.team.AuthenticateToken(ctx, text); !errors.Is(err, team.ErrRefused) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if created := b.store.records[len(b.store.records)-2]; created.Action != audit.TokenCreated || created.Detail["scopes"] != "audit.read" {
		t.Errorf("recorded %+v", created)
	}
}
