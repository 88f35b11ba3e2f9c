package storetest

import (
	"fmt"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// tally is one arrival on the web of the house's channel.
func (h *House) tally(origin string, outcome trust.Outcome, marks ...int64) trust.Tally {
	cell := trust.Cell{
		Workspace: Main, Channel: h.Channel.ID, Day: trust.DayOf(h.Now), Platform: policy.Web, Origin: origin, Dialect: "native", Outcome: outcome,
	}
	if outcome == trust.CameClaimed {
		cell.Reason = identity.ProofMismatch
	}
	return trust.Tally{Cell: cell, N: 1, LastAt: h.Now, Marks: marks}
}

func (h *House) arrivals() map[string]int64 {
	h.Helper()
	list, err := h.DB.Arrivals(h.ctx(), Main, h.Channel.ID, 0)
	h.must(err)
	n := map[string]int64{}
	for _, t := range list {
		n[t.Origin] += t.N
	}
	return n
}

var arrivalTests = []test{
	{"counts add up over flushes, nodes and days", func(h *House) {
		second := h.Open(h)
		mine := "https://shop.example" // listed by the channel
		late := h.tally(mine, trust.CameVerified, 1, 2)
		late.Day, late.LastAt = late.Day-3, h.Now.Add(-72*time.Hour)
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{h.tally(mine, trust.CameVerified, 1), h.tally(mine, trust.CameClaimed, 3), late}))
		h.must(second.AddArrivals(h.ctx(), []trust.Tally{h.tally(mine, trust.CameVerified, 1, 2)}))
		list, err := h.DB.Arrivals(h.ctx(), Main, h.Channel.ID, 0)
		h.must(err)
		same(h, "rows", len(list), 2)
		for _, t := range list {
			want := map[trust.Outcome]int64{trust.CameVerified: 3, trust.CameClaimed: 1}[t.Outcome]
			same(h, string(t.Outcome), t.N, want)
			if !t.LastAt.Equal(h.Now) {
				h.Errorf("last seen %v, want %v", t.LastAt, h.Now)
			}
		}
		recent, err := h.DB.Arrivals(h.ctx(), Main, h.Channel.ID, trust.DayOf(h.Now))
		h.must(err)
		same(h, "rows of today", len(recent), 2)
		crowds, err := h.DB.Crowds(h.ctx(), Main, h.Channel.ID, 0)
		h.must(err)
		for _, c := range crowds {
			want := map[trust.Class]int{trust.ProofRight: 2, trust.ProofWrong: 1}[c.Class]
			same(h, fmt.Sprint("networks behind ", c.Class, " at ", c.Origin), c.Networks, want)
		}
		same(h, "crowds, and those of all origins", len(crowds), 4)
	}},
	{"made-up origins share a bounded list, and take no line from an allowed or proved one", func(h *House) {
		var flood []trust.Tally
		for i := range 400 {
			flood = append(flood, h.tally(fmt.Sprintf("https://made-up-%d.example", i), trust.CameClaimed))
		}
		h.must(h.DB.AddArrivals(h.ctx(), flood))
		domains, err := h.DB.Domains(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		same(h, "lines of strangers", len(domains), 100)
		same(h, "the rest", h.arrivals()[trust.Elsewhere], 300)
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{
			h.tally("https://shop.example", trust.CameAnonymous), h.tally("https://www.shop.example", trust.CameVerified), h.tally("https://one-more.example", trust.CameAnonymous),
		}))
		n := h.arrivals()
		same(h, "allowed", n["https://shop.example"], 1)
		same(h, "proved", n["https://www.shop.example"], 1)
		same(h, "one more stranger", n["https://one-more.example"], 0)
		// A holder of one proof can name any page: those are bounded as well.
		flood = nil
		for i := range 400 {
			flood = append(flood, h.tally(fmt.Sprintf("https://proved-%d.example", i), trust.CameVerified))
		}
		h.must(h.DB.AddArrivals(h.ctx(), flood))
		domains, err = h.DB.Domains(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		if len(domains) > 301 {
			h.Errorf("%d domains have a line", len(domains))
		}
	}},
	{"a flood of made-up origins hides new ones for a day and not for ever", func(h *House) {
		flood := func(round int, at time.Time) (list []trust.Tally) {
			for i := range 150 {
				t := h.tally(fmt.Sprintf("https://made-up-%d-%d.example", round, i), trust.CameAnonymous)
				t.Day, t.LastAt = trust.DayOf(at), at
				list = append(list, t)
			}
			return list
		}
		one := func(origin string, at time.Time) trust.Tally {
			t := h.tally(origin, trust.CameAnonymous)
			t.Day, t.LastAt = trust.DayOf(at), at
			return t
		}
		kept := func() map[string]bool {
			domains, err := h.DB.Domains(h.ctx(), Main, h.Channel.ID)
			h.must(err)
			list := map[string]bool{}
			for _, d := range domains {
				list[d.Origin] = true
			}
			return list
		}
		begin := h.Now.Add(-72 * time.Hour)
		seen := one("https://seen-before.example", begin)
		h.must(h.DB.AddArrivals(h.ctx(), append([]trust.Tally{seen}, flood(1, begin)...)))
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{one("https://too-soon.example", begin.Add(time.Hour))}))
		same(h, "a new one during the flood", kept()["https://too-soon.example"], false)
		// Those that somebody looked at and wants no warning of stay, and take no place from others.
		h.must(h.DB.IgnoreDomain(h.ctx(), Main, h.Channel.ID, "https://seen-before.example", h.Now, h.Draft(audit.DomainIgnored, h.Channel.ID)))
		later := begin.Add(25 * time.Hour)
		h.must(h.DB.AddArrivals(h.ctx(), append([]trust.Tally{one("https://new-shop.example", later)}, flood(2, later)...)))
		list := kept()
		same(h, "a new one a day later", list["https://new-shop.example"], true)
		same(h, "an ignored one", list["https://seen-before.example"], true)
		same(h, "lines", len(list), 101)
		same(h, "counts are lost by nobody", h.arrivals()["https://new-shop.example"], 1)
		if one := h.arrivals(); one[trust.Elsewhere] < 100 {
			h.Errorf("the rest is %d", one[trust.Elsewhere])
		}
	}},
	{"made-up versions do not fill the disk, nor hide one that proofs come from", func(h *House) {
		for round := range 3 {
			var flood []trust.Tally
			for i := range 400 {
				t := h.tally("https://shop.example", trust.CameClaimed)
				t.Version = fmt.Sprintf("9.%d.%d", round, i)
				flood = append(flood, t)
			}
			h.must(h.DB.AddArrivals(h.ctx(), flood))
		}
		real := h.tally("https://shop.example", trust.CameVerified)
		real.Version = "4.2.0"
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{real}))
		list, err := h.DB.Arrivals(h.ctx(), Main, h.Channel.ID, 0)
		h.must(err)
		if len(list) > 60 {
			h.Errorf("%d rows", len(list))
		}
		for _, t := range list {
			if t.Version == "4.2.0" {
				return
			}
		}
		h.Error("the version that proofs came from has no row")
	}},
	{"one network is no crowd, and a crowd is counted up to its bound", func(h *House) {
		mine := "https://shop.example"
		for range 5 {
			h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{h.tally(mine, trust.CameClaimed, 7)}))
		}
		var many []int64
		for i := range 200 {
			many = append(many, int64(1000+i))
		}
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{h.tally(mine, trust.CameVerified, many...)}))
		crowds, err := h.DB.Crowds(h.ctx(), Main, h.Channel.ID, 0)
		h.must(err)
		for _, c := range crowds {
			want := map[trust.Class]int{trust.ProofRight: trust.MostNetworks, trust.ProofWrong: 1}[c.Class]
			same(h, string(c.Class), c.Networks, want)
		}
	}},
	{"what is too old is forgotten", func(h *House) {
		old, edge := h.tally("https://shop.example", trust.CameVerified, 1), h.tally("https://shop.example", trust.CameVerified, 2)
		old.Day, old.LastAt = trust.DayOf(h.Now)-91, h.Now.Add(-91*24*time.Hour)
		edge.Day, edge.LastAt = trust.DayOf(h.Now)-90, h.Now.Add(-90*24*time.Hour)
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{old, edge}))
		h.must(h.DB.PruneArrivals(h.ctx(), h.Now))
		same(h, "loads", h.arrivals()["https://shop.example"], 1)
		crowds, err := h.DB.Crowds(h.ctx(), Main, h.Channel.ID, 0)
		h.must(err)
		same(h, "networks older than eight days", len(crowds), 0)
	}},
	{"what arrived after a moment is told, newest first", func(h *House) {
		early, late := h.tally("https://shop.example", trust.CameVerified), h.tally("https://shop.example", trust.CameAnonymous)
		early.LastAt, late.LastAt = h.Now.Add(time.Second), h.Now.Add(2*time.Second)
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{early, late}))
		for _, ask := range []struct {
			after time.Time
			n     int
		}{{h.Now, 2}, {h.Now.Add(time.Second), 1}, {h.Now.Add(2 * time.Second), 0}} {
			list, err := h.DB.ArrivedAfter(h.ctx(), Main, h.Channel.ID, ask.after)
			h.must(err)
			same(h, "arrivals", len(list), ask.n)
			if ask.n > 0 {
				same(h, "the newest", list[0].Outcome, trust.CameAnonymous)
			}
		}
	}},
	{"an ignored domain is marked, with a record, and one that has no line is not found", func(h *House) {
		origin := "https://stranger.example"
		h.is(h.DB.IgnoreDomain(h.ctx(), Main, h.Channel.ID, origin, h.Now, h.Draft(audit.DomainIgnored, h.Channel.ID)), workspace.ErrNotFound)
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{h.tally(origin, trust.CameAnonymous)}))
		h.must(h.DB.IgnoreDomain(h.ctx(), Main, h.Channel.ID, origin, h.Now, h.Draft(audit.DomainIgnored, h.Channel.ID)))
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{h.tally(origin, trust.CameAnonymous)}))
		domains, err := h.DB.Domains(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		same(h, "ignored since", domains[0].IgnoredAt.Equal(h.Now), true)
	}},
	{"the counts of another workspace are neither read nor written", func(h *House) {
		foreign := h.tally("https://shop.example", trust.CameVerified, 1)
		foreign.Workspace = Other
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{foreign}))
		same(h, "counted for a channel next door", len(h.arrivals()), 0)
		h.must(h.DB.AddArrivals(h.ctx(), []trust.Tally{h.tally("https://shop.example", trust.CameVerified, 1)}))
		list, err := h.DB.Arrivals(h.ctx(), Other, h.Channel.ID, 0)
		h.must(err)
		seen, err := h.DB.ArrivedAfter(h.ctx(), Other, h.Channel.ID, h.Now.Add(-time.Hour))
		h.must(err)
		domains, err := h.DB.Domains(h.ctx(), Other, h.Channel.ID)
		h.must(err)
		crowds, err := h.DB.Crowds(h.ctx(), Other, h.Channel.ID, 0)
		h.must(err)
		same(h, "what next door reads", len(list)+len(seen)+len(domains)+len(crowds), 0)
		h.is(h.DB.IgnoreDomain(h.ctx(), Other, h.Channel.ID, "https://shop.example", h.Now, audit.Draft{Workspace: Other, Actor: "test", Action: audit.DomainIgnored}), workspace.ErrNotFound)
	}},
	{"what enforcing would end is counted as it is ended", func(h *House) {
		for _, origin := range []string{"https://a.example", "https://a.example", "https://b.example"} {
			o := h.opening(policy.Claimed, h.Visitor(), true)
			o.Session.Origin = origin
			h.Enter(o)
		}
		h.Enter(h.opening(policy.Anonymous, h.Visitor(), true))
		h.Enter(h.Verified("u-1"))
		ask := func(channel workspace.Channel) (int, int) {
			sessions, domains, err := h.DB.LiveUnproved(h.ctx(), channel, policy.Web, h.Now)
			h.must(err)
			return sessions, domains
		}
		sessions, domains := ask(h.Channel)
		same(h, "claimed sessions", sessions, 3)
		same(h, "origins", domains, 2)
		foreign := h.Channel
		foreign.Workspace = Other
		sessions, _ = ask(foreign)
		same(h, "as next door", sessions, 0)
		strict := h.Channel
		strict.MinimumTier = policy.Verified
		sessions, _ = ask(strict)
		same(h, "below the minimum tier", sessions, 4)
		n, err := h.DB.SetEnforcement(h.ctx(), Main, workspace.EnforcementChange{Channel: h.Channel.ID, Platform: policy.Web, To: policy.Enforce}, h.Now, h.Draft(audit.EnforcementSet, ""))
		h.must(err)
		same(h, "ended", n, 3)
	}},
	{"since when a platform is enforced so is its latest change, not the latest word", func(h *House) {
		set := func(to policy.Enforcement, at time.Time) time.Time {
			_, err := h.DB.SetEnforcement(h.ctx(), Main, workspace.EnforcementChange{Channel: h.Channel.ID, Platform: policy.Web, To: to}, at, h.Draft(audit.EnforcementSet, ""))
			h.must(err)
			channel, err := h.DB.Channel(h.ctx(), Main, h.Channel.ID)
			h.must(err)
			return channel.Since[policy.Web]
		}
		later, evenLater := h.Now.Add(time.Hour), h.Now.Add(2*time.Hour)
		same(h, "observe again", set(policy.Observe, later).Equal(h.Now), true)
		same(h, "enforce", set(policy.Enforce, later).Equal(later), true)
		same(h, "enforce again", set(policy.Enforce, evenLater).Equal(later), true)
		channel, err := h.DB.Channel(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		same(h, "the other platform", channel.Since[policy.IOS].Equal(h.Now), true)
	}},
}
