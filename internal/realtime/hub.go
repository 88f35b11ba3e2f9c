package realtime

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
)

// What can be held open on one node: by one token, by one contact or agent through
// however many sessions, and by everybody. Who is too many is told to come again:
// the other tabs go on undisturbed, and another node may have room.
const (
	maxStreamsOfSession = 32
	maxStreamsOfOne     = 64
	maxStreams          = 200_000
)

// Subscription says for whom a stream is, and with what right. A visitor's names
// Contact, Session, Key, Channel and Tier; an agent's names Agent and Session
// (its login).
type Subscription struct {
	Workspace string
	Contact   string
	Session   string
	Key       string
	Channel   string
	Tier      policy.Tier
	Agent     string
	Expires   time.Time // of the session
	// Epoch is what Hub.Epoch (or the session) said before the session was
	// authenticated. If it has moved since, a revocation may have been missed, and the
	// stream ends with Reconnect.
	Epoch int64
}

// Hub fans events out to the streams of this node. It indexes them by owner, by
// session, and by key or agent, so that a revocation finds its streams at once.
//
// It delivers only while it is current: every event up to a head that was read
// within event.Freshness has been handed to it. Otherwise it may have missed that
// somebody's right ended, and holds all streams silent.
type Hub struct {
	log       Log
	pulse     *event.Pulse
	agentBody func(event.Event) json.RawMessage

	caught atomic.Pointer[time.Time] // when the head was asked for that we have reached
	held   atomic.Bool               // some stream waits for us to be current

	mu    sync.Mutex
	pos   int64 // every event up to here was dispatched
	most  int
	count int
	index [slots]map[name]*Stream // :: name → first of its streams
	swept int64                   // every expiry up to this second was looked at
}

// A stream is in one list per slot, see Stream.links: it leaves them in constant
// time, so that ending a hundred thousand at once is a matter of milliseconds.
const (
	ownerSlot   = iota // contact, or workspace of agents
	sessionSlot        // visitor session, agent login, API token
	keySlot            // key of a visitor's session, or agent
	expirySlot         // the second after which its session is over
	slots
)

// name is what an index finds streams by. Zero is no name.
type name struct {
	workspace, kind, id string
	second              int64
}

func named(workspace, kind, id string) name { return name{workspace: workspace, kind: kind, id: id} }

// NewHub makes a hub whose streams catch up from log. agentBody shapes an event's
// body for agents (chat.AgentBody); nil leaves it as visitors see it.
func NewHub(log Log, pulse *event.Pulse, agentBody func(event.Event) json.RawMessage) *Hub {
	if agentBody == nil {
		agentBody = visitorBody
	}
	h := &Hub{log: log, pulse: pulse, agentBody: agentBody, most: maxStreams}
	for slot := range h.index {
		h.index[slot] = map[name]*Stream{}
	}
	return h
}

// Epoch is what a door asks before it authenticates somebody for a stream.
func (h *Hub) Epoch() (int64, error) { return h.pulse.Epoch() }

// Visitor opens a stream of what the contact's visitor may see, after a sequence;
// a negative one means from now on. The caller closes it.
func (h *Hub) Visitor(sub Subscription, after int64) *Stream {
	s := &Stream{hub: h, sub: sub, expires: sub.Expires, cursor: after, wake: make(chan struct{}, 1)}
	s.sub.Agent = ""
	s.names[ownerSlot] = named(sub.Workspace, "contact", sub.Contact)
	s.names[sessionSlot] = named(sub.Workspace, "session", sub.Session)
	if sub.Key != "" {
		s.names[keySlot] = named(sub.Workspace, "key", sub.Key)
	}
	return h.add(s, sub.Workspace != "" && sub.Contact != "" && sub.Session != "")
}

// Agent opens a stream of what agents of the workspace may see, see Visitor.
func (h *Hub) Agent(sub Subscription, after int64) *Stream {
	s := &Stream{hub: h, sub: sub, expires: sub.Expires, agents: true, cursor: after, wake: make(chan struct{}, 1)}
	s.names[ownerSlot] = named(sub.Workspace, "agents", "")
	s.names[sessionSlot] = named(sub.Workspace, "login", sub.Session)
	s.names[keySlot] = named(sub.Workspace, "agent", sub.Agent)
	return h.add(s, sub.Workspace != "" && sub.Agent != "" && sub.Session != "")
}

// add indexes the stream first and judges its right after: whatever ends that
// right later finds the stream, and whatever ended it before has raised the epoch.
func (h *Hub) add(s *Stream, complete bool) *Stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !complete {
		s.end(&End{Code: SessionEnded})
		return s
	}
	if h.crowded(s) {
		s.end(&End{Code: Reconnect})
		return s
	}
	h.link(s)
	if s.cursor < 0 {
		s.cursor = h.pos
	}
	if epoch, err := h.pulse.Epoch(); err != nil || epoch != s.sub.Epoch {
		h.unlink(s)
		s.end(&End{Code: Reconnect, Err: err})
	}
	return s
}

