package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
)

// brake stops a committer between two transactions.
type brake struct {
	mu      sync.Mutex
	armed   bool
	stopped chan struct{}
	release chan struct{}
}

func (b *brake) committed(int64) {
	b.mu.Lock()
	armed := b.armed
	b.armed = false
	b.mu.Unlock()
	if armed {
		close(b.stopped)
		<-b.release
	}
}

// hold stops the committer behind a commit of its own and answers with its release.
func (b *brake) hold(h *storetest.House) (release func()) {
	h.Helper()
	b.mu.Lock()
	b.armed, b.stopped, b.release = true, make(chan struct{}), make(chan struct{})
	b.mu.Unlock()
	go func() {
		_ = h.DB.UpdateChannel(h.Context(), h.Channel, h.Draft(audit.ChannelChanged, h.Channel.ID))
	}()
	<-b.stopped
	return func() { close(b.release) }
}

// engines runs a test on both, in a house whose committer can be stopped.
func engines(t *testing.T, run func(t *testing.T, h *storetest.House, b *brake)) {
	t.Run("SQLite", func(t *testing.T) {
		b := &brake{}
		run(t, storetest.NewHouse(t, opener(store.Options{Path: t.TempDir() + "/countersign.db", Committed: b.committed})), b)
	})
	t.Run("Postgres", func(t *testing.T) {
		b := &brake{}
		run(t, storetest.NewHouse(t, opener(store.Options{URL: server.Database(t), Committed: b.committed})), b)
	})
}

// eventually polls, within bounds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// batch starts writes that will share one transaction and answers with their errors.
func batch(t *testing.T, h *storetest.House, release func(), writes ...func() error) []error {
	t.Helper()
	answers := make([]error, len(writes))
	var wg sync.WaitGroup
	for i, write := range writes {
		wg.Go(func() { answers[i] = write() })
		eventually(t, "the write waits", func() bool { return h.DB.Waiting() == i+1 })
	}
	release()
	wg.Wait()
	return answers
}

func TestPoisonedWriteFailsAlone(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, b *brake) {
		g := h.Enter(h.Verified("u-1"))
		first := h.Post(h.Begin(g, "first"))
		var posts []chat.Post
		var writes []func() error
		for range 9 {
			posts = append(posts, h.Say(g, first.Conversation.ID, "more"))
		}
		posts[4].Message.ID = first.Message.ID // taken: the whole batch fails in SQL
		for _, p := range posts {
			writes = append(writes, func() error { _, err := h.DB.Post(t.Context(), p); return err })
		}
		opening := h.Verified("u-2")
		writes = append(writes,
			func() error { _, err := h.DB.OpenSession(t.Context(), opening); return err },
			func() error { return h.DB.Record(t.Context(), h.Draft(audit.KeyRevealed, "k")) })
		release := b.hold(h)
		before := h.Head().Seq
		for i, err := range batch(t, h, release, writes...) {
			if poisoned := i == 4; (err != nil) != poisoned {
				t.Errorf("write %d: %v", i, err)
			}
		}
		if got := h.Head().Seq - before; got != 8 {
			t.Errorf("%d events, want 8", got)
		}
		for i, e := range h.Events(before) {
			if e.Seq != before+int64(i)+1 {
				t.Fatalf("a gap at %d", e.Seq)
			}
		}
		if err := audit.Verify(storetest.ChainKey, h.Trail()); err != nil {
			t.Error(err)
		}
		c, err := h.DB.Conversation(t.Context(), storetest.Main, "", first.Conversation.ID)
		if err != nil || c.VisitorCount != 9 {
			t.Errorf("counted %d messages, want 9 (%v)", c.VisitorCount, err)
		}
	})
}

func TestEndedSessionRefusesItsOwnWriteAlone(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, b *brake) {
		out, in := h.Enter(h.Verified("u-1")), h.Enter(h.Verified("u-2"))
		blocked := h.Enter(h.Verified("u-3"))
		posts := []chat.Post{h.Begin(out, "x"), h.Begin(in, "y"), h.Begin(blocked, "z")}
		release := b.hold(h)
		// Another node ends them while the posts wait, checked and accepted as they
		// were when they came in.
		other := h.Open(t)
		if err := other.EndSession(t.Context(), storetest.Main, out.Session.ID, h.Now); err != nil {
			t.Fatal(err)
		}
		if _, err := other.SetBlocked(t.Context(), storetest.Main, blocked.Contact.ID, true, h.Now, h.Draft(audit.ContactBlocked, blocked.Contact.ID)); err != nil {
			t.Fatal(err)
		}
		var writes []func() error
		for _, p := range posts {
			writes = append(writes, func() error { _, err := h.DB.Post(t.Context(), p); return err })
		}
		answers := batch(t, h, release, writes...)
		if !errors.Is(answers[0], chat.ErrSessionEnded) || answers[1] != nil || !errors.Is(answers[2], chat.ErrSessionEnded) {
			t.Fatalf("answers %v", answers)
		}
	})
}

