package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/identity"
)

// A key may call the user id of its tokens by another name, and ask for a scope. These are
// the attacks on exactly that.

var vendorTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// vendorRing has one key whose tokens name their person in a claim of the vendor's.
func vendorRing(t *testing.T, change func(*identity.KeySpec)) (identity.Ring, *identity.Key) {
	t.Helper()
	spec := identity.KeySpec{
		ID: "k", Secret: identity.NewSecret([]byte(vectorSecret)), Dialect: "vendor", Speaks: []string{"native"}, Platforms: []string{"web"},
		Proof: identity.ProofJWT, Signs: identity.SignsUserID, Realm: "main",
		Token: identity.TokenRules{UserIDClaim: "external_id", Scope: "user"},
	}
	if change != nil {
		change(&spec)
	}
	key, err := identity.NewKey(spec)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := identity.NewRing(identity.Entry{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return ring, key
}

func vendorSays(claims string) identity.Assertion {
	return identity.Assertion{Token: compact(vectorSecret, `{"alg":"HS256","kid":"app_1"}`, claims)}
}

// Whatever stands in the claim: it is text or an integer that every language reads alike,
// or nobody is verified.
func TestTheVendorsClaimIsReadAsAUserIDIs(t *testing.T) {
	ring, _ := vendorRing(t, nil)
	for value, want := range map[string]string{
		`"u1"`: "u1", `42`: "42", `-7`: "-7", `0`: "0", `9007199254740991`: "9007199254740991", `"zoë"`: "zoë", `"U1"`: "U1", `" u1 "`: " u1 ", `"\u0041"`: "A",
		`"` + strings.Repeat("a", 255) + `"`: strings.Repeat("a", 255), `"victim@example.com"`: "victim@example.com", `"null"`: "null",
		`""`: "!claim_missing", `null`: "!claim_missing", `1.0`: "!identifier_malformed", `1e3`: "!identifier_malformed", `9007199254740992`: "!identifier_malformed",
		`-0`: "!identifier_malformed", `true`: "!identifier_malformed", `["u1"]`: "!identifier_malformed", `{"id":"u1"}`: "!identifier_malformed",
		`"a\u0000b"`: "!identifier_malformed", `"a\nb"`: "!identifier_malformed", `"` + strings.Repeat("a", 256) + `"`: "!identifier_malformed",
		`"\ud800"`: "!token_malformed", `u1`: "!token_malformed", ``: "!token_malformed",
	} {
		v, err := identity.Verify(ring, vendorSays(`{"scope":"user","external_id":`+value+`}`), vendorTime)
		if refusal, refused := strings.CutPrefix(want, "!"); refused {
			if string(identity.ReasonOf(err)) != refusal || v.OK() {
				t.Errorf("external_id %s: %v; want %s", value, err, refusal)
			}
			continue
		}
		if err != nil || v.Signed() != (identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: want}) {
			t.Errorf("external_id %s: %v, %v; want %q", value, v.Signed(), err, want)
		}
	}
}

// A token that was made for something else under the same secret signs nobody in.
func TestATokenOfAnotherScopeSignsNobodyIn(t *testing.T) {
	ring, _ := vendorRing(t, nil)
	for _, scope := range []string{`"app"`, `"account"`, `"User"`, `"user "`, `" user"`, `"user app"`, `"users"`, `""`, `null`, `true`, `1`, `["user"]`, `{"user":true}`, `"us\u0435r"`} {
		if v, err := identity.Verify(ring, vendorSays(`{"external_id":"u1","scope":`+scope+`}`), vendorTime); identity.ReasonOf(err) != identity.ClaimMissing || v.OK() {
			t.Errorf("scope %s: %v", scope, err)
		}
	}
	for _, claims := range []string{`{"external_id":"u1"}`, `{"external_id":"u1","Scope":"user"}`, `{"external_id":"u1","scopes":"user"}`, `{"external_id":"u1","scp":"user"}`} {
		if _, err := identity.Verify(ring, vendorSays(claims), vendorTime); identity.ReasonOf(err) != identity.ClaimMissing {
			t.Errorf("%s: %v", claims, err)
		}
	}
	if _, err := identity.Verify(ring, vendorSays(`{"external_id":"u1","scope":"app","scope":"user"}`), vendorTime); identity.ReasonOf(err) != identity.TokenMalformed {
		t.Errorf("two scopes: %v", err)
	}
	if _, err := identity.Verify(ring, vendorSays(`{"external_id":"u1","\u0073cope":"user"}`), vendorTime); err != nil {
		t.Errorf("a name in another spelling of JSON's is the name: %v", err)
	}
}

// The refusal names the claim that the vendor calls it, so that an operator finds it.
func TestARefusalNamesTheVendorsClaim(t *testing.T) {
	ring, _ := vendorRing(t, nil)
	for claims, want := range map[string]string{`{"scope":"user","user_id":"u1"}`: "external_id", `{"external_id":"u1"}`: "scope is not user"} {
		_, err := identity.Verify(ring, vendorSays(claims), vendorTime)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "u1") {
			t.Errorf("%s: %v", claims, err)
		}
	}
}

