package identity_test

import (
	"fmt"
	"strings"
	"time"
)

func v1Of(secret, channel, issued, userID, email string) string {
	text := ""
	for _, part := range []string{"countersign.v1", channel, userID, email, issued} {
		text += fmt.Sprintf("%d:%s,", len(part), part)
	}
	return "v1." + b64([]byte(channel)) + "." + issued + "." + b64([]byte(userID)) + "." + b64([]byte(email)) + "." + b64(hmacOf(secret, text))
}

func v1Vectors() []vector {
	var b book
	key := tokenKey("native-v1")
	key.MaxLife = 3600
	issued := fmt.Sprint(vectorEpoch - 60)
	at := func(token string) vectorAssertion { return vectorAssertion{JWT: raw(token)} }
	good := v1Of(vectorSecret, "shop", issued, "u1", "Ada@example.com")
	b.add("v1 user id and email", key, at(good), vectorExpect{Verified: "user_id:u1", Method: "v1", Email: "ada@example.com"})
	b.add("v1 user id alone", key, at(v1Of(vectorSecret, "ch_1", issued, "u1", "")), verifiedAs("user_id:u1", "v1"))
	email := key
	email.Signs = "email"
	b.add("v1 email", email, at(v1Of(vectorSecret, "shop", issued, "", "ada@example.com")), verifiedAs("email:ada@example.com", "v1"))
	b.add("v1 last second", key, at(v1Of(vectorSecret, "shop", fmt.Sprint(vectorEpoch-3599), "u1", "")), verifiedAs("user_id:u1", "v1"))
	parts := strings.Split(good, ".")
	swap := func(i int, part string) string {
		changed := append([]string(nil), parts...)
		changed[i] = part
		return strings.Join(changed, ".")
	}
	for _, c := range []struct{ name, token, reason string }{
		{"v1 over", v1Of(vectorSecret, "shop", fmt.Sprint(vectorEpoch-3600), "u1", ""), "token_expired"},
		{"v1 from the future", v1Of(vectorSecret, "shop", fmt.Sprint(vectorEpoch+31), "u1", ""), "token_early"},
		{"v1 for another channel", v1Of(vectorSecret, "other", issued, "u1", ""), "audience_wrong"},
		{"v1 without user id", v1Of(vectorSecret, "shop", issued, "", "ada@example.com"), "claim_missing"},
		{"v1 without anybody", v1Of(vectorSecret, "shop", issued, "", ""), "claim_missing"},
		{"v1 under another key", v1Of(otherSecret, "shop", issued, "u1", ""), "proof_mismatch"},
		{"v1 with a user id with a NUL", v1Of(vectorSecret, "shop", issued, "a\x00b", ""), "identifier_malformed"},
		{"v1 with another user", swap(3, b64([]byte("victim"))), "proof_mismatch"},
		{"v1 with another email", swap(4, b64([]byte("victim@example.com"))), "proof_mismatch"},
		{"v1 with another time", swap(2, fmt.Sprint(vectorEpoch)), "proof_mismatch"},
		{"v1 with another channel written in", swap(1, b64([]byte("ch_1"))), "proof_mismatch"},
		{"v1 with a byte moved between fields", swap(3, b64([]byte("u1A"))), "proof_mismatch"},
		{"v1 with a time of two spellings", swap(2, "0"+issued), "token_malformed"},
		{"v1 with a sign before the time", swap(2, "+"+issued), "token_malformed"},
		{"v1 with padding", good + "=", "token_malformed"},
		{"v1 with a MAC cut short", swap(5, parts[5][:22]), "token_malformed"},
		{"v1 without MAC", swap(5, ""), "token_malformed"},
		{"v1 with five parts", strings.Join(parts[:5], "."), "token_malformed"},
		{"v1 with seven parts", good + ".AA", "token_malformed"},
		{"v1 called v2", "v2" + good[2:], "token_malformed"},
		{"v1 key and a JWT", compact(vectorSecret, plainHeader, claims()), "token_malformed"},
	} {
		b.add(c.name, key, at(c.token), refusedAs(c.reason))
	}
	b.add("JWT key and a v1 token", tokenKey("native-jwt"), at(good), refusedAs("token_malformed"))
	b.add("v1 key and the hash of the signed text", key, vectorAssertion{UserID: raw("14:countersign.v1,4:shop,2:u1,0:,10:" + issued + ","),
		Hash: raw(hmacHex(vectorSecret, "14:countersign.v1,4:shop,2:u1,0:,10:"+issued+","))}, refusedAs("key_unusable"))
	return b.vectors
}

