package history

import (
	"encoding/json"
	"time"
)

// Our own shapes, for a system that has no export that we know: docs/import.md.

type ownPerson struct {
	ID         word           `json:"id"`
	UserID     word           `json:"user_id"`
	Email      string         `json:"email"`
	Name       string         `json:"name"`
	CreatedAt  moment         `json:"created_at"`
	LastSeenAt moment         `json:"last_seen_at"`
	Attributes map[string]any `json:"attributes"`
}

type ownThread struct {
	ID        word   `json:"conversation_id"`
	ContactID word   `json:"contact_id"`
	Subject   string `json:"subject"`
	Status    string `json:"status"`
	CreatedAt moment `json:"created_at"`
	Messages  []struct {
		ID        word   `json:"message_id"`
		Author    string `json:"author"`
		Name      string `json:"author_name"`
		Text      string `json:"text"`
		CreatedAt moment `json:"created_at"`
	} `json:"messages"`
}

func ownRecord(raw json.RawMessage) Entry {
	var kind struct {
		Conversation *json.RawMessage `json:"conversation_id"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return Entry{Refusal: "it is no record: " + err.Error()}
	}
	if kind.Conversation == nil {
		return ownPersonRecord(raw)
	}
	var c ownThread
	if err := json.Unmarshal(raw, &c); err != nil {
		return Entry{Refusal: "it is no conversation: " + err.Error()}
	}
	if c.ID == "" || c.ContactID == "" {
		return Entry{Refusal: "a conversation needs conversation_id and contact_id"}
	}
	t := Thread{External: string(c.ID), Of: Person{External: string(c.ContactID), Sparse: true}, Open: c.Status == "open", CreatedAt: time.Time(c.CreatedAt)}
	said := occurrences{}
	for i, m := range c.Messages {
		one, refusal := said.message(string(m.ID), m.Author, m.Name, m.Text, time.Time(m.CreatedAt))
		if refusal != "" {
			return Entry{Refusal: refusal}
		}
		if i == 0 {
			one.Text = withSubject(c.Subject, one.Text)
		}
		t.Messages = append(t.Messages, one)
	}
	return Entry{Thread: &t}
}

func ownPersonRecord(raw json.RawMessage) Entry {
	var c ownPerson
	if err := json.Unmarshal(raw, &c); err != nil {
		return Entry{Refusal: "it is no contact: " + err.Error()}
	}
	p := Person{External: string(c.ID), UserID: string(c.UserID), Name: c.Name, CreatedAt: time.Time(c.CreatedAt), SeenAt: time.Time(c.LastSeenAt), Attributes: c.Attributes}
	if c.Email != "" {
		p.Emails = []string{c.Email}
	}
	if !p.callItself() {
		return Entry{Refusal: "a contact needs an id, a user_id or an email"}
	}
	return Entry{Person: &p}
}

// callItself names a record that has no id by what its person is called.
func (p *Person) callItself() bool {
	switch {
	case p.External != "":
	case p.UserID != "":
		p.External, p.Nameless = "user_id:"+p.UserID, true
	case len(p.Emails) > 0 && p.Emails[0] != "":
		p.External, p.Nameless = "email:"+p.Emails[0], true
	}
	return p.External != ""
}
