package chat_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
)

// provesMailbox is the verdict of somebody who typed the code that was mailed there.
func (w *world) provesMailbox(email string) policy.Verdict {
	key := identity.NewSecret([]byte("0123456789abcdef0123456789abcdef"))
	c := identity.Challenge{ID: "cod_1", Asker: "ses_1", Channel: w.channel.ID, Realm: w.channel.Realm, Email: email, ExpiresAt: time.Now().Add(time.Minute)}
	mailbox, err := identity.VerifyCode(key, c.Tagged(key, "123456"), "123456", time.Now())
	return policy.DecideCode(policy.CodeRule{Allowed: true}, mailbox, err)
}

func TestACodesSessionTakesTheGuestsPlaceAndThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		guest := w.open(w.silent(), chat.Device{})
		thread := w.says(guest.Session, "hello")
		ada, err := w.chat.OpenFrom(w.ctx, guest.Session, w.provesMailbox("ada@shop.example"), w.channel, chat.Device{Platform: policy.Web, VisitorToken: "of somebody else", Replaces: "of somebody else"})
		if err != nil || ada.Claimed != 1 || ada.Session.Visitor != guest.Session.Visitor || ada.VisitorToken != "" {
			t.Fatalf("%+v, %v", ada, err)
		}
		if seen := w.sees(ada.Session); len(seen) != 1 || seen[0] != thread {
			t.Errorf("sees %v", seen)
		}
		w.beat()
		if _, _, err := w.chat.Authenticate(w.ctx, guest.Token); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("the guest's session: %v", err)
		}
		for _, a := range w.store.attributes {
			if a.Contact == ada.Session.Contact && a.Name == "email" && (a.Provenance != chat.ByEmail || a.Method != identity.MethodCode) {
				t.Errorf("an address that no backend signed is %+v", a)
			}
		}
		if link := w.store.links[identity.Identifier{Realm: w.channel.Realm, Kind: identity.KindEmail, Value: "ada@shop.example"}]; link.Contact != ada.Session.Contact || link.Key != "" || link.Method != identity.MethodCode {
			t.Errorf("link %+v", link)
		}
	})
}

func TestNobodyBecomesSomebodyElseByACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		guest := w.open(w.silent(), chat.Device{})
		other := w.channel
		other.ID = "chn_other"
		mailbox := w.provesMailbox("ada@shop.example")
		for name, c := range map[string]struct {
			from    chat.Session
			verdict policy.Verdict
			channel string
		}{
			"a session that has proved somebody": {alice.Session, mailbox, w.channel.ID},
			"another channel's":                  {guest.Session, mailbox, other.ID},
			"a refused verdict":                  {guest.Session, policy.DecideCode(policy.CodeRule{}, identity.Mailbox{}, nil), w.channel.ID},
		} {
			channel := w.channel
			channel.ID = c.channel
			before := len(w.store.sessions)
			if _, err := w.chat.OpenFrom(w.ctx, c.from, c.verdict, channel, chat.Device{Platform: policy.Web}); !errors.Is(err, chat.ErrRefused) || len(w.store.sessions) != before {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.chat.LogOut(w.ctx, guest.Session); err != nil {
			t.Fatal(err)
		}
		w.beat()
		if _, err := w.chat.OpenFrom(w.ctx, guest.Session, mailbox, w.channel, chat.Device{Platform: policy.Web}); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("after log-out: %v", err)
		}
		if _, err := w.chat.OpenFrom(w.ctx, chat.Session{}, mailbox, w.channel, chat.Device{}); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("a made-up session: %v", err)
		}
	})
}
