package diagnose

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
)

// counting counts the hashes that are begun while f runs: two for each MAC.
func counting(t *testing.T, f func()) (hashes int) {
	t.Helper()
	before := make(map[int]func() hash.Hash, len(algorithms))
	for size, make := range algorithms {
		before[size] = make
		algorithms[size] = func() hash.Hash {
			hashes++
			return make()
		}
	}
	defer func() {
		for size, make := range before {
			algorithms[size] = make
		}
	}()
	f()
	return hashes
}

func manyKeys(n int, channel string) []Key {
	var keys []Key
	for i := range n {
		text := sha256.Sum256([]byte(fmt.Sprint(channel, i)))
		keys = append(keys, Key{ID: fmt.Sprint("k", i), Name: fmt.Sprint("Key ", i), Channel: channel, Dialect: "native", Signs: identity.SignsUserID, State: keyring.Active, Secret: identity.NewSecret([]byte(hex.EncodeToString(text[:])))})
	}
	return keys
}

// However many keys there are and whatever is pasted, the MACs that are really computed
// stay within what the package promises.
func TestMACsAreCountedWhateverIsPasted(t *testing.T) {
	hashes := map[string]string{
		"of 16 bytes": strings.Repeat("ab", 16), "of 20 bytes": strings.Repeat("ab", 20), "of 32 bytes": strings.Repeat("ab", 32), "of 48 bytes": strings.Repeat("ab", 48), "of 64 bytes": strings.Repeat("ab", 64),
		"hexadecimal twice": hex.EncodeToString([]byte(strings.Repeat("ab", 32))), "base64": base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 32))), "of three sizes": strings.Repeat("abcd", 32), "with a blank": " " + strings.Repeat("ab", 32),
		"no hash": "hello", "nothing": "",
	}
	people := map[string][2]string{
		"a number": {"123456789012", "ada@example.com"}, "a long number": {strings.Repeat("9", 40), ""}, "many escapes": {strings.Repeat("%41", 80), strings.Repeat("&amp;", 40) + "@x"}, "emoji": {strings.Repeat("🎉", 60), "🎉@x"},
		"as long as is tried": {strings.Repeat("x", maxText), strings.Repeat("y", maxText-2) + "@z"}, "longer": {strings.Repeat("x", maxText+1), ""}, "nobody": {"", ""},
	}
	for keysAre, keys := range map[string][2]int{"one": {1, 0}, "eight and a thousand": {8, 1000}, "none": {0, 0}, "twelve and five thousand": {12, 5000}} {
		q := Question{Dialect: "native", Now: time.Unix(1772366400, 0), Keys: manyKeys(keys[0], ""), Others: manyKeys(keys[1], "blog")}
		for hashIs, pasted := range hashes {
			for personIs, person := range people {
				if large := keys[1] >= 1000; large && (personIs != "a number" || hashIs != "of three sizes" && hashIs != "of 32 bytes") {
					continue // what is tried with so many keys is cut long before these differ
				}
				q.Hash, q.UserID, q.Email = pasted, person[0], person[1]
				made := counting(t, func() { Diagnose(q) })
				if limit := 2 * (MaxMACs + 64); made > limit {
					t.Errorf("%s keys, a hash %s, %s: %d hashes, at most %d", keysAre, hashIs, personIs, made, limit)
				}
				if made > 0 && (len(readHash(pasted, Key{Dialect: "native"})) == 0 || len(person[0]) > maxText) {
					t.Errorf("%s keys, a hash %s, %s: %d hashes for nothing", keysAre, hashIs, personIs, made)
				}
			}
		}
	}
}

// What a construction says that it costs is what it costs.
func TestConstructionsSayWhatTheyCost(t *testing.T) {
	for n, all := range constructions {
		for i, c := range all {
			cost := 0
			made := c.make(func() hash.Hash { cost++; return sha256.New() }, reading{key: []byte("key")}, "text")
			if cost > 2*c.macs || len(made) == 0 || c.macs < 1 {
				t.Errorf("construction %d of those with %d mistakes: %d hashes, and it says %d MACs", i, n, cost, c.macs)
			}
			if len(c.slips) != n {
				t.Errorf("construction %d holds %d mistakes and stands among those with %d", i, len(c.slips), n)
			}
			withOther := c.make(sha256.New, reading{key: []byte("other")}, "text")
			if same := slices.EqualFunc(c.make(sha256.New, reading{key: []byte("key")}, "text"), withOther, slices.Equal); same != c.keyless {
				t.Errorf("construction %d of those with %d: keyless %v", i, n, c.keyless)
			}
			seen := map[string]bool{}
			for _, tag := range made {
				if seen[string(tag)] || len(tag) != sha256.Size {
					t.Errorf("construction %d of those with %d makes a tag of %d bytes, twice: %v", i, n, len(tag), seen[string(tag)])
				}
				seen[string(tag)] = true
			}
		}
	}
}