func TestCallerWhoGaveUpUndoesNothing(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, b *brake) {
		g := h.Enter(h.Verified("u-1"))
		patient, gone := h.Begin(g, "patient"), h.Begin(g, "gone")
		release := b.hold(h)
		ctx, giveUp := context.WithCancel(t.Context())
		inside, goOn := make(chan struct{}), make(chan struct{})
		left := make(chan error, 1)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := h.DB.Post(t.Context(), patient); err != nil {
				t.Error(err)
			}
		})
		go func() { _, err := h.DB.Post(ctx, gone); left <- err }()
		wg.Go(func() {
			err := h.DB.Beside(t.Context(), func() error { close(inside); <-goOn; return nil })
			if err != nil {
				t.Error(err)
			}
		})
		eventually(t, "three wait", func() bool { return h.DB.Waiting() == 3 })
		release()
		<-inside // the transaction is open and both posts are in it
		giveUp()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		close(goOn)
		wg.Wait()
		if c, err := h.DB.Conversation(t.Context(), storetest.Main, g.Contact.ID, patient.Create.ID); err != nil || c.LastSeq == 0 {
			t.Fatalf("who stayed lost the write: %v", err)
		}
	})
}

func TestCallerWhoGaveUpBeforeItsTurnIsNotWritten(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, b *brake) {
		g := h.Enter(h.Verified("u-1"))
		p := h.Begin(g, "never mind")
		release := b.hold(h)
		ctx, giveUp := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { _, err := h.DB.Post(ctx, p); left <- err }()
		eventually(t, "it waits", func() bool { return h.DB.Waiting() == 1 })
		giveUp()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		release()
		h.Post(h.Begin(g, "behind it"))
		if _, err := h.DB.Conversation(t.Context(), storetest.Main, g.Contact.ID, p.Create.ID); !errors.Is(err, chat.ErrNotFound) {
			t.Fatalf("it was written all the same: %v", err)
		}
	})
}

// Two nodes that write into the same conversations must reach them in one order.
func TestABatchTouchesConversationsInTheOrderOfTheirIDs(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, b *brake) {
		g := h.Enter(h.Verified("u-1"))
		var ids []string
		for range 8 {
			ids = append(ids, h.Post(h.Begin(g, "begin")).Conversation.ID)
		}
		slices.Sort(ids)
		watch := []string{`CREATE TABLE touched (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT)`,
			`CREATE TRIGGER touch AFTER UPDATE ON conversations BEGIN INSERT INTO touched (id) VALUES (NEW.id); END`}
		if strings.HasSuffix(t.Name(), "Postgres") {
			watch = []string{`CREATE TABLE touched (n BIGSERIAL, id TEXT)`,
				`CREATE FUNCTION touch() RETURNS trigger AS $$ BEGIN INSERT INTO touched (id) VALUES (NEW.id); RETURN NEW; END $$ LANGUAGE plpgsql`,
				`CREATE TRIGGER touch AFTER UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION touch()`}
		}
		for _, statement := range watch {
			if err := h.DB.Inside(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		var writes []func() error
		for _, i := range []int{5, 2, 7, 0, 3, 6, 1, 4} {
			p := h.Say(g, ids[i], "more")
			writes = append(writes, func() error { _, err := h.DB.Post(t.Context(), p); return err })
		}
		if err := errors.Join(batch(t, h, b.hold(h), writes...)...); err != nil {
			t.Fatal(err)
		}
		_, read := h.DB.Pools()
		var order string
		if err := read.QueryRowContext(t.Context(), inOrder(t)).Scan(&order); err != nil {
			t.Fatal(err)
		}
		if want := strings.Join(ids, ","); order != want {
			t.Fatalf("touched %s\nwant    %s", order, want)
		}
	})
}

func inOrder(t *testing.T) string {
	if strings.HasSuffix(t.Name(), "Postgres") {
		return `SELECT string_agg(id, ',' ORDER BY n) FROM touched`
	}
	return `SELECT group_concat(id, ',' ORDER BY n) FROM touched`
}

// What cannot be recorded is not done.
func TestWithoutAChainNothingThatMustBeRecordedHappens(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, _ *brake) {
		var none store.Sealer
		db := h.Open(t)
		db.SetChain(none)
		changed := h.Channel
		changed.Name = "changed"
		if err := db.UpdateChannel(t.Context(), changed, h.Draft(audit.ChannelChanged, "")); err == nil {
			t.Fatal("an unrecorded change was made")
		}
		got, err := db.Channel(t.Context(), storetest.Main, h.Channel.ID)
		if err != nil || got.Name != h.Channel.Name {
			t.Fatalf("%q, %v", got.Name, err)
		}
	})
}

