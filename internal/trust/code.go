package trust

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/deliver"
	"countersign/internal/event"
	"countersign/internal/workspace"
)

var (
	// ErrNoCodes: the channel takes no emailed codes, or no mail leaves this installation.
	ErrNoCodes = errors.New("trust: no emailed codes here")
	// ErrAskerGone: the session that asks has ended, or has proved who it is already.
	ErrAskerGone = errors.New("trust: whoever asked is gone")
	// ErrAskedTooOften: this session, or this network, asks for too many codes.
	ErrAskedTooOften = errors.New("trust: too many codes")
)

// Asker is for whom a code is good, and for nobody else: a live session that proved
// nothing, or, where a channel opens no such session, an attempt to begin one.
type Asker struct {
	ID        string // of the session, or of the attempt
	Session   string // the session's id; empty for an attempt
	Workspace string
	Channel   string // id
}

// CodeAsk is somebody who wants a code.
type CodeAsk struct {
	Asker
	Email   string
	Network string // it came from; empty: not known, and not limited
}

// CodeArrival is somebody who has read one.
type CodeArrival struct {
	Asker
	Platform policy.Platform
	Origin   string
	Network  string // it came from, as of an Arrival
	Code     string
	// Allow is as in Arrival.
	Allow func(ctx context.Context, verdict policy.Verdict, channel workspace.Channel) (outcome string, err error)
}

