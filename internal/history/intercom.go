package history

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Intercom: contacts as GET /contacts lists them and conversations as GET
// /conversations/{id} answers (a list has no parts), in pages, arrays or JSON lines.
// docs/import.md names the vendor's own pages.

// word is a text that some versions of an API give as a number.
type word string

func (w *word) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`"`)) {
		var text string
		err := json.Unmarshal(raw, &text)
		*w = word(text)
		return err
	}
	if number := string(raw); number != "null" && number != "true" && number != "false" && !strings.ContainsAny(number, "[{") {
		*w = word(number)
	}
	return nil
}

// moment is a time as vendors write it: seconds since 1970, or ISO 8601.
type moment time.Time

func (m *moment) UnmarshalJSON(raw []byte) error {
	var w word
	if err := w.UnmarshalJSON(raw); err != nil {
		return err
	}
	at, _ := timeOf(string(w)) // a time that cannot be read is an unknown one
	*m = moment(at)
	return nil
}

// timeOf reads a time; one without a zone is UTC.
func timeOf(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, true
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case n > 1e11: // milliseconds
			return time.UnixMilli(int64(n)).UTC(), n < 1e14
		case n > 1e8:
			return time.Unix(int64(n), 0).UTC(), true
		}
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05 MST", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 1970 {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

type intercomContact struct {
	Type             string         `json:"type"`
	Role             string         `json:"role"`
	ID               word           `json:"id"`
	ExternalID       word           `json:"external_id"`
	UserID           word           `json:"user_id"`
	Email            string         `json:"email"`
	Name             string         `json:"name"`
	Phone            string         `json:"phone"`
	CreatedAt        moment         `json:"created_at"`
	LastSeenAt       moment         `json:"last_seen_at"`
	CustomAttributes map[string]any `json:"custom_attributes"`
}

