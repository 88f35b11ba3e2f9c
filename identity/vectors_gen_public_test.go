package identity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// publicVectors are tokens that public keys and issuers' sets verify. The private keys
// are in pairs_test.go; signatures are deterministic but for ECDSA's, which the library
// draws at random, so the vectors' are made by our own signer (RFC 6979).
func publicVectors(tb testing.TB) []vector {
	tb.Helper()
	b := &publicBook{tb: tb}
	b.everyAlgorithm()
	b.headers()
	b.sets()
	return b.vectors
}

type publicBook struct {
	book
	tb testing.TB
}

// sign is bySign with a signature that is the same at every run.
func (b *publicBook) sign(private, header, payload string) json.RawMessage {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	if private != esPrivate && private != esOther {
		return raw(bySign(b.tb, private, header, payload))
	}
	return raw(signed + "." + b64(deterministicES256(b.tb, private, signed)))
}

func publicVectorKey(public string) vectorKey {
	return vectorKey{ID: "k1", Dialect: "native-jwt", PublicKey: public, Signs: "user_id", Audiences: []string{"ch_1", "shop"}}
}

func (b *publicBook) everyAlgorithm() {
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA"} {
		pair := keyPairs[identityAlgorithm(algorithm)]
		key := publicVectorKey(pair[1])
		header := `{"alg":"` + algorithm + `","typ":"JWT"}`
		b.add(algorithm, key, vectorAssertion{JWT: b.sign(pair[0], header, claims())}, verifiedAs("user_id:u1", "jwt"))
		jwk := key
		jwk.PublicKey = jwkOf(b.tb, pair[1], "any")
		b.add(algorithm+" by a JWK", jwk, vectorAssertion{JWT: b.sign(pair[0], header, claims())}, verifiedAs("user_id:u1", "jwt"))
		var token string
		_ = json.Unmarshal(b.sign(pair[0], header, claims()), &token)
		b.add(algorithm+", signature changed", key, vectorAssertion{JWT: raw(changedEnd(token))}, refusedAs("proof_mismatch"))
		b.add(algorithm+", no signature", key, vectorAssertion{JWT: raw(token[:strings.LastIndexByte(token, '.')+1])}, refusedAs("token_malformed"))
		b.add(algorithm+", expired", key, vectorAssertion{JWT: b.sign(pair[0], header, claims("exp", fmt.Sprint(vectorEpoch)))}, refusedAs("token_expired"))
		b.add(algorithm+", another audience", key, vectorAssertion{JWT: b.sign(pair[0], header, claims("aud", `"other"`))}, refusedAs("audience_wrong"))
		b.add(algorithm+", MAC with the public key as secret", key, vectorAssertion{JWT: raw(compact(pair[1], `{"alg":"HS256"}`, claims()))}, refusedAs("algorithm_refused"))
		b.add(algorithm+", alg none", key, vectorAssertion{JWT: raw(b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(claims())) + ".")}, refusedAs("algorithm_refused"))
	}
	b.add("Ed25519 by the name of its curve", publicVectorKey(edPublic), vectorAssertion{JWT: b.sign(edPrivate, `{"alg":"Ed25519"}`, claims())}, verifiedAs("user_id:u1", "jwt"))
	b.add("RSA signature under an ECDSA key", publicVectorKey(esPublic), vectorAssertion{JWT: b.sign(rsPrivate, `{"alg":"RS256"}`, claims())}, refusedAs("algorithm_refused"))
	b.add("RSA signature that says ES256", publicVectorKey(esPublic), vectorAssertion{JWT: b.sign(rsPrivate, `{"alg":"ES256"}`, claims())}, refusedAs("token_malformed"))
	b.add("ECDSA signature of zeros", publicVectorKey(esPublic), vectorAssertion{JWT: raw(b64([]byte(`{"alg":"ES256"}`)) + "." + b64([]byte(claims())) + "." + b64(make([]byte, 64)))}, refusedAs("proof_mismatch"))
}

