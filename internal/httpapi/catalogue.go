package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/deliver"
	"countersign/internal/event"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// Code is the stable name of an error: what a program decides by.
type Code string

const (
	RequestInvalid   Code = "request_invalid"
	BodyTooLarge     Code = "body_too_large"
	UnsupportedMedia Code = "unsupported_media"
	MethodNotAllowed Code = "method_not_allowed"
	ChannelUnknown   Code = "channel_unknown"
	IdentityRequired Code = "identity_required"
	IdentityRefused  Code = "identity_refused"
	CodeRefused      Code = "code_refused"
	CodesNotTaken    Code = "codes_not_taken"
	SessionEnded     Code = "session_ended"
	SignInRefused    Code = "sign_in_refused"
	StepEnded        Code = "step_ended"
	LinkRefused      Code = "link_refused"
	ConfirmRefused   Code = "confirmation_refused"
	Forbidden        Code = "forbidden"
	Unconfirmed      Code = "confirmation_required"
	FactorRequired   Code = "second_factor_required"
	NotFound         Code = "not_found"
	Conflict         Code = "conflict"
	TooMany          Code = "too_many"
	FileTooLarge     Code = "file_too_large"
	FileRefused      Code = "file_refused"
	FileUnknown      Code = "file_unknown"
	StorageFull      Code = "storage_full"
	NotReady         Code = "not_ready"
	FacesNotBuilt    Code = "faces_not_built"
	Internal         Code = "internal"

	RegistrationRefused Code = "registration_refused"
)

// entry is one row of the catalogue; the docs page shows it whole.
type entry struct {
	Code    Code
	Status  int
	Title   string
	Detail  string // when the answer has nothing more exact to say
	Meaning string // for the docs
}

