package trust

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/identity/snippet"
	"countersign/internal/audit"
	"countersign/internal/workspace"
)

const (
	// revealedPerDay is how many expected hashes one colleague, or one program, is shown
	// in a day: each is one customer whom its holder can pass as.
	revealedPerDay = 50
	// asksPerMinute bounds how fast one principal may ask why a hash fails, so that the
	// answer is of no use to whoever guesses.
	asksPerMinute = 60
	askBurst      = 30
)

// Street is the channels of a workspace; workspace.Directory is.
type Street interface {
	Channels
	List(ctx context.Context, who policy.Principal) ([]workspace.Channel, error)
}

// Diagnosis tells operators why a proof fails, and writes the code that makes a right
// one. It opens every ring of the workspace to name whose key was used; what is pasted
// it keeps nowhere, neither in a log nor in the record.
type Diagnosis struct {
	keys   *Keys
	street Street
	rings  *rings
	asked  *limit
}

// NewDiagnosis stands on the keys' own store, master key and clock.
func NewDiagnosis(keys *Keys, street Street) *Diagnosis {
	d := &Diagnosis{
		keys: keys, street: street, rings: newRings(keys.store, keys.master, keys.installation),
		asked: newLimit(askBurst, time.Minute/asksPerMinute),
	}
	d.rings.sets = keys.sets
	return d
}

// Inquiry is what an operator pasted.
type Inquiry struct {
	Channel       string // id
	Dialect       string // empty: whichever key of the channel could be meant
	Platform      policy.Platform
	UserID, Email string
	Hash, Token   string
	Language      string // of the corrected code; empty: none is wanted
}

// Diagnosed is the answer. Code is what the backend should run instead, if it is wanted
// and the key is a secret.
type Diagnosed struct {
	diagnose.Answer
	Code *snippet.Snippet
}

// Ask says whether the gate would take the proof, and if not which mistake it is.
func (d *Diagnosis) Ask(ctx context.Context, who policy.Principal, in Inquiry) (Diagnosed, error) {
	channel, err := d.keys.channel(ctx, who, policy.ReadKeys, in.Channel)
	if err != nil {
		return Diagnosed{}, err
	}
	now := d.keys.now()
	if err := in.check(); err != nil {
		return Diagnosed{}, err
	}
	if who.Kind() != policy.SystemPrincipal && !d.asked.admit(who.Workspace()+"/"+who.Actor(), now) {
		return Diagnosed{}, fmt.Errorf("%w: at most %d questions a minute", ErrLimited, asksPerMinute)
	}
	q, err := d.question(ctx, who, channel, now)
	if err != nil {
		return Diagnosed{}, err
	}
	q.Dialect, q.Platform = in.Dialect, string(cmp.Or(in.Platform, servedFirst(channel)))
	q.UserID, q.Email, q.Hash, q.Token = in.UserID, in.Email, in.Hash, in.Token
	found := Diagnosed{Answer: diagnose.Diagnose(q)}
	if in.Language != "" && !found.Verified {
		found.Code, err = d.code(q.Keys, found.Answer, channel, in.Language)
	}
	return found, err
}

// servedFirst is the platform that is meant where none is said.
func servedFirst(channel workspace.Channel) policy.Platform {
	for _, platform := range []policy.Platform{policy.Web, policy.IOS, policy.Android} {
		if _, serves := channel.Platforms[platform]; serves {
			return platform
		}
	}
	return policy.Web
}

// maxPasted is far beyond whatever can be right.
const maxPasted = 16 << 10

func (in Inquiry) check() error {
	_, known := dialect.Get(in.Dialect)
	switch {
	case !known:
		return fmt.Errorf("%w: there is no dialect of this name", ErrInvalid)
	case in.Hash != "" && in.Token != "":
		return fmt.Errorf("%w: a hash or a token, not both", ErrInvalid)
	case len(in.Hash) > maxPasted || len(in.Token) > maxPasted || len(in.UserID) > maxPasted || len(in.Email) > maxPasted:
		return fmt.Errorf("%w: at most %d bytes can be pasted", ErrInvalid, maxPasted)
	case in.Token == "" && in.UserID == "" && in.Email == "":
		return fmt.Errorf("%w: whose hash is it? give the user id or the email", ErrInvalid)
	case in.Language != "" && snippet.Language(in.Language).Name() == "":
		return fmt.Errorf("%w: there is no snippet in this language", ErrInvalid)
	}
	return nil
}

