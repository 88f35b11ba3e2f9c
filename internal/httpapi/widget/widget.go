// Package widget is the visitors' door: what the messenger in a page's iframe
// calls. It decodes, authenticates by the bearer session, and hands on; who may
// touch which conversation is decided by chat, from the session alone.
//
// Every identity that enters here goes through the one gate (openSession), and
// no other route of this door takes an assertion. A session, a visitor token and
// a proof travel in bodies and headers, never in an address.
package widget

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// Gate is trust's door: it verifies, decides and records before it answers.
type Gate interface {
	Admit(ctx context.Context, arrival trust.Arrival) (policy.Verdict, workspace.Channel, error)
	Ping(ctx context.Context, ping trust.Ping) (counted bool, err error)
}

// Channels finds a channel by slug or alias.
type Channels interface {
	ByName(ctx context.Context, name string) (workspace.Channel, error)
}

// Sessions is the life of a visitor's right to act.
type Sessions interface {
	Open(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, device chat.Device) (chat.Result, error)
	OpenFrom(ctx context.Context, s chat.Session, verdict policy.Verdict, channel workspace.Channel, device chat.Device) (chat.Result, error)
	Allow(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, device chat.Device) (outcome string, err error)
	Renew(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, device chat.Device) (result chat.Result, ok bool, err error)
	Authenticate(ctx context.Context, token string) (chat.Session, policy.Principal, error)
	Current(ctx context.Context, s chat.Session) (chat.Result, error)
	ClaimWaiting(ctx context.Context, s chat.Session, asked time.Time) (moved int, err error)
	LogOut(ctx context.Context, s chat.Session) error
}

// Threads is what a visitor may do with conversations of their own.
type Threads interface {
	Conversations(ctx context.Context, s chat.Session, before chat.Cursor, limit int) ([]chat.Conversation, chat.Cursor, error)
	Conversation(ctx context.Context, s chat.Session, id string) (chat.Conversation, error)
	Create(ctx context.Context, s chat.Session, writing chat.Writing) (chat.Posted, error)
	Post(ctx context.Context, s chat.Session, conversation string, writing chat.Writing) (chat.Posted, error)
	Messages(ctx context.Context, s chat.Session, conversation string, before int64, limit int) ([]chat.Message, bool, error)
	MarkRead(ctx context.Context, s chat.Session, conversation string, seq int64) error
	Typing(ctx context.Context, s chat.Session, conversation string) error
}

// Deps is what the door stands on.
type Deps struct {
	Gate     Gate
	Codes    Codes
	Channels Channels
	Sessions Sessions
	Threads  Threads
	Streams  Streams
	Files    Files
	// Online says whether somebody of the team is there; nil is never.
	Online func(workspace string) bool
}

// Door is the visitors' door.
type Door struct {
	Deps
	metrics *httpapi.Metrics
}

// New makes the door.
func New(deps Deps) *Door {
	if deps.Online == nil {
		deps.Online = func(string) bool { return false }
	}
	return &Door{Deps: deps}
}

// call is a request of a live session.
type call = httpapi.Call[chat.Session]

