package chat

import (
	"context"
	"errors"
	"io"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/event"
)

var (
	// ErrFileTooLarge: more bytes than one file may have; wrapped with how many that are.
	ErrFileTooLarge = errors.New("chat: the file is too large")
	// ErrFileRefused: a file that is not kept, whoever sends it; wrapped with the reason.
	ErrFileRefused = errors.New("chat: the file is refused")
	// ErrFileUnknown: no file of this id waits for this sender: it never was, was sent
	// already, or is another's; they look alike.
	ErrFileUnknown = errors.New("chat: no such file waits")
	// ErrShelfFull: there is no room for files.
	ErrShelfFull = errors.New("chat: no room for files")
	// ErrNoShelf: this installation keeps no files.
	ErrNoShelf = errors.New("chat: files are not kept here")
)

const (
	// MaxFiles of one message.
	MaxFiles = 10
	// DefaultFileBytes is what a file may have unless the operator says otherwise.
	DefaultFileBytes = 10 << 20
	// UnsentLife is how long a file waits for its message.
	UnsentLife = 24 * time.Hour
	// comingLife is how long the bytes of a file may take to come, and a dead process's row stays.
	comingLife = time.Hour
)

// FileBody is a file as both sides of a conversation see it. Width and Height are a
// picture's, which may be shown; without them it is a download.
type FileBody struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	Width     int    `json:"width,omitempty"`
	Height    int    `json:"height,omitempty"`
}

// Picture says whether it was made anew from pixels, and so may be shown.
func (f FileBody) Picture() bool { return f.Width > 0 && f.Height > 0 }

// Attachment is a file that somebody handed in, to go with one message:
//
//	coming ──▶ waiting ──▶ sent
//	   └──────────┴──▶ discarded: broke off, or never sent within UnsentLife
//
// Until it is sent it belongs to who handed it in: a visitor's, to the contact and the
// browser, at the tier and by the method that they had; an agent's, to the agent. From
// then on it is read by whoever may read its message.
type Attachment struct {
	FileBody
	Workspace    string
	Channel      string // visitors' only, as the next ones
	Contact      string
	Visitor      string
	Tier         policy.Tier
	Method       identity.Method
	Session      string
	Key          string
	Agent        string // agents' only
	Login        string
	Thumbnail    bool // a smaller picture lies beside it
	Conversation string
	Message      string // empty until sent
	Audience     event.Audience
	CreatedAt    time.Time
}

// Quota is what one sender may hand in.
type Quota struct {
	Since time.Time // the begin of the day that is counted
	Files int       // in that day
	Bytes int64     // in that day
	Total int64     // bytes that are kept of one contact at all; 0: no end
	Kept  int       // files that are; 0: no end
}

// The quotas. An agent answers many people.
const (
	visitorDailyFiles = 200
	visitorDailyBytes = 200 << 20
	visitorTotalBytes = 2 << 30
	visitorTotalFiles = 10_000
	agentDailyFiles   = 2_000
	agentDailyBytes   = 4 << 30
)

// Taken is what a shelf found a file to be.
type Taken struct {
	Name          string // clean
	MediaType     string
	Size          int64
	Width, Height int // of a picture made anew
	Thumbnail     bool
}

// Shelf keeps the bytes. internal/files is one.
type Shelf interface {
	// Take reads a file to its end and keeps it, or nothing of it.
	Take(ctx context.Context, id string, in Incoming, limit int64) (Taken, error)
	// Open answers ErrNotFound if the bytes are not there.
	Open(ctx context.Context, id string, thumbnail bool) (io.ReadSeekCloser, error)
	// Drop is fine with what is not there.
	Drop(ctx context.Context, id string) error
	// Each visits what is kept, with the time since when.
	Each(ctx context.Context, visit func(id string, since time.Time) error) error
	// Tidy forgets what a process left that died while files came in.
	Tidy(now time.Time) error
}

// Attachments are the rows. Every method finds rows of its workspace alone; those that
// write ask again, in their transaction, whether session or login stand.
type Attachments interface {
	// BeginAttachment keeps the row of a file whose bytes are about to come, if the sender's
	// quota allows one more; else ErrTooMany.
	BeginAttachment(ctx context.Context, a Attachment, tokenHash []byte, quota Quota) error
	// KeepAttachment says that the bytes are there, and what they are. If the quota does not
	// allow them, or the right has gone meanwhile, the row is left for the sweep.
	KeepAttachment(ctx context.Context, a Attachment, tokenHash []byte, quota Quota) error
	// DiscardAttachment gives a file up that no message has; its bytes follow.
	DiscardAttachment(ctx context.Context, workspace, id string) error
	// VisitorAttachment is a file of a message that this contact's visitor may see, or one
	// that waits and is this very sender's; else ErrNotFound.
	VisitorAttachment(ctx context.Context, session Session, id string) (Attachment, error)
	// AgentAttachment is a file of any message of the workspace, or one of this agent's that waits.
	AgentAttachment(ctx context.Context, workspace, agent, id string) (Attachment, error)
	// LinkedAttachment is what the holder of a session, or of a login, may read now; ErrNotFound
	// if the session or login does not stand.
	LinkedAttachment(ctx context.Context, link FileLink, now time.Time) (Attachment, error)

	// DiscardUnsent gives up what waits since before a time, or comes in since before coming.
	DiscardUnsent(ctx context.Context, waiting, coming time.Time, limit int) (n int, err error)
	// Discarded are ids whose bytes are to go.
	Discarded(ctx context.Context, limit int) ([]string, error)
	// Dropped says that the bytes have gone.
	Dropped(ctx context.Context, ids []string) error
	// StrayFiles are those of the ids that no row names.
	StrayFiles(ctx context.Context, ids []string) ([]string, error)
}
