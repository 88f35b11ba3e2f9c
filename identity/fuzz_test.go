package identity_test

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"countersign/identity"
	"countersign/identity/dialect"
)

// atLeast fails a fuzz target whose seeds have gone missing: with none it would
// pass by testing nothing.
func atLeast(f *testing.F, want, got int) {
	f.Helper()
	if got < want {
		f.Fatalf("%d seeds; at least %d are expected", got, want)
	}
}

// FuzzHash: a hash verifies if and only if the plain library says that it is this
// user's MAC, in hexadecimal or, for Help Scout, in its two other spellings.
func FuzzHash(f *testing.F) {
	seeds := 0
	for _, vectors := range loadProofs(f) {
		for _, v := range vectors {
			a := v.Assertion.assertion()
			f.Add(a.UserID, a.Hash)
			f.Add(a.Email, a.Hash)
			seeds += 2
		}
	}
	atLeast(f, 400, seeds)
	strict := ringOf(f, keyOf(f, "native", dialect.Setup{}))
	loose := ringOf(f, keyOf(f, "helpscout", dialect.Setup{}))
	f.Fuzz(func(t *testing.T, name, hash string) {
		mac := hmacOf(vectorSecret, name)
		raw, err := hex.DecodeString(hash)
		right := err == nil && hmac.Equal(raw, mac)
		_, err = identity.Verify(strict, identity.Assertion{UserID: name, Hash: hash}, testNow)
		if want := right && identity.ValidUserID(name); (err == nil) != want {
			t.Fatalf("%q for %q: %v; want verified %v", hash, name, err, want)
		}
		std, err := base64.StdEncoding.Strict().DecodeString(hash)
		right = right || err == nil && hmac.Equal(std, mac) && !strings.ContainsAny(hash, "\r\n") ||
			len(hash) == 95 && strings.EqualFold(hash, strings.Join(pairs(hex.EncodeToString(mac)), "-"))
		_, err = identity.Verify(loose, identity.Assertion{Dialect: "helpscout", Email: name, Hash: hash}, testNow)
		if want := right && identity.ValidEmail(name); (err == nil) != want {
			t.Fatalf("helpscout: %q for %q: %v; want verified %v", hash, name, err, want)
		}
	})
}

// FuzzScalar: whatever is accepted is what the standard decoder reads, and no two
// readings of one number exist.
func FuzzScalar(f *testing.F) {
	vectors := loadScalars(f).Vectors
	for _, v := range vectors {
		f.Add([]byte(v.JSON))
	}
	atLeast(f, 29, len(vectors))
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, ok := identity.ParseScalar(raw)
		if !ok {
			if text != "" {
				t.Fatalf("%q: refused with %q", raw, text)
			}
			return
		}
		if !utf8.ValidString(text) {
			t.Fatalf("%q is %q", raw, text)
		}
		if len(bytes.Trim(raw, " \t\r\n")) == 0 {
			return
		}
		var v any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%q is no JSON and is %q", raw, text)
		}
		switch v := v.(type) {
		case nil:
			if text != "" {
				t.Fatalf("null is %q", text)
			}
		case string:
			if v != text {
				t.Fatalf("%q is %q, and %q to the decoder", raw, text, v)
			}
		case json.Number:
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || strconv.FormatInt(n, 10) != text || n > 1<<53-1 || n < -(1<<53-1) {
				t.Fatalf("%q is the number %q", raw, text)
			}
		default:
			t.Fatalf("%q is %q", raw, text)
		}
	})
}

// FuzzFold: twice is once, and nothing outside ASCII vanishes into it.
func FuzzFold(f *testing.F) {
	vectors := loadFold(f).Vectors
	for _, v := range vectors {
		f.Add(v.In)
	}
	atLeast(f, 26, len(vectors))
	f.Fuzz(func(t *testing.T, s string) {
		folded := identity.Fold(s)
		if identity.Fold(folded) != folded {
			t.Fatalf("%q folds to %q and that to %q", s, folded, identity.Fold(folded))
		}
		if utf8.ValidString(s) != utf8.ValidString(folded) {
			t.Fatalf("%q folds to %q", s, folded)
		}
		if strings.Count(s, "@") != strings.Count(folded, "@") {
			t.Fatalf("%q folds to %q", s, folded)
		}
	})
}

