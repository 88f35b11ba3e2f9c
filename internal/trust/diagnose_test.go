package trust_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// List makes the street of the tests one whose channels can be listed.
func (s street) List(_ context.Context, who policy.Principal) ([]workspace.Channel, error) {
	return slices.DeleteFunc(slices.Clone(s), func(c workspace.Channel) bool { return c.Workspace != who.Workspace() }), nil
}

func (h *house) diagnosis() *trust.Diagnosis { return trust.NewDiagnosis(h.keys, h.street) }

func codesOf(d trust.Diagnosed) []diagnose.Code {
	var codes []diagnose.Code
	for _, c := range d.Causes {
		codes = append(codes, c.Code)
	}
	return codes
}

func TestADiagnosisOpensEveryRingOfTheWorkspaceAndNoOther(t *testing.T) {
	h := newHouse(t)
	_, shop := h.key(t, trust.KeyDraft{Name: "Backend"})
	old, oldSecret := h.key(t, trust.KeyDraft{Name: "Old"})
	_, blog := h.key(t, trust.KeyDraft{Channel: "chn_blog", Name: "Newsroom"})
	_, elsewhere, err := h.keys.Generate(t.Context(), policy.ForSystem("other", "cli:root"), trust.KeyDraft{Channel: "chn_else", Name: "Stranger"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.keys.Revoke(t.Context(), root, old.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	d := h.diagnosis()
	auditor := policy.ForAgent("main", "a", "l", policy.Auditor)
	for name, c := range map[string]struct {
		hash string
		want diagnose.Code
		says string
	}{
		"right":              {sign(shop, "ada"), "", ""},
		"another channel's":  {sign(blog, "ada"), diagnose.OtherKey, `"Newsroom" of the channel "blog"`},
		"a revoked one's":    {sign(oldSecret, "ada"), diagnose.RetiredKey, `"Old"`},
		"another workspaces": {sign(elsewhere, "ada"), diagnose.Unknown, "no known mistake"},
		"of the email":       {sign(shop, "ada@example.com"), diagnose.IdentifierKind, "user id"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := d.Ask(t.Context(), auditor, trust.Inquiry{Channel: "chn_shop", UserID: "ada", Email: "ada@example.com", Hash: c.hash, Language: "go"})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if !got.Verified || got.Code != nil {
					t.Errorf("%+v", got)
				}
				return
			}
			if got.Verified || !slices.Equal(codesOf(got), []diagnose.Code{c.want}) || !strings.Contains(got.Causes[0].Explain, c.says) {
				t.Errorf("%+v", got.Causes)
			}
			if got.Code == nil || !strings.Contains(got.Code.Server, "hmac.New") {
				t.Errorf("code %+v", got.Code)
			}
			for _, secret := range []string{shop, oldSecret, blog, elsewhere} {
				if text := fmt.Sprintf("%+v %+v", got, got.Code); strings.Contains(text, secret) {
					t.Errorf("it holds a secret: %s", text)
				}
			}
		})
	}
	if records := h.store.recorded(audit.HashRevealed); len(records) > 0 {
		t.Errorf("recorded %+v", records)
	}
}

func TestADiagnosisKeepsNothingThatWasPasted(t *testing.T) {
	h := newHouse(t)
	h.key(t, trust.KeyDraft{})
	before := len(h.store.records)
	if _, err := h.diagnosis().Ask(t.Context(), root, trust.Inquiry{Channel: "chn_shop", UserID: "ada", Hash: "pasted"}); err != nil {
		t.Fatal(err)
	}
	if len(h.store.records) != before {
		t.Errorf("recorded %+v", h.store.records[before:])
	}
}

func TestWhoMayNotReadKeysLearnsNothingByDiagnosing(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{})
	d := h.diagnosis()
	ask := trust.Inquiry{Channel: "chn_shop", UserID: "ada", Hash: sign(secret, "ada")}
	for _, who := range []policy.Principal{{}, policy.ForVisitor("main", "s"), policy.ForAgent("main", "a", "l", policy.AgentR), policy.ForToken("main", "t", []policy.Right{policy.ReadAudit})} {
		if got, err := d.Ask(t.Context(), who, ask); !errors.Is(err, policy.ErrForbidden) || got.Verified {
			t.Errorf("%s: %+v, %v", who.Actor(), got, err)
		}
		if _, err := d.Snippets(t.Context(), who, trust.Wanted{Channel: "chn_shop", Language: "go"}); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("%s snippets: %v", who.Actor(), err)
		}
		if _, err := d.Compare(t.Context(), who, diagnose.Question{}); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("%s compares: %v", who.Actor(), err)
		}
	}
	thief := policy.ForAgent("other", "a", "l", policy.Owner)
	if _, err := d.Ask(t.Context(), thief, ask); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("from another workspace: %v", err)
	}
	if _, err := d.Snippets(t.Context(), thief, trust.Wanted{Channel: "chn_shop", Language: "go"}); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("snippets from another workspace: %v", err)
	}
}

