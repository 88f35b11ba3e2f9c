package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/workspace"
)

// Run is one import.
type Run struct {
	From   Format
	Source string // name of the system that the ids are of; empty: From
	Path   string // "-" is In
	In     io.Reader
	Strict bool // read everything first, and write nothing if a record is refused
	Dry    bool // write nothing
	// Progress is told now and then how many records were read; nil is fine.
	Progress func(records int)
}

// Report is what a run did.
type Report struct {
	Counts
	Read    Counts // what the export holds: PeopleAdded, ThreadsAdded and MessagesAdded
	Skipped map[string]int
	Refused int
	First   []Refused // of the refused ones
	Shared  int       // names that more than one record has: they open nothing
	Dry     bool
}

// maxTold refused records are told one by one.
const maxTold = 100

// Importer brings exports over.
type Importer struct {
	store Store
	now   func() time.Time
}

// New needs the store and the clock of the database.
func New(store Store, now func() time.Time) *Importer { return &Importer{store: store, now: now} }

const (
	batchPeople   = 200
	batchMessages = 500
	batchBytes    = 8 << 20 // of a table's rows of one conversation: each can be as long as a record may be
)

// Import reads an export and writes it in batches, each one commit: whoever breaks it off
// goes on by running it again. One entry of the record says that it began, before anything is
// written, and one what came of it, broken off or not.
func (im *Importer) Import(ctx context.Context, who policy.Principal, channel workspace.Channel, run Run) (Report, error) {
	if !who.May(policy.ManagePeople) {
		return Report{}, who.Refusal(policy.ManagePeople)
	}
	if run.Source == "" {
		run.Source = string(run.From)
	}
	if !ValidSource(run.Source) {
		return Report{}, fmt.Errorf("%w: a source is 1 to 40 of a-z, 0-9, _, . and -", chat.ErrInvalid)
	}
	if run.Strict || run.Dry {
		looked, err := im.look(ctx, run)
		if err != nil || run.Dry {
			return looked, err
		}
		if looked.Refused > 0 {
			return looked, ErrStopped
		}
	}
	draft := audit.Draft{
		By: who.Needing(policy.ManagePeople), Workspace: who.Workspace(), Actor: who.Actor(), Action: audit.HistoryImported, Channel: channel.ID,
		Subject: channel.ID,
	}
	begun := draft
	begun.Action, begun.Detail = audit.HistoryBegun, map[string]string{"from": string(run.From), "source": run.Source}
	if err := im.store.Record(ctx, begun); err != nil {
		return Report{}, err
	}
	w := writing{
		ctx: ctx, store: im.store, run: run, report: Report{Skipped: map[string]int{}},
		batch: Batch{Target: Target{
			Workspace: who.Workspace(), Channel: channel.ID, Realm: channel.Realm, Source: run.Source, Reused: run.From == CSV,
		}, By: draft},
	}
	err := Read(ctx, run.From, run.Path, run.In, w.take)
	if err == nil {
		err = w.flush()
	}
	if err == nil {
		w.report.Shared, err = im.store.Shared(ctx, w.batch.Target)
	}
	draft.Detail = w.report.detail(run, err)
	if failed := im.store.Record(context.WithoutCancel(ctx), draft); err == nil {
		err = failed
	}
	return w.report, err
}

// ValidSource says whether a text can name a system.
func ValidSource(name string) bool {
	return name != "" && len(name) <= 40 && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}

// look reads without writing.
func (im *Importer) look(ctx context.Context, run Run) (Report, error) {
	w := writing{ctx: ctx, run: run, report: Report{Skipped: map[string]int{}, Dry: true}}
	w.batch.Source = run.Source
	return w.report, Read(ctx, run.From, run.Path, run.In, w.take)
}

func (r Report) detail(run Run, err error) map[string]string {
	detail := map[string]string{
		"from": string(run.From), "source": run.Source,
		"people": strconv.Itoa(r.PeopleAdded), "people_changed": strconv.Itoa(r.PeopleChanged),
		"conversations": strconv.Itoa(r.ThreadsAdded), "conversations_changed": strconv.Itoa(r.ThreadsChanged),
		"messages": strconv.Itoa(r.MessagesAdded), "refused": strconv.Itoa(r.Refused),
	}
	if err != nil {
		detail["broken_off"] = "true"
	}
	return detail
}

// writing is a run under way.
type writing struct {
	ctx      context.Context
	store    Store
	run      Run
	report   Report
	batch    Batch
	messages int
	records  int
}

func (w *writing) take(e Entry) error {
	w.records++
	if w.run.Progress != nil && w.records%1000 == 0 {
		w.run.Progress(w.records)
	}
	switch {
	case e.Refusal != "":
		w.refuse(Refused{Where: e.Where, Reason: e.Refusal})
	case e.Skipped != "":
		w.skip(e.Skipped)
	case e.Person != nil:
		return w.person(*e.Person, e.Where)
	case e.Thread != nil:
		return w.thread(*e.Thread, e.Where)
	}
	return nil
}

// maxReasons to leave a record out are told apart: an export can say as many kinds as it has records.
const maxReasons = 50

func (w *writing) skip(why string) {
	if _, told := w.report.Skipped[why]; !told && len(w.report.Skipped) >= maxReasons {
		why = "something else"
	}
	w.report.Skipped[why]++
}

func (w *writing) refuse(r Refused) {
	w.report.Refused++
	if len(w.report.First) < maxTold {
		w.report.First = append(w.report.First, r)
	}
}