func ringVectors() []vector {
	var b book
	key := func(id, secret, state string) vectorKey {
		return vectorKey{ID: id, Dialect: "native", Secret: secret, Signs: "user_id", State: state}
	}
	one := vectorAssertion{UserID: raw("u1"), Hash: raw(hmacHex(vectorSecret, "u1"))}
	two := vectorAssertion{UserID: raw("u1"), Hash: raw(hmacHex(otherSecret, "u1"))}
	put := func(name string, keys []vectorKey, a vectorAssertion, e vectorExpect) {
		b.vectors = append(b.vectors, vector{Name: name, Keys: keys, Assertion: a, Now: vectorNow, Expect: e})
	}
	by := func(id string) vectorExpect {
		return vectorExpect{Verified: "user_id:u1", Method: "hmac", Key: id}
	}
	mail := key("m", otherSecret, "active")
	mail.Signs = "email"
	wrong := vectorAssertion{UserID: raw("u1"), Hash: raw(hmacHex(otherSecret, "u1"))}
	put("of a user id key and an email key the one that got further is told", []vectorKey{key("a", vectorSecret, "active"), mail}, wrong, refusedAs("proof_mismatch"))
	put("of an email key and a user id key the one that got further is told", []vectorKey{mail, key("a", vectorSecret, "active")}, wrong, refusedAs("proof_mismatch"))
	put("of two keys that do not cover the field the first is told", []vectorKey{mail, mail2(mail)}, wrong, refusedAs("identifier_not_covered"))
	put("no keys", []vectorKey{}, one, refusedAs("key_unusable"))
	put("first of two", []vectorKey{key("a", vectorSecret, "active"), key("b", otherSecret, "pending")}, one, by("a"))
	put("second of two, during a rotation", []vectorKey{key("a", vectorSecret, "active"), key("b", otherSecret, "retiring")}, two, by("b"))
	ending := key("b", otherSecret, "retiring")
	ending.Ends = "2026-03-01T12:00:01Z"
	put("retiring key in its last second", []vectorKey{key("a", vectorSecret, "active"), ending}, two, by("b"))
	ended := ending
	ended.Ends = vectorNow
	put("retiring key at its end", []vectorKey{key("a", vectorSecret, "active"), ended}, two, refusedAs("key_retired"))
	put("retired key", []vectorKey{key("a", vectorSecret, "active"), key("b", otherSecret, "retired")}, two, refusedAs("key_retired"))
	put("revoked key", []vectorKey{key("a", vectorSecret, "active"), key("b", otherSecret, "revoked")}, two, refusedAs("key_revoked"))
	put("of two dead keys with one secret the first is told", []vectorKey{key("a", otherSecret, "revoked"), key("b", otherSecret, "retired")}, two, refusedAs("key_revoked"))
	put("revoked key alone", []vectorKey{key("b", otherSecret, "revoked")}, two, refusedAs("key_revoked"))
	put("wrong hash is not called revoked", []vectorKey{key("a", vectorSecret, "active"), key("b", otherSecret, "revoked")},
		vectorAssertion{UserID: raw("u2"), Hash: raw(hmacHex(otherSecret, "u1"))}, refusedAs("proof_mismatch"))
	phone := key("a", vectorSecret, "active")
	phone.Platforms = []string{"ios", "android"}
	put("key of another platform", []vectorKey{phone}, one, refusedAs("key_unusable"))
	mobile := one
	mobile.Platform = "ios"
	put("key of this platform", []vectorKey{phone}, mobile, by("a"))
	unheard := one
	unheard.Platform = "fridge"
	put("platform that no key names", []vectorKey{key("a", vectorSecret, "active")}, unheard, refusedAs("key_unusable"))
	signBy := tokenKey("native-jwt")
	signBy.State, signBy.Ends, signBy.SignBy = "retiring", "2026-03-02T12:00:00Z", time.Unix(vectorEpoch-600, 0).UTC().Format(time.RFC3339)
	at := func(issued int) vectorAssertion {
		return vectorAssertion{JWT: raw(compact(vectorSecret, plainHeader, claims("iat", fmt.Sprint(issued))))}
	}
	put("issued 30 s after sign-by", []vectorKey{signBy}, at(vectorEpoch-570), verifiedAs("user_id:u1", "jwt"))
	put("issued 31 s after sign-by", []vectorKey{signBy}, at(vectorEpoch-569), refusedAs("signed_too_late"))
	revoked := tokenKey("native-jwt")
	revoked.State = "revoked"
	put("token of a revoked key", []vectorKey{revoked}, at(vectorEpoch-60), refusedAs("key_revoked"))
	return b.vectors
}

// mail2 is another key that signs the email.
func mail2(k vectorKey) vectorKey {
	k.ID, k.Secret = "m2", vectorSecret
	return k
}