// Compare answers a question about a secret that is on nobody's ring, beside every key
// of the workspace: for the operator on the machine itself, who has the secrets anyway.
func (d *Diagnosis) Compare(ctx context.Context, who policy.Principal, q diagnose.Question) (diagnose.Answer, error) {
	if who.Kind() != policy.SystemPrincipal {
		return diagnose.Answer{}, policy.ErrForbidden
	}
	all, err := d.question(ctx, who, workspace.Channel{}, d.keys.now())
	if err != nil {
		return diagnose.Answer{}, err
	}
	q.Others = append(slices.Clone(q.Others), all.Others...)
	return diagnose.Diagnose(q), nil
}

// question opens every ring of the workspace.
func (d *Diagnosis) question(ctx context.Context, who policy.Principal, channel workspace.Channel, now time.Time) (diagnose.Question, error) {
	q := diagnose.Question{Now: now, Channels: slices.Concat([]string{channel.Slug}, channel.Aliases, []string{channel.ID}), MaxLife: channel.LongestLife}
	street, err := d.street.List(ctx, who)
	if err != nil {
		return q, fmt.Errorf("trust: listing channels: %w", err)
	}
	for _, other := range street {
		stored, err := d.keys.store.Ring(ctx, who.Workspace(), other.ID)
		if err != nil {
			return q, fmt.Errorf("trust: reading the ring: %w", err)
		}
		known, err := d.known(other, stored, now)
		if err != nil {
			return q, err
		}
		if other.ID != channel.ID {
			for i := range known {
				known[i].Channel = other.Slug
			}
			q.Others = append(q.Others, known...)
			continue
		}
		built, err := d.rings.build(channel, stored, now)
		if err != nil {
			return q, err
		}
		q.Ring, q.Keys = built.verifier, known
	}
	return q, nil
}

// known are a ring's keys as a diagnosis wants them, with their secrets.
func (d *Diagnosis) known(channel workspace.Channel, stored Ring, now time.Time) ([]diagnose.Key, error) {
	states := lives(stored.Keys)
	keys := make([]diagnose.Key, len(stored.Keys))
	for i, row := range stored.Keys {
		keys[i] = diagnose.Key{ID: row.ID, Name: row.Name, Dialect: row.Dialect, Signs: identity.Signs(row.Signs), State: states.Keys[i].StateAt(now), Since: ended(row)}
		if row.Public.Algorithm != "" {
			public, err := d.rings.material(channel, row)
			if err != nil {
				return nil, fmt.Errorf("trust: opening %s: %w", row.ID, err)
			}
			keys[i].Public = public
			continue
		}
		text, err := d.keys.master.Open(row.Sealed, secretAD(d.keys.installation, row))
		if err != nil {
			return nil, fmt.Errorf("trust: opening %s: %w", row.ID, err)
		}
		keys[i].Secret = identity.NewSecret(text)
	}
	// Those that sign most first: of several that could be meant the active one is.
	slices.SortStableFunc(keys, func(a, b diagnose.Key) int { return cmp.Compare(place(string(a.State)), place(string(b.State))) })
	return keys, nil
}

// ended is since when a key verifies no more.
func ended(row KeyRow) time.Time {
	if !row.RevokedAt.IsZero() {
		return row.RevokedAt
	}
	return row.EndsAt
}

// code is the corrected code for what the answer is about. A public key's holder signs
// with a private one, for which there is a library.
func (d *Diagnosis) code(keys []diagnose.Key, a diagnose.Answer, channel workspace.Channel, language string) (*snippet.Snippet, error) {
	if i := slices.IndexFunc(keys, func(k diagnose.Key) bool { return k.Dialect == a.Dialect && k.Signs == a.Signs }); i >= 0 && keys[i].Public != nil {
		return nil, nil //nolint:nilnil // no code is an answer
	}
	made, err := snippet.Render(snippet.Request{Language: snippet.Language(language), Dialect: a.Dialect, Signs: string(a.Signs), Channel: channel.Slug})
	if err != nil {
		return nil, fmt.Errorf("trust: writing code: %w", err)
	}
	return &made, nil
}

