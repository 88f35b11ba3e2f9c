package team

import (
	"strings"
	"testing"
	"time"
)

// TestCodesAreThoseOfRFC6238 takes the RFC's vectors for SHA-1, cut to six digits.
func TestCodesAreThoseOfRFC6238(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp(secret, at/totpStep); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
		if step, ok := totpMatch(secret, want, time.Unix(at, 0), 0); !ok || step != at/totpStep {
			t.Errorf("at %d: matched %d, %v", at, step, ok)
		}
	}
}

func TestACodeIsGoodForOneStepToEitherSideAndOnlyAfterTheLast(t *testing.T) {
	secret, now := []byte("12345678901234567890"), time.Unix(1234567890, 0)
	present := now.Unix() / totpStep
	for _, c := range []struct {
		step, last int64
		want       bool
	}{
		{present - 2, 0, false}, {present - 1, 0, true}, {present, 0, true}, {present + 1, 0, true}, {present + 2, 0, false},
		{present - 1, present - 1, false}, {present, present - 1, true}, {present, present, false}, {present, present + 1, false}, {present + 1, present, true},
	} {
		if step, ok := totpMatch(secret, totp(secret, c.step), now, c.last); ok != c.want || ok && step != c.step {
			t.Errorf("the code of step %+d after %+d: %v", c.step-present, c.last-present, ok)
		}
	}
	for _, none := range []string{"", "12345", "1234567", "١٢٣٤٥٦", "12 34 5", "-12345", "12e456"} {
		if digits(none) != "" {
			t.Errorf("%q is taken for six digits", none)
		}
		if _, ok := totpMatch(secret, digits(none), now, 0); ok {
			t.Errorf("%q matches", none)
		}
	}
	if digits(" 005 924 ") != "005924" {
		t.Error("blanks, as apps show them, are in the way")
	}
}

func TestRecoveryCodesAreReadAsPeopleTypeThemAndAreOneAgents(t *testing.T) {
	texts, hashes := newRecovery("agt_1")
	if len(texts) != recoveryCodes || len(hashes) != recoveryCodes {
		t.Fatal(texts)
	}
	for i, text := range texts {
		for _, typed := range []string{text, strings.ToUpper(text), strings.ReplaceAll(text, "-", ""), strings.ReplaceAll(text, "-", " "), " " + text + " "} {
			if string(recoveryHash("agt_1", typed)) != string(hashes[i]) {
				t.Errorf("%q is not %q", typed, text)
			}
		}
		if string(recoveryHash("agt_2", text)) == string(hashes[i]) {
			t.Error("a code opens two accounts")
		}
	}
}
