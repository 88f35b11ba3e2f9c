package trust_test

import (
	"context"
	"slices"
	"time"

	"countersign/internal/audit"
	"countersign/internal/trust"
)

// What the store in memory knows of allowances, names and sweeps.

// spend takes one from an allowance; the caller holds the lock.
func (s *safe) spend(one trust.Spend) error {
	if one.Name == "" {
		return nil
	}
	if s.spent == nil {
		s.spent = map[string]int{}
	}
	if s.spent[one.Name] >= one.Limit {
		return trust.ErrLimited
	}
	s.spent[one.Name]++
	return nil
}

func (s *safe) Spend(_ context.Context, one trust.Spend, drafts ...audit.Draft) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	if err := s.spend(one); err != nil {
		return err
	}
	s.records = append(s.records, drafts...)
	return nil
}

func (s *safe) KeyUses(context.Context, string, string) (map[string][]trust.KeyUse, error) {
	return nil, nil
}

func (s *safe) KeyNames(_ context.Context, ws string, ids []string) (map[string]trust.KeyName, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]trust.KeyName{}
	for _, ring := range s.rings {
		for _, k := range ring.Keys {
			if k.Workspace == ws && slices.Contains(ids, k.ID) {
				names[k.ID] = trust.KeyName{Name: k.Name, CompromisedSince: k.CompromisedSince}
			}
		}
	}
	return names, nil
}

func (s *safe) LiveOrigins(_ context.Context, _, key string, _ time.Time) ([]trust.LiveOrigin, error) {
	return []trust.LiveOrigin{{Origin: "https://shop.example", Sessions: s.live[key]}}, nil
}

func (s *safe) CountProved(context.Context, string, string, time.Time) (trust.Proved, error) {
	return trust.Proved{Links: 1}, nil
}

func (s *safe) SweepStep(context.Context, string, string) (bool, error) { return true, nil }

func (s *safe) Unswept(context.Context) ([]trust.Unswept, error) { return nil, nil }

func (s *safe) Findings(context.Context, string, string, trust.FindingKind, string, int) ([]trust.Finding, error) {
	return []trust.Finding{{Kind: trust.CutLink, ID: "1", Contact: "con_1", Name: "email", Value: "ada@example.com", Fate: trust.FateCut}}, nil
}

func (s *safe) CountFindings(context.Context, string, string) (trust.Cut, error) {
	return trust.Cut{Links: 1, Done: true}, nil
}
