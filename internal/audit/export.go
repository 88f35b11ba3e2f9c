package audit

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Format is how a record is written out. docs/audit.md describes both.
type Format string

const (
	JSONL Format = "jsonl" // everything that is sealed: verifiable
	CSV   Format = "csv"   // for a spreadsheet
)

// ID is how an entry is named: chain/number.
func (e Entry) ID() string { return e.Chain + "/" + strconv.FormatInt(e.Number, 10) }

// ParseID reads an entry's name; ErrNoEntry if it is none.
func ParseID(id string) (chain string, number int64, err error) {
	at := strings.LastIndexByte(id, '/')
	if at < 1 {
		return "", 0, fmt.Errorf("%w: %q is not CHAIN/NUMBER", ErrNoEntry, Clean(id))
	}
	if number, err = strconv.ParseInt(id[at+1:], 10, 64); err != nil || number < 1 {
		return "", 0, fmt.Errorf("%w: %q is not CHAIN/NUMBER", ErrNoEntry, Clean(id))
	}
	return id[:at], number, nil
}

// line is one line of an export as JSON lines. Kind says which: export (the first
// line), entry, checkpoint, end (the last).
type line struct {
	Kind string `json:"kind"`

	// export
	Version int      `json:"version,omitempty"`
	After   int64    `json:"after,omitempty"` // position that the export begins behind
	Cut     *lineCut `json:"cut,omitempty"`
	// end: Position is the last entry's, and MAC seals the three, if all of the record was exported
	Entries  int64 `json:"entries,omitempty"`
	Complete *bool `json:"complete,omitempty"` // false if there was more than one export holds

	// entry
	ID        string            `json:"id,omitempty"`
	Position  int64             `json:"position,omitempty"`
	Chain     string            `json:"chain,omitempty"`
	Number    int64             `json:"number,omitempty"`
	At        *time.Time        `json:"at,omitempty"`
	Workspace string            `json:"workspace,omitempty"`
	Actor     string            `json:"actor,omitempty"`
	Action    Action            `json:"action,omitempty"`
	Channel   string            `json:"channel,omitempty"`
	Subject   string            `json:"subject,omitempty"`
	Name      string            `json:"subject_name,omitempty"` // no part of what is sealed
	Detail    map[string]string `json:"detail,omitempty"`
	Previous  string            `json:"previous,omitempty"`
	MAC       string            `json:"mac,omitempty"`

	// checkpoint: Position, At, Previous and MAC as well
	Checkpoint int64         `json:"checkpoint,omitempty"`
	Heads      []writtenHead `json:"heads,omitempty"`
}

type lineCut struct {
	Position   int64         `json:"position"`
	Checkpoint int64         `json:"checkpoint"`
	Heads      []writtenHead `json:"heads"`
	MAC        string        `json:"mac"`
}

// Writer writes a record out. The first error stays and End tells it.
type Writer struct {
	after, entries, last int64
	format               Format
	json                 *json.Encoder
	csv                  *csv.Writer
	err                  error
}

// NewWriter writes to out.
func NewWriter(out io.Writer, format Format) *Writer {
	w := &Writer{format: format}
	if format == CSV {
		w.csv = csv.NewWriter(out)
		return w
	}
	w.json = json.NewEncoder(out)
	w.json.SetEscapeHTML(false)
	return w
}

func (w *Writer) put(l line) {
	if w.err == nil && w.json != nil {
		w.err = w.json.Encode(l)
	}
}

func (w *Writer) row(cells ...string) {
	if w.err == nil && w.csv != nil {
		for i, cell := range cells {
			cells[i] = Cell(cell)
		}
		w.err = w.csv.Write(cells)
	}
}

// Begin writes what comes first.
func (w *Writer) Begin(cut Cut, after int64) {
	first := line{Kind: "export", Version: 1, After: after}
	w.after, w.last = after, after
	if cut.Number > 0 {
		first.Cut = &lineCut{Position: cut.Position, Checkpoint: cut.Number, Heads: writtenHeads(cut.Heads), MAC: hex.EncodeToString(cut.MAC)}
	}
	w.put(first)
	w.row("at", "actor", "action", "channel", "subject", "subject_name", "reason", "count", "key", "detail", "workspace", "id", "previous", "mac")
}

