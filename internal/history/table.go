package history

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// table reads a CSV, one row at a time. A row that cannot be read costs that row.
func (r *reader) table(name string, b *bufio.Reader, m *meter) error {
	rows := csv.NewReader(b)
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord = separator(b), -1, true
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("%w: %s: its first line is no heading: %w", ErrUnreadable, name, err)
	}
	t := newTable(header)
	if refusal := t.unknown(r.format); refusal != "" {
		return fmt.Errorf("%w: %s: %s", ErrUnreadable, name, refusal)
	}
	gather := gathering{give: r.give}
	for {
		m.next()
		cells, err := rows.Read()
		line, _ := rows.FieldPos(0)
		where := fmt.Sprintf("%s, line %d", name, line)
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return gather.flush()
		case errors.As(err, &broken):
			where = fmt.Sprintf("%s, line %d", name, broken.StartLine)
			if err := r.give(Entry{Where: where, Refusal: "it is no row of a CSV: " + broken.Err.Error()}); err != nil {
				return err
			}
			continue
		case err != nil:
			if err := gather.flush(); err != nil {
				return err
			}
			return r.give(Entry{Where: where, Refusal: fmt.Sprintf("the rest of %s is not read: %v", name, err)})
		}
		if err := r.row(t, where, cells, &gather); err != nil {
			return err
		}
	}
}

func (r *reader) row(t table, where string, cells []string, gather *gathering) error {
	switch {
	case !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }):
		return nil
	case len(cells) != len(t.columns):
		return r.give(Entry{Where: where, Refusal: fmt.Sprintf("%d cells under %d headings", len(cells), len(t.columns))})
	case slices.ContainsFunc(cells, func(c string) bool { return !utf8.ValidString(c) }):
		return r.give(Entry{Where: where, Refusal: "it is not UTF-8"})
	case t.messages:
		return gather.add(t, where, cells)
	}
	e := t.person(r.format, cells)
	e.Where = where
	return r.give(e)
}

// separator is what stands between the headings: a comma, a semicolon or a tab.
func separator(b *bufio.Reader) rune {
	head, _ := b.Peek(min(b.Size(), 16<<10))
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, n := ',', bytes.Count(line, []byte(","))
	for _, other := range []rune{';', '\t'} {
		if count := bytes.Count(line, []byte(string(other))); count > n {
			best, n = other, count
		}
	}
	return best
}

// table is a heading, understood.
type table struct {
	columns  []string
	places   map[string]int // :: column → place
	messages bool           // a row is a message, and not a person
}

func newTable(header []string) table {
	t := table{places: map[string]int{}}
	for i, cell := range header {
		name := columnOf(cell)
		t.columns = append(t.columns, name)
		if _, twice := t.places[name]; !twice && name != "" {
			t.places[name] = i
		}
	}
	_, conversation := t.places["conversation_id"]
	_, text := t.places["text"]
	t.messages = conversation && text
	return t
}

// columnOf is a heading as one name: "Last seen (UTC)" is last_seen_utc.
func columnOf(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	return strings.Trim(b.String(), "_")
}

// known :: what we read → the headings that it goes by, for each system.
var known = map[Format]map[string][]string{
	Intercom: {
		"id": {"intercom_id", "contact_id", "id"}, "user_id": {"user_id", "external_id"}, "email": {"email"}, "name": {"name", "full_name"}, "phone": {"phone"},
		"role": {"role", "type"}, "created_at": {"created_at", "signed_up", "signed_up_utc", "first_seen", "first_seen_utc"}, "last_seen_at": {"last_seen", "last_seen_utc", "last_seen_at"},
	},
	HelpScout: {
		"id": {"customer_id", "id"}, "email": {"email", "emails", "email_address"}, "first": {"first_name", "firstname"}, "last": {"last_name", "lastname"}, "name": {"name", "full_name", "customer_name"},
		"phone": {"phone", "phones"}, "created_at": {"created_at", "created"}, "last_seen_at": {"modified_at", "updated_at", "modified"},
	},
	CSV: {
		"id": {"id"}, "user_id": {"user_id"}, "email": {"email"}, "name": {"name"}, "created_at": {"created_at"}, "last_seen_at": {"last_seen_at"},
	},
}

// unknown says why a table is none that is read; empty if it is one.
func (t table) unknown(format Format) string {
	if t.messages {
		if format != CSV {
			return "messages are read from a CSV with --from csv alone: " + string(format) + " hands them out as JSON"
		}
		for _, column := range []string{"contact_id", "author"} {
			if _, there := t.places[column]; !there {
				return "a CSV of messages has the columns conversation_id, contact_id, author and text; there is no " + column
			}
		}
		return ""
	}
	for _, name := range []string{"id", "user_id", "email"} {
		for _, heading := range known[format][name] {
			if _, there := t.places[heading]; there {
				return ""
			}
		}
	}
	return "none of its columns says who a row is about (an id, a user id or an email)"
}

