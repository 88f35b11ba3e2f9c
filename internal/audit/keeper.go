package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"countersign/identity/policy"
)

var (
	// ErrConflict: another process wrote a checkpoint or cut the record meanwhile.
	ErrConflict = errors.New("audit: another process was faster")
	// ErrNotExported: what would be cut away was never exported; wrapped with how far it was.
	ErrNotExported = errors.New("audit: these entries were not exported")
	// ErrNothingToCut: no checkpoint lies before the date.
	ErrNothingToCut = errors.New("audit: there is nothing to cut")
	// ErrNoEntry: an entry's id that nothing has.
	ErrNoEntry = errors.New("audit: no such entry")
)

// State is where the record stands as a whole.
type State struct {
	Records  int64 // entries ever written: the position of the newest
	Exported int64 // position up to which it was exported
	Cut      Cut
}

// Ledger keeps the record of the whole installation, all workspaces together. Only
// whoever runs the machine gets to it.
type Ledger interface {
	State(ctx context.Context) (State, error)
	// Walk reads entries after a position, in their order.
	Walk(ctx context.Context, after int64, limit int) ([]Placed, error)
	// Heads are the last entries of the chains that moved within the positions.
	Heads(ctx context.Context, after, to int64) ([]Head, error)
	// Checkpoints after a number, in their order; LastCheckpoint is zero if there is none.
	Checkpoints(ctx context.Context, after int64, limit int) ([]Checkpoint, error)
	LastCheckpoint(ctx context.Context) (Checkpoint, error)
	// CheckpointBefore is the last one not after a time; zero if there is none.
	CheckpointBefore(ctx context.Context, at time.Time) (Checkpoint, error)
	// AddCheckpoint fails with ErrConflict unless its number is the next.
	AddCheckpoint(ctx context.Context, checkpoint Checkpoint) error
	// MarkExported moves the exported head forward and records it.
	MarkExported(ctx context.Context, position int64, draft Draft) error
	// PutCut notes where the record is cut and records it; from then on what lies before is
	// no part of it. Sweep deletes that, a little at a time, and says whether there is more.
	PutCut(ctx context.Context, before, cut Cut, draft Draft) error
	Sweep(ctx context.Context, limit int) (more bool, err error)
	// PositionOf finds an entry.
	PositionOf(ctx context.Context, chain string, number int64) (int64, error)
	Now(ctx context.Context) (time.Time, error)
}

// Keeper looks after the whole record: checkpoints, verification, export, pruning.
type Keeper struct {
	ledger Ledger
	keys   Keys
}

// NewKeeper keeps ledger, which was sealed under keys.
func NewKeeper(ledger Ledger, keys Keys) *Keeper { return &Keeper{ledger: ledger, keys: keys} }

// checkpointAfter is how old the last checkpoint is when the next one is written, by
// whoever asks first: asked every few seconds, that is one a minute. Of several nodes,
// one does it for all.
const checkpointAfter = 55 * time.Second

// Checkpoint writes one if entries came since the last, and if that is nearly a minute
// ago or now is said; written is false if there was nothing to do.
func (k *Keeper) Checkpoint(ctx context.Context, now bool) (cp Checkpoint, written bool, err error) {
	fail := func(err error) (Checkpoint, bool, error) {
		return Checkpoint{}, false, fmt.Errorf("audit: checkpoint: %w", err)
	}
	last, err := k.ledger.LastCheckpoint(ctx)
	if err != nil {
		return fail(err)
	}
	at, err := k.ledger.Now(ctx)
	if err != nil {
		return fail(err)
	}
	state, err := k.ledger.State(ctx)
	if err != nil {
		return fail(err)
	}
	if state.Records <= last.Position || !now && at.Sub(last.At) < checkpointAfter {
		return Checkpoint{}, false, nil
	}
	heads, err := k.ledger.Heads(ctx, last.Position, state.Records)
	if err != nil {
		return fail(err)
	}
	cp = Checkpoint{Number: last.Number + 1, At: at, Position: state.Records, Heads: heads, Previous: last.MAC}
	if last.Number == 0 {
		cp.Previous = make([]byte, macBytes)
	}
	cp = k.keys.sealCheckpoint(cp)
	if err := k.ledger.AddCheckpoint(ctx, cp); errors.Is(err, ErrConflict) {
		return Checkpoint{}, false, nil // another node's is as good
	} else if err != nil {
		return fail(err)
	}
	return cp, true, nil
}

