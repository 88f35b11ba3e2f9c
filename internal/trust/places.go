package trust

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// Sums are arrivals by what became of them.
type Sums struct {
	Total    int64
	Outcomes map[Outcome]int64
	Classes  map[Class]int64
	Reasons  map[identity.Reason]int64
	LastAt   time.Time
}

func (s *Sums) ready() {
	if s.Outcomes == nil {
		s.Outcomes, s.Classes, s.Reasons = map[Outcome]int64{}, map[Class]int64{}, map[identity.Reason]int64{}
	}
}

func (s *Sums) add(t Tally) {
	s.ready()
	s.Total += t.N
	s.Outcomes[t.Outcome] += t.N
	s.Classes[t.Class()] += t.N
	if t.Reason != "" {
		s.Reasons[t.Reason] += t.N
	}
	if t.LastAt.After(s.LastAt) {
		s.LastAt = t.LastAt
	}
}

// Named are the arrivals that claimed to be somebody.
func (s Sums) Named() int64 {
	return s.Classes[ProofRight] + s.Classes[ProofLacking] + s.Classes[ProofWrong]
}

// Step is one thing to do about what was counted: n of so many, and the commonest
// reason behind it.
type Step struct {
	What   Advice
	N, Of  int64
	Reason identity.Reason
}

// Advice is the next step that a warning leads to.
type Advice string

const (
	AdviseSign     Advice = "sign"     // pages claim somebody and bring no proof: put the backend's line in
	AdviseDiagnose Advice = "diagnose" // proofs do not hold: find out why
	AdviseSigns    Advice = "signs"    // what is signed is another field than the key signs
	AdviseKey      Advice = "key"      // signed with a key that verifies no more
	AdviseClock    Advice = "clock"    // tokens are expired, too early or too long-lived
	AdviseAllow    Advice = "allow"    // the page is not on the channel's list, so the messenger does not open there
	AdviseKnow     Advice = "know"     // nobody has said yet whether this domain is theirs
	AdviseUpdate   Advice = "update"   // this version proves nobody, and others do
	AdviseIdentify Advice = "identify" // nobody is claimed there: no warning, if nobody logs in there
)

// Urgent says whether a step is a warning and not just a hint: one wrong proof in
// hundreds of loads is a stray, or somebody who tries the door.
func (s Step) Urgent() bool { return s.What != AdviseIdentify && s.N*100 >= s.Of }

// adviceOn says what a wrong proof asks for, by its reason.
func adviceOn(reason identity.Reason) Advice {
	switch reason {
	case identity.ProofMissing:
		return AdviseSign
	case identity.IdentifierNotCovered, identity.IdentifierMissing:
		return AdviseSigns
	case identity.KeyRetired, identity.KeyRevoked, identity.SignedTooLate:
		return AdviseKey
	case identity.TokenExpired, identity.TokenEarly, identity.LifetimeTooLong:
		return AdviseClock
	}
	return AdviseDiagnose
}

type spot struct {
	platform policy.Platform
	origin   string
}

// places are the rows of the table, the busiest first.
func places(channel workspace.Channel, tallies []Tally, domains []Domain, crowds []Crowd) []Place {
	rows := map[spot]*Place{}
	row := func(platform policy.Platform, origin string) *Place {
		at := spot{platform, origin}
		if rows[at] == nil {
			rows[at] = &Place{Platform: platform, Origin: origin, Networks: map[Class]int{}}
		}
		return rows[at]
	}
	for _, t := range tallies {
		p := row(t.Platform, t.Origin)
		p.Sums.add(t)
		if t.Dialect != "" && !slices.Contains(p.Dialects, t.Dialect) {
			p.Dialects = append(p.Dialects, t.Dialect)
		}
	}
	if _, web := channel.Platforms[policy.Web]; web {
		for _, origin := range channel.Origins { // whoever waits for the first sign of a page sees that it waits
			row(policy.Web, origin)
		}
	}
	for _, c := range crowds {
		if p := rows[spot{c.Platform, c.Origin}]; p != nil {
			p.Networks[c.Class] = c.Networks
		}
	}
	known := map[string]Domain{}
	for _, d := range domains {
		known[d.Origin] = d
	}
	out := make([]Place, 0, len(rows))
	for _, p := range rows {
		d := known[p.Origin]
		p.Standing, p.Ignored = standing(channel, *p, d), !d.IgnoredAt.IsZero()
		slices.Sort(p.Dialects)
		p.Steps = placeSteps(channel, *p)
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Sums.Total, a.Sums.Total), cmp.Compare(a.Platform, b.Platform), cmp.Compare(a.Origin, b.Origin))
	})
	return out
}

