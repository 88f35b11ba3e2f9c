package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"countersign/internal/audit"
	"countersign/internal/team"
)

// withFactors gives the house's owner an authenticator app, a passkey and two codes.
func (h *House) withFactors() (codes [][]byte) {
	h.Helper()
	app := team.Authenticator{Agent: h.Owner.ID, Workspace: Main, Sealed: []byte{1, 2}, CreatedAt: h.Now}
	h.must(h.DB.PutAuthenticator(h.ctx(), app, h.Draft(audit.FactorBegun, h.Owner.ID)))
	codes = [][]byte{h.Hash(), h.Hash()}
	kept, err := h.DB.ConfirmAuthenticator(h.ctx(), Main, h.Owner.ID, 100, codes, h.Now, h.Draft(audit.FactorAdded, h.Owner.ID))
	h.must(err)
	same(h, "the first codes are kept", kept, true)
	key := team.Passkey{ID: "psk_house", Workspace: Main, Agent: h.Owner.ID, Name: "Laptop", Credential: []byte("house"), Site: "chat.example", Record: []byte("{}"), CreatedAt: h.Now}
	kept, err = h.DB.AddPasskey(h.ctx(), key, h.use(), [][]byte{h.Hash()}, h.Draft(audit.FactorAdded, h.Owner.ID))
	h.must(err)
	same(h, "the second ones are not", kept, false)
	return codes
}

func (h *House) use() team.PasskeyUse {
	return team.PasskeyUse{ID: "psk_house", Workspace: Main, Agent: h.Owner.ID, Record: []byte(`{"n":1}`), Challenge: h.Hash(), Until: h.Now.Add(time.Hour)}
}

func (h *House) newHalf() []byte {
	h.Helper()
	half := team.Half{TokenHash: h.Hash(), Workspace: Main, Agent: h.Owner.ID, Password: h.Owner.Password, ExpiresAt: h.Now.Add(5 * time.Minute)}
	h.must(h.DB.PutHalf(h.ctx(), half))
	return half.TokenHash
}

func (h *House) entry(change func(e *team.Entry)) team.Entry {
	e := team.Entry{Password: h.Owner.Password, Login: team.Login{ID: h.ID("lgn"), TokenHash: h.Hash(), Workspace: Main, Agent: h.Owner.ID,
		CreatedAt: h.Now, SeenAt: h.Now, ExpiresAt: h.Now.Add(time.Hour), ConfirmedAt: h.Now}}
	change(&e)
	return e
}

func (h *House) enter(change func(e *team.Entry)) error {
	e := h.entry(change)
	err := h.DB.Enter(h.ctx(), e, h.Draft(audit.AgentSignedIn, h.Owner.ID))
	_, _, there := h.DB.LoginByToken(h.ctx(), e.Login.TokenHash, h.Now)
	same(h, "a login is there", there == nil, err == nil)
	return err
}