// crowded says whether there is no room for another stream of this session, of whom
// it belongs to, or at all.
func (h *Hub) crowded(s *Stream) bool {
	whose := ownerSlot
	if s.agents {
		whose = keySlot // an agent: the owner of its streams is the whole team
	}
	return h.count >= h.most || h.many(sessionSlot, s, maxStreamsOfSession) || h.many(whose, s, maxStreamsOfOne)
}

func (h *Hub) many(slot int, s *Stream, most int) bool {
	n := 0
	for other := h.index[slot][s.names[slot]]; other != nil && n < most; other = other.links[slot].next {
		n++
	}
	return n >= most
}

func (h *Hub) link(s *Stream) {
	if !s.sub.Expires.IsZero() {
		s.names[expirySlot] = expiryOf(s.sub.Expires)
	}
	for slot, n := range s.names {
		h.enter(slot, n, s)
	}
	h.count++
	s.linked = true
}

// enter puts a stream first in the list of a name.
func (h *Hub) enter(slot int, n name, s *Stream) {
	s.names[slot] = n
	if n == (name{}) {
		return
	}
	head := h.index[slot][n]
	s.links[slot].next = head
	if head != nil {
		head.links[slot].prev = s
	}
	h.index[slot][n] = s
}

func (h *Hub) unlink(s *Stream) {
	if !s.linked {
		return
	}
	s.linked = false
	h.count--
	for slot := range s.names {
		h.leave(slot, s)
	}
}

func (h *Hub) leave(slot int, s *Stream) {
	n, link := s.names[slot], &s.links[slot]
	if link.next != nil {
		link.next.links[slot].prev = link.prev
	}
	switch {
	case link.prev != nil:
		link.prev.links[slot].next = link.next
	case h.index[slot][n] == s && link.next != nil:
		h.index[slot][n] = link.next
	case h.index[slot][n] == s:
		delete(h.index[slot], n)
	}
	link.next, link.prev = nil, nil
}

// each calls visit for every stream of a name; visit may end it.
func (h *Hub) each(slot int, n name, visit func(*Stream)) {
	for s := h.index[slot][n]; s != nil; {
		next := s.links[slot].next
		visit(s)
		s = next
	}
}

// silence ends every stream of a name and drops what it had not read yet.
func (h *Hub) silence(slot int, n name, code Code) {
	h.each(slot, n, func(s *Stream) {
		h.unlink(s)
		s.end(&End{Code: code})
	})
}

// dispatch hands on events in their order. Only the relay calls it.
func (h *Hub) dispatch(events []event.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		switch e.Audience {
		case event.AudienceSystem:
			h.revoke(e)
		case event.AudienceVisitor:
			h.fan(named(e.Workspace, "contact", e.Contact), e, visitorBody)
			h.fan(named(e.Workspace, "agents", ""), e, h.agentBody)
		case event.AudienceAgents:
			h.fan(named(e.Workspace, "agents", ""), e, h.agentBody)
		}
		h.pos = e.Seq
	}
}

// fan encodes the event if somebody listens, once for all of them.
func (h *Hub) fan(to name, e event.Event, shape func(event.Event) json.RawMessage) {
	var frame *Frame
	h.each(ownerSlot, to, func(s *Stream) {
		if frame == nil {
			frame = encode(e, shape(e))
		}
		if !s.push(frame) {
			h.unlink(s)
		}
	})
}

// revoke silences whose right an event took away.
func (h *Hub) revoke(e event.Event) {
	switch e.Kind {
	case event.SessionEnded:
		h.silence(sessionSlot, named(e.Workspace, "session", e.Session), codeOf(e))
	case event.ContactBlocked:
		h.silence(ownerSlot, named(e.Workspace, "contact", e.Contact), SessionEnded)
	case event.KeySilenced:
		h.silence(keySlot, named(e.Workspace, "key", e.Key), SessionEnded)
	case event.KeyChanged:
		h.retire(e)
	case event.AgentSessionEnded, event.TokenRevoked:
		h.silence(sessionSlot, named(e.Workspace, "login", e.Session), SessionEnded)
	case event.AgentChanged: // whoever still is an agent comes back with the new role
		h.silence(keySlot, named(e.Workspace, "agent", e.Agent), Reconnect)
	case event.EnforcementChanged, event.ChannelChanged: // whoever may still be what it was comes back
		if tiers := tiersOf(e); len(tiers) > 0 {
			h.sweep(func(s *Stream) bool {
				return s.sub.Workspace == e.Workspace && s.sub.Channel == e.Channel && slices.Contains(tiers, s.sub.Tier)
			})
		}
	}
}

