package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"countersign/identity"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
)

// TestAnErasedPersonIsInNoFile reads the database's files, byte by byte, after somebody
// was erased who wrote and was written to, changed their name, and disputed an address.
func TestAnErasedPersonIsInNoFile(t *testing.T) {
	directory := t.TempDir()
	open := opener(store.Options{Path: filepath.Join(directory, "countersign.db")})
	h := storetest.NewHouse(t, open)
	fill := func(user, email, words string) storetest.Guest {
		o := h.As(h.Verified("x"), user, identity.Identifier{Realm: storetest.Main, Kind: identity.KindEmail, Value: email})
		o.Session.UserAgent, o.Session.Origin = words+" browser", "https://"+words+".example"
		o.Attributes = []chat.Attribute{{Name: "name", Provenance: chat.ByClaim, Value: []byte(`"` + words + ` the first"`), At: h.Now}}
		g := h.Enter(o)
		p := h.Post(h.Begin(g, words+" writes"))
		h.Post(h.Reply(p.Conversation.ID, words+" is answered"))
		note := h.Reply(p.Conversation.ID, words+" is talked about")
		note.Message.Audience = event.AudienceAgents
		h.Post(note)
		snoozed := chat.Snoozed
		if _, err := h.DB.UpdateConversation(t.Context(), chat.Update{
			Workspace: storetest.Main, Conversation: p.Conversation.ID, Agent: h.Owner.ID, Login: h.Login.ID, Status: &snoozed, SnoozedUntil: h.Now.AddDate(0, 0, 1), At: h.Now,
		}); err != nil {
			t.Fatal(err)
		}
		return g
	}
	gone, kept := "zanzibar-quince", "marmalade-heron"
	person := fill("id-"+gone, gone+"@example.com", gone)
	fill("id-"+kept, kept+"@example.com", kept)
	rival := fill("id-"+kept+"-2", gone+"@example.com", kept) // who proved the address too: a dispute, and theirs as well
	for _, name := range []string{"second", "third"} {
		a := chat.Attribute{Workspace: storetest.Main, Contact: person.Contact.ID, Name: "name", Provenance: chat.ByAgent, Value: []byte(`"` + gone + ` the ` + name + ` and last of that long name"`), At: h.Now}
		if err := h.DB.SetAttribute(t.Context(), a, h.Draft("", "").By); err != nil {
			t.Fatal(err)
		}
	}
	if n := grep(t, directory, gone); n == 0 {
		t.Fatal("nothing was written: the test finds nothing either way")
	}
	for _, contact := range []string{rival.Contact.ID, person.Contact.ID} {
		done, err := h.DB.Erase(t.Context(), storetest.Main, contact, h.Draft(audit.ContactErased, contact))
		if err != nil || !done.Settled {
			t.Fatal(done, err)
		}
	}
	if n := grep(t, directory, gone); n != 0 {
		t.Errorf("%d times in the files", n)
	}
	if n := grep(t, directory, kept); n == 0 {
		t.Error("everybody was erased")
	}
}

// grep counts a text in the files of a directory.
func grep(t *testing.T, directory, text string) (n int) {
	t.Helper()
	files, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Join(directory, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if count := bytes.Count(raw, []byte(text)); count > 0 {
			t.Logf("%s: %d", file.Name(), count)
			n += count
		}
	}
	return n
}
