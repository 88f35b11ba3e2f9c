package chat_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/workspace"
)

// fake is a store in memory: enough of the contract for the use cases to be told
// apart, on one goroutine. What it does not have panics. The contract itself is
// tested by internal/store/storetest.
type fake struct {
	chat.Store
	epoch, seq    int64
	sessions      map[string]*row // :: token hash → session
	visitors      map[string]*chat.Visitor
	retired       map[string]bool
	contacts      map[string]*chat.Contact
	links         map[identity.Identifier]chat.Link
	attributes    []chat.Attribute
	conversations map[string]*chat.Conversation
	messages      []chat.Message
	drafts        []audit.Draft
	marks         []chat.ReadMark
	updates       []chat.Update
	posts         []chat.Post
	reads         int // of sessions
	renewals      int
	fails         error // of the next call that looks
	registry
}

type row struct {
	chat.Session
	record chat.Record
	ended  time.Time
	by     policy.End
}

func newFake() *fake {
	return &fake{
		sessions: map[string]*row{}, visitors: map[string]*chat.Visitor{}, retired: map[string]bool{}, contacts: map[string]*chat.Contact{},
		links: map[identity.Identifier]chat.Link{}, conversations: map[string]*chat.Conversation{},
	}
}

func (r *row) at(now time.Time) chat.Session {
	s := r.Session
	s.Standing = policy.Restore(policy.Row{
		Tier: r.record.Tier, Method: r.record.Method, Key: r.record.Key, Identifiers: r.record.Identifiers,
		ExpiresAt: r.ExpiresAt, EndedAt: r.ended, EndedBy: r.by, KeyVerifies: true, EmailCodes: true,
	}, now)
	return s
}

func (f *fake) contactFor(o chat.Opening) *chat.Contact {
	if len(o.Links) > 0 {
		if l, ok := f.links[o.Links[0].Identifier]; ok {
			return f.contacts[l.Contact]
		}
		return nil
	}
	for _, c := range f.contacts {
		if c.Scope == o.Contact.Scope && c.Scope != "" {
			return c
		}
	}
	return nil
}

func (f *fake) OpenSession(_ context.Context, o chat.Opening) (chat.Opened, error) {
	v := f.visitors[o.Visitor.ID]
	if o.NewVisitor {
		v = &o.Visitor
	}
	contact := f.contactFor(o)
	if opened, err := f.refuses(o, contact); err != nil {
		return opened, err
	}
	if o.Contact.Kind != chat.AnonymousContact && v.Person != "" && (contact == nil || contact.ID != v.Person) {
		return chat.Opened{}, chat.ErrOtherPerson
	}
	if contact == nil {
		contact = &o.Contact
		f.contacts[contact.ID] = contact
	}
	f.follow(o, contact)
	var opened chat.Opened
	for _, l := range o.Links {
		if owner, ok := f.links[l.Identifier]; !ok {
			l.Contact, l.Session = contact.ID, o.Session.ID
			f.links[l.Identifier] = l
		} else if owner.Contact != contact.ID {
			opened.Conflicts = append(opened.Conflicts, l.Identifier)
		}
	}
	for _, a := range o.Attributes {
		a.Contact, a.Session, a.Key = contact.ID, o.Session.ID, o.Verdict.Key
		f.attributes = slices.DeleteFunc(f.attributes, func(k chat.Attribute) bool {
			return k.Contact == a.Contact && k.Name == a.Name && k.Provenance == a.Provenance
		})
		f.attributes = append(f.attributes, a)
	}
	if o.Contact.Kind == chat.AnonymousContact {
		v.Contact = contact.ID
	} else {
		v.Person = contact.ID
	}
	f.visitors[v.ID] = v
	if replaced := f.sessions[string(o.Ends)]; replaced != nil {
		f.end(replaced, o.Session.CreatedAt)
	}
	r := &row{Session: o.Session, record: o.Verdict}
	r.Contact, r.Visitor = contact.ID, v.ID
	f.sessions[string(o.TokenHash)] = r
	opened.Session, opened.Contact = r.at(o.Session.CreatedAt), *contact
	return opened, nil
}

