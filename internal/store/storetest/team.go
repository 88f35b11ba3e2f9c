package storetest

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/team"
)

func (h *House) invitation(email string, role policy.Role) (team.Agent, team.Link) {
	agent := team.Agent{ID: h.ID("agt"), Workspace: Main, Email: email, Role: role, CreatedAt: h.Now}
	return agent, team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: agent.ID, ExpiresAt: h.Now.Add(time.Hour)}
}

func (h *House) invite(email string, role policy.Role) (team.Agent, team.Link) {
	h.Helper()
	agent, link := h.invitation(email, role)
	h.must(h.DB.AddAgent(h.ctx(), agent, link, h.Draft(audit.AgentInvited, agent.ID)))
	return agent, link
}

var teamTests = []test{
	{"a link has one winner", func(h *House) {
		_, link := h.invite("bob@example.com", policy.AgentR)
		var won, refused atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := h.DB.UseLink(h.ctx(), link.TokenHash, team.Choice{Name: "Bob", Password: "$argon2id$"}, h.Now, h.Draft(audit.AgentJoined, link.Agent))
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, team.ErrRefused):
					refused.Add(1)
				default:
					h.Error(err)
				}
			})
		}
		wg.Wait()
		same(h, "won", won.Load(), 1)
		same(h, "refused", refused.Load(), 7)
		_, err := h.DB.LinkAgent(h.ctx(), link.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
	}},
	{"an expired, replaced or unknown link opens nothing", func(h *House) {
		agent, link := h.invite("bob@example.com", policy.AgentR)
		_, err := h.DB.UseLink(h.ctx(), link.TokenHash, team.Choice{Name: "x", Password: "x"}, link.ExpiresAt, h.Draft(audit.AgentJoined, ""))
		h.is(err, team.ErrRefused)
		got, err := h.DB.LinkAgent(h.ctx(), link.TokenHash, h.Now)
		h.must(err)
		same(h, "agent", got.ID, agent.ID)
		next := team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: agent.ID, ExpiresAt: h.Now.Add(time.Hour)}
		h.must(h.DB.PutLink(h.ctx(), next, h.Draft(audit.OwnerReset, agent.ID)))
		_, err = h.DB.UseLink(h.ctx(), link.TokenHash, team.Choice{Name: "x", Password: "x"}, h.Now, h.Draft(audit.AgentJoined, ""))
		h.is(err, team.ErrRefused)
		_, err = h.DB.UseLink(h.ctx(), h.Hash(), team.Choice{Name: "x", Password: "x"}, h.Now, h.Draft(audit.AgentJoined, ""))
		h.is(err, team.ErrRefused)
	}},
	{"an invitation that is asked for while its colleague joins does not take the account from them", func(h *House) {
		agent, link := h.invite("bob@example.com", policy.AgentR)
		_, err := h.DB.UseLink(h.ctx(), link.TokenHash, team.Choice{Name: "Bob", Password: "x"}, h.Now, h.Draft(audit.AgentJoined, agent.ID))
		h.must(err)
		again := team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: agent.ID, ExpiresAt: h.Now.Add(time.Hour)}
		h.is(h.DB.PutLink(h.ctx(), again, h.Draft(audit.AgentInvited, agent.ID)), team.ErrTaken)
		_, err = h.DB.LinkAgent(h.ctx(), again.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
	}},
	{"a link that was made for the role that was opens nothing", func(h *House) {
		agent, link := h.invite("bob@example.com", policy.AgentR)
		h.must(h.DB.SetRole(h.ctx(), Main, agent.ID, policy.Security, h.Now, h.Draft(audit.AgentChanged, agent.ID)))
		_, err := h.DB.LinkAgent(h.ctx(), link.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
		late := team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: agent.ID, Role: policy.AgentR, ExpiresAt: h.Now.Add(72 * time.Hour)}
		h.is(h.DB.PutLink(h.ctx(), late, h.Draft(audit.AgentInvited, agent.ID)), team.ErrTaken)
		late.Role = policy.Security
		h.must(h.DB.PutLink(h.ctx(), late, h.Draft(audit.AgentInvited, agent.ID)))
	}},
	{"a new password ends every login that the old one opened", func(h *House) {
		link := team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: h.Owner.ID, ExpiresAt: h.Now.Add(time.Hour)}
		h.must(h.DB.PutLink(h.ctx(), link, h.Draft(audit.OwnerReset, h.Owner.ID)))
		head := h.Head()
		_, err := h.DB.UseLink(h.ctx(), link.TokenHash, team.Choice{Name: "Ann", Password: "new"}, h.Now, h.Draft(audit.AgentJoined, h.Owner.ID))
		h.must(err)
		_, _, err = h.DB.LoginByToken(h.ctx(), h.Login.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
		if h.Head().Epoch <= head.Epoch {
			h.Fatal("the epoch did not rise")
		}
	}},
	{"a sign-in that read the old password opens nothing after a reset", func(h *House) {
		before := h.Owner.Password
		link := team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: h.Owner.ID, ExpiresAt: h.Now.Add(time.Hour)}
		h.must(h.DB.PutLink(h.ctx(), link, h.Draft(audit.OwnerReset, h.Owner.ID)))
		_, err := h.DB.UseLink(h.ctx(), link.TokenHash, team.Choice{Name: "Ann", Password: "new"}, h.Now, h.Draft(audit.AgentJoined, h.Owner.ID))
		h.must(err)
		login := team.Login{ID: h.ID("lgn"), TokenHash: h.Hash(), Workspace: Main, Agent: h.Owner.ID, CreatedAt: h.Now, SeenAt: h.Now, ExpiresAt: h.Now.Add(time.Hour)}
		for _, password := range []string{before, "", "other"} {
			h.is(h.DB.Enter(h.ctx(), team.Entry{Login: login, Password: password}, h.Draft(audit.AgentSignedIn, h.Owner.ID)), team.ErrRefused)
		}
		h.must(h.DB.Enter(h.ctx(), team.Entry{Login: login, Password: "new"}, h.Draft(audit.AgentSignedIn, h.Owner.ID)))
		late, _ := h.invite("late@example.com", policy.AgentR) // has no password, and no empty one either
		login = team.Login{ID: h.ID("lgn"), TokenHash: h.Hash(), Workspace: Main, Agent: late.ID, CreatedAt: h.Now, SeenAt: h.Now, ExpiresAt: h.Now.Add(time.Hour)}
		h.is(h.DB.Enter(h.ctx(), team.Entry{Login: login}, h.Draft(audit.AgentSignedIn, late.ID)), team.ErrRefused)
	}},
	{"an address is found in every workspace that has it", func(h *House) {
		agent := team.Agent{ID: h.ID("agt"), Workspace: Other, Email: h.Owner.Email, Role: policy.Admin, CreatedAt: h.Now.Add(-time.Hour)}
		link := team.Link{TokenHash: h.Hash(), Workspace: Other, Agent: agent.ID, ExpiresAt: h.Now.Add(time.Hour)}
		h.must(h.DB.AddAgent(h.ctx(), agent, link, audit.Draft{}))
		found, workspaces, err := h.DB.AgentsByEmail(h.ctx(), h.Owner.Email, 8)
		h.must(err)
		same(h, "agents", len(found), 2)
		same(h, "workspaces", workspaces, 2)
		same(h, "the oldest first", found[0].ID, agent.ID)
		found, _, err = h.DB.AgentsByEmail(h.ctx(), h.Owner.Email, 1)
		h.must(err)
		same(h, "no more than asked for", len(found), 1)
	}},
	{"only a first owner's link chooses an address, and no colleague's", func(h *House) {
		first, link := h.invite(team.FirstAddress, policy.Owner)
		_, other := h.invite("bob@example.com", policy.AgentR)
		choose := func(link team.Link, email string) error {
			_, err := h.DB.UseLink(h.ctx(), link.TokenHash, team.Choice{Name: "x", Password: "y", Email: email}, h.Now, h.Draft(audit.AgentJoined, ""))
			return err
		}
		h.is(choose(other, "eve@example.com"), team.ErrRefused)
		h.is(choose(link, h.Owner.Email), team.ErrTaken)
		h.must(choose(link, "ada@example.com"))
		agent, err := h.DB.Agent(h.ctx(), Main, first.ID)
		h.must(err)
		same(h, "address", agent.Email, "ada@example.com")
		again := team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: first.ID, ExpiresAt: h.Now.Add(time.Hour)}
		h.must(h.DB.PutLink(h.ctx(), again, h.Draft(audit.OwnerReset, first.ID)))
		h.is(choose(again, "eve@example.com"), team.ErrRefused)
		h.must(choose(again, ""))
		agent, err = h.DB.Agent(h.ctx(), Main, first.ID)
		h.must(err)
		same(h, "address after a reset", agent.Email, "ada@example.com")
	}},
	{"an address has one live agent in a workspace", func(h *House) {
		agent := team.Agent{ID: h.ID("agt"), Workspace: Main, Email: h.Owner.Email, Role: policy.Admin, CreatedAt: h.Now}
		link := team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: agent.ID, ExpiresAt: h.Now.Add(time.Hour)}
		h.is(h.DB.AddAgent(h.ctx(), agent, link, h.Draft(audit.AgentInvited, "")), team.ErrTaken)
		bob, _ := h.invite("bob@example.com", policy.AgentR)
		h.must(h.DB.RemoveAgent(h.ctx(), Main, bob.ID, h.Now, h.Draft(audit.AgentRemoved, bob.ID)))
		h.invite("bob@example.com", policy.AgentR)
	}},
	{"the last owner stays, with two who leave at once too", func(h *House) {
		h.is(h.DB.SetRole(h.ctx(), Main, h.Owner.ID, policy.Admin, h.Now, h.Draft(audit.AgentChanged, "")), team.ErrLastOwner)
		h.is(h.DB.RemoveAgent(h.ctx(), Main, h.Owner.ID, h.Now, h.Draft(audit.AgentRemoved, "")), team.ErrLastOwner)
		second, _ := h.NewAgent("second@example.com", policy.Owner)
		node := h.Open(h)
		var gone atomic.Int64
		var wg sync.WaitGroup
		wg.Go(func() {
			if h.DB.RemoveAgent(h.ctx(), Main, h.Owner.ID, h.Now, h.Draft(audit.AgentRemoved, "")) == nil {
				gone.Add(1)
			}
		})
		wg.Go(func() {
			if node.SetRole(h.ctx(), Main, second.ID, policy.Admin, h.Now, h.Draft(audit.AgentChanged, "")) == nil {
				gone.Add(1)
			}
		})
		wg.Wait()
		same(h, "left", gone.Load(), 1)
		_, err := h.DB.OwnerOf(h.ctx(), Main)
		h.must(err)
	}},
	{"a removed agent's login is dead and its nodes hear of it", func(h *House) {
		agent, login := h.NewAgent("bob@example.com", policy.Admin)
		_, got, err := h.DB.LoginByToken(h.ctx(), login.TokenHash, h.Now)
		h.must(err)
		same(h, "role", got.Role, policy.Admin)
		head := h.Head()
		h.must(h.DB.RemoveAgent(h.ctx(), Main, agent.ID, h.Now, h.Draft(audit.AgentRemoved, agent.ID)))
		_, _, err = h.DB.LoginByToken(h.ctx(), login.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
		found, _, err := h.DB.AgentsByEmail(h.ctx(), agent.Email, 8)
		h.must(err)
		same(h, "live agents of the address", len(found), 0)
		events := h.Events(head.Seq)
		same(h, "events", len(events), 2)
		same(h, "agent", events[1].Agent, agent.ID)
		same(h, "kind", events[1].Kind, event.AgentChanged)
	}},
	{"a link that was made for one role gives no other", func(h *House) {
		agent, link := h.invite("new@example.com", policy.AgentR)
		h.must(h.DB.SetRole(h.ctx(), Main, agent.ID, policy.Owner, h.Now, h.Draft(audit.AgentChanged, agent.ID)))
		_, err := h.DB.LinkAgent(h.ctx(), link.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
	}},
	{"a colleague who leaves or steps down leaves no token behind that may do more", func(h *House) {
		for name, c := range map[string]struct {
			take func(id string) error
			left []string
		}{
			"left": {func(id string) error {
				return h.DB.RemoveAgent(h.ctx(), Main, id, h.Now, h.Draft(audit.AgentRemoved, id))
			}, nil},
			"stepped down": {func(id string) error {
				return h.DB.SetRole(h.ctx(), Main, id, policy.AgentR, h.Now, h.Draft(audit.AgentChanged, id))
			}, []string{"channels"}},
		} {
			agent, _ := h.NewAgent(h.ID("x")+"@example.com", policy.Security)
			made := map[string]team.Token{}
			for label, scope := range map[string]policy.Right{"audit": policy.ReadAudit, "channels": policy.ReadChannels} {
				made[label] = team.Token{ID: h.ID("tok"), TokenHash: h.Hash(), Workspace: Main, Name: label, Scopes: []policy.Right{scope},
					CreatedBy: "agent:" + agent.ID, CreatedAt: h.Now}
				h.must(h.DB.AddToken(h.ctx(), made[label], h.Draft(audit.TokenCreated, made[label].ID)))
			}
			h.must(c.take(agent.ID))
			for label, token := range made {
				_, err := h.DB.TokenByHash(h.ctx(), token.TokenHash, h.Now)
				same(h, name+": "+label+" lives", err == nil, slices.Contains(c.left, label))
			}
		}
	}},
	{"a login ends by its hour and by hand", func(h *House) {
		_, _, err := h.DB.LoginByToken(h.ctx(), h.Login.TokenHash, h.Login.ExpiresAt)
		h.is(err, team.ErrRefused)
		later := h.Now.Add(time.Minute)
		h.must(h.DB.TouchLogin(h.ctx(), Main, h.Login.ID, later))
		login, _, err := h.DB.LoginByToken(h.ctx(), h.Login.TokenHash, h.Now)
		h.must(err)
		same(h, "seen", login.SeenAt.Equal(later), true)
		list, err := h.DB.Logins(h.ctx(), Main, h.Owner.ID, h.Now)
		h.must(err)
		same(h, "logins", len(list), 1)
		h.must(h.DB.EndLogin(h.ctx(), Main, h.Login.ID, h.Now, h.Draft(audit.AgentSignedOut, h.Owner.ID)))
		_, _, err = h.DB.LoginByToken(h.ctx(), h.Login.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
		head := h.Head()
		h.must(h.DB.EndLogin(h.ctx(), Main, h.Login.ID, h.Now, h.Draft(audit.AgentSignedOut, h.Owner.ID)))
		same(h, "again writes nothing", h.Head().Seq, head.Seq)
	}},
	{"wrong tries add up in a window, over nodes, and are forgotten after it", func(h *House) {
		second := h.Open(h)
		for i := range 4 {
			db := h.DB
			if i%2 == 1 {
				db = second
			}
			n, err := db.CountFailure(h.ctx(), "net:203.0.113.7", time.Minute, h.Now)
			h.must(err)
			same(h, "count", n, i+1)
		}
		n, err := h.DB.Failures(h.ctx(), "net:203.0.113.7", time.Minute, h.Now)
		h.must(err)
		same(h, "read", n, 4)
		n, err = h.DB.Failures(h.ctx(), "net:203.0.113.8", time.Minute, h.Now)
		h.must(err)
		same(h, "of another", n, 0)
		n, err = h.DB.Failures(h.ctx(), "net:203.0.113.7", time.Minute, h.Now.Add(time.Minute))
		h.must(err)
		same(h, "after the window", n, 0)
		n, err = h.DB.CountFailure(h.ctx(), "net:203.0.113.7", time.Minute, h.Now.Add(time.Minute))
		h.must(err)
		same(h, "anew", n, 1)
	}},
	{"a token is good until revoked or expired", func(h *House) {
		token := team.Token{ID: h.ID("tok"), TokenHash: h.Hash(), Workspace: Main, Name: "audit", Scopes: []policy.Right{policy.ReadAudit}, CreatedBy: h.Owner.ID, CreatedAt: h.Now, ExpiresAt: h.Now.Add(time.Hour)}
		h.must(h.DB.AddToken(h.ctx(), token, h.Draft(audit.TokenCreated, token.ID)))
		got, err := h.DB.TokenByHash(h.ctx(), token.TokenHash, h.Now)
		h.must(err)
		same(h, "scope", got.Scopes[0], policy.ReadAudit)
		_, err = h.DB.TokenByHash(h.ctx(), token.TokenHash, token.ExpiresAt)
		h.is(err, team.ErrRefused)
		head := h.Head()
		h.must(h.DB.RevokeToken(h.ctx(), Main, token.ID, h.Now, h.Draft(audit.TokenRevoked, token.ID)))
		_, err = h.DB.TokenByHash(h.ctx(), token.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
		same(h, "event", h.Events(head.Seq)[0].Session, token.ID)
		list, err := h.DB.Tokens(h.ctx(), Main)
		h.must(err)
		same(h, "listed", list[0].RevokedAt.Equal(h.Now), true)
	}},
}
