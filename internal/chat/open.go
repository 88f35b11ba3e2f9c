package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/event"
	"countersign/internal/workspace"
)

// Device is what a browser or app says of itself beside its assertion. All of it
// is its own word.
type Device struct {
	VisitorToken string // this browser's anonymous token, from an earlier Result
	Replaces     string // token of the session of the same widget that the new one ends
	Platform     policy.Platform
	Origin       string // of the host page: shown, never trusted
	UserAgent    string
	Network      string // it came from, as limits count: an address or a prefix; empty: unknown, and not limited
}

// Result is a session as its widget is told of it. Token and VisitorToken are
// shown this one time; VisitorToken only if a new visitor was made.
type Result struct {
	Session      Session
	Token        string
	VisitorToken string
	Visitor      string // public id of the browser: opens nothing
	Lane         string
	Seq          int64            // of the log's head: a stream starts after it
	Name         string           // to greet by; who is greeted said so, no more
	Waiting      *AnonymousThread // ask "was this you?", naming its time and nothing else
	Claimed      int              // threads that moved to this person by themselves
	Conflicts    []identity.Identifier
}

// entrance is somebody at the door, admitted by a verdict.
type entrance struct {
	verdict policy.Verdict
	channel workspace.Channel
	device  Device
	visitor Visitor
	secret  string // of a visitor that its browser does not have yet; empty for one that it has
	fresh   bool   // the visitor was made just now
	follows *Following
	only    map[string]bool // names of which only signed values count
	from    *Session        // the live session in which the proof was made; nil: the page brought it
	now     time.Time
}

// Open begins a session from a verdict; nothing else does. A verdict that admits
// nobody is ErrRefused, and one that a change has overtaken is ErrOutdated as soon as
// the gate has heard of the change. Whatever the answer, the session that it was sent from does
// not go on as somebody whom its page no longer says, see leave.
func (c *Chat) Open(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, device Device) (Result, error) {
	epoch, err := c.pulse.Epoch()
	if err != nil {
		return Result{}, err
	}
	result, err := c.enter(ctx, entrance{verdict: verdict, channel: channel, device: device, now: c.pulse.Now()}, epoch)
	if errors.Is(err, ErrOutdated) {
		c.pulse.Pass(ctx, epoch) // the gate would not know better yet
	}
	if err == nil || device.Replaces == "" {
		return result, err
	}
	if failed := c.leave(ctx, device.Replaces, verdict); failed != nil {
		return Result{}, failed
	}
	return Result{}, err
}

func (c *Chat) enter(ctx context.Context, e entrance, epoch int64) (Result, error) {
	if e.verdict.Refusal() != policy.NotRefused {
		return Result{}, ErrRefused
	}
	if err := c.recognise(ctx, &e); err != nil {
		return Result{}, err
	}
	var err error
	if e.only, err = c.signedOnly(ctx, e.channel.Workspace, epoch); err != nil {
		return Result{}, err
	}
	if !c.welcome(e) || !c.openings.admit(e.limitKey(), e.now) {
		return Result{}, ErrTooMany
	}
	result, err := c.begin(ctx, e, epoch)
	if !errors.Is(err, ErrOtherPerson) {
		return result, err
	}
	if e.succeed(); !c.welcome(e) {
		return Result{}, ErrTooMany
	}
	result, err = c.begin(ctx, e, epoch)
	if !errors.Is(err, ErrSuccessor) {
		return result, err
	}
	return c.join(ctx, e, err, epoch)
}

// welcome says whether another browser that proves nothing may come from this
// network. Whoever has a proof is never turned away for what others do there.
func (c *Chat) welcome(e entrance) bool {
	if e.secret == "" || e.device.Network == "" || e.verdict.Tier() == policy.Verified {
		return true
	}
	return c.arrivals.admit(e.device.Network, e.now)
}

// Renew goes on with the session that the widget holds, if the verdict proves the
// same person by the same key in the same browser. It writes nothing but the
// session's sliding life, so the gate need not record it again: ok is false when a
// session has to be begun.
func (c *Chat) Renew(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, device Device) (result Result, ok bool, err error) {
	epoch, err := c.pulse.Epoch()
	if err != nil {
		return Result{}, false, err
	}
	if verdict.Refusal() != policy.NotRefused || device.Replaces == "" {
		return Result{}, false, nil
	}
	return c.renew(ctx, entrance{verdict: verdict, channel: channel, device: device, now: c.pulse.Now()}, epoch)
}

