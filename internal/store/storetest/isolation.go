package storetest

import (
	"errors"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// isolationTests walk every method that names a workspace, as the workspace next
// door with ids that are right: it must find nothing, and change nothing.
var isolationTests = []test{
	{"another workspace finds nothing", func(h *House) {
		o := h.Verified("u-1")
		o.Attributes = []chat.Attribute{{Name: "plan", Provenance: chat.BySignature, Value: []byte(`"gold"`), At: h.Now}}
		g := h.Enter(o)
		posted := h.Post(with(h.Begin(g, "secret"), h.HandIn(g)))
		h.unsent = h.HandIn(g)
		token := team.Token{ID: h.ID("tok"), TokenHash: h.Hash(), Workspace: Main, Name: "t", CreatedAt: h.Now}
		h.must(h.DB.AddToken(h.ctx(), token, h.Draft(audit.TokenCreated, token.ID)))
		h.withFactors()
		h.registrations = []trust.Registration{h.NewRegistration(), h.waiting()}
		for name, nothing := range readsFromNextDoor(h, g, posted) {
			if !nothing() {
				h.Errorf("%s finds something", name)
			}
		}
		head, trail := h.Head(), len(h.Trail())
		for name, write := range writesFromNextDoor(h, g, posted, token) {
			if err := write(); !notFound(err) {
				h.Errorf("%s: %v", name, err)
			}
		}
		same(h, "the log", h.Head().Seq, head.Seq)
		same(h, "the epoch", h.Head().Epoch, head.Epoch)
		same(h, "the record", len(h.Trail()), trail)
		same(h, "the session", h.Stands(g.Token), policy.Stands)
		_, _, err := h.DB.LoginByToken(h.ctx(), h.Login.TokenHash, h.Now)
		h.must(err)
		_, err = h.DB.TokenByHash(h.ctx(), token.TokenHash, h.Now)
		h.must(err)
	}},
	{"the same person next door is another contact", func(h *House) {
		here := h.Enter(h.Verified("u-1"))
		channel := workspace.Channel{ID: h.ID("chn"), Workspace: Other, Slug: "next-door", Name: "x", Realm: Main,
			Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Observe}, CreatedAt: h.Now}
		h.must(h.DB.CreateChannel(h.ctx(), channel, audit.Draft{}))
		key := h.NewKey(channel, "active")
		o := h.Verified("u-1")
		o.Session.Workspace, o.Session.Channel, o.Verdict.Key = Other, channel.ID, key.ID
		o.Visitor.Workspace, o.Visitor.Channel = Other, channel.ID
		there := h.Enter(o)
		if there.Contact.ID == here.Contact.ID {
			h.Fatal("two workspaces share a contact")
		}
		same(h, "workspace", there.Contact.Workspace, Other)
		o = h.As(h.opening(policy.Verified, here.Visitor, false), "u-1")
		o.Session.Workspace, o.Session.Channel, o.Verdict.Key = Other, channel.ID, key.ID
		_, err := h.DB.OpenSession(h.ctx(), o)
		h.is(err, chat.ErrOtherPerson)
		o = h.Verified("u-1")
		o.Session.Workspace = Other // with the channel of the main one
		_, err = h.DB.OpenSession(h.ctx(), o)
		h.is(err, chat.ErrNotFound)
		o = h.Verified("u-1")
		o.Session.Workspace, o.Session.Channel = Other, channel.ID // with the key of the main one
		_, err = h.DB.OpenSession(h.ctx(), o)
		h.is(err, chat.ErrSessionEnded)
	}},
}

