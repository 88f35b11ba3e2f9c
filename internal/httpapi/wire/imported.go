package wire

import "time"

// Imported is what an imported person waits for: whoever proves one of the names takes
// the history over.
type Imported struct {
	Source   string         `json:"source" doc:"The other system."`
	Names    []ImportedName `json:"names"`
	OpenedTo string         `json:"opened_to,omitzero" doc:"The contact that proved to be this person."`
	OpenedAt *time.Time     `json:"opened_at,omitempty"`
}

// ImportedName is what an export says a person is called. Nothing has proved it.
type ImportedName struct {
	Kind   string `json:"kind" enum:"user_id,email"`
	Value  string `json:"value"`
	Shared bool   `json:"shared,omitzero" doc:"Several records of the export say so: it opens none of them."`
}

// ImportedPerson is one of a list of imported people.
type ImportedPerson struct {
	Contact       ContactName `json:"contact"`
	Source        string      `json:"source" doc:"The other system."`
	OpenedTo      string      `json:"opened_to,omitzero" doc:"The contact that proved to be this person."`
	At            time.Time   `json:"at" doc:"When the record was read last."`
	Conversations int         `json:"conversations" doc:"That are still held apart."`
}

// ImportedPeople is one page of them, the latest first.
type ImportedPeople struct {
	People []ImportedPerson `json:"people"`
	Next   string           `json:"next,omitzero"`
}
