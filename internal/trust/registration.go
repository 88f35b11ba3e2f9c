package trust

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/workspace"
)

// A registration lets a website connect itself: somebody makes a token here and pastes it
// there, the site sends it with its own address and is given a secret, and a person reads
// the address here and says yes.
//
//	open ──site──▶ waiting ──person──▶ confirmed
//	  │               │
//	  │ 30 min        ├──person──▶ refused
//	  ▼               │ 7 days
//	expired           ▼
//	               lapsed
//
// Until the yes nothing of it exists but its own row: no channel, and no key in any ring.
// The secret lies sealed in the row, where no verification looks, so that "does it verify
// yet?" is no question that some use could forget to ask. The yes makes channel and key in
// one transaction; anything else destroys the secret.
const (
	registrationPrefix = "csr_"
	receiptPrefix      = "csw_"
	randomText         = 43 // characters of 32 bytes in unpadded base64url

	registrationLife = 30 * time.Minute
	// ConfirmWithin is how long a site waits for a person's word.
	ConfirmWithin = 7 * 24 * time.Hour
	// MaxRegistrations of a workspace are open or waiting at once.
	MaxRegistrations = 50

	registeredDialect = "native-jwt" // signs for minutes: a hash on a page would be good for as long as the key
	maxSoftware       = 80           // bytes
	wrongTokensAtOnce = 10
	wrongTokensEvery  = 30 * time.Second
)

var (
	// ErrRegistrationRefused: the token is unknown, was used, has expired or was taken back;
	// which of them is not told.
	ErrRegistrationRefused = errors.New("trust: no such registration token")
	// ErrRegistrationLimited: too many wrong tokens came from this network.
	ErrRegistrationLimited = errors.New("trust: too many wrong registration tokens")
	// ErrNoRegistration: no registration of this workspace has the id.
	ErrNoRegistration = errors.New("trust: no such registration")
	// ErrRegistrationState: the registration is past what was asked for; wrapped with why.
	ErrRegistrationState = errors.New("trust: this registration")
)

// RegistrationState is where a registration stands.
type RegistrationState string

const (
	RegistrationOpen      RegistrationState = "open"
	RegistrationExpired   RegistrationState = "expired"
	RegistrationWaiting   RegistrationState = "waiting"
	RegistrationLapsed    RegistrationState = "lapsed"
	RegistrationConfirmed RegistrationState = "confirmed"
	RegistrationRefused   RegistrationState = "refused"
	// RegistrationEnded: it was confirmed, and its key has been finished or revoked since.
	RegistrationEnded RegistrationState = "ended"
)

// Registration is one token and what became of it. Times that did not happen are zero.
type Registration struct {
	ID        string
	Workspace string
	TokenHash []byte
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time // of the token

	UsedAt      time.Time
	Site        string // origin, as the site named itself
	Name        string
	Software    string // as it named itself
	Network     string // from which it came
	Slug        string // the channel's public id, once there is one
	Channel     string // id; of a channel only once confirmed
	Key         string // id; of a key only once confirmed
	Sealed      []byte // the secret while it waits
	ReceiptHash []byte // of what lets the site ask how it stands

	DecidedAt time.Time
	DecidedBy string
	Confirmed bool
	KeyLives  bool // of a confirmed one; read, never written
}

// State is judged at now, so that nothing has to happen for a token to end.
func (r Registration) State(now time.Time) RegistrationState {
	switch {
	case r.Confirmed && r.KeyLives:
		return RegistrationConfirmed
	case r.Confirmed:
		return RegistrationEnded
	case !r.DecidedAt.IsZero():
		return RegistrationRefused
	case r.UsedAt.IsZero() && now.Before(r.ExpiresAt):
		return RegistrationOpen
	case r.UsedAt.IsZero():
		return RegistrationExpired
	case now.Before(r.UsedAt.Add(ConfirmWithin)):
		return RegistrationWaiting
	}
	return RegistrationLapsed
}