// CodeRow is a code as it waits: a MAC, and the address sealed.
type CodeRow struct {
	ID        string
	Asker     Asker
	Realm     string
	Address   string // the folded address, keyed: what limits count by
	Sealed    []byte
	Tag       []byte
	Tries     int
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Quota is how often something may happen within an hour and within a day.
type Quota struct {
	Name string // of what is counted; empty: nothing is
	Hour int    // 0: no limit
	Day  int
}

// CodeLimits are asked in the transaction that writes a code, over all nodes.
type CodeLimits struct {
	// Asked limit whoever asks, and are no secret: beyond them nothing is written and the
	// answer says so.
	Asked []Quota
	// Mailed guard a mailbox. Beyond them the letter is withheld, and only the mailbox's
	// owner could tell: the answer is the same.
	Mailed []Quota
	// Wrong tries, of which no more codes are sent or taken beyond.
	Wrong Quota
}

// CodeStore keeps codes. Both methods check in their transaction that the channel
// takes codes and that the session that asks is live and has proved nothing
// (ErrNoCodes, ErrAskerGone, and nothing changed).
type CodeStore interface {
	Channel(ctx context.Context, workspace, id string) (workspace.Channel, error)
	// PutCode replaces the asker's code and posts the letter; a withheld letter leaves no
	// code that could be guessed, unless the asker has one for the same address already.
	// ErrAskedTooOften as the limits say.
	PutCode(ctx context.Context, code CodeRow, limits CodeLimits, letter deliver.Letter) error
	// TryCode hands the asker's code to judge, a zero one if there is none or its address
	// had its wrong tries: a yes spends the code, a no costs a try. One at a time, over all nodes.
	TryCode(ctx context.Context, asker Asker, wrong func(address string) Quota, judge func(code CodeRow, now time.Time) bool) error
}

// codes is what the gate needs for emailed codes; nil: none are taken.
type codes struct {
	store CodeStore
	desk  *deliver.Desk
	seal  deliver.Sealer
	key   identity.Secret // of the MACs
	count []byte          // of the names that limits count by
}

// TakeCodes lets the gate mail codes and take them back.
func (g *Gate) TakeCodes(store CodeStore, desk *deliver.Desk, seal deliver.Sealer, master *Master) {
	g.codes = &codes{store: store, desk: desk, seal: seal, key: identity.NewSecret(master.Derive("email code")), count: master.Derive("email code limits")}
}

// OffersCodes says whether a channel's visitors can prove an address here.
func (g *Gate) OffersCodes(channel workspace.Channel) bool {
	return g.codes != nil && channel.EmailCode
}

// AskCode mails a code to whoever reads that address's mail. Its answer says nothing
// of the address: nil for one that had too much mail today as for any other.
func (g *Gate) AskCode(ctx context.Context, ask CodeAsk) error {
	channel, err := g.codeChannel(ctx, ask.Asker)
	if err != nil {
		return err
	}
	if err := deliver.CheckAddress(ask.Email); err != nil {
		return err
	}
	now := g.pulse.Now().Truncate(time.Microsecond)
	// The folded spelling is what will be proved, so that is where the code goes.
	challenge := identity.Challenge{
		ID: event.NewID("cod", now), Asker: ask.ID, Channel: channel.ID, Realm: channel.Realm,
		Email: identity.Fold(ask.Email), ExpiresAt: now.Add(identity.CodeLife),
	}
	code := newCode()
	letter, err := g.codes.desk.Write(codeLetter(channel, challenge, code))
	if err != nil {
		return err
	}
	challenge = challenge.Tagged(g.codes.key, code)
	row := CodeRow{
		ID: challenge.ID, Asker: ask.Asker, Realm: challenge.Realm, Address: g.codes.name("address", challenge.Email),
		Sealed: g.codes.seal.Seal([]byte(challenge.Email), ask.Workspace, challenge.ID), Tag: challenge.Tag,
		CreatedAt: now, ExpiresAt: challenge.ExpiresAt,
	}
	if err := g.codes.store.PutCode(ctx, row, g.codes.limits(ask, challenge.Email, row.Address), letter); err != nil {
		return err
	}
	g.codes.desk.Wake()
	return nil
}

// codeChannel is the asker's channel, if this node knows how things stand and codes
// are taken there.
func (g *Gate) codeChannel(ctx context.Context, asker Asker) (workspace.Channel, error) {
	if _, err := g.pulse.Epoch(); err != nil {
		return workspace.Channel{}, err
	}
	if g.codes == nil {
		return workspace.Channel{}, ErrNoCodes
	}
	channel, err := g.codes.store.Channel(ctx, asker.Workspace, asker.Channel)
	if err != nil {
		return workspace.Channel{}, err
	}
	if !channel.EmailCode {
		return workspace.Channel{}, ErrNoCodes
	}
	return channel, nil
}

// limits of one asking. The plain address has the promised ones; what is left of it
// without dots and without what follows a plus is the same mailbox in most places,
// and has its own, so that variants cannot fill somebody's inbox.
func (c *codes) limits(ask CodeAsk, email, address string) CodeLimits {
	limits := CodeLimits{
		Asked:  []Quota{{Name: c.name("asker", ask.ID), Hour: 5, Day: 15}},
		Mailed: []Quota{{Name: "mailed:" + address, Hour: 3, Day: 10}, {Name: c.name("stem", stem(email)), Hour: 6, Day: 20}},
		Wrong:  wrongTries(address),
	}
	if ask.Network != "" {
		limits.Asked = append(limits.Asked, Quota{Name: c.name("network", ask.Network), Hour: 20, Day: 60})
	}
	return limits
}

func wrongTries(address string) Quota { return Quota{Name: "wrong:" + address, Day: 20} }

func (c *codes) name(kind, text string) string {
	return kind + ":" + hex.EncodeToString(keyed(c.count, []byte(kind), []byte(text))[:16])
}

func stem(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	local, _, _ = strings.Cut(local, "+")
	return strings.ReplaceAll(local, ".", "") + "@" + domain
}

// newCode is six digits, each number as likely as any.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("trust: the system has no randomness: " + err.Error()) // it ends the process itself
	}
	return fmt.Sprintf("%0*d", identity.CodeDigits, n)
}

// codeLetter says what the code is for, who is meant by it, and what to do if nobody
// asked. Nothing that the visitor wrote is in it: otherwise anybody could have us
// mail their words to anybody.
func codeLetter(channel workspace.Channel, challenge identity.Challenge, code string) deliver.Draft {
	team := deliver.OneLine(channel.Appearance.Team, 60)
	if team == "" {
		team = deliver.OneLine(channel.Name, 60)
	}
	return deliver.Draft{
		Workspace: channel.Workspace, Kind: deliver.CodeLetter, Ref: challenge.ID, To: challenge.Email, Life: identity.CodeLife,
		Subject: code + " is your code for the chat with " + team,
		Text: "Your code for the chat with " + team + ":\n\n    " + code + "\n\n" +
			"Type it into the chat where you asked for it. It works once, there alone, and for ten minutes.\n\n" +
			"Did you not ask for it? Then somebody typed your address by mistake or on purpose. Tell nobody the code, and nothing happens.\n",
	}
}