// begin writes a new session.
func (c *Chat) begin(ctx context.Context, e entrance, epoch int64) (Result, error) {
	opening, token, err := e.opening()
	if err != nil {
		return Result{}, err
	}
	opened, err := c.store.OpenSession(ctx, opening)
	if errors.Is(err, ErrSuccessor) {
		return Result{}, successorError{opened.Successor}
	}
	if err != nil {
		return Result{}, fmt.Errorf("chat: open session: %w", err)
	}
	session, err := c.keep(opened.Session, opening.TokenHash, epoch)
	if err != nil {
		return Result{}, err
	}
	result := c.result(e, session)
	result.Token, result.VisitorToken, result.Conflicts = token, e.secret, opened.Conflicts
	if e.mayHold(session) {
		result.Claimed, result.Waiting, err = c.follow(ctx, session, e.now)
	}
	return result, err
}

func (c *Chat) result(e entrance, s Session) Result {
	return Result{Session: s, Visitor: s.Visitor, Lane: s.Lane, Seq: c.pulse.Head().Seq, Name: e.name()}
}

// renew keeps the session that the widget holds, if the verdict is about the same
// person by the same key in the same browser (which is what a lane says) and tells
// nothing new. A proof with an end of its own always begins a new session, since
// the end is the session's.
func (c *Chat) renew(ctx context.Context, e entrance, epoch int64) (Result, bool, error) {
	hash, ok := hashToken(e.device.Replaces)
	if !ok || !e.verdict.Expires().IsZero() {
		return Result{}, false, nil
	}
	s, err := c.sessionAt(ctx, hash, epoch)
	if err == nil {
		err = c.same(ctx, &e, s)
	}
	if err == nil {
		s, err = c.slide(ctx, s)
	}
	if errors.Is(err, ErrSessionEnded) || errors.Is(err, errOther) {
		return Result{}, false, nil
	}
	if err != nil {
		return Result{}, false, err
	}
	result := c.result(e, s)
	result.Token = e.device.Replaces
	if e.mayHold(s) {
		result.Claimed, result.Waiting, err = c.follow(ctx, s, e.now)
	}
	return result, true, err
}

// errOther: the session is not what this entrance would make.
var errOther = errors.New("chat: another session")

// same recognises the browser, and answers errOther unless this is its person's
// session and nothing new is said.
func (c *Chat) same(ctx context.Context, e *entrance, s Session) error {
	hash, ok := hashToken(e.device.VisitorToken)
	if !ok {
		return errOther
	}
	visitor, known, err := c.store.Returning(ctx, e.channel.Workspace, hash, s.Contact, e.now)
	if errors.Is(err, ErrNotFound) || err == nil && !e.knows(visitor) {
		return errOther
	}
	if err != nil {
		return fmt.Errorf("chat: read what is known of the visitor: %w", err)
	}
	e.visitor = visitor
	if e.only, err = c.signedOnly(ctx, e.channel.Workspace, s.epoch); err != nil {
		return err
	}
	same, err := e.sameAs(s)
	if err == nil && (!same || !tellsNothingNew(e.attributes(), known)) {
		err = errOther
	}
	if err != nil {
		return err
	}
	if waits, err := c.awaited(ctx, e, s); err != nil || !waits {
		return err
	}
	return errOther
}

// sameAs says whether a live session is what this entrance would make of the same token.
func (e entrance) sameAs(s Session) (bool, error) {
	contact, err := e.contact(s.ID)
	return err == nil && s.Visitor == e.visitor.ID && s.Platform == e.device.Platform && s.Dialect == e.verdict.Dialect() &&
		s.Standing.Tier() == e.verdict.Tier() && s.ProofEnds.IsZero() && s.Lane == laneOf(e.visitor, contact.Scope, e.verdict), err
}

// tellsNothingNew says whether all that is said is known already, by the same provenance.
func tellsNothingNew(said, known []Attribute) bool {
	for _, a := range said {
		if !slices.ContainsFunc(known, func(k Attribute) bool {
			return k.Name == a.Name && k.Provenance == a.Provenance && bytes.Equal(k.Value, a.Value)
		}) {
			return false
		}
	}
	return true
}

