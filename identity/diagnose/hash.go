package diagnose

import (
	"bytes"
	"slices"

	"countersign/identity"
	"countersign/identity/dialect"
)

// MaxMACs bounds the work of one answer. One takes well under a microsecond.
const MaxMACs = 5000

const (
	maxSlips  = 2    // mistakes tried at once, beside those that the pasted text shows by itself
	maxOthers = 1000 // keys tried beside the channel's own
	maxText   = 2048 // bytes of an identifier, above which no spelling of it is tried
)

// slip is one mistake inside a candidate.
type slip struct {
	code         Code
	explain, fix string
}

// search is one question under way.
type search struct {
	q    *Question
	sent []sentHash
	left int // MACs
}

// hash finds what was done to make the hash. refusal is the gate's.
func (q *Question) hash(targets []Key, refusal *identity.Error) []Cause {
	s := search{q: q, sent: readHash(q.Hash, targets[0]), left: MaxMACs}
	if len(s.sent) > 0 && len(q.UserID) <= maxText && len(q.Email) <= maxText {
		if slips, found := s.run(targets); found {
			return q.tell(slips, refusal, targets[0])
		}
	}
	return q.otherwise(refusal, targets[0])
}

// run tries no mistake, then one, then two.
func (s *search) run(targets []Key) ([]slip, bool) {
	tables := make([]table, len(targets))
	for i, target := range targets {
		tables[i] = s.q.tableFor(target)
	}
	for n := range maxSlips + 1 {
		for i := range tables {
			share := s.left / (len(tables) - i)
			if slips, found := s.level(&tables[i], n, share); found {
				return slips, true
			}
		}
	}
	return nil, false
}

// level tries every combination of exactly n mistakes with one target, those first
// that cost least.
func (s *search) level(t *table, n, share int) ([]slip, bool) {
	stop := s.left - share
	for _, c := range [][3]int{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 2, 0}, {0, 1, 1}, {2, 0, 0}, {1, 0, 1}, {1, 1, 0}} {
		if c[0]+c[1]+c[2] != n {
			continue
		}
		keys := t.keys[c[0]]
		if c[0] == 0 && len(keys) == 0 {
			keys = []reading{{}} // no secret: what needs none can still be told
		}
		for _, key := range keys {
			for _, text := range t.texts[c[1]] {
				for _, build := range constructions[c[2]] {
					if s.left <= stop {
						return nil, false
					}
					if build.keyless && c[0] > 0 || !build.keyless && key.key == nil {
						continue
					}
					if slips, found := s.try(key, text, build); found {
						return slips, true
					}
				}
			}
		}
	}
	return nil, false
}

func (s *search) try(key reading, text spelling, build construction) ([]slip, bool) {
	size := 0
	for _, sent := range s.sent { // ordered by size
		if len(sent.tag) == size {
			continue
		}
		size = len(sent.tag)
		s.left -= build.macs
		for _, made := range build.make(algorithms[size], key, text.text) {
			if slips, found := s.match(made, key, text, build); found {
				return slips, true
			}
		}
	}
	return nil, false
}

func (s *search) match(made []byte, key reading, text spelling, build construction) ([]slip, bool) {
	for _, sent := range s.sent {
		if bytes.Equal(made, sent.tag) { // an operator's question: time tells nobody anything
			return slices.Concat(key.slips, text.slips, build.slips, sent.slips), true
		}
	}
	return nil, false
}

// tell makes causes of the mistakes found, the likeliest first.
func (q *Question) tell(slips []slip, refusal *identity.Error, target Key) []Cause {
	if len(slips) == 0 {
		return q.rightButRefused(refusal, target)
	}
	var causes []Cause
	for _, code := range Codes() {
		for _, s := range slips {
			if s.code == code && !slices.ContainsFunc(causes, func(c Cause) bool { return c.Code == code }) {
				causes = append(causes, Cause{s.code, s.explain, s.fix})
			}
		}
	}
	return causes
}

// rightButRefused is a hash that was made exactly as it should be, for something
// that the gate takes from nobody.
func (q *Question) rightButRefused(refusal *identity.Error, target Key) []Cause {
	if refusal.Reason == identity.KeyUnusable {
		return []Cause{{OtherKey, refusal.Message + " The backend signs with " + nameOf(target) + ".", "Sign with the key of this platform, or let this key sign for it too."}}
	}
	return q.otherwise(refusal, target)
}

// table is what is tried with one target: by how many mistakes each holds.
type table struct {
	keys  [maxSlips + 1][]reading
	texts [maxSlips + 1][]spelling
}

func (q *Question) tableFor(target Key) table {
	row, _ := dialect.Get(target.Dialect)
	return table{keys: q.readings(row, target), texts: q.spellings(row, target.Signs)}
}
