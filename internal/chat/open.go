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

// Open begins a session from a verdict; nothing else does. A verdict that admits
// nobody is ErrRefused, and ends the session that a failed assertion was sent from.
// The same person, proved by the same key in the same browser, keeps its session.
func (c *Chat) Open(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, device Device) (Result, error) {
	epoch, err := c.pulse.Epoch()
	if err != nil {
		return Result{}, err
	}
	if verdict.Refusal() != policy.NotRefused {
		if verdict.Reason() != "" && device.Replaces != "" {
			if err := c.endReplaced(ctx, device.Replaces); err != nil {
				return Result{}, err
			}
		}
		return Result{}, ErrRefused
	}
	now := c.pulse.Now()
	visitor, visitorToken, err := c.visitor(ctx, channel, device, now)
	if err != nil {
		return Result{}, err
	}
	if visitorToken == "" && device.Replaces != "" {
		if result, ok, err := c.renew(ctx, verdict, channel, visitor, device, epoch); ok || err != nil {
			return result, err
		}
	}
	if !c.openings.admit(limitKey(channel.Workspace, verdict, visitor.ID), now) {
		return Result{}, ErrTooMany
	}
	written, err := c.begin(ctx, verdict, channel, device, visitor, visitorToken, now)
	if errors.Is(err, ErrOtherPerson) {
		visitor, visitorToken = newVisitor(channel, now)
		written, err = c.begin(ctx, verdict, channel, device, visitor, visitorToken, now)
	}
	if err != nil {
		return Result{}, err
	}
	session, err := c.keep(written.opened.Session, written.hash, epoch)
	if err != nil {
		return Result{}, err
	}
	result := c.result(verdict, session)
	result.Token, result.VisitorToken, result.Conflicts = written.token, visitorToken, written.opened.Conflicts
	if visitorToken == "" && mayClaim(session) {
		result.Claimed, result.Waiting, err = c.follow(ctx, session, now)
	}
	return result, err
}

func (c *Chat) result(verdict policy.Verdict, s Session) Result {
	return Result{Session: s, Visitor: s.Visitor, Lane: s.Lane, Seq: c.pulse.Head().Seq, Name: nameIn(verdict)}
}