func (f *fake) end(r *row, now time.Time) {
	if r.ended.IsZero() {
		r.ended, r.by = now, policy.EndedLogout
		f.epoch++
		f.seq++
	}
}

func (f *fake) RenewSession(_ context.Context, hash []byte, seen, expires time.Time) (chat.Session, error) {
	f.renewals++
	if f.fails != nil {
		return chat.Session{}, f.fails
	}
	r := f.sessions[string(hash)]
	if r == nil || !r.ended.IsZero() {
		return chat.Session{}, chat.ErrSessionEnded
	}
	r.SeenAt, r.ExpiresAt = seen, expires
	return r.at(seen), nil
}

func (f *fake) SessionByToken(_ context.Context, hash []byte, now time.Time) (chat.Session, error) {
	f.reads++
	if f.fails != nil {
		return chat.Session{}, f.fails
	}
	r := f.sessions[string(hash)]
	if r == nil {
		return chat.Session{}, chat.ErrNotFound
	}
	return r.at(now), nil
}

func (f *fake) EndSession(_ context.Context, ws, id string, now time.Time, drafts ...audit.Draft) error {
	for _, r := range f.sessions {
		if r.ID == id && r.Workspace == ws {
			f.end(r, now)
		}
	}
	f.drafts = append(f.drafts, drafts...)
	return nil
}

func (f *fake) LogOut(_ context.Context, s chat.Session, now time.Time, drafts ...audit.Draft) (n int, err error) {
	for _, r := range f.sessions {
		if r.Visitor == s.Visitor && (r.Contact == s.Contact || r.record.Tier == policy.Anonymous) && r.ended.IsZero() {
			f.end(r, now)
			n++
		}
	}
	f.retired[s.Visitor] = true
	f.drafts = append(f.drafts, drafts...)
	return n, nil
}

func (f *fake) SessionsOf(_ context.Context, ws, contact string, limit int, now time.Time) (list []chat.Session, err error) {
	for _, r := range f.sessions {
		if r.Contact == contact && r.Workspace == ws {
			list = append(list, r.at(now))
		}
	}
	return list[:min(limit, len(list))], nil
}

func (f *fake) VisitorByToken(_ context.Context, ws string, hash []byte, now time.Time) (chat.Visitor, error) {
	for _, v := range f.visitors {
		if string(v.TokenHash) == string(hash) && v.Workspace == ws && !f.retired[v.ID] && now.Before(v.ExpiresAt) {
			return *v, nil
		}
	}
	return chat.Visitor{}, chat.ErrNotFound
}

func (f *fake) VisitorByID(_ context.Context, ws, id string, now time.Time) (chat.Visitor, error) {
	for _, v := range f.visitors {
		if v.ID == id && v.Workspace == ws && !f.retired[v.ID] && now.Before(v.ExpiresAt) {
			return *v, nil
		}
	}
	return chat.Visitor{}, chat.ErrNotFound
}

func (f *fake) Returning(ctx context.Context, ws string, hash []byte, contact string, now time.Time) (chat.Visitor, []chat.Attribute, error) {
	visitor, err := f.VisitorByToken(ctx, ws, hash, now)
	if err != nil {
		return chat.Visitor{}, nil, err
	}
	known, err := f.AttributesOf(ctx, ws, []string{contact})
	return visitor, known, err
}

func (f *fake) Post(_ context.Context, p chat.Post) (chat.Posted, error) {
	f.posts = append(f.posts, p)
	if len(p.TokenHash) > 0 {
		if r := f.sessions[string(p.TokenHash)]; r == nil || !r.ended.IsZero() {
			return chat.Posted{}, chat.ErrSessionEnded
		}
	}
	id, repeated := p.Message.Conversation, false
	if p.Create != nil {
		id = p.Create.ID
		if f.conversations[id] == nil {
			made := *p.Create
			f.conversations[id] = &made
		} else {
			repeated = true
		}
	}
	c := f.conversations[id]
	if c == nil || c.Workspace != p.Message.Workspace || len(p.TokenHash) > 0 && c.Contact != p.Message.Contact {
		return chat.Posted{}, chat.ErrNotFound
	}
	m := p.Message
	if m.ID == "" {
		return chat.Posted{Conversation: *c, Repeated: repeated}, nil
	}
	for _, first := range f.messages {
		if first.Conversation == id && first.AuthorID == m.AuthorID && first.ClientID == m.ClientID {
			return chat.Posted{Message: first, Conversation: *c, Repeated: true}, nil
		}
	}
	f.seq++
	m.Seq, m.Channel, m.Contact = f.seq, c.Channel, c.Contact
	f.messages = append(f.messages, m)
	if m.Audience == event.AudienceVisitor {
		c.Preview, c.LastAuthor, c.LastSeq, c.LastAt = chat.Preview(m.Text), m.Author, m.Seq, m.At
	}
	if p.Reopen {
		c.Status = chat.Open
	}
	return chat.Posted{Message: m, Conversation: *c}, nil
}

