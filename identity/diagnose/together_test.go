package diagnose_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
)

// shown are the mistakes that the pasted text shows by itself; of the others two are
// tried at once.
func shown(m hashMistake) bool { return m.part == "algorithm" || m.part == "print" }

// possible lists what a dialect's backend can do wrong.
func possible(row dialect.Row) []hashMistake {
	return slices.DeleteFunc(hashMistakes(), func(m hashMistake) bool { return m.skip != nil && m.skip(row) })
}

// Every triple that stays within what is tried is named whole: an algorithm or an encoding
// beside any two others.
func TestEveryTripleWithAnAlgorithmIsNamed(t *testing.T) {
	triples := 0
	for _, name := range hashDialects() {
		row, _ := dialect.Get(name)
		all := possible(row)
		for i, first := range all {
			for j, second := range all[i+1:] {
				for _, third := range all[i+j+2:] {
					three := []hashMistake{first, second, third}
					hidden := 0
					for _, m := range three {
						if !shown(m) {
							hidden++
						}
					}
					if hidden != 2 || !together(first, second) || !together(first, third) || !together(second, third) {
						continue
					}
					triples++
					q, m := questionFor(t, name), rightly(row, secretOf("key_own"))
					var want []diagnose.Code
					for _, wrong := range three {
						wrong.make(row, &m)
						want = append(want, wrong.code)
					}
					q.Hash = m.hash()
					a := diagnose.Diagnose(q)
					hold(t, q, a)
					if got := codes(a.Causes); a.Verified || !slices.Equal(got, sorted(want...)) {
						t.Errorf("%s, %s, %s and %s: %+v", name, first.name, second.name, third.name, a.Causes)
					}
				}
			}
		}
	}
	if triples < 800 {
		t.Errorf("only %d triples were made", triples)
	}
}

// Three hidden ones are beyond what is tried: the answer is Unknown and never a guess.
func TestThreeHiddenMistakesAreUnknownAndNoGuess(t *testing.T) {
	tried := 0
	for _, name := range []string{"native", "pylon"} { // the others are tried in one of these two ways
		row, _ := dialect.Get(name)
		all := slices.DeleteFunc(possible(row), shown)
		for i, first := range all {
			for j, second := range all[i+1:] {
				for _, third := range all[i+j+2:] {
					if !together(first, second) || !together(first, third) || !together(second, third) {
						continue
					}
					parts := sortedParts(first, second, third)
					if slices.Contains(parts, "key") && slices.Contains(parts, "reading") || slices.Contains(parts, "build") && slices.Contains(parts, "key") && name == "pylon" {
						continue // another dialect's reading of another's key is one mistake
					}
					q, m := questionFor(t, name), rightly(row, secretOf("key_own"))
					for _, wrong := range []hashMistake{first, second, third} {
						wrong.make(row, &m)
					}
					tried++
					q.Hash = m.hash()
					a := diagnose.Diagnose(q)
					hold(t, q, a)
					found := codes(a.Causes)
					made := sorted(first.code, second.code, third.code)
					for _, code := range found {
						if code != diagnose.Unknown && !slices.Contains(made, code) {
							t.Errorf("%s, %s, %s and %s: it guesses %+v", name, first.name, second.name, third.name, a.Causes)
						}
					}
				}
			}
		}
	}
	if tried < 200 {
		t.Errorf("only %d were tried", tried)
	}
}

func sortedParts(all ...hashMistake) []string {
	var parts []string
	for _, m := range all {
		parts = append(parts, m.part)
	}
	slices.Sort(parts)
	return parts
}

// Every triple of mistakes in a token: who signed it, and all that it says wrongly.
func TestEveryTripleInATokenIsNamed(t *testing.T) {
	triples := 0
	for _, name := range []string{"native-jwt", "intercom-jwt", "pylon-jwt"} {
		row, _ := dialect.Get(name)
		all := slices.DeleteFunc(tokenMistakes(), func(m tokenMistake) bool { return m.skip != nil && m.skip(row) })
		for i, first := range all {
			for j, second := range all[i+1:] {
				for _, third := range all[i+j+2:] {
					if first.part == second.part || second.part == third.part || first.part == third.part {
						continue
					}
					triples++
					q, m := questionFor(t, name), tokenRightly(row)
					var want []diagnose.Code
					for _, wrong := range []tokenMistake{first, second, third} {
						wrong.make(&m)
						want = append(want, wrong.code)
					}
					q.UserID, q.Email, q.Token = "", "", m.token()
					a := diagnose.Diagnose(q)
					hold(t, q, a)
					got := slices.Compact(codes(a.Causes))
					if parts := []string{first.part, second.part, third.part}; slices.Contains(parts, "key") && slices.Contains(parts, "reading") {
						// another's key, decoded as well: either way of telling it has both
						got, want = slices.DeleteFunc(got, isReading), slices.DeleteFunc(sorted(want...), isReading)
					}
					if a.Verified || !slices.Equal(got, sorted(want...)) {
						t.Errorf("%s, %s, %s and %s: %+v", name, first.name, second.name, third.name, a.Causes)
					}
				}
			}
		}
	}
	if triples < 300 {
		t.Errorf("only %d triples were made", triples)
	}
}