// Entry writes one; name is whom its subject stands for, if that may be told.
func (w *Writer) Entry(p Placed, name string) {
	at := p.At.UTC()
	name = Clean(name)
	w.entries, w.last = w.entries+1, p.Position
	w.put(line{
		Kind: "entry", ID: p.ID(), Position: p.Position, Chain: p.Chain, Number: p.Number, At: &at, Workspace: p.Workspace, Actor: p.Actor, Action: p.Action,
		Channel: p.Channel, Subject: p.Subject, Name: name, Detail: p.Detail, Previous: hex.EncodeToString(p.Previous), MAC: hex.EncodeToString(p.MAC),
	})
	if w.csv == nil {
		return
	}
	detail, err := MarshalDetail(p.Detail)
	if err != nil {
		w.err = errors.Join(w.err, err)
	}
	w.row(at.Format(time.RFC3339Nano), p.Actor, string(p.Action), p.Channel, p.Subject, name, p.Detail["reason"], p.Detail["count"], p.KeyID(), string(detail),
		p.Workspace, p.ID(), hex.EncodeToString(p.Previous), hex.EncodeToString(p.MAC))
}

// Checkpoint writes one; a spreadsheet has no place for it.
func (w *Writer) Checkpoint(cp Checkpoint) {
	at := cp.At.UTC()
	w.put(line{Kind: "checkpoint", Checkpoint: cp.Number, At: &at, Position: cp.Position, Heads: writtenHeads(cp.Heads),
		Previous: hex.EncodeToString(cp.Previous), MAC: hex.EncodeToString(cp.MAC)})
}

// Cutoff ends an export that does not hold everything that was asked for.
func (w *Writer) Cutoff(limit int) error {
	complete := false
	w.put(line{Kind: "end", Entries: w.entries, Complete: &complete})
	w.row(fmt.Sprintf("not everything: one export holds %d entries; ask for a shorter time", limit))
	return w.flush()
}

// End ends an export that holds everything that was asked for.
func (w *Writer) End() error {
	complete := true
	w.put(line{Kind: "end", Entries: w.entries, Complete: &complete})
	return w.flush()
}

// endSealed ends an export of the whole record, so that nothing can be taken off its
// end unseen.
func (w *Writer) endSealed(keys Keys) error {
	complete := true
	w.put(line{Kind: "end", Entries: w.entries, Position: w.last, Complete: &complete, MAC: hex.EncodeToString(keys.endMAC(w.after, w.entries, w.last))})
	return w.flush()
}

func (w *Writer) flush() error {
	if w.csv != nil {
		w.csv.Flush()
		w.err = errors.Join(w.err, w.csv.Error())
	}
	return w.err
}

// Cell is a text that a spreadsheet takes for a text: a formula begins with one of
// these characters, and an apostrophe before it says that it is none.
func Cell(text string) string {
	first, _ := utf8.DecodeRuneInString(text)
	if text != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", first) {
		return "'" + text
	}
	return text
}

func writtenHeads(heads []Head) []writtenHead {
	list := make([]writtenHead, len(heads))
	for i, h := range heads {
		list[i] = writtenHead{h.Chain, h.Number, hex.EncodeToString(h.MAC)}
	}
	return list
}

// VerifyExport reads an export as JSON lines and judges it as Verify judges the
// record. An export that begins behind an earlier one cannot be held to what came
// before, and a note says so.
func (k *Keeper) VerifyExport(in io.Reader, shown []Checkpoint) (Report, error) {
	lines := &lineReader{in: bufio.NewReaderSize(in, 1<<16)}
	first, err := lines.next()
	if err != nil || first.Kind != "export" || first.Version != 1 {
		return Report{}, errors.New("audit: this is no export as JSON lines")
	}
	check, err := k.checkOf(first)
	if err != nil {
		return Report{}, err
	}
	shown = slices.Clone(shown)
	ended := false
	for !ended {
		l, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return Report{}, fmt.Errorf("audit: the export cannot be read behind position %d: %w", check.Last, err)
		}
		switch l.Kind {
		case "entry":
			p, err := l.entry()
			if err != nil {
				return Report{}, err
			}
			check.Entry(p)
			if l.ID != p.ID() || l.Name != "" {
				lines.odd++
			}
		case "checkpoint":
			cp, err := l.checkpoint()
			if err != nil {
				return Report{}, err
			}
			check.Checkpoint(cp)
			shown = slices.DeleteFunc(shown, func(s Checkpoint) bool {
				if s.Number == cp.Number {
					check.Shown(s, &cp)
				}
				return s.Number == cp.Number
			})
		case "end":
			mac, err := hex.DecodeString(l.MAC)
			if err != nil || l.Entries != check.Entries || !hmac.Equal(mac, k.keys.endMAC(first.After, l.Entries, l.Position)) || l.Position != max(check.Last, first.After) {
				check.fault(Fault{Kind: CutOff, Position: check.Last, Text: fmt.Sprintf("the export ends behind position %d, and its last line does not", check.Last)})
			}
			ended = true
		default:
			return Report{}, fmt.Errorf("audit: a line of the kind %q is in the export", Clean(l.Kind))
		}
	}
	if !ended {
		check.fault(Fault{Kind: CutOff, Position: check.Last, Text: fmt.Sprintf("the export breaks off behind position %d", check.Last)})
	}
	if ended && !lines.done() {
		check.fault(Fault{Kind: Changed, Position: check.Last, Text: "something stands behind the export's last line, and nobody sealed it"})
	}
	if lines.odd > 0 {
		check.fault(Fault{Kind: Changed, Text: fmt.Sprintf("%d of the lines are not as an export writes them: what is sealed is not all that they say", lines.odd)})
	}
	for _, s := range shown {
		check.Notes = append(check.Notes, fmt.Sprintf("the checkpoint %d that was shown is not in this export", s.Number))
	}
	return check.Done(0), nil
}

