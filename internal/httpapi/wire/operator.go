package wire

import "time"

// Appearance is what a visitor sees before the first word.
type Appearance struct {
	Accent   string `json:"accent" doc:"#rrggbb"`
	Team     string `json:"team"`
	Greeting string `json:"greeting"`
}

// Channel is one way in, as operators see it.
type Channel struct {
	ID          string            `json:"id"`
	Slug        string            `json:"slug"`
	Aliases     []string          `json:"aliases"`
	Name        string            `json:"name"`
	Realm       string            `json:"realm"`
	Enforcement map[string]string `json:"enforcement" doc:"By platform: off, observe or enforce."`
	MinimumTier string            `json:"minimum_tier" enum:"anonymous,claimed,verified"`
	Origins     []string          `json:"origins" doc:"Pages whose browsers may frame the messenger; none: any."`
	Appearance  Appearance        `json:"appearance"`
	CreatedAt   time.Time         `json:"created_at"`
}

// Channels of the workspace.
type Channels struct {
	Channels []Channel `json:"channels"`
}

// CreateChannel makes a channel; web and observe unless said otherwise.
type CreateChannel struct {
	Slug        string   `json:"slug"`
	Name        string   `json:"name,omitzero"`
	Platforms   []string `json:"platforms,omitzero"`
	Aliases     []string `json:"aliases,omitzero"`
	Enforcement string   `json:"enforcement,omitzero" enum:"off,observe,enforce"`
	SamePeople  bool     `json:"same_people,omitzero" doc:"The same people under the same ids as on the workspace's other channels."`
}

// ChangeChannel replaces what it names.
type ChangeChannel struct {
	Name        string     `json:"name"`
	Appearance  Appearance `json:"appearance"`
	Origins     []string   `json:"origins"`
	MinimumTier string     `json:"minimum_tier" enum:"anonymous,claimed,verified"`
}

// SetEnforcement is one switch of one platform.
type SetEnforcement struct {
	Platform    string `json:"platform" enum:"web,ios,android"`
	Enforcement string `json:"enforcement" enum:"off,observe,enforce"`
}

// Key is a key without its secret.
type Key struct {
	ID            string     `json:"id"`
	Name          string     `json:"name"`
	State         string     `json:"state" enum:"pending,active,retiring,retired,revoked"`
	Dialect       string     `json:"dialect"`
	Signs         string     `json:"signs" enum:"user_id,email,either"`
	Platforms     []string   `json:"platforms"`
	Fingerprint   string     `json:"fingerprint"`
	Imported      bool       `json:"imported" doc:"Also known elsewhere, until it is rotated."`
	ConfirmsEmail bool       `json:"confirms_email" doc:"The product confirms addresses: a signed email names a person."`
	CreatedAt     time.Time  `json:"created_at"`
	CreatedBy     string     `json:"created_by"`
	LastUsedAt    *time.Time `json:"last_used_at,omitempty"`
	EndsAt        *time.Time `json:"ends_at,omitempty"`
	SignBy        *time.Time `json:"sign_by,omitempty"`
	RevokedAt     *time.Time `json:"revoked_at,omitempty"`
	LiveSessions  int        `json:"live_sessions"`
}

// Keys of a channel, the active one first.
type Keys struct {
	Keys []Key `json:"keys"`
}

// CreateKey makes a key, or takes one from an old vendor if secret is given.
type CreateKey struct {
	Name          string   `json:"name,omitzero"`
	Dialect       string   `json:"dialect,omitzero"`
	Signs         string   `json:"signs,omitzero" enum:"user_id,email,either"`
	Platforms     []string `json:"platforms,omitzero"`
	Secret        string   `json:"secret,omitzero" doc:"To import; it is never shown again."`
	ConfirmsEmail *bool    `json:"confirms_email,omitempty" doc:"The product confirms addresses; as the dialect says if absent."`
	Insist        bool     `json:"insist,omitzero" doc:"Import a secret that is short or guessable; recorded."`
}

// CreatedKey is the key and, if it was generated here, its secret.
type CreatedKey struct {
	Key    Key    `json:"key"`
	Secret string `json:"secret,omitzero" doc:"Shown this one time."`
}

// RotateKey puts a key aside for a new one.
type RotateKey struct {
	OverlapHours *int `json:"overlap_hours,omitempty" doc:"How long the old key still verifies; 168 if absent."`
}

// RevokeKey ends a key now. Without a time it was replaced, with one it was
// compromised since then.
type RevokeKey struct {
	CompromisedSince *time.Time `json:"compromised_since,omitempty"`
}

// SessionsEnded says how many sessions went with a key.
type SessionsEnded struct {
	SessionsEnded int `json:"sessions_ended"`
}

// AuditEntry is one decision of the record.
type AuditEntry struct {
	ID      string            `json:"id" doc:"chain/number"`
	At      time.Time         `json:"at"`
	Actor   string            `json:"actor"`
	Action  string            `json:"action"`
	Channel string            `json:"channel"`
	Subject string            `json:"subject"`
	Detail  map[string]string `json:"detail"`
}

// AuditEntries is one page of the record, newest first.
type AuditEntries struct {
	Entries []AuditEntry `json:"entries"`
	Next    string       `json:"next,omitzero"`
}