// renew keeps the session that the widget holds, if the verdict is about the same
// person by the same key in the same browser (which is what a lane says) and tells
// nothing new. A proof with an end of its own always begins a new session, since
// the end is the session's.
func (c *Chat) renew(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, visitor Visitor, device Device, epoch int64) (Result, bool, error) {
	hash, ok := hashToken(device.Replaces)
	if !ok || !verdict.Expires().IsZero() {
		return Result{}, false, nil
	}
	s, err := c.sessionAt(ctx, hash, epoch)
	if errors.Is(err, ErrSessionEnded) {
		return Result{}, false, nil
	}
	if err != nil {
		return Result{}, false, err
	}
	contact, err := contactOf(verdict, channel, visitor.ID, s.ID, c.pulse.Now())
	if err != nil {
		return Result{}, false, err
	}
	if s.Visitor != visitor.ID || s.Platform != device.Platform || s.Standing.Tier() != verdict.Tier() ||
		!s.ProofEnds.IsZero() || s.Lane != laneOf(visitor, contact.Scope, verdict) {
		return Result{}, false, nil
	}
	known, err := c.store.AttributesOf(ctx, s.Workspace, []string{s.Contact})
	if err != nil {
		return Result{}, false, fmt.Errorf("chat: read what is known of the visitor: %w", err)
	}
	if !tellsNothingNew(attributesOf(verdict, s.Workspace, s.SeenAt), known) {
		return Result{}, false, nil
	}
	if s, err = c.slide(ctx, s); errors.Is(err, ErrSessionEnded) {
		return Result{}, false, nil
	} else if err != nil {
		return Result{}, false, err
	}
	result := c.result(verdict, s)
	result.Token = device.Replaces
	if mayClaim(s) {
		result.Claimed, result.Waiting, err = c.follow(ctx, s, c.pulse.Now())
	}
	return result, true, err
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

// written is an opening that was committed.
type written struct {
	opened Opened
	token  string
	hash   []byte
}

func (c *Chat) begin(ctx context.Context, v policy.Verdict, channel workspace.Channel, device Device, visitor Visitor, visitorToken string, now time.Time) (written, error) {
	opening, token, err := opening(v, channel, device, visitor, visitorToken != "", now)
	if err != nil {
		return written{}, err
	}
	opened, err := c.store.OpenSession(ctx, opening)
	if err != nil {
		return written{}, fmt.Errorf("chat: open session: %w", err)
	}
	return written{opened: opened, token: token, hash: opening.TokenHash}, nil
}

// visitor finds the browser by its token, or makes a new one; then its token is not empty.
func (c *Chat) visitor(ctx context.Context, channel workspace.Channel, device Device, now time.Time) (Visitor, string, error) {
	if hash, ok := hashToken(device.VisitorToken); ok {
		known, err := c.store.VisitorByToken(ctx, channel.Workspace, hash, now)
		if err == nil && known.Channel == channel.ID && now.Before(known.ExpiresAt) {
			return known, "", nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Visitor{}, "", fmt.Errorf("chat: read visitor: %w", err)
		}
	}
	fresh, token := newVisitor(channel, now)
	return fresh, token, nil
}

func newVisitor(channel workspace.Channel, now time.Time) (Visitor, string) {
	token := newToken()
	hash, _ := hashToken(token)
	return Visitor{
		ID: event.NewID("vis", now), Workspace: channel.Workspace, Channel: channel.ID, TokenHash: hash,
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(VisitorLife),
	}, token
}

// opening is everything that the store is asked to write.
func opening(v policy.Verdict, channel workspace.Channel, device Device, visitor Visitor, fresh bool, now time.Time) (Opening, string, error) {
	id := event.NewID("ses", now)
	contact, err := contactOf(v, channel, visitor.ID, id, now)
	if err != nil {
		return Opening{}, "", err
	}
	token := newToken()
	hash, _ := hashToken(token)
	session := Session{
		ID: id, Workspace: channel.Workspace, Channel: channel.ID, Realm: channel.Realm, Platform: device.Platform,
		Dialect: v.Dialect(), Visitor: visitor.ID, Lane: laneOf(visitor, contact.Scope, v),
		Origin: cut(device.Origin, 256), UserAgent: cut(device.UserAgent, 400),
		CreatedAt: now, SeenAt: now, Absolute: now.Add(AbsoluteLife), ProofEnds: v.Expires(),
	}
	session.ExpiresAt = lifeEnd(session, now)
	if !now.Before(session.ExpiresAt) {
		return Opening{}, "", fmt.Errorf("%w: its proof has ended", ErrRefused)
	}
	visitor.SeenAt = now
	opening := Opening{
		Session: session, TokenHash: hash, Visitor: visitor, NewVisitor: fresh, Contact: contact,
		Verdict:    Record{Tier: v.Tier(), Method: v.Method(), Key: v.Key(), Identifiers: v.Identifiers()},
		Links:      linksOf(v, contact, now),
		Attributes: attributesOf(v, channel.Workspace, now),
	}
	if replaced, ok := hashToken(device.Replaces); ok {
		opening.Ends = replaced
	}
	return opening, token, nil
}

// contactOf says for whom the session will act, see the package comment. A tier or
// method that it does not know admits nobody.
func contactOf(v policy.Verdict, channel workspace.Channel, visitor, session string, now time.Time) (Contact, error) {
	contact := Contact{ID: event.NewID("con", now), Workspace: channel.Workspace, Realm: channel.Realm, CreatedAt: now, SeenAt: now}
	switch v.Tier() {
	case policy.Verified:
		if err := provedIn(v, channel.Realm); err != nil {
			return Contact{}, err
		}
		if v.Method() == identity.MethodHMACEither {
			contact.Kind, contact.Scope = EitherContact, eitherScope(v.Identifiers()[0])
			return contact, nil
		}
		contact.Kind = VerifiedContact
	case policy.Claimed:
		contact.Kind, contact.Scope = ClaimedContact, claimScope(visitor, v.Claim())
		if strings.HasPrefix(v.Dialect(), "pylon") { // shows a claimed visitor this session's thread alone
			contact.Scope = "session:" + session
		}
	case policy.Anonymous:
		contact.Kind, contact.Scope = AnonymousContact, "visitor:"+visitor
	default:
		return Contact{}, fmt.Errorf("%w: unknown tier %q", ErrRefused, v.Tier())
	}
	return contact, nil
}

// linking are the methods whose proof finds a person.
var linking = []identity.Method{identity.MethodJWT, identity.MethodV1, identity.MethodHMAC, identity.MethodDKIM, identity.MethodCode}

func provedIn(v policy.Verdict, realm string) error {
	if v.Key() == "" || len(v.Identifiers()) == 0 {
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

func linksOf(v policy.Verdict, contact Contact, now time.Time) []Link {
	if contact.Kind != VerifiedContact {
		return nil
	}
	var links []Link
	for _, i := range v.Identifiers() {
		links = append(links, Link{Workspace: contact.Workspace, Identifier: i, Method: v.Method(), Key: v.Key(), At: now})
	}
	return links
}

// limitKey is one person, or one browser's claim.
func limitKey(workspace string, v policy.Verdict, visitor string) string {
	if v.Tier() == policy.Verified {
		i := v.Identifiers()[0]
		return digestText("opens", workspace, i.Realm, string(i.Kind), i.Value)
	}
	return digestText("opens", workspace, visitor, v.Claim().UserID, v.Claim().Email)
}

const (
	maxAttributes      = 40
	maxAttributeBytes  = 1024
	maxAttributeString = 255 // characters
)

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// attributesOf lists what the verdict says of the person: what the proof covers
// as signed, everything else as claimed.
func attributesOf(v policy.Verdict, workspace string, now time.Time) []Attribute {
	signed := maps.Clone(v.Attributes())
	if signed == nil {
		signed = map[string]any{}
	}
	for _, i := range v.Identifiers() {
		signed[string(i.Kind)] = i.Value
	}
	claim := v.Claim()
	claimed := maps.Clone(claim.Attributes)
	if claimed == nil {
		claimed = map[string]any{}
	}
	for name, value := range map[string]string{"user_id": claim.UserID, "email": claim.Email, "name": claim.Name} {
		if value != "" {
			claimed[name] = value
		}
	}
	shape := func(values map[string]any, by Provenance) (out []Attribute) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			value, ok := attributeValue(values[name])
			if !ok || !attributeName.MatchString(name) || len(out) == maxAttributes {
				continue
			}
			out = append(out, Attribute{Workspace: workspace, Name: name, Provenance: by, Value: value, At: now})
			if by == BySignature {
				out[len(out)-1].Method = v.Method()
			}
		}
		return out
	}
	var all []Attribute
	if v.Tier() == policy.Verified {
		all = shape(signed, BySignature)
	}
	return append(all, shape(claimed, ByClaim)...)
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

func nameIn(v policy.Verdict) string {
	if name, ok := v.Attributes()["name"].(string); ok && name != "" {
		return cut(name, maxAttributeString)
	}
	return cut(v.Claim().Name, maxAttributeString)
}
