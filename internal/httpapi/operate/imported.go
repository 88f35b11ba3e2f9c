package operate

import (
	"context"
	"strings"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Imported are people of another system, held apart.
type Imported interface {
	ImportedPeople(ctx context.Context, who policy.Principal, of chat.ImportedFilter, before chat.Cursor, limit int) ([]chat.ImportedPerson, chat.Cursor, error)
}

const importedPage = 50

func (o *Routes) imported(f *httpapi.Floor, m Mount) {
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/imported", "listImported", "people", "People who came with another system's export, the latest first"),
		httpapi.Query{Name: "q", Doc: "only who has this text: a user id or an address itself, or a part of what is known"},
		httpapi.Query{Name: "state", Doc: "waiting: nobody has proved to be them yet; opened: somebody has"},
		httpapi.Query{Name: "cursor", Doc: "next of the page before"}), o.listImported)
}

func (o *Routes) listImported(ctx context.Context, c *call, _ wire.None) (wire.ImportedPeople, error) {
	before, err := httpapi.ParseCursor(c.Query("cursor"))
	if err != nil {
		return wire.ImportedPeople{}, err
	}
	list, next, err := o.People.ImportedPeople(ctx, c.Who, chat.ImportedFilter{Search: strings.TrimSpace(c.Query("q")), State: c.Query("state")}, before, importedPage)
	out := wire.ImportedPeople{People: make([]wire.ImportedPerson, len(list)), Next: httpapi.Cursor(next)}
	for i, p := range list {
		out.People[i] = wire.ImportedPerson{
			Contact: ShapeName(chat.Contact{ID: p.Contact, Kind: chat.ImportedContact}, p.Label), Source: p.Source, OpenedTo: p.OpenedTo, At: p.At.UTC(), Conversations: p.Conversations,
		}
	}
	return out, err
}