// Where the key signs the email, the vendor's claim is no way around it.
func TestTheVendorsClaimIsNoFallbackForAnEmail(t *testing.T) {
	byEmail, _ := vendorRing(t, func(s *identity.KeySpec) { s.Signs = identity.SignsEmail })
	for claims, want := range map[string]identity.Reason{
		`{"scope":"user","external_id":"ada@example.com"}`:                                  identity.ClaimMissing,
		`{"scope":"user","email":"ada@example.com"}`:                                        "",
		`{"scope":"user","email":"ada@example.com","email_verified":true}`:                  "",
		`{"scope":"user","email":"ada@example.com","email_verified":false}`:                 identity.IdentifierNotCovered,
		`{"scope":"user","email":"not an address","external_id":"ada@example.com"}`:         identity.IdentifierMalformed,
		`{"scope":"user","email":["ada@example.com"],"external_id":"ada@example.com"}`:      identity.IdentifierMalformed,
		`{"scope":"user","email":"","external_id":"ada@example.com","email_verified":true}`: identity.ClaimMissing,
	} {
		v, err := identity.Verify(byEmail, vendorSays(claims), vendorTime)
		if identity.ReasonOf(err) != want || err == nil && v.Signed().Kind != identity.KindEmail {
			t.Errorf("%s: %v, %v", claims, v.Signed(), err)
		}
	}
	either, _ := vendorRing(t, func(s *identity.KeySpec) { s.Signs = identity.SignsEither })
	if _, err := identity.Verify(either, vendorSays(`{"scope":"user","external_id":"victim@example.com"}`), vendorTime); identity.ReasonOf(err) != identity.IdentifierAmbiguous {
		t.Errorf("a user id that is an address, under either: %v", err)
	}
	if v, err := identity.Verify(either, vendorSays(`{"scope":"user","email":"ada@example.com"}`), vendorTime); err != nil || v.Signed().Kind != identity.KindEmail {
		t.Errorf("%v, %v", v.Signed(), err)
	}
}

// Two keys on one ring, ours and a vendor's: each takes its own tokens and no other's,
// whatever names both would have.
func TestKeysOfTwoClaimsOnOneRing(t *testing.T) {
	_, vendor := vendorRing(t, func(s *identity.KeySpec) { s.ID = "vendor" })
	_, own := vendorRing(t, func(s *identity.KeySpec) {
		s.ID, s.Secret, s.Token = "own", identity.NewSecret([]byte(otherSecret)), identity.TokenRules{Audiences: []string{"shop"}, NeedAudience: true}
	})
	for _, entries := range [][]identity.Entry{{{Key: vendor}, {Key: own}}, {{Key: own}, {Key: vendor}}} {
		ring, err := identity.NewRing(entries...)
		if err != nil {
			t.Fatal(err)
		}
		const both = `{"aud":"shop","scope":"user","user_id":"mine","external_id":"theirs"}`
		for secret, want := range map[string]string{vectorSecret: "theirs", otherSecret: "mine"} {
			v, err := identity.Verify(ring, identity.Assertion{Token: compact(secret, `{"alg":"HS256"}`, both)}, vendorTime)
			if err != nil || v.Signed().Value != want {
				t.Errorf("%v, %v; want %s", v.Signed(), err, want)
			}
		}
		if _, err := identity.Verify(ring, identity.Assertion{Token: compact(otherSecret, `{"alg":"HS256"}`, `{"aud":"shop","scope":"user","external_id":"theirs"}`)}, vendorTime); identity.ReasonOf(err) != identity.ClaimMissing {
			t.Errorf("our own key takes the vendor's claim: %v", err)
		}
	}
}

