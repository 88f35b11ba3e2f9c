package trust

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/workspace"
)

const (
	secretBytes   = 32
	maxKeyName    = 80 // characters
	maxSecretText = 4096
	maxOverlap    = 366 * 24 * time.Hour
	// tries of a change that says the same whatever else happened to the ring: a
	// revocation must not fail because somebody rotated another key meanwhile.
	tries = 5

	RevealOnce      = "once"
	RevealOnRequest = "request"
)

// Channels finds a channel for an operator; workspace.Directory does.
type Channels interface {
	Get(ctx context.Context, who policy.Principal, id string) (workspace.Channel, error)
}

// Keys is the operators' side of the rings.
type Keys struct {
	store        Store
	channels     Channels
	master       *Master
	installation string
	clock        func() time.Time
	sets         *Sets
}

// NewKeys seals secrets with master, for this installation; clock is the database's.
func NewKeys(store Store, channels Channels, master *Master, installation string, clock func() time.Time) *Keys {
	return &Keys{store: store, channels: channels, master: master, installation: installation, clock: clock, sets: NewSets(nil, clock)}
}

// KeyDraft is what an operator says about a key to be made. Everything but the
// channel may be left out.
type KeyDraft struct {
	Channel   string            // id
	Name      string            // the dialect's if empty
	Dialect   string            // native if empty
	Signs     string            // the dialect's default if empty
	Reveal    string            // once if empty
	Platforms []policy.Platform // every platform of the channel if none
	// ConfirmsEmail says that the product confirms addresses, so that a signed email
	// names a person. nil: as the dialect says.
	ConfirmsEmail *bool
	// Reason is why the key is made, for the record: whoever holds its secret passes as
	// any customer.
	Reason string
}

// Generate makes a key of 32 random bytes, shown as 64 hexadecimal characters this
// one time: usable as text and as hex, so it suits every dialect.
func (k *Keys) Generate(ctx context.Context, who policy.Principal, draft KeyDraft) (key KeyRow, secret string, err error) {
	secret = newSecret()
	key, err = k.add(ctx, who, draft, entered{text: secret, action: audit.KeyGenerated})
	if err != nil {
		return KeyRow{}, "", err
	}
	return key, secret, nil
}

// Import takes over an existing secret unchanged. What is short, published or
// guessable is refused unless the operator insists, on the record.
func (k *Keys) Import(ctx context.Context, who policy.Principal, draft KeyDraft, secret string, insist bool) (KeyRow, error) {
	if takesPublic(draft.Dialect, secret) {
		return k.ImportPublic(ctx, who, draft, PublicDraft{Key: secret})
	}
	return k.add(ctx, who, draft, entered{text: secret, action: audit.KeyImported, imported: true, insist: insist})
}

// entered is a secret as it came.
type entered struct {
	text     string
	action   audit.Action
	imported bool
	insist   bool

	half      *PublicHalf    // instead of text
	print     []byte         // what is fingerprinted of it
	published *identity.JWKS // the set that was fetched, and when
	asked     time.Time
}

// spend is what writing the key still takes: of an imported secret, seal has taken it.
func (e entered) spend(who policy.Principal) Spend {
	if e.imported && e.half == nil {
		return Spend{}
	}
	return allowance(who)
}

func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return hex.EncodeToString(b)
}