// RegistrationStore keeps registrations. Every decision is made by the database's clock in
// the transaction that writes it, and one caller wins.
type RegistrationStore interface {
	// AddRegistration fails with ErrLimited while MaxRegistrations are open or waiting. It
	// forgets what ended long ago.
	AddRegistration(ctx context.Context, r Registration, draft audit.Draft) error
	Registrations(ctx context.Context, workspace string) ([]Registration, error)
	Registration(ctx context.Context, workspace, id string) (Registration, error)
	// RegistrationByToken and RegistrationByReceipt find in any workspace: whoever asks has
	// nothing else. ErrNoRegistration if there is none.
	RegistrationByToken(ctx context.Context, hash []byte) (Registration, error)
	RegistrationByReceipt(ctx context.Context, hash []byte) (Registration, error)
	// UseRegistration turns an open one into one that waits, or fails with ErrRegistrationRefused.
	UseRegistration(ctx context.Context, r Registration, draft audit.Draft) error
	// ConfirmRegistration makes the channel and its one key of a registration that waits, in
	// one transaction; ErrRegistrationState if it does not wait any more. Appends event.ChannelChanged.
	ConfirmRegistration(ctx context.Context, c Confirmation) error
	// RefuseRegistration ends one that is open or waits, and destroys its secret.
	RefuseRegistration(ctx context.Context, workspace, id string, draft audit.Draft) error
	// EndLapsed destroys the secrets of those that lapsed before now, of every workspace.
	EndLapsed(ctx context.Context, now time.Time) (n int, err error)
}

// Confirmation is somebody's yes to a registration.
type Confirmation struct {
	Registration string
	By           string
	Channel      workspace.Channel
	Key          KeyRow
	Spend        Spend
	Drafts       []audit.Draft
}

// Registrar connects sites.
type Registrar struct {
	store RegistrationStore
	keys  *Keys
	wrong *limit
}

// NewRegistrar makes keys as keys does.
func NewRegistrar(store RegistrationStore, keys *Keys) *Registrar {
	return &Registrar{store: store, keys: keys, wrong: newLimit(wrongTokensAtOnce, wrongTokensEvery)}
}

// Create makes a token, shown this one time. Whoever makes one could make the channel and
// the key; what a stranger does with it waits for a person all the same.
func (g *Registrar) Create(ctx context.Context, who policy.Principal) (Registration, string, error) {
	if !who.May(policy.ManageKeys) || !who.May(policy.ManageChannels) {
		return Registration{}, "", who.Refusal(policy.ManageKeys, policy.ManageChannels)
	}
	now := g.keys.now()
	token := registrationPrefix + randomWord()
	r := Registration{
		ID: event.NewID("reg", now), Workspace: who.Workspace(), TokenHash: digestOf(token),
		CreatedBy: who.Actor(), CreatedAt: now, ExpiresAt: now.Add(registrationLife),
	}
	draft := g.draft(who, audit.RegistrationCreated, r, nil)
	draft.Detail["expires"] = r.ExpiresAt.Format(time.RFC3339)
	if err := g.store.AddRegistration(ctx, r, draft); err != nil {
		return Registration{}, "", err
	}
	return r.shown(), token, nil
}

// List answers with the workspace's registrations, the newest first.
func (g *Registrar) List(ctx context.Context, who policy.Principal) ([]Registration, error) {
	if !who.May(policy.ReadKeys) {
		return nil, who.Refusal(policy.ReadKeys)
	}
	list, err := g.store.Registrations(ctx, who.Workspace())
	for i := range list {
		list[i] = list[i].shown()
	}
	return list, err
}

// Now is the clock that states are judged by.
func (g *Registrar) Now() time.Time { return g.keys.now() }

// shown is a registration without what opens anything.
func (r Registration) shown() Registration {
	r.TokenHash, r.ReceiptHash, r.Sealed = nil, nil, nil
	return r
}

// Claimant is a site with a token in its hand.
type Claimant struct {
	Token    string
	Site     string // its own origin, as it says
	Name     string
	Software string // as it says
	Network  string // from which it comes
}

// Registered is what the site is given.
type Registered struct {
	Slug      string
	Key       string // id
	Dialect   string
	Secret    string // verifies nothing until a person confirms
	Receipt   string // lets it ask how it stands, and withdraw; it opens nothing
	ConfirmBy time.Time
}

// Register spends a token. A token that is no good is answered the same whatever is wrong
// with it and whatever came beside it; it is looked up before any limit is asked, so that
// nobody's guessing keeps out who is right.
func (g *Registrar) Register(ctx context.Context, c Claimant) (Registered, error) {
	r, err := g.byToken(ctx, c.Token)
	if errors.Is(err, ErrRegistrationRefused) && !g.wrong.admit(c.Network, g.keys.now()) {
		return Registered{}, ErrRegistrationLimited
	}
	if err != nil {
		return Registered{}, err
	}
	now := g.keys.now()
	channel, err := workspace.ForSite(r.Workspace, workspace.Site{Origin: c.Site, Name: c.Name}, now)
	if err != nil {
		return Registered{}, err
	}
	secret, receipt := newSecret(), receiptPrefix+randomWord()
	r.UsedAt, r.Site, r.Name, r.Software, r.Network = now, channel.Origins[0], channel.Name, cleanSoftware(c.Software), c.Network
	r.Slug, r.Channel, r.Key, r.ReceiptHash = channel.Slug, channel.ID, event.NewID("key", now), digestOf(receipt)
	r.Sealed = g.keys.master.Seal([]byte(secret), g.waits(r))
	draft := audit.Draft{
		Workspace: r.Workspace, Actor: "registration:" + r.ID, Action: audit.RegistrationUsed, Subject: r.ID,
		Detail: map[string]string{"site": r.Site, "name": r.Name, "network": r.Network, "software": r.Software},
	}
	if err := g.store.UseRegistration(ctx, r, draft); err != nil {
		return Registered{}, err
	}
	return Registered{Slug: r.Slug, Key: r.Key, Dialect: registeredDialect, Secret: secret, Receipt: receipt, ConfirmBy: now.Add(ConfirmWithin)}, nil
}

