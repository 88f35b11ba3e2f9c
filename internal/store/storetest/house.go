// Package storetest is what every engine must pass. It speaks to a store as the
// rooms do, through their interfaces, and needs nothing but a way to open one
// database, several times if asked: each time is another node.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/store"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// Database opens the same fresh database each time it is called; the test closes it.
type Database func(t testing.TB) *store.DB

// Run runs the suite; each test has a database of its own.
func Run(t *testing.T, fresh func(t testing.TB) Database) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"workspace", workspaceTests}, {"schema", schemaTests}, {"ring", ringTests}, {"proofs", proofTests}, {"sweep", sweepTests}, {"team", teamTests}, {"factor", factorTests}, {"session", sessionTests},
		{"thread", threadTests}, {"claim", claimTests}, {"files", fileTests}, {"import", importTests}, {"people", peopleTests}, {"inbox", inboxTests}, {"log", logTests}, {"record", recordTests}, {"mail", mailTests}, {"isolation", isolationTests}, {"arrivals", arrivalTests}, {"registration", registrationTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) { test.run(NewHouse(t, fresh(t))) })
			}
		})
	}
}

type test struct {
	name string
	run  func(h *House)
}

// House is a database with a workspace, a channel in observe, an active key, and
// an owner who is signed in.
type House struct {
	testing.TB
	Open    Database
	DB      *store.DB
	Now     time.Time // the database's clock when the house was built
	Channel workspace.Channel
	Key     trust.KeyRow
	Owner   team.Agent
	Login   team.Login
	serial  atomic.Int64

	foretold *trust.Proved // of the sweep that comes next

	unsent chat.Attachment // a file that nobody has sent, for who comes from next door

	registrations []trust.Registration // an open one and one that waits, for who comes from next door
}

// Main is the workspace of a house, Other the one next door.
const (
	Main  = "main"
	Other = "other"
)

// NewHouse builds one.
func NewHouse(t testing.TB, open Database) *House {
	t.Helper()
	h := &House{TB: t, Open: open, DB: open(t)}
	now, err := h.DB.Now(h.Context())
	h.must(err)
	h.Now = now
	h.must(h.DB.CreateWorkspace(h.Context(), Main, "Main", h.Now))
	h.must(h.DB.CreateWorkspace(h.Context(), Other, "Other", h.Now))
	for _, workspace := range []string{Main, Other} { // the tests of second factors ask for them
		h.must(h.DB.RequireFactor(h.Context(), workspace, false, h.Now, audit.Draft{}))
	}
	h.Channel = h.NewChannel("shop")
	h.Key = h.NewKey(h.Channel, "active")
	h.Owner, h.Login = h.NewAgent("owner@example.com", policy.Owner)
	return h
}

func (h *House) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *House) is(err, want error) {
	h.Helper()
	if !errors.Is(err, want) {
		h.Fatalf("got %v, want %v", err, want)
	}
}

