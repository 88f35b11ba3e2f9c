package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/audit"
)

const (
	maxSetAddress  = 2048
	maxIssuer      = 255
	maxRevokedKids = 200
)

// PublicHalf is what stands in a secret's place: one public key, or the address where
// an issuer publishes its set. Zero for a key that is a secret.
//
// It is no secret, and it is sealed all the same, with the row's place: whoever could
// change it in the database unseen would sign as anybody.
type PublicHalf struct {
	Algorithm string       `json:"algorithm,omitempty"` // ES256, RS256 or EdDSA
	PEM       string       `json:"pem,omitempty"`
	URL       string       `json:"url,omitempty"`
	Issuer    string       `json:"issuer,omitempty"` // iss of tokens; a set always has one
	Revoked   []RevokedKid `json:"revoked,omitempty"`
}

// RevokedKid is a key of an issuer's set that verifies nothing here any more, whatever
// the issuer publishes.
type RevokedKid struct {
	Kid string    `json:"kid"`
	At  time.Time `json:"at"`
}

func (p PublicHalf) revokedKids() []string {
	kids := make([]string, len(p.Revoked))
	for i, revoked := range p.Revoked {
		kids[i] = revoked.Kid
	}
	return kids
}

// document is what is sealed.
func (p PublicHalf) document() []byte {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and times
	}
	return text
}

// PublicDraft is what an operator enters instead of a secret: Key, or URL and Issuer.
type PublicDraft struct {
	Key       string // PEM or JWK
	URL       string // of a key set
	Issuer    string
	Algorithm string // of a set; empty: the one that its keys have
}

// UseSets gives the keys a way to fetch issuers' sets; the gate is to have the same.
func (k *Keys) UseSets(sets *Sets) { k.sets = sets }

// ImportPublic makes a key of a public half. The set of an issuer is fetched first, so
// that a wrong address shows where it is entered.
func (k *Keys) ImportPublic(ctx context.Context, who policy.Principal, draft KeyDraft, public PublicDraft) (KeyRow, error) {
	if draft.Dialect == "" {
		draft.Dialect = "native-jwt"
	}
	if err := k.impersonate(who, policy.ManageKeys, draft.Reason); err != nil {
		return KeyRow{}, err // before anything is fetched
	}
	in, err := k.enter(ctx, draft.Dialect, public)
	if err != nil {
		return KeyRow{}, err
	}
	row, err := k.add(ctx, who, draft, in)
	if err == nil && row.Public.URL != "" {
		k.sets.keep(row, *in.published, in.asked)
	}
	return row, err
}