// catalogue is every error that a door can answer with.
//
// The two refusals of an identity are told apart by their code alone: their
// bodies are equally long, so the longer code has the shorter detail (it stands
// in the body twice, once inside the type).
var catalogue = []entry{
	{RequestInvalid, http.StatusBadRequest, "Invalid request", "The request is not what this call takes.",
		"The body, a parameter or the address cannot be read (400), or is read and cannot be (422). Nothing was stored."},
	{BodyTooLarge, http.StatusRequestEntityTooLarge, "Body too large", "The body is larger than this call takes.",
		"Most calls take 64 KB. Nothing was stored."},
	{UnsupportedMedia, http.StatusUnsupportedMediaType, "Unsupported media type", "Send application/json.",
		"Bodies are application/json in UTF-8, one document, not compressed."},
	{MethodNotAllowed, http.StatusMethodNotAllowed, "Method not allowed", "This address takes another method; see Allow.",
		"The header Allow lists the methods that the address takes."},
	{ChannelUnknown, http.StatusNotFound, "Unknown channel", "No channel has this id.",
		"Neither a slug nor an alias of any channel."},
	{IdentityRequired, http.StatusForbidden, "Identity not accepted", "The channel asks for a proven identity.",
		"An identity was said without a proof, or nothing was said where the channel asks for an identity."},
	{IdentityRefused, http.StatusForbidden, "Identity not accepted", "What was sent does not prove an identity.",
		"What was said could not be proved. Why is told to the operator alone: see the record of the channel."},
	{CodeRefused, http.StatusForbidden, "Code not accepted", "This code is not right, or is no longer good. Check it, or ask for a new one.",
		"One answer for a wrong code, a used one, one that is older than ten minutes, was tried five times or was asked for elsewhere."},
	{CodesNotTaken, http.StatusForbidden, "No emailed codes", "An address cannot be proved by a code here.",
		"The channel does not take emailed codes, no mail leaves this installation, or the session has proved who it is already."},
	{SessionEnded, http.StatusUnauthorized, "No session", "There is no session, or it has ended.",
		"No credential, a wrong one, or one that ended: by time, log-out, a change of identity, its key, or an operator."},
	{SignInRefused, http.StatusUnauthorized, "Sign-in refused", "The address or the password is wrong.",
		"One answer for an unknown address and for a wrong password."},
	{StepEnded, http.StatusForbidden, "Begin again", "This step took too long, or was used. Begin again.",
		"The second step of a sign-in, or a passkey's challenge, is good for five minutes and one use."},
	{ConfirmRefused, http.StatusForbidden, "Not confirmed", "That is not your password.",
		"What was given to confirm is wrong. It counts as a wrong sign-in; the login goes on."},
	{LinkRefused, http.StatusForbidden, "Link refused", "The link was used, has expired, or never was.",
		"Links work once and for one hour. `countersign owner reset` prints a new one."},
	{RegistrationRefused, http.StatusForbidden, "Registration refused", "This token is not one that a site can register with. Ask for a new one.",
		"One answer for a token that never was, was used, is older than thirty minutes or was taken back; and for a receipt that nothing has."},
	{Forbidden, http.StatusForbidden, "Forbidden", "Neither your role nor your token's scopes allow this.",
		"The role or the token's scopes do not hold the right, or a foreign page tried to act for you."},
	{FactorRequired, http.StatusForbidden, "Second factor required", "Set up a second factor first.",
		"The role holds the right, and the workspace asks for a second factor before it is theirs: POST /api/v1/console/factors/app, or a passkey, then the same call again. Who has not the right is told forbidden, with or without a factor."},
	{Unconfirmed, http.StatusForbidden, "Confirmation required", "Confirm with your password or passkey first.",
		"What was asked for would let its holder pass as a customer. It takes a password or passkey given within the last five minutes: POST /api/v1/console/confirm, then the same call again."},
	{NotFound, http.StatusNotFound, "Not found", "There is no such thing here.",
		"It does not exist, or it belongs to somebody else: the two look alike."},
	{Conflict, http.StatusConflict, "Conflict", "Somebody else changed it first. Read it again.",
		"Another operator was faster, or the name is taken."},
	{TooMany, http.StatusTooManyRequests, "Too many requests", "Slow down and try again in a minute.",
		"A limit on failures, new sessions or messages was reached."},
	{FileTooLarge, http.StatusRequestEntityTooLarge, "File too large", "The file is larger than one file may be.",
		"Each file has a limit, 10 MB unless the operator said otherwise (`file_bytes` of the channel). Nothing was stored."},
	{FileRefused, http.StatusUnprocessableEntity, "File refused", "This file is not taken.",
		"It is empty, or a picture whose decoding would take more memory than one picture is given. What a file is called decides nothing. Nothing was stored."},
	{FileUnknown, http.StatusNotFound, "No such file waits", "A file of this message was sent before, or waited too long. Add it again.",
		"No file of this id waits for this sender: it never was, went with another message, waited over a day, was handed in by somebody else or in a session whose key was revoked; they look alike. Nothing was stored."},
	{StorageFull, http.StatusInsufficientStorage, "No room for files", "There is no room for files at the moment. Messages still arrive.",
		"The disk that files lie on is nearly full. Files are refused first, so that messages go on."},
	{NotReady, http.StatusServiceUnavailable, "Not ready", "The server cannot answer for its rights at the moment. Try again.",
		"The node has not read the log's head within a second, is starting, or is closing."},
	{FacesNotBuilt, http.StatusServiceUnavailable, "Faces not built", "This binary was built without the messenger and the console. Run: make build",
		"The API and every command work; the faces need `make build` (Go and Node)."},
	{Internal, http.StatusInternalServerError, "Internal error", "Something went wrong on our side. Tell the operator the request's id.",
		"The server's log has the cause under the request's id."},
}

func entryOf(code Code) entry {
	for _, e := range catalogue {
		if e.Code == code {
			return e
		}
	}
	panic("httpapi: no such code: " + string(code))
}

// Error is an answer that a door chose itself.
type Error struct {
	Code   Code
	Status int    // 0: the catalogue's
	Detail string // empty: the catalogue's
	Cause  error  // for the log, never for the caller
}

func (e *Error) Error() string {
	text := "httpapi: " + string(e.Code)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Cause }

// Fail is an answer by its code alone.
func Fail(code Code) *Error { return &Error{Code: code} }

// Malformed is a request that cannot be read (400).
func Malformed(detail string) *Error { return &Error{Code: RequestInvalid, Detail: detail} }

// Impossible is a request that is read and asks for what cannot be (422).
func Impossible(detail string) *Error {
	return &Error{Code: RequestInvalid, Status: http.StatusUnprocessableEntity, Detail: detail}
}

// translation is one sentinel of a room and the answer to it.
type translation struct {
	is     error
	code   Code
	status int  // 0: the code's
	tell   bool // what follows the sentinel in the error's text is meant for the caller
}

