package trust_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/deliver"
	"countersign/internal/event"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// codeShelf keeps codes in memory, for one goroutine; the contract itself is
// storetest's.
type codeShelf struct {
	channel workspace.Channel
	codes   map[string]trust.CodeRow
	letters []deliver.Letter
	limits  trust.CodeLimits
	fail    error
}

func (s *codeShelf) Channel(_ context.Context, ws, id string) (workspace.Channel, error) {
	if ws != s.channel.Workspace || id != s.channel.ID {
		return workspace.Channel{}, workspace.ErrNotFound
	}
	return s.channel, nil
}

func (s *codeShelf) PutCode(_ context.Context, code trust.CodeRow, limits trust.CodeLimits, letter deliver.Letter) error {
	if s.fail != nil {
		return s.fail
	}
	s.codes[code.Asker.ID], s.limits = code, limits
	s.letters = append(s.letters, letter)
	return nil
}

func (s *codeShelf) TryCode(_ context.Context, asker trust.Asker, _ func(string) trust.Quota, judge func(trust.CodeRow, time.Time) bool) error {
	if s.fail != nil {
		return s.fail
	}
	row := s.codes[asker.ID]
	if judge(row, time.Now()) {
		delete(s.codes, asker.ID)
	} else if row.ID != "" {
		row.Tries++
		s.codes[asker.ID] = row
	}
	return nil
}

// desk is a house whose shop takes codes.
func (h *house) desk(t testing.TB) (*codeShelf, trust.LetterSeal) {
	t.Helper()
	shelf := &codeShelf{codes: map[string]trust.CodeRow{}, channel: workspace.Channel{
		ID: "chn_shop", Workspace: "main", Slug: "shop", Realm: "main", EmailCode: true, Name: "Shop\r\nBcc: x@y.example",
		Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce},
	}}
	seal := trust.NewLetterSeal(h.master, "ins_1")
	h.gate.TakeCodes(shelf, deliver.NewDesk(seal, h.pulse), seal, h.master)
	return shelf, seal
}

var theAsker = trust.Asker{ID: "ses_1", Session: "ses_1", Workspace: "main", Channel: "chn_shop"}

func (h *house) confirm(t testing.TB, asker trust.Asker, code string) (policy.Verdict, error) {
	t.Helper()
	v, _, err := h.gate.AdmitCode(t.Context(), trust.CodeArrival{Asker: asker, Platform: policy.Web, Code: code})
	return v, err
}