// AdmitCode judges a code that somebody typed, and records the judgement before it
// answers. Whatever is wrong (no code, another's, used, too old, too many tries, a
// channel that takes them no more) is one refusal. The code is spent before anybody
// is let in: if what follows fails, it has to be asked for again.
func (g *Gate) AdmitCode(ctx context.Context, arrival CodeArrival) (policy.Verdict, workspace.Channel, error) {
	fail := func(err error) (policy.Verdict, workspace.Channel, error) {
		return policy.Verdict{}, workspace.Channel{}, err
	}
	channel, err := g.codeChannel(ctx, arrival.Asker)
	if err != nil {
		return fail(err)
	}
	enforcement, serves := channel.Platforms[arrival.Platform]
	if !serves {
		return fail(fmt.Errorf("%w: this channel does not serve the platform %s", ErrPlatform, arrival.Platform))
	}
	j := judgement{
		assertion: identity.Assertion{Dialect: policy.CodeDialect}, enforcement: enforcement,
		arrival: Arrival{Channel: channel.Slug, Platform: arrival.Platform, Origin: arrival.Origin, Network: arrival.Network, Allow: arrival.Allow},
	}
	var said identity.Identifier
	judge := func(row CodeRow, now time.Time) bool {
		j.verdict, said = g.codes.judge(channel, row, arrival.Code, now)
		return j.verdict.Tier() == policy.Verified
	}
	// What is no code at all is not looked up, and costs no try.
	if j.verdict = g.codes.shape(arrival.Code); j.verdict.Reason() != identity.ProofMalformed {
		if err := g.codes.store.TryCode(ctx, arrival.Asker, wrongTries, judge); err != nil {
			return fail(err)
		}
	}
	if j.verdict.Refusal() != policy.NotRefused {
		draft := draftAt(channel, audit.IdentityRefused, j)
		draft.Person = said
		draft.Detail["reason"], draft.Detail["outcome"] = string(j.verdict.Reason()), outcome(j.verdict)
		if err := g.recordRefusal(ctx, arrival.Network, draft); err != nil {
			return fail(fmt.Errorf("trust: recording a judgement: %w", err))
		}
		return j.verdict, channel, nil
	}
	if outcome, err := j.allowed(ctx, channel); err != nil {
		return fail(errors.Join(err, g.turnedAway(ctx, channel, j, outcome)))
	}
	if err := g.store.Record(ctx, g.opened(channel, j)); err != nil {
		return fail(fmt.Errorf("trust: recording a judgement: %w", err))
	}
	return j.verdict, channel, nil
}

// shape judges a code without knowing which was sent.
func (c *codes) shape(said string) policy.Verdict {
	mailbox, err := identity.VerifyCode(c.key, identity.Challenge{}, said, time.Time{})
	return policy.DecideCode(policy.CodeRule{}, mailbox, err)
}

// judge is pure but for the opening of the sealed address; it runs inside the
// transaction that spends the code or counts the try.
func (c *codes) judge(channel workspace.Channel, row CodeRow, said string, now time.Time) (policy.Verdict, identity.Identifier) {
	rule := policy.CodeRule{Allowed: channel.EmailCode, MinimumTier: channel.MinimumTier}
	challenge := identity.Challenge{
		ID: row.ID, Asker: row.Asker.ID, Channel: row.Asker.Channel, Realm: row.Realm, Tries: row.Tries, ExpiresAt: row.ExpiresAt, Tag: row.Tag,
	}
	var whose identity.Identifier
	if row.ID != "" && row.Realm == channel.Realm {
		email, err := c.seal.Open(row.Sealed, row.Asker.Workspace, row.ID)
		if err != nil {
			return policy.DecideCode(rule, identity.Mailbox{}, err), whose
		}
		challenge.Email = string(email)
		whose = identity.Identifier{Realm: row.Realm, Kind: identity.KindEmail, Value: challenge.Email}
	}
	mailbox, err := identity.VerifyCode(c.key, challenge, said, now)
	return policy.DecideCode(rule, mailbox, err), whose
}
