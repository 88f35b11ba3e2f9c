package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
)

// ErrBroken says that the record was changed; wrapped with where and how.
var ErrBroken = errors.New("audit: the chain is broken")

const (
	chainLabel = "countersign.audit.v1"
	macBytes   = sha256.Size
)

// Chain gives drafts their place. It belongs to one goroutine, the store's
// committer, and holds two facts: how many entries exist and the MAC of the last.
//
//	Seal ──▶ entries, commit ──database commits──▶ commit() moves the chain
//	                          └─database refuses──▶ commit is dropped; Seal again starts at the same place
type Chain struct {
	key    []byte
	base   string
	name   string
	forks  int
	number int64
	last   []byte
}

// NewChain begins a chain of its own; name must never have been used before
// (node and start are in it), since the numbers begin at 1.
func NewChain(key []byte, name string) *Chain {
	return &Chain{key: slices.Clone(key), base: name, name: name, last: make([]byte, macBytes)}
}

// Name is what the entries of this chain carry.
func (c *Chain) Name() string { return c.name }

// Seal turns drafts into entries that follow the last committed one. Texts are
// cut and escaped on the way; the drafts themselves stay as they were. Nothing
// moves until commit is called, which must happen only after the entries are
// durable, and before the next Seal.
func (c *Chain) Seal(at time.Time, drafts []Draft) (entries []Entry, commit func()) {
	// The store keeps microseconds: what is MACed must survive the round trip.
	at = at.UTC().Truncate(time.Microsecond)
	number, last := c.number, c.last
	entries = make([]Entry, 0, len(drafts))
	for _, draft := range drafts {
		number++
		entry := Entry{Chain: c.name, Number: number, At: at, Draft: clean(draft), Previous: last}
		entry.MAC = mac(c.key, entry)
		last = entry.MAC
		entries = append(entries, entry)
	}
	return entries, func() { c.number, c.last = number, last }
}

// Fork begins a successor. The store calls it when a commit ended without an
// answer: the entries may be there or not, and the same numbers written again
// would collide with them or, worse, leave a hole that looks like a deletion.
func (c *Chain) Fork() {
	c.forks++
	c.name = fmt.Sprintf("%s.%d", c.base, c.forks)
	c.number, c.last = 0, make([]byte, macBytes)
}

// Verify reads entries of any number of chains, each chain from its first entry
// in its order, and finds one that was changed, dropped from between or moved.
// What was cut from the end of a chain leaves no trace in the rest of it: only a
// head that was noted elsewhere can show that.
func Verify(key []byte, entries []Entry) error {
	heads := make(map[string]Entry) // :: chain → its last entry read
	for _, entry := range entries {
		if err := follows(key, heads[entry.Chain], entry); err != nil {
			return err
		}
		heads[entry.Chain] = entry
	}
	return nil
}

// follows checks one entry against the one before it; the zero Entry before the first.
func follows(key []byte, before, entry Entry) error {
	previous := before.MAC
	if before.Number == 0 {
		previous = make([]byte, macBytes)
	}
	broken := func(how string) error {
		return fmt.Errorf("%w: entry %s/%d %s", ErrBroken, entry.Chain, entry.Number, how)
	}
	switch {
	case entry.Number != before.Number+1:
		return broken(fmt.Sprintf("stands where %d was expected", before.Number+1))
	case !hmac.Equal(entry.Previous, previous):
		return broken("does not follow the one before it")
	case !hmac.Equal(entry.MAC, mac(key, entry)):
		return broken("was changed")
	}
	return nil
}

// mac covers every field, each behind its length, so that no two entries spell
// the same bytes.
func mac(key []byte, entry Entry) []byte {
	detail, err := MarshalDetail(entry.Detail)
	if err != nil {
		panic("audit: a map of strings is always JSON: " + err.Error())
	}
	h := hmac.New(sha256.New, key)
	writeText(h, chainLabel)
	writeText(h, entry.Chain)
	writeNumber(h, uint64(entry.Number))
	writeNumber(h, uint64(entry.At.UnixMicro()))
	for _, text := range []string{entry.Workspace, entry.Actor, string(entry.Action), entry.Channel, entry.Subject, string(detail), string(entry.Previous)} {
		writeText(h, text)
	}
	return h.Sum(nil)
}

func writeText(h hash.Hash, text string) {
	writeNumber(h, uint64(len(text)))
	h.Write([]byte(text))
}

func writeNumber(h hash.Hash, n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	h.Write(b[:])
}

// clean is a copy of the draft whose texts are fit to be kept and shown.
func clean(draft Draft) Draft {
	draft.By, draft.Person = policy.Authority{}, identity.Identifier{}
	draft.Actor = Clean(draft.Actor)
	draft.Channel = Clean(draft.Channel)
	draft.Subject = Clean(draft.Subject)
	draft.Detail = maps.Clone(draft.Detail)
	for name, value := range draft.Detail {
		draft.Detail[name] = Clean(value)
	}
	return draft
}
