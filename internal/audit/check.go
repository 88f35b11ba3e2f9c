package audit

import (
	"crypto/hmac"
	"fmt"
	"slices"
)

// FaultKind says what is wrong with the record at one place.
type FaultKind string

const (
	Changed           FaultKind = "changed"            // an entry's seal does not fit it: changed, or never ours
	Missing           FaultKind = "missing"            // an entry between two others is gone
	Reordered         FaultKind = "reordered"          // an entry stands behind a later one
	Foreign           FaultKind = "foreign"            // sealed by us, and not as a continuation of this chain
	CutOff            FaultKind = "cut_off"            // a chain ends before a checkpoint saw it end
	ChainGone         FaultKind = "chain_gone"         // nothing is left of a chain that a checkpoint saw
	PositionsGone     FaultKind = "positions_gone"     // places in the record that no row has
	CheckpointChanged FaultKind = "checkpoint_changed" // a checkpoint's seal does not fit it
	CheckpointGone    FaultKind = "checkpoint_gone"    // a checkpoint between others, or one that was shown, is gone
	CheckpointForeign FaultKind = "checkpoint_foreign" // what was shown is no checkpoint of this installation
	CutChanged        FaultKind = "cut_changed"        // where the record was cut is not what prune wrote
)

// Fault is one finding; Chain and Number, or Checkpoint, say where.
type Fault struct {
	Kind       FaultKind `json:"kind"`
	Chain      string    `json:"chain,omitempty"`
	Number     int64     `json:"number,omitempty"`
	Position   int64     `json:"position,omitempty"`
	Checkpoint int64     `json:"checkpoint,omitempty"`
	Text       string    `json:"text"`
}

// Report is what a verification found out.
type Report struct {
	Intact      bool     `json:"intact"`
	Entries     int64    `json:"entries"`
	Chains      int      `json:"chains"`
	Checkpoints int64    `json:"checkpoints"`
	First       int64    `json:"first_position,omitempty"`
	Last        int64    `json:"last_position,omitempty"`
	Covered     int64    `json:"covered_position,omitempty"` // by the newest checkpoint, from inside or shown
	Faults      []Fault  `json:"faults,omitempty"`
	More        int64    `json:"more_faults,omitempty"` // beyond those listed
	Notes       []string `json:"notes,omitempty"`
}

// maxFaults are listed; the rest is counted.
const maxFaults = 100

// Placed is an entry as its row has it.
type Placed struct {
	Position int64
	Entry
	KeyColumn string // the copy of KeyID that the index is made of
	Raw       string // Detail as text
}

// Check reads a record from its first entry to its last, in the order of positions,
// with the checkpoints between, and keeps one head for each chain:
//
//	entry, entry, … checkpoint (covers what came), entry, … end
//
// After a fault it goes on from what it found, so that one missing entry is one fault.
type Check struct {
	keys  Keys
	loose bool // begins anywhere: a chain's first entry seen is believed to follow
	heads map[string]*seen
	next  int64 // position to come; 0 if any
	// The checkpoint to come, by its number (0 if any), and what it must follow (nil if anything).
	number   int64
	previous []byte
	Report
}

type seen struct {
	Head
	gapFrom int64 // a number that was missing when the entry after it came; 0 if none
	gap     int   // its fault
}

// NewCheck begins at the cut. What remains must be all there.
func (k Keys) NewCheck(cut Cut) *Check {
	c := &Check{keys: k, heads: map[string]*seen{}, next: cut.Position + 1, number: 1, previous: make([]byte, macBytes)}
	if cut.Position == 0 && cut.Number == 0 && len(cut.MAC) == 0 {
		return c
	}
	if !hmac.Equal(cut.MAC, k.cutMAC(cut)) {
		c.fault(Fault{Kind: CutChanged, Position: cut.Position, Checkpoint: cut.Number, Text: fmt.Sprintf("the note that the record was cut at checkpoint %d was changed", cut.Number)})
	}
	for _, head := range cut.Heads {
		c.heads[head.Chain] = &seen{Head: head}
	}
	c.number, c.previous = cut.Number, nil // the cut's own checkpoint stays, those before it do not
	return c
}

// NewWindow begins anywhere: it judges what it is shown, and the seams between.
func (k Keys) NewWindow() *Check {
	return &Check{keys: k, heads: map[string]*seen{}, loose: true}
}