// Verify reads the whole record, in order, while others go on writing it, and judges
// its end by the checkpoints, those shown from outside included.
func (k *Keeper) Verify(ctx context.Context, shown []Checkpoint) (Report, error) {
	for range 3 {
		report, moved, err := k.verify(ctx, shown)
		if err != nil {
			return Report{}, fmt.Errorf("audit: verify: %w", err)
		}
		if !moved {
			return report, nil
		}
	}
	return Report{}, fmt.Errorf("audit: verify: %w", ErrConflict)
}

const walkStep = 1000

// verify says with moved that the record was cut while it was read.
func (k *Keeper) verify(ctx context.Context, shown []Checkpoint) (report Report, moved bool, err error) {
	before, err := k.ledger.State(ctx)
	if err != nil {
		return Report{}, false, err
	}
	// Checkpoints that come while this reads are the next reading's: a writer that is
	// faster than we are would otherwise keep us for ever.
	last, err := k.ledger.LastCheckpoint(ctx)
	if err != nil {
		return Report{}, false, err
	}
	w := &walker{ctx: ctx, ledger: k.ledger, check: k.keys.NewCheck(before.Cut), at: before.Cut.Position, shown: slices.Clone(shown), last: last.Number}
	w.number = max(0, before.Cut.Number-1)
	slices.SortFunc(w.shown, func(a, b Checkpoint) int { return int(a.Number - b.Number) })
	w.skipOld(before.Cut)
	if err := w.walk(); err != nil {
		return Report{}, false, err
	}
	after, err := k.ledger.State(ctx)
	if err != nil {
		return Report{}, false, err
	}
	return w.check.Done(before.Records), after.Cut.Number != before.Cut.Number, nil
}

// walker merges entries and checkpoints into the order in which they came to be.
type walker struct {
	ctx    context.Context
	ledger Ledger
	check  *Check
	at     int64 // position read so far
	number int64 // checkpoint read so far
	last   int64 // checkpoint to read up to
	shown  []Checkpoint
	next   []Checkpoint
}

// skipOld takes away what was shown and lies before the cut: nothing can be said of it.
func (w *walker) skipOld(cut Cut) {
	w.shown = slices.DeleteFunc(w.shown, func(cp Checkpoint) bool {
		if cp.Number >= cut.Number {
			return false
		}
		w.check.Notes = append(w.check.Notes, fmt.Sprintf("the checkpoint %d that was shown is older than the cut at checkpoint %d", cp.Number, cut.Number))
		return true
	})
}

func (w *walker) walk() error {
	for {
		cp, more, err := w.peek()
		if err != nil {
			return err
		}
		end := int64(-1) // read to the end
		if more {
			end = cp.Position
		}
		if len(w.shown) > 0 && (!more || w.shown[0].Number < cp.Number) {
			end = w.shown[0].Position
		}
		if err := w.entries(end); err != nil {
			return err
		}
		switch {
		case len(w.shown) > 0 && (!more || w.shown[0].Number < cp.Number):
			w.check.Shown(w.shown[0], nil)
			w.shown = w.shown[1:]
		case more:
			w.next = w.next[1:]
			w.check.Checkpoint(cp)
			w.number = cp.Number
			for len(w.shown) > 0 && w.shown[0].Number == cp.Number {
				w.check.Shown(w.shown[0], &cp)
				w.shown = w.shown[1:]
			}
		default:
			return nil
		}
	}
}

// peek is the next checkpoint of the record.
func (w *walker) peek() (Checkpoint, bool, error) {
	if len(w.next) == 0 {
		list, err := w.ledger.Checkpoints(w.ctx, w.number, walkStep)
		if err != nil || len(list) == 0 {
			return Checkpoint{}, false, err
		}
		w.next = list
	}
	if w.next[0].Number > w.last {
		return Checkpoint{}, false, nil
	}
	return w.next[0], true, nil
}