func (k *Keys) add(ctx context.Context, who policy.Principal, draft KeyDraft, in entered) (KeyRow, error) {
	if err := k.impersonate(who, policy.ManageKeys, draft.Reason); err != nil {
		return KeyRow{}, err
	}
	channel, err := k.channel(ctx, who, policy.ManageKeys, draft.Channel)
	if err != nil {
		return KeyRow{}, err
	}
	row, err := k.plan(who, channel, draft)
	if err != nil {
		return KeyRow{}, err
	}
	row, warnings, err := k.seal(ctx, who, row, in)
	if err != nil {
		return KeyRow{}, err
	}
	record := recordOf(who, in.action, row, warnings)
	because(record, draft.Reason)
	for range tries {
		ring, err := k.store.Ring(ctx, who.Workspace(), channel.ID)
		if err != nil {
			return KeyRow{}, fmt.Errorf("trust: reading the ring: %w", err)
		}
		if _, err := lives(ring.Keys).Add(row.ID, row.CreatedAt); err != nil {
			return KeyRow{}, translate(err)
		}
		change := RingChange{Workspace: who.Workspace(), Channel: channel.ID, Version: ring.Version, Keys: append(slices.Clone(ring.Keys), row), Spend: in.spend(who), Drafts: []audit.Draft{record}}
		if _, err = k.store.SwapRing(ctx, change, row.CreatedAt); !errors.Is(err, ErrConflict) {
			return shown(row), err
		}
	}
	return KeyRow{}, ErrConflict
}

// plan fills in what was left out and checks the rest; the secret is still open.
func (k *Keys) plan(who policy.Principal, channel workspace.Channel, draft KeyDraft) (KeyRow, error) {
	spoken, ok := dialect.Get(draft.Dialect)
	if !ok {
		return KeyRow{}, fmt.Errorf("%w: there is no dialect %q; there are %s", ErrInvalid, draft.Dialect, strings.Join(dialect.Names(), ", "))
	}
	signs := cmp.Or(identity.Signs(draft.Signs), spoken.DefaultSigns())
	if !spoken.MaySign(signs) {
		return KeyRow{}, fmt.Errorf("%w: a key of %s cannot sign %q", ErrInvalid, spoken.Name, signs)
	}
	reveal := cmp.Or(draft.Reveal, RevealOnce)
	if reveal != RevealOnce && reveal != RevealOnRequest {
		return KeyRow{}, fmt.Errorf("%w: reveal is once or request", ErrInvalid)
	}
	name, err := checkName(cmp.Or(draft.Name, spoken.Name))
	if err != nil {
		return KeyRow{}, err
	}
	platforms, err := checkPlatforms(channel, draft.Platforms)
	if err != nil {
		return KeyRow{}, err
	}
	confirms := spoken.ConfirmsEmail(signs)
	if draft.ConfirmsEmail != nil {
		confirms = *draft.ConfirmsEmail
	}
	now := k.now()
	return KeyRow{
		ID: event.NewID("key", now), Workspace: who.Workspace(), Channel: channel.ID, Name: name, State: string(keyring.Pending),
		Dialect: spoken.Name, Proof: string(spoken.Proof), Signs: string(signs), Platforms: platforms, Realm: channel.Realm,
		Confirms: confirms, Reveal: reveal, CreatedBy: who.Actor(), CreatedAt: now,
	}, nil
}