func (w *writing) person(p Person, where string) error {
	kept, refusal := w.keep(p)
	if refusal != "" {
		w.refuse(Refused{Where: where, Reason: refusal})
		return nil
	}
	kept.Where = where
	w.report.Read.PeopleAdded++
	w.batch.People = append(w.batch.People, kept)
	return w.full()
}

func (w *writing) thread(t Thread, where string) error {
	owner, refusal := w.keep(t.Of)
	if refusal == "" && !validExternal(t.External) {
		refusal = "the conversation's id is longer than 255 bytes, or no text"
	}
	if refusal != "" {
		w.refuse(Refused{Where: where, Reason: refusal})
		return nil
	}
	if t.Messages = clean(t.Messages); len(t.Messages) > MaxMessages {
		w.refuse(Refused{Where: where, Reason: fmt.Sprintf("the conversation has more than %d messages", MaxMessages)})
		return nil
	}
	w.report.Read.ThreadsAdded++
	w.report.Read.MessagesAdded += len(t.Messages)
	for first := true; first || len(t.Messages) > 0; first = false {
		part := t
		part.Messages = t.Messages[:min(len(t.Messages), maxChunk)]
		t.Messages = t.Messages[len(part.Messages):]
		w.batch.Threads = append(w.batch.Threads, KeptThread{Thread: part, Owner: owner, Digest: digestOf(part), Where: where})
		w.messages += len(part.Messages)
		if err := w.full(); err != nil {
			return err
		}
	}
	return nil
}

// clean leaves out what says nothing, cuts long texts into several messages, and keeps
// names of their authors as plain lines.
func clean(list []Message) (out []Message) {
	told := map[string]bool{} // an export may say the same message twice
	for _, m := range list {
		if told[m.External] {
			continue
		}
		told[m.External] = true
		m.Name = oneLine(m.Name, 100)
		text := tidy(m.Text)
		if _, err := chat.CleanText(firstOf(parts(text))); err != nil {
			continue
		}
		for i, part := range parts(text) {
			one := m
			if one.Text = part; i > 0 {
				one.External = m.External + "#" + strconv.Itoa(i)
			}
			if _, err := chat.CleanText(part); err == nil {
				out = append(out, one)
			}
		}
	}
	return out
}

func firstOf(list []string) string { return list[0] }

func validExternal(id string) bool { return identity.ValidUserID(id) }

// keep is a person as it is stored: what it says it is called becomes a claim, and what
// can be no identifier is none.
func (w *writing) keep(p Person) (Kept, string) {
	if !validExternal(p.External) {
		return Kept{}, "its id is longer than 255 bytes, or no text"
	}
	k := Kept{Person: p, Source: w.batch.Source}
	if p.Nameless {
		k.Source += "/nameless"
	}
	said := identity.CleanAttributes(normal(p.Attributes))
	if said == nil {
		said = map[string]any{}
	}
	name := func(kind identity.Kind, value string) {
		i := identity.Identifier{Realm: w.batch.Realm, Kind: kind, Value: value}
		if !p.Unproved && !slices.Contains(k.Names, i) {
			k.Names = append(k.Names, i)
		}
	}
	if p.UserID != "" {
		if !identity.ValidUserID(p.UserID) {
			return Kept{}, "its user id is longer than 255 bytes, or no text"
		}
		said["user_id"] = p.UserID
		name(identity.KindUserID, p.UserID)
	}
	for i, email := range p.Emails {
		if !identity.ValidEmail(email) || len(k.Names) > maxNames {
			continue
		}
		if at := "email"; i > 0 {
			said["email_"+strconv.Itoa(i+1)] = email
		} else {
			said[at] = email
		}
		name(identity.KindEmail, identity.Fold(email))
	}
	if called := oneLine(p.Name, 255); called != "" {
		said["name"] = called
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if value, err := json.Marshal(said[name]); err == nil {
			k.Values = append(k.Values, chat.Attribute{Name: name, Value: value})
		}
	}
	k.Attributes = nil // Values are what is kept of them
	k.Digest = digestOf([]any{k.Names, k.Values, p.CreatedAt, p.SeenAt})
	return k, ""
}

// maxNames of one person are kept: addresses beyond that open nothing.
const maxNames = 50

// normal makes names of attributes of what headings and fields are called.
func normal(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		value := in[name]
		if value == nil || value == "" {
			continue
		}
		if text, ok := value.(string); ok {
			value = tidy(text)
		}
		fitting := strings.Map(func(r rune) rune {
			if r == '_' || r == '.' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
				return r
			}
			return '_'
		}, name)
		out[fitting] = value
	}
	return out
}

func digestOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "" // never the digest of anything: read as changed
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// full writes the batch once there is enough of it.
func (w *writing) full() error {
	if len(w.batch.People)+len(w.batch.Threads) < batchPeople && w.messages < batchMessages {
		return nil
	}
	return w.flush()
}

func (w *writing) flush() error {
	people, threads := w.batch.People, w.batch.Threads
	batch := w.batch
	w.batch.People, w.batch.Threads, w.messages = nil, nil, 0
	if w.store == nil || len(people)+len(threads) == 0 {
		return nil
	}
	out, err := w.store.Import(w.ctx, batch)
	if err != nil {
		return fmt.Errorf("history: write: %w", err)
	}
	w.report.Add(out.Counts)
	for _, refused := range out.Refused {
		w.refuse(refused)
	}
	return nil
}