// byToken finds an open registration by its token; anything else is ErrRegistrationRefused.
func (g *Registrar) byToken(ctx context.Context, token string) (Registration, error) {
	if !shaped(token, registrationPrefix) {
		return Registration{}, ErrRegistrationRefused
	}
	r, err := g.store.RegistrationByToken(ctx, digestOf(token))
	if errors.Is(err, ErrNoRegistration) || err == nil && r.State(g.keys.now()) != RegistrationOpen {
		return Registration{}, ErrRegistrationRefused
	}
	if err != nil {
		return Registration{}, fmt.Errorf("trust: looking for a registration: %w", err)
	}
	return r, nil
}

// Standing tells a site how its registration stands.
func (g *Registrar) Standing(ctx context.Context, receipt, network string) (RegistrationState, string, error) {
	r, err := g.byReceipt(ctx, receipt, network)
	if err != nil {
		return "", "", err
	}
	return r.State(g.keys.now()), r.Slug, nil
}

func (g *Registrar) byReceipt(ctx context.Context, receipt, network string) (Registration, error) {
	if !shaped(receipt, receiptPrefix) {
		return Registration{}, g.wrongFrom(network)
	}
	r, err := g.store.RegistrationByReceipt(ctx, digestOf(receipt))
	if errors.Is(err, ErrNoRegistration) {
		return Registration{}, g.wrongFrom(network)
	}
	if err != nil {
		return Registration{}, fmt.Errorf("trust: looking for a registration: %w", err)
	}
	return r, nil
}

// Withdraw is the site's own word that it is gone: what waits is refused, and a key that
// was confirmed is revoked. So the secret in an old backup of the site is worth nothing.
func (g *Registrar) Withdraw(ctx context.Context, receipt, network string) error {
	r, err := g.byReceipt(ctx, receipt, network)
	if err != nil {
		return err
	}
	draft := audit.Draft{Workspace: r.Workspace, Actor: "registration:" + r.ID, Subject: r.ID, Detail: map[string]string{"site": r.Site, "because": "withdrawn"}}
	switch r.State(g.keys.now()) {
	case RegistrationWaiting:
		draft.Action = audit.RegistrationRefused
		return g.store.RefuseRegistration(ctx, r.Workspace, r.ID, draft)
	case RegistrationConfirmed:
		draft.Action, draft.Channel, draft.Subject = audit.KeyRevoked, r.Channel, r.Key
		return g.keys.withdraw(ctx, r.Key, draft)
	}
	return nil // it has ended already
}

func (g *Registrar) wrongFrom(network string) error {
	if g.wrong.admit(network, g.keys.now()) {
		return ErrRegistrationRefused
	}
	return ErrRegistrationLimited
}

// Confirm is a person's yes: the channel and its key begin to exist. No program can say it,
// for it is the reading of the site's address that it stands for.
func (g *Registrar) Confirm(ctx context.Context, who policy.Principal, id, reason string) (Registration, error) {
	fail := func(err error) (Registration, error) { return Registration{}, err }
	if who.Kind() == policy.TokenPrincipal {
		return fail(policy.ErrForbidden)
	}
	if !who.May(policy.ManageChannels) {
		return fail(who.Refusal(policy.ManageKeys, policy.ManageChannels))
	}
	if err := g.keys.impersonate(who, policy.ManageKeys, reason); err != nil {
		return fail(err)
	}
	r, err := g.store.Registration(ctx, who.Workspace(), id)
	if err != nil {
		return fail(err)
	}
	now := g.keys.now()
	if state := r.State(now); state != RegistrationWaiting {
		return fail(fmt.Errorf("%w: it is %s", ErrRegistrationState, state))
	}
	c, err := g.confirmation(ctx, who, r, now)
	if err != nil {
		return fail(err)
	}
	for _, draft := range c.Drafts {
		because(draft, reason)
	}
	if err := g.store.ConfirmRegistration(ctx, c); err != nil {
		return fail(err)
	}
	r.Confirmed, r.KeyLives, r.DecidedAt, r.DecidedBy = true, true, now, who.Actor()
	return r.shown(), nil
}