func isReading(code diagnose.Code) bool { return code == diagnose.SecretAsHex }

// Whatever set of mistakes is made: taking all of them back makes it verify, and taking
// none leaves it refused for a reason.
func TestTakingTheMistakesBackVerifies(t *testing.T) {
	questions := map[string]diagnose.Question{}
	for _, name := range hashDialects() {
		questions[name] = questionFor(t, name)
	}
	names := slices.Sorted(maps.Keys(questions))
	rapid.Check(t, func(r *rapid.T) {
		q := questions[rapid.SampledFrom(names).Draw(r, "dialect")]
		row, _ := dialect.Get(q.Dialect)
		right := rightly(row, secretOf("key_own"))
		m := right
		made := map[string]bool{}
		for _, wrong := range rapid.SliceOfN(rapid.SampledFrom(possible(row)), 1, 4).Draw(r, "mistakes") {
			if !made[wrong.part] {
				wrong.make(row, &m)
				made[wrong.part] = true
			}
		}
		q.Hash = m.hash()
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if a.Verified != (m.hash() == right.hash()) {
			t.Fatalf("%v: %+v", made, a)
		}
		q.Hash = right.hash()
		if a = diagnose.Diagnose(q); !a.Verified || len(a.Causes) > 0 || a.Signed.Value == "" {
			t.Fatalf("the right hash: %+v", a)
		}
	})
}

// For tokens likewise, and the verdict is the gate's for each that is made.
func TestTakingATokensMistakesBackVerifies(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.SampledFrom([]string{"native-jwt", "intercom-jwt", "pylon-jwt"}).Draw(r, "dialect")
		row, _ := dialect.Get(name)
		q, m := questionFor(t, name), tokenRightly(row)
		q.UserID, q.Email = "", ""
		made := map[string]bool{}
		for _, wrong := range rapid.SliceOfN(rapid.SampledFrom(tokenMistakes()), 1, 5).Draw(r, "mistakes") {
			if !made[wrong.part] && (wrong.skip == nil || !wrong.skip(row)) {
				wrong.make(&m)
				made[wrong.part] = true
			}
		}
		q.Token = m.token()
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		_, err := identity.Verify(q.Ring, identity.Assertion{Dialect: name, Token: q.Token}, q.Now)
		if a.Verified != (err == nil) {
			t.Fatalf("%v: the gate says %v, and the answer is %+v", made, err, a)
		}
		q.Token = tokenRightly(row).token()
		if a = diagnose.Diagnose(q); !a.Verified {
			t.Fatalf("the right token: %+v", a.Causes)
		}
	})
}

// Two runs of one question answer alike to the last letter: no map decides what comes first.
func TestAnswersAreStable(t *testing.T) {
	var questions []diagnose.Question
	for _, name := range dialect.Names() {
		row, _ := dialect.Get(name)
		q := questionFor(t, name)
		for i := range 20 {
			q.Others = append(q.Others, elsewhere("c"+strconv.Itoa(i), "k"+strconv.Itoa(i), name, "active"))
		}
		if row.Proof != identity.ProofHash {
			for _, wrong := range tokenMistakes() {
				m := tokenRightly(row)
				wrong.make(&m)
				q.Token = m.token()
				questions = append(questions, q)
			}
			continue
		}
		for _, wrong := range possible(row) {
			m := rightly(row, secretOf("key_own"))
			wrong.make(row, &m)
			q.Hash = m.hash()
			questions = append(questions, q)
		}
		q.Hash = strings.Repeat("ab", 32)
		questions = append(questions, q)
	}
	for i, q := range questions {
		first, err := json.Marshal(diagnose.Diagnose(q))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if again, _ := json.Marshal(diagnose.Diagnose(q)); string(again) != string(first) {
				t.Fatalf("question %d (%s): %s, and then %s", i, q.Dialect, first, again)
			}
		}
	}
	if len(questions) < 100 {
		t.Errorf("only %d questions", len(questions))
	}
}