// Asking is an oracle of the gate's: it is slowed for each who asks, and for them alone.
func TestGuessingByDiagnosisIsSlowed(t *testing.T) {
	h := newHouse(t)
	h.key(t, trust.KeyDraft{})
	d := h.diagnosis()
	guess := func(who policy.Principal) error {
		_, err := d.Ask(t.Context(), who, trust.Inquiry{Channel: "chn_shop", UserID: "ada", Hash: "guess"})
		return err
	}
	guesser, other := policy.ForAgent("main", "a", "l", policy.Auditor), policy.ForAgent("main", "b", "l", policy.Auditor)
	limited := 0
	for range 60 {
		if errors.Is(guess(guesser), trust.ErrLimited) {
			limited++
		}
	}
	if limited == 0 || guess(other) != nil || guess(root) != nil {
		t.Errorf("%d of 60 were refused; another: %v, the machine's: %v", limited, guess(other), guess(root))
	}
}

func TestAnInquiryThatMakesNoSenseIsRefused(t *testing.T) {
	h := newHouse(t)
	h.key(t, trust.KeyDraft{})
	for name, in := range map[string]trust.Inquiry{
		"nobody":        {Hash: "x"},
		"both":          {UserID: "a", Hash: "x", Token: "y"},
		"no dialect":    {UserID: "a", Hash: "x", Dialect: "olark"},
		"no language":   {UserID: "a", Hash: "x", Language: "cobol"},
		"a huge token":  {Token: strings.Repeat("x", 1<<20)},
		"a huge person": {UserID: strings.Repeat("x", 1<<20), Hash: "x"},
	} {
		in.Channel = "chn_shop"
		if _, err := h.diagnosis().Ask(t.Context(), root, in); !errors.Is(err, trust.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnExpectedHashTakesPresenceAReasonAndTheRight(t *testing.T) {
	h := newHouse(t)
	key, secret := h.key(t, trust.KeyDraft{})
	d := h.diagnosis()
	in := trust.Expectation{Channel: "chn_shop", Key: key.ID, UserID: "ada", Reason: "ticket 7"}
	present := policy.ForConfirmedAgent("main", "a", "l", policy.Security, h.pulse.Now())
	for name, c := range map[string]struct {
		who    policy.Principal
		reason string
		want   error
	}{
		"an admin":             {policy.ForConfirmedAgent("main", "a", "l", policy.Admin, h.pulse.Now()), "x", policy.ErrForbidden},
		"an auditor":           {policy.ForConfirmedAgent("main", "a", "l", policy.Auditor, h.pulse.Now()), "x", policy.ErrForbidden},
		"without a password":   {policy.ForAgent("main", "a", "l", policy.Owner), "x", policy.ErrUnconfirmed},
		"an old password":      {policy.ForConfirmedAgent("main", "a", "l", policy.Owner, h.pulse.Now().Add(-6*time.Minute)), "x", policy.ErrUnconfirmed},
		"without a reason":     {present, " ", policy.ErrNoReason},
		"from another company": {policy.ForConfirmedAgent("other", "a", "l", policy.Owner, h.pulse.Now()), "x", workspace.ErrNotFound},
	} {
		ask := in
		ask.Reason = c.reason
		if hash, err := d.Expected(t.Context(), c.who, ask); !errors.Is(err, c.want) || hash != "" {
			t.Errorf("%s: %q, %v", name, hash, err)
		}
	}
	if len(h.store.recorded(audit.HashRevealed)) != 0 {
		t.Fatal("a refusal was recorded as a showing")
	}
	hash, err := d.Expected(t.Context(), present, in)
	if err != nil || hash != sign(secret, "ada") {
		t.Fatalf("%q, %v", hash, err)
	}
	shown := h.store.recorded(audit.HashRevealed)
	ada := identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: "ada"}
	if len(shown) != 1 || shown[0].Detail["key"] != key.ID || shown[0].Detail["reason"] != "ticket 7" || shown[0].Person != ada || shown[0].Subject != "" {
		t.Errorf("recorded %+v", shown)
	}
	if strings.Contains(fmt.Sprint(shown[0].Detail), "ada") || strings.Contains(fmt.Sprint(shown), hash) {
		t.Errorf("the record holds what it must not: %+v", shown[0])
	}
}

func TestNoExpectedHashOfTokensDeadKeysOrNobody(t *testing.T) {
	h := newHouse(t)
	token, _ := h.key(t, trust.KeyDraft{Dialect: "native-jwt"})
	dead, _ := h.key(t, trust.KeyDraft{})
	if _, err := h.keys.Revoke(t.Context(), root, dead.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	live, _ := h.key(t, trust.KeyDraft{})
	blog, _ := h.key(t, trust.KeyDraft{Channel: "chn_blog"})
	for name, c := range map[string]struct {
		in   trust.Expectation
		want error
	}{
		"a token":                {trust.Expectation{Key: token.ID, UserID: "ada"}, trust.ErrInvalid},
		"a revoked key":          {trust.Expectation{Key: dead.ID, UserID: "ada"}, trust.ErrInvalid},
		"of the other field":     {trust.Expectation{Key: live.ID, Email: "ada@example.com"}, trust.ErrInvalid},
		"nobody":                 {trust.Expectation{Key: live.ID}, trust.ErrInvalid},
		"a key of another":       {trust.Expectation{Key: blog.ID, UserID: "ada"}, trust.ErrNotFound},
		"no key":                 {trust.Expectation{Key: "key_none", UserID: "ada"}, trust.ErrNotFound},
		"a reason without end":   {trust.Expectation{Key: live.ID, UserID: "ada", Reason: strings.Repeat("x", 300)}, trust.ErrInvalid},
		"a user id with a break": {trust.Expectation{Key: live.ID, UserID: "ada\n"}, trust.ErrInvalid},
	} {
		c.in.Channel = "chn_shop"
		if hash, err := h.diagnosis().Expected(t.Context(), root, c.in); !errors.Is(err, c.want) || hash != "" {
			t.Errorf("%s: %q, %v", name, hash, err)
		}
	}
}

func TestAnExpectedHashThatCannotBeRecordedIsNotShown(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{})
	h.store.fail = errDisk
	if hash, err := h.diagnosis().Expected(t.Context(), root, trust.Expectation{Channel: "chn_shop", Key: key.ID, UserID: "ada", Reason: "x"}); err == nil || hash != "" {
		t.Errorf("%q, %v", hash, err)
	}
}

func TestSnippetsAreForTheKeyThatBackendsShouldMoveTo(t *testing.T) {
	h := newHouse(t)
	d := h.diagnosis()
	none, err := d.Snippets(t.Context(), root, trust.Wanted{Channel: "chn_shop", Language: "php", Origin: "https://chat.example.com"})
	if err != nil || none.Key != "" || none.Dialect != "native" || !strings.Contains(none.Code.Page, "https://chat.example.com/v1.js") || !strings.Contains(none.Code.Page, "'shop'") {
		t.Fatalf("%+v, %v", none, err)
	}
	first, secret := h.key(t, trust.KeyDraft{Dialect: "pylon"})
	later, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: first.ID, Overlap: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Snippets(t.Context(), root, trust.Wanted{Channel: "chn_shop", Language: "php", Origin: "https://chat.example.com"})
	if err != nil || got.Key != later.ID || got.Dialect != "pylon" || !strings.Contains(got.Code.Server, "hex2bin") || strings.Contains(fmt.Sprintf("%+v", got), secret) {
		t.Errorf("%+v, %v", got, err)
	}
	if named, err := d.Snippets(t.Context(), root, trust.Wanted{Channel: "chn_shop", Key: first.ID, Language: "php"}); err != nil || named.Key != first.ID {
		t.Errorf("%+v, %v", named, err)
	}
	if _, err := d.Snippets(t.Context(), root, trust.Wanted{Channel: "chn_shop", Key: "key_none", Language: "php"}); !errors.Is(err, trust.ErrNotFound) {
		t.Errorf("no such key: %v", err)
	}
	if _, err := d.Snippets(t.Context(), root, trust.Wanted{Channel: "chn_shop", Language: "cobol"}); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("no such language: %v", err)
	}
}

func TestSnippetsForAFrameworkAreItsFiles(t *testing.T) {
	h := newHouse(t)
	d := h.diagnosis()
	rails, err := d.Snippets(t.Context(), root, trust.Wanted{Channel: "chn_shop", Framework: "rails", Origin: "https://chat.example.com"})
	if err != nil || len(rails.Code.Parts) != 2 || rails.Code.Language != "ruby" || rails.Code.Parts[0].File != "app/helpers/chat_helper.rb" || !strings.Contains(rails.Code.Parts[1].Code, "json_escape") {
		t.Errorf("%+v, %v", rails, err)
	}
	for name, in := range map[string]trust.Wanted{
		"no such framework":                   {Framework: "cobol-on-wheels"},
		"a framework of another language":     {Framework: "rails", Language: "php"},
		"a language for what signs by itself": {Framework: "shopify", Language: "node"},
	} {
		in.Channel = "chn_shop"
		if got, err := d.Snippets(t.Context(), root, in); !errors.Is(err, trust.ErrInvalid) || got.Code.Parts != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	h.key(t, trust.KeyDraft{Dialect: "pylon"})
	if got, err := d.Snippets(t.Context(), root, trust.Wanted{Channel: "chn_shop", Framework: "shopify"}); err != nil || !got.Unfit || got.Code.Parts != nil || got.Dialect != "pylon" {
		t.Errorf("Liquid decodes no hexadecimal: %+v, %v", got, err)
	}
}

func TestATokensFiguresReachTheOperator(t *testing.T) {
	h := newHouse(t)
	_, secret := h.key(t, trust.KeyDraft{Dialect: "native-jwt"})
	now := h.pulse.Now()
	claims, _ := json.Marshal(map[string]any{"aud": "blog", "iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-30 * time.Minute).Unix(), "user_id": "ada"})
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(`{"alg":"HS256"}`)) + "." + b64(claims)
	raw := make([]byte, 32)
	if _, err := fmt.Sscanf(sign(secret, signed), "%x", &raw); err != nil {
		t.Fatal(err)
	}
	got, err := h.diagnosis().Ask(t.Context(), root, trust.Inquiry{Channel: "chn_shop", Token: signed + "." + b64(raw)})
	if err != nil || !slices.Equal(codesOf(got), []diagnose.Code{diagnose.Audience, diagnose.Expired}) {
		t.Fatalf("%+v, %v", got.Causes, err)
	}
	if !strings.Contains(got.Causes[0].Explain, `"shop"`) || !strings.Contains(got.Causes[1].Explain, "30 minutes") {
		t.Errorf("%+v", got.Causes)
	}
}

// A stolen login is not worth every customer: fifty a day, whoever they are.
func TestExpectedHashesAreCountedByTheDay(t *testing.T) {
	h := newHouse(t)
	key, _ := h.key(t, trust.KeyDraft{})
	d := h.diagnosis()
	show := func(agent string, n int) error {
		who := policy.ForConfirmedAgent("main", agent, "l", policy.Owner, h.pulse.Now())
		_, err := d.Expected(t.Context(), who, trust.Expectation{Channel: "chn_shop", Key: key.ID, UserID: fmt.Sprint("u", n), Reason: "x"})
		return err
	}
	for n := range 50 {
		if err := show("a", n); err != nil {
			t.Fatalf("number %d: %v", n, err)
		}
	}
	if err := show("a", 50); !errors.Is(err, trust.ErrLimited) {
		t.Errorf("the 51st: %v", err)
	}
	if n := len(h.store.recorded(audit.HashRevealed)); n != 50 {
		t.Errorf("%d recorded", n)
	}
	if err := show("b", 0); err != nil {
		t.Errorf("a colleague: %v", err)
	}
}
