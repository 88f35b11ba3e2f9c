package console

import (
	"context"
	"slices"
	"strings"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/wire"
)

// Inbox is every thread of the workspace.
type Inbox interface {
	Inbox(ctx context.Context, who policy.Principal, view chat.View) ([]chat.Row, chat.Cursor, error)
	Counts(ctx context.Context, who policy.Principal) (chat.Counts, error)
	Thread(ctx context.Context, who policy.Principal, id string) (chat.Row, error)
	ThreadMessages(ctx context.Context, who policy.Principal, id string, before int64, limit int) ([]chat.Message, bool, error)
	Reply(ctx context.Context, who policy.Principal, conversation string, answer chat.Answer) (chat.Posted, error)
	ReadThread(ctx context.Context, who policy.Principal, conversation string, seq int64) error
	ReplyTyping(ctx context.Context, who policy.Principal, conversation, name string) error
	Update(ctx context.Context, who policy.Principal, conversation string, change chat.Change) (chat.Row, error)
	Files
}

func (d *Door) registerInbox(f *httpapi.Floor) {
	const tag = "Console: inbox"
	agent := d.agent()
	httpapi.Handle(f, agent, query(route("GET", "/conversations", "listThreads", tag, "One list of the inbox, newest first", httpapi.RequestInvalid),
		httpapi.Query{Name: "view", Doc: "open (the default), mine, unassigned, snoozed or closed"},
		httpapi.Query{Name: "tier", Doc: "only this tier"}, httpapi.Query{Name: "channel", Doc: "only this channel, by id"},
		httpapi.Query{Name: "q", Doc: "only what has this text in preview or person"}, httpapi.Query{Name: "cursor", Doc: "next of the page before"}), d.listThreads)
	httpapi.Handle(f, agent, route("GET", "/counts", "getCounts", tag, "How many are in each list"), d.getCounts)
	httpapi.Handle(f, agent, route("GET", "/conversations/{id}", "getThread", tag, "One conversation", httpapi.NotFound), d.getThread)
	httpapi.Handle(f, agent, route("PATCH", "/conversations/{id}", "changeThread", tag, "Change status or assignee", httpapi.NotFound), d.changeThread)
	httpapi.Handle(f, agent, query(route("GET", "/conversations/{id}/messages", "listThreadMessages", tag, "A page of a thread with its notes, oldest first", httpapi.NotFound),
		httpapi.Query{Name: "before", Doc: "only messages before this sequence"}, httpapi.Query{Name: "limit", Doc: "1 to 100, 30 if absent"}), d.listMessages)
	httpapi.Handle(f, agent, created(route("POST", "/conversations/{id}/messages", "reply", tag, "Answer the visitor, or leave a note among agents", httpapi.NotFound)), d.reply)
	httpapi.Handle(f, agent, route("POST", "/conversations/{id}/read", "readThread", tag, "Say up to which sequence the team has read", httpapi.NotFound), d.readThread)
	httpapi.Handle(f, agent, route("POST", "/conversations/{id}/typing", "showReplyTyping", tag, "Say that an agent is writing an answer", httpapi.NotFound), d.showTyping)
}

func (d *Door) listThreads(ctx context.Context, c *call, _ wire.None) (wire.Rows, error) {
	view, err := viewOf(c)
	if err != nil {
		return wire.Rows{}, err
	}
	rows, next, err := d.Inbox.Inbox(ctx, c.Who.Principal, view)
	if err != nil {
		return wire.Rows{}, err
	}
	out, err := operate.ShapeRows(ctx, d.Channels, c.Who.Principal, rows)
	return wire.Rows{Conversations: out, Next: httpapi.Cursor(next)}, err
}

func viewOf(c *call) (chat.View, error) {
	view := chat.View{Status: chat.Open, Tier: policy.Tier(c.Query("tier")), Channel: c.Query("channel"), Search: strings.TrimSpace(c.Query("q"))}
	switch c.Query("view") {
	case "", "open":
	case "mine":
		view.Assignee = chat.Me
	case "unassigned":
		view.Assignee = chat.Nobody
	case "snoozed":
		view.Status = chat.Snoozed
	case "closed":
		view.Status = chat.Closed
	default:
		return view, httpapi.Malformed("The view is open, mine, unassigned, snoozed or closed.")
	}
	if view.Tier != "" && !slices.Contains([]policy.Tier{policy.Anonymous, policy.Claimed, policy.Verified, chat.ImportedView}, view.Tier) {
		return view, httpapi.Malformed("The tier is anonymous, claimed or verified.")
	}
	var err error
	view.Before, err = httpapi.ParseCursor(c.Query("cursor"))
	return view, err
}

func (d *Door) getCounts(ctx context.Context, c *call, _ wire.None) (wire.Counts, error) {
	n, err := d.Inbox.Counts(ctx, c.Who.Principal)
	return wire.Counts{Open: n.Open, Mine: n.Mine, Unassigned: n.Unassigned, Snoozed: n.Snoozed, Closed: n.Closed}, err
}