// Register adds the door's routes to a floor.
func (d *Door) Register(f *httpapi.Floor) {
	d.metrics = f.Metrics()
	anyone, visitor := httpapi.Anyone(), d.visitor()
	const base = "/api/v1/widget"
	route := func(method, path, id, summary string, fails ...httpapi.Code) httpapi.Route {
		return httpapi.Route{Method: method, Path: base + path, ID: id, Tag: "Widget", Summary: summary, Fails: fails}
	}
	created := func(r httpapi.Route) httpapi.Route { r.Status = http.StatusCreated; return r }
	query := func(r httpapi.Route, q ...httpapi.Query) httpapi.Route { r.Query = q; return r }

	httpapi.Handle(f, anyone, created(route("POST", "/sessions", "openSession",
		"Open a session: an assertion and its proof in, a bearer token out",
		httpapi.ChannelUnknown, httpapi.IdentityRequired, httpapi.IdentityRefused, httpapi.TooMany, httpapi.NotReady)), d.openSession)
	httpapi.Handle(f, anyone, route("POST", "/ping", "ping",
		"Count a start of an app that claims nobody: one an hour, without any identity",
		httpapi.ChannelUnknown, httpapi.TooMany, httpapi.NotReady), d.ping)
	httpapi.Handle(f, anyone, route("GET", "/channels/{channel}", "getPublicChannel",
		"What anybody may know of a channel", httpapi.ChannelUnknown, httpapi.NotReady), d.getChannel)
	httpapi.Handle(f, visitor, route("GET", "/sessions/current", "getSession", "Look at the session and renew it"), d.getSession)
	httpapi.Handle(f, visitor, route("DELETE", "/sessions/current", "endSession",
		"Log out: every session of this person in this browser ends"), d.endSession)
	httpapi.Handle(f, visitor, route("POST", "/sessions/current/claim", "claimThread",
		"Yes, the waiting anonymous threads were mine", httpapi.Forbidden), d.claimThread)
	httpapi.Handle(f, visitor, query(route("GET", "/conversations", "listConversations", "The visitor's conversations, newest first"),
		httpapi.Query{Name: "cursor", Doc: "next of the page before"}), d.listConversations)
	httpapi.Handle(f, visitor, created(route("POST", "/conversations", "openConversation",
		"Begin a conversation", httpapi.TooMany)), d.openConversation)
	httpapi.Handle(f, visitor, route("GET", "/conversations/{id}", "getConversation",
		"One conversation", httpapi.NotFound), d.getConversation)
	httpapi.Handle(f, visitor, query(route("GET", "/conversations/{id}/messages", "listMessages",
		"A page of a conversation, oldest first", httpapi.NotFound),
		httpapi.Query{Name: "before", Doc: "only messages before this sequence"},
		httpapi.Query{Name: "limit", Doc: "1 to 100, 20 if absent"}), d.listMessages)
	httpapi.Handle(f, visitor, created(route("POST", "/conversations/{id}/messages", "postMessage",
		"Write a message; the same client_id again is the same message", httpapi.NotFound, httpapi.TooMany)), d.postMessage)
	httpapi.Handle(f, visitor, route("POST", "/conversations/{id}/read", "markRead",
		"Say up to which sequence the visitor has read", httpapi.NotFound), d.markRead)
	httpapi.Handle(f, visitor, route("POST", "/conversations/{id}/typing", "showTyping",
		"Say that the visitor is writing", httpapi.NotFound), d.showTyping)
	d.registerCodes(f)
	d.registerFiles(f, route)
	d.registerStream(f, query(route("GET", "/stream", "openStream", "What happens from now on, and what happened after a sequence"),
		httpapi.Query{Name: "after", Doc: "sequence of the last event seen; from now on if absent"}))
}

// visitor admits the holder of a live session's token.
func (d *Door) visitor() httpapi.Guard[chat.Session] {
	return httpapi.Guard[chat.Session]{Access: httpapi.VisitorSession, Check: func(r *http.Request) (chat.Session, error) {
		token, ok := httpapi.Bearer(r)
		if !ok {
			return chat.Session{}, httpapi.Fail(httpapi.SessionEnded)
		}
		session, _, err := d.Sessions.Authenticate(r.Context(), token)
		return session, err
	}}
}

func (d *Door) getChannel(ctx context.Context, c *httpapi.Call[wire.None], _ wire.None) (wire.PublicChannel, error) {
	channel, err := d.Channels.ByName(ctx, c.Path("channel"))
	if err != nil {
		return wire.PublicChannel{}, unknownChannel(err)
	}
	return wire.PublicChannel{
		Channel: channel.Slug, Name: channel.Name, Team: channel.Appearance.Team, Greeting: channel.Appearance.Greeting,
		Accent: channel.Appearance.Accent, Online: d.Online(channel.Workspace), EmailCode: d.Codes.OffersCodes(channel), FileBytes: d.Files.FileLimit(),
	}, nil
}

// unknownChannel: at the public door the thing not found is always the channel.
func unknownChannel(err error) error {
	if errors.Is(err, workspace.ErrNotFound) {
		return httpapi.Fail(httpapi.ChannelUnknown)
	}
	return err
}

