package wire

import "time"

// Confirm is who sits at the console, proved again: by the password, or by a passkey
// that answers the challenge of POST /confirm/passkey.
type Confirm struct {
	Password string         `json:"password,omitzero"`
	Step     string         `json:"step,omitzero"`
	Passkey  *PasskeyAnswer `json:"passkey,omitempty"`
}

// SignedIn is who is in now, or what is still asked.
type SignedIn struct {
	Me     *Me          `json:"me,omitempty"`
	Second *SecondAsked `json:"second,omitempty" doc:"The password was right, and nobody is signed in yet: POST /sign-in/second."`
}

// SecondAsked is the second step of a sign-in: good for five minutes and one login.
type SecondAsked struct {
	Step    string            `json:"step"`
	App     bool              `json:"app" doc:"A code of an authenticator app would do. A recovery code always does."`
	Passkey *PasskeyChallenge `json:"passkey,omitempty" doc:"A passkey would do."`
}

// SecondStep completes a sign-in: by a code, or by a passkey.
type SecondStep struct {
	Step    string         `json:"step"`
	Code    string         `json:"code,omitzero" doc:"Six digits of the app, or a recovery code."`
	Passkey *PasskeyAnswer `json:"passkey,omitempty"`
}

// PasskeySignIn answers the challenge of POST /sign-in/passkey/begin.
type PasskeySignIn struct {
	Step    string        `json:"step"`
	Passkey PasskeyAnswer `json:"passkey"`
}

// PasskeyChallenge is what a browser needs to make a passkey or to answer by one. Bytes
// are base64url without padding.
type PasskeyChallenge struct {
	Step       string         `json:"step"`
	Challenge  string         `json:"challenge"`
	Host       string         `json:"host" doc:"The relying party's id."`
	User       string         `json:"user,omitzero" doc:"To make one."`
	Email      string         `json:"email,omitzero"`
	Name       string         `json:"name,omitzero"`
	Algorithms []int64        `json:"algorithms,omitempty"`
	Known      []KnownPasskey `json:"known,omitempty" doc:"To make one: those that are there. To answer: those that would do; absent means any."`
	ExpiresAt  time.Time      `json:"expires_at"`
}

// KnownPasskey names a passkey to the browser.
type KnownPasskey struct {
	ID         string   `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

// PasskeyAnswer is what the browser made of a challenge, in base64url without padding.
type PasskeyAnswer struct {
	ID                string   `json:"id"`
	ClientData        string   `json:"client_data"`
	AuthenticatorData string   `json:"authenticator_data,omitzero"`
	Signature         string   `json:"signature,omitzero"`
	UserHandle        string   `json:"user_handle,omitzero"`
	Attestation       string   `json:"attestation,omitzero" doc:"Of a new passkey."`
	Transports        []string `json:"transports,omitempty" doc:"Of a new passkey."`
}

// Factors are the signed-in agent's own second factors.
type Factors struct {
	Required     bool       `json:"required" doc:"The workspace asks this role for one."`
	AppSince     *time.Time `json:"app_since,omitempty" doc:"Absent: there is no authenticator app."`
	Passkeys     []Passkey  `json:"passkeys"`
	Recovery     int        `json:"recovery_left"`
	PasskeysHere bool       `json:"passkeys_here" doc:"Whether browsers can make passkeys for this address: https with a name, or localhost."`
}

// Passkey is one of an agent's passkeys.
type Passkey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Site      string     `json:"site" doc:"The host that it was made for."`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

// NewApp is what an authenticator app is told, by the picture or by hand.
type NewApp struct {
	Secret string  `json:"secret"`
	URI    string  `json:"uri"`
	QR     Picture `json:"qr"`
}

// Picture is black on white: an SVG path in a square of Size units.
type Picture struct {
	Size int    `json:"size"`
	Path string `json:"path"`
}

// Code is six digits of an authenticator app.
type Code struct {
	Code string `json:"code"`
}

// Recovery are codes to write down, shown this one time; absent if there were some.
type Recovery struct {
	Codes []string `json:"recovery_codes,omitempty"`
}

// NewPasskey is a passkey that a browser made.
type NewPasskey struct {
	Step    string        `json:"step"`
	Name    string        `json:"name"`
	Passkey PasskeyAnswer `json:"passkey"`
}

// AddedPasskey is a passkey that counts from now on.
type AddedPasskey struct {
	Passkey Passkey  `json:"passkey"`
	Codes   []string `json:"recovery_codes,omitempty"`
}

// ChangePassword replaces one's own password.
type ChangePassword struct {
	Current string `json:"current"`
	Next    string `json:"next"`
}

// TeamRule is what the workspace asks of its people.
type TeamRule struct {
	SecondFactor bool `json:"second_factor" doc:"Owner and security need a second factor for keys, enforcement, the team and tokens."`
}

// Roles are the rights of each role, most trusted first.
type Roles struct {
	Roles []RoleRights `json:"roles"`
}

// RoleRights are what one role may do.
type RoleRights struct {
	Role         string   `json:"role"`
	Rights       []string `json:"rights"`
	SecondFactor bool     `json:"second_factor" doc:"Can be asked for a second factor."`
}
