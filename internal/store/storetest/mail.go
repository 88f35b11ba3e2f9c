package storetest

import (
	"fmt"
	"sync"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/deliver"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// TakeCodes lets the house's channel take emailed codes.
func (h *House) TakeCodes() {
	h.Helper()
	_, err := h.DB.SetEmailCode(h.ctx(), Main, h.Channel.ID, true, h.Draft(audit.ChannelChanged, h.Channel.ID))
	h.must(err)
}

// guestAsker is an anonymous session that may ask for a code.
func (h *House) guestAsker() (Guest, trust.Asker) {
	h.Helper()
	g := h.Enter(h.Anonymous(h.Visitor(), true))
	return g, trust.Asker{ID: g.Session.ID, Session: g.Session.ID, Workspace: Main, Channel: h.Channel.ID}
}

func (h *House) code(asker trust.Asker, address string) (trust.CodeRow, deliver.Letter) {
	now, err := h.DB.Now(h.ctx())
	h.must(err)
	row := trust.CodeRow{
		ID: h.ID("cod"), Asker: asker, Realm: Main, Address: address, Sealed: []byte("sealed " + address), Tag: []byte("tag"),
		CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute),
	}
	return row, h.letter(deliver.CodeLetter, row.ID)
}

func (h *House) letter(kind deliver.Kind, ref string) deliver.Letter {
	now, err := h.DB.Now(h.ctx())
	h.must(err)
	return deliver.Letter{
		ID: h.ID("ltr"), Workspace: Main, Kind: kind, Ref: ref, Recipient: "a…@x.example", Sealed: []byte("sealed"), State: deliver.Waiting,
		NextAt: now, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// try answers with what was handed to judge.
func (h *House) try(asker trust.Asker, right bool) trust.CodeRow {
	h.Helper()
	var seen trust.CodeRow
	h.must(h.DB.TryCode(h.ctx(), asker, wrongQuota, func(row trust.CodeRow, _ time.Time) bool {
		seen = row
		return right && len(row.Tag) > 0
	}))
	return seen
}

func wrongQuota(address string) trust.Quota { return trust.Quota{Name: "wrong:" + address, Day: 20} }

// mailTests are the outbox and the codes.
var mailTests = []test{
	{"a letter is one worker's at a time, and says nothing when it is done", func(h *House) {
		h.TakeCodes()
		_, asker := h.guestAsker()
		row, letter := h.code(asker, "ada")
		h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
		due, err := h.DB.DueLetter(h.ctx())
		h.must(err)
		if due.IsZero() {
			h.Fatal("no letter is due")
		}
		nodes := []deliver.Queue{h.DB, h.Open(h)}
		var mu sync.Mutex
		var claimed []deliver.Letter
		var group sync.WaitGroup
		for i := range 8 {
			group.Add(1)
			go func() {
				defer group.Done()
				list, err := nodes[i%2].ClaimLetters(h.ctx(), time.Minute, 8)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					h.Error(err)
				}
				claimed = append(claimed, list...)
			}()
		}
		group.Wait()
		if len(claimed) != 1 || claimed[0].Attempts != 1 || string(claimed[0].Sealed) != "sealed" {
			h.Fatalf("claimed %+v", claimed)
		}
		stale := claimed[0]
		stale.Attempts = 0
		h.must(h.DB.SettleLetter(h.ctx(), stale, deliver.Outcome{State: deliver.Failed, Error: "of an attempt that was overtaken"}))
		h.must(h.DB.SettleLetter(h.ctx(), claimed[0], deliver.Outcome{State: deliver.Waiting, Error: "450 later"}))
		list, err := h.DB.ClaimLetters(h.ctx(), time.Minute, 8)
		h.must(err)
		if len(list) != 1 || list[0].Attempts != 2 || list[0].LastError != "450 later" {
			h.Fatalf("again: %+v", list)
		}
		h.must(h.DB.SettleLetter(h.ctx(), list[0], deliver.Outcome{State: deliver.Sent}))
		log, err := h.DB.Letters(h.ctx(), Main, 10)
		h.must(err)
		if len(log) != 1 || log[0].State != deliver.Sent || log[0].DoneAt.IsZero() || len(log[0].Sealed) != 0 {
			h.Fatalf("the log: %+v", log)
		}
		if due, err = h.DB.DueLetter(h.ctx()); err != nil || !due.IsZero() {
			h.Errorf("due %v, %v", due, err)
		}
		h.must(h.DB.SweepLetters(h.ctx(), 0))
	}},
	{"a crashed worker's letter is another's when the lease is over", func(h *House) {
		h.TakeCodes()
		_, asker := h.guestAsker()
		row, letter := h.code(asker, "ada")
		h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
		first, err := h.DB.ClaimLetters(h.ctx(), 0, 8) // a lease that is over at once
		h.must(err)
		second, err := h.DB.ClaimLetters(h.ctx(), time.Minute, 8)
		h.must(err)
		if len(first) != 1 || len(second) != 1 || first[0].ID != second[0].ID || second[0].Attempts != 2 {
			h.Fatalf("%+v, %+v", first, second)
		}
	}},
	{"a code that was replaced, used, or whose session has ended is not mailed any more", func(h *House) {
		h.TakeCodes()
		for name, spoil := range map[string]func(Guest, trust.Asker){
			"replaced": func(_ Guest, a trust.Asker) {
				row, letter := h.code(a, "eve")
				letter.State = deliver.Withheld
				h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
			},
			"used":  func(_ Guest, a trust.Asker) { h.try(a, true) },
			"ended": func(g Guest, _ trust.Asker) { h.must(h.DB.EndSession(h.ctx(), Main, g.Session.ID, h.Now)) },
		} {
			g, asker := h.guestAsker()
			row, letter := h.code(asker, "ada")
			h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
			spoil(g, asker)
			list, err := h.DB.ClaimLetters(h.ctx(), time.Minute, 8)
			h.must(err)
			if len(list) != 0 {
				h.Errorf("%s: %+v", name, list)
			}
		}
	}},
	{"a code is its asker's alone, and right once", func(h *House) {
		h.TakeCodes()
		_, asker := h.guestAsker()
		_, thief := h.guestAsker()
		row, letter := h.code(asker, "ada")
		h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
		same(h, "a thief's code", h.try(thief, true).ID, "")
		forged := asker
		forged.Session = thief.Session // the id of one, the session of another
		same(h, "a forged asker's code", h.try(forged, true).ID, "")
		attempt := asker
		attempt.Session = ""
		same(h, "an attempt by the session's name", h.try(attempt, true).ID, "")
		same(h, "the asker's code", h.try(asker, true).ID, row.ID)
		same(h, "the same again", h.try(asker, true).ID, "")
	}},
	{"two right answers at once spend one code", func(h *House) {
		h.TakeCodes()
		_, asker := h.guestAsker()
		row, letter := h.code(asker, "ada")
		h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
		nodes := []trust.CodeStore{h.DB, h.Open(h)}
		var mu sync.Mutex
		spent := 0
		var group sync.WaitGroup
		for i := range 10 {
			group.Add(1)
			go func() {
				defer group.Done()
				err := nodes[i%2].TryCode(h.ctx(), asker, wrongQuota, func(row trust.CodeRow, _ time.Time) bool {
					mu.Lock()
					defer mu.Unlock()
					if row.ID != "" {
						spent++
					}
					return row.ID != ""
				})
				if err != nil {
					h.Error(err)
				}
			}()
		}
		group.Wait()
		same(h, "spent", spent, 1)
	}},
	{"each wrong try is counted, whichever node it came to, and a new code begins at none", func(h *House) {
		h.TakeCodes()
		_, asker := h.guestAsker()
		row, letter := h.code(asker, "ada")
		h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
		nodes := []trust.CodeStore{h.DB, h.Open(h)}
		for n := range identity.CodeTries + 2 {
			seen := -1
			h.must(nodes[n%2].TryCode(h.ctx(), asker, wrongQuota, func(row trust.CodeRow, _ time.Time) bool { seen = row.Tries; return false }))
			same(h, "tries before", seen, min(n, identity.CodeTries))
		}
		row, letter = h.code(asker, "ada")
		h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
		same(h, "of a new code", h.try(asker, true).Tries, 0)
	}},
	{"twenty wrong tries a day for an address, over all sessions and nodes", func(h *House) {
		h.TakeCodes()
		other := h.Open(h)
		wrong := 0
		for range 5 {
			_, asker := h.guestAsker()
			row, letter := h.code(asker, "ada")
			h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
			for range identity.CodeTries + 2 {
				h.must(other.TryCode(h.ctx(), asker, wrongQuota, func(row trust.CodeRow, _ time.Time) bool {
					if len(row.Tag) > 0 && row.Tries < identity.CodeTries {
						wrong++
					}
					return false
				}))
			}
		}
		same(h, "tries that could have been right", wrong, 20)
		_, asker := h.guestAsker()
		row, letter := h.code(asker, "ada")
		limits := trust.CodeLimits{Wrong: wrongQuota("ada")}
		h.must(h.DB.PutCode(h.ctx(), row, limits, letter))
		same(h, "a code after that", len(h.try(asker, true).Tag), 0)
		row, letter = h.code(asker, "bob") // somebody else's mailbox is open
		limits.Wrong = wrongQuota("bob")
		h.must(h.DB.PutCode(h.ctx(), row, limits, letter))
		same(h, "another address", h.try(asker, true).ID, row.ID)
	}},
	{"a mailbox gets so many letters and no more, and asking in vain costs it nothing", func(h *House) {
		h.TakeCodes()
		limits := func(address string) trust.CodeLimits {
			return trust.CodeLimits{Mailed: []trust.Quota{{Name: "mailed:" + address, Hour: 3, Day: 10}}, Wrong: wrongQuota(address)}
		}
		for range 6 {
			_, asker := h.guestAsker()
			row, letter := h.code(asker, "ada")
			h.must(h.DB.PutCode(h.ctx(), row, limits("ada"), letter))
		}
		states := map[deliver.State]int{}
		letters, err := h.DB.Letters(h.ctx(), Main, 20)
		h.must(err)
		for _, l := range letters {
			states[l.State]++
		}
		same(h, "states", fmt.Sprint(states), "map[waiting:3 withheld:3]")
		// The one code that the asker has goes on; one for another address does not.
		_, asker := h.guestAsker()
		row, letter := h.code(asker, "bob")
		h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
		again, letter := h.code(asker, "bob")
		full := trust.CodeLimits{Mailed: []trust.Quota{{Name: "mailed:ada", Hour: 3}}}
		h.must(h.DB.PutCode(h.ctx(), again, full, letter))
		same(h, "the code before", h.try(asker, false).ID, row.ID)
		third, letter := h.code(asker, "ada")
		h.must(h.DB.PutCode(h.ctx(), third, full, letter))
		same(h, "a withheld one", len(h.try(asker, true).Tag), 0)
		// The asker's own limit is an answer, and writes nothing.
		_, asker = h.guestAsker()
		mine := trust.CodeLimits{Asked: []trust.Quota{{Name: "asker:x", Hour: 1}}}
		row, letter = h.code(asker, "cy")
		h.must(h.DB.PutCode(h.ctx(), row, mine, letter))
		_, letter = h.code(asker, "cy")
		h.is(h.DB.PutCode(h.ctx(), row, mine, letter), trust.ErrAskedTooOften)
	}},
	{"only a live session that proved nothing asks and tries, and only where codes are taken", func(h *House) {
		g, asker := h.guestAsker()
		row, letter := h.code(asker, "ada")
		h.is(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter), trust.ErrNoCodes)
		h.TakeCodes()
		verified := h.Enter(h.Verified("u-1"))
		as := trust.Asker{ID: verified.Session.ID, Session: verified.Session.ID, Workspace: Main, Channel: h.Channel.ID}
		proved, letter2 := h.code(as, "ada")
		h.is(h.DB.PutCode(h.ctx(), proved, trust.CodeLimits{}, letter2), trust.ErrAskerGone)
		h.must(h.DB.PutCode(h.ctx(), row, trust.CodeLimits{}, letter))
		h.must(h.DB.EndSession(h.ctx(), Main, g.Session.ID, h.Now))
		judged := false
		h.is(h.DB.TryCode(h.ctx(), asker, wrongQuota, func(trust.CodeRow, time.Time) bool { judged = true; return true }), trust.ErrAskerGone)
		same(h, "judged", judged, false)
	}},
	{"a code session stands while the channel takes codes, and ends with that", func(h *House) {
		mailbox := identity.Identifier{Realm: Main, Kind: identity.KindEmail, Value: "ada@shop.example"}
		proved := func() chat.Opening {
			o := h.As(h.opening(policy.Verified, h.Visitor(), true), "x")
			o.Verdict = chat.Record{Tier: policy.Verified, Method: identity.MethodCode, Identifiers: []identity.Identifier{mailbox}}
			o.Links = []chat.Link{{Workspace: Main, Identifier: mailbox, Method: identity.MethodCode, At: h.Now}}
			return o
		}
		_, err := h.DB.OpenSession(h.ctx(), proved())
		h.is(err, chat.ErrSessionEnded)
		h.TakeCodes()
		g, again, signed := h.Enter(proved()), h.Enter(proved()), h.Enter(h.Verified("u-1"))
		same(h, "one mailbox, one contact", g.Contact.ID, again.Contact.ID)
		same(h, "stands", h.Stands(g.Token), policy.Stands)
		links, err := h.DB.LinksOf(h.ctx(), Main, g.Contact.ID)
		h.must(err)
		if len(links) != 1 || links[0].Method != identity.MethodCode || links[0].Key != "" {
			h.Errorf("%+v", links)
		}
		live, err := h.DB.CodeSessions(h.ctx(), Main, h.Channel.ID, h.Now)
		h.must(err)
		same(h, "live", live, 2)
		before := h.Head()
		n, err := h.DB.SetEmailCode(h.ctx(), Main, h.Channel.ID, false, h.Draft(audit.ChannelChanged, h.Channel.ID))
		h.must(err)
		same(h, "ended", n, 2)
		same(h, "code session", h.Stands(g.Token), policy.EndedPolicy)
		same(h, "signed session", h.Stands(signed.Token), policy.Stands)
		if h.Head().Epoch == before.Epoch {
			h.Error("the epoch stands")
		}
		heard := map[event.Kind]int{}
		for _, e := range h.Events(before.Seq) {
			heard[e.Kind]++
		}
		if heard[event.SessionEnded] != 2 || heard[event.ChannelChanged] != 1 {
			h.Errorf("events %v", heard)
		}
		trail := h.Trail()
		same(h, "the record", trail[len(trail)-1].Detail["sessions_ended"], "2")
		// Whatever the row said when it was written, a channel that takes no codes gives it no standing.
		_, err = h.DB.OpenSession(h.ctx(), proved())
		h.is(err, chat.ErrSessionEnded)
	}},
}
