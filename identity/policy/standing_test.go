package policy_test

import (
	"slices"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
)

func TestRestoreJudgesARowAgain(t *testing.T) {
	live := func() policy.Row {
		return policy.Row{Tier: policy.Verified, Method: identity.MethodHMAC, Key: "key_1", KeyVerifies: true, Enforcement: policy.Enforce,
			Identifiers: []identity.Identifier{{Realm: "main", Kind: identity.KindUserID, Value: "u1"}}, ExpiresAt: now.Add(time.Hour)}
	}
	for name, c := range map[string]struct {
		change func(*policy.Row)
		want   policy.End
	}{
		"as it was":                     {func(*policy.Row) {}, policy.Stands},
		"logged out":                    {func(r *policy.Row) { r.EndedAt = now; r.EndedBy = policy.EndedLogout }, policy.EndedLogout},
		"ended without a word":          {func(r *policy.Row) { r.EndedAt = now.Add(time.Hour) }, policy.EndedLogout},
		"ended by its key, and expired": {func(r *policy.Row) { r.EndedAt = now; r.EndedBy = policy.EndedKey; r.ExpiresAt = now }, policy.EndedKey},
		"in its last moment":            {func(r *policy.Row) { r.ExpiresAt = now.Add(1) }, policy.Stands},
		"at its expiry":                 {func(r *policy.Row) { r.ExpiresAt = now }, policy.EndedExpired},
		"without an expiry":             {func(r *policy.Row) { r.ExpiresAt = time.Time{} }, policy.EndedExpired},
		"contact blocked":               {func(r *policy.Row) { r.Blocked = true }, policy.EndedBlocked},
		"key retired or revoked":        {func(r *policy.Row) { r.KeyVerifies = false }, policy.EndedKey},
		"verified by no key":            {func(r *policy.Row) { r.Key = "" }, policy.EndedKey},
		"claimed under enforce":         {func(r *policy.Row) { r.Tier = policy.Claimed; r.Key = "" }, policy.EndedPolicy},
		"claimed under observe":         {func(r *policy.Row) { r.Tier = policy.Claimed; r.Key = ""; r.Enforcement = policy.Observe }, policy.Stands},
		"anonymous under enforce":       {func(r *policy.Row) { r.Tier = policy.Anonymous; r.Key = "" }, policy.Stands},
		"of a tier that does not exist": {func(r *policy.Row) { r.Tier = "gold" }, policy.EndedPolicy},
		"of no tier":                    {func(r *policy.Row) { r.Tier = "" }, policy.EndedPolicy},
		"anonymous, minimum raised":     {func(r *policy.Row) { r.Tier = policy.Anonymous; r.Key = ""; r.MinimumTier = policy.Claimed }, policy.EndedPolicy},
		"anonymous, minimum not enforced": {func(r *policy.Row) {
			r.Tier, r.Key, r.MinimumTier, r.Enforcement = policy.Anonymous, "", policy.Verified, policy.Observe
		}, policy.Stands},
		"verified, minimum raised":          {func(r *policy.Row) { r.MinimumTier = policy.Verified }, policy.Stands},
		"verified, a minimum nobody knows":  {func(r *policy.Row) { r.MinimumTier = "gold"; r.Enforcement = policy.Off }, policy.EndedPolicy},
		"verified, enforcement off by now":  {func(r *policy.Row) { r.Enforcement = policy.Off }, policy.Stands},
		"anonymous, its former key revoked": {func(r *policy.Row) { r.Tier = policy.Anonymous; r.KeyVerifies = false }, policy.Stands},
	} {
		row := live()
		c.change(&row)
		s := policy.Restore(row, now)
		if s.Ended() != c.want {
			t.Errorf("%s: %q; want %q", name, s.Ended(), c.want)
		}
		if s.Tier() != row.Tier || s.Method() != row.Method || s.Key() != row.Key || !slices.Equal(s.Identifiers(), row.Identifiers) {
			t.Errorf("%s: %+v is not its row", name, s)
		}
	}
}

