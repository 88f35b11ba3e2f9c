package wire

import "time"

// AskCode asks for a code to be mailed.
type AskCode struct {
	Email string `json:"email"`
}

// AskedCode is the same for every address, whether or not a mail goes there.
type AskedCode struct {
	ExpiresAt time.Time `json:"expires_at" doc:"A code that is asked for now is good until then."`
	AskAgain  int       `json:"ask_again_seconds" doc:"After how long another one may be asked for."`
}

// ConfirmCode is a code as it was read.
type ConfirmCode struct {
	Code string `json:"code" doc:"Six digits."`
}

// AttemptCode asks for a code where the channel opens no session without a proof.
type AttemptCode struct {
	Channel string `json:"channel" doc:"Slug or alias of the channel."`
	Email   string `json:"email"`
	Attempt string `json:"attempt,omitzero" doc:"From an earlier answer: a new code replaces the old one."`
}

// AttemptedCode is AskedCode with what the code is good for.
type AttemptedCode struct {
	Attempt string `json:"attempt" doc:"A secret of this widget: the code is good together with it alone."`
	AskedCode
}

// ConfirmAttempt trades an attempt and its code for a session.
type ConfirmAttempt struct {
	Channel      string `json:"channel" doc:"Slug or alias of the channel."`
	Platform     string `json:"platform,omitzero" doc:"web (the default), ios or android."`
	Attempt      string `json:"attempt"`
	Code         string `json:"code" doc:"Six digits."`
	VisitorToken string `json:"visitor_token,omitzero" doc:"This browser's anonymous token, from an earlier answer."`
	Origin       string `json:"origin,omitzero" doc:"The host page's origin: a hint, counted and never trusted."`
}

// EmailCode is a channel's setting, with whether mail leaves this installation at all.
type EmailCode struct {
	Allowed      bool   `json:"allowed" doc:"Visitors may prove an address by an emailed code."`
	Mail         string `json:"mail" enum:"smtp,mailbox," doc:"How mail leaves: smtp, mailbox (a demo's page), or empty: nothing is set up, and nothing is offered."`
	LiveSessions int    `json:"live_sessions" doc:"Opened by a code: what turning codes off would end."`
	Ended        int    `json:"ended,omitzero" doc:"Sessions that ended with this change."`
}

// SetEmailCode turns the setting on or off.
type SetEmailCode struct {
	Allowed bool `json:"allowed"`
}

// Letter is mail on its way out, without what it says.
type Letter struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind" enum:"code,invitation"`
	Recipient string     `json:"recipient" doc:"Cut: enough to tell a typing mistake by."`
	State     string     `json:"state" enum:"waiting,sent,failed,expired,withheld"`
	Attempts  int        `json:"attempts"`
	LastError string     `json:"last_error,omitzero"`
	CreatedAt time.Time  `json:"created_at"`
	NextAt    *time.Time `json:"next_at,omitempty" doc:"Of one that waits: when it is tried next."`
	DoneAt    *time.Time `json:"done_at,omitempty"`
}

// Outbox is what left lately and what waits, newest first.
type Outbox struct {
	Mail    string   `json:"mail" enum:"smtp,mailbox," doc:"How mail leaves; empty: nothing is set up."`
	Letters []Letter `json:"letters"`
}
