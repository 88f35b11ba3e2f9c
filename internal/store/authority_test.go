package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/history"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

func TestAWordThatNoLongerCountsChangesNothingSQLite(t *testing.T) { walkAuthority(t, sqlite) }

func TestAWordThatNoLongerCountsChangesNothingPostgres(t *testing.T) { walkAuthority(t, postgres) }

// walkAuthority makes every change in the name of somebody whose right went while the
// request was under way, and finds each refused and nothing changed.
func walkAuthority(t *testing.T, fresh func(testing.TB) storetest.Database) {
	h := storetest.NewHouse(t, fresh(t))
	w := &walk{House: h, guest: h.Enter(h.Verified("u-1"))}
	w.posted = h.Post(h.Begin(w.guest, "hello"))
	w.colleague, _ = h.NewAgent("colleague@example.com", policy.AgentR)
	w.token = w.newToken(time.Time{})
	w.waiting = h.Arriving(h.NewRegistration())
	w.must(h.DB.UseRegistration(t.Context(), w.waiting, h.Draft(audit.RegistrationUsed, w.waiting.ID)))

	agents := map[string]func(team.Agent, team.Login){
		"a login that was ended": func(_ team.Agent, l team.Login) {
			w.must(h.DB.EndLogin(t.Context(), storetest.Main, l.ID, h.Now, h.Draft(audit.AgentSignedOut, l.ID)))
		},
		"an agent who was removed": func(a team.Agent, _ team.Login) {
			w.must(h.DB.RemoveAgent(t.Context(), storetest.Main, a.ID, h.Now, h.Draft(audit.AgentRemoved, a.ID)))
		},
		"an agent who was demoted": func(a team.Agent, _ team.Login) {
			w.must(h.DB.SetRole(t.Context(), storetest.Main, a.ID, policy.Auditor, h.Now, h.Draft(audit.AgentChanged, a.ID)))
		},
	}
	for name, take := range agents {
		t.Run(name, func(t *testing.T) {
			agent, login := h.NewAgent(h.ID("x")+"@example.com", policy.Owner)
			who := policy.ForAgent(storetest.Main, agent.ID, login.ID, policy.Owner)
			w.allowed(t, who)
			take(agent, login)
			w.refused(t, who)
		})
	}
	t.Run("a login of nobody, and one of another agent", func(t *testing.T) {
		w.refused(t, policy.ForAgent(storetest.Main, h.Owner.ID, "", policy.Owner))
		w.refused(t, policy.ForAgent(storetest.Main, w.colleague.ID, h.Login.ID, policy.Owner))
	})
	t.Run("a token that was revoked", func(t *testing.T) {
		token := w.newToken(time.Time{})
		who := policy.ForToken(storetest.Main, token.ID, token.Scopes)
		w.allowed(t, who)
		w.must(h.DB.RevokeToken(t.Context(), storetest.Main, token.ID, h.Now, h.Draft(audit.TokenRevoked, token.ID)))
		w.refused(t, who)
	})
	t.Run("a token that expired, or never had the scope", func(t *testing.T) {
		expired := w.newToken(h.Now.Add(-time.Second))
		w.refused(t, policy.ForToken(storetest.Main, expired.ID, expired.Scopes))
		weak := w.newToken(time.Time{}, policy.ReadAudit)
		w.refused(t, policy.ForToken(storetest.Main, weak.ID, w.token.Scopes))
	})
	t.Run("a visitor", func(t *testing.T) { w.refused(t, policy.ForVisitor(storetest.Main, w.guest.Session.ID)) })
	t.Run("every method that writes for somebody is walked", func(t *testing.T) { w.complete(t) })
	t.Run("what says that an agent did it, and brings no word, is not written", func(t *testing.T) {
		draft := h.Draft(audit.AgentChanged, w.colleague.ID)
		draft.Actor = "agent:" + h.Owner.ID
		if err := h.DB.SetRole(t.Context(), storetest.Main, w.colleague.ID, policy.Admin, h.Now, draft); err == nil {
			t.Error("a change in an agent's name was written without asking for that agent's right")
		}
	})
	t.Run("an admin's settings, read before security was stricter, are not less strict again", func(t *testing.T) {
		admin, login := h.NewAgent("setter@example.com", policy.Admin)
		stale := h.NewChannel("raised")
		raised := stale
		raised.MinimumTier = policy.Verified
		w.must(h.DB.UpdateChannel(t.Context(), raised, h.Draft(audit.ChannelChanged, raised.ID)))
		who := policy.ForAgent(storetest.Main, admin.ID, login.ID, policy.Admin)
		draft := audit.Draft{By: who.Needing(policy.ManageChannels), Workspace: storetest.Main, Actor: who.Actor(), Action: audit.ChannelChanged, Channel: stale.ID}
		if err := h.DB.UpdateChannel(t.Context(), stale, draft); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("lowered: %v", err)
		}
		stale.MinimumTier = policy.Verified
		raised.LongestLife = time.Minute
		w.must(h.DB.UpdateChannel(t.Context(), raised, draft))
		if err := h.DB.UpdateChannel(t.Context(), stale, draft); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("lengthened: %v", err)
		}
	})
	t.Run("an owner from whom a second factor is asked meanwhile reaches no key and nobody", func(t *testing.T) {
		owner, login := h.NewAgent("lacking@example.com", policy.Owner)
		who := policy.ForAgent(storetest.Main, owner.ID, login.ID, policy.Owner)
		w.must(h.DB.RequireFactor(t.Context(), storetest.Main, true, h.Now, h.Draft(audit.FactorRuleSet, "")))
		changes := w.changes(who)
		for _, name := range []string{"AddToken", "RevokeToken", "AddRegistration", "ConfirmRegistration", "RefuseRegistration", "SwapRing", "Spend", "SetEnforcement", "AddAgent", "SetRole", "RemoveAgent", "PutLink", "ClearFactors", "RequireFactor"} {
			if err := changes[name](); !errors.Is(err, policy.ErrForbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := changes["SetAttribute"](); err != nil {
			t.Errorf("and does not answer people either: %v", err)
		}
		w.must(h.DB.RequireFactor(t.Context(), storetest.Main, false, h.Now, h.Draft(audit.FactorRuleSet, "")))
	})
	t.Run("a role that rose meanwhile is not taken by who could not give it", func(t *testing.T) {
		admin, login := h.NewAgent("admin@example.com", policy.Admin)
		second, _ := h.NewAgent("second@example.com", policy.Owner)
		draft := h.Draft(audit.AgentRemoved, second.ID)
		draft.By = policy.ForAgent(storetest.Main, admin.ID, login.ID, policy.Admin).Needing(policy.ManageTeam)
		if err := h.DB.RemoveAgent(t.Context(), storetest.Main, second.ID, h.Now, draft); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("an admin removes an owner: %v", err)
		}
		link := team.Link{TokenHash: w.Hash(), Workspace: storetest.Main, Agent: second.ID, ExpiresAt: h.Now.Add(time.Hour)}
		if err := h.DB.PutLink(t.Context(), link, draft); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("an admin makes an owner's link: %v", err)
		}
	})
}