// TestRightsTable writes the table of roles and rights down a second time.
func TestRightsTable(t *testing.T) {
	all := []policy.Right{
		policy.ReadConversations,
		policy.ReplyConversations,
		policy.ReadKeys,
		policy.ManageKeys,
		policy.RevealKeys,
		policy.SetEnforcement,

		policy.ManageChannels,
		policy.ReadChannels,
		policy.ManagePeople,
		policy.ReadAudit,
		policy.ManageTeam,
		policy.ReadTeam,
		policy.ManageTokens,
		policy.ReadMetrics,
	}
	// :: right → who has it, in the order owner, security, admin, agent, auditor
	table := map[policy.Right]string{
		policy.ReadConversations:  "osag-",
		policy.ReplyConversations: "osag-",
		policy.ReadKeys:           "osa-u",
		policy.ManageKeys:         "os---",
		policy.RevealKeys:         "os---",
		policy.SetEnforcement:     "os---",
		policy.ManageChannels:     "osa--",
		policy.ReadChannels:       "osagu",
		policy.ManagePeople:       "osa--",
		policy.ReadAudit:          "os--u",
		policy.ManageTeam:         "o-a--",
		policy.ReadTeam:           "osagu",
		policy.ManageTokens:       "os---",
		policy.ReadMetrics:        "osa--",
	}
	if len(table) != len(all) {
		t.Fatal("a right without a row")
	}
	for i, role := range policy.Roles() {
		principal := policy.ForAgent("main", "agt_1", "log_1", role)
		for _, right := range all {
			if want := table[right][i] != '-'; principal.May(right) != want || slices.Contains(policy.RightsOf(role), right) != want {
				t.Errorf("%s may %s: %v; want %v", role, right, principal.May(right), want)
			}
		}
	}
}

func TestNobodyButItsHolderHasARight(t *testing.T) {
	token := policy.ForToken("main", "tok_1", []policy.Right{policy.ReadAudit})
	scopes := []policy.Right{policy.ReadAudit}
	copied := policy.ForToken("main", "tok_2", scopes)
	scopes[0] = policy.ManageKeys
	for name, c := range map[string]struct {
		who   policy.Principal
		right policy.Right
		want  bool
	}{
		"the zero principal":          {policy.Principal{}, policy.ReadChannels, false},
		"a visitor":                   {policy.ForVisitor("main", "ses_1"), policy.ReadConversations, false},
		"an unknown role":             {policy.ForAgent("main", "agt_1", "log_1", "root"), policy.ReadChannels, false},
		"no role":                     {policy.ForAgent("main", "agt_1", "log_1", ""), policy.ReadTeam, false},
		"an owner, an unknown right":  {policy.ForAgent("main", "agt_1", "log_1", policy.Owner), "keys.eat", false},
		"a token within its scopes":   {token, policy.ReadAudit, true},
		"a token beyond its scopes":   {token, policy.ReadKeys, false},
		"a token's scopes, changed":   {copied, policy.ManageKeys, false},
		"the operator on the machine": {policy.ForSystem("main", "cli:root"), policy.ManageKeys, true},
	} {
		if got := c.who.May(c.right); got != c.want {
			t.Errorf("%s may %s: %v", name, c.right, got)
		}
	}
	rights := policy.RightsOf(policy.Auditor)
	rights[0] = policy.ManageKeys
	if policy.ForAgent("main", "a", "l", policy.Auditor).May(policy.ManageKeys) {
		t.Error("the table can be written through its copy")
	}
	agent := policy.ForAgent("main", "agt_1", "log_1", policy.AgentR)
	if agent.Actor() != "agent:agt_1" || policy.ForSystem("main", "cli:root").Actor() != "cli:root" || agent.Workspace() != "main" || agent.Login() != "log_1" || agent.Kind() != policy.AgentPrincipal {
		t.Error("a principal is not called what it is")
	}
}