func same[T comparable](h *House, what string, got, want T) {
	h.Helper()
	if got != want {
		h.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// ID makes an id that no other has.
func (h *House) ID(prefix string) string { return event.NewID(prefix, h.Now) }

// Hash is a token's hash that no other has.
func (h *House) Hash() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", h.Name(), h.serial.Add(1)))
	return sum[:]
}

// Draft is an audit draft of the main workspace.
func (h *House) Draft(action audit.Action, subject string) audit.Draft {
	return audit.Draft{Workspace: Main, Actor: "test", Action: action, Subject: subject}
}

// NewChannel makes one in observe, with an alias.
func (h *House) NewChannel(slug string) workspace.Channel {
	h.Helper()
	channel := workspace.Channel{
		ID: h.ID("chn"), Workspace: Main, Slug: slug, Aliases: []string{slug + "-alias"}, Name: "The " + slug, Realm: Main,
		Platforms:  map[policy.Platform]policy.Enforcement{policy.Web: policy.Observe, policy.IOS: policy.Observe},
		Since:      map[policy.Platform]time.Time{policy.Web: h.Now, policy.IOS: h.Now},
		Origins:    []string{"https://" + slug + ".example"},
		Appearance: workspace.Appearance{Accent: "#123456", Team: "Team", Greeting: "Hello"},
		CreatedAt:  h.Now,
	}
	h.must(h.DB.CreateChannel(h.Context(), channel, h.Draft(audit.ChannelCreated, channel.ID)))
	return channel
}

// KeyRow is a key of a channel, not stored yet.
func (h *House) KeyRow(channel workspace.Channel, state string) trust.KeyRow {
	id := h.ID("key")
	return trust.KeyRow{
		ID: id, Workspace: channel.Workspace, Channel: channel.ID, Name: "Key", State: state, Dialect: "native", Proof: "hash", Signs: "user_id",
		Platforms: []policy.Platform{policy.Web}, Realm: channel.Realm, Fingerprint: "fp-" + id, Sealed: []byte{1, 2, 3}, Reveal: "once",
		CreatedBy: "test", CreatedAt: h.Now,
	}
}

// NewKey adds a key to the channel's ring.
func (h *House) NewKey(channel workspace.Channel, state string) trust.KeyRow {
	h.Helper()
	ring, err := h.DB.Ring(h.Context(), channel.Workspace, channel.ID)
	h.must(err)
	key := h.KeyRow(channel, state)
	_, err = h.DB.SwapRing(h.Context(), trust.RingChange{
		Workspace: channel.Workspace, Channel: channel.ID, Version: ring.Version, Keys: append(ring.Keys, key),
		Drafts: []audit.Draft{h.Draft(audit.KeyGenerated, key.ID)},
	}, h.Now)
	h.must(err)
	return key
}

// ChangeKey swaps the ring with one key changed.
func (h *House) ChangeKey(id string, change func(k *trust.KeyRow), silence ...string) int {
	h.Helper()
	ring, err := h.DB.Ring(h.Context(), Main, h.Channel.ID)
	h.must(err)
	for i := range ring.Keys {
		if ring.Keys[i].ID == id {
			change(&ring.Keys[i])
		}
	}
	n, err := h.DB.SwapRing(h.Context(), trust.RingChange{
		Workspace: Main, Channel: h.Channel.ID, Version: ring.Version, Keys: ring.Keys, Silence: silence,
	}, h.Now)
	h.must(err)
	return n
}

// NewAgent is an agent who has used the link and signed in.
func (h *House) NewAgent(email string, role policy.Role) (team.Agent, team.Login) {
	h.Helper()
	agent := team.Agent{ID: h.ID("agt"), Workspace: Main, Email: email, Name: "Ann", Role: role, CreatedAt: h.Now}
	link := team.Link{TokenHash: h.Hash(), Workspace: Main, Agent: agent.ID, ExpiresAt: h.Now.Add(time.Hour)}
	h.must(h.DB.AddAgent(h.Context(), agent, link, h.Draft(audit.AgentInvited, agent.ID)))
	agent, err := h.DB.UseLink(h.Context(), link.TokenHash, team.Choice{Name: "Ann", Password: "$argon2id$"}, h.Now, h.Draft(audit.AgentJoined, agent.ID))
	h.must(err)
	login := team.Login{ID: h.ID("lgn"), TokenHash: h.Hash(), Workspace: Main, Agent: agent.ID, UserAgent: "test", CreatedAt: h.Now, SeenAt: h.Now, ExpiresAt: h.Now.Add(12 * time.Hour)}
	h.must(h.DB.Enter(h.Context(), team.Entry{Login: login, Password: agent.Password}, h.Draft(audit.AgentSignedIn, agent.ID)))
	return agent, login
}

// Visitor is a new browser, not stored yet.
func (h *House) Visitor() chat.Visitor {
	return chat.Visitor{ID: h.ID("vis"), Workspace: Main, Channel: h.Channel.ID, TokenHash: h.Hash(), CreatedAt: h.Now, SeenAt: h.Now, ExpiresAt: h.Now.Add(90 * 24 * time.Hour)}
}

func (h *House) opening(tier policy.Tier, visitor chat.Visitor, fresh bool) chat.Opening {
	id := h.ID("ses")
	return chat.Opening{
		Session: chat.Session{
			ID: id, Workspace: Main, Channel: h.Channel.ID, Realm: Main, Platform: policy.Web, Dialect: "native", Visitor: visitor.ID,
			Lane: "lane-" + string(tier), CreatedAt: h.Now, SeenAt: h.Now, ExpiresAt: h.Now.Add(time.Hour), Absolute: h.Now.Add(30 * 24 * time.Hour),
		},
		TokenHash: h.Hash(), Verdict: chat.Record{Tier: tier}, Visitor: visitor, NewVisitor: fresh,
		Contact: chat.Contact{ID: h.ID("con"), Workspace: Main, Realm: Main, CreatedAt: h.Now, SeenAt: h.Now},
	}
}

// Verified is an opening of a person who proved a user id by the house's key.
func (h *House) Verified(user string) chat.Opening {
	o := h.opening(policy.Verified, h.Visitor(), true)
	return h.As(o, user)
}

// Named is the identifier of a user id.
func (h *House) Named(user string) identity.Identifier {
	return identity.Identifier{Realm: Main, Kind: identity.KindUserID, Value: user}
}

// As makes an opening that of a proved person.
func (h *House) As(o chat.Opening, user string, more ...identity.Identifier) chat.Opening {
	who := append([]identity.Identifier{{Realm: Main, Kind: identity.KindUserID, Value: user}}, more...)
	o.Verdict = chat.Record{Tier: policy.Verified, Method: identity.MethodHMAC, Key: h.Key.ID, Identifiers: who}
	o.Contact.Kind, o.Links = chat.VerifiedContact, nil
	for _, i := range who {
		o.Links = append(o.Links, chat.Link{Workspace: Main, Identifier: i, Method: identity.MethodHMAC, Key: h.Key.ID, At: h.Now})
	}
	return o
}

// Claimed is an opening of somebody who says who they are.
func (h *House) Claimed(claim string) chat.Opening {
	o := h.opening(policy.Claimed, h.Visitor(), true)
	o.Contact.Kind, o.Contact.Scope = chat.ClaimedContact, "claim:"+o.Visitor.ID+":"+claim
	return o
}

// Anonymous is an opening of a browser that claims nobody.
func (h *House) Anonymous(visitor chat.Visitor, fresh bool) chat.Opening {
	o := h.opening(policy.Anonymous, visitor, fresh)
	o.Contact.Kind, o.Contact.Scope = chat.AnonymousContact, "visitor:"+visitor.ID
	return o
}

// Guest is an open session with its token.
type Guest struct {
	chat.Opened
	Token   []byte
	Visitor chat.Visitor
}

// Enter opens a session.
func (h *House) Enter(o chat.Opening) Guest {
	h.Helper()
	opened, err := h.DB.OpenSession(h.Context(), o)
	h.must(err)
	return Guest{Opened: opened, Token: o.TokenHash, Visitor: o.Visitor}
}

// Stands says why a session ended, or Stands.
func (h *House) Stands(token []byte) policy.End {
	h.Helper()
	now, err := h.DB.Now(h.Context())
	h.must(err)
	s, err := h.DB.SessionByToken(h.Context(), token, now)
	h.must(err)
	return s.Standing.Ended()
}

// Begin is a visitor's post that opens a conversation.
func (h *House) Begin(g Guest, words string) chat.Post {
	p := h.Say(g, h.ID("cnv"), words)
	p.Create = &chat.Conversation{ID: p.Message.Conversation, Workspace: Main, Channel: h.Channel.ID, Contact: g.Contact.ID, CreatedAt: h.Now}
	return p
}

// Say is a visitor's post into a conversation.
func (h *House) Say(g Guest, conversation, words string) chat.Post {
	return chat.Post{TokenHash: g.Token, Reopen: true, Message: chat.Message{
		ID: h.ID("msg"), Workspace: Main, Channel: h.Channel.ID, Conversation: conversation, Contact: g.Contact.ID, Audience: event.AudienceVisitor,
		Author: chat.ByVisitor, AuthorID: g.Contact.ID, Text: words, ClientID: fmt.Sprint("c", h.serial.Add(1)), At: h.Now,
	}}
}

// Reply is the owner's post into a conversation.
func (h *House) Reply(conversation, words string) chat.Post {
	return chat.Post{Login: h.Login.ID, Message: chat.Message{
		ID: h.ID("msg"), Workspace: Main, Conversation: conversation, Audience: event.AudienceVisitor, Author: chat.ByTeam,
		AuthorID: h.Owner.ID, AuthorName: h.Owner.Name, Text: words, ClientID: fmt.Sprint("c", h.serial.Add(1)), At: h.Now,
	}}
}

// Post posts.
func (h *House) Post(p chat.Post) chat.Posted {
	h.Helper()
	posted, err := h.DB.Post(h.Context(), p)
	h.must(err)
	return posted
}

// Events are those after a sequence.
func (h *House) Events(after int64) []event.Event {
	h.Helper()
	list, err := h.DB.Since(h.Context(), after, 10000)
	h.must(err)
	return list
}

// Head of the log.
func (h *House) Head() event.Head {
	h.Helper()
	head, err := h.DB.Head(h.Context())
	h.must(err)
	return head
}

// kinds of events, in order.
func kinds(list []event.Event) []event.Kind {
	out := make([]event.Kind, len(list))
	for i, e := range list {
		out[i] = e.Kind
	}
	return out
}

func (h *House) ctx() context.Context { return h.Context() }
