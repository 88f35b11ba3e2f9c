package history_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/history"
	"countersign/internal/workspace"
)

// shelf keeps batches; after fails says how many it takes.
type shelf struct {
	batches []history.Batch
	entries []audit.Draft
	fails   int
}

var (
	errFull   = errors.New("full")
	errUnsaid = errors.New("a batch before the record says that a run began")
)

func (s *shelf) Import(_ context.Context, b history.Batch) (history.Outcome, error) {
	if len(s.entries) == 0 || s.entries[len(s.entries)-1].Action != audit.HistoryBegun {
		return history.Outcome{}, errUnsaid
	}
	if s.fails > 0 && len(s.batches) == s.fails {
		return history.Outcome{}, errFull
	}
	s.batches = append(s.batches, b)
	out := history.Outcome{Counts: history.Counts{PeopleAdded: len(b.People), ThreadsAdded: len(b.Threads)}}
	return out, nil
}
func (s *shelf) Shared(context.Context, history.Target) (int, error) { return 0, nil }
func (s *shelf) Record(_ context.Context, drafts ...audit.Draft) error {
	s.entries = append(s.entries, drafts...)
	return nil
}

func (s *shelf) run(t *testing.T, who policy.Principal, run history.Run) (history.Report, error) {
	t.Helper()
	run.Path = "-"
	return history.New(s, time.Now).Import(t.Context(), who, workspace.Channel{ID: "chn_1", Realm: "main"}, run)
}

var operator = policy.ForSystem("main", "cli:test")

func TestAnImportTakesTheRightToManagePeople(t *testing.T) {
	s := &shelf{}
	for role, may := range map[policy.Role]bool{policy.Owner: true, policy.Security: true, policy.Admin: true, policy.AgentR: false, policy.Auditor: false} {
		_, err := s.run(t, policy.ForAgent("main", "agt_1", "lgn_1", role), history.Run{From: history.Intercom, In: strings.NewReader(contact)})
		if (err == nil) != may {
			t.Errorf("%s: %v", role, err)
		}
	}
	for _, b := range s.batches {
		if b.By.By.Who().ID() != "agt_1" {
			t.Error("a batch brings nobody's word, so the store cannot ask whether it counts")
		}
	}
}

func TestARunThatIsBrokenOffIsRecordedWithWhatItDid(t *testing.T) {
	s := &shelf{fails: 1}
	var lines strings.Builder
	for i := range 500 {
		fmt.Fprintf(&lines, `{"type":"user","id":"p%d","user_id":"%d"}`+"\n", i, i)
	}
	_, err := s.run(t, operator, history.Run{From: history.Intercom, In: strings.NewReader(lines.String())})
	if !errors.Is(err, errFull) || len(s.entries) != 2 {
		t.Fatalf("%v, %d entries", err, len(s.entries))
	}
	if d := s.entries[1].Detail; d["people"] != "200" || d["broken_off"] != "true" {
		t.Errorf("%v", d)
	}
}