func standing(channel workspace.Channel, p Place, d Domain) Standing {
	switch {
	case p.Origin == Elsewhere:
		return StandingOther
	case p.Origin == "" && p.Platform != policy.Web:
		return StandingApp
	case p.Origin == "":
		return StandingUnknown
	case slices.Contains(channel.Origins, p.Origin):
		return StandingAllowed
	case !d.ProvedAt.IsZero():
		return StandingProved
	}
	return StandingStranger
}

// placeSteps says what to do, the most pressing first.
func placeSteps(channel workspace.Channel, p Place) []Step {
	if p.Ignored || p.Sums.Total == 0 {
		return nil
	}
	var steps []Step
	if n := p.Sums.Outcomes[CameBlocked]; n > 0 && p.Standing != StandingAllowed {
		steps = append(steps, Step{What: AdviseAllow, N: n, Of: p.Sums.Total})
	} else if p.Standing == StandingStranger {
		steps = append(steps, Step{What: AdviseKnow, N: p.Sums.Total, Of: p.Sums.Total})
	}
	steps = append(steps, proofSteps(p.Sums)...)
	if p.Sums.Named() == 0 && p.Sums.Outcomes[CameBlocked] < p.Sums.Total && len(channel.Platforms) > 0 {
		steps = append(steps, Step{What: AdviseIdentify, N: p.Sums.Total, Of: p.Sums.Total})
	}
	return steps
}

// proofSteps groups reasons by what to do about them, the commonest first.
func proofSteps(s Sums) []Step {
	by := map[Advice]*Step{}
	most := map[Advice]int64{}
	for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
		n := s.Reasons[reason]
		what := adviceOn(reason)
		if by[what] == nil {
			by[what] = &Step{What: what, Of: s.Named()}
		}
		by[what].N += n
		if n > most[what] {
			most[what], by[what].Reason = n, reason
		}
	}
	var steps []Step
	for _, step := range by {
		steps = append(steps, *step)
	}
	slices.SortFunc(steps, func(a, b Step) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.What, b.What)) })
	return steps
}

// versions are what apps and libraries call themselves, the busiest first.
func versions(tallies []Tally) []Version {
	type which struct {
		platform policy.Platform
		version  string
	}
	rows := map[which]*Version{}
	verified := map[policy.Platform]bool{}
	for _, t := range tallies {
		if t.Version == "" && t.Platform == policy.Web {
			continue // the messenger in a page is this server's own and always its age
		}
		at := which{t.Platform, t.Version}
		if rows[at] == nil {
			rows[at] = &Version{Platform: t.Platform, Version: t.Version}
		}
		rows[at].Sums.add(t)
		if t.Outcome == CameVerified {
			verified[t.Platform] = true
		}
	}
	out := make([]Version, 0, len(rows))
	for _, v := range rows {
		switch {
		case v.Sums.Classes[ProofRight] == 0 && v.Sums.Named() > 0 && verified[v.Platform]:
			v.Steps = []Step{{What: AdviseUpdate, N: v.Sums.Named(), Of: v.Sums.Total}}
		default:
			v.Steps = proofSteps(v.Sums)
		}
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b Version) int {
		return cmp.Or(cmp.Compare(a.Platform, b.Platform), cmp.Compare(b.Sums.Total, a.Sums.Total), cmp.Compare(a.Version, b.Version))
	})
	return out
}
