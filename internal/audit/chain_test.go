package audit_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/internal/audit"
)

var (
	key = []byte("0123456789abcdef0123456789abcdef")
	at  = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("x", 3600))
)

func sealed(t *testing.T, chain *audit.Chain, n int) []audit.Entry {
	t.Helper()
	var all []audit.Entry
	for i := range n {
		entries, commit := chain.Seal(at.Add(time.Duration(i)*time.Second), []audit.Draft{{
			Workspace: "main", Actor: "gate", Action: audit.IdentityRefused, Channel: "chn_1",
			Subject: fmt.Sprint("p", i), Detail: map[string]string{"reason": "proof_mismatch", "n": fmt.Sprint(i)},
		}})
		commit()
		all = append(all, entries...)
	}
	return all
}

func TestAnUntouchedRecordVerifies(t *testing.T) {
	a, b := sealed(t, audit.NewChain(key, "node-a"), 3), sealed(t, audit.NewChain(key, "node-b"), 2)
	mixed := []audit.Entry{a[0], b[0], a[1], a[2], b[1]}
	if err := audit.Verify(key, mixed); err != nil {
		t.Fatal(err)
	}
	if a[0].At != at.UTC().Truncate(time.Microsecond) {
		t.Errorf("the entry's time %v does not survive a store of microseconds", a[0].At)
	}
}

func TestATamperedRecordIsFound(t *testing.T) {
	attacks := map[string]func([]audit.Entry) []audit.Entry{
		"subject changed":   func(e []audit.Entry) []audit.Entry { e[1].Subject = "other"; return e },
		"actor changed":     func(e []audit.Entry) []audit.Entry { e[1].Actor = "cli:root"; return e },
		"action changed":    func(e []audit.Entry) []audit.Entry { e[1].Action = audit.SessionOpened; return e },
		"workspace changed": func(e []audit.Entry) []audit.Entry { e[1].Workspace = "other"; return e },
		"channel changed":   func(e []audit.Entry) []audit.Entry { e[1].Channel = ""; return e },
		"time changed":      func(e []audit.Entry) []audit.Entry { e[1].At = e[1].At.Add(time.Microsecond); return e },
		"detail changed": func(e []audit.Entry) []audit.Entry {
			e[1].Detail = map[string]string{"reason": "proof_missing", "n": "1"}
			return e
		},
		"detail dropped":     func(e []audit.Entry) []audit.Entry { e[1].Detail = nil; return e },
		"first one dropped":  func(e []audit.Entry) []audit.Entry { return e[1:] },
		"middle one dropped": func(e []audit.Entry) []audit.Entry { return slices.Delete(e, 1, 2) },
		"two exchanged":      func(e []audit.Entry) []audit.Entry { e[1], e[2] = e[2], e[1]; return e },
		"one repeated":       func(e []audit.Entry) []audit.Entry { return slices.Insert(e, 1, e[0]) },
		"one dropped, the rest numbered anew": func(e []audit.Entry) []audit.Entry {
			e[2].Number, e[2].Previous = 2, e[0].MAC
			return slices.Delete(e, 1, 2)
		},
		"moved to another chain": func(e []audit.Entry) []audit.Entry {
			for i := range e {
				e[i].Chain = "node-b"
			}
			return e
		},
		"a field slides into its neighbour": func(e []audit.Entry) []audit.Entry {
			e[1].Channel, e[1].Subject = e[1].Channel+e[1].Subject[:1], e[1].Subject[1:]
			return e
		},
	}
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			entries := attack(sealed(t, audit.NewChain(key, "node-a"), 4))
			if err := audit.Verify(key, entries); !errors.Is(err, audit.ErrBroken) {
				t.Fatalf("Verify = %v", err)
			}
		})
	}
	spliced := append(sealed(t, audit.NewChain(key, "node-a"), 1), sealed(t, audit.NewChain(key, "node-a"), 3)[1:]...)
	spliced[0].Subject = "p9" // of two records of one name, the head of one and the tail of the other
	other, commit := audit.NewChain(key, "node-a").Seal(at, []audit.Draft{spliced[0].Draft})
	commit()
	if err := audit.Verify(key, append(other, spliced[1:]...)); !errors.Is(err, audit.ErrBroken) {
		t.Fatalf("two spliced records: %v", err)
	}
	if err := audit.Verify([]byte("another key"), sealed(t, audit.NewChain(key, "a"), 1)); !errors.Is(err, audit.ErrBroken) {
		t.Fatalf("a forger without the key passes: %v", err)
	}
}

