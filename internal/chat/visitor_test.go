package chat_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

var audit0 audit.Draft

func TestAnothersConversationIsNotFoundAtEveryDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "mine")
		for name, r := range map[string]chat.Result{
			"another person": w.open(w.proves("bob"), chat.Device{}),
			"her claim":      w.open(w.claims("alice"), chat.Device{}),
			"nobody":         w.open(w.silent(), chat.Device{}),
			"weaker key":     w.open(w.provesBy(w.keys[identity.SignsEither], identity.Assertion{Email: "alice@example.com"}), chat.Device{}),
		} {
			for _, id := range []string{thread, "cnv_none", "", "../" + thread, thread + "\x00", strings.Repeat("a", 65)} {
				for call, try := range calls(w, r.Session, id) {
					switch call {
					case "Conversation", "Post", "Messages", "MarkRead", "Typing":
						if err := try(); !errors.Is(err, chat.ErrNotFound) {
							t.Errorf("%s, %s of %q: %v", name, call, id, err)
						}
					}
				}
			}
		}
		if len(w.typed) != 0 || len(w.store.marks) != 0 || len(w.store.messages) != 1 {
			t.Error("something was done to it")
		}
	})
}

func TestVisitorPostsWithWhatTheSessionProved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		posted, err := w.chat.Post(w.ctx, alice.Session, thread, chat.Writing{Text: "again", ClientID: "c-1"})
		if err != nil {
			t.Fatal(err)
		}
		m := posted.Message
		if m.Tier != policy.Verified || m.Method != identity.MethodHMAC || m.Key != "key_user_id" || m.Session != alice.Session.ID ||
			m.Contact != alice.Session.Contact || m.AuthorID != alice.Session.Contact || m.Audience != event.AudienceVisitor || m.Author != chat.ByVisitor {
			t.Errorf("%+v", m)
		}
		post := w.store.posts[len(w.store.posts)-1]
		if len(post.TokenHash) != 6+32 || post.Login != "" || !post.Reopen {
			t.Errorf("%+v", post)
		}
	})
}

func TestSameClientIDIsTheSameMessageAndTheSameConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		writing := chat.Writing{Text: "hello", ClientID: "first"}
		one, err := w.chat.Create(w.ctx, alice.Session, writing)
		if err != nil {
			t.Fatal(err)
		}
		two, err := w.chat.Create(w.ctx, alice.Session, writing) // the answer was lost on the way
		if err != nil || two.Conversation.ID != one.Conversation.ID || two.Message.ID != one.Message.ID {
			t.Errorf("%v, %+v", err, two)
		}
		other := w.open(w.proves("bob"), chat.Device{})
		three, err := w.chat.Create(w.ctx, other.Session, writing)
		if err != nil || three.Conversation.ID == one.Conversation.ID {
			t.Errorf("another's client id met hers: %v", err)
		}
		without, err := w.chat.Create(w.ctx, alice.Session, chat.Writing{})
		if err != nil || without.Message.ID != "" || without.Conversation.ID == one.Conversation.ID {
			t.Errorf("%v %+v", err, without)
		}
	})
}

func TestTextThatCannotBeShownIsRefusedBeforeTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		posts := len(w.store.posts)
		for name, text := range map[string]string{
			"empty": "", "blank": " \n\t\u00a0", "nothing to be seen": "\u200b\u2060 \ufeff", "turns and joiners alone": "\u202e\u2066\u200d\ufe0f",
			"blanks that are letters": "\u3164\u115f\uffa0", "Braille blank": "\u2800", "tags": "\U000E0041",
			"NUL": "a\x00b", "escape": "a\x1b[2Jb", "C1": "a\u009bb", "carriage return": "a\rb",
			"not UTF-8": "a\xff", "too long": strings.Repeat("a", chat.MaxTextBytes+1), "too long in bytes": strings.Repeat("é", chat.MaxTextBytes/2+1),
		} {
			if _, err := w.chat.Post(w.ctx, alice.Session, thread, chat.Writing{Text: text, ClientID: "x"}); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, id := range map[string]string{"long": strings.Repeat("a", 65), "blank": "a b", "dot": "a.b", "NUL": "a\x00", "é": "é"} {
			if _, err := w.chat.Post(w.ctx, alice.Session, thread, chat.Writing{Text: "x", ClientID: id}); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("client id %s: %v", name, err)
			}
			if _, err := w.chat.Create(w.ctx, alice.Session, chat.Writing{ClientID: id}); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("client id %s of a conversation: %v", name, err)
			}
		}
		if err := w.chat.MarkRead(w.ctx, alice.Session, thread, -1); !errors.Is(err, chat.ErrInvalid) {
			t.Errorf("negative read mark: %v", err)
		}
		if len(w.store.posts) != posts {
			t.Error("a refused text reached the store")
		}
		for _, text := range []string{"a", "two\nlines\tand a tab", "שלום 👋", "👩\u200d🚀", "\U0001FADC", "\u200bx", strings.Repeat("a", chat.MaxTextBytes)} {
			if _, err := w.chat.Post(w.ctx, alice.Session, thread, chat.Writing{Text: text}); err != nil {
				t.Errorf("%.10q: %v", text, err)
			}
		}
	})
}