func (b *publicBook) headers() {
	key := publicVectorKey(esPublic)
	for name, member := range map[string]string{
		"crit":            `"crit":["exp"]`,
		"b64":             `"b64":false`,
		"zip":             `"zip":"DEF"`,
		"jwk":             `"jwk":{}`,
		"jku":             `"jku":"https://evil.example"`,
		"x5c":             `"x5c":[]`,
		"x5u":             `"x5u":"https://evil.example"`,
		"cty":             `"cty":"JWT"`,
		"enc":             `"enc":"A128GCM"`,
		"kid as a number": `"kid":5`,
	} {
		b.add("header with "+name, key, vectorAssertion{JWT: b.sign(esPrivate, `{"alg":"ES256",`+member+`}`, claims())}, refusedAs("token_malformed"))
	}
	b.add("kid of a single key is not read", key, vectorAssertion{JWT: b.sign(esPrivate, `{"alg":"ES256","kid":"../../dev/null"}`, claims())}, verifiedAs("user_id:u1", "jwt"))
	named := key
	named.Issuer = issuer
	b.add("issuer", named, vectorAssertion{JWT: b.sign(esPrivate, `{"alg":"ES256"}`, issued())}, verifiedAs("user_id:u1", "jwt"))
	b.add("issuer missing", named, vectorAssertion{JWT: b.sign(esPrivate, `{"alg":"ES256"}`, claims())}, refusedAs("claim_missing"))
	b.add("another issuer", named, vectorAssertion{JWT: b.sign(esPrivate, `{"alg":"ES256"}`, claims("iss", `"https://evil.example"`))}, refusedAs("audience_wrong"))
}

func (b *publicBook) sets() {
	set := vectorKey{ID: "k1", Dialect: "native-jwt", Signs: "user_id", Audiences: []string{"shop"}, Issuer: issuer, Algorithm: "ES256", Fetched: time.Unix(vectorEpoch-3600, 0).UTC().Format(time.RFC3339),
		JWKS: json.RawMessage(jwks(jwkOf(b.tb, esPublic, "a"), jwkOf(b.tb, publicPEM(b.tb, esOther), "b"), jwkOf(b.tb, rsPublic, "r"), jwkOf(b.tb, publicPEM(b.tb, esOther), "enc", "use", `"enc"`), jwkOf(b.tb, esPublic, "twice"), jwkOf(b.tb, publicPEM(b.tb, esOther), "twice")))}
	for _, c := range []struct{ name, private, header, payload, reason string }{
		{"kid a", esPrivate, withKid("a"), issued(), ""},
		{"kid b", esOther, withKid("b"), issued(), ""},
		{"kid a with b's signature", esOther, withKid("a"), issued(), "proof_mismatch"},
		{"no kid", esPrivate, `{"alg":"ES256"}`, issued(), "claim_missing"},
		{"a kid that nobody published", esPrivate, withKid("c"), issued(), "key_unusable"},
		{"the kid of a key for encryption", esOther, withKid("enc"), issued(), "key_unusable"},
		{"a kid that two keys share", esPrivate, withKid("twice"), issued(), "key_unusable"},
		{"the kid of another algorithm", rsPrivate, `{"alg":"RS256","kid":"r"}`, issued(), "algorithm_refused"},
		{"the kid of another algorithm's key", esPrivate, withKid("r"), issued(), "key_unusable"},
		{"no issuer", esPrivate, withKid("a"), claims(), "claim_missing"},
		{"another issuer", esPrivate, withKid("a"), claims("iss", `"x"`), "audience_wrong"},
	} {
		expect := verifiedAs("user_id:u1", "jwt")
		if c.reason != "" {
			expect = refusedAs(c.reason)
		}
		b.add("set: "+c.name, set, vectorAssertion{JWT: b.sign(c.private, c.header, c.payload)}, expect)
	}
	revoked := set
	revoked.RevokedKids = []string{"a"}
	b.add("set: a revoked kid", revoked, vectorAssertion{JWT: b.sign(esPrivate, withKid("a"), issued())}, refusedAs("key_revoked"))
	b.add("set: beside a revoked kid", revoked, vectorAssertion{JWT: b.sign(esOther, withKid("b"), issued())}, verifiedAs("user_id:u1", "jwt"))
	old := set
	old.Fetched = time.Unix(vectorEpoch-86400, 0).UTC().Format(time.RFC3339)
	b.add("set: fetched a day ago", old, vectorAssertion{JWT: b.sign(esPrivate, withKid("a"), issued())}, refusedAs("key_unusable"))
	old.Fetched = time.Unix(vectorEpoch-86399, 0).UTC().Format(time.RFC3339)
	b.add("set: fetched a second less than a day ago", old, vectorAssertion{JWT: b.sign(esPrivate, withKid("a"), issued())}, verifiedAs("user_id:u1", "jwt"))
}
