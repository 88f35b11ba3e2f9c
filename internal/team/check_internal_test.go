package team

import (
	"strings"
	"testing"
	"unicode"
)

var emailSeeds = []string{
	"kim@example.com", "KIM@EXAMPLE.COM", "a@b", "@", "", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "<a@b>", "a@b,c@d", "\"a\"@b", "a@b\x00", "\u212a@b", "\u0130@b",
	"\u202ea@b", "\xff@b", strings.Repeat("a", 252) + "@b", strings.Repeat("a", 253) + "@b",
}

func FuzzCheckEmail(f *testing.F) {
	for _, seed := range emailSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		email, err := checkEmail(text)
		if err != nil {
			return
		}
		if len(email) > maxEmail || strings.Count(email, "@") != 1 || strings.ContainsAny(email, " <>()[]\\,;:\"\r\n\t\x00") {
			t.Fatalf("checkEmail(%q) = %q", text, email)
		}
		for _, r := range email {
			if !unicode.IsPrint(r) || 'A' <= r && r <= 'Z' {
				t.Fatalf("checkEmail(%q) keeps %U", text, r)
			}
		}
		if again, err := checkEmail(email); err != nil || again != email {
			t.Fatalf("%q is not its own spelling: %q, %v", email, again, err)
		}
	})
}

var storedSeeds = []string{
	"", "$", "$$$$$", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$" + strings.Repeat("A", 43), "$argon2id$v=19$m=0,t=0,p=0$$", "$argon2id$v=16$m=8,t=1,p=1$c2FsdA$AAAA",
	"$argon2id$v=19$m=8,t=1,p=1$c2Fs dA$AAAA", "$argon2id$v=19$m=-8,t=1,p=1$c2FsdA$AAAA", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$" + strings.Repeat("A", 42) + "B", "x$argon2id$v=19$m=8,t=1,p=1$$",
}

func FuzzCheckPassword(f *testing.F) {
	for _, seed := range storedSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		if strings.Contains(stored, "m=") && !strings.Contains(stored, "m=8,t=1,p=1") {
			return // a slow one teaches nothing
		}
		if right, _ := checkPassword(stored, "a password that nobody stored"); right {
			t.Fatalf("%q lets somebody in", stored)
		}
	})
}

func TestTheFuzzersHaveTheirSeeds(t *testing.T) {
	if len(emailSeeds) != 18 || len(storedSeeds) != 10 {
		t.Errorf("%d and %d seeds", len(emailSeeds), len(storedSeeds))
	}
}

func TestAPasswordMatchesItselfAlone(t *testing.T) {
	stored := hashPassword("a window over the harbour")
	for text, want := range map[string]bool{"a window over the harbour": true, "a window over the harbour ": false, "": false} {
		if right, err := checkPassword(stored, text); right != want || err != nil {
			t.Errorf("%q: %v, %v", text, right, err)
		}
	}
	if right, err := checkPassword(noPassword(), ""); right || err != nil {
		t.Errorf("nobody's password: %v, %v", right, err)
	}
}