// recognise finds the browser by its token, or meets a new one.
func (c *Chat) recognise(ctx context.Context, e *entrance) error {
	if e.from != nil {
		return c.remain(ctx, e)
	}
	if hash, ok := hashToken(e.device.VisitorToken); ok {
		known, err := c.store.VisitorByToken(ctx, e.channel.Workspace, hash, e.now)
		if err == nil && e.knows(known) {
			e.visitor = known
			return nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("chat: read visitor: %w", err)
		}
	}
	e.meet()
	return nil
}

func (e *entrance) knows(v Visitor) bool {
	return v.Channel == e.channel.ID && e.now.Before(v.ExpiresAt)
}

// mayHold says whether an anonymous thread can wait for the session: its browser was
// here before, and had an anonymous contact.
func (e *entrance) mayHold(s Session) bool { return e.visitor.Contact != "" && mayClaim(s, e.now) }

// meet makes a visitor that was never here.
func (e *entrance) meet() {
	e.secret, e.fresh = newToken(e.now), true
	hash, _ := hashToken(e.secret)
	e.visitor = Visitor{
		ID: event.NewID("vis", e.now), Workspace: e.channel.Workspace, Channel: e.channel.ID, TokenHash: hash,
		CreatedAt: e.now, SeenAt: e.now, ExpiresAt: e.now.Add(VisitorLife),
	}
}

// opening is everything that the store is asked to write, and the session's token.
func (e entrance) opening() (Opening, string, error) {
	id := event.NewID("ses", e.now)
	contact, err := e.contact(id)
	if err != nil {
		return Opening{}, "", err
	}
	v := e.verdict
	token := newToken(e.now)
	hash, _ := hashToken(token)
	session := Session{
		ID: id, Workspace: e.channel.Workspace, Channel: e.channel.ID, Realm: e.channel.Realm, Platform: e.device.Platform,
		Dialect: v.Dialect(), Visitor: e.visitor.ID, Lane: laneOf(e.visitor, contact.Scope, v),
		Origin: cut(e.device.Origin, 256), UserAgent: cut(e.device.UserAgent, 400),
		CreatedAt: e.now, SeenAt: e.now, Absolute: e.now.Add(AbsoluteLife), ProofEnds: v.Expires(),
	}
	session.ExpiresAt = lifeEnd(session, e.now)
	if !e.now.Before(session.ExpiresAt) {
		return Opening{}, "", fmt.Errorf("%w: its proof has ended", ErrRefused)
	}
	e.visitor.SeenAt = e.now
	opening := Opening{
		Session: session, TokenHash: hash, Visitor: e.visitor, NewVisitor: e.fresh, Contact: contact, Follows: e.follows,
		Verdict:    recordOf(v),
		Links:      e.links(contact),
		Attributes: e.attributes(),
	}
	if replaced, ok := hashToken(e.device.Replaces); ok {
		opening.Ends = replaced
	}
	if e.from != nil {
		opening.Ends = e.from.token
	}
	return opening, token, nil
}

// contact says for whom the session will act, see the package comment. A tier or
// method that it does not know admits nobody.
func (e entrance) contact(session string) (Contact, error) {
	v := e.verdict
	contact := Contact{ID: event.NewID("con", e.now), Workspace: e.channel.Workspace, Realm: e.channel.Realm, CreatedAt: e.now, SeenAt: e.now}
	switch v.Tier() {
	case policy.Verified:
		if err := provedIn(v, e.channel.Realm); err != nil {
			return Contact{}, err
		}
		if v.Method() == identity.MethodHMACEither {
			contact.Kind, contact.Scope = EitherContact, eitherScope(v.Identifiers()[0])
			return contact, nil
		}
		contact.Kind = VerifiedContact
	case policy.Claimed:
		contact.Kind, contact.Scope = ClaimedContact, claimScope(e.visitor.ID, v.Claim())
		if strings.HasPrefix(v.Dialect(), "pylon") { // shows a claimed visitor this session's thread alone
			contact.Scope = "session:" + session
		}
	case policy.Anonymous:
		contact.Kind, contact.Scope = AnonymousContact, "visitor:"+e.visitor.ID
	default:
		return Contact{}, fmt.Errorf("%w: unknown tier %q", ErrRefused, v.Tier())
	}
	return contact, nil
}