func FuzzCleanText(f *testing.F) {
	for _, seed := range []string{"hello", "a\r\nb", "\x00", "\xff\xfe", "\u202e", strings.Repeat("é", 9000), "\t", "\u2028", "🏳️‍🌈", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, err := chat.CleanText(text)
		if err != nil {
			if clean != "" {
				t.Fatal("a refused text came back")
			}
			return
		}
		if !utf8.ValidString(clean) || len(clean) > chat.MaxTextBytes || strings.TrimSpace(clean) == "" {
			t.Fatalf("let through %q", clean)
		}
		for _, r := range clean {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				t.Fatalf("let through %q", r)
			}
		}
		if again, err := chat.CleanText(clean); err != nil || again != clean {
			t.Fatalf("twice is not once: %q, %v", again, err)
		}
		if preview := chat.Preview(clean); utf8.RuneCountInString(preview) > 140 || strings.ContainsAny(preview, "\n\t") {
			t.Fatalf("preview %q", preview)
		}
	})
}

func TestPagesGoOnWhereTheyEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "0")
		for range 6 {
			if _, err := w.chat.Post(w.ctx, alice.Session, thread, chat.Writing{Text: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		var seqs []int64
		before, more := int64(0), true
		for pages := 0; more; pages++ {
			var list []chat.Message
			var err error
			if list, more, err = w.chat.Messages(w.ctx, alice.Session, thread, before, 3); err != nil || pages > 3 {
				t.Fatal(err, pages)
			}
			for i := 1; i < len(list); i++ {
				if list[i].Seq <= list[i-1].Seq {
					t.Error("not oldest first")
				}
			}
			before = list[0].Seq
			for _, m := range list {
				seqs = append(seqs, m.Seq)
			}
		}
		if len(seqs) != 7 {
			t.Errorf("saw %v", seqs)
		}
		w.says(alice.Session, "another")
		first, next, err := w.chat.Conversations(w.ctx, alice.Session, chat.Cursor{}, 1)
		if err != nil || len(first) != 1 || next.ID != first[0].ID {
			t.Fatal(first, next, err)
		}
		second, next, err := w.chat.Conversations(w.ctx, alice.Session, next, 1)
		if err != nil || len(second) != 1 || second[0].ID == first[0].ID || next != (chat.Cursor{}) {
			t.Error(second, next, err)
		}
	})
}

func TestConversationsAreNotBegunWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		var err error
		n := 0
		for ; n < 1000 && err == nil; n++ {
			_, err = w.chat.Create(w.ctx, alice.Session, chat.Writing{})
		}
		if !errors.Is(err, chat.ErrTooMany) {
			t.Errorf("after %d: %v", n, err)
		}
	})
}

func TestTypingSaysWhoToTheOtherSideAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		if err := w.chat.Typing(w.ctx, alice.Session, thread); err != nil {
			t.Fatal(err)
		}
		if err := w.chat.ReplyTyping(w.ctx, w.agent(policy.AgentR), thread, "Zoë"); err != nil {
			t.Fatal(err)
		}
		visitor, agent := w.typed[0], w.typed[1]
		if visitor.Agent != "" || string(visitor.Body) != `{"conversation_id":"`+thread+`","author":{"kind":"visitor"}}` {
			t.Errorf("%+v %s", visitor, visitor.Body)
		}
		if agent.Agent != "agt_1" || agent.Contact != alice.Session.Contact || string(agent.Body) != `{"conversation_id":"`+thread+`","author":{"kind":"agent","name":"Zoë"}}` {
			t.Errorf("%+v %s", agent, agent.Body)
		}
		for _, e := range w.typed {
			if e.Seq != 0 || e.Kind != event.Typing || e.Session != "" || e.Key != "" || e.At.Before(time.Now().Add(-time.Second)) {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestOnePersonPostsAtMostItsBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice, bob := w.open(w.proves("alice"), chat.Device{}), w.open(w.proves("bob"), chat.Device{})
		second := w.open(w.proves("alice"), chat.Device{})
		thread, his := w.says(alice.Session, "hello"), w.says(bob.Session, "hello")
		flood := func(s chat.Session, thread string, n int) (posted int) {
			for range n {
				if _, err := w.chat.Post(w.ctx, s, thread, chat.Writing{Text: "x"}); err == nil {
					posted++
				} else if !errors.Is(err, chat.ErrTooMany) {
					t.Fatal(err)
				}
			}
			return posted
		}
		if n := flood(alice.Session, thread, 300); n != 199 { // "hello" was one
			t.Errorf("a flood of 300: %d posted", n)
		}
		if n := flood(second.Session, thread, 10); n != 0 {
			t.Errorf("her other session posts %d more", n)
		}
		if n := flood(bob.Session, his, 10); n != 10 {
			t.Errorf("somebody else posts %d of 10", n)
		}
		w.later(time.Second)
		if n := flood(alice.Session, thread, 300); n != 50 {
			t.Errorf("a second later: %d posted", n)
		}
	})
}
