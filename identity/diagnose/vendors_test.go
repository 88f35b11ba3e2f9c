package diagnose_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
)

// vendorRows are the rows whose tokens name their person in a claim of the vendor's.
func vendorRows(t *testing.T) []dialect.Row {
	t.Helper()
	var rows []dialect.Row
	for _, row := range dialect.All() {
		if row.UserIDClaim != "" {
			rows = append(rows, row)
		}
	}
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	return rows
}

func explained(t *testing.T, row dialect.Row, change func(m *tokenMaking), ask func(q *diagnose.Question)) (diagnose.Answer, string) {
	t.Helper()
	q, m := questionFor(t, row.Name), tokenRightly(row)
	q.UserID, q.Email = "", ""
	if change != nil {
		change(&m)
	}
	if q.Token = m.token(); ask != nil {
		ask(&q)
	}
	a := diagnose.Diagnose(q)
	text := ""
	for _, cause := range a.Causes {
		text += string(cause.Code) + ": " + cause.Explain + " " + cause.Fix + "\n"
	}
	if strings.Contains(text, q.Token) {
		t.Errorf("the answer repeats the token: %s", text)
	}
	return a, text
}

// An operator is told of the claim by the name that the vendor has for it.
func TestAVendorsClaimIsCalledByItsName(t *testing.T) {
	for _, row := range vendorRows(t) {
		for name, c := range map[string]struct {
			make func(m *tokenMaking)
			want string // in the text, beside the claim's name
		}{
			"user_id as in our own tokens": {func(m *tokenMaking) { delete(m.claims, m.who); m.claims["user_id"] = userID }, ""},
			"sub as elsewhere":             {func(m *tokenMaking) { delete(m.claims, m.who); delete(m.claims, "email"); m.claims["sub"] = userID }, "its sub is not read"},
			"a fraction":                   {func(m *tokenMaking) { m.claims[m.who] = 1.5 }, "the number"},
			"a line break":                 {func(m *tokenMaking) { m.claims[m.who] = userID + "\n" }, "line break"},
			"only the email":               {func(m *tokenMaking) { delete(m.claims, m.who) }, "names an email"},
		} {
			a, text := explained(t, row, c.make, nil)
			if a.Verified || !strings.Contains(text, row.UserIDClaim) || !strings.Contains(text, c.want) {
				t.Errorf("%s, %s: %s", row.Name, name, text)
			}
			if strings.Contains(text, "no user_id") {
				t.Errorf("%s, %s: it asks for a claim that this dialect has not: %s", row.Name, name, text)
			}
		}
	}
}

func TestAWrongScopeIsNamed(t *testing.T) {
	row, _ := dialect.Get("zendesk-jwt")
	for _, scope := range []any{"app", "account", nil, 1, []string{"user"}} {
		a, text := explained(t, row, func(m *tokenMaking) { m.claims["scope"] = scope }, nil)
		if a.Verified || !strings.Contains(text, "scope is not user") {
			t.Errorf("%v: %s", scope, text)
		}
	}
}

// The page's own word beside a vendor's token is held against the claim that names the person.
func TestAContradictionIsFoundInTheVendorsClaim(t *testing.T) {
	for _, row := range vendorRows(t) {
		a, text := explained(t, row, nil, func(q *diagnose.Question) { q.UserID = "somebody else" })
		if a.Verified || a.Causes[0].Code != diagnose.Code(identity.ClaimContradicted) || !strings.Contains(text, "somebody else") {
			t.Errorf("%s: %s", row.Name, text)
		}
		a, text = explained(t, row, nil, func(q *diagnose.Question) { q.UserID = userID + " " })
		if a.Verified || a.Causes[0].Code != diagnose.Blanks {
			t.Errorf("%s with a blank: %s", row.Name, text)
		}
		if a, text = explained(t, row, nil, func(q *diagnose.Question) { q.UserID = userID }); !a.Verified {
			t.Errorf("%s: the same person beside: %s", row.Name, text)
		}
	}
}

// A vendor's tokens may live as long as the vendor lets them: the channel's limit for our own
// is not said of them.
func TestTheChannelsLimitIsNotSaidOfVendorsTokens(t *testing.T) {
	for _, name := range []string{"zendesk-jwt", "freshchat-jwt", "intercom-jwt"} {
		row, _ := dialect.Get(name)
		a, text := explained(t, row, func(m *tokenMaking) {
			m.claims["exp"] = now.Add(90 * 24 * time.Hour).Unix()
			m.key = secretOf("blog")
		}, func(q *diagnose.Question) { q.MaxLife = time.Hour })
		if a.Verified || strings.Contains(text, string(identity.LifetimeTooLong)) || !slices.Contains(codes(a.Causes), diagnose.OtherKey) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// Of two keys, ours and a vendor's, each explains its own tokens.
func TestTwoClaimsOnOneRingAreExplainedApart(t *testing.T) {
	for _, row := range vendorRows(t) {
		a, text := explained(t, row, func(m *tokenMaking) { delete(m.claims, m.who); delete(m.claims, "email") }, nil)
		if a.Verified || a.Dialect != row.Name || !strings.Contains(text, row.UserIDClaim) {
			t.Errorf("%s: of %s: %s", row.Name, a.Dialect, text)
		}
	}
}
