package storetest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/team"
)

func person(value string) identity.Identifier {
	return identity.Identifier{Realm: Main, Kind: identity.KindUserID, Value: value}
}

// about records something about a person and says by which subject.
func (h *House) about(workspace string, who identity.Identifier) string {
	h.Helper()
	d := h.Draft(audit.SessionOpened, "")
	d.Workspace, d.Person = workspace, who
	h.must(h.DB.Record(h.ctx(), d))
	page, err := h.DB.Entries(h.ctx(), workspace, audit.Filter{Limit: 1})
	h.must(err)
	return page.Entries[0].Subject
}

var recordTests = []test{
	{"a person has one pseudonym, which says nothing to whoever is not told", func(h *House) {
		ada := h.about(Main, person("ada"))
		if !strings.HasPrefix(ada, audit.PseudonymPrefix) || strings.Contains(ada, "ada") {
			h.Fatalf("the pseudonym is %q", ada)
		}
		same(h, "again", h.about(Main, person("ada")), ada)
		second := h.Open(h)
		d := h.Draft(audit.IdentityRefused, "")
		d.Person = person("ada")
		h.must(second.Record(h.ctx(), d))
		page, err := second.Entries(h.ctx(), Main, audit.Filter{Limit: 1})
		h.must(err)
		same(h, "on another node", page.Entries[0].Subject, ada)
		for name, other := range map[string]string{
			"somebody else":    h.about(Main, person("bob")),
			"another realm":    h.about(Main, identity.Identifier{Realm: "x", Kind: identity.KindUserID, Value: "ada"}),
			"an address":       h.about(Main, identity.Identifier{Realm: Main, Kind: identity.KindEmail, Value: "ada"}),
			"next door's ada":  h.about(Other, person("ada")),
			"who has no name ": "",
		} {
			if other == ada {
				h.Errorf("%s has ada's pseudonym", name)
			}
		}
		people, err := h.DB.People(h.ctx(), Main, []string{ada, "psn_none", ""})
		h.must(err)
		same(h, "people", len(people), 1)
		same(h, "whom it stands for", people[ada].Identifier, person("ada"))
		people, err = h.DB.People(h.ctx(), Other, []string{ada})
		h.must(err)
		same(h, "next door", len(people), 0)
	}},
	{"a name or a contact leads to all its subjects, in its own workspace", func(h *House) {
		mail := identity.Identifier{Realm: Main, Kind: identity.KindEmail, Value: "ada@example.com"}
		g := h.Enter(h.As(h.Verified("ada"), "ada", mail))
		byID, byMail := h.about(Main, person("ada")), h.about(Main, mail)
		for _, name := range []string{"ada", "Ada@Example.com", g.Contact.ID} {
			subjects, err := h.DB.SubjectsOf(h.ctx(), Main, name)
			h.must(err)
			for _, want := range []string{byID, byMail, g.Contact.ID} {
				if !slices.Contains(subjects, want) {
					h.Errorf("%s leads to %v, and not to %s", name, subjects, want)
				}
			}
			people, err := h.DB.People(h.ctx(), Main, []string{byID})
			h.must(err)
			same(h, "contact", people[byID].Contact, g.Contact.ID)
			subjects, err = h.DB.SubjectsOf(h.ctx(), Other, name)
			h.must(err)
			if slices.Contains(subjects, byID) || slices.Contains(subjects, byMail) {
				h.Errorf("%s leads next door to %v", name, subjects)
			}
		}
		subjects, err := h.DB.SubjectsOf(h.ctx(), Main, "nobody")
		h.must(err)
		same(h, "nobody", len(subjects), 0)
	}},
	{"who did something keeps their name, in their own workspace", func(h *House) {
		now := h.Now
		token := team.Token{ID: "tok_ci", TokenHash: []byte("ci"), Workspace: Main, Name: "CI", CreatedBy: "agent:" + h.Owner.ID, CreatedAt: now}
		h.must(h.DB.AddToken(h.ctx(), token, h.Draft(audit.TokenCreated, token.ID)))
		h.must(h.DB.RevokeToken(h.ctx(), Main, token.ID, now, h.Draft(audit.TokenRevoked, token.ID)))
		gone := team.Agent{ID: "agt_gone", Workspace: Main, Email: "gone@example.com", Role: policy.AgentR, CreatedAt: now}
		h.must(h.DB.AddAgent(h.ctx(), gone, team.Link{TokenHash: []byte("gone"), Workspace: Main, Agent: gone.ID, ExpiresAt: now.Add(time.Hour)}, h.Draft(audit.AgentInvited, gone.ID)))
		h.must(h.DB.RemoveAgent(h.ctx(), Main, gone.ID, now, h.Draft(audit.AgentRemoved, gone.ID)))
		asked := []string{"token:tok_ci", "agent:agt_gone", "agent:" + h.Owner.ID, "token:agt_gone", "agent:tok_ci", "gate", "visitor:ses_1", ""}
		names, err := h.DB.Actors(h.ctx(), Main, asked)
		h.must(err)
		same(h, "names", len(names), 3)
		same(h, "a revoked token", names["token:tok_ci"], "CI")
		same(h, "a removed agent who chose no name", names["agent:agt_gone"], "gone@example.com")
		names, err = h.DB.Actors(h.ctx(), Other, asked)
		h.must(err)
		same(h, "next door", len(names), 0)
	}},
	{"any filter finds what walking the record finds, page by page", func(h *House) {
		random := rand.New(rand.NewPCG(1, 2))
		pick := func(of ...string) string { return of[random.IntN(len(of))] }
		for range 30 {
			drafts := make([]audit.Draft, 8)
			for i := range drafts {
				drafts[i] = audit.Draft{
					Workspace: pick(Main, Main, Main, Other), Actor: pick("gate", "gate", "cli:root", "server"), Channel: pick("chn_a", "chn_b", ""),
					Action: audit.Action(pick("session.opened", "identity.refused", "key.rotated", "key.revoked", "agent.joined")), Subject: pick("key_a", "key_b", "con_a", "con_b"),
					Detail: map[string]string{"reason": pick("proof_mismatch", "proof_missing", ""), "key": pick("key_a", "key_c", "")},
				}
			}
			h.must(h.DB.Record(h.ctx(), drafts...))
		}
		all := h.Trail()
		slices.Reverse(all)
		for range 60 {
			f := audit.Filter{
				Action: audit.Action(pick("", "", "session.opened", "key.rotated")), Group: pick("", "", "keys", "refusals"), Actor: pick("", "", "gate", "cli:root"),
				Channel: pick("", "", "chn_a"), Key: pick("", "", "key_a", "key_c"), Reason: pick("", "", "proof_missing"), Subject: pick("", "", "con_a", "key_b"), Limit: 1 + random.IntN(40),
			}
			if random.IntN(3) == 0 {
				f.Subjects = []string{"con_b", "key_a", "con_b"}
			}
			if random.IntN(3) == 0 {
				f.From, f.To = all[random.IntN(len(all))].At, all[random.IntN(len(all))].At
			}
			var want, got []string
			for _, e := range all {
				in := (f.From.IsZero() || !e.At.Before(f.From)) && (f.To.IsZero() || e.At.Before(f.To))
				if in && f.Match(e) {
					want = append(want, e.ID())
				}
			}
			for {
				page, err := h.DB.Entries(h.ctx(), Main, f)
				h.must(err)
				if len(page.Entries) > f.Limit || len(page.Positions) != len(page.Entries) {
					h.Fatalf("%d entries and %d positions on a page of %d", len(page.Entries), len(page.Positions), f.Limit)
				}
				for _, e := range page.Entries {
					got = append(got, e.ID())
				}
				if f.Before = page.Next; page.Next == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				f.Before = ""
				h.Fatalf("%+v finds %d entries, walking finds %d", f, len(got), len(want))
			}
		}
	}},
	{"a filter that hardly anything fits looks at so much at a time and no more", func(h *House) {
		rare := h.Draft(audit.KeyRevealed, "rare")
		rare.Channel = "chn_x"
		h.must(h.DB.Record(h.ctx(), rare))
		for range 5 {
			drafts := make([]audit.Draft, 1000)
			for i := range drafts {
				drafts[i] = h.Draft(audit.SessionOpened, "common")
				drafts[i].Channel = "chn_x"
			}
			h.must(h.DB.Record(h.ctx(), drafts...))
		}
		filter := audit.Filter{Actor: audit.GateActor, Channel: "chn_x"} // the gate has no index: the channel's is read
		pages := 0
		for {
			page, err := h.DB.Entries(h.ctx(), Main, filter)
			h.must(err)
			same(h, "found", len(page.Entries), 0)
			pages++
			if filter.Before = page.Next; page.Next == "" {
				break
			}
		}
		if pages < 2 || pages > 4 {
			h.Errorf("%d pages", pages)
		}
	}},
	{"the installation's side is walked, cut and swept by its indexes", func(h *House) {
		keeper := audit.NewKeeper(h.DB, audit.NewKeys(ChainKey, []byte("c")))
		h.about(Main, person("ada"))
		_, written, err := keeper.Checkpoint(h.ctx(), true)
		h.must(err)
		same(h, "written", written, true)
		state, err := h.DB.State(h.ctx())
		h.must(err)
		before, err := h.DB.CheckpointBefore(h.ctx(), time.Now().Add(time.Hour))
		h.must(err)
		same(h, "position", before.Position, state.Records)
		h.must(h.DB.MarkExported(h.ctx(), state.Records, h.Draft(audit.RecordExported, "")))
		h.must(h.DB.PutCut(h.ctx(), audit.Cut{}, audit.Cut{Position: 1, Number: 1, MAC: []byte("x")}, h.Draft(audit.RecordPruned, "")))
		h.is(h.DB.PutCut(h.ctx(), audit.Cut{}, audit.Cut{Position: 2, Number: 1, MAC: []byte("x")}, h.Draft(audit.RecordPruned, "")), audit.ErrConflict)
		more, err := h.DB.Sweep(h.ctx(), 1)
		h.must(err)
		same(h, "more", more, true)
		_, err = h.DB.Sweep(h.ctx(), 10)
		h.must(err)
		list, err := h.DB.Walk(h.ctx(), 0, 1)
		h.must(err)
		same(h, "first", list[0].Position, 2)
		position, err := h.DB.PositionOf(h.ctx(), list[0].Chain, list[0].Number)
		h.must(err)
		same(h, "found", position, 2)
		_, err = h.DB.PositionOf(h.ctx(), "x", 1)
		h.is(err, audit.ErrNoEntry)
	}},
}