func intercomRecord(raw json.RawMessage) Entry {
	var kind struct {
		Type   string           `json:"type"`
		Parts  *json.RawMessage `json:"conversation_parts"`
		Source *json.RawMessage `json:"source"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return Entry{Refusal: "it is no record: " + err.Error()}
	}
	switch {
	case kind.Type == "conversation" || kind.Parts != nil:
		return intercomThread(raw, kind.Parts != nil)
	case slices.Contains([]string{"contact", "user", "lead", "visitor"}, kind.Type):
		return intercomPerson(raw)
	case kind.Type != "":
		return Entry{Skipped: "neither a contact nor a conversation: " + oneLine(kind.Type, 40)}
	}
	return Entry{Refusal: "it says no type that a contact or a conversation has"}
}

func intercomPerson(raw json.RawMessage) Entry {
	var c intercomContact
	if err := json.Unmarshal(raw, &c); err != nil {
		return Entry{Refusal: "it is no contact: " + err.Error()}
	}
	if c.ID == "" {
		return Entry{Refusal: "the contact has no id"}
	}
	p := Person{
		External: string(c.ID), UserID: string(cmp.Or(c.ExternalID, c.UserID)), Name: c.Name, Attributes: c.CustomAttributes,
		CreatedAt: time.Time(c.CreatedAt), SeenAt: time.Time(c.LastSeenAt), Unproved: unproved(c.Type, c.Role),
	}
	p.say("phone", c.Phone)
	if c.Email != "" {
		p.Emails = []string{c.Email}
	}
	return Entry{Person: &p}
}

// unproved says whether a contact is one whose address was typed by whoever chatted.
// Before roles, Intercom called such a one a contact.
func unproved(kind, role string) bool {
	if role == "" {
		return kind != "user"
	}
	return role != "user"
}

// say notes a value that the export has beside its custom ones.
func (p *Person) say(name string, value any) {
	if value == nil || value == "" {
		return
	}
	if p.Attributes == nil {
		p.Attributes = map[string]any{}
	}
	if _, said := p.Attributes[name]; !said {
		p.Attributes[name] = value
	}
}

type intercomAuthor struct {
	Type  string `json:"type"`
	ID    word   `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// visitor says whether the customer's side wrote.
func (a intercomAuthor) visitor() bool {
	return slices.Contains([]string{"user", "lead", "contact", "visitor"}, a.Type)
}

type intercomFile struct {
	Name string `json:"name"`
}

type intercomPart struct {
	ID          word           `json:"id"`
	PartType    string         `json:"part_type"`
	Body        string         `json:"body"`
	CreatedAt   moment         `json:"created_at"`
	Author      intercomAuthor `json:"author"`
	Attachments []intercomFile `json:"attachments"`
	Redacted    bool           `json:"redacted"`
}

type intercomConversation struct {
	ID        word   `json:"id"`
	CreatedAt moment `json:"created_at"`
	State     string `json:"state"`
	Open      bool   `json:"open"`
	Source    struct {
		ID          word           `json:"id"`
		Subject     string         `json:"subject"`
		Body        string         `json:"body"`
		Author      intercomAuthor `json:"author"`
		Attachments []intercomFile `json:"attachments"`
		Redacted    bool           `json:"redacted"`
	} `json:"source"`
	Contacts struct {
		Contacts []intercomContact `json:"contacts"`
	} `json:"contacts"`
	Parts struct {
		Parts []intercomPart `json:"conversation_parts"`
	} `json:"conversation_parts"`
}

// shownParts are the kinds of parts of which a body is known to have been shown to the
// customer. Any other with a body is taken for the team's own.
var shownParts = []string{"comment", "open", "close", "quick_reply"}

func intercomThread(raw json.RawMessage, withParts bool) Entry {
	var c intercomConversation
	if err := json.Unmarshal(raw, &c); err != nil {
		return Entry{Refusal: "it is no conversation: " + err.Error()}
	}
	switch {
	case c.ID == "":
		return Entry{Refusal: "the conversation has no id"}
	case !withParts:
		return Entry{Refusal: "the conversation has no parts: a list leaves them out, GET /conversations/{id} has them"}
	}
	owner, ok := c.owner()
	if !ok {
		return Entry{Refusal: "the conversation names no contact"}
	}
	t := Thread{External: string(c.ID), Of: owner, Open: c.Open && c.State != "closed", CreatedAt: time.Time(c.CreatedAt)}
	first := Message{
		External: "source:" + string(cmp.Or(c.Source.ID, "first")), Visitor: c.Source.Author.visitor(), Name: c.Source.Author.Name,
		Text: withSubject(c.Source.Subject, intercomText(c.Source.Body, c.Source.Attachments)), At: time.Time(c.CreatedAt),
	}
	if !c.Source.Redacted {
		t.Messages = append(t.Messages, first)
	}
	slices.SortStableFunc(c.Parts.Parts, func(a, b intercomPart) int { return time.Time(a.CreatedAt).Compare(time.Time(b.CreatedAt)) })
	for _, p := range c.Parts.Parts {
		if p.Redacted {
			continue
		}
		t.Messages = append(t.Messages, Message{
			External: "part:" + string(p.ID), Visitor: p.Author.visitor(), Name: p.Author.Name, Note: !slices.Contains(shownParts, p.PartType),
			Text: intercomText(p.Body, p.Attachments), At: time.Time(p.CreatedAt),
		})
	}
	return Entry{Thread: &t}
}

// owner is whose conversation it is: who began it, or else the first contact in it.
func (c intercomConversation) owner() (Person, bool) {
	list := c.Contacts.Contacts
	if author := c.Source.Author; author.visitor() && author.ID != "" {
		at := slices.IndexFunc(list, func(one intercomContact) bool { return one.ID == author.ID })
		p := Person{External: string(author.ID), Name: author.Name, Unproved: author.Type != "user", Sparse: true}
		if author.Email != "" {
			p.Emails = []string{author.Email}
		}
		if at >= 0 {
			p.UserID = string(list[at].ExternalID)
		}
		return p, true
	}
	if len(list) == 0 || list[0].ID == "" {
		return Person{}, false
	}
	// Of whoever was written to first, the export says no role here: the id alone is taken.
	return Person{External: string(list[0].ID), UserID: string(list[0].ExternalID), Sparse: true}, true
}

func intercomText(body string, files []intercomFile) string {
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	return withFiles(plainOf(body), names)
}

// withFiles says which files stood there: their addresses expire, so they are not brought.
func withFiles(text string, names []string) string {
	for _, name := range names {
		text += "\n[file, not brought over: " + oneLine(cmp.Or(name, "unnamed"), 200) + "]"
	}
	return strings.TrimSpace(text)
}

func withSubject(subject, text string) string {
	if subject = oneLine(plainOf(subject), 300); subject == "" {
		return text
	}
	return strings.TrimSpace(subject + "\n\n" + text)
}