func (f *fake) Conversation(_ context.Context, ws, contact, id string) (chat.Conversation, error) {
	c := f.conversations[id]
	if c == nil || c.Workspace != ws || contact != "" && c.Contact != contact {
		return chat.Conversation{}, chat.ErrNotFound
	}
	return *c, nil
}

func (f *fake) Conversations(_ context.Context, ws, contact string, before chat.Cursor, limit int) (list []chat.Conversation, err error) {
	for _, c := range f.conversations {
		if c.Workspace == ws && c.Contact == contact && (before.ID == "" || c.ID < before.ID) {
			list = append(list, *c)
		}
	}
	slices.SortFunc(list, func(a, b chat.Conversation) int { return -strings.Compare(a.ID, b.ID) })
	return list[:min(limit, len(list))], nil
}

func (f *fake) Inbox(ctx context.Context, ws string, view chat.View) (list []chat.Conversation, err error) {
	for _, c := range f.conversations {
		if c.Workspace == ws && c.Status == view.Status && (view.Assignee == "" || c.Assignee == view.Assignee) && (view.Before.ID == "" || c.ID < view.Before.ID) {
			list = append(list, *c)
		}
	}
	slices.SortFunc(list, func(a, b chat.Conversation) int { return -strings.Compare(a.ID, b.ID) })
	return list[:min(view.Limit, len(list))], nil
}

func (f *fake) InboxCounts(context.Context, string, string) (chat.Counts, error) {
	return chat.Counts{Open: len(f.conversations)}, nil
}

func (f *fake) thread(conversation string, before int64, limit int, keep func(chat.Message) bool) (list []chat.Message, err error) {
	for _, m := range f.messages {
		if m.Conversation == conversation && (before == 0 || m.Seq < before) && keep(m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b chat.Message) int { return cmp.Compare(b.Seq, a.Seq) })
	return list[:min(limit, len(list))], nil
}

func (f *fake) VisitorMessages(_ context.Context, ws, contact, conversation string, before int64, limit int) ([]chat.Message, error) {
	return f.thread(conversation, before, limit, func(m chat.Message) bool {
		c := f.conversations[conversation]
		return m.Workspace == ws && c != nil && c.Contact == contact && m.Audience == event.AudienceVisitor
	})
}

func (f *fake) AgentMessages(_ context.Context, ws, conversation string, before int64, limit int) ([]chat.Message, error) {
	return f.thread(conversation, before, limit, func(m chat.Message) bool { return m.Workspace == ws })
}

func (f *fake) MarkRead(_ context.Context, mark chat.ReadMark) error {
	c := f.conversations[mark.Conversation]
	if c == nil || c.Workspace != mark.Workspace || mark.Side == chat.ByVisitor && c.Contact != mark.Contact {
		return chat.ErrNotFound
	}
	f.marks = append(f.marks, mark)
	return nil
}

func (f *fake) UpdateConversation(_ context.Context, u chat.Update) (chat.Conversation, error) {
	f.updates = append(f.updates, u)
	c := f.conversations[u.Conversation]
	if c == nil || c.Workspace != u.Workspace {
		return chat.Conversation{}, chat.ErrNotFound
	}
	if u.Status != nil {
		c.Status = *u.Status
	}
	if u.Assignee != nil {
		c.Assignee, c.AssigneeName = *u.Assignee, u.AssigneeName
	}
	return *c, nil
}

