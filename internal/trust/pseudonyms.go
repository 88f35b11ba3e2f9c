package trust

import (
	"encoding/json"
	"fmt"

	"countersign/identity"
)

// Pseudonyms keeps whom the record's pseudonyms stand for: a pseudonym is random, and
// the name behind it is sealed in a row that is found by a keyed lookup. Without the
// row nothing leads from the one to the other, not even with the master key, so that
// erasing a person is deleting a row.
type Pseudonyms struct {
	master       *Master
	installation string
	// A closure holds the key: a field would be printed by the formatting verbs.
	lookup func(parts ...[]byte) []byte
}

const lookupBytes = 16

// NewPseudonyms seals under master, for this installation.
func NewPseudonyms(master *Master, installation string) *Pseudonyms {
	key := master.Derive("pseudonym")
	return &Pseudonyms{
		master: master, installation: installation,
		lookup: func(parts ...[]byte) []byte { return keyed(key, parts...)[:lookupBytes] },
	}
}

// Lookup is by what a person's row is found, and says nothing without the master key.
func (p *Pseudonyms) Lookup(workspace string, i identity.Identifier) []byte {
	return p.lookup([]byte(workspace), []byte(i.Realm), []byte(i.Kind), []byte(i.Value))
}

// Seal closes a name into the row of its pseudonym.
func (p *Pseudonyms) Seal(workspace, pseudonym string, i identity.Identifier) []byte {
	plain, err := json.Marshal([]string{i.Realm, string(i.Kind), i.Value})
	if err != nil {
		panic("trust: a list of strings is always JSON: " + err.Error())
	}
	return p.master.Seal(plain, p.ad(workspace, pseudonym))
}

// Open is the reverse, for the row of that pseudonym alone.
func (p *Pseudonyms) Open(workspace, pseudonym string, sealed []byte) (identity.Identifier, error) {
	plain, err := p.master.Open(sealed, p.ad(workspace, pseudonym))
	if err != nil {
		return identity.Identifier{}, err
	}
	var parts []string
	if err := json.Unmarshal(plain, &parts); err != nil || len(parts) != 3 {
		return identity.Identifier{}, fmt.Errorf("%w: no name", ErrSealed)
	}
	return identity.Identifier{Realm: parts[0], Kind: identity.Kind(parts[1]), Value: parts[2]}, nil
}

func (p *Pseudonyms) ad(workspace, pseudonym string) AD {
	return AD{Installation: p.installation, Workspace: workspace, Table: "pseudonyms", Row: pseudonym, Purpose: "person"}
}