// What Sign makes Verify takes, for everybody; and its payload has the vendor's names alone.
func TestWhatIsSignedUnderAVendorsNamesVerifies(t *testing.T) {
	ring, key := vendorRing(t, nil)
	rapid.Check(t, func(r *rapid.T) {
		user := rapid.StringMatching(`[\p{L}\p{N} .@_<>"'\\-]{1,40}`).Draw(r, "user")
		if !identity.ValidUserID(user) {
			r.Skip("no user id")
		}
		token, err := key.Sign(identity.Statement{UserID: user, IssuedAt: vendorTime, Life: time.Hour, Claims: map[string]any{"plan": "pro"}})
		if err != nil {
			r.Fatal(err)
		}
		v, err := identity.Verify(ring, identity.Assertion{Token: token}, vendorTime)
		if err != nil || v.Signed().Value != user || fmt.Sprint(v.Attributes()) != "map[plan:pro]" {
			r.Fatalf("%q: %v, %v", user, v.Signed(), err)
		}
		raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		var said map[string]any
		if json.Unmarshal(raw, &said) != nil || said["external_id"] != user || said["scope"] != "user" || said["user_id"] != nil {
			r.Fatalf("%s", raw)
		}
	})
	for _, claim := range []string{"external_id", "scope", "iat", "exp"} {
		if token, err := key.Sign(identity.Statement{UserID: "u1", IssuedAt: vendorTime, Life: time.Hour, Claims: map[string]any{claim: "admin"}}); err == nil || token != "" {
			t.Errorf("a claim %s of the caller's is signed beside ours", claim)
		}
	}
	if _, err := key.Sign(identity.Statement{Email: "ada@example.com", IssuedAt: vendorTime}); err == nil {
		t.Error("nobody is signed")
	}
}

// Whatever is in a payload that the secret signed: who is verified is what external_id says,
// read by the plain library.
func FuzzVendorClaims(f *testing.F) {
	seeds := []string{
		`{"scope":"user","external_id":"u1"}`, `{"scope":"user","external_id":42}`, `{"scope":"app","external_id":"u1"}`, `{"scope":"user","user_id":"u1"}`, `{"external_id":"u1"}`,
		`{"scope":"user","external_id":"u1","external_id":"u2"}`, `{"scope":"user","External_id":"u1"}`, `[]`, `null`, `{"scope":"user","external_id":"\u0000"}`, `{"scope":"user","external_id":1e2}`,
		`{"scope":"user","external_id":"u1","email":"a@b","email_verified":false}`, `{"scope":"user","external_id":"u1","exp":1}`, `{"scope":"user","external_id":"u1","scope":"app"}`,
	}
	if len(seeds) < 14 {
		f.Fatal("seeds are missing")
	}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		ring, _ := vendorRing(t, nil)
		v, err := identity.Verify(ring, vendorSays(payload), vendorTime)
		if err != nil {
			if v.OK() || v.Signed() != (identity.Identifier{}) {
				t.Errorf("%q is refused and says %v", payload, v.Signed())
			}
			return
		}
		var said map[string]json.RawMessage // a struct would read External_ID as well
		var scope string
		if json.Unmarshal([]byte(payload), &said) != nil || json.Unmarshal(said["scope"], &scope) != nil || scope != "user" {
			t.Fatalf("%q verified", payload)
		}
		if person, ok := identity.ParseScalar(said["external_id"]); !ok || person != v.Signed().Value || v.Signed().Kind != identity.KindUserID {
			t.Errorf("%q verified as %v", payload, v.Signed())
		}
	})
}