// Install is the code for a channel, and for which key it is.
type Install struct {
	Key     string // id; empty: the channel has no key yet
	Name    string // the key's
	Dialect string
	Signs   string
	Public  bool // it is signed with a private key: no server's part
	Unfit   bool // the framework has no function that makes this key's proof: no code
	Code    snippet.Snippet
}

// Wanted says which code: for a channel's active key, or for the default one where there
// is none.
type Wanted struct {
	Channel   string // id
	Key       string // id; empty: the one that a backend should sign with
	Language  string // empty: the framework's, else Node.js
	Framework string // empty: the language alone
	Origin    string // where the widget is served; empty: no code for pages
}

func (w *Wanted) check() error {
	framework := snippet.Framework(w.Framework)
	switch {
	case framework != "" && framework.Name() == "":
		return fmt.Errorf("%w: there is no snippet for this framework", ErrInvalid)
	case framework != "" && w.Language != "" && snippet.Language(w.Language) != framework.Language():
		return fmt.Errorf("%w: the framework is not written in this language", ErrInvalid)
	case framework != "":
		w.Language = string(framework.Language())
	case w.Language == "":
		w.Language = string(snippet.Node)
	case snippet.Language(w.Language).Name() == "":
		return fmt.Errorf("%w: there is no snippet in this language", ErrInvalid)
	}
	return nil
}

// Snippets writes what the channel's backend and pages need.
func (d *Diagnosis) Snippets(ctx context.Context, who policy.Principal, in Wanted) (Install, error) {
	channel, err := d.keys.channel(ctx, who, policy.ReadKeys, in.Channel)
	if err != nil {
		return Install{}, err
	}
	if err := in.check(); err != nil {
		return Install{}, err
	}
	ring, err := d.keys.store.Ring(ctx, who.Workspace(), channel.ID)
	if err != nil {
		return Install{}, fmt.Errorf("trust: reading the ring: %w", err)
	}
	native, _ := dialect.Get("native")
	out := Install{Dialect: native.Name, Signs: string(native.DefaultSigns())}
	row, found := d.current(ring, in.Key)
	switch {
	case found:
		out = Install{Key: row.ID, Name: row.Name, Dialect: row.Dialect, Signs: row.Signs, Public: row.Public.Algorithm != ""}
	case in.Key != "":
		return Install{}, ErrNotFound
	}
	return out, out.write(in, channel.Slug)
}

// write renders the code, without the server's part of a key that we could not sign with.
func (out *Install) write(in Wanted, channel string) error {
	wish := snippet.Request{
		Language: snippet.Language(in.Language), Framework: snippet.Framework(in.Framework), Dialect: out.Dialect, Signs: out.Signs, Channel: channel, Origin: in.Origin,
	}
	if out.Public {
		wish.Language, wish.Framework = snippet.Node, "" // the page is the same for all
	}
	if out.Unfit = wish.Framework != "" && !wish.Framework.Fits(out.Dialect); out.Unfit {
		return nil
	}
	var err error
	if out.Code, err = snippet.Render(wish); err != nil {
		return fmt.Errorf("trust: writing code: %w", err)
	}
	if out.Public {
		out.Code.Server = ""
		out.Code.Parts = slices.DeleteFunc(out.Code.Parts, func(p snippet.Part) bool { return p.Use != snippet.Template })
	}
	return nil
}

// current is the key that is asked for, else the one that a backend should sign with.
func (d *Diagnosis) current(ring Ring, key string) (KeyRow, bool) {
	now, states := d.keys.now(), lives(ring.Keys)
	rows := slices.Clone(ring.Keys)
	for i := range rows {
		rows[i].State = string(states.Keys[i].StateAt(now))
	}
	slices.SortStableFunc(rows, func(a, b KeyRow) int {
		return cmp.Or(cmp.Compare(preferred(a.State), preferred(b.State)), b.CreatedAt.Compare(a.CreatedAt))
	})
	i := slices.IndexFunc(rows, func(row KeyRow) bool {
		return key != "" && row.ID == key || key == "" && preferred(row.State) < preferred(string(keyring.Retired))
	})
	if i < 0 {
		return KeyRow{}, false
	}
	return rows[i], true
}

