package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"
)

const (
	checkpointLabel = "countersign.audit.checkpoint.v1"
	cutLabel        = "countersign.audit.cut.v1"
	endLabel        = "countersign.audit.export.v1"
)

// Keys are what entries, checkpoints and cuts are sealed under. Closures hold them:
// a field would be printed by the formatting verbs.
type Keys struct {
	entry      func() []byte
	checkpoint func() []byte
}

// NewKeys takes the key of the chains and the one of the checkpoints.
func NewKeys(entry, checkpoint []byte) Keys {
	return Keys{entry: func() []byte { return entry }, checkpoint: func() []byte { return checkpoint }}
}

// Head is how far a chain had come.
type Head struct {
	Chain  string
	Number int64
	MAC    []byte
}

// Checkpoint says what the chains had reached at one moment: Heads are those that
// moved since the checkpoint before, whose MAC this one continues. So each vouches
// for every head there ever was, and is as long as a minute was busy.
type Checkpoint struct {
	Number   int64 // 1, 2, 3 …
	At       time.Time
	Position int64 // of the newest entry that it covers
	Heads    []Head
	Previous []byte // MAC of the checkpoint before; zeros for the first
	MAC      []byte
}

// Cut is where older entries were taken away: at a checkpoint, with the heads that
// every chain had there, so that what remains still has something to follow.
type Cut struct {
	Position int64 // the last one that is gone; 0 if nothing was cut
	Number   int64 // of the checkpoint
	Heads    []Head
	MAC      []byte
}

func (k Keys) sealCheckpoint(c Checkpoint) Checkpoint {
	c.At = c.At.UTC().Truncate(time.Microsecond)
	c.MAC = k.checkpointMAC(c)
	return c
}

func (k Keys) checkpointMAC(c Checkpoint) []byte {
	h := hmac.New(sha256.New, k.checkpoint())
	writeText(h, checkpointLabel)
	writeNumber(h, uint64(c.Number))
	writeNumber(h, uint64(c.At.UnixMicro()))
	writeNumber(h, uint64(c.Position))
	writeHeads(h, c.Heads)
	writeText(h, string(c.Previous))
	return h.Sum(nil)
}

func (k Keys) sealCut(c Cut) Cut {
	c.MAC = k.cutMAC(c)
	return c
}

func (k Keys) cutMAC(c Cut) []byte {
	h := hmac.New(sha256.New, k.checkpoint())
	writeText(h, cutLabel)
	writeNumber(h, uint64(c.Position))
	writeNumber(h, uint64(c.Number))
	writeHeads(h, c.Heads)
	return h.Sum(nil)
}

// endMAC seals the last line of an export.
func (k Keys) endMAC(after, entries, last int64) []byte {
	h := hmac.New(sha256.New, k.checkpoint())
	writeText(h, endLabel)
	writeNumber(h, uint64(after))
	writeNumber(h, uint64(entries))
	writeNumber(h, uint64(last))
	return h.Sum(nil)
}

func writeHeads(h hash.Hash, heads []Head) {
	writeNumber(h, uint64(len(heads)))
	for _, head := range heads {
		writeText(h, head.Chain)
		writeNumber(h, uint64(head.Number))
		writeText(h, string(head.MAC))
	}
}

// written is a checkpoint as it leaves the machine, one line of JSON.
type written struct {
	Checkpoint int64         `json:"checkpoint"`
	At         time.Time     `json:"at"`
	Position   int64         `json:"position"`
	Heads      []writtenHead `json:"heads"`
	Previous   string        `json:"previous"`
	MAC        string        `json:"mac"`
}

type writtenHead struct {
	Chain  string `json:"chain"`
	Number int64  `json:"number"`
	MAC    string `json:"mac"`
}

// MarshalHeads is the encoding of heads, in rows and in what leaves the machine.
func MarshalHeads(heads []Head) string {
	list := make([]writtenHead, len(heads))
	for i, h := range heads {
		list[i] = writtenHead{h.Chain, h.Number, hex.EncodeToString(h.MAC)}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic("audit: texts and numbers are always JSON: " + err.Error())
	}
	return string(text)
}

// ParseHeads is the reverse; no text is no heads.
func ParseHeads(text string) ([]Head, error) {
	if text == "" {
		return nil, nil
	}
	var list []writtenHead
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("audit: heads: %w", err)
	}
	return headsOf(list)
}

func headsOf(list []writtenHead) ([]Head, error) {
	heads := make([]Head, len(list))
	for i, w := range list {
		mac, err := hex.DecodeString(w.MAC)
		if err != nil {
			return nil, fmt.Errorf("audit: heads: %w", err)
		}
		heads[i] = Head{w.Chain, w.Number, mac}
	}
	return heads, nil
}

// Line is a checkpoint as it leaves the machine.
func (c Checkpoint) Line() string {
	heads := make([]writtenHead, len(c.Heads))
	for i, h := range c.Heads {
		heads[i] = writtenHead{h.Chain, h.Number, hex.EncodeToString(h.MAC)}
	}
	text, err := json.Marshal(written{c.Number, c.At.UTC(), c.Position, heads, hex.EncodeToString(c.Previous), hex.EncodeToString(c.MAC)})
	if err != nil {
		panic("audit: texts, numbers and times are always JSON: " + err.Error())
	}
	return string(text)
}

// ErrNoCheckpoint: a line that holds none.
var ErrNoCheckpoint = errors.New("audit: no checkpoint")

// ParseCheckpoint finds the checkpoint in a line of a checkpoint file, of a webhook's
// body or of the server's log in either of its formats.
func ParseCheckpoint(line string) (Checkpoint, error) {
	var logged struct {
		Checkpoint json.RawMessage `json:"checkpoint"`
	}
	line = strings.TrimSpace(line)
	if err := json.Unmarshal([]byte(line), &logged); err == nil {
		var quoted string
		if json.Unmarshal(logged.Checkpoint, &quoted) == nil {
			line = quoted // the log as JSON
		}
	} else if _, after, found := strings.Cut(line, "checkpoint="); found {
		quoted, err := strconv.QuotedPrefix(after)
		if err != nil {
			return Checkpoint{}, ErrNoCheckpoint
		}
		if line, err = strconv.Unquote(quoted); err != nil {
			return Checkpoint{}, ErrNoCheckpoint
		}
	}
	var w written
	if err := json.Unmarshal([]byte(line), &w); err != nil || w.Checkpoint < 1 {
		return Checkpoint{}, ErrNoCheckpoint
	}
	heads, err := headsOf(w.Heads)
	if err != nil {
		return Checkpoint{}, ErrNoCheckpoint
	}
	previous, errPrevious := hex.DecodeString(w.Previous)
	mac, errMAC := hex.DecodeString(w.MAC)
	if errPrevious != nil || errMAC != nil {
		return Checkpoint{}, ErrNoCheckpoint
	}
	return Checkpoint{Number: w.Checkpoint, At: w.At, Position: w.Position, Heads: heads, Previous: previous, MAC: mac}, nil
}
