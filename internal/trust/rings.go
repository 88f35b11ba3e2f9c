package trust

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// ring is a channel's keys ready to verify.
type ring struct {
	verifier identity.Ring
	confirms map[string]bool // :: key id → the product confirms addresses
	sets     []setRead       // the issuers' sets that the ring was built with
	spoken   []spoken        // by every key it ever had
}

// setRead is a key of the ring that is an issuer's set, as it was when the ring was built.
type setRead struct {
	row     KeyRow
	version int
}

// rings keeps rings read under one security epoch, and built keys for as long as
// nothing about them changes: opening a secret again at every log-out of anybody
// would make log-outs slow for everybody.
type rings struct {
	store        Store
	master       *Master
	installation string
	sets         *Sets

	mu    sync.Mutex
	epoch int64
	ready map[string]ring     // :: channel → its ring, read under epoch
	built map[string]builtKey // :: key id → key
}

type builtKey struct {
	from string // everything that the key was built of, but for its secret's clear text
	key  *identity.Key
}

func newRings(store Store, master *Master, installation string) *rings {
	return &rings{store: store, master: master, installation: installation, sets: NewSets(nil, time.Now), ready: make(map[string]ring), built: make(map[string]builtKey)}
}

func (r *rings) of(ctx context.Context, epoch int64, channel workspace.Channel, now time.Time) (ring, error) {
	r.mu.Lock()
	known, ok := r.ready[channel.ID]
	ok = ok && r.epoch == epoch
	r.mu.Unlock()
	if ok && !r.outdated(known) {
		return known, nil
	}
	stored, err := r.store.Ring(ctx, channel.Workspace, channel.ID)
	if err != nil {
		return ring{}, fmt.Errorf("trust: reading the ring: %w", err)
	}
	fresh, err := r.build(channel, stored, now)
	if err != nil {
		return ring{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch > r.epoch {
		clear(r.ready)
		r.epoch = epoch
	}
	if epoch == r.epoch {
		r.ready[channel.ID] = fresh
	}
	return fresh, nil
}

// build opens every secret of the ring. One that does not open fails the whole:
// a ring that is half there would refuse people who are right.
func (r *rings) build(channel workspace.Channel, stored Ring, now time.Time) (ring, error) {
	rows := make(map[string]KeyRow, len(stored.Keys))
	confirms := make(map[string]bool)
	var sets []setRead
	for _, row := range stored.Keys {
		rows[row.ID] = row
		confirms[row.ID] = row.Confirms
		if row.Public.URL != "" {
			sets = append(sets, setRead{row: row, version: r.sets.version(row)})
		}
	}
	verifier, err := lives(stored.Keys).Verifier(now, func(k keyring.Key) (*identity.Key, error) {
		return r.material(channel, rows[k.ID])
	})
	if err != nil {
		return ring{}, fmt.Errorf("trust: opening the ring of %s: %w", channel.ID, err)
	}
	return ring{verifier: verifier, confirms: confirms, sets: sets, spoken: globalsOf(stored.Keys)}, nil
}

func (r *rings) material(channel workspace.Channel, row KeyRow) (*identity.Key, error) {
	from := fmt.Sprintf("%x %d %q %q %q %q %q %q %q %d", row.Sealed, r.sets.versionOf(row), row.Dialect, row.Proof, row.Signs, row.Realm, row.Platforms, channel.Slug, channel.Aliases, channel.LongestLife)
	r.mu.Lock()
	known := r.built[row.ID]
	r.mu.Unlock()
	if known.key != nil && known.from == from {
		return known.key, nil
	}
	key, err := r.open(channel, row)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.built[row.ID] = builtKey{from: from, key: key}
	return key, nil
}

func (r *rings) open(channel workspace.Channel, row KeyRow) (*identity.Key, error) {
	spoken, ok := dialect.Get(row.Dialect)
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no dialect %q", row.Dialect)
	case row.Proof != string(spoken.Proof):
		return nil, fmt.Errorf("a key of %s proves by %s, and this one says %s", row.Dialect, spoken.Proof, row.Proof)
	case row.Realm != channel.Realm || row.Workspace != channel.Workspace:
		return nil, errors.New("the key belongs to another realm than its channel")
	}
	text, err := r.master.Open(row.Sealed, secretAD(r.installation, row))
	if err != nil {
		return nil, err
	}
	var secret identity.Secret
	var public *identity.PublicSet
	if row.Public.Algorithm != "" {
		public, err = r.publicSet(row, text)
	} else {
		secret, err = dialect.Decode(row.Dialect, string(text))
	}
	if err != nil {
		return nil, err
	}
	return spoken.NewKey(dialect.Setup{
		ID: row.ID, Secret: secret, Public: public, Issuer: row.Public.Issuer, Signs: identity.Signs(row.Signs), Realm: row.Realm, Platforms: platformTexts(row.Platforms),
		Audiences: slices.Concat([]string{channel.ID, channel.Slug}, channel.Aliases), MaxLife: channel.LongestLife,
	})
}

// outdated says that a set was fetched since the ring was built with it.
func (r *rings) outdated(built ring) bool {
	return slices.ContainsFunc(built.sets, func(read setRead) bool { return r.sets.version(read.row) != read.version })
}

// look sees to it that the issuers' sets of the ring were looked into for the key that
// the token names. Only a token that asks for a set's own algorithm does that, and one
// that names its issuer, or the issuers of one channel would wait for each other. A set
// that was never asked for is, by anybody: a wrong iss is then told from a missing set.
func (r *rings) look(ctx context.Context, built ring, token string, now time.Time) {
	if token == "" || len(built.sets) == 0 {
		return
	}
	kid, algorithm := identity.KidOf(token)
	if kid == "" {
		return
	}
	issuer := identity.IssuerOf(token)
	for _, read := range built.sets {
		if issuer != read.row.Public.Issuer && r.sets.asked(read.row) {
			continue
		}
		live := lives([]KeyRow{read.row}).Keys[0].Verifies(now)
		if live && identity.Algorithm(read.row.Public.Algorithm) == algorithm && !slices.Contains(read.row.Public.revokedKids(), kid) {
			r.sets.look(ctx, read.row, kid)
		}
	}
}

// secretAD binds what is sealed to its row and to what it is: a public half whose row
// was made to say "secret" would otherwise be an HMAC's secret that everybody knows.
func secretAD(installation string, row KeyRow) AD {
	purpose := "verify"
	if row.Public.Algorithm != "" {
		purpose = "public half"
	}
	return AD{Installation: installation, Workspace: row.Workspace, Table: "keys", Row: row.ID, Purpose: purpose}
}

func platformTexts(platforms []policy.Platform) []string {
	texts := make([]string, len(platforms))
	for i, p := range platforms {
		texts[i] = string(p)
	}
	return texts
}

// lives is the part of rows that identity/keyring decides about.
func lives(rows []KeyRow) keyring.Ring {
	keys := make([]keyring.Key, len(rows))
	for i, row := range rows {
		keys[i] = keyring.Key{
			ID: row.ID, State: keyring.State(row.State), CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt,
			RetiringAt: row.RetiringAt, EndsAt: row.EndsAt, SignBy: row.SignBy, RevokedAt: row.RevokedAt,
			CompromisedSince: row.CompromisedSince,
		}
	}
	return keyring.Ring{Keys: keys}
}