func TestWhatAnExportCallsSomebodyIsAClaimAndNoMore(t *testing.T) {
	s := &shelf{}
	text := `{"type":"user","id":"a","user_id":"7","email":"ANN@Example.com","name":"A\u202enn","custom_attributes":{"user_hash":"x","plan name":"gold","jwt":"y","deep":{"a":1}}}
{"type":"contact","role":"lead","id":"b","email":"ann@example.com"}
{"type":"user","id":"c","user_id":"a\u0000b"}
{"type":"user","id":"d","email":"no address"}`
	report, err := s.run(t, operator, history.Run{From: history.Intercom, In: strings.NewReader(text)})
	if err != nil || report.Refused != 1 {
		t.Fatalf("%v, %+v", err, report)
	}
	people := s.batches[0].People
	var names []string
	for _, p := range people {
		for _, n := range p.Names {
			names = append(names, p.External+" "+string(n.Kind)+":"+n.Value+" of "+n.Realm)
		}
		for _, v := range p.Values {
			if v.Name == "user_hash" || v.Name == "jwt" || v.Name == "deep" {
				t.Errorf("%s was kept: %s", v.Name, v.Value)
			}
		}
	}
	if got, want := strings.Join(names, ", "), "a user_id:7 of main, a email:ann@example.com of main"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestLongAndRepeatedMessagesAreKeptWholeAndOnce(t *testing.T) {
	s := &shelf{}
	long := strings.Repeat("words and words\n", 4000)
	var messages []string
	messages = append(messages, fmt.Sprintf(`{"message_id":"1","author":"contact","text":%q}`, long), `{"message_id":"2","author":"agent","text":"once"}`,
		`{"message_id":"2","author":"agent","text":"once"}`, `{"message_id":"3","author":"agent","text":" \u200b "}`)
	for i := range 1200 {
		messages = append(messages, fmt.Sprintf(`{"message_id":"x%d","author":"contact","text":"%d"}`, i, i))
	}
	report, err := s.run(t, operator, history.Run{From: history.CSV, In: strings.NewReader(`{"conversation_id":"1","contact_id":"a","messages":[` + strings.Join(messages, ",") + `]}`)})
	if err != nil || report.Refused > 0 {
		t.Fatalf("%v %+v", err, report)
	}
	var texts []string
	seen := map[string]bool{}
	for _, b := range s.batches {
		for _, thread := range b.Threads {
			for _, m := range thread.Messages {
				if seen[m.External] || len(m.Text) > 16<<10 {
					t.Errorf("%s: %d bytes, again: %v", m.External, len(m.Text), seen[m.External])
				}
				seen[m.External] = true
				texts = append(texts, m.Text)
			}
		}
	}
	first := strings.Join(texts[:len(texts)-1201], "\n")
	if first != strings.TrimSpace(long) || texts[len(texts)-1] != "1199" || len(s.batches) < 2 {
		t.Errorf("%d texts in %d batches, the first %d bytes of %d", len(texts), len(s.batches), len(first), len(long))
	}
}

// A report is read on a terminal, and an export says in it what it likes: how often, and
// in which direction.
func TestAnExportFillsAndTurnsNoReport(t *testing.T) {
	s := &shelf{}
	var lines strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&lines, "{\"type\":\"kind %d \u202e\\u001b[2J\"}\n", i)
	}
	report, err := s.run(t, operator, history.Run{From: history.Intercom, In: strings.NewReader(lines.String())})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Skipped) > 51 {
		t.Errorf("it tells %d kinds apart", len(report.Skipped))
	}
	n := 0
	for why, times := range report.Skipped {
		if n += times; strings.ContainsAny(why, "\u202e\x1b") {
			t.Errorf("%q", why)
		}
	}
	if n != 5000 {
		t.Errorf("%d are counted", n)
	}
}

// A conversation that never ends would be looked through again with every part of it.
func TestAConversationWithoutAnEndIsRefused(t *testing.T) {
	s := &shelf{}
	parts := strings.Repeat(`{"author":"contact","text":"x"},`, history.MaxMessages) + `{"author":"contact","text":"x"}`
	text := `{"conversation_id":"c","contact_id":"p","messages":[` + parts + `]}` + "\n" + `{"conversation_id":"d","contact_id":"p","messages":[{"author":"contact","text":"x"}]}`
	report, err := s.run(t, operator, history.Run{From: history.CSV, In: strings.NewReader(text)})
	if err != nil || report.Refused != 1 || report.ThreadsAdded != 1 {
		t.Errorf("%+v %v", report, err)
	}
}

// weighing remembers the longest batch.
type weighing struct {
	shelf
	most int
}

func (w *weighing) Import(_ context.Context, b history.Batch) (history.Outcome, error) {
	n := 0
	for _, p := range b.People {
		for _, value := range p.Attributes {
			n += len(fmt.Sprint(value))
		}
	}
	w.most = max(w.most, n)
	return history.Outcome{}, nil
}

// A small archive unpacks to hundreds of records that are each as long as one may be: what
// is held of them at once must not grow with how many there are.
func TestLongRecordsAreNotHeldTogether(t *testing.T) {
	const enough = 12 << 20
	long := strings.Repeat("a long word ", 100_000)
	many := func(first string, line func(i int) string) io.Reader {
		list := []io.Reader{strings.NewReader(first)}
		for i := range 20 {
			list = append(list, strings.NewReader(line(i)))
		}
		return io.MultiReader(list...)
	}
	w := &weighing{}
	people := many("", func(i int) string { return fmt.Sprintf(`{"id":"p%d","attributes":{"x":%q}}`+"\n", i, long) })
	_, err := history.New(w, time.Now).Import(t.Context(), operator, workspace.Channel{ID: "chn_1", Realm: "main"}, history.Run{From: history.CSV, Path: "-", In: people})
	if err != nil || w.most > enough {
		t.Errorf("people: %d bytes are held at once, %v", w.most, err)
	}
	rows := many("conversation_id,contact_id,author,text\n", func(int) string { return "c,p,contact," + long + "\n" })
	said := 0
	err = history.Read(t.Context(), history.CSV, "-", rows, func(e history.Entry) error {
		n := 0
		for _, m := range e.Thread.Messages {
			n += len(m.Text)
		}
		if said += n; n > enough {
			t.Errorf("messages: %d bytes are held at once", n)
		}
		return nil
	})
	if err != nil || said < 20*1_000_000 {
		t.Errorf("%d bytes are read, %v", said, err)
	}
}