// confirmation moves the secret from the registration's place to the key's.
func (g *Registrar) confirmation(ctx context.Context, who policy.Principal, r Registration, now time.Time) (Confirmation, error) {
	secret, err := g.keys.master.Open(r.Sealed, g.waits(r))
	if err != nil {
		return Confirmation{}, fmt.Errorf("trust: opening the secret of %s: %w", r.ID, err)
	}
	channel, err := workspace.ForSite(r.Workspace, workspace.Site{Origin: r.Site, Name: r.Name}, now)
	if err != nil {
		return Confirmation{}, err
	}
	channel.ID, channel.Realm, channel.Slug = r.Channel, r.Channel, r.Slug
	key, err := g.keys.plan(who, channel, KeyDraft{Channel: channel.ID, Name: keyNameOf(r.Name), Dialect: registeredDialect})
	if err != nil {
		return Confirmation{}, err
	}
	key.ID = r.Key
	key, warnings, err := g.keys.seal(ctx, who, key, entered{text: string(secret), action: audit.KeyGenerated})
	if err != nil {
		return Confirmation{}, err
	}
	made := g.draft(who, audit.ChannelCreated, r, map[string]string{"slug": channel.Slug, "realm": channel.Realm, "enforcement": "web=observe", "origins": r.Site})
	made.Channel, made.Subject = channel.ID, channel.ID
	return Confirmation{
		Registration: r.ID, By: who.Actor(), Channel: channel, Key: key, Spend: allowance(who),
		Drafts: []audit.Draft{g.draft(who, audit.RegistrationConfirmed, r, nil), made, recordOf(who, audit.KeyGenerated, key, warnings)},
	}, nil
}

// Refuse ends a registration that is open or waits: its token is worth nothing, its secret
// is destroyed.
func (g *Registrar) Refuse(ctx context.Context, who policy.Principal, id string) error {
	if !who.May(policy.ManageKeys) || !who.May(policy.ManageChannels) {
		return who.Refusal(policy.ManageKeys, policy.ManageChannels)
	}
	r, err := g.store.Registration(ctx, who.Workspace(), id)
	if err != nil {
		return err
	}
	return g.store.RefuseRegistration(ctx, who.Workspace(), id, g.draft(who, audit.RegistrationRefused, r, nil))
}

// EndLapsed destroys the secrets of sites that nobody confirmed in time.
func (g *Registrar) EndLapsed(ctx context.Context) (n int, err error) {
	return g.store.EndLapsed(ctx, g.keys.now())
}

// draft is an entry about a registration, with the site that it is of.
func (g *Registrar) draft(who policy.Principal, action audit.Action, r Registration, detail map[string]string) audit.Draft {
	if detail == nil {
		detail = map[string]string{}
	}
	if r.Site != "" {
		detail["site"] = r.Site
	}
	return audit.Draft{
		By: who.Needing(policy.ManageKeys, policy.ManageChannels), Workspace: who.Workspace(), Actor: who.Actor(),
		Action: action, Subject: r.ID, Detail: detail,
	}
}

// waits is the place of a secret that verifies nothing yet: what is sealed for it does not
// open as a key's.
func (g *Registrar) waits(r Registration) AD {
	return AD{Installation: g.keys.installation, Workspace: r.Workspace, Table: "registrations", Row: r.ID, Purpose: "wait for a person"}
}

// keyNameOf is the site's name as a key may bear it.
func keyNameOf(site string) string {
	name, err := checkName(strings.TrimSpace(string([]rune(site)[:min(len([]rune(site)), maxKeyName)])))
	if err != nil {
		return registeredDialect
	}
	return name
}

// cleanSoftware keeps what a program calls itself, as far as it can be shown.
func cleanSoftware(text string) string {
	words := strings.Fields(text)
	kept := slices.DeleteFunc(words, func(word string) bool { return SafeVersion(strings.ReplaceAll(word, "/", "-")) == "" })
	joined := strings.Join(kept, " ")
	if len(joined) > maxSoftware {
		return ""
	}
	return joined
}

func shaped(text, prefix string) bool {
	return len(text) == len(prefix)+randomText && strings.HasPrefix(text, prefix)
}

func randomWord() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return base64.RawURLEncoding.EncodeToString(b)
}

func digestOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
