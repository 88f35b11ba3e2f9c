package history

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Help Scout: customers and conversations (with ?embed=threads) of the Mailbox API 2.0, in
// pages, arrays or JSON lines. docs/import.md names the vendor's own pages.

type scoutValue struct {
	Value string `json:"value"`
}

type scoutCustomer struct {
	ID           word   `json:"id"`
	FirstName    string `json:"firstName"`
	LastName     string `json:"lastName"`
	JobTitle     string `json:"jobTitle"`
	Organization string `json:"organization"`
	Location     string `json:"location"`
	CreatedAt    moment `json:"createdAt"`
	UpdatedAt    moment `json:"updatedAt"`
	Embedded     struct {
		Emails     []scoutValue `json:"emails"`
		Phones     []scoutValue `json:"phones"`
		Properties []struct {
			Slug  string `json:"slug"`
			Value any    `json:"value"`
		} `json:"properties"`
	} `json:"_embedded"`
}

func helpScoutRecord(raw json.RawMessage) Entry {
	var kind struct {
		FirstName *json.RawMessage `json:"firstName"`
		LastName  *json.RawMessage `json:"lastName"`
		Customer  *json.RawMessage `json:"primaryCustomer"`
		Mailbox   *json.RawMessage `json:"mailboxId"`
		Threads   *json.RawMessage `json:"threads"`
		Embedded  struct {
			Emails  *json.RawMessage `json:"emails"`
			Threads *json.RawMessage `json:"threads"`
		} `json:"_embedded"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return Entry{Refusal: "it is no record: " + err.Error()}
	}
	switch {
	case kind.Customer != nil || kind.Mailbox != nil:
		return scoutThread(raw)
	case kind.FirstName != nil || kind.LastName != nil || kind.Embedded.Emails != nil:
		return scoutPerson(raw)
	case kind.Embedded.Threads != nil:
		return Entry{Refusal: "threads without their conversation: fetch conversations with ?embed=threads"}
	}
	return Entry{Refusal: "it is neither a customer nor a conversation"}
}

func scoutPerson(raw json.RawMessage) Entry {
	var c scoutCustomer
	if err := json.Unmarshal(raw, &c); err != nil {
		return Entry{Refusal: "it is no customer: " + err.Error()}
	}
	if c.ID == "" {
		return Entry{Refusal: "the customer has no id"}
	}
	p := Person{External: string(c.ID), Name: strings.TrimSpace(c.FirstName + " " + c.LastName), CreatedAt: time.Time(c.CreatedAt), SeenAt: time.Time(c.UpdatedAt)}
	for _, e := range c.Embedded.Emails {
		p.Emails = append(p.Emails, e.Value)
	}
	p.say("job_title", c.JobTitle)
	p.say("organization", c.Organization)
	p.say("location", c.Location)
	if len(c.Embedded.Phones) > 0 {
		p.say("phone", c.Embedded.Phones[0].Value)
	}
	for _, property := range c.Embedded.Properties {
		p.say(property.Slug, property.Value)
	}
	return Entry{Person: &p}
}

type scoutPersonRef struct {
	ID    word   `json:"id"`
	Type  string `json:"type"`
	Email string `json:"email"`
	First string `json:"first"`
	Last  string `json:"last"`
}

func (p scoutPersonRef) name() string { return strings.TrimSpace(p.First + " " + p.Last) }

type scoutThreadRow struct {
	ID        word           `json:"id"`
	Type      string         `json:"type"`
	Status    string         `json:"status"`
	State     string         `json:"state"`
	Body      string         `json:"body"`
	CreatedBy scoutPersonRef `json:"createdBy"`
	Customer  scoutPersonRef `json:"customer"`
	CreatedAt moment         `json:"createdAt"`
	Embedded  struct {
		Attachments []struct {
			Filename string `json:"filename"`
		} `json:"attachments"`
	} `json:"_embedded"`
}

type scoutConversation struct {
	ID              word           `json:"id"`
	Status          string         `json:"status"`
	State           string         `json:"state"`
	Subject         string         `json:"subject"`
	CreatedAt       moment         `json:"createdAt"`
	PrimaryCustomer scoutPersonRef `json:"primaryCustomer"`
	CreatedBy       scoutPersonRef `json:"createdBy"`
	Embedded        struct {
		Threads *[]scoutThreadRow `json:"threads"`
	} `json:"_embedded"`
}

func scoutThread(raw json.RawMessage) Entry {
	var c scoutConversation
	if err := json.Unmarshal(raw, &c); err != nil {
		return Entry{Refusal: "it is no conversation: " + err.Error()}
	}
	switch {
	case c.ID == "":
		return Entry{Refusal: "the conversation has no id"}
	case c.Status == "spam":
		return Entry{Skipped: "spam"}
	case c.State == "deleted" || c.State == "draft":
		return Entry{Skipped: "a conversation that was " + c.State}
	case c.PrimaryCustomer.ID == "":
		return Entry{Refusal: "the conversation names no customer"}
	case c.Embedded.Threads == nil:
		return Entry{Refusal: "the conversation has no threads: fetch it with ?embed=threads"}
	}
	of := Person{External: string(c.PrimaryCustomer.ID), Name: c.PrimaryCustomer.name(), Sparse: true}
	if c.PrimaryCustomer.Email != "" {
		of.Emails = []string{c.PrimaryCustomer.Email}
	}
	t := Thread{External: string(c.ID), Of: of, Open: c.Status != "closed", CreatedAt: time.Time(c.CreatedAt)}
	rows := *c.Embedded.Threads
	slices.SortStableFunc(rows, func(a, b scoutThreadRow) int {
		return cmp.Or(time.Time(a.CreatedAt).Compare(time.Time(b.CreatedAt)), cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(string(a.ID), string(b.ID)))
	})
	for _, row := range rows {
		if m, ok := row.message(c.PrimaryCustomer.ID); ok {
			t.Messages = append(t.Messages, m)
		}
	}
	for i := range t.Messages { // the subject belongs to what was said first to the other side
		if !t.Messages[i].Note {
			t.Messages[i].Text = withSubject(c.Subject, t.Messages[i].Text)
			break
		}
	}
	return Entry{Thread: &t}
}

// message is what a thread row says; false for what nobody wrote or sent. What is not
// known to have reached the customer is the team's own.
func (row scoutThreadRow) message(owner word) (Message, bool) {
	if row.Type == "lineitem" || row.State == "draft" || row.State == "underreview" {
		return Message{}, false
	}
	var names []string
	for _, f := range row.Embedded.Attachments {
		names = append(names, f.Filename)
	}
	m := Message{
		External: "thread:" + string(row.ID), Name: row.CreatedBy.name(), Text: withFiles(plainOf(row.Body), names), At: time.Time(row.CreatedAt),
		Visitor: row.CreatedBy.Type == "customer",
	}
	switch row.Type {
	case "customer", "chat", "beaconchat", "message", "reply":
		m.Note = row.State == "hidden"
	default:
		m.Note = true
	}
	if m.Visitor && row.CreatedBy.ID == owner {
		m.Name = ""
	}
	return m, true
}