func notFound(err error) bool {
	for _, want := range []error{chat.ErrNotFound, team.ErrNotFound, team.ErrRefused, trust.ErrNotFound, trust.ErrNoCodes, trust.ErrNoRegistration, trust.ErrRegistrationRefused, workspace.ErrNotFound, chat.ErrSessionEnded} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// readsFromNextDoor say, each, whether they found nothing.
func readsFromNextDoor(h *House, g Guest, posted chat.Posted) map[string]func() bool {
	ctx, contact, conversation := h.ctx(), g.Contact.ID, posted.Conversation.ID
	empty := func(n int, err error) bool { return err == nil && n == 0 }
	missing := func(_ any, err error) bool { return notFound(err) }
	s := g.Session
	s.Workspace = Other
	file := posted.Message.Files[0].ID
	return map[string]func() bool{
		"VisitorAttachment": func() bool { return missing(h.DB.VisitorAttachment(ctx, s, file)) },
		"AgentAttachment":   func() bool { return missing(h.DB.AgentAttachment(ctx, Other, h.Owner.ID, file)) },
		"LinkedAttachment of a session": func() bool {
			return missing(h.DB.LinkedAttachment(ctx, chat.FileLink{Workspace: Other, File: file, Reader: chat.VisitorReads, Holder: s.ID}, h.Now))
		},
		"LinkedAttachment of a login": func() bool {
			return missing(h.DB.LinkedAttachment(ctx, chat.FileLink{Workspace: Other, File: file, Reader: chat.AgentReads, Holder: h.Login.ID}, h.Now))
		},
		"Channel":      func() bool { return missing(h.DB.Channel(ctx, Other, h.Channel.ID)) },
		"Channels":     func() bool { l, err := h.DB.Channels(ctx, Other); return empty(len(l), err) },
		"VisitorByID":  func() bool { return missing(h.DB.VisitorByID(ctx, Other, g.Visitor.ID, h.Now)) },
		"CodeSessions": func() bool { n, err := h.DB.CodeSessions(ctx, Other, h.Channel.ID, h.Now); return empty(n, err) },
		"Letters":      func() bool { l, err := h.DB.Letters(ctx, Other, 10); return empty(len(l), err) },
		"Ring":         func() bool { return missing(h.DB.Ring(ctx, Other, h.Channel.ID)) },
		"KeyChannel":   func() bool { return missing(h.DB.KeyChannel(ctx, Other, h.Key.ID)) },
		"KeyUses":      func() bool { l, err := h.DB.KeyUses(ctx, Other, h.Channel.ID); return empty(len(l), err) },
		"KeyNames":     func() bool { l, err := h.DB.KeyNames(ctx, Other, []string{h.Key.ID}); return empty(len(l), err) },
		"SweepStep":    func() bool { done, err := h.DB.SweepStep(ctx, Other, h.Key.ID); return err == nil && done },
		"LiveOrigins":  func() bool { l, err := h.DB.LiveOrigins(ctx, Other, h.Key.ID, h.Now); return empty(len(l), err) },
		"Findings": func() bool {
			l, err := h.DB.Findings(ctx, Other, h.Key.ID, trust.CutLink, "", 10)
			return empty(len(l), err)
		},
		"CountProved": func() bool {
			p, err := h.DB.CountProved(ctx, Other, h.Key.ID, h.Now.Add(-time.Hour))
			return err == nil && p == trust.Proved{}
		},
		"CountFindings": func() bool {
			c, err := h.DB.CountFindings(ctx, Other, h.Key.ID)
			return err == nil && c == trust.Cut{}
		},
		"LiveSessions":   func() bool { l, err := h.DB.LiveSessions(ctx, Other, h.Channel.ID, h.Now); return empty(len(l), err) },
		"Agent":          func() bool { return missing(h.DB.Agent(ctx, Other, h.Owner.ID)) },
		"Agents":         func() bool { l, err := h.DB.Agents(ctx, Other); return empty(len(l), err) },
		"OwnerOf":        func() bool { return missing(h.DB.OwnerOf(ctx, Other)) },
		"Logins":         func() bool { l, err := h.DB.Logins(ctx, Other, h.Owner.ID, h.Now); return empty(len(l), err) },
		"all Logins":     func() bool { l, err := h.DB.Logins(ctx, Other, "", h.Now); return empty(len(l), err) },
		"FactorRequired": func() bool { required, err := h.DB.FactorRequired(ctx, "nowhere"); return !required && notFound(err) },
		"Authenticator":  func() bool { return missing(h.DB.Authenticator(ctx, Other, h.Owner.ID)) },
		"Passkeys":       func() bool { l, err := h.DB.Passkeys(ctx, Other, h.Owner.ID); return empty(len(l), err) },
		"RecoveryLeft":   func() bool { n, err := h.DB.RecoveryLeft(ctx, Other, h.Owner.ID); return empty(n, err) },
		"HasWorkspace":   func() bool { there, err := h.DB.HasWorkspace(ctx, "nowhere"); return !there && err == nil },
		"Actors": func() bool {
			l, err := h.DB.Actors(ctx, Other, []string{"agent:" + h.Owner.ID})
			return empty(len(l), err)
		},
		"Tokens":         func() bool { l, err := h.DB.Tokens(ctx, Other); return empty(len(l), err) },
		"Entries":        func() bool { p, err := h.DB.Entries(ctx, Other, audit.Filter{}); return empty(len(p.Entries), err) },
		"SessionsOf":     func() bool { l, err := h.DB.SessionsOf(ctx, Other, contact, 10, h.Now); return empty(len(l), err) },
		"VisitorByToken": func() bool { return missing(h.DB.VisitorByToken(ctx, Other, g.Visitor.TokenHash, h.Now)) },
		"Returning": func() bool {
			_, _, err := h.DB.Returning(ctx, Other, g.Visitor.TokenHash, contact, h.Now)
			return errors.Is(err, chat.ErrNotFound)
		},
		"Conversations": func() bool {
			l, err := h.DB.Conversations(ctx, Other, contact, chat.Cursor{}, 10)
			return empty(len(l), err)
		},
		"Conversation":            func() bool { return missing(h.DB.Conversation(ctx, Other, contact, conversation)) },
		"Conversation for agents": func() bool { return missing(h.DB.Conversation(ctx, Other, "", conversation)) },
		"VisitorMessages": func() bool {
			l, err := h.DB.VisitorMessages(ctx, Other, contact, conversation, 0, 10)
			return empty(len(l), err)
		},
		"AgentMessages": func() bool { l, err := h.DB.AgentMessages(ctx, Other, conversation, 0, 10); return empty(len(l), err) },
		"AnonymousThreads": func() bool {
			l, err := h.DB.AnonymousThreads(ctx, Other, g.Visitor.ID, "")
			return empty(len(l), err)
		},
		"Inbox": func() bool { l, err := h.DB.Inbox(ctx, Other, chat.View{Limit: 10}); return empty(len(l), err) },
		"InboxCounts": func() bool {
			c, err := h.DB.InboxCounts(ctx, Other, h.Owner.ID)
			return err == nil && c == chat.Counts{}
		},
		"ConflictsOf":  func() bool { l, err := h.DB.ConflictsOf(ctx, Other, contact); return empty(len(l), err) },
		"SignedOnly":   func() bool { l, err := h.DB.SignedOnly(ctx, Other); return empty(len(l), err) },
		"Holdings":     func() bool { return missing(h.DB.Holdings(ctx, Other, contact)) },
		"HolderOf":     func() bool { return missing(h.DB.HolderOf(ctx, Other, h.Named("u-1"))) },
		"LogoutDenies": func() bool { denies, err := h.DB.LogoutDenies(ctx, Other, h.Channel.ID); return err == nil && !denies },
		"CountSessions": func() bool {
			n, err := h.DB.CountSessions(ctx, Other, chat.SessionFilter{Channel: h.Channel.ID}, 10, h.Now)
			return empty(n, err)
		},
		"CountSessions of a key": func() bool {
			n, err := h.DB.CountSessions(ctx, Other, chat.SessionFilter{Channel: h.Channel.ID, Key: h.Key.ID}, 10, h.Now)
			return empty(n, err)
		},
		"ChannelSessions": func() bool {
			l, _, err := h.DB.ChannelSessions(ctx, Other, chat.SessionFilter{Channel: h.Channel.ID, Key: h.Key.ID}, chat.Cursor{}, 10, h.Now)
			return empty(len(l), err)
		},
		"Expected": func() bool {
			c, denied, err := h.DB.Expected(ctx, Other, h.Named("u-1"), "", "digest")
			return err == nil && !denied && c.ID == ""
		},
		"Contact":       func() bool { return missing(h.DB.Contact(ctx, Other, contact)) },
		"Contacts":      func() bool { l, err := h.DB.Contacts(ctx, Other, []string{contact}); return empty(len(l), err) },
		"LinksOf":       func() bool { l, err := h.DB.LinksOf(ctx, Other, contact); return empty(len(l), err) },
		"AttributesOf":  func() bool { l, err := h.DB.AttributesOf(ctx, Other, []string{contact}); return empty(len(l), err) },
		"NamesOf":       func() bool { l, err := h.DB.NamesOf(ctx, Other, []string{contact}); return empty(len(l), err) },
		"VisitorEvents": func() bool { l, err := h.DB.VisitorEvents(ctx, Other, contact, 0, 10); return empty(len(l), err) },
		"Registrations": func() bool { l, err := h.DB.Registrations(ctx, Other); return empty(len(l), err) },
		"Registration":  func() bool { return missing(h.DB.Registration(ctx, Other, h.registrations[0].ID)) },
		"AgentEvents":   func() bool { l, err := h.DB.AgentEvents(ctx, Other, 0, 10); return empty(len(l), err) },
	}
}

// writesFromNextDoor must each answer that there is no such thing.
func writesFromNextDoor(h *House, g Guest, posted chat.Posted, token team.Token) map[string]func() error {
	ctx, contact, conversation, none := h.ctx(), g.Contact.ID, posted.Conversation.ID, audit.Draft{Workspace: Other, Action: audit.SessionEnded}
	closed := chat.Closed
	second := func(_ any, err error) error { return err }
	open, waits := h.registrations[0], h.registrations[1]
	file := h.Attachment(g)
	file.Workspace = Other
	return map[string]func() error{
		"BeginAttachment": func() error { return h.DB.BeginAttachment(ctx, file, g.Token, h.ample()) },
		"KeepAttachment": func() error {
			a := h.unsent
			a.Workspace = Other
			return h.DB.KeepAttachment(ctx, a, g.Token, h.ample())
		},
		"DiscardAttachment": func() error { return h.DB.DiscardAttachment(ctx, Other, h.unsent.ID) },
		"UpdateChannel": func() error {
			c := h.Channel
			c.Workspace = Other
			return h.DB.UpdateChannel(ctx, c, none)
		},
		"SetEnforcement": func() error {
			return second(h.DB.SetEnforcement(ctx, Other, workspace.EnforcementChange{Channel: h.Channel.ID, Platform: policy.Web, To: policy.Enforce}, h.Now, none))
		},
		"SetEmailCode": func() error { return second(h.DB.SetEmailCode(ctx, Other, h.Channel.ID, true, none)) },
		"PutCode": func() error {
			row, letter := h.code(trust.Asker{ID: g.Session.ID, Session: g.Session.ID, Workspace: Other, Channel: h.Channel.ID}, "ada")
			return h.DB.PutCode(ctx, row, trust.CodeLimits{}, letter)
		},
		"TryCode": func() error {
			asker := trust.Asker{ID: g.Session.ID, Session: g.Session.ID, Workspace: Other, Channel: h.Channel.ID}
			return h.DB.TryCode(ctx, asker, wrongQuota, func(trust.CodeRow, time.Time) bool { return true })
		},
		"SwapRing": func() error {
			return second(h.DB.SwapRing(ctx, trust.RingChange{Workspace: Other, Channel: h.Channel.ID, Version: 1, Silence: []string{h.Key.ID}}, h.Now))
		},
		"PutLink": func() error {
			return h.DB.PutLink(ctx, team.Link{TokenHash: h.Hash(), Workspace: Other, Agent: h.Owner.ID, ExpiresAt: h.Now.Add(time.Hour)}, none)
		},
		"SetRole":       func() error { return h.DB.SetRole(ctx, Other, h.Owner.ID, policy.AgentR, h.Now, none) },
		"RemoveAgent":   func() error { return h.DB.RemoveAgent(ctx, Other, h.Owner.ID, h.Now, none) },
		"RequireFactor": func() error { return h.DB.RequireFactor(ctx, "nowhere", true, h.Now, none) },
		"PutAuthenticator": func() error {
			return h.DB.PutAuthenticator(ctx, team.Authenticator{Agent: h.Owner.ID, Workspace: Other, Sealed: []byte{1}, CreatedAt: h.Now}, none)
		},
		"ConfirmAuthenticator": func() error {
			return second(h.DB.ConfirmAuthenticator(ctx, Other, h.Owner.ID, 1<<40, nil, h.Now, none))
		},
		"DropAuthenticator": func() error { return h.DB.DropAuthenticator(ctx, Other, h.Owner.ID, h.Now, none) },
		"AddPasskey": func() error {
			key := team.Passkey{ID: h.ID("psk"), Workspace: Other, Agent: h.Owner.ID, Credential: h.Hash(), CreatedAt: h.Now}
			return second(h.DB.AddPasskey(ctx, key, team.PasskeyUse{Challenge: h.Hash(), Until: h.Now.Add(time.Hour)}, nil, none))
		},
		"DropPasskey":  func() error { return h.DB.DropPasskey(ctx, Other, h.Owner.ID, "psk_house", h.Now, none) },
		"PutRecovery":  func() error { return h.DB.PutRecovery(ctx, Other, h.Owner.ID, [][]byte{h.Hash()}, none) },
		"ClearFactors": func() error { return h.DB.ClearFactors(ctx, Other, h.Owner.ID, h.Now, none) },
		"PutHalf": func() error {
			return h.DB.PutHalf(ctx, team.Half{TokenHash: h.Hash(), Workspace: Other, Agent: h.Owner.ID, ExpiresAt: h.Now.Add(time.Hour)})
		},
		"ConfirmLogin": func() error { return h.DB.ConfirmLogin(ctx, Other, h.Login.ID, h.Owner.Password, h.Now, none) },
		"ConfirmByPasskey": func() error {
			return h.DB.ConfirmByPasskey(ctx, h.Login.ID, team.PasskeyUse{ID: "psk_house", Workspace: Other, Agent: h.Owner.ID, Challenge: h.Hash(), Until: h.Now.Add(time.Hour)}, h.Now, none)
		},
		"SetPassword": func() error {
			return h.DB.SetPassword(ctx, Other, h.Owner.ID, h.Login.ID, h.Owner.Password, "new", h.Now, none)
		},
		"Enter": func() error {
			return h.DB.Enter(ctx, team.Entry{Login: team.Login{ID: h.ID("lgn"), TokenHash: h.Hash(), Workspace: Other, Agent: h.Owner.ID}, Password: h.Owner.Password}, none)
		},
		"UseRegistration": func() error {
			r := h.Arriving(open)
			r.Workspace = Other
			return h.DB.UseRegistration(ctx, r, none)
		},
		"ConfirmRegistration": func() error {
			r := waits
			r.Workspace = Other
			return h.DB.ConfirmRegistration(ctx, h.Confirming(r, none))
		},
		"RefuseRegistration": func() error { return h.DB.RefuseRegistration(ctx, Other, waits.ID, none) },
		"EndLogin":           func() error { return h.DB.EndLogin(ctx, Other, h.Login.ID, h.Now, none) },
		"RevokeToken":        func() error { return h.DB.RevokeToken(ctx, Other, token.ID, h.Now, none) },
		"EndSession":         func() error { return h.DB.EndSession(ctx, Other, g.Session.ID, h.Now, none) },
		"EndSessionsOf": func() error {
			return second(h.DB.EndSessionsOf(ctx, chat.SignOut{Workspace: Other, Contact: contact}, none))
		},
		"RefuseBare": func() error { return h.DB.RefuseBare(ctx, Other, contact, h.Now.Add(time.Hour), none) },
		"Release":    func() error { return second(h.DB.Release(ctx, Other, contact, h.Named("u-1"), none)) },
		"Erase":      func() error { return second(h.DB.Erase(ctx, Other, contact, none)) },
		"EndSessionsIn": func() error {
			return second(h.DB.EndSessionsIn(ctx, Other, chat.SessionFilter{Channel: h.Channel.ID}, none))
		},
		"SetLogoutDenies": func() error { return h.DB.SetLogoutDenies(ctx, Other, h.Channel.ID, true, none) },
		"DropAttribute": func() error {
			return h.DB.DropAttribute(ctx, chat.Attribute{Workspace: Other, Contact: contact, Name: "plan", Provenance: chat.BySignature}, policy.Authority{})
		},
		"LogOut": func() error {
			s := g.Session
			s.Workspace = Other
			return second(h.DB.LogOut(ctx, s, h.Now, none))
		},
		"SetBlocked": func() error { return second(h.DB.SetBlocked(ctx, Other, contact, true, h.Now, none)) },
		"SetAttribute": func() error {
			return h.DB.SetAttribute(ctx, chat.Attribute{Workspace: Other, Contact: contact, Name: "x", Provenance: chat.ByAgent, Value: []byte("1"), At: h.Now}, policy.Authority{})
		},
		"ClaimThread": func() error {
			s := g.Session
			s.Workspace = Other
			return second(h.DB.ClaimThread(ctx, chat.ThreadClaim{ID: h.ID("clm"), Session: s, Visitor: g.Visitor.ID, FromContact: contact, At: h.Now, Draft: none}))
		},
		"Post by a visitor": func() error {
			p := h.Say(g, conversation, "x")
			p.Message.Workspace = Other
			return second(h.DB.Post(ctx, p))
		},
		"Post by an agent": func() error {
			p := h.Reply(conversation, "x")
			p.Message.Workspace = Other
			return second(h.DB.Post(ctx, p))
		},
		"MarkRead by a visitor": func() error {
			return h.DB.MarkRead(ctx, chat.ReadMark{Workspace: Other, Conversation: conversation, Contact: contact, Side: chat.ByVisitor, Seq: 9999, TokenHash: g.Token, At: h.Now})
		},
		"MarkRead by an agent": func() error {
			return h.DB.MarkRead(ctx, chat.ReadMark{Workspace: Other, Conversation: conversation, Side: chat.ByTeam, Seq: 9999, Login: h.Login.ID, Agent: h.Owner.ID, At: h.Now})
		},
		"UpdateConversation": func() error {
			return second(h.DB.UpdateConversation(ctx, chat.Update{Workspace: Other, Conversation: conversation, Agent: h.Owner.ID, Login: h.Login.ID, Status: &closed, At: h.Now}))
		},
	}
}