// enter checks a public half and answers with it as it is kept.
func (k *Keys) enter(ctx context.Context, spoken string, public PublicDraft) (entered, error) {
	row, known := dialect.Get(spoken)
	issuer, ok := checkIssuer(public.Issuer)
	switch {
	case !known || !row.PublicKeys:
		return entered{}, fmt.Errorf("%w: a key of %s has a secret; a public key is for native-jwt", ErrInvalid, spoken)
	case !ok:
		return entered{}, fmt.Errorf("%w: an issuer is one line of at most %d bytes, exactly as tokens say it in iss", ErrInvalid, maxIssuer)
	case (public.Key == "") == (public.URL == ""):
		return entered{}, fmt.Errorf("%w: give a public key, or the address of an issuer's key set", ErrInvalid)
	case public.URL != "":
		return k.enterSet(ctx, public, issuer)
	}
	key, err := identity.ParsePublicKey(public.Key)
	if err != nil {
		return entered{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if asked := public.Algorithm; asked != "" && asked != string(key.Algorithm()) {
		return entered{}, fmt.Errorf("%w: this key is for %s and for no other algorithm", ErrInvalid, key.Algorithm())
	}
	half := PublicHalf{Algorithm: string(key.Algorithm()), PEM: key.PEM(), Issuer: issuer}
	return entered{action: audit.KeyImported, half: &half, print: key.SPKI()}, nil
}

func (k *Keys) enterSet(ctx context.Context, public PublicDraft, issuer string) (entered, error) {
	address, err := url.Parse(strings.TrimSpace(public.URL))
	switch {
	case err != nil || address.Host == "" || address.User != nil || address.Fragment != "" || len(public.URL) > maxSetAddress:
		return entered{}, fmt.Errorf("%w: the address of a key set is https://host/path, without user name and fragment", ErrInvalid)
	case issuer == "":
		return entered{}, fmt.Errorf("%w: a key set needs its issuer, exactly as tokens say it in iss", ErrInvalid)
	}
	asked := k.now()
	published, err := k.sets.load(ctx, address.String())
	if err != nil {
		return entered{}, fmt.Errorf("%w: the key set was not taken: %w", ErrInvalid, err)
	}
	algorithm, err := algorithmOf(published, identity.Algorithm(public.Algorithm))
	if err != nil {
		return entered{}, err
	}
	half := PublicHalf{Algorithm: string(algorithm), URL: address.String(), Issuer: issuer}
	return entered{action: audit.KeyImported, half: &half, print: []byte("jwks\n" + half.URL + "\n" + issuer), published: &published, asked: asked}, nil
}

// algorithmOf is the one that was asked for, or the only one that the set has keys for.
func algorithmOf(published identity.JWKS, asked identity.Algorithm) (identity.Algorithm, error) {
	found := published.Algorithms()
	switch {
	case len(found) == 0 && len(published.Skipped()) > 0:
		return "", fmt.Errorf("%w: the set has no key that can be used: %s", ErrInvalid, strings.Join(published.Skipped()[:min(3, len(published.Skipped()))], "; "))
	case len(found) == 0:
		return "", fmt.Errorf("%w: the set has no keys", ErrInvalid)
	case asked == "" && len(found) > 1:
		return "", fmt.Errorf("%w: the set has keys for %v: say which algorithm tokens are signed with", ErrInvalid, found)
	case asked == "":
		return found[0], nil
	case !slices.Contains(found, asked):
		return "", fmt.Errorf("%w: the set has keys for %v and none for %q", ErrInvalid, found, asked)
	}
	return asked, nil
}

func checkIssuer(issuer string) (string, bool) {
	issuer = strings.TrimSpace(issuer)
	return issuer, issuer == "" || len(issuer) <= maxIssuer && identity.Tidy(issuer, maxIssuer) == issuer
}

// sealPublic puts the half into the row. Equal public keys exist once, as equal secrets
// do; one issuer's set may serve several channels, since its tokens name theirs.
func (k *Keys) sealPublic(ctx context.Context, row KeyRow, in entered) (KeyRow, error) {
	print := in.print
	if in.half.URL != "" {
		print = append(slices.Clone(print), "\n"+row.Channel...)
	}
	row.Public, row.Reveal, row.Fingerprint = *in.half, RevealOnce, k.master.Fingerprint(print)
	used, err := k.store.FingerprintInUse(ctx, row.Fingerprint)
	if err != nil {
		return KeyRow{}, fmt.Errorf("trust: looking for the fingerprint: %w", err)
	}
	if used {
		return KeyRow{}, ErrSecretInUse
	}
	row.Sealed = k.master.Seal(row.Public.document(), secretAD(k.installation, row))
	return row, nil
}

// successorSecret is what a rotation puts in: the secret or public key that was given,
// or a secret made here where the old key was one. A public key may follow a secret.
func (k *Keys) successorSecret(ctx context.Context, old KeyRow, r Rotation) (in entered, generated string, err error) {
	switch {
	case r.Public != PublicDraft{}:
		if r.Secret != "" {
			return entered{}, "", fmt.Errorf("%w: a key is a secret, a public key or an issuer's key set: give one of them", ErrInvalid)
		}
		if r.Public.Issuer == "" {
			r.Public.Issuer = old.Public.Issuer
		}
		in, err = k.enter(ctx, old.Dialect, r.Public)
		return in, "", err
	case old.Public.URL != "" && !takesPublic(old.Dialect, r.Secret):
		return entered{}, "", fmt.Errorf("%w: an issuer rotates its key set itself: it publishes the next key beside the old one; to move to another issuer or key, give it; a single kid can be revoked", ErrInvalid)
	case r.Secret == "" && old.Public.Algorithm != "":
		return entered{}, "", fmt.Errorf("%w: of this key we hold the public half alone: give the public key of the new pair", ErrInvalid)
	case r.Secret == "":
		generated = newSecret()
		return entered{text: generated}, generated, nil
	case takesPublic(old.Dialect, r.Secret):
		in, err = k.enter(ctx, old.Dialect, PublicDraft{Key: r.Secret, Issuer: old.Public.Issuer})
		return in, "", err
	}
	return entered{text: r.Secret, imported: true, insist: r.Insist}, "", nil
}

// takesPublic says that a text which was given as a secret is a key of a pair, and the
// dialect takes one. It must never become an HMAC's secret: everybody may know it.
func takesPublic(spoken, text string) bool {
	row, known := dialect.Get(spoken)
	return known && row.PublicKeys && identity.IsKeyMaterial(text)
}

// publicSet is what a row's public half verifies with.
func (r *rings) publicSet(row KeyRow, sealed []byte) (*identity.PublicSet, error) {
	if string(sealed) != string(row.Public.document()) {
		return nil, errors.New("the row's public half is not the one that was sealed")
	}
	if row.Public.URL != "" {
		return r.sets.verifier(row), nil
	}
	key, err := identity.ParsePublicKey(row.Public.PEM)
	if err != nil {
		return nil, err
	}
	return &identity.PublicSet{Algorithm: identity.Algorithm(row.Public.Algorithm), Keys: []identity.PublicKey{key}}, nil
}

// RevokeKid ends one key of an issuer's set here, for good, with the sessions that it
// opened. It may be one that the issuer has not published yet, or no longer does.
func (k *Keys) RevokeKid(ctx context.Context, who policy.Principal, key, kid string) (sessionsEnded int, err error) {
	if !who.May(policy.ManageKeys) {
		return 0, who.Refusal(policy.ManageKeys)
	}
	if kid == "" || len(kid) > maxIssuer || identity.Tidy(kid, maxIssuer) != kid {
		return 0, fmt.Errorf("%w: a kid is one line of at most %d bytes, exactly as the issuer writes it", ErrInvalid, maxIssuer)
	}
	channel, err := k.store.KeyChannel(ctx, who.Workspace(), key)
	if err != nil {
		return 0, err
	}
	for range tries {
		ring, err := k.store.Ring(ctx, who.Workspace(), channel)
		if err != nil {
			return 0, fmt.Errorf("trust: reading the ring: %w", err)
		}
		rows, err := k.withoutKid(ring.Keys, key, kid)
		if err != nil {
			return 0, err
		}
		change := RingChange{
			Workspace: who.Workspace(), Channel: channel, Version: ring.Version, Keys: rows, SilenceKid: &KidOfKey{Key: key, Kid: kid},
			Drafts: []audit.Draft{{By: who.Needing(policy.ManageKeys), Workspace: who.Workspace(), Actor: who.Actor(), Action: audit.KidRevoked,
				Channel: channel, Subject: key, Detail: map[string]string{"kid": kid}}},
		}
		if sessionsEnded, err = k.store.SwapRing(ctx, change, k.now()); !errors.Is(err, ErrConflict) {
			return sessionsEnded, err
		}
	}
	return 0, ErrConflict
}

// withoutKid is the ring with the kid revoked and the row sealed anew.
func (k *Keys) withoutKid(rows []KeyRow, key, kid string) ([]KeyRow, error) {
	rows, now := slices.Clone(rows), k.now()
	at := slices.IndexFunc(rows, func(row KeyRow) bool { return row.ID == key })
	if at < 0 {
		return nil, ErrNotFound
	}
	row := rows[at]
	life, _ := lives(rows).Find(key)
	switch {
	case row.Public.URL == "":
		return nil, fmt.Errorf("%w: this key is no issuer's set; revoke the key itself", ErrInvalid)
	case !life.Verifies(now):
		return nil, fmt.Errorf("%w: %w: the whole key verifies nothing any more", ErrConflict, keyring.ErrState)
	case slices.Contains(row.Public.revokedKids(), kid):
		return nil, fmt.Errorf("%w: this kid is revoked already", ErrConflict)
	case len(row.Public.Revoked) >= maxRevokedKids:
		return nil, fmt.Errorf("%w: %d kids of this key are revoked; make a new key", ErrInvalid, maxRevokedKids)
	}
	row.Public.Revoked = append(slices.Clone(row.Public.Revoked), RevokedKid{Kid: kid, At: now})
	row.Sealed = k.master.Seal(row.Public.document(), secretAD(k.installation, row))
	rows[at] = row
	return rows, nil
}

// SetStatus is how an issuer's set stands on this node.
func (k *Keys) SetStatus(row KeyRow) SetStatus { return k.sets.Status(row) }