// fault keeps a finding. What a changed row says of itself goes to terminals and logs.
func (c *Check) fault(f Fault) int {
	f.Chain, f.Text = Clean(f.Chain), Clean(f.Text)
	if len(c.Faults) >= maxFaults {
		c.More++
		return -1
	}
	c.Faults = append(c.Faults, f)
	return len(c.Faults) - 1
}

// Entry judges the next entry.
func (c *Check) Entry(p Placed) {
	c.Entries++
	if c.First == 0 {
		c.First = p.Position
	}
	c.Last = p.Position
	if c.next == 0 {
		c.next = p.Position
	}
	if p.Position > c.next {
		c.fault(Fault{Kind: PositionsGone, Position: c.next, Text: "no entry stands at " + span("position", c.next, p.Position-1)})
	}
	c.next = p.Position + 1
	at := c.heads[p.Chain]
	if at == nil {
		at = &seen{Head: Head{Chain: p.Chain, MAC: make([]byte, macBytes)}}
		if c.loose {
			at.Number, at.MAC = p.Number-1, p.Previous
		}
		c.heads[p.Chain] = at
	}
	c.follow(at, p)
}

func (c *Check) follow(at *seen, p Placed) {
	say := func(kind FaultKind, how string) {
		c.fault(Fault{Kind: kind, Chain: p.Chain, Number: p.Number, Position: p.Position, Text: fmt.Sprintf("entry %s/%d %s", p.Chain, p.Number, how)})
	}
	sealed := c.sealed(p)
	if !sealed {
		say(Changed, "was changed, or was never written by this installation")
	}
	switch {
	case p.Number <= at.Number && at.gapFrom != 0 && p.Number >= at.gapFrom:
		if at.gap >= 0 {
			chain := Clean(p.Chain)
			c.Faults[at.gap] = Fault{Kind: Reordered, Chain: chain, Number: p.Number, Position: p.Position, Text: fmt.Sprintf("entry %s/%d stands behind a later one", chain, p.Number)}
			at.gap = -1
		}
		return
	case p.Number <= at.Number:
		say(Reordered, "stands behind a later one")
		return
	case p.Number > at.Number+1:
		// What was skipped may still come: then it is out of order, and not gone.
		at.gapFrom = at.Number + 1
		at.gap = c.fault(Fault{Kind: Missing, Chain: p.Chain, Number: at.Number + 1, Position: p.Position,
			Text: fmt.Sprintf("of the chain %s %s missing before %d", p.Chain, are("entry", "entries", at.Number+1, p.Number-1), p.Number)})
	case sealed && at.MAC != nil && !hmac.Equal(p.Previous, at.MAC):
		say(Foreign, "does not follow the one before it")
	}
	at.Number, at.MAC = p.Number, p.MAC
	if !sealed {
		at.MAC = nil // its own is not to be believed either
	}
}

// sealed says whether the row is what was sealed, its copies included.
func (c *Check) sealed(p Placed) bool {
	detail, err := MarshalDetail(p.Detail)
	return err == nil && string(detail) == p.Raw && p.KeyColumn == p.KeyID() && hmac.Equal(p.MAC, mac(c.keys.entry(), p.Entry))
}

// Checkpoint judges the next checkpoint of the record, after the last entry that it
// covers and before any other.
func (c *Check) Checkpoint(cp Checkpoint) {
	c.Checkpoints++
	broken := func(kind FaultKind, number int64, text string) {
		c.fault(Fault{Kind: kind, Checkpoint: number, Position: cp.Position, Text: text})
	}
	intact := hmac.Equal(cp.MAC, c.keys.checkpointMAC(cp))
	switch {
	case !intact:
		broken(CheckpointChanged, cp.Number, fmt.Sprintf("checkpoint %d was changed, or was never written by this installation", cp.Number))
	case c.number != 0 && cp.Number > c.number:
		broken(CheckpointGone, c.number, are("checkpoint", "checkpoints", c.number, cp.Number-1)+" missing")
	case c.previous != nil && !hmac.Equal(cp.Previous, c.previous):
		broken(CheckpointChanged, cp.Number, fmt.Sprintf("checkpoint %d does not follow the one before it", cp.Number))
	}
	c.number, c.previous = cp.Number+1, cp.MAC
	if !intact {
		c.previous = nil
	}
	if intact {
		c.covers(cp, fmt.Sprintf("checkpoint %d", cp.Number))
	}
}