// tiersOf reads whose sessions a change of a channel may have ended. A switch that does
// not say so ended the claimed ones.
func tiersOf(e event.Event) []policy.Tier {
	var body struct {
		Tiers []policy.Tier `json:"tiers"`
	}
	if err := json.Unmarshal(e.Body, &body); e.Kind == event.EnforcementChanged && (err != nil || body.Tiers == nil) {
		return []policy.Tier{policy.Claimed}
	}
	return body.Tiers
}

// retire reads which keys of a changed ring end, and when: their streams were opened
// before that was known. What cannot be read sends everybody back to ask.
func (h *Hub) retire(e event.Event) {
	var body struct {
		Ends map[string]time.Time `json:"ends"` // :: key → time
	}
	if len(e.Body) > 0 && json.Unmarshal(e.Body, &body) != nil {
		h.sweep(func(s *Stream) bool {
			return s.sub.Workspace == e.Workspace && s.sub.Channel == e.Channel && s.sub.Key != ""
		})
	}
	for key, at := range body.Ends {
		h.each(keySlot, named(e.Workspace, "key", key), func(s *Stream) { h.shorten(s, at) })
	}
}

// shorten brings the end of a stream forward to a time, and never puts it off.
// Nobody has to come back for it: the streams of a rotated key go on until its end.
func (h *Hub) shorten(s *Stream, end time.Time) {
	if end.IsZero() || !s.endBy(end) {
		return
	}
	n := expiryOf(end)
	if n.second <= h.swept { // this second is not looked at again
		h.unlink(s)
		s.end(&End{Code: SessionEnded})
		return
	}
	h.leave(expirySlot, s)
	h.enter(expirySlot, n, s)
}

func expiryOf(end time.Time) name { return name{kind: "expiry", second: end.Unix() + 1} }

// codeOf reads why a session ended, if its event says so.
func codeOf(e event.Event) Code {
	var body struct {
		Code Code `json:"code"`
	}
	if json.Unmarshal(e.Body, &body) == nil && body.Code == IdentityChanged {
		return IdentityChanged
	}
	return SessionEnded
}

// sweep sends the reader of every stream that matches back to ask.
func (h *Hub) sweep(match func(*Stream) bool) {
	h.every(func(s *Stream) {
		if match(s) {
			h.unlink(s)
			s.end(&End{Code: Reconnect})
		}
	})
}

// every calls visit for every stream; visit may end it.
func (h *Hub) every(visit func(*Stream)) {
	for owner := range h.index[ownerSlot] {
		h.each(ownerSlot, owner, visit)
	}
}

// Ephemeral hands on an event that is kept nowhere: what an agent does goes to the
// visitor, what the visitor does goes to the agents. A stream that is behind, or a
// hub that is not current, drops it.
func (h *Hub) Ephemeral(e event.Event) {
	if e.Kind != event.Typing || e.Seq != 0 || !h.current() {
		return
	}
	to := named(e.Workspace, "agents", "")
	if e.Agent != "" {
		to = named(e.Workspace, "contact", e.Contact)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var frame *Frame
	h.each(ownerSlot, to, func(s *Stream) {
		if frame == nil {
			frame = encode(e, e.Body)
		}
		s.offer(frame)
	})
}

// reached says that every event up to a head was dispatched, which was asked for at
// that time. Streams that wait for it go on; those whose session expired end.
func (h *Hub) reached(asked time.Time) {
	h.caught.Store(&asked)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expire(h.pulse.Now().Unix())
	if h.held.Swap(false) {
		h.every((*Stream).signal)
	}
}

// expire ends the streams whose session is over at a second. It may be a second
// late: Stream.ended is exact, and nothing is handed out in between.
func (h *Hub) expire(now int64) {
	if now-h.swept > 3600 { // the first time, or a clock that leapt
		for n := range h.index[expirySlot] {
			if n.second <= now {
				h.silence(expirySlot, n, SessionEnded)
			}
		}
		h.swept = now
	}
	for ; h.swept < now; h.swept++ {
		h.silence(expirySlot, name{kind: "expiry", second: h.swept + 1}, SessionEnded)
	}
}

// restart is for a log that does not go on where it was: everybody comes again.
func (h *Hub) restart(seq int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pos = seq
	h.sweep(func(*Stream) bool { return true })
}

// current says whether the hub may deliver.
func (h *Hub) current() bool {
	caught := h.caught.Load()
	return caught != nil && time.Since(*caught) <= event.Freshness
}

func (h *Hub) position() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pos
}

// Streams counts what is open.
func (h *Hub) Streams() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// Close ends every stream, for a node that stops: its readers go elsewhere.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweep(func(*Stream) bool { return true })
}

// read is a page of what the stream may carry.
func (h *Hub) read(ctx context.Context, s *Stream, limit int) ([]event.Event, error) {
	if s.agents {
		return h.log.AgentEvents(ctx, s.sub.Workspace, s.cursor, limit)
	}
	return h.log.VisitorEvents(ctx, s.sub.Workspace, s.sub.Contact, s.cursor, limit)
}