func (d *Door) getThread(ctx context.Context, c *call, _ wire.None) (wire.Row, error) {
	row, err := d.Inbox.Thread(ctx, c.Who.Principal, c.Path("id"))
	return d.shapeRow(ctx, c.Who.Principal, row, err)
}

func (d *Door) changeThread(ctx context.Context, c *call, in wire.ChangeConversation) (wire.Row, error) {
	var change chat.Change
	if in.Status != nil {
		status := chat.Status(*in.Status)
		change.Status = &status
	}
	if in.SnoozedUntil != nil {
		change.SnoozedUntil = *in.SnoozedUntil
	}
	if in.Assignee != nil {
		name, id, err := d.assignee(ctx, c, *in.Assignee)
		if err != nil {
			return wire.Row{}, err
		}
		change.Assignee, change.AssigneeName = &id, name
	}
	row, err := d.Inbox.Update(ctx, c.Who.Principal, c.Path("id"), change)
	return d.shapeRow(ctx, c.Who.Principal, row, err)
}

// assignee finds the colleague who is to answer. Only team knows who is one.
func (d *Door) assignee(ctx context.Context, c *call, wish string) (name, id string, err error) {
	switch wish {
	case "":
		return "", "", nil
	case chat.Me, c.Who.Agent.ID:
		return c.Who.Agent.Name, c.Who.Agent.ID, nil
	}
	agents, err := d.Team.Agents(ctx, c.Who.Principal)
	if err != nil {
		return "", "", err
	}
	for _, agent := range agents {
		if agent.ID == wish {
			return agent.Name, agent.ID, nil
		}
	}
	return "", "", httpapi.Impossible("No colleague has this id.")
}

func (d *Door) listMessages(ctx context.Context, c *call, _ wire.None) (wire.AgentMessages, error) {
	before, err := c.Number("before", 0, 0, 1<<53-1)
	if err != nil {
		return wire.AgentMessages{}, err
	}
	limit, err := c.Number("limit", 0, 1, chat.MaxPage)
	if err != nil {
		return wire.AgentMessages{}, err
	}
	list, more, err := d.Inbox.ThreadMessages(ctx, c.Who.Principal, c.Path("id"), before, int(limit))
	if err != nil {
		return wire.AgentMessages{}, err
	}
	keys := make([]string, len(list))
	for i, message := range list {
		keys[i] = message.Key
	}
	names, err := d.Keys.Names(ctx, c.Who.Principal, keys)
	out := wire.AgentMessages{Messages: make([]wire.AgentMessage, len(list)), More: more}
	for i, message := range list {
		out.Messages[i] = shapeMessage(message, names)
	}
	return out, err
}

func (d *Door) reply(ctx context.Context, c *call, in wire.PostReply) (wire.AgentMessage, error) {
	posted, err := d.Inbox.Reply(ctx, c.Who.Principal, c.Path("id"), chat.Answer{
		Writing: chat.Writing{Text: in.Text, ClientID: in.ClientID, Files: in.Files}, Name: c.Who.Agent.Name, Note: in.Note,
	})
	if err != nil {
		return wire.AgentMessage{}, err
	}
	d.metrics.Posted(string(chat.ByTeam))
	return shapeMessage(posted.Message, nil), nil
}

func (d *Door) readThread(ctx context.Context, c *call, in wire.MarkRead) (wire.None, error) {
	return wire.None{}, d.Inbox.ReadThread(ctx, c.Who.Principal, c.Path("id"), in.Seq)
}

func (d *Door) showTyping(ctx context.Context, c *call, _ wire.Empty) (wire.None, error) {
	return wire.None{}, d.Inbox.ReplyTyping(ctx, c.Who.Principal, c.Path("id"), c.Who.Agent.Name)
}

func shapeMessage(m chat.Message, keys operate.KeyNames) wire.AgentMessage {
	return wire.AgentMessage{
		Message: wire.Message{
			ID: m.ID, ConversationID: m.Conversation, Seq: m.Seq, Author: wire.Author{Kind: string(m.Author), ID: m.AuthorID, Name: m.AuthorName},
			Text: m.Text, ClientID: m.ClientID, Tier: string(m.Tier), At: m.At.UTC(), Files: httpapi.ShapeFiles(m.Files),
		},
		Method: string(m.Method), Key: keys.Of(m.Key, m.At), Note: m.Audience == event.AudienceAgents, Session: m.Session,
	}
}

func (d *Door) shapeRow(ctx context.Context, who policy.Principal, row chat.Row, err error) (wire.Row, error) {
	if err != nil {
		return wire.Row{}, err
	}
	rows, err := operate.ShapeRows(ctx, d.Channels, who, []chat.Row{row})
	if err != nil {
		return wire.Row{}, err
	}
	return rows[0], nil
}
