package wire

import "time"

// Key is a key without its secret.
type Key struct {
	ID               string      `json:"id"`
	Name             string      `json:"name"`
	State            string      `json:"state" enum:"pending,active,retiring,retired,revoked"`
	Dialect          string      `json:"dialect"`
	Signs            string      `json:"signs" enum:"user_id,email,either"`
	Platforms        []string    `json:"platforms"`
	Fingerprint      string      `json:"fingerprint"`
	Imported         bool        `json:"imported" doc:"Also known elsewhere, until it is rotated."`
	ConfirmsEmail    bool        `json:"confirms_email" doc:"The product confirms addresses: a signed email names a person."`
	Reveal           string      `json:"reveal" enum:"once,request" doc:"Whether its secret can be shown again."`
	CreatedAt        time.Time   `json:"created_at"`
	CreatedBy        string      `json:"created_by"`
	LastUsedAt       *time.Time  `json:"last_used_at,omitempty"`
	RetiringAt       *time.Time  `json:"retiring_at,omitempty" doc:"When a rotation put it aside."`
	EndsAt           *time.Time  `json:"ends_at,omitempty"`
	SignBy           *time.Time  `json:"sign_by,omitempty" doc:"Timed proofs that were issued more than 30 s later are refused; the end if absent."`
	RevokedAt        *time.Time  `json:"revoked_at,omitempty"`
	CompromisedSince *time.Time  `json:"compromised_since,omitempty" doc:"What it proved since then is in doubt; absent: it was replaced."`
	LiveSessions     int         `json:"live_sessions"`
	Public           *PublicHalf `json:"public,omitempty" doc:"What it verifies with, if that is no secret."`
	Uses             []KeyUse    `json:"uses,omitempty" doc:"From which pages its proofs came, the latest first."`
}

// KeyUse is where proofs by a key came from, as browsers say.
type KeyUse struct {
	Origin   string    `json:"origin,omitzero" doc:"Absent: none was said, or one beyond the fifty that are told apart."`
	Platform string    `json:"platform"`
	Sessions int       `json:"sessions" doc:"Opened since the key was made or, if it retires, put aside."`
	LastAt   time.Time `json:"last_at"`
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
	Secret        string   `json:"secret,omitzero" doc:"To import."`
	PublicKey     string   `json:"public_key,omitzero" doc:"Instead of a secret, for native-jwt: PEM (BEGIN PUBLIC KEY) or JWK."`
	JWKSURL       string   `json:"jwks_url,omitzero" doc:"Instead of a secret, for native-jwt: where the issuer publishes its key set."`
	Issuer        string   `json:"issuer,omitzero" doc:"What iss of a token must be; needed with jwks_url."`
	Algorithm     string   `json:"algorithm,omitzero" enum:"ES256,RS256,EdDSA" doc:"Which keys of the set count; the only kind that it has if absent."`
	ConfirmsEmail *bool    `json:"confirms_email,omitempty" doc:"The product confirms addresses; as the dialect says if absent."`
	Insist        bool     `json:"insist,omitzero" doc:"Import a secret that is short or guessable; recorded."`
	Reveal        string   `json:"reveal,omitzero" enum:"once,request" doc:"Whether the secret can be shown again; once if absent."`
	Reason        string   `json:"reason,omitzero" doc:"Why, for the record. A colleague must say; a program may."`
}

// CreatedKey is the key and, if it was generated here, its secret.
type CreatedKey struct {
	Key    Key    `json:"key"`
	Secret string `json:"secret,omitzero" doc:"Shown this one time."`
}

// RenameKey calls a key something else.
type RenameKey struct {
	Name string `json:"name"`
}

// RotateKey puts a key aside for a new one.
type RotateKey struct {
	Name         string `json:"name,omitzero" doc:"Of the new key; the old one's with the date if absent."`
	OverlapHours *int   `json:"overlap_hours,omitempty" doc:"How long the old key still verifies; 168 if absent."`
	Secret       string `json:"secret,omitzero" doc:"For the new key; a random one if absent."`
	PublicKey    string `json:"public_key,omitzero" doc:"Instead of a secret, for native-jwt: PEM (BEGIN PUBLIC KEY) or JWK."`
	JWKSURL      string `json:"jwks_url,omitzero" doc:"Instead of a secret, for native-jwt: where the issuer publishes its key set."`
	Issuer       string `json:"issuer,omitzero" doc:"What iss of a token must be; with public_key or jwks_url the old key's if absent."`
	Algorithm    string `json:"algorithm,omitzero" enum:"ES256,RS256,EdDSA" doc:"Which keys of the set count; the only kind that it has if absent."`
	Insist       bool   `json:"insist,omitzero" doc:"Take a secret that is short or guessable; recorded."`
	Reason       string `json:"reason,omitzero" doc:"Why, for the record. A colleague must say; a program may."`
}