func (t table) cell(cells []string, column string) string {
	if i, there := t.places[column]; there {
		return cells[i]
	}
	return ""
}

func (t table) person(format Format, cells []string) Entry {
	used := map[int]bool{}
	of := func(name string) string {
		value := ""
		for _, heading := range known[format][name] {
			if i, there := t.places[heading]; there {
				used[i] = true
				value = cmp.Or(value, cells[i])
			}
		}
		return value
	}
	p := Person{External: strings.TrimSpace(of("id")), UserID: of("user_id"), Name: strings.TrimSpace(cmp.Or(of("name"), of("first")+" "+of("last")))}
	for email := range strings.FieldsFuncSeq(of("email"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		p.Emails = append(p.Emails, email)
	}
	p.say("phone", of("phone"))
	if role := strings.ToLower(strings.TrimSpace(of("role"))); format == Intercom {
		p.Unproved = role == "" && p.UserID == "" || role != "" && unproved(role, role)
	}
	for name, into := range map[string]*time.Time{"created_at": &p.CreatedAt, "last_seen_at": &p.SeenAt} {
		at, ok := timeOf(of(name))
		if !ok && format == CSV {
			return Entry{Refusal: fmt.Sprintf("%s is no time: %s; 2024-05-01T12:00:00Z is one", name, strconv.QuoteToASCII(oneLine(of(name), 40)))}
		}
		*into = at
	}
	for i, name := range t.columns {
		if !used[i] && name != "" && t.places[name] == i {
			p.say(name, strings.TrimSpace(cells[i]))
		}
	}
	if !p.callItself() {
		return Entry{Refusal: "it has no id, no user id and no email"}
	}
	return Entry{Person: &p}
}

// gathering puts rows of one conversation together, which stand one after the other. Rows
// of it that come later are added to what is there then.
type gathering struct {
	give   func(Entry) error
	where  string
	thread *Thread
	bytes  int // of its text
	said   occurrences
}

func (g *gathering) add(t table, where string, cells []string) error {
	id, contact := t.cell(cells, "conversation_id"), t.cell(cells, "contact_id")
	if id == "" || contact == "" {
		return g.give(Entry{Where: where, Refusal: "a message needs conversation_id and contact_id"})
	}
	at, ok := timeOf(t.cell(cells, "created_at"))
	if !ok {
		return g.give(Entry{Where: where, Refusal: "created_at is no time: 2024-05-01T12:00:00Z is one"})
	}
	if g.thread != nil && (g.thread.External != id || len(g.thread.Messages) >= maxChunk || g.bytes >= batchBytes) {
		more := g.thread.External == id
		if err := g.write(); err != nil {
			return err
		}
		if !more {
			g.said = nil
		}
	}
	if g.thread != nil && g.thread.Of.External != contact {
		return g.give(Entry{Where: where, Refusal: "contact_id is another than in the conversation's first row"})
	}
	first := g.said == nil
	if first {
		g.said = occurrences{}
	}
	m, refusal := g.said.message(t.cell(cells, "message_id"), t.cell(cells, "author"), t.cell(cells, "author_name"), t.cell(cells, "text"), at)
	if refusal != "" {
		return g.give(Entry{Where: where, Refusal: refusal})
	}
	if g.thread == nil {
		g.where = where
		g.thread = &Thread{External: id, Of: Person{External: contact, Sparse: true}, CreatedAt: at}
		if first {
			m.Text = withSubject(t.cell(cells, "subject"), m.Text)
		}
	}
	g.thread.Open = t.cell(cells, "status") == "open"
	g.thread.Messages = append(g.thread.Messages, m)
	g.bytes += len(m.Text)
	return nil
}

// write hands over what was gathered.
func (g *gathering) write() error {
	thread := g.thread
	g.thread, g.bytes = nil, 0
	if thread == nil {
		return nil
	}
	return g.give(Entry{Where: g.where, Thread: thread})
}

func (g *gathering) flush() error {
	g.said = nil
	return g.write()
}

// occurrences names messages that have no id of their own by what they say, and the second
// of two that say the same by that: the name is the same in the next run.
type occurrences map[string]int // :: digest → how often it came

func (o occurrences) message(id, author, name, text string, at time.Time) (m Message, refusal string) {
	m = Message{External: "id:" + id, Name: name, Text: tidy(text), At: at}
	switch author {
	case "contact":
		m.Visitor = true
	case "agent":
	case "note":
		m.Note = true
	default:
		return m, "author is contact, agent or note, and not " + strconv.QuoteToASCII(oneLine(author, 40))
	}
	if id == "" {
		sum := sha256.Sum256([]byte(author + "\x00" + name + "\x00" + at.Format(time.RFC3339Nano) + "\x00" + text))
		digest := hex.EncodeToString(sum[:16])
		o[digest]++
		m.External = fmt.Sprintf("said:%s:%d", digest, o[digest])
	}
	return m, ""
}
