package wire

import "time"

// Register is a site that connects itself with a token that somebody made for it.
type Register struct {
	Token    string `json:"token"`
	Site     string `json:"site" doc:"The site's own origin, scheme and host alone. A person is shown it and confirms it."`
	Name     string `json:"name,omitzero" doc:"What the site calls itself; the host if absent."`
	Software string `json:"software,omitzero" doc:"What registers, such as WordPress/6.5 Countersign/1.0."`
}

// Registered is what the site keeps. Its secret verifies nothing until a person confirms.
type Registered struct {
	Channel   string    `json:"channel" doc:"Public id of the channel that the site has once it is confirmed."`
	KeyID     string    `json:"key_id"`
	Dialect   string    `json:"dialect" doc:"That the key will sign: a JSON Web Token, HS256, aud the channel."`
	Secret    string    `json:"secret" doc:"Shown this one time."`
	Receipt   string    `json:"receipt" doc:"Asks how the registration stands, and withdraws it; it opens nothing."`
	State     string    `json:"state" enum:"waiting"`
	ConfirmBy time.Time `json:"confirm_by" doc:"Without a person's word the registration lapses then."`
	Loader    string    `json:"loader" doc:"Script of the native messenger, started with the channel."`
	Script    string    `json:"script" doc:"Script that carries the channel in its address."`
}

// AskRegistration asks how a registration stands, or withdraws it.
type AskRegistration struct {
	Receipt string `json:"receipt"`
}

// RegistrationStanding is how it stands.
type RegistrationStanding struct {
	State   string `json:"state" enum:"waiting,lapsed,confirmed,refused,ended" doc:"ended: it was confirmed, and its key has been ended since."`
	Channel string `json:"channel"`
}

// Registration is a token and what became of it, without either secret.
type Registration struct {
	ID        string     `json:"id"`
	State     string     `json:"state" enum:"open,expired,waiting,lapsed,confirmed,refused,ended"`
	CreatedBy string     `json:"created_by"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at" doc:"Of the token."`
	Site      string     `json:"site,omitzero" doc:"Origin of the site that came with the token, as it says."`
	Name      string     `json:"name,omitzero" doc:"As it says."`
	Software  string     `json:"software,omitzero" doc:"As it says."`
	Network   string     `json:"network,omitzero" doc:"Address that it came from."`
	UsedAt    *time.Time `json:"used_at,omitempty"`
	ConfirmBy *time.Time `json:"confirm_by,omitempty" doc:"Of one that waits."`
	ChannelID string     `json:"channel_id,omitzero" doc:"Of a confirmed one."`
	Channel   string     `json:"channel,omitzero" doc:"Public id of its channel."`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
	DecidedBy string     `json:"decided_by,omitzero"`
}

// Registrations of a workspace, the newest first.
type Registrations struct {
	Registrations []Registration `json:"registrations"`
}

// CreatedRegistration is the token, shown this one time.
type CreatedRegistration struct {
	Registration Registration `json:"registration"`
	Token        string       `json:"token" doc:"Shown this one time: one site, thirty minutes."`
	URL          string       `json:"url" doc:"Address of this server, as the site reaches it."`
}

// ConfirmRegistration is a person's yes to the site that the console shows.
type ConfirmRegistration struct {
	Reason string `json:"reason" doc:"Why, for the record."`
}
