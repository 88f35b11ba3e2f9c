// Package history brings over what another system knows: people, and what was said with
// them. It reads the files that those systems hand out, and decides what of them is taken.
//
// It attaches nobody. An export says that somebody is called user_id:7; anybody can write
// a file that says so. So every imported person is a contact of a kind of its own, to
// which no proof, claim or browser leads, and its names are claims. Only when a session
// proves one of those names at the gate do the imported conversations become that
// person's, in the transaction that opens the session. Until then the team alone reads them.
//
// A name that two records of one source share opens neither of them. A record whose user id is not that
// of whoever proves its address stays shut. What was said inside the old team stays
// inside; whatever a reader does not know for sure to have been shown to the customer is
// taken as such.
//
// Records carry the other system's own ids, so that a run that was cut off, or an export
// that is read again, goes on and doubles nothing.
package history

import (
	"context"
	"errors"
	"time"

	"countersign/identity"
	"countersign/internal/audit"
	"countersign/internal/chat"
)

// Provenance of an imported value: more than what a visitor says, less than what an agent
// noted or a proof covers.
const Provenance = chat.ByImport

// Person is one person of an export.
type Person struct {
	External   string // the other system's id
	UserID     string // the product's own id of that person, if the export has it
	Emails     []string
	Unproved   bool // whoever wrote chose these names freely (a lead): they open nothing
	Name       string
	Attributes map[string]any
	CreatedAt  time.Time
	SeenAt     time.Time
	// Sparse: known from a conversation alone. It makes a record that is not there, and
	// changes none that is.
	Sparse bool
	// Nameless: the export gives the record no id of its own, so External is made of what the
	// person is called. Such records never meet those that have an id.
	Nameless bool
}

// Thread is one conversation of an export, with everything that was said.
type Thread struct {
	External  string
	Of        Person // whose it is: External at least
	Open      bool
	CreatedAt time.Time
	Messages  []Message // in their order
}

// MaxMessages of one conversation are taken. Whoever adds to one has to look at those that
// are there, while nobody else writes: one without an end would hold up everybody.
const MaxMessages = 10_000

// Message is one thing that was said.
type Message struct {
	External string
	Visitor  bool   // else the team of the other system
	Name     string // of who wrote, as text: never one of our agents
	Note     bool   // no visitor sees it
	Text     string
	At       time.Time
}

// Target is where records go.
type Target struct {
	Workspace string
	Channel   string
	Realm     string
	Source    string // which system, and which of several: records of two sources never meet
	// Reused says that ids of the source are the operator's own (a CSV) and not a vendor's:
	// a record whose names all changed is then somebody else.
	Reused bool
}

// Batch is written in one commit.
type Batch struct {
	Target
	By      audit.Draft // whose word it is; not an entry
	People  []Kept
	Threads []KeptThread
}

// Kept is a person as it is stored.
type Kept struct {
	Person
	Names  []identity.Identifier // what a proof must cover to open the record
	Values []chat.Attribute      // Name, Value
	Source string                // Target.Source, or that of its nameless records
	Digest string
	Where  string
}

// KeptThread is a conversation as it is stored.
type KeptThread struct {
	Thread
	Owner  Kept
	Digest string
	Where  string
}

// Outcome is what became of a batch, record by record.
type Outcome struct {
	Counts
	Refused []Refused
}

// Counts of what a run did.
type Counts struct {
	PeopleAdded, PeopleChanged, PeopleSame       int
	ThreadsAdded, ThreadsChanged, ThreadsSame    int
	MessagesAdded, MessagesChanged, MessagesSame int
	Erased                                       int // left out: their person was erased here
}

// Add sums up.
func (c *Counts) Add(o Counts) {
	c.PeopleAdded += o.PeopleAdded
	c.PeopleChanged += o.PeopleChanged
	c.PeopleSame += o.PeopleSame
	c.ThreadsAdded += o.ThreadsAdded
	c.ThreadsChanged += o.ThreadsChanged
	c.ThreadsSame += o.ThreadsSame
	c.MessagesAdded += o.MessagesAdded
	c.MessagesChanged += o.MessagesChanged
	c.MessagesSame += o.MessagesSame
	c.Erased += o.Erased
}

// Refused is a record that was not taken.
type Refused struct {
	Where  string `json:"where"` // file and line
	Reason string `json:"reason"`
}

// ErrStopped: strict, and a record was refused.
var ErrStopped = errors.New("a record was refused")

// Store writes batches.
type Store interface {
	// Import writes a batch in one commit, asks again whether By's word counts, and answers
	// record by record. It attaches no identifier and opens nothing, but for further
	// conversations of a person who has proved to be that person before.
	Import(ctx context.Context, batch Batch) (Outcome, error)
	// Shared counts the names of a source that several records of it have: they open nothing.
	Shared(ctx context.Context, target Target) (int, error)
	// Record keeps an entry.
	Record(ctx context.Context, drafts ...audit.Draft) error
}