type walk struct {
	*storetest.House
	guest     storetest.Guest
	posted    chat.Posted
	colleague team.Agent
	token     team.Token
	waiting   trust.Registration
}

func (w *walk) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *walk) newToken(expires time.Time, scopes ...policy.Right) team.Token {
	w.Helper()
	if len(scopes) == 0 {
		scopes = policy.RightsOf(policy.Owner)
	}
	token := team.Token{ID: w.ID("tok"), TokenHash: w.Hash(), Workspace: storetest.Main, Name: "t", Scopes: scopes, CreatedAt: w.Now, ExpiresAt: expires}
	w.must(w.DB.AddToken(w.Context(), token, w.Draft(audit.TokenCreated, token.ID)))
	return token
}

// allowed: while the word counts it changes something, so that a refusal means what it says.
func (w *walk) allowed(t *testing.T, who policy.Principal) {
	t.Helper()
	if err := w.changes(who)["Record"](); err != nil {
		t.Fatalf("before: %v", err)
	}
	if err := w.changes(who)["SetAttribute"](); err != nil {
		t.Fatalf("before: %v", err)
	}
}

func (w *walk) refused(t *testing.T, who policy.Principal) {
	t.Helper()
	head, trail := w.Head(), len(w.Trail())
	for name, change := range w.changes(who) {
		if err := change(); !errors.Is(err, policy.ErrForbidden) && !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now := w.Head(); now.Seq != head.Seq || now.Epoch != head.Epoch || len(w.Trail()) != trail {
		t.Errorf("something changed: %+v, was %+v; %d entries, were %d", now, head, len(w.Trail()), trail)
	}
}

// changes :: method of the store → that change in the name of who.
func (w *walk) changes(who policy.Principal) map[string]func() error {
	ctx, db, main := w.Context(), w.DB, storetest.Main
	closed := chat.Closed
	by := func(right policy.Right) audit.Draft {
		return audit.Draft{By: who.Needing(right), Workspace: main, Actor: who.Actor(), Action: audit.AgentChanged, Subject: "x"}
	}
	second := func(_ any, err error) error { return err }
	return map[string]func() error{
		"Record":       func() error { return db.Record(ctx, by(policy.ManageKeys)) },
		"MarkExported": func() error { return db.MarkExported(ctx, 1, by(policy.ManageKeys)) },
		"PutCut":       func() error { return db.PutCut(ctx, audit.Cut{}, audit.Cut{}, by(policy.ManageKeys)) },
		"AddAgent": func() error {
			agent := team.Agent{ID: w.ID("agt"), Workspace: main, Email: w.ID("x") + "@example.com", Role: policy.AgentR, CreatedAt: w.Now}
			return db.AddAgent(ctx, agent, team.Link{TokenHash: w.Hash(), Workspace: main, Agent: agent.ID, ExpiresAt: w.Now.Add(time.Hour)}, by(policy.ManageTeam))
		},
		"PutLink": func() error {
			return db.PutLink(ctx, team.Link{TokenHash: w.Hash(), Workspace: main, Agent: w.colleague.ID, ExpiresAt: w.Now.Add(time.Hour)}, by(policy.ManageTeam))
		},
		"SetRole":       func() error { return db.SetRole(ctx, main, w.colleague.ID, policy.Admin, w.Now, by(policy.ManageTeam)) },
		"RemoveAgent":   func() error { return db.RemoveAgent(ctx, main, w.colleague.ID, w.Now, by(policy.ManageTeam)) },
		"RequireFactor": func() error { return db.RequireFactor(ctx, main, true, w.Now, by(policy.ManageTeam)) },
		"PutAuthenticator": func() error {
			return db.PutAuthenticator(ctx, team.Authenticator{Agent: w.Owner.ID, Workspace: main, Sealed: []byte{1}, CreatedAt: w.Now}, by(policy.ManageTeam))
		},
		"ConfirmAuthenticator": func() error {
			return second(db.ConfirmAuthenticator(ctx, main, w.Owner.ID, 7, nil, w.Now, by(policy.ManageTeam)))
		},
		"DropAuthenticator": func() error { return db.DropAuthenticator(ctx, main, w.Owner.ID, w.Now, by(policy.ManageTeam)) },
		"AddPasskey": func() error {
			key := team.Passkey{ID: w.ID("psk"), Workspace: main, Agent: w.Owner.ID, Credential: w.Hash(), CreatedAt: w.Now}
			return second(db.AddPasskey(ctx, key, team.PasskeyUse{Challenge: w.Hash(), Until: w.Now.Add(time.Hour)}, nil, by(policy.ManageTeam)))
		},
		"DropPasskey":  func() error { return db.DropPasskey(ctx, main, w.Owner.ID, "psk_1", w.Now, by(policy.ManageTeam)) },
		"PutRecovery":  func() error { return db.PutRecovery(ctx, main, w.Owner.ID, nil, by(policy.ManageTeam)) },
		"ClearFactors": func() error { return db.ClearFactors(ctx, main, w.colleague.ID, w.Now, by(policy.ManageTeam)) },
		"ConfirmByPasskey": func() error {
			return db.ConfirmByPasskey(ctx, w.Login.ID, team.PasskeyUse{Workspace: main, Agent: w.Owner.ID}, w.Now, by(policy.ManageTeam))
		},
		"SetPassword": func() error {
			return db.SetPassword(ctx, main, w.Owner.ID, w.Login.ID, w.Owner.Password, "new", w.Now, by(policy.ManageTeam))
		},
		"ConfirmLogin": func() error {
			return db.ConfirmLogin(ctx, main, w.Login.ID, w.Owner.Password, w.Now, by(policy.ManageTeam))
		},
		"EndLogin": func() error { return db.EndLogin(ctx, main, w.Login.ID, w.Now, by(policy.ManageTeam)) },
		"AddToken": func() error {
			return db.AddToken(ctx, team.Token{ID: w.ID("tok"), TokenHash: w.Hash(), Workspace: main, Name: "t", CreatedAt: w.Now}, by(policy.ManageTokens))
		},
		"AddRegistration": func() error {
			r := trust.Registration{ID: w.ID("reg"), Workspace: main, TokenHash: w.Hash(), CreatedBy: who.Actor(), CreatedAt: w.Now, ExpiresAt: w.Now.Add(time.Minute)}
			return db.AddRegistration(ctx, r, by(policy.ManageKeys))
		},
		"ConfirmRegistration": func() error { return db.ConfirmRegistration(ctx, w.Confirming(w.waiting, by(policy.ManageKeys))) },
		"RefuseRegistration":  func() error { return db.RefuseRegistration(ctx, main, w.waiting.ID, by(policy.ManageKeys)) },
		"RevokeToken":         func() error { return db.RevokeToken(ctx, main, w.token.ID, w.Now, by(policy.ManageTokens)) },
		"CreateChannel": func() error {
			channel := w.Channel
			channel.ID, channel.Slug, channel.Aliases = w.ID("chn"), w.ID("s"), nil
			return db.CreateChannel(ctx, channel, by(policy.ManageChannels))
		},
		"UpdateChannel": func() error { return db.UpdateChannel(ctx, w.Channel, by(policy.ManageChannels)) },
		"IgnoreDomain": func() error {
			return db.IgnoreDomain(ctx, main, w.Channel.ID, "https://nowhere.example", w.Now, by(policy.ManageChannels))
		},
		"SetEmailCode": func() error {
			return second(db.SetEmailCode(ctx, main, w.Channel.ID, true, by(policy.SetEnforcement)))
		},
		"SetEnforcement": func() error {
			return second(db.SetEnforcement(ctx, main, workspace.EnforcementChange{Channel: w.Channel.ID, Platform: policy.Web, To: policy.Enforce}, w.Now, by(policy.SetEnforcement)))
		},
		"SwapRing": func() error {
			ring, err := db.Ring(ctx, main, w.Channel.ID)
			if err != nil {
				return err
			}
			change := trust.RingChange{Workspace: main, Channel: w.Channel.ID, Version: ring.Version, Keys: ring.Keys, Silence: []string{w.Key.ID}}
			change.Drafts = []audit.Draft{by(policy.ManageKeys)}
			return second(db.SwapRing(ctx, change, w.Now))
		},
		"Import": func() error {
			return second(db.Import(ctx, history.Batch{
				Target: history.Target{Workspace: main, Channel: w.Channel.ID, Realm: main, Source: "csv"}, By: by(policy.ManagePeople),
				People: []history.Kept{{Person: history.Person{External: w.ID("x")}, Source: "csv"}},
			}))
		},
		"Spend": func() error {
			return db.Spend(ctx, trust.Spend{Name: "x", Limit: 1000, Window: time.Hour}, by(policy.RevealKeys))
		},
		"SetBlocked": func() error {
			return second(db.SetBlocked(ctx, main, w.guest.Contact.ID, true, w.Now, by(policy.ManagePeople)))
		},
		"EndSession": func() error { return db.EndSession(ctx, main, w.guest.Session.ID, w.Now, by(policy.ManagePeople)) },
		"EndSessionsOf": func() error {
			return second(db.EndSessionsOf(ctx, chat.SignOut{Workspace: main, Contact: w.guest.Contact.ID}, by(policy.ManagePeople)))
		},
		"Vouch": func() error { return db.Vouch(ctx, by(policy.ManagePeople).By) },
		"RefuseBare": func() error {
			return db.RefuseBare(ctx, main, w.guest.Contact.ID, w.Now.Add(time.Hour), by(policy.ManagePeople))
		},
		"Release": func() error {
			return second(db.Release(ctx, main, w.guest.Contact.ID, w.Named("u-1"), by(policy.ManagePeople)))
		},
		"SetSignedOnly": func() error {
			return db.SetSignedOnly(ctx, main, chat.SignedName{Name: "plan", At: w.Now}, true, by(policy.ManageChannels))
		},
		"EndSessionsIn": func() error {
			return second(db.EndSessionsIn(ctx, main, chat.SessionFilter{Channel: w.Channel.ID}, by(policy.ManagePeople)))
		},
		"SetLogoutDenies": func() error { return db.SetLogoutDenies(ctx, main, w.Channel.ID, true, by(policy.ManageChannels)) },
		"Erase":           func() error { return second(db.Erase(ctx, main, w.guest.Contact.ID, by(policy.ErasePeople))) },
		"DropAttribute": func() error {
			a := chat.Attribute{Workspace: main, Contact: w.guest.Contact.ID, Name: "plan", Provenance: chat.ByAgent}
			return db.DropAttribute(ctx, a, who.Needing(policy.ReplyConversations))
		},
		"SetAttribute": func() error {
			a := chat.Attribute{Workspace: main, Contact: w.guest.Contact.ID, Name: "plan", Provenance: chat.ByAgent, Value: []byte("1"), At: w.Now}
			return db.SetAttribute(ctx, a, who.Needing(policy.ReplyConversations))
		},
		"Post": func() error {
			p := w.Reply(w.posted.Conversation.ID, "x")
			p.Login, p.Message.AuthorID = who.Login(), who.ID()
			return second(db.Post(ctx, p))
		},
		"MarkRead": func() error {
			return db.MarkRead(ctx, chat.ReadMark{
				Workspace: main, Conversation: w.posted.Conversation.ID, Side: chat.ByTeam, Seq: w.posted.Message.Seq, Login: who.Login(), Agent: who.ID(), At: w.Now,
			})
		},
		"UpdateConversation": func() error {
			return second(db.UpdateConversation(ctx, chat.Update{Workspace: main, Conversation: w.posted.Conversation.ID, Agent: who.ID(), Login: who.Login(), Status: &closed, At: w.Now}))
		},
	}
}

// complete finds methods that take a record, a word or a login, and are not walked.
func (w *walk) complete(t *testing.T) {
	// :: method → whose word it takes instead
	others := map[string]string{
		"UseLink": "the link's",
		"Enter":   "the password's, or the passkey's",
		"LogOut":  "the visitor's own session's",

		"UseRegistration": "the registration token's, and its maker's",
		"ClaimThread":     "the visitor's own session's",
		"SwapRoot":        "this package's tests'",
	}
	takes := []reflect.Type{
		reflect.TypeFor[audit.Draft](), reflect.TypeFor[[]audit.Draft](), reflect.TypeFor[policy.Authority](), reflect.TypeFor[trust.RingChange](),
		reflect.TypeFor[trust.Confirmation](), reflect.TypeFor[chat.Post](), reflect.TypeFor[chat.Update](), reflect.TypeFor[chat.ReadMark](), reflect.TypeFor[chat.ThreadClaim](), reflect.TypeFor[history.Batch](),
	}
	walked, db := w.changes(policy.Principal{}), reflect.TypeFor[*store.DB]()
	for method := range db.Methods() {
		for i := range method.Type.NumIn() {
			for _, word := range takes {
				if method.Type.In(i) == word && walked[method.Name] == nil && others[method.Name] == "" {
					t.Errorf("%s changes something in somebody's name: walk it here", method.Name)
				}
			}
		}
	}
}