// preferred is in which order a backend should move to a key: to the newest of those
// that stay, so a pending one before an active one only by its age.
func preferred(state string) int {
	switch keyring.State(state) {
	case keyring.Pending, keyring.Active:
		return 0
	case keyring.Retiring:
		return 1
	}
	return 2
}

// Expectation asks for the hash that the gate would take of somebody.
type Expectation struct {
	Channel, Key  string // ids
	UserID, Email string
	Reason        string
}

// errNoHash: the key takes tokens, of which none is handed out.
var errNoHash = errors.New("a key of this dialect takes tokens; no token is handed out")

// Expected shows the hash that a key makes of an identifier. Whoever holds it passes as
// that customer until the key ends, so it takes what revealing the key takes: the right,
// a password or passkey just now, a reason; it is recorded with whom it is about before
// it is answered, and counted.
func (d *Diagnosis) Expected(ctx context.Context, who policy.Principal, in Expectation) (hash string, err error) {
	if err := d.keys.impersonate(who, policy.RevealKeys, in.Reason); err != nil {
		return "", err
	}
	channel, err := d.keys.channel(ctx, who, policy.RevealKeys, in.Channel)
	if err != nil {
		return "", err
	}
	ring, err := d.keys.store.Ring(ctx, who.Workspace(), channel.ID)
	if err != nil {
		return "", fmt.Errorf("trust: reading the ring: %w", err)
	}
	at := slices.IndexFunc(ring.Keys, func(row KeyRow) bool { return row.ID == in.Key })
	if at < 0 {
		return "", ErrNotFound
	}
	row := ring.Keys[at]
	switch {
	case row.Proof != string(identity.ProofHash):
		return "", fmt.Errorf("%w: %w", ErrInvalid, errNoHash)
	case !lives(ring.Keys).Keys[at].Verifies(d.keys.now()):
		return "", fmt.Errorf("%w: the key verifies no more", ErrInvalid)
	}
	key, err := d.rings.open(channel, row)
	if err != nil {
		return "", fmt.Errorf("trust: opening %s: %w", row.ID, err)
	}
	hash, err = key.Sign(identity.Statement{UserID: in.UserID, Email: in.Email})
	if err != nil {
		return "", fmt.Errorf("%w: the key signs the %s, and this is none that it can sign", ErrInvalid, row.Signs)
	}
	record := audit.Draft{
		By: who.Needing(policy.RevealKeys), Workspace: who.Workspace(), Actor: who.Actor(), Action: audit.HashRevealed, Channel: channel.ID,
		Person: d.person(channel, key, in, hash), Detail: map[string]string{"key": row.ID},
	}
	because(record, in.Reason)
	if err := d.keys.store.Spend(ctx, d.allowance(who), record); err != nil {
		return "", fmt.Errorf("trust: recording that a hash is shown: %w", err)
	}
	return hash, nil
}

// person is whom a hash is about, as the gate itself says.
func (d *Diagnosis) person(channel workspace.Channel, key *identity.Key, in Expectation, hash string) identity.Identifier {
	claimed := identity.Assertion{Dialect: key.Dialect(), UserID: in.UserID, Email: in.Email, Hash: hash}
	ring, err := identity.NewRing(identity.Entry{Key: key})
	if err != nil {
		return claimedIdentifier(channel.Realm, claimed)
	}
	for _, platform := range []policy.Platform{policy.Web, policy.IOS, policy.Android} {
		claimed.Platform = string(platform)
		if verified, err := identity.Verify(ring, claimed, d.keys.now()); err == nil {
			return verified.Signed()
		}
	}
	return claimedIdentifier(channel.Realm, claimed)
}

func (d *Diagnosis) allowance(who policy.Principal) Spend {
	if who.Kind() == policy.SystemPrincipal {
		return Spend{}
	}
	return Spend{Name: "hashes/" + who.Workspace() + "/" + who.Actor(), Limit: revealedPerDay, Window: oneDay}
}