func (f *fake) AnonymousThreads(_ context.Context, ws, visitor, contact string) (list []chat.AnonymousThread, err error) {
	v := f.visitors[visitor]
	for _, c := range f.conversations {
		if v == nil || v.Contact == "" || c.Contact != v.Contact {
			continue
		}
		thread := chat.AnonymousThread{Contact: c.Contact, Conversation: c.ID}
		for _, m := range f.messages {
			if m.Conversation == c.ID && m.Author == chat.ByVisitor {
				thread.LastAt, thread.LastSeq = m.At, m.Seq
			}
		}
		for _, r := range f.sessions {
			if r.Visitor == visitor && r.record.Tier == policy.Verified && r.Contact != contact && !r.CreatedAt.Before(thread.LastAt) {
				thread.OthersVerified = true
			}
		}
		if thread.LastSeq > 0 {
			list = append(list, thread)
		}
	}
	return list, nil
}

func (f *fake) ClaimThread(_ context.Context, claim chat.ThreadClaim) (moved int, err error) {
	left := 0
	for _, c := range f.conversations {
		switch {
		case c.Contact != claim.FromContact:
		case slices.ContainsFunc(claim.Threads, func(t chat.AnonymousThread) bool { return t.Conversation == c.ID }):
			c.Contact = claim.Session.Contact
			moved++
		default:
			left++
		}
	}
	for _, r := range f.sessions {
		if r.Contact == claim.FromContact {
			f.end(r, claim.At)
		}
	}
	if left == 0 {
		f.visitors[claim.Visitor].Contact = ""
	}
	f.drafts = append(f.drafts, claim.Draft)
	return moved, nil
}

func (f *fake) Contact(_ context.Context, ws, id string) (chat.Contact, error) {
	if c := f.contacts[id]; c != nil && c.Workspace == ws {
		return *c, nil
	}
	return chat.Contact{}, chat.ErrNotFound
}

func (f *fake) Contacts(ctx context.Context, ws string, ids []string) (map[string]chat.Contact, error) {
	found := map[string]chat.Contact{}
	for _, id := range ids {
		if c, err := f.Contact(ctx, ws, id); err == nil {
			found[id] = c
		}
	}
	return found, nil
}

func (f *fake) LinksOf(_ context.Context, ws, contact string) (list []chat.Link, err error) {
	for _, l := range f.links {
		if l.Contact == contact && l.Workspace == ws {
			list = append(list, l)
		}
	}
	return list, nil
}

func (f *fake) AttributesOf(_ context.Context, ws string, contacts []string) (list []chat.Attribute, err error) {
	for _, a := range f.attributes {
		if a.Workspace == ws && slices.Contains(contacts, a.Contact) {
			list = append(list, a)
		}
	}
	return list, nil
}

func (f *fake) NamesOf(ctx context.Context, ws string, contacts []string) ([]chat.Attribute, error) {
	list, err := f.AttributesOf(ctx, ws, contacts)
	return slices.DeleteFunc(list, func(a chat.Attribute) bool { return !slices.Contains([]string{"name", "email", "user_id"}, a.Name) }), err
}

func (f *fake) SetAttribute(_ context.Context, a chat.Attribute, _ policy.Authority) error {
	f.attributes = append(f.attributes, a)
	return nil
}

func (f *fake) SetBlocked(_ context.Context, ws, contact string, blocked bool, now time.Time, draft audit.Draft) (int, error) {
	f.drafts = append(f.drafts, draft)
	return len(f.sessions), nil
}

// world is a chat over the fake, inside a synctest bubble.
type world struct {
	*testing.T
	ctx     context.Context
	store   *fake
	pulse   *event.Pulse
	chat    *chat.Chat
	channel workspace.Channel
	typed   []event.Event
	keys    map[identity.Signs]*identity.Key
	second  *identity.Key
}

func (w *world) Signal(e event.Event) { w.typed = append(w.typed, e) }