func codeIn(t testing.TB, seal trust.LetterSeal, l deliver.Letter) (code, text string) {
	t.Helper()
	plain, err := seal.Open(l.Sealed, l.Workspace, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\d{6}`).FindString(string(plain)), string(plain)
}

func TestACodeIsAVerdictByMethodCodeAndIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		shelf, seal := h.desk(t)
		if err := h.gate.AskCode(t.Context(), trust.CodeAsk{Asker: theAsker, Email: "ADA@Shop.Example", Network: "203.0.113.7"}); err != nil {
			t.Fatal(err)
		}
		code, text := codeIn(t, seal, shelf.letters[0])
		if !strings.Contains(text, `"to":"ada@shop.example"`) || strings.Contains(text, "\\r") || !strings.Contains(text, "Shop Bcc: x@y.example") {
			t.Errorf("the letter is %s", text)
		}
		if kept := fmt.Sprintf("%+v %+v", shelf.codes, shelf.limits); strings.Contains(kept, code) || strings.Contains(kept, "ada@") {
			t.Errorf("code or address lies in clear: %s", kept)
		}
		if _, err := seal.Open(shelf.letters[0].Sealed, "main", "ltr_other"); !errors.Is(err, trust.ErrSealed) {
			t.Errorf("a letter opens in another row: %v", err)
		}
		v, err := h.confirm(t, theAsker, code)
		want := identity.Identifier{Realm: "main", Kind: identity.KindEmail, Value: "ada@shop.example"}
		if err != nil || v.Tier() != policy.Verified || v.Method() != identity.MethodCode || len(v.Identifiers()) != 1 || v.Identifiers()[0] != want {
			t.Fatalf("%+v, %v", v, err)
		}
		opened := h.store.recorded(audit.SessionOpened)
		if len(opened) != 1 || opened[0].Detail["method"] != "code" || opened[0].Detail["dialect"] != "code" || strings.Contains(fmt.Sprint(opened), code) {
			t.Errorf("recorded %+v", opened)
		}
		if v, err := h.confirm(t, theAsker, code); err != nil || v.Tier() == policy.Verified {
			t.Errorf("a code that was used: %+v, %v", v, err)
		}
	})
}

func TestACodeIsRefusedAndSaidWhyToTheOperatorAlone(t *testing.T) {
	other := theAsker
	other.ID, other.Session = "ses_2", "ses_2"
	for name, c := range map[string]struct {
		asker trust.Asker
		said  func(code string) string
		spoil func(h *house, s *codeShelf)
		want  identity.Reason
	}{
		"wrong":            {said: func(c string) string { return c[1:] + string('0'+(c[0]-'0'+1)%10) }, want: identity.ProofMismatch},
		"not a code":       {said: func(string) string { return "12345" }, want: identity.ProofMalformed},
		"nobody asked":     {asker: other, want: identity.ProofMissing},
		"too late":         {spoil: func(*house, *codeShelf) { time.Sleep(identity.CodeLife) }, want: identity.TokenExpired},
		"tried too often":  {spoil: func(_ *house, s *codeShelf) { r := s.codes["ses_1"]; r.Tries = 5; s.codes["ses_1"] = r }, want: identity.ProofMismatch},
		"moved to another": {asker: other, spoil: func(_ *house, s *codeShelf) { r := s.codes["ses_1"]; r.Asker = other; s.codes["ses_2"] = r }, want: identity.ProofMismatch},
		"of another realm": {spoil: func(_ *house, s *codeShelf) { s.channel.Realm = "chn_other" }, want: identity.ProofMissing},
		"address exchanged": {spoil: func(h *house, s *codeShelf) {
			r := s.codes["ses_1"]
			r.Sealed = trust.NewLetterSeal(h.master, "ins_1").Seal([]byte("eve@x.example"), "main", r.ID)
			s.codes["ses_1"] = r
		}, want: identity.ProofMismatch},
		"address of nowhere": {spoil: func(_ *house, s *codeShelf) { r := s.codes["ses_1"]; r.Sealed = []byte("noise"); s.codes["ses_1"] = r }, want: identity.KeyUnusable},
		"withheld":           {spoil: func(_ *house, s *codeShelf) { r := s.codes["ses_1"]; r.Tag = []byte{}; s.codes["ses_1"] = r }, want: identity.ProofMissing},
		"an unknown minimum": {spoil: func(_ *house, s *codeShelf) { s.channel.MinimumTier = "platinum" }, want: identity.KeyUnusable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				shelf, seal := h.desk(t)
				if err := h.gate.AskCode(t.Context(), trust.CodeAsk{Asker: theAsker, Email: "ada@shop.example"}); err != nil {
					t.Fatal(err)
				}
				code, _ := codeIn(t, seal, shelf.letters[0])
				if c.said != nil {
					code = c.said(code)
				}
				if c.spoil != nil {
					c.spoil(h, shelf)
					h.beat()
				}
				asker := theAsker
				if c.asker.ID != "" {
					asker = c.asker
				}
				v, err := h.confirm(t, asker, code)
				if err != nil || v.Tier() == policy.Verified || v.Refusal() != policy.IdentityRefused || v.Reason() != c.want {
					t.Fatalf("tier %v, reason %q, %v", v.Tier(), v.Reason(), err)
				}
				refused := h.store.recorded(audit.IdentityRefused)
				if len(refused) != 1 || refused[0].Detail["reason"] != string(c.want) || refused[0].Detail["dialect"] != "code" {
					t.Errorf("recorded %+v", refused)
				}
				if len(h.store.recorded(audit.SessionOpened)) != 0 {
					t.Error("a session was recorded")
				}
			})
		})
	}
}

func TestACodeAdmitsNobodyOnAStaleNodeOrWithoutARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		shelf, seal := h.desk(t)
		ask := trust.CodeAsk{Asker: theAsker, Email: "ada@shop.example"}
		if err := h.gate.AskCode(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		code, _ := codeIn(t, seal, shelf.letters[0])
		h.store.fail = errDisk
		if v, err := h.confirm(t, theAsker, code); !errors.Is(err, errDisk) || v.Tier() == policy.Verified {
			t.Errorf("without a record: %+v, %v", v, err)
		}
		h.store.fail = nil
		if v, err := h.confirm(t, theAsker, code); err != nil || v.Tier() == policy.Verified {
			t.Errorf("what could not be recorded is spent all the same: %+v, %v", v, err)
		}
		shelf.fail = errDisk
		if err := h.gate.AskCode(t.Context(), ask); !errors.Is(err, errDisk) {
			t.Errorf("limits that cannot be read: %v", err)
		}
		if v, err := h.confirm(t, theAsker, code); !errors.Is(err, errDisk) || v.Tier() == policy.Verified {
			t.Errorf("tries that cannot be counted: %+v, %v", v, err)
		}
		shelf.fail = nil
		time.Sleep(2 * time.Second)
		if err := h.gate.AskCode(t.Context(), ask); !errors.Is(err, event.ErrStale) {
			t.Errorf("a stale node mails: %v", err)
		}
		if _, err := h.confirm(t, theAsker, code); !errors.Is(err, event.ErrStale) {
			t.Errorf("a stale node admits: %v", err)
		}
	})
}

func TestLimitsKnowAMailboxByMoreThanItsSpelling(t *testing.T) {
	h := newHouse(t)
	shelf, _ := h.desk(t)
	names := func(email string) (address, stem string) {
		t.Helper()
		if err := h.gate.AskCode(t.Context(), trust.CodeAsk{Asker: theAsker, Email: email}); err != nil {
			t.Fatalf("%s: %v", email, err)
		}
		return shelf.limits.Mailed[0].Name, shelf.limits.Mailed[1].Name
	}
	address, stem := names("ada@shop.example")
	for email, same := range map[string][2]bool{ // the same address, the same mailbox
		"ADA@SHOP.example":      {true, true},
		"ada+1@shop.example":    {false, true},
		"a.d.a+x@shop.example":  {false, true},
		"adb@shop.example":      {false, false},
		"ada@shop2.example":     {false, false},
		"\u212ada@shop.example": {false, false}, // KELVIN SIGN
		"ad\u0430@shop.example": {false, false}, // Cyrillic a
		"ada@sub.shop.example":  {false, false},
		"+ada@shop.example":     {false, false},
	} {
		a, s := names(email)
		if (a == address) != same[0] || (s == stem) != same[1] {
			t.Errorf("%s: same address %v, same mailbox %v", email, a == address, s == stem)
		}
	}
	if shelf.limits.Mailed[0].Hour != 3 || shelf.limits.Mailed[0].Day != 10 || shelf.limits.Wrong.Day != 20 || shelf.limits.Wrong.Name == "" {
		t.Errorf("limits %+v", shelf.limits)
	}
}

// The platform is the caller's own word, and says under which rules it is judged.
func TestACodeOpensNoSessionOnAPlatformThatTheChannelDoesNotServe(t *testing.T) {
	h := newHouse(t)
	shelf, seal := h.desk(t)
	if err := h.gate.AskCode(t.Context(), trust.CodeAsk{Asker: theAsker, Email: "ada@shop.example"}); err != nil {
		t.Fatal(err)
	}
	code, _ := codeIn(t, seal, shelf.letters[0])
	for _, platform := range []policy.Platform{policy.IOS, policy.Android, ""} {
		v, _, err := h.gate.AdmitCode(t.Context(), trust.CodeArrival{Asker: theAsker, Platform: platform, Code: code})
		if !errors.Is(err, trust.ErrPlatform) || v.Tier() == policy.Verified {
			t.Errorf("on %q: tier %s, %v", platform, v.Tier(), err)
		}
	}
	if v, err := h.confirm(t, theAsker, code); err != nil || v.Tier() != policy.Verified {
		t.Errorf("the code was spent where it opens nothing: %s, %v", v.Tier(), err)
	}
}

// Codes are tried by anybody: whoever types nonsense must not take the rows that tell
// of others, nor fill the disk.
func TestAFloodOfCodesFromOneNetworkTakesNoRowsFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.desk(t)
		_, _ = h.key(t, trust.KeyDraft{})
		const tries = 500
		for i := range tries {
			asker := trust.Asker{ID: fmt.Sprint("att_", i), Workspace: "main", Channel: "chn_shop"}
			code := []string{"123456", "nonsense"}[i%2]
			v, _, err := h.gate.AdmitCode(t.Context(), trust.CodeArrival{Asker: asker, Platform: policy.Web, Network: "192.0.2.1", Code: code})
			if err != nil || v.Refusal() != policy.IdentityRefused {
				t.Fatalf("%q, %v", v.Refusal(), err)
			}
			if i%10 == 9 { // ten in each second would be a row each for ever
				time.Sleep(time.Second)
				h.beat()
			}
		}
		refusals, rows := h.counted(t)
		if refusals != tries || rows > tries/3 {
			t.Errorf("%d refusals in %d rows, want all %d in few", refusals, rows, tries)
		}
		for range 20 {
			_, _, _ = h.gate.AdmitCode(t.Context(), trust.CodeArrival{Asker: theAsker, Platform: policy.Web, Network: "192.0.2.1", Code: "123456"})
		}
		h.from(t, "198.51.100.9", identity.Assertion{UserID: "ada", Hash: sign("x", "ada")})
		if last := h.store.recorded(audit.IdentityRefused); last[len(last)-1].Detail["dialect"] == "code" || last[len(last)-1].Detail["count"] != "" {
			t.Errorf("the other network's refusal has no row of its own: %+v", last[len(last)-1])
		}
	})
}