// seal checks the secret and puts it into the row, where only this row's place
// opens it. Equal bytes exist once in the installation: one secret under two
// dialects, realms or channels would let a proof for the one pass for the other. That they
// do exist is told of other workspaces' secrets too, so whoever brings one has paid for the
// answer: what may be made in a day is what may be guessed.
func (k *Keys) seal(ctx context.Context, who policy.Principal, row KeyRow, in entered) (KeyRow, []string, error) {
	if in.half != nil {
		row, err := k.sealPublic(ctx, row, in)
		return row, nil, err
	}
	if len(in.text) > maxSecretText {
		return KeyRow{}, nil, fmt.Errorf("%w: the secret is longer than %d bytes", ErrInvalid, maxSecretText)
	}
	secret, warnings, err := dialect.CheckSecret(row.Dialect, in.text, in.insist)
	if err != nil {
		return KeyRow{}, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if in.imported {
		if err := k.store.Spend(ctx, allowance(who)); err != nil {
			return KeyRow{}, nil, fmt.Errorf("trust: counting an import: %w", err)
		}
	}
	row.Fingerprint = k.master.Fingerprint(secret.Reveal())
	used, err := k.store.FingerprintInUse(ctx, row.Fingerprint)
	if err != nil {
		return KeyRow{}, nil, fmt.Errorf("trust: looking for the fingerprint: %w", err)
	}
	if used {
		return KeyRow{}, nil, ErrSecretInUse
	}
	// The text is kept, not what the dialect decodes it to: that is what a person
	// who may see it again has to get.
	row.Sealed = k.master.Seal([]byte(in.text), secretAD(k.installation, row))
	row.Imported = in.imported
	return row, warnings, nil
}

// Rotation puts a key aside for a new one.
type Rotation struct {
	Channel string        // id
	Key     string        // to put aside
	Name    string        // of the new key; the old one's with the date if empty
	Overlap time.Duration // how long it verifies on; zero: it ends now
	Secret  string        // for the new key; a random one if empty
	Public  PublicDraft   // instead: the public half that takes over; without an issuer it keeps the old one's
	Insist  bool          // take a weak Secret all the same
	Reason  string        // for the record, as of a new key
	Version int64         // of the ring that the operator looked at; zero: as it is now
}

// Rotate makes the successor of a key, which inherits what it signs, dialect and
// platforms, has a name of its own, and lets the old one verify on for the overlap. Of two who
// rotate at once one gets ErrConflict and has changed nothing. generated is empty
// if the secret was given.
func (k *Keys) Rotate(ctx context.Context, who policy.Principal, r Rotation) (key KeyRow, generated string, err error) {
	fail := func(err error) (KeyRow, string, error) { return KeyRow{}, "", err }
	if err := k.impersonate(who, policy.ManageKeys, r.Reason); err != nil {
		return fail(err)
	}
	if r.Overlap < 0 || r.Overlap > maxOverlap {
		return fail(fmt.Errorf("%w: the overlap is between 0 and a year", ErrInvalid))
	}
	channel, err := k.channel(ctx, who, policy.ManageKeys, r.Channel)
	if err != nil {
		return fail(err)
	}
	ring, err := k.store.Ring(ctx, who.Workspace(), channel.ID)
	if err != nil {
		return fail(fmt.Errorf("trust: reading the ring: %w", err))
	}
	if r.Version != 0 && r.Version != ring.Version {
		return fail(ErrConflict)
	}
	old := slices.IndexFunc(ring.Keys, func(row KeyRow) bool { return row.ID == r.Key })
	if old < 0 {
		return fail(ErrNotFound)
	}
	now := k.now()
	row := successor(ring.Keys[old], who, now)
	if row.Name, err = checkName(cmp.Or(r.Name, successorName(ring.Keys[old].Name, ring.Keys, now))); err != nil {
		return fail(err)
	}
	turned, err := lives(ring.Keys).Rotate(r.Key, row.ID, r.Overlap, now)
	if err != nil {
		return fail(translate(err))
	}
	in, generated, err := k.successorSecret(ctx, ring.Keys[old], r)
	if err != nil {
		return fail(err)
	}
	row, warnings, err := k.seal(ctx, who, row, in)
	if err != nil {
		return fail(err)
	}
	record := recordOf(who, audit.KeyRotated, row, warnings)
	record.Detail["replaces"], record.Detail["overlap"] = r.Key, r.Overlap.String()
	because(record, r.Reason)
	change := RingChange{
		Workspace: who.Workspace(), Channel: channel.ID, Version: ring.Version,
		Keys: written(turned, append(slices.Clone(ring.Keys), row)), Spend: in.spend(who), Drafts: []audit.Draft{record},
	}
	if r.Overlap == 0 {
		change.Silence = []string{r.Key}
	}
	if _, err := k.store.SwapRing(ctx, change, now); err != nil {
		return fail(err)
	}
	if in.published != nil {
		k.sets.keep(row, *in.published, in.asked)
	}
	return shown(row), generated, nil
}

// successor is the row of a key that takes over from old; it has no name yet.
func successor(old KeyRow, who policy.Principal, now time.Time) KeyRow {
	return KeyRow{
		ID: event.NewID("key", now), Workspace: old.Workspace, Channel: old.Channel, State: string(keyring.Pending),
		Dialect: old.Dialect, Proof: old.Proof, Signs: old.Signs, Platforms: slices.Clone(old.Platforms), Realm: old.Realm,
		Confirms: old.Confirms, Reveal: old.Reveal, CreatedBy: who.Actor(), CreatedAt: now,
	}
}

// channel asks for the right first, so that somebody without it learns nothing.
func (k *Keys) channel(ctx context.Context, who policy.Principal, right policy.Right, id string) (workspace.Channel, error) {
	if !who.May(right) {
		return workspace.Channel{}, who.Refusal(right)
	}
	return k.channels.Get(ctx, who, id)
}

// now is the database's clock, to the microsecond that the store keeps.
func (k *Keys) now() time.Time { return k.clock().UTC().Truncate(time.Microsecond) }

// written puts the states that keyring decided back into the rows.
func written(turned keyring.Ring, rows []KeyRow) []KeyRow {
	rows = slices.Clone(rows)
	for i := range rows {
		life, ok := turned.Find(rows[i].ID)
		if !ok {
			continue
		}
		rows[i].State, rows[i].RetiringAt, rows[i].EndsAt = string(life.State), life.RetiringAt, life.EndsAt
		rows[i].SignBy, rows[i].RevokedAt, rows[i].CompromisedSince = life.SignBy, life.RevokedAt, life.CompromisedSince
	}
	return rows
}

// shown is a row without its sealed secret.
func shown(row KeyRow) KeyRow {
	row.Sealed = nil
	return row
}

func recordOf(who policy.Principal, action audit.Action, row KeyRow, warnings []string) audit.Draft {
	detail := map[string]string{
		"dialect": row.Dialect, "signs": row.Signs, "platforms": strings.Join(platformTexts(row.Platforms), " "), "fingerprint": row.Fingerprint,
	}
	for name, value := range map[string]string{"algorithm": row.Public.Algorithm, "issuer": row.Public.Issuer, "jwks_url": row.Public.URL} {
		if value != "" {
			detail[name] = value
		}
	}
	if row.Imported {
		detail["imported"] = "also known elsewhere"
	}
	if row.Signs == string(identity.SignsEither) {
		warnings = append(warnings, "either: whoever chooses somebody's address as user id holds a hash that is valid for that address")
	}
	if len(warnings) > 0 {
		detail["warnings"] = strings.Join(warnings, "; ")
	}
	return audit.Draft{
		By: who.Needing(policy.ManageKeys), Workspace: who.Workspace(), Actor: who.Actor(), Action: action, Channel: row.Channel, Subject: row.ID, Detail: detail,
	}
}

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	hidden := strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
	if name == "" || hidden || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxKeyName {
		return "", fmt.Errorf("%w: a key's name is one line of 1 to %d characters that can be shown", ErrInvalid, maxKeyName)
	}
	return name, nil
}

func checkPlatforms(channel workspace.Channel, wished []policy.Platform) ([]policy.Platform, error) {
	for _, platform := range wished {
		if _, serves := channel.Platforms[platform]; !serves {
			return nil, fmt.Errorf("%w: the channel does not serve the platform %q", ErrInvalid, platform)
		}
	}
	if len(wished) == 0 {
		for platform := range channel.Platforms {
			wished = append(wished, platform)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(wished))), nil
}

// translate puts what keyring refused into this room's words.
func translate(err error) error {
	switch {
	case errors.Is(err, keyring.ErrUnknown):
		return ErrNotFound
	case errors.Is(err, keyring.ErrState):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case errors.Is(err, keyring.ErrFull), errors.Is(err, keyring.ErrTime):
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return err
}