func newWorld(t *testing.T) *world {
	w := &world{T: t, ctx: t.Context(), store: newFake(), pulse: &event.Pulse{}, keys: map[identity.Signs]*identity.Key{}}
	w.channel = workspace.Channel{ID: "cha_1", Workspace: "main", Realm: "main"}
	w.chat = chat.New(w.store, w.pulse, w)
	for _, signs := range []identity.Signs{identity.SignsUserID, identity.SignsEmail, identity.SignsEither} {
		w.keys[signs] = w.key("key_"+string(signs), signs, "main")
	}
	w.second = w.key("key_second", identity.SignsUserID, "main")
	w.beat()
	return w
}

func (w *world) key(id string, signs identity.Signs, realm string) *identity.Key {
	w.Helper()
	key, err := identity.NewKey(identity.KeySpec{
		ID: id, Secret: identity.NewSecret([]byte("0123456789abcdef0123456789abcdef" + id)), Dialect: "native", Speaks: []string{"native", "pylon"},
		Platforms: []string{"web"}, Proof: identity.ProofHash, Signs: signs, Realm: realm,
	})
	if err != nil {
		w.Fatal(err)
	}
	return key
}

// beat shows the pulse the store's head, as the relay would.
func (w *world) beat() {
	w.pulse.Observe(event.Head{Seq: w.store.seq, Epoch: w.store.epoch, Now: time.Now()}, time.Now())
}

// later lets time pass, with the pulse beating at its end.
func (w *world) later(d time.Duration) {
	time.Sleep(d)
	w.beat()
}

// decide makes a verdict as the gate does.
func (w *world) decide(key *identity.Key, a identity.Assertion, enforcement policy.Enforcement) policy.Verdict {
	w.Helper()
	ring, err := identity.NewRing(identity.Entry{Key: key})
	if err != nil {
		w.Fatal(err)
	}
	verified, err := identity.Verify(ring, a, time.Now())
	return policy.Decide(policy.Rule{Enforcement: enforcement, OnFailure: policy.Block, SignedEmail: true}, a, verified, err)
}

// proves is the verdict on a user id with its right hash.
func (w *world) proves(user string, with ...func(*identity.Assertion)) policy.Verdict {
	w.Helper()
	return w.provesBy(w.keys[identity.SignsUserID], identity.Assertion{UserID: user}, with...)
}

func (w *world) provesBy(key *identity.Key, a identity.Assertion, with ...func(*identity.Assertion)) policy.Verdict {
	w.Helper()
	hash, err := key.Sign(identity.Statement{UserID: a.UserID, Email: a.Email})
	if err != nil {
		w.Fatal(err)
	}
	a.Hash = hash
	for _, more := range with {
		more(&a)
	}
	v := w.decide(key, a, policy.Enforce)
	if v.Tier() != policy.Verified {
		w.Fatalf("not verified: %s %s", v.Reason(), v.Message())
	}
	return v
}

// claims is the verdict on a user id without proof, where that is let in.
func (w *world) claims(user string) policy.Verdict {
	w.Helper()
	return w.decide(w.keys[identity.SignsUserID], identity.Assertion{UserID: user}, policy.Observe)
}

// silent is the verdict on a page that claims nobody.
func (w *world) silent() policy.Verdict {
	w.Helper()
	return w.decide(w.keys[identity.SignsUserID], identity.Assertion{}, policy.Observe)
}

func (w *world) open(v policy.Verdict, device chat.Device) chat.Result {
	w.Helper()
	if device.Platform == "" {
		device.Platform = policy.Web
	}
	result, renewed, err := w.chat.Renew(w.ctx, v, w.channel, device)
	if err == nil && !renewed {
		result, err = w.chat.Open(w.ctx, v, w.channel, device)
	}
	if err != nil {
		w.Fatalf("open: %v", err)
	}
	w.beat()
	return result
}

// says begins a conversation and answers with its id.
func (w *world) says(s chat.Session, text string) string {
	w.Helper()
	posted, err := w.chat.Create(w.ctx, s, chat.Writing{Text: text})
	if err != nil {
		w.Fatalf("create: %v", err)
	}
	w.beat()
	return posted.Conversation.ID
}

// sees lists the ids of what a session's visitor is shown.
func (w *world) sees(s chat.Session) (ids []string) {
	w.Helper()
	list, _, err := w.chat.Conversations(w.ctx, s, chat.Cursor{}, 0)
	if err != nil {
		w.Fatalf("conversations: %v", err)
	}
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}