// translations :: what the rooms say → what the doors answer.
var translations = []translation{
	{is: policy.ErrWithheld, code: FactorRequired}, // before ErrForbidden, which it also is
	{is: policy.ErrForbidden, code: Forbidden},
	{is: policy.ErrUnconfirmed, code: Unconfirmed},
	{is: policy.ErrNoReason, code: RequestInvalid, tell: true},
	{is: event.ErrStale, code: NotReady},
	{is: workspace.ErrNotFound, code: NotFound},
	{is: workspace.ErrTaken, code: Conflict, tell: true},
	{is: workspace.ErrInvalid, code: RequestInvalid, status: http.StatusUnprocessableEntity, tell: true},
	{is: team.ErrRefused, code: SessionEnded},
	{is: team.ErrLimited, code: TooMany},
	{is: team.ErrTaken, code: Conflict, tell: true},
	{is: team.ErrNotFound, code: NotFound},
	{is: team.ErrInvalid, code: RequestInvalid, status: http.StatusUnprocessableEntity, tell: true},
	{is: team.ErrLastOwner, code: Conflict},
	{is: team.ErrExpired, code: StepEnded},
	{is: trust.ErrNoCodes, code: CodesNotTaken},
	{is: trust.ErrAskerGone, code: SessionEnded},
	{is: trust.ErrAskedTooOften, code: TooMany},
	{is: deliver.ErrInvalid, code: RequestInvalid, status: http.StatusUnprocessableEntity, tell: true},
	{is: trust.ErrNoRegistration, code: NotFound},
	{is: trust.ErrRegistrationRefused, code: RegistrationRefused},
	{is: trust.ErrRegistrationLimited, code: TooMany},
	{is: trust.ErrRegistrationState, code: Conflict, tell: true},
	{is: trust.ErrNotFound, code: NotFound},
	{is: trust.ErrConflict, code: Conflict},
	{is: trust.ErrInvalid, code: RequestInvalid, status: http.StatusUnprocessableEntity, tell: true},
	{is: trust.ErrPlatform, code: RequestInvalid, status: http.StatusUnprocessableEntity, tell: true},
	{is: trust.ErrSecretInUse, code: Conflict},
	{is: trust.ErrShownOnce, code: Conflict, tell: true},
	{is: trust.ErrLimited, code: TooMany, tell: true},
	{is: chat.ErrNotFound, code: NotFound},
	{is: chat.ErrSessionEnded, code: SessionEnded},
	{is: chat.ErrInvalid, code: RequestInvalid, status: http.StatusUnprocessableEntity, tell: true},
	{is: chat.ErrTooMany, code: TooMany},
	{is: chat.ErrFileTooLarge, code: FileTooLarge, tell: true},
	{is: chat.ErrFileRefused, code: FileRefused, tell: true},
	{is: chat.ErrFileUnknown, code: FileUnknown},
	{is: chat.ErrShelfFull, code: StorageFull},
	{is: chat.ErrNoShelf, code: NotFound},
	{is: chat.ErrRefused, code: IdentityRefused},
	{is: chat.ErrProofSpent, code: IdentityRefused},
	{is: chat.ErrSignedOnly, code: Conflict, tell: true},
	{is: context.Canceled, code: NotReady},
	{is: context.DeadlineExceeded, code: NotReady},
}

// answerTo finds the answer to any error; what nobody foresaw is internal.
func answerTo(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	for _, t := range translations {
		if errors.Is(err, t.is) {
			answer := &Error{Code: t.code, Status: t.status, Cause: err}
			if t.tell || t.code == Conflict {
				answer.Detail = told(err, t)
			}
			return answer
		}
	}
	return &Error{Code: Internal, Cause: err}
}

// maxToldBytes bounds what a room's own words add to an answer.
const maxToldBytes = 240

// told is the room's sentence: what it wrapped around the sentinel, without the
// layers above it; for a bare sentinel, the sentinel's own words.
func told(err error, t translation) string {
	sentinel := t.is.Error()
	_, reason, found := strings.Cut(err.Error(), sentinel)
	reason = strings.TrimSpace(strings.TrimPrefix(reason, ":"))
	if !t.tell || !found || reason == "" {
		if t.code == RequestInvalid {
			return ""
		}
		_, reason, _ = strings.Cut(sentinel, ": ")
	}
	if len(reason) > maxToldBytes {
		reason = strings.ToValidUTF8(reason[:maxToldBytes], "")
	}
	if reason == "" || !utf8.ValidString(reason) {
		return ""
	}
	return strings.ToUpper(reason[:1]) + reason[1:] + "."
}