// FuzzJWT signs any header and claims with the right key: the attacker of this
// target is a backend's mistake. What verifies here verifies in the common
// library, for the same user.
func FuzzJWT(f *testing.F) {
	seeds := 0
	for _, v := range loadProofs(f)["jwt.json"] {
		if parts := strings.Split(v.Assertion.assertion().Token, "."); len(parts) == 3 {
			header, _ := base64.RawURLEncoding.DecodeString(parts[0])
			payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
			f.Add(string(header), string(payload))
			seeds++
		}
	}
	atLeast(f, 100, seeds)
	ring := ringOf(f, keyOf(f, "native-jwt", dialect.Setup{}))
	f.Fuzz(func(t *testing.T, header, payload string) {
		signed := compact(vectorSecret, header, payload)
		v, err := identity.Verify(ring, identity.Assertion{Token: signed}, testNow)
		if err != nil {
			if v.OK() || identity.ReasonOf(err) == identity.ProofMismatch && len(signed) <= identity.MaxTokenBytes {
				t.Fatalf("%v, although the MAC is right", err)
			}
			return
		}
		claims := jwt.MapClaims{}
		_, err = jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience("shop"), jwt.WithJSONNumber(), jwt.WithStrictDecoding(),
			jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return testNow }), jwt.WithLeeway(identity.EarlySlack)).
			ParseWithClaims(signed, claims, func(*jwt.Token) (any, error) { return []byte(vectorSecret), nil })
		if err != nil {
			t.Fatalf("the library refuses header %q, claims %q: %v", header, payload, err)
		}
		if got := fmt.Sprint(claims["user_id"]); got != v.Signed().Value {
			t.Fatalf("we say %q, the library says %q", v.Signed().Value, got)
		}
		if v.ExpiresAt().Sub(v.IssuedAt()) > dialect.MaxLife || !v.ExpiresAt().After(testNow) {
			t.Fatalf("from %v to %v", v.IssuedAt(), v.ExpiresAt())
		}
	})
}

// FuzzToken has no key: nothing that it makes may verify.
func FuzzToken(f *testing.F) {
	seeds := 0
	for _, file := range []string{"jwt.json", "v1.json"} {
		for _, v := range loadProofs(f)[file] {
			f.Add(v.Assertion.assertion().Token)
			seeds++
		}
	}
	atLeast(f, 120, seeds)
	secret := identity.NewSecret([]byte(hexDigest("a secret that no vector was signed with")))
	ring := ringOf(f, keyOf(f, "native-jwt", dialect.Setup{ID: "a", Secret: secret}), keyOf(f, "native-v1", dialect.Setup{ID: "b", Secret: secret}))
	f.Fuzz(func(t *testing.T, token string) {
		if v, err := identity.Verify(ring, identity.Assertion{Token: token, UserID: "u1"}, testNow); err == nil || v.OK() {
			t.Fatalf("%q verified as %v", token, v.Signed())
		}
	})
}

// FuzzV1: a token that verifies is the one spelling of its fields.
func FuzzV1(f *testing.F) {
	seeds := 0
	for _, v := range loadProofs(f)["v1.json"] {
		parts := strings.Split(v.Assertion.assertion().Token, ".")
		if len(parts) < 6 {
			continue
		}
		f.Add(parts[1], parts[2], parts[3], parts[4])
		seeds++
	}
	atLeast(f, 18, seeds)
	ring := ringOf(f, keyOf(f, "native-v1", dialect.Setup{Signs: identity.SignsEither}))
	f.Fuzz(func(t *testing.T, channel, issued, userID, email string) {
		var fields [3]string
		for i, part := range []string{channel, userID, email} {
			b, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				b = []byte(part)
			}
			fields[i] = string(b)
		}
		whole := v1Of(vectorSecret, fields[0], issued, fields[1], fields[2])
		mac := whole[strings.LastIndexByte(whole, '.'):]
		signed := "v1." + channel + "." + issued + "." + userID + "." + email + mac
		v, err := identity.Verify(ring, identity.Assertion{Token: signed}, testNow)
		if err != nil {
			return
		}
		if signed != whole || fields[0] != "shop" {
			t.Fatalf("%q verified; its spelling is %q", signed, whole)
		}
		if v.Signed().Kind == identity.KindUserID && v.Signed().Value != fields[1] || v.Signed().Kind == identity.KindEmail && v.Signed().Value != identity.Fold(fields[2]) {
			t.Fatalf("%q verified as %v", signed, v.Signed())
		}
	})
}