// entries reads up to a position; -1 is the end.
func (w *walker) entries(end int64) error {
	for end < 0 || w.at < end {
		limit := int64(walkStep)
		if end >= 0 {
			limit = min(limit, end-w.at)
		}
		list, err := w.ledger.Walk(w.ctx, w.at, int(limit))
		if err != nil {
			return err
		}
		for _, p := range list {
			if end >= 0 && p.Position > end {
				return nil // positions are missing before it
			}
			w.check.Entry(p)
			w.at = p.Position
		}
		if int64(len(list)) < limit {
			return nil
		}
	}
	return nil
}

// Exported says how far an export went.
type Exported struct {
	Entries  int64  `json:"entries"`
	Last     string `json:"last,omitempty"` // id of the last entry written
	Position int64  `json:"position"`
}

// ExportAll writes the record of every workspace after an entry (by its id; empty for
// all there is), oldest first, with its checkpoints, and then moves the exported
// head; if out can be synced, it is before that. What follows on an export before may be cut away by Prune.
func (k *Keeper) ExportAll(ctx context.Context, who policy.Principal, after string, out io.Writer, format Format) (Exported, error) {
	if who.Kind() != policy.SystemPrincipal {
		return Exported{}, policy.ErrForbidden
	}
	done, err := k.export(ctx, after, out, format)
	if err != nil {
		return Exported{}, err
	}
	if durable, ok := out.(interface{ Sync() error }); ok {
		if err := durable.Sync(); err != nil {
			return Exported{}, err
		}
	}
	state, err := k.ledger.State(ctx)
	if err != nil {
		return Exported{}, err
	}
	begin := int64(0)
	if after != "" {
		if begin, err = k.position(ctx, after); err != nil {
			return Exported{}, err
		}
	}
	draft := Draft{
		Workspace: who.Workspace(), Actor: who.Actor(), By: who.Needing(policy.ReadAudit), Action: RecordExported,
		Detail: map[string]string{"entries": strconv.FormatInt(done.Entries, 10), "last": done.Last, "format": string(format)},
	}
	// An export that leaves a gap behind what was exported before does not close it.
	reached := state.Exported
	if begin <= state.Exported {
		reached = max(reached, done.Position)
	}
	return done, k.ledger.MarkExported(ctx, reached, draft)
}

func (k *Keeper) position(ctx context.Context, id string) (int64, error) {
	chain, number, err := ParseID(id)
	if err != nil {
		return 0, err
	}
	return k.ledger.PositionOf(ctx, chain, number)
}

func (k *Keeper) export(ctx context.Context, after string, out io.Writer, format Format) (Exported, error) {
	state, err := k.ledger.State(ctx)
	if err != nil {
		return Exported{}, err
	}
	done := Exported{Position: state.Cut.Position}
	if after != "" {
		if done.Position, err = k.position(ctx, after); err != nil {
			return Exported{}, err
		}
	}
	buffer := bufio.NewWriterSize(out, 1<<16)
	w := NewWriter(buffer, format)
	w.Begin(state.Cut, done.Position)
	cps := &checkpointReader{ledger: k.ledger, number: max(0, state.Cut.Number-1), skip: done.Position}
	for done.Position < state.Records {
		list, err := k.ledger.Walk(ctx, done.Position, walkStep)
		if err != nil {
			return Exported{}, err
		}
		for _, p := range list {
			if p.Position > state.Records {
				list = nil
				break
			}
			if err := cps.before(ctx, p.Position, w); err != nil {
				return Exported{}, err
			}
			w.Entry(p, "")
			done.Entries, done.Position, done.Last = done.Entries+1, p.Position, p.ID()
		}
		if len(list) == 0 {
			break
		}
	}
	if err := cps.before(ctx, state.Records+1, w); err != nil {
		return Exported{}, err
	}
	return done, errors.Join(w.endSealed(k.keys), buffer.Flush())
}