var factorTests = []test{
	{"a password is half a sign-in once there is a second factor", func(h *House) {
		h.must(h.enter(func(*team.Entry) {}))
		h.withFactors()
		h.is(h.enter(func(*team.Entry) {}), team.ErrRefused)
		h.is(h.enter(func(e *team.Entry) { e.Half = h.newHalf() }), team.ErrRefused)
		h.is(h.enter(func(e *team.Entry) { e.Step = 101 }), team.ErrRefused)
		agent, err := h.DB.Agent(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "factors", agent.Factors, 2)
	}},
	{"what is shown for a login is used with it, once, and not at all if the login is not written", func(h *House) {
		codes := h.withFactors()
		half := h.newHalf()
		h.is(h.enter(func(e *team.Entry) { e.Half, e.Step = half, 100 }), team.ErrRefused) // spent when it was set up
		h.must(h.enter(func(e *team.Entry) { e.Half, e.Step = half, 101 }))
		h.is(h.enter(func(e *team.Entry) { e.Half, e.Step = half, 102 }), team.ErrRefused)
		half = h.newHalf()
		h.is(h.enter(func(e *team.Entry) { e.Half, e.Step = half, 101 }), team.ErrRefused)
		h.must(h.enter(func(e *team.Entry) { e.Half, e.Recovery = half, codes[0] }))
		h.is(h.enter(func(e *team.Entry) { e.Half, e.Recovery = h.newHalf(), codes[0] }), team.ErrRefused)
		h.is(h.enter(func(e *team.Entry) { e.Half, e.Recovery = h.newHalf(), h.Hash() }), team.ErrRefused)
		use := h.use()
		h.is(h.enter(func(e *team.Entry) { e.Passkey, e.Password = &use, "old" }), team.ErrRefused)
		h.must(h.enter(func(e *team.Entry) { e.Passkey = &use }))
		h.is(h.enter(func(e *team.Entry) { e.Passkey = &use }), team.ErrRefused)
		n, err := h.DB.RecoveryLeft(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "codes left", n, 1)
		keys, err := h.DB.Passkeys(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "the passkey's record", string(keys[0].Record), `{"n":1}`)
	}},
	{"of those who come with one code at once, one comes in", func(h *House) {
		codes := h.withFactors()
		second := h.Open(h)
		use := h.use()
		for name, show := range map[string]func(e *team.Entry){
			"app":      func(e *team.Entry) { e.Step = 200 },
			"recovery": func(e *team.Entry) { e.Recovery = codes[1] },
			"passkey":  func(e *team.Entry) { e.Passkey, e.Half = &use, nil },
		} {
			var in atomic.Int64
			var wait sync.WaitGroup
			for i := range 8 {
				db := h.DB
				if i%2 == 1 {
					db = second
				}
				half := h.newHalf()
				e := h.entry(func(e *team.Entry) { e.Half = half; show(e) })
				wait.Go(func() {
					switch err := db.Enter(h.ctx(), e, h.Draft(audit.AgentSignedIn, h.Owner.ID)); {
					case err == nil:
						in.Add(1)
					case !errors.Is(err, team.ErrRefused):
						h.Error(err)
					}
				})
			}
			wait.Wait()
			same(h, name+": came in", in.Load(), 1)
		}
	}},
	{"half a sign-in ends by its time, another password, another role and a reset", func(h *House) {
		h.withFactors()
		h.NewAgent("second@example.com", "owner")
		gone := func(half []byte) {
			h.Helper()
			_, _, err := h.DB.Half(h.ctx(), half, h.Now)
			h.is(err, team.ErrRefused)
			h.is(h.enter(func(e *team.Entry) { e.Half, e.Step = half, 1000 }), team.ErrRefused)
		}
		half := h.newHalf()
		_, _, err := h.DB.Half(h.ctx(), half, h.Now.Add(5*time.Minute))
		h.is(err, team.ErrRefused)
		_, agent, err := h.DB.Half(h.ctx(), half, h.Now)
		h.must(err)
		same(h, "whose", agent.ID, h.Owner.ID)
		h.must(h.DB.SetPassword(h.ctx(), Main, h.Owner.ID, h.Login.ID, h.Owner.Password, "new", h.Now, h.Draft(audit.PasswordChanged, h.Owner.ID)))
		h.Owner.Password = "new"
		gone(half)
		half = h.newHalf()
		h.must(h.DB.SetRole(h.ctx(), Main, h.Owner.ID, "security", h.Now, h.Draft(audit.AgentChanged, h.Owner.ID)))
		gone(half)
		half = h.newHalf()
		h.must(h.DB.ClearFactors(h.ctx(), Main, h.Owner.ID, h.Now, h.Draft(audit.FactorsReset, h.Owner.ID)))
		gone(half)
		_, _, err = h.DB.LoginByToken(h.ctx(), h.Login.TokenHash, h.Now)
		h.is(err, team.ErrRefused)
		_, _, err = h.DB.PasskeyByCredential(h.ctx(), []byte("house"))
		h.is(err, team.ErrNotFound)
	}},
	{"the last factor takes its recovery codes along, and everybody hears of it", func(h *House) {
		h.withFactors()
		head := h.Head()
		h.must(h.DB.DropAuthenticator(h.ctx(), Main, h.Owner.ID, h.Now, h.Draft(audit.FactorRemoved, h.Owner.ID)))
		n, err := h.DB.RecoveryLeft(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "codes while a passkey is left", n, 2)
		h.is(h.DB.DropAuthenticator(h.ctx(), Main, h.Owner.ID, h.Now, h.Draft(audit.FactorRemoved, h.Owner.ID)), team.ErrNotFound)
		h.must(h.DB.DropPasskey(h.ctx(), Main, h.Owner.ID, "psk_house", h.Now, h.Draft(audit.FactorRemoved, h.Owner.ID)))
		n, err = h.DB.RecoveryLeft(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "codes", n, 0)
		if h.Head().Epoch <= head.Epoch {
			h.Error("the epoch did not rise")
		}
		h.is(h.DB.PutRecovery(h.ctx(), Main, h.Owner.ID, [][]byte{h.Hash()}, h.Draft(audit.RecoveryMade, h.Owner.ID)), team.ErrNotFound)
	}},
	{"an authenticator counts from its first code, and is not replaced by another", func(h *House) {
		app := team.Authenticator{Agent: h.Owner.ID, Workspace: Main, Sealed: []byte{1}, CreatedAt: h.Now}
		h.must(h.DB.PutAuthenticator(h.ctx(), app, h.Draft(audit.FactorBegun, h.Owner.ID)))
		app.Sealed = []byte{2}
		h.must(h.DB.PutAuthenticator(h.ctx(), app, h.Draft(audit.FactorBegun, h.Owner.ID)))
		h.must(h.enter(func(*team.Entry) {}))
		_, err := h.DB.ConfirmAuthenticator(h.ctx(), Main, h.Owner.ID, 5, nil, h.Now, h.Draft(audit.FactorAdded, h.Owner.ID))
		h.must(err)
		_, err = h.DB.ConfirmAuthenticator(h.ctx(), Main, h.Owner.ID, 6, nil, h.Now, h.Draft(audit.FactorAdded, h.Owner.ID))
		h.is(err, team.ErrRefused)
		h.is(h.DB.PutAuthenticator(h.ctx(), app, h.Draft(audit.FactorBegun, h.Owner.ID)), team.ErrTaken)
		got, err := h.DB.Authenticator(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "the second secret", got.Sealed[0], 2)
	}},
	{"a credential is one agent's", func(h *House) {
		h.withFactors()
		other, _ := h.NewAgent("other@example.com", "agent")
		key := team.Passkey{ID: h.ID("psk"), Workspace: Main, Agent: other.ID, Credential: []byte("house"), Record: []byte("{}"), CreatedAt: h.Now}
		_, err := h.DB.AddPasskey(h.ctx(), key, team.PasskeyUse{Challenge: h.Hash(), Until: h.Now.Add(time.Hour)}, nil, h.Draft(audit.FactorAdded, other.ID))
		h.is(err, team.ErrTaken)
		use := h.use()
		use.Agent = other.ID
		h.is(h.enter(func(e *team.Entry) { e.Passkey = &use }), team.ErrRefused)
	}},
	{"tries find room or count nothing, however many come at once", func(h *House) {
		second := h.Open(h)
		tries := []team.Try{{Key: "code:x", Limit: 5, Window: time.Minute}, {Key: "net:x", Limit: 0, Window: time.Minute}}
		var room atomic.Int64
		var wait sync.WaitGroup
		for i := range 12 {
			db := h.DB
			if i%2 == 1 {
				db = second
			}
			wait.Go(func() {
				ok, err := db.CountTries(h.ctx(), tries, h.Now)
				if err != nil {
					h.Error(err)
				}
				if ok {
					room.Add(1)
				}
			})
		}
		wait.Wait()
		same(h, "found room", room.Load(), 5)
		n, err := h.DB.Failures(h.ctx(), "net:x", time.Minute, h.Now)
		h.must(err)
		same(h, "counted beside", n, 5)
		h.must(h.DB.ForgiveTries(h.ctx(), []string{"code:x", "net:x", "never"}, h.Now))
		ok, err := h.DB.CountTries(h.ctx(), tries, h.Now)
		h.must(err)
		same(h, "room again", ok, true)
		ok, err = h.DB.CountTries(h.ctx(), tries, h.Now.Add(time.Minute))
		h.must(err)
		same(h, "after the window", ok, true)
	}},
	{"the rule is the workspace's, and new ones ask", func(h *House) {
		h.must(h.DB.CreateWorkspace(h.ctx(), "third", "Third", h.Now))
		for workspace, want := range map[string]bool{Main: false, "third": true} {
			got, err := h.DB.FactorRequired(h.ctx(), workspace)
			h.must(err)
			same(h, workspace, got, want)
		}
		head := h.Head()
		h.must(h.DB.RequireFactor(h.ctx(), Main, true, h.Now, h.Draft(audit.FactorRuleSet, "")))
		_, agent, err := h.DB.LoginByToken(h.ctx(), h.Login.TokenHash, h.Now)
		h.must(err)
		same(h, "lacking", agent.Lacking(), true)
		if h.Head().Epoch <= head.Epoch {
			h.Error("the epoch did not rise")
		}
	}},
	{"a use of a token is noted, and the newest stays", func(h *House) {
		token := team.Token{ID: h.ID("tok"), TokenHash: h.Hash(), Workspace: Main, Name: "t", CreatedAt: h.Now}
		h.must(h.DB.AddToken(h.ctx(), token, h.Draft(audit.TokenCreated, token.ID)))
		h.must(h.DB.TouchToken(h.ctx(), Main, token.ID, "203.0.113.7", h.Now.Add(time.Minute)))
		h.must(h.DB.TouchToken(h.ctx(), Main, token.ID, "203.0.113.8", h.Now))
		h.must(h.DB.TouchToken(h.ctx(), Other, token.ID, "203.0.113.9", h.Now.Add(time.Hour)))
		got, err := h.DB.TokenByHash(h.ctx(), token.TokenHash, h.Now)
		h.must(err)
		same(h, "from", got.UsedFrom, "203.0.113.7")
	}},
}