// The question is asked of, not written to: it may be asked again by somebody else.
func TestAQuestionIsNotChanged(t *testing.T) {
	for _, name := range dialect.Names() {
		q := questionFor(t, name)
		q.Hash, q.Token = strings.Repeat("ab", 32), ""
		if row, _ := dialect.Get(name); row.Proof != identity.ProofHash {
			q.Hash, q.Token = "", ` "a.b.c" `
		}
		before := fmt.Sprintf("%+v %+v %s %s %s", q.Keys, q.Others, q.Hash, q.Token, q.Channels)
		diagnose.Diagnose(q)
		if after := fmt.Sprintf("%+v %+v %s %s %s", q.Keys, q.Others, q.Hash, q.Token, q.Channels); after != before {
			t.Errorf("%s: %s became %s", name, before, after)
		}
	}
}

// Nothing that was pasted as a proof, and no secret in any spelling, comes back out.
func TestNoProofAndNoSecretIsRepeated(t *testing.T) {
	own, other := secretOf("key_own"), secretOf("blog")
	row, _ := dialect.Get("native-jwt")
	token := tokenRightly(row).token()
	proofs := []string{
		own, other, strings.ToUpper(own), unhex(own), own + "\n", " " + own, "Bearer " + own, digest(own, userID), strings.ToUpper(digest(own, userID)), digest(own, "somebody"), token, token + "x", "x" + token, strings.Repeat(own, 3),
		v1Token(own, "shop", userID, email, now), raw(own, `{"alg":"HS256","kid":"`+own+`"}`, `{}`), raw(own, rightHeader, `{"aud":"shop","iat":1,"exp":2,"user_id":"1"}`), "eyJ" + own + ".." + own, "v1." + own + "....", "sha256=" + own,
	}
	for _, name := range append(dialect.Names(), "") {
		for _, proof := range proofs {
			for _, asToken := range []bool{false, true} {
				q := questionFor(t, "native")
				if name != "" {
					q = questionFor(t, name)
				} else {
					q.Dialect = ""
				}
				if asToken {
					q.Token = proof
				} else {
					q.Hash = proof
				}
				a := diagnose.Diagnose(q)
				hold(t, q, a)
				for _, cause := range a.Causes {
					for _, secret := range []string{own, other, strings.ToUpper(own), unhex(own), strings.TrimSpace(proof), digest(own, userID), digest(own, email)} {
						if text := cause.Explain + cause.Fix; strings.Contains(text, secret) {
							t.Errorf("%s, %q: it says %q", name, proof, text)
						}
					}
				}
			}
		}
	}
}

// A right answer of the gate is never given for what was not asked: a hash with blanks, a
// token cut anywhere, one letter changed anywhere.
func TestNothingNearTheRightProofVerifies(t *testing.T) {
	row, _ := dialect.Get("native")
	hash := rightly(row, secretOf("key_own")).hash()
	q := questionFor(t, "native")
	for i := range hash {
		changed := []byte(hash)
		if changed[i]++; changed[i] == '9'+1 {
			changed[i] = 'a'
		} else if changed[i] == 'g' {
			changed[i] = '0'
		}
		for _, near := range []string{hash[:i], hash[i+1:], hash[:i] + " " + hash[i:], string(changed), hash[:i] + "\u0660" + hash[i+1:]} {
			q.Hash = near
			a := diagnose.Diagnose(q)
			if hold(t, q, a); a.Verified {
				t.Fatalf("%q is verified", near)
			}
		}
	}
	jwt := questionFor(t, "native-jwt")
	jwt.UserID, jwt.Email = "", ""
	tokens, _ := dialect.Get("native-jwt")
	token := tokenRightly(tokens).token()
	for i := 0; i < len(token); i += 3 {
		for _, near := range []string{token[:i], token[i+1:], token[:i] + "A" + token[i:], token[:i] + "." + token[i+1:], token[:i] + "\n" + token[i:]} {
			if near == token || strings.TrimSpace(near) == token {
				continue
			}
			jwt.Token = near
			a := diagnose.Diagnose(jwt)
			if jwt.Token != "" {
				hold(t, jwt, a)
			}
			if a.Verified {
				t.Fatalf("%q is verified", near)
			}
		}
	}
}

// The clock: a token is judged at the time that was asked about, and no other.
func TestTheTimeAskedAboutDecides(t *testing.T) {
	row, _ := dialect.Get("native-jwt")
	q := questionFor(t, "native-jwt")
	q.UserID, q.Email, q.Token = "", "", tokenRightly(row).token()
	for after, want := range map[time.Duration]diagnose.Code{-2 * time.Minute: diagnose.ClockSkew, -91 * time.Second: diagnose.ClockSkew, -90 * time.Second: "", 0: "", 5*time.Minute - time.Second: "", 5 * time.Minute: diagnose.Expired, 9999 * time.Hour: diagnose.Expired} {
		q.Now = now.Add(after)
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if a.Verified != (want == "") || want != "" && !slices.Equal(codes(a.Causes), []diagnose.Code{want}) {
			t.Errorf("%v later: %+v", after, a)
		}
	}
}