// Shown judges a checkpoint that was kept elsewhere, at the same place as one of the
// record's own; inside is the record's of that number, nil if it has none.
func (c *Check) Shown(cp Checkpoint, inside *Checkpoint) {
	switch {
	case !hmac.Equal(cp.MAC, c.keys.checkpointMAC(cp)):
		c.fault(Fault{Kind: CheckpointForeign, Checkpoint: cp.Number, Text: fmt.Sprintf("the checkpoint %d that was shown was changed, or is another installation's", cp.Number)})
	case inside == nil:
		c.fault(Fault{Kind: CheckpointGone, Checkpoint: cp.Number, Position: cp.Position,
			Text: fmt.Sprintf("the checkpoint %d that was shown, of %s and up to position %d, is no longer in the record", cp.Number, cp.At.UTC().Format("2006-01-02 15:04:05"), cp.Position)})
		c.covers(cp, fmt.Sprintf("the checkpoint %d that was shown", cp.Number))
	case !hmac.Equal(cp.MAC, inside.MAC):
		c.fault(Fault{Kind: CheckpointChanged, Checkpoint: cp.Number, Position: cp.Position, Text: fmt.Sprintf("the record has another checkpoint %d than the one that was shown: it was written anew", cp.Number)})
		c.covers(cp, fmt.Sprintf("the checkpoint %d that was shown", cp.Number))
	}
}

// covers holds the chains to the heads that a checkpoint saw.
func (c *Check) covers(cp Checkpoint, name string) {
	c.Covered = max(c.Covered, cp.Position)
	for _, head := range cp.Heads {
		at := c.heads[head.Chain]
		f := Fault{Chain: head.Chain, Position: cp.Position, Checkpoint: cp.Number}
		switch {
		case at == nil && c.loose:
			continue
		case at == nil:
			f.Kind, f.Number, f.Text = ChainGone, head.Number, fmt.Sprintf("the chain %s is gone: %s saw it with %d entries", head.Chain, name, head.Number)
			at = &seen{}
			c.heads[head.Chain] = at
		case at.Number < head.Number:
			f.Kind, f.Number = CutOff, at.Number+1
			f.Text = fmt.Sprintf("the chain %s ends at %d: %s gone that %s saw", head.Chain, at.Number, are("entry", "entries", at.Number+1, head.Number), name)
		case at.Number == head.Number && at.MAC != nil && !hmac.Equal(at.MAC, head.MAC):
			f.Kind, f.Number, f.Text = Changed, head.Number, fmt.Sprintf("entry %s/%d is not the one that %s saw", head.Chain, head.Number, name)
		default:
			continue
		}
		c.fault(f)
		if f.Kind != Changed {
			at.Head = head // one fault is enough: what follows is judged by what should be there
		}
	}
}

// Done ends the reading; records is how many entries the log's head counts.
func (c *Check) Done(records int64) Report {
	if records >= c.next && c.next > 0 {
		c.fault(Fault{Kind: PositionsGone, Position: c.next, Text: "the record ends at position " + fmt.Sprint(c.next-1) + ", and its head counts to " + fmt.Sprint(records)})
	}
	c.Chains = len(c.heads)
	c.Intact = len(c.Faults) == 0
	return c.Report
}

// allHeads are the chains as they stand, in the order of their names.
func (c *Check) allHeads() []Head {
	heads := make([]Head, 0, len(c.heads))
	for _, at := range c.heads {
		heads = append(heads, at.Head)
	}
	slices.SortFunc(heads, func(a, b Head) int {
		if a.Chain < b.Chain {
			return -1
		}
		return 1
	})
	return heads
}

func span(what string, from, to int64) string {
	if from == to {
		return fmt.Sprintf("%s %d", what, from)
	}
	return fmt.Sprintf("%ss %d to %d", what, from, to)
}

func are(one, many string, from, to int64) string {
	if from == to {
		return fmt.Sprintf("%s %d is", one, from)
	}
	return fmt.Sprintf("%s %d to %d are", many, from, to)
}