// RevealKey asks for a secret once more.
type RevealKey struct {
	Reason string `json:"reason,omitzero" doc:"Why, for the record. A colleague must say; a program may."`
}

// RevealedKey is the secret.
type RevealedKey struct {
	Secret string `json:"secret"`
}

// SignKeyBy says by when every signer has moved to the successor.
type SignKeyBy struct {
	At time.Time `json:"at"`
}

// ExtendKey moves the end of a retiring key.
type ExtendKey struct {
	EndsAt time.Time `json:"ends_at"`
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

// RevokedKey says what went with a key.
type RevokedKey struct {
	SessionsEnded int     `json:"sessions_ended"`
	Cut           *KeyCut `json:"cut,omitempty" doc:"Of a compromised key."`
}

// KeyCut counts what a compromised key proved.
type KeyCut struct {
	Links         int  `json:"links" doc:"Identifiers that no longer belong to the contact."`
	Claims        int  `json:"claims" doc:"Anonymous conversations that were taken over."`
	Attributes    int  `json:"attributes" doc:"Signed values that are only claimed now."`
	Conversations int  `json:"conversations" doc:"With messages that it proved."`
	Messages      int  `json:"messages" doc:"That it proved: they are marked."`
	Done          bool `json:"done"`
}

// KeyImpact is what would end with a key now.
type KeyImpact struct {
	LiveSessions int          `json:"live_sessions"`
	Origins      []LiveOrigin `json:"origins"`
	Cut          *KeyForecast `json:"cut,omitempty" doc:"Of a key that is called compromised since the time in the question."`
}

// KeyForecast counts what would be cut if a key were called compromised.
type KeyForecast struct {
	Links         int  `json:"links" doc:"Identifiers that would no longer belong to the contact."`
	Claims        int  `json:"claims" doc:"Anonymous conversations that were taken over."`
	Attributes    int  `json:"attributes" doc:"Signed values that would only be claimed."`
	Conversations int  `json:"conversations" doc:"With messages that it proved."`
	Messages      int  `json:"messages" doc:"That it proved: they would be marked."`
	AtLeast       bool `json:"at_least" doc:"There may be more: the counting stops at 10,000 of a kind, or after 250,000 rows."`
}

// LiveOrigin is the live sessions of one origin's pages.
type LiveOrigin struct {
	Origin       string `json:"origin,omitzero" doc:"Absent: none was said, or one beyond the fifty that are told apart."`
	LiveSessions int    `json:"live_sessions"`
}

// KeyCompromise is what a compromised key left behind: counts, and one page of one kind.
type KeyCompromise struct {
	Since    time.Time    `json:"since"`
	Cut      KeyCut       `json:"cut"`
	Findings []KeyFinding `json:"findings"`
	Next     string       `json:"next,omitzero"`
}

// KeyFinding is one thing that a compromised key proved.
type KeyFinding struct {
	Contact        FoundContact `json:"contact"`
	ConversationID string       `json:"conversation_id,omitzero"`
	Session        string       `json:"session,omitzero"`
	Name           string       `json:"name,omitzero" doc:"user_id or email of a link; the name of an attribute."`
	Value          string       `json:"value,omitzero" doc:"Of a link, or of an attribute as JSON; for those who may read conversations."`
	Fate           string       `json:"fate" enum:"cut,blocked,returned,detached,claimed,marked"`
	Messages       int          `json:"messages,omitzero"`
	At             time.Time    `json:"at"`
	LastAt         *time.Time   `json:"last_at,omitempty"`
}

// FoundContact is whose it was; label and kind are for those who may read conversations.
type FoundContact struct {
	ID      string `json:"id"`
	Label   string `json:"label,omitzero"`
	Kind    string `json:"kind,omitzero"`
	Blocked bool   `json:"blocked,omitzero"`
}