// Of thousands of other keys the nearest are tried, and the same ones each time.
func TestOtherKeysAreCutNearestFirst(t *testing.T) {
	q := Question{Keys: manyKeys(1, ""), Others: manyKeys(maxOthers+500, "blog")}
	for i := range q.Others[:1200] {
		q.Others[i].State = keyring.Retired
	}
	retired := Key{ID: "old", Name: "old", Dialect: "native", State: keyring.Retired, Secret: identity.NewSecret([]byte("an old secret of ours"))}
	q.Keys = append(q.Keys, retired)
	got := q.others(q.Keys[0])
	if len(got) != maxOthers || got[0].ID != "old" {
		t.Fatalf("%d keys, the first is %s", len(got), got[0].ID)
	}
	for i := 1; i <= 300; i++ {
		if !lives(got[i]) {
			t.Fatalf("a dead key of another channel is number %d", i)
		}
	}
}

// A token's signer is sought among bounded many readings as well.
func TestTheSignerOfATokenIsSoughtWithinBounds(t *testing.T) {
	made := 0
	before := jwtHashes["HS256"]
	jwtHashes["HS256"] = func() hash.Hash { made++; return sha256.New() }
	defer func() { jwtHashes["HS256"] = before }()
	b64 := base64.RawURLEncoding.EncodeToString
	q := Question{Dialect: "native-jwt", Now: time.Unix(1772366400, 0), Keys: manyKeys(8, ""), Others: manyKeys(5000, "blog")}
	for i := range q.Keys {
		q.Keys[i].Dialect = "native-jwt"
	}
	q.Token = b64([]byte(`{"alg":"HS256"}`)) + "." + b64([]byte(`{}`)) + "." + b64(make([]byte, 32))
	ring := identity.Ring{}
	q.Ring = ring
	q.signer(q.targets(), first(readToken(q.Token)))
	if made == 0 || made > 2*(MaxMACs+1) {
		t.Errorf("%d hashes", made)
	}
}

func first(s said, _ form) said { return s }

// How languages write what a hash is: each is read, with the mistake that it is.
func TestSpellingsOfAHashAreRead(t *testing.T) {
	tag := sha256.Sum256([]byte("a tag"))
	digits := hex.EncodeToString(tag[:])
	upper := strings.ToUpper(digits)
	var pairs []string
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	std := base64.StdEncoding.EncodeToString(tag[:])
	for _, c := range []struct {
		text, dialect string
		want          []Code
	}{
		{digits, "native", nil},
		{upper, "native", nil},
		{digits[:32] + upper[32:], "native", nil},
		{digits + "\n", "native", []Code{Newline}},
		{digits + "\r\n", "native", []Code{Newline}},
		{" " + digits, "native", []Code{Blanks}},
		{digits + " \n", "native", []Code{Blanks}},
		{digits[:8] + " " + digits[8:], "native", []Code{Blanks}},
		{strings.Join(pairs, " "), "native", []Code{Blanks}},
		{strings.Join(pairs, "\n"), "native", []Code{Blanks}},
		{strings.Join(pairs, "-"), "native", []Code{NotAHash}},
		{strings.Join(pairs, ":"), "native", []Code{NotAHash}},
		{strings.Join(pairs, "-"), "helpscout", nil},
		{strings.ToUpper(strings.Join(pairs, "-")), "helpscout", nil},
		{strings.Join(pairs, ":"), "helpscout", []Code{NotAHash}},
		{`"` + digits + `"`, "native", []Code{NotAHash}},
		{"'" + digits + "'", "native", []Code{NotAHash}},
		{"0x" + digits, "native", []Code{NotAHash}},
		{"sha256=" + digits, "native", []Code{NotAHash}},
		{hex.EncodeToString([]byte(digits)), "native", []Code{NotAHash}},
		{std, "native", []Code{Base64}},
		{std, "helpscout", nil},
		{strings.TrimRight(std, "="), "helpscout", []Code{Base64}},
		{base64.URLEncoding.EncodeToString(tag[:]), "native", []Code{Base64}},
		{base64.RawURLEncoding.EncodeToString(tag[:]), "native", []Code{Base64}},
		{base64.StdEncoding.EncodeToString([]byte(digits)), "native", []Code{Base64}},
		{base64.StdEncoding.EncodeToString([]byte(upper)), "helpscout", []Code{Base64}},
		{std + "\n", "native", []Code{Base64, Newline}},
		{" " + std, "pylon", []Code{Base64, Blanks}},
	} {
		var best []Code
		found := false
		for _, sent := range readHash(c.text, Key{Dialect: c.dialect}) {
			if !slices.Equal(sent.tag, tag[:]) || found {
				continue
			}
			found = true
			for _, s := range sent.slips {
				best = append(best, s.code)
			}
		}
		slices.Sort(best)
		slices.Sort(c.want)
		if !found || !slices.Equal(best, c.want) {
			t.Errorf("%q in %s: read %v as %v, wanted %v", c.text, c.dialect, found, best, c.want)
		}
	}
	for _, nothing := range []string{"", " ", "hello", digits[:63], digits + "0", strings.Repeat("a", 513), "0x", "sha256=", `""`, "====", "\x00", "é", strings.Repeat("z!", 32), "%", "%zz" + digits} {
		if found := readHash(nothing, Key{Dialect: "native"}); len(found) > 0 {
			t.Errorf("%q is read as %d bytes", nothing, len(found[0].tag))
		}
	}
}

