package main

import (
	"fmt"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// standings says of every platform that does not enforce yet for how long that has been
// so, what it lets a forger do, and what comes next.
func standings(channels []workspace.Channel, now time.Time) string {
	var open []string
	for _, channel := range channels {
		for _, platform := range sortedPlatforms(channel) {
			mode := channel.Platforms[platform]
			if mode == policy.Enforce {
				continue
			}
			line := fmt.Sprintf("%s %s: %s for %s", channel.Slug, platform, mode, days(now.Sub(channel.Since[platform])))
			if channel.Since[platform].Equal(channel.CreatedAt) {
				line += ", since it was made"
			}
			next := "see its identity pages for what would break, then enforce"
			if mode == policy.Off {
				next = "observe, so that what enforcing would refuse is recorded"
			}
			open = append(open, line+"; next: "+next)
		}
	}
	if len(open) == 0 {
		return ""
	}
	return "\n" + strings.Join(open, "\n") +
		"\nThere a forger can write under a claimed name, shown as not verified; not read anybody's conversation, and not call a tool.\n"
}

func days(span time.Duration) string {
	switch n := int(span / (24 * time.Hour)); n {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", n)
	}
}

// warningTexts are the preview's warnings in words.
func warningTexts(p trust.Preview) []string {
	var texts []string
	for _, w := range p.Warnings {
		switch w.Danger {
		case trust.DangerNoKey:
			texts = append(texts, "no key verifies here, so everybody who says who they are is turned away")
		case trust.DangerNoArrivals:
			texts = append(texts, "nothing arrived in the last 7 days, so nobody knows what this breaks")
		case trust.DangerNoProof:
			texts = append(texts, fmt.Sprintf("nobody was verified in the last 7 days, of %d who said who they are", w.N))
		case trust.DangerOneNetwork:
			texts = append(texts, fmt.Sprintf("whoever was verified in the last 7 days (%d) came from one network", w.N))
		case trust.DangerBreaks:
			texts = append(texts, fmt.Sprintf("%d of %d arrivals of the last 7 days would have been turned away or made anonymous", w.N, w.Of))
		}
	}
	return texts
}
