package dialect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

var matrixNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const matrixSecret = "4f1c9a7be2d05836af91c47d3be60285"

// matrixKey is a key of a dialect with the one secret of the whole matrix.
func matrixKey(t *testing.T, name string, signs identity.Signs) *identity.Key {
	t.Helper()
	row, ok := dialect.Get(name)
	if !ok {
		t.Fatalf("no dialect %s", name)
	}
	secret, err := dialect.Decode(name, matrixSecret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := row.NewKey(dialect.Setup{ID: name, Secret: secret, Signs: signs, Realm: "main", Platforms: []string{"web", "ios"}, Audiences: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func matrixRing(t *testing.T, keys ...*identity.Key) identity.Ring {
	t.Helper()
	var entries []identity.Entry
	for _, key := range keys {
		entries = append(entries, identity.Entry{Key: key})
	}
	ring, err := identity.NewRing(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// proofOf is what a backend of that dialect makes for ada@example.com, who is u1.
func proofOf(t *testing.T, name string, signs identity.Signs) identity.Assertion {
	t.Helper()
	row, _ := dialect.Get(name)
	s := identity.Statement{UserID: "u1", Email: "ada@example.com", Audience: "shop", IssuedAt: matrixNow}
	if row.Proof == identity.ProofJWT {
		s.Life = 10 * time.Minute
	}
	if row.Proof == identity.ProofHash {
		s.Audience = ""
	}
	proof, err := matrixKey(t, name, signs).Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	a := identity.Assertion{Dialect: row.Global, UserID: "u1", Email: "ada@example.com"}
	if row.Proof == identity.ProofHash {
		a.Hash = proof
	} else {
		a.Token = proof
	}
	return a
}

// TestAProofOfOneDialectIsNoneOfAnother walks every dialect against every other with one
// secret for all: the installation keeps equal secrets once, and this is what would
// happen if it did not. What verifies across, verifies because both dialects make the
// same bytes for the same field, and only if the page speaks the key's family.
func TestAProofOfOneDialectIsNoneOfAnother(t *testing.T) {
	for _, maker := range dialect.All() {
		for _, checker := range dialect.All() {
			for _, signs := range []identity.Signs{identity.SignsUserID, identity.SignsEmail} {
				if !maker.MaySign(signs) || !checker.MaySign(signs) {
					continue
				}
				a := proofOf(t, maker.Name, signs)
				_, err := identity.Verify(matrixRing(t, matrixKey(t, checker.Name, signs)), a, matrixNow)
				want := maker.Name == checker.Name || sameBytes(maker, checker)
				if (err == nil) != want {
					t.Errorf("made as %s over %s, page says %s, key of %s: %v", maker.Name, signs, a.Dialect, checker.Name, err)
				}
				if maker.Global != checker.Global && identity.ReasonOf(err) != identity.KeyUnusable {
					t.Errorf("%s for a key of %s is judged at all: %v", maker.Name, checker.Name, err)
				}
			}
		}
	}
}

// sameBytes says whether two dialects of one family make one proof of one field: vendors
// whose backends sign as ours do, while the page calls our own API.
func sameBytes(a, b dialect.Row) bool {
	hash := a.Proof == identity.ProofHash && b.Proof == identity.ProofHash
	return a.Global == b.Global && hash && a.SecretHex == b.SecretHex && a.Lowered == b.Lowered
}

// TestThePagesWordMakesNoOtherDialect: with a hash of one vendor the page may say that it
// speaks any other; the key decides.
func TestThePagesWordMakesNoOtherDialect(t *testing.T) {
	said := append(dialect.Names(), "", "unknown", "NATIVE", "native ", "intercom\x00", "*")
	for _, maker := range dialect.All() {
		signs := maker.DefaultSigns()
		key := matrixKey(t, maker.Name, signs)
		for _, word := range said {
			a := proofOf(t, maker.Name, signs)
			a.Dialect = word
			_, err := identity.Verify(matrixRing(t, key), a, matrixNow)
			spoken := word
			if spoken == "" {
				spoken = "native"
			}
			row, known := dialect.Get(spoken)
			want := known && row.Name == spoken && row.Global == maker.Global
			if (err == nil) != want {
				t.Errorf("a proof of %s, page says %q: %v", maker.Name, word, err)
			}
		}
	}
}

// TestAKeySignsForItsPlatformsAlone in every dialect.
func TestAKeySignsForItsPlatformsAlone(t *testing.T) {
	for _, row := range dialect.All() {
		signs := row.DefaultSigns()
		for platform, want := range map[string]bool{
			"":        true, // web
			"web":     true,
			"ios":     true,
			"android": false,
			"Web":     false,
			"web ":    false,
			"windows": false,
		} {
			a := proofOf(t, row.Name, signs)
			a.Platform = platform
			v, err := identity.Verify(matrixRing(t, matrixKey(t, row.Name, signs)), a, matrixNow)
			if (err == nil) != want {
				t.Errorf("%s on %q: %v", row.Name, platform, err)
			}
			if err != nil && (v.OK() || identity.ReasonOf(err) != identity.KeyUnusable) {
				t.Errorf("%s on %q: %v", row.Name, platform, err)
			}
		}
	}
}

// TestEveryDialectRefusesEachOmission: the peers' first defect was to take an empty
// signature for a right one.
func TestEveryDialectRefusesEachOmission(t *testing.T) {
	for _, row := range dialect.All() {
		signs := row.DefaultSigns()
		good := proofOf(t, row.Name, signs)
		for name, change := range map[string]func(*identity.Assertion){
			"no proof":              func(a *identity.Assertion) { a.Hash, a.Token = "", "" },
			"an empty token's dots": func(a *identity.Assertion) { a.Token = ".." },
			"a blank hash":          func(a *identity.Assertion) { a.Hash, a.Token = " ", "" },
			"the word undefined":    func(a *identity.Assertion) { a.Hash, a.Token = "undefined", "" },
			"the word null":         func(a *identity.Assertion) { a.Hash, a.Token = "null", "" },
			"a hash of zeros":       func(a *identity.Assertion) { a.Hash, a.Token = strings.Repeat("0", 64), "" },
			"a hash cut to 8 bytes": func(a *identity.Assertion) { a.Hash, a.Token = strings.Repeat("0", 16), "" },
			"a token of nothing":    func(a *identity.Assertion) { a.Token = "e30.e30." },
			"an object":             func(a *identity.Assertion) { a.Token = "[object Object]" },
		} {
			a := good
			change(&a)
			if v, err := identity.Verify(matrixRing(t, matrixKey(t, row.Name, signs)), a, matrixNow); err == nil || v.OK() {
				t.Errorf("%s, %s: verified as %v", row.Name, name, v.Signed())
			}
		}
		if _, err := identity.Verify(matrixRing(t, matrixKey(t, row.Name, signs)), good, matrixNow); err != nil {
			t.Errorf("%s, the proof itself, so that the others show something: %v", row.Name, err)
		}
	}
}

// TestAnotherPersonsProofIsNobodysElse: the proof of u1 under every other name.
func TestAnotherPersonsProofIsNobodysElse(t *testing.T) {
	for _, row := range dialect.All() {
		for _, signs := range row.Signs {
			good := proofOf(t, row.Name, signs)
			for _, name := range []string{"u2", "U1", " u1", "u1 ", "u1\x00", "1", "u", "u11", "ada@example.com"} {
				a := good
				a.UserID = name
				v, err := identity.Verify(matrixRing(t, matrixKey(t, row.Name, signs)), a, matrixNow)
				if err == nil && (v.Signed().Kind == identity.KindUserID && v.Signed().Value != "u1" || v.Signed().Kind == identity.KindEmail && v.Signed().Value != "ada@example.com") {
					t.Errorf("%s signing %s: %q is taken as %v", row.Name, signs, name, v.Signed())
				}
			}
			for _, address := range []string{"eve@example.com", "ada@example.co", "ada@example.com.evil.example", "ada@examp1e.com", "аda@example.com", "ada@example.com\n"} {
				a := good
				a.Email = address
				v, err := identity.Verify(matrixRing(t, matrixKey(t, row.Name, signs)), a, matrixNow)
				if err != nil {
					continue
				}
				if email, covered := v.Email(); covered && email.Value != "ada@example.com" {
					t.Errorf("%s signing %s: %q is taken as %v", row.Name, signs, address, email)
				}
			}
		}
	}
}

// TestVendorsLimitsAreTheVendors: what a channel says binds our own dialects alone.
func TestVendorsLimitsAreTheVendors(t *testing.T) {
	for _, c := range []struct {
		name    string
		channel time.Duration // what the channel says; zero: nothing
		life    time.Duration // of the token; zero: it has no exp
		want    identity.Reason
	}{
		{"native-jwt", 0, 24 * time.Hour, ""},
		{"native-jwt", 0, 24*time.Hour + time.Second, identity.LifetimeTooLong},
		{"native-jwt", time.Minute, time.Minute, ""},
		{"native-jwt", time.Minute, time.Minute + time.Second, identity.LifetimeTooLong},
		{"native-jwt", time.Minute, 24 * time.Hour, identity.LifetimeTooLong},
		{"native-jwt", 0, 0, identity.ClaimMissing},
		{"pylon-jwt", 0, 15 * time.Minute, ""},
		{"pylon-jwt", 0, 15*time.Minute + time.Second, identity.LifetimeTooLong},
		{"pylon-jwt", time.Hour, 15*time.Minute + time.Second, identity.LifetimeTooLong},
		{"pylon-jwt", time.Minute, 15 * time.Minute, ""},
		{"pylon-jwt", 0, 0, identity.ClaimMissing},
		{"intercom-jwt", 0, 365 * 24 * time.Hour, ""},
		{"intercom-jwt", time.Minute, 365 * 24 * time.Hour, ""},
		{"intercom-jwt", time.Minute, 0, ""},
	} {
		row, _ := dialect.Get(c.name)
		secret, err := dialect.Decode(c.name, matrixSecret)
		if err != nil {
			t.Fatal(err)
		}
		key, err := row.NewKey(dialect.Setup{ID: "k", Secret: secret, Platforms: []string{"web"}, Audiences: []string{"shop"}, MaxLife: c.channel})
		if err != nil {
			t.Fatal(err)
		}
		token, err := key.Sign(identity.Statement{UserID: "u1", Email: "a@b", Audience: "shop", IssuedAt: matrixNow, Life: c.life})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := identity.Verify(matrixRing(t, key), identity.Assertion{Dialect: row.Global, Token: token}, matrixNow); identity.ReasonOf(err) != c.want {
			t.Errorf("%s, channel %v, token of %v: %v; want %q", c.name, c.channel, c.life, err, c.want)
		}
	}
}

// TestASecretIsReadAsItsDialectSays and never in a second way: hexadecimal is text to
// all but one.
func TestASecretIsReadAsItsDialectSays(t *testing.T) {
	const hexSecret = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
	for _, row := range dialect.All() {
		secret, err := dialect.Decode(row.Name, hexSecret)
		if err != nil {
			t.Fatal(err)
		}
		want := len(hexSecret)
		if row.SecretHex {
			want /= 2
		}
		if secret.Len() != want {
			t.Errorf("%s reads %d bytes", row.Name, secret.Len())
		}
		for name, text := range map[string]string{
			"upper case":         strings.ToUpper(hexSecret),
			"a blank behind":     hexSecret + " ",
			"a line break":       hexSecret + "\n",
			"0x in front":        "0x" + hexSecret,
			"quotes around":      `"` + hexSecret + `"`,
			"a byte order mark":  "\ufeff" + hexSecret,
			"one digit less":     hexSecret[1:],
			"blanks in between":  hexSecret[:32] + " " + hexSecret[32:],
			"a prefix of a kind": "whsec_" + hexSecret,
		} {
			other, err := dialect.Decode(row.Name, text)
			if row.SecretHex {
				if name == "upper case" && (err != nil || string(other.Reveal()) != string(secret.Reveal())) || name != "upper case" && err == nil {
					t.Errorf("%s, %s: %v", row.Name, name, err)
				}
				continue
			}
			if err != nil || string(other.Reveal()) != text {
				t.Errorf("%s, %s: it is kept as something else: %v", row.Name, name, err)
			}
		}
	}
}

// TestKeysOfAPairAreNoSecrets in any dialect, insisted on or not.
func TestKeysOfAPairAreNoSecrets(t *testing.T) {
	for _, row := range dialect.All() {
		for name, text := range map[string]string{
			"PEM":     "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
			"private": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
			"JWK":     `{"kty":"OKP","crv":"Ed25519","x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"}`,
			"JWKS":    `{"keys":[]}`,
			"SSH":     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh",
			"DER":     "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
		} {
			for _, insist := range []bool{false, true} {
				_, _, err := dialect.CheckSecret(row.Name, text, insist)
				if got := code(err); got != "public" && got != "not_hex" {
					t.Errorf("%s as a secret of %s, insisted on %v: %v", name, row.Name, insist, err)
				}
			}
			if !row.SecretHex && !strings.Contains(fmt.Sprint(dialect.Warnings(row.Name, text)), "key of a pair") {
				t.Errorf("%s, %s: commands that only warn do not", row.Name, name)
			}
		}
	}
}