func TestCloseCommitsWhatWaitsAndRefusesTheRest(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, b *brake) {
		g := h.Enter(h.Verified("u-1"))
		p := h.Begin(g, "last word")
		release := b.hold(h)
		written := make(chan error, 1)
		go func() { _, err := h.DB.Post(t.Context(), p); written <- err }()
		eventually(t, "it waits", func() bool { return h.DB.Waiting() == 1 })
		closed := make(chan error, 1)
		go func() { closed <- h.DB.Close() }()
		release()
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
		if err := <-written; err != nil && !errors.Is(err, store.ErrClosed) {
			t.Fatal(err)
		} else if err == nil {
			again := h.Open(t)
			if _, err := again.Conversation(t.Context(), storetest.Main, g.Contact.ID, p.Create.ID); err != nil {
				t.Fatalf("acknowledged and lost: %v", err)
			}
		}
		if _, err := h.DB.Post(t.Context(), p); !errors.Is(err, store.ErrClosed) {
			t.Fatalf("after Close: %v", err)
		}
	})
}

// Whoever gets a later sequence must not become visible to a reader before
// whoever has the earlier one: a reader that has passed 7 never comes back for 6.
func TestALateCommitIsNeverSteppedOver(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, _ *brake) {
		g := h.Enter(h.Verified("u-1"))
		post := h.Begin(g, "fast")
		before := h.Head()
		slow := appendAndHang(t, h, before.Seq+1)
		fast := make(chan error, 1)
		go func() { _, err := h.DB.Post(t.Context(), post); fast <- err }()
		for range 50 {
			if head := h.Head(); head.Seq != before.Seq {
				t.Fatalf("the head moved to %d past a transaction that holds it", head.Seq)
			}
			if list := h.Events(before.Seq); len(list) != 0 {
				t.Fatalf("a reader sees %d while an earlier transaction is open", list[0].Seq)
			}
			select {
			case err := <-fast:
				t.Fatalf("a post overtook the open transaction: %v", err)
			case <-time.After(2 * time.Millisecond):
			}
		}
		if _, err := slow.ExecContext(t.Context(), `COMMIT`); err != nil {
			t.Fatal(err)
		}
		if err := <-fast; err != nil {
			t.Fatal(err)
		}
		list := h.Events(before.Seq)
		if len(list) != 3 {
			t.Fatalf("%d events, want 3", len(list))
		}
		for i, e := range list {
			if e.Seq != before.Seq+int64(i)+1 {
				t.Fatalf("a gap or a repeat at %d", e.Seq)
			}
		}
	})
}

// appendAndHang is another node in the middle of its transaction: it has locked the
// head and appended an event, and has not committed.
func appendAndHang(t *testing.T, h *storetest.House, seq int64) *sql.Conn {
	t.Helper()
	_, pool := h.Open(t).Pools()
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	statements := []string{`BEGIN`, `UPDATE head SET seq = seq + 1 WHERE id = 1`,
		fmt.Sprintf(`INSERT INTO events (seq, workspace, audience, kind, channel, contact, conversation, session, key_id, agent, at, body)
		VALUES (%d, 'main', 'agents', 'contact.updated', '', '', '', '', '', '', 1, '{}')`, seq)}
	if strings.HasSuffix(t.Name(), "SQLite") {
		statements[0] = `BEGIN IMMEDIATE`
		statements = append([]string{`PRAGMA query_only = 0`}, statements...)
	}
	for _, s := range statements {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func TestAFullDiskFailsTheWriteAndLeavesTheStoreAlive(t *testing.T) {
	h := storetest.NewHouse(t, sqlite(t))
	g := h.Enter(h.Verified("u-1"))
	if err := h.DB.Inside(t.Context(), `PRAGMA max_page_count = 1`); err != nil { // no smaller than it is
		t.Fatal(err)
	}
	var full error
	for range 50 {
		p := h.Begin(g, strings.Repeat("much ", 3000))
		if _, full = h.DB.Post(t.Context(), p); full != nil {
			break
		}
	}
	if full == nil || errors.Is(full, chat.ErrSessionEnded) || errors.Is(full, chat.ErrNotFound) {
		t.Fatalf("a full disk answers %v", full)
	}
	if err := h.DB.Inside(t.Context(), `PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	before := h.Head().Seq
	h.Post(h.Begin(g, "there is room again"))
	if list := h.Events(before); len(list) != 2 || list[1].Kind != event.MessageCreated {
		t.Fatalf("events %v", list)
	}
}