// linking are the methods whose proof finds a person.
var linking = []identity.Method{identity.MethodJWT, identity.MethodV1, identity.MethodHMAC, identity.MethodDKIM, identity.MethodCode}

func provedIn(v policy.Verdict, realm string) error {
	if (v.Key() == "") != (v.Method() == identity.MethodCode) || len(v.Identifiers()) == 0 {
		return fmt.Errorf("%w: verified by no key, or as nobody", ErrRefused)
	}
	if v.Method() != identity.MethodHMACEither && !slices.Contains(linking, v.Method()) {
		return fmt.Errorf("%w: method %q links nobody", ErrRefused, v.Method())
	}
	for _, i := range v.Identifiers() {
		if i.Realm != realm {
			return fmt.Errorf("%w: proved in another realm", ErrRefused)
		}
	}
	return nil
}

func (e entrance) links(contact Contact) []Link {
	if contact.Kind != VerifiedContact {
		return nil
	}
	var links []Link
	for _, i := range e.verdict.Identifiers() {
		links = append(links, Link{
			Workspace: contact.Workspace, Identifier: i, Method: e.verdict.Method(), Key: e.verdict.Key(), At: e.now,
		})
	}
	return links
}

// limitKey is one person, or one browser's claim.
func (e entrance) limitKey() string {
	if proved := e.verdict.Identifiers(); len(proved) > 0 {
		i := proved[0]
		return digestText("opens", e.channel.Workspace, i.Realm, string(i.Kind), i.Value)
	}
	claim := e.verdict.Claim()
	return digestText("opens", e.channel.Workspace, e.visitor.ID, claim.UserID, claim.Email)
}

const (
	maxAttributes      = 40
	maxAttributeBytes  = 1024
	maxAttributeString = 255 // characters
)

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// attributes lists what the verdict says of the person: what the proof covers as
// signed, everything else as claimed.
func (e entrance) attributes() []Attribute {
	v, claim := e.verdict, e.verdict.Claim()
	claimed := map[string]any{}
	maps.Copy(claimed, claim.Attributes)
	for name, value := range map[string]string{"user_id": claim.UserID, "email": claim.Email, "name": claim.Name} {
		delete(claimed, name) // ours: an attribute of this name is no such claim
		if value != "" {
			claimed[name] = value
		}
	}
	maps.DeleteFunc(claimed, func(name string, _ any) bool { return e.only[name] })
	if v.Tier() != policy.Verified {
		return e.shape(claimed, ByClaim)
	}
	signed := map[string]any{}
	maps.Copy(signed, v.Attributes())
	for _, i := range v.Identifiers() {
		kind := string(i.Kind)
		if signed[kind] = i.Value; claimed[kind] == i.Value { // what is proved is no mere claim beside it
			delete(claimed, kind)
		}
	}
	proved := BySignature
	if v.Method() == identity.MethodCode {
		proved = ByEmail // its holder said so, and no customer's backend
	}
	return append(e.shape(signed, proved), e.shape(claimed, ByClaim)...)
}

func (e entrance) shape(values map[string]any, by Provenance) (out []Attribute) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value, ok := attributeValue(values[name])
		if !ok || !attributeName.MatchString(name) || len(out) == maxAttributes {
			continue
		}
		a := Attribute{Workspace: e.channel.Workspace, Name: name, Provenance: by, Value: value, At: e.now}
		if by != ByClaim {
			a.Method = e.verdict.Method()
		}
		out = append(out, a)
	}
	return out
}

// attributeValue is the JSON of a text, number, boolean or null; nothing else is a value.
func attributeValue(value any) (json.RawMessage, bool) {
	switch v := value.(type) {
	case string:
		if clean := []rune(cut(v, maxAttributeBytes)); len(clean) > maxAttributeString {
			value = string(clean[:maxAttributeString])
		} else {
			value = string(clean)
		}
	case nil, bool, float64, int, int64, json.Number:
	default:
		return nil, false
	}
	raw, err := json.Marshal(value)
	return raw, err == nil && len(raw) <= 2*maxAttributeBytes
}

// name to greet by: what the proof says, or else what the page does.
func (e entrance) name() string {
	if name, ok := e.verdict.Attributes()["name"].(string); ok && name != "" {
		return cut(name, maxAttributeString)
	}
	if e.only["name"] {
		return ""
	}
	return cut(e.verdict.Claim().Name, maxAttributeString)
}