// lineReader reads an export's lines, and counts those that an export would write
// otherwise. JSON has many spellings of one text, and programs that differ over which
// member counts where two have a name: a line that verifies must read the same to all.
type lineReader struct {
	in  *bufio.Reader
	odd int64
}

func (r *lineReader) next() (line, error) {
	text, err := r.in.ReadBytes('\n')
	if len(text) == 0 {
		return line{}, err
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return line{}, err
	}
	var written bytes.Buffer
	w := NewWriter(&written, JSONL)
	w.put(l)
	if w.err != nil || !bytes.Equal(bytes.TrimSuffix(written.Bytes(), []byte("\n")), bytes.TrimSuffix(text, []byte("\n"))) {
		r.odd++
	}
	return l, nil
}

// done says that nothing but blank lines is left.
func (r *lineReader) done() bool {
	for {
		b, err := r.in.ReadByte()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if b != '\n' {
			return false
		}
	}
}

func (k *Keeper) checkOf(first line) (*Check, error) {
	if first.Cut == nil && first.After == 0 {
		return k.keys.NewCheck(Cut{}), nil
	}
	if first.Cut != nil && first.After == first.Cut.Position {
		heads, err := headsOf(first.Cut.Heads)
		if err != nil {
			return nil, err
		}
		mac, err := hex.DecodeString(first.Cut.MAC)
		if err != nil {
			return nil, fmt.Errorf("audit: the export's cut: %w", err)
		}
		return k.keys.NewCheck(Cut{Position: first.Cut.Position, Number: first.Cut.Checkpoint, Heads: heads, MAC: mac}), nil
	}
	check := k.keys.NewWindow()
	check.Notes = append(check.Notes, fmt.Sprintf("the export begins behind position %d: what came before is in another one", first.After))
	return check, nil
}

func (l line) entry() (Placed, error) {
	previous, errPrevious := hex.DecodeString(l.Previous)
	mac, errMAC := hex.DecodeString(l.MAC)
	if err := errors.Join(errPrevious, errMAC); err != nil || l.At == nil {
		return Placed{}, fmt.Errorf("audit: the entry at position %d of the export cannot be read", l.Position)
	}
	e := Entry{Chain: l.Chain, Number: l.Number, At: *l.At, Previous: previous, MAC: mac,
		Draft: Draft{Workspace: l.Workspace, Actor: l.Actor, Action: l.Action, Channel: l.Channel, Subject: l.Subject, Detail: l.Detail}}
	raw, err := MarshalDetail(l.Detail)
	return Placed{Position: l.Position, Entry: e, KeyColumn: e.KeyID(), Raw: string(raw)}, err
}

func (l line) checkpoint() (Checkpoint, error) {
	heads, err := headsOf(l.Heads)
	previous, errPrevious := hex.DecodeString(l.Previous)
	mac, errMAC := hex.DecodeString(l.MAC)
	if err := errors.Join(err, errPrevious, errMAC); err != nil || l.At == nil {
		return Checkpoint{}, fmt.Errorf("audit: the checkpoint %d of the export cannot be read", l.Checkpoint)
	}
	return Checkpoint{Number: l.Checkpoint, At: *l.At, Position: l.Position, Heads: heads, Previous: previous, MAC: mac}, nil
}