func (d *Door) listConversations(ctx context.Context, c *call, _ wire.None) (wire.Conversations, error) {
	before, err := httpapi.ParseCursor(c.Query("cursor"))
	if err != nil {
		return wire.Conversations{}, err
	}
	list, next, err := d.Threads.Conversations(ctx, c.Who, before, 0)
	if err != nil {
		return wire.Conversations{}, err
	}
	page := wire.Conversations{Conversations: make([]wire.Conversation, len(list)), Next: httpapi.Cursor(next)}
	for i, conversation := range list {
		page.Conversations[i] = shapeConversation(conversation)
	}
	return page, nil
}

func (d *Door) openConversation(ctx context.Context, c *call, in wire.OpenConversation) (wire.OpenedConversation, error) {
	posted, err := d.Threads.Create(ctx, c.Who, chat.Writing{Text: in.Text, ClientID: in.ClientID, Files: in.Files})
	if err != nil {
		return wire.OpenedConversation{}, err
	}
	opened := wire.OpenedConversation{Conversation: shapeConversation(posted.Conversation)}
	if posted.Message.ID != "" {
		d.metrics.Posted(string(chat.ByVisitor))
		message := shapeMessage(posted.Message)
		opened.Message = &message
	}
	return opened, nil
}

func (d *Door) getConversation(ctx context.Context, c *call, _ wire.None) (wire.Conversation, error) {
	conversation, err := d.Threads.Conversation(ctx, c.Who, c.Path("id"))
	return shapeConversation(conversation), err
}

func (d *Door) listMessages(ctx context.Context, c *call, _ wire.None) (wire.Messages, error) {
	before, err := c.Number("before", 0, 0, maxSeq)
	if err != nil {
		return wire.Messages{}, err
	}
	limit, err := c.Number("limit", 0, 1, chat.MaxPage)
	if err != nil {
		return wire.Messages{}, err
	}
	list, more, err := d.Threads.Messages(ctx, c.Who, c.Path("id"), before, int(limit))
	if err != nil {
		return wire.Messages{}, err
	}
	page := wire.Messages{Messages: make([]wire.Message, len(list)), More: more}
	for i, message := range list {
		page.Messages[i] = shapeMessage(message)
	}
	return page, nil
}

// maxSeq is the largest number that every JSON reader keeps exact.
const maxSeq = 1<<53 - 1

func (d *Door) postMessage(ctx context.Context, c *call, in wire.PostMessage) (wire.Message, error) {
	posted, err := d.Threads.Post(ctx, c.Who, c.Path("id"), chat.Writing{Text: in.Text, ClientID: in.ClientID, Files: in.Files})
	if err != nil {
		return wire.Message{}, err
	}
	d.metrics.Posted(string(chat.ByVisitor))
	return shapeMessage(posted.Message), nil
}

func (d *Door) markRead(ctx context.Context, c *call, in wire.MarkRead) (wire.None, error) {
	return wire.None{}, d.Threads.MarkRead(ctx, c.Who, c.Path("id"), in.Seq)
}

func (d *Door) showTyping(ctx context.Context, c *call, _ wire.Empty) (wire.None, error) {
	return wire.None{}, d.Threads.Typing(ctx, c.Who, c.Path("id"))
}

func shapeConversation(c chat.Conversation) wire.Conversation {
	out := wire.Conversation{
		ID: c.ID, Status: string(c.Status), CreatedAt: c.CreatedAt.UTC(), LastAt: c.LastAt.UTC(), Preview: c.Preview,
		LastAuthor: string(c.LastAuthor), Unread: c.VisitorUnread, Seq: c.LastSeq, AgentsRead: c.AgentsRead, VisitorRead: c.VisitorRead,
	}
	if c.Assignee != "" {
		out.Assignee = &wire.Name{Name: c.AssigneeName}
	}
	return out
}

func shapeMessage(m chat.Message) wire.Message {
	return wire.Message{
		ID: m.ID, ConversationID: m.Conversation, Seq: m.Seq, Author: wire.Author{Kind: string(m.Author), Name: m.AuthorName},
		Text: m.Text, ClientID: m.ClientID, Tier: string(m.Tier), At: m.At.UTC(), Files: httpapi.ShapeFiles(m.Files),
	}
}