func TestAFailedCommitLeavesNoHole(t *testing.T) {
	chain := audit.NewChain(key, "node-a")
	first := sealed(t, chain, 1)
	lost, _ := chain.Seal(at, []audit.Draft{{Action: audit.KeyRevoked}, {Action: audit.KeyRevoked}})
	again, commit := chain.Seal(at, []audit.Draft{{Action: audit.KeyRotated}})
	commit()
	if lost[0].Number != 2 || again[0].Number != 2 {
		t.Fatalf("numbers %d and %d, both should be 2", lost[0].Number, again[0].Number)
	}
	if err := audit.Verify(key, append(first, again...)); err != nil {
		t.Fatal(err)
	}
}

func TestAForkIsAChainOfItsOwn(t *testing.T) {
	chain := audit.NewChain(key, "node-a")
	all := sealed(t, chain, 2)
	chain.Fork()
	after := sealed(t, chain, 2)
	if after[0].Chain == all[0].Chain || after[0].Number != 1 {
		t.Fatalf("after the fork: %s/%d", after[0].Chain, after[0].Number)
	}
	if err := audit.Verify(key, append(all, after...)); err != nil {
		t.Fatal(err)
	}
}

func TestOutsideTextIsCutAndEscaped(t *testing.T) {
	for in, want := range map[string]string{
		"https://shop.example":   "https://shop.example",
		"Zoë 名 🙂":                "Zoë 名 🙂",
		"a\nforged: line":        `a\u{a}forged: line`,
		"\x1b[2J":                `\u{1b}[2J`,
		"\u202egnp.exe":          `\u{202e}gnp.exe`,
		"nul\x00":                `nul\u{0}`,
		"\xff\xfe":               `\xff\xfe`,
		`a\nb`:                   `a\\nb`,
		strings.Repeat("x", 256): strings.Repeat("x", 256),
		strings.Repeat("x", 257): strings.Repeat("x", 253) + "…",
	} {
		if got := audit.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	detail := map[string]string{"origin": "a\nb"}
	entries, _ := audit.NewChain(key, "n").Seal(at, []audit.Draft{{Detail: detail, Subject: "s\n"}})
	if entries[0].Detail["origin"] != `a\u{a}b` || entries[0].Subject != `s\u{a}` {
		t.Errorf("sealed %+v", entries[0].Draft)
	}
	if detail["origin"] != "a\nb" {
		t.Error("sealing changed the caller's draft: a second try would escape twice")
	}
}

var cleanSeeds = []string{"", "plain", "\n", "\xff", strings.Repeat("\x00", 300), strings.Repeat("é", 200), `\`, "\u202e", strings.Repeat("a", 254) + "é"}

func TestTheFuzzerHasItsSeeds(t *testing.T) {
	if len(cleanSeeds) != 9 {
		t.Errorf("%d seeds", len(cleanSeeds))
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range cleanSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := audit.Clean(text)
		if len(out) > audit.MaxDetailBytes || !utf8.ValidString(out) {
			t.Fatalf("Clean(%q) = %q", text, out)
		}
		for _, r := range out {
			if !unicode.IsPrint(r) {
				t.Fatalf("Clean(%q) keeps %U", text, r)
			}
		}
	})
}
