package shop

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Sighting is one entry of the operator's record.
type Sighting struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Action string    `json:"action"`
	Reason string    `json:"reason,omitempty"`
	Detail []Fact    `json:"detail"`
}

// auditor reads the record of decisions with a token that may do nothing else.
type auditor struct {
	client client
	token  string
}

type auditEntry struct {
	ID      string            `json:"id"`
	At      time.Time         `json:"at"`
	Actor   string            `json:"actor"`
	Action  string            `json:"action"`
	Subject string            `json:"subject"`
	Detail  map[string]string `json:"detail"`
}

// newest is the first page of the record, newest entry first.
func (a auditor) newest(ctx context.Context) ([]auditEntry, error) {
	got, err := a.client.do(ctx, call{Method: http.MethodGet, Path: auditPath, Bearer: a.token})
	if err != nil {
		return nil, err
	}
	if !got.ok() {
		return nil, refusedError{got.Status, got.problem()}
	}
	var page struct {
		Entries []auditEntry `json:"entries"`
	}
	err = got.decode(&page)
	return page.Entries, err
}

// mark remembers what the record holds before an attack; nil if it cannot be read.
func (a auditor) mark(ctx context.Context) map[string]bool {
	if a.token == "" {
		return nil
	}
	entries, err := a.newest(ctx)
	if err != nil {
		return nil
	}
	seen := make(map[string]bool)
	for _, entry := range entries {
		seen[entry.ID] = true
	}
	return seen
}

// since reads what an attack left in the record, oldest first. A refusal is
// recorded before it is answered, but a summary of many may follow a moment later,
// so it asks again for a second while fewer than expected are there.
func (a auditor) since(ctx context.Context, seen map[string]bool, expected int) (sightings []Sighting, note string) {
	if a.token == "" {
		return nil, "This shop was started without a token for reading the record."
	}
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for try := 0; ; try++ {
		entries, err := a.newest(ctx)
		if err != nil {
			return nil, "The record could not be read: " + shorten(err.Error()) + "."
		}
		if seen == nil {
			return nil, "The record could not be read before this run, so what is new in it is not known."
		}
		sightings = unseen(entries, seen)
		if len(sightings) >= expected || try == 5 {
			return sightings, noteOn(len(sightings), expected)
		}
		select {
		case <-ctx.Done():
			return sightings, noteOn(len(sightings), expected)
		case <-ticker.C:
		}
	}
}

func noteOn(found, expected int) string {
	switch {
	case found == 0 && expected == 0:
		return "Nothing, and rightly: nobody’s identity was decided here."
	case found == 0:
		return "No entry: a channel that does not enforce counts who claims without a proof, and records no refusal."
	case found < expected:
		return "Fewer entries than attempts: beyond ten refusals a second the record sums them up."
	}
	return ""
}

// actions that a trial can cause; what others do meanwhile is not shown.
var ofInterest = map[string]bool{"identity.refused": true, "session.opened": true, "session.ended": true}

func unseen(entries []auditEntry, seen map[string]bool) []Sighting {
	var sightings []Sighting
	for _, entry := range slices.Backward(entries) {
		if seen[entry.ID] || !ofInterest[entry.Action] {
			continue
		}
		sighting := Sighting{ID: entry.ID, At: entry.At, Action: entry.Action, Reason: entry.Detail["reason"]}
		if entry.Subject != "" {
			sighting.Detail = append(sighting.Detail, Fact{"subject", shorten(entry.Subject)})
		}
		for _, name := range slices.Sorted(maps.Keys(entry.Detail)) {
			if name != "reason" && entry.Detail[name] != "" {
				sighting.Detail = append(sighting.Detail, Fact{name, shorten(entry.Detail[name])})
			}
		}
		sightings = append(sightings, sighting)
	}
	return sightings
}

// reasonsOf are the distinct reasons in the order of their first appearance.
func reasonsOf(sightings []Sighting) []string {
	var reasons []string
	for _, sighting := range sightings {
		if sighting.Reason != "" && !slices.Contains(reasons, sighting.Reason) {
			reasons = append(reasons, sighting.Reason)
		}
	}
	return reasons
}