// The other sizes, and what they are called.
func TestSizesOfOtherAlgorithms(t *testing.T) {
	for size, want := range map[int]string{16: "MD5", 20: "SHA-1", 28: "SHA-224", 32: "", 48: "SHA-384", 64: "SHA-512"} {
		h := algorithms[size]
		if h == nil || h().Size() != size {
			t.Fatalf("%d bytes: there is no such algorithm", size)
		}
		slips := bySize[size]
		if want == "" && len(slips) > 0 || want != "" && (len(slips) != 1 || !strings.Contains(slips[0].explain, want+", "+fmt.Sprint(size)+" bytes")) {
			t.Errorf("%d bytes: %+v", size, slips)
		}
		if found := readHash(strings.Repeat("ab", size), Key{Dialect: "native"}); len(found) == 0 {
			t.Errorf("%d bytes are not read", size)
		}
	}
	if algorithms[sha1.Size]().Size() != 20 || len(algorithms) != 6 || len(bySize) != 6 {
		t.Error("the tables differ")
	}
}

// Which keys are asked: of the page's family, that live, that take this kind of proof.
func TestTargetsAreTheKeysThatShouldHaveTakenIt(t *testing.T) {
	key := func(id, spoken string, state keyring.State) Key {
		return Key{ID: id, Dialect: spoken, State: state, Secret: identity.NewSecret([]byte("a secret of " + id))}
	}
	all := []Key{key("dead", "native", keyring.Retired), key("hash", "native", keyring.Active), key("jwt", "native-jwt", keyring.Active), key("v1", "native-v1", keyring.Retiring), key("other", "intercom", keyring.Active), key("odd", "no such", keyring.Active)}
	jwt, v1 := "eyJhIjoxfQ.e30.c2ln", "v1.a.1.b.c.d"
	for _, c := range []struct {
		dialect, hash, token string
		keys                 []Key
		want                 string
	}{
		{"native", "x", "", all, "hash"},
		{"native", "", jwt, all, "jwt"},
		{"native", "", v1, all, "v1"},
		{"native-jwt", "", v1, all, "v1"},
		{"native", "", "neither", all, "jwt v1"},
		{"native", "", " " + v1 + "\n", all, "v1"},
		{"native", "", "Bearer " + jwt, all, "jwt"},
		{"", "x", "", all, "hash other"},
		{"", "", jwt, all, "jwt"},
		{"intercom", "x", "", all, "other"},
		{"intercom", "", jwt, all, "other"},
		{"intercom-jwt", "", jwt, all, "other"},
		{"helpscout", "x", "", all, ""},
		{"no such", "x", "", all, ""},
		{"native", "x", "", all[:1], ""},
		{"native", "x", "", all[2:4], "jwt v1"},
		{"native", "", jwt, all[1:2], "hash"},
		{"", "x", "", nil, ""},
	} {
		q := Question{Dialect: c.dialect, Hash: c.hash, Token: c.token, Keys: c.keys}
		var ids []string
		targets := q.targets()
		for _, target := range targets {
			ids = append(ids, target.ID)
		}
		if got := strings.Join(ids, " "); got != c.want || len(targets) == 0 {
			t.Errorf("%q, hash %q, token %q: %q, wanted %q", c.dialect, c.hash, c.token, got, c.want)
		}
		if _, ok := dialect.Get(targets[0].Dialect); !ok || c.want == "" && targets[0].Signs == "" {
			t.Errorf("%q: a target of %q that signs %q", c.dialect, targets[0].Dialect, targets[0].Signs)
		}
	}
	many := Question{Dialect: "native", Hash: "x", Keys: manyKeys(50, "")}
	if got := len(many.targets()); got != identity.MaxLive {
		t.Errorf("%d targets of 50 keys", got)
	}
}

// Layers around a token are taken off a few times, and each is told once.
func TestLayersAroundATokenAreFew(t *testing.T) {
	for token, want := range map[string]struct {
		bare  string
		codes int
	}{
		"x": {"x", 0}, " x": {"x", 1}, "x\n": {"x", 1}, `"x"`: {"x", 1}, "Bearer x": {"x", 1}, ` "x" `: {"x", 2}, "Bearer 'x'": {"x", 1}, `'"x"'`: {"x", 1}, "": {"", 0}, " ": {" ", 0}, `"`: {`"`, 0}, "Bearer ": {"Bearer", 1},
		`""""x""""`: {`"x"`, 1}, "Bearer Bearer Bearer Bearer x": {"Bearer x", 1}, "\n'Bearer x'": {"x", 2}, "bearer x": {"bearer x", 0},
	} {
		q := Question{Token: token}
		bare, around := q.bareToken()
		if bare != want.bare || len(around) != want.codes {
			t.Errorf("%q: %q with %+v", token, bare, around)
		}
		if q.bare = true; true {
			if again, none := q.bareToken(); again != token || len(none) > 0 {
				t.Errorf("%q was taken off twice: %q", token, again)
			}
		}
	}
}
