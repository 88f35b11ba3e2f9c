package chat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"countersign/identity/policy"
)

// LinkLife is how long a capability link opens its file.
const LinkLife = 60 * time.Second

// Reader is whose right a link carries.
type Reader string

const (
	VisitorReads Reader = "visitor"
	AgentReads   Reader = "agent"
)

// FileLink is a capability: one file, to be read, by the holder of one session or login,
// until an end. It names no credential, and is worth nothing once that session has ended.
type FileLink struct {
	Workspace string
	File      string
	Reader    Reader
	Holder    string // session or login
	Ends      time.Time
}

// LinkFile makes a link to a file that the visitor may read.
func (c *Chat) LinkFile(ctx context.Context, s Session, id string) (text string, ends time.Time, err error) {
	a, err := c.File(ctx, s, id)
	if err != nil {
		return "", time.Time{}, err
	}
	return c.link(FileLink{Workspace: s.Workspace, File: a.ID, Reader: VisitorReads, Holder: s.ID})
}

// LinkReplyFile makes a link to a file that the agent may read.
func (c *Chat) LinkReplyFile(ctx context.Context, who policy.Principal, id string) (text string, ends time.Time, err error) {
	if err := c.writer(who, policy.ReadConversations); err != nil {
		return "", time.Time{}, err
	}
	a, err := c.ReplyFile(ctx, who, id)
	if err != nil {
		return "", time.Time{}, err
	}
	return c.link(FileLink{Workspace: who.Workspace(), File: a.ID, Reader: AgentReads, Holder: who.Login()})
}

func (c *Chat) link(l FileLink) (text string, ends time.Time, err error) {
	if c.files == nil {
		return "", time.Time{}, ErrNotFound
	}
	l.Ends = c.pulse.Now().Add(LinkLife).UTC().Truncate(time.Second)
	parts := []string{string(l.Reader), l.Workspace, l.File, l.Holder}
	body := binary.BigEndian.AppendUint64(nil, uint64(l.Ends.Unix())) //nolint:gosec // after 1970
	for _, part := range parts {
		body = append(body, byte(len(part))) //nolint:gosec // ids and names of ours, under 100 bytes
		body = append(body, part...)
	}
	return linkText.EncodeToString(append(body, c.linkMAC(body)...)), l.Ends, nil
}

var linkText = base64.RawURLEncoding.Strict()

const maxLinkText = 512

func (c *Chat) linkMAC(body []byte) []byte {
	mac := hmac.New(sha256.New, c.files.linkKey)
	mac.Write([]byte("countersign.file-link.v1\x00read\x00"))
	mac.Write(body)
	return mac.Sum(nil)
}

// FollowLink finds the file of a link that was made for this side, has not run out and
// whose holder could still read it.
func (c *Chat) FollowLink(ctx context.Context, reader Reader, text string) (Attachment, error) {
	if err := c.fresh(); err != nil {
		return Attachment{}, err
	}
	l, ok := c.readLink(text)
	now := c.pulse.Now()
	if !ok || l.Reader != reader || !now.Before(l.Ends) {
		return Attachment{}, ErrNotFound
	}
	return c.store.LinkedAttachment(ctx, l, now)
}

// HoldsLink says whether the holder of a link that was followed could still read its
// file; that the link itself ran out meanwhile does not break a download off.
func (c *Chat) HoldsLink(ctx context.Context, reader Reader, text string) error {
	if err := c.fresh(); err != nil {
		return err
	}
	l, ok := c.readLink(text)
	if !ok || l.Reader != reader {
		return ErrNotFound
	}
	_, err := c.store.LinkedAttachment(ctx, l, c.pulse.Now())
	return err
}

// readLink checks the MAC before anything is read from a link.
func (c *Chat) readLink(text string) (l FileLink, ok bool) {
	if c.files == nil || len(text) > maxLinkText || strings.ContainsAny(text, "\r\n") {
		return FileLink{}, false
	}
	raw, err := linkText.DecodeString(text)
	if err != nil || len(raw) <= 8+sha256.Size {
		return FileLink{}, false
	}
	body, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if !hmac.Equal(mac, c.linkMAC(body)) {
		return FileLink{}, false
	}
	l.Ends = time.Unix(int64(binary.BigEndian.Uint64(body)), 0) //nolint:gosec // ours: the MAC says so
	var parts [4]string
	rest := body[8:]
	for i := range parts {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return FileLink{}, false
		}
		parts[i], rest = string(rest[1:1+rest[0]]), rest[1+rest[0]:]
	}
	l.Reader, l.Workspace, l.File, l.Holder = Reader(parts[0]), parts[1], parts[2], parts[3]
	return l, len(rest) == 0
}