// checkpointReader hands out the checkpoints that belong between entries.
type checkpointReader struct {
	ledger Ledger
	number int64
	skip   int64 // position up to which they were exported before
	next   []Checkpoint
}

// before writes the checkpoints that cover only what lies before a position.
func (r *checkpointReader) before(ctx context.Context, position int64, w *Writer) error {
	for {
		if len(r.next) == 0 {
			list, err := r.ledger.Checkpoints(ctx, r.number, walkStep)
			if err != nil || len(list) == 0 {
				return err
			}
			r.next = list
		}
		cp := r.next[0]
		if cp.Position >= position {
			return nil
		}
		r.next, r.number = r.next[1:], cp.Number
		if cp.Position > r.skip {
			w.Checkpoint(cp)
		}
	}
}

// Pruned says what was cut away.
type Pruned struct {
	Checkpoint int64     `json:"checkpoint,omitzero"`
	At         time.Time `json:"at,omitzero"`
	Entries    int64     `json:"entries"`
}

// Prune cuts away the entries that the last checkpoint before a time covers, if all of
// them were exported and what is cut away verifies. The note of the cut and its record
// are one commit; the rows go afterwards, a little at a time, and a prune that was
// interrupted is finished by the next call, whichever its date.
func (k *Keeper) Prune(ctx context.Context, who policy.Principal, before time.Time) (Pruned, error) {
	if who.Kind() != policy.SystemPrincipal {
		return Pruned{}, policy.ErrForbidden
	}
	if err := k.sweep(ctx); err != nil {
		return Pruned{}, err
	}
	state, err := k.ledger.State(ctx)
	if err != nil {
		return Pruned{}, err
	}
	cp, err := k.ledger.CheckpointBefore(ctx, before)
	if err != nil {
		return Pruned{}, err
	}
	if cp.Number == 0 || cp.Position <= state.Cut.Position {
		return Pruned{}, ErrNothingToCut
	}
	if cp.Position > state.Exported {
		return Pruned{}, fmt.Errorf("%w: %d of the entries before that date lie behind what was exported", ErrNotExported, cp.Position-max(state.Exported, state.Cut.Position))
	}
	heads, err := k.headsAt(ctx, state.Cut, cp)
	if err != nil {
		return Pruned{}, err
	}
	cut := k.keys.sealCut(Cut{Position: cp.Position, Number: cp.Number, Heads: heads})
	done := Pruned{Checkpoint: cp.Number, At: cp.At, Entries: cp.Position - state.Cut.Position}
	err = k.ledger.PutCut(ctx, state.Cut, cut, Draft{
		Workspace: who.Workspace(), Actor: who.Actor(), By: who.Needing(policy.ReadAudit), Action: RecordPruned,
		Detail: map[string]string{"checkpoint": strconv.FormatInt(cp.Number, 10), "entries": strconv.FormatInt(done.Entries, 10), "up_to": cp.At.UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return Pruned{}, err
	}
	return done, k.sweep(ctx)
}

// headsAt reads what is to be cut away once more, and refuses to if it is not intact:
// a cut must not bury the traces of a change.
func (k *Keeper) headsAt(ctx context.Context, cut Cut, cp Checkpoint) ([]Head, error) {
	w := &walker{ctx: ctx, ledger: k.ledger, check: k.keys.NewCheck(cut), at: cut.Position, number: max(0, cut.Number-1), last: math.MaxInt64}
	for w.number < cp.Number {
		next, more, err := w.peek()
		if err != nil {
			return nil, err
		}
		if !more || next.Number > cp.Number {
			break
		}
		if err := w.entries(next.Position); err != nil {
			return nil, err
		}
		w.next = w.next[1:]
		w.check.Checkpoint(next)
		w.number = next.Number
	}
	if report := w.check.Done(cp.Position); !report.Intact {
		return nil, fmt.Errorf("%w: %s", ErrBroken, report.Faults[0].Text)
	}
	return w.check.allHeads(), nil
}

const sweepStep = 500

func (k *Keeper) sweep(ctx context.Context) error {
	for {
		more, err := k.ledger.Sweep(ctx, sweepStep)
		if err != nil || !more {
			return err
		}
	}
}
