package identity_test

import "fmt"

// vendorVectors are JWTs that name their person in a claim of the vendor's.
func vendorVectors() []vector {
	var b book
	b.zendesk()
	b.freshchat()
	return b.vectors
}

func (b *book) zendesk() {
	key := vectorKey{ID: "k1", Dialect: "zendesk-jwt", Secret: vectorSecret, Signs: "user_id"}
	header := `{"alg":"HS256","typ":"JWT","kid":"app_1"}`
	good := verifiedAs("user_id:u1", "jwt")
	b.jwt("zendesk token", key, header, `{"scope":"user","external_id":"u1","name":"Ada","email":"Ada@Example.com","email_verified":true,"exp":`+fmt.Sprint(vectorEpoch+600)+`}`,
		vectorExpect{Verified: "user_id:u1", Method: "jwt", Email: "ada@example.com", Name: "Ada"})
	b.jwt("zendesk token without exp and email", key, header, `{"scope":"user","external_id":"u1"}`, good)
	b.jwt("zendesk token without kid", key, plainHeader, `{"scope":"user","external_id":"u1"}`, good)
	b.jwt("zendesk token with a number for its person", key, header, `{"scope":"user","external_id":42}`, verifiedAs("user_id:42", "jwt"))
	b.jwt("zendesk token with attributes", key, header, `{"scope":"user","external_id":"u1","user_id":"u2","plan":"pro"}`,
		vectorExpect{Verified: "user_id:u1", Method: "jwt", Attributes: map[string]any{"plan": "pro"}})
	for name, claims := range map[string]string{
		"without external_id":     `{"scope":"user","email":"ada@example.com","email_verified":true}`,
		"with user_id instead":    `{"scope":"user","user_id":"u1"}`,
		"with sub instead":        `{"scope":"user","sub":"u1"}`,
		"with external_id empty":  `{"scope":"user","external_id":""}`,
		"in other case":           `{"scope":"user","External_Id":"u1"}`,
		"of an app":               `{"scope":"app","external_id":"u1"}`,
		"without scope":           `{"external_id":"u1"}`,
		"whose scope is a number": `{"scope":1,"external_id":"u1"}`,
	} {
		b.jwt("zendesk token "+name, key, header, claims, refusedAs("claim_missing"))
	}
	b.jwt("zendesk token that has expired", key, header, `{"scope":"user","external_id":"u1","exp":`+fmt.Sprint(vectorEpoch)+`}`, refusedAs("token_expired"))
	b.jwt("zendesk token with a fraction for its person", key, header, `{"scope":"user","external_id":1.5}`, refusedAs("identifier_malformed"))
	b.jwt("zendesk token with its person twice", key, header, `{"scope":"user","external_id":"victim","external_id":"u1"}`, refusedAs("token_malformed"))
	b.jwt("zendesk token of another algorithm", key, `{"alg":"none","kid":"app_1"}`, `{"scope":"user","external_id":"u1"}`, refusedAs("algorithm_refused"))
	b.add("zendesk token under another secret", key, vectorAssertion{JWT: raw(compact(otherSecret, header, `{"scope":"user","external_id":"u1"}`))}, refusedAs("proof_mismatch"))
	b.add("zendesk token with another person beside it", key, vectorAssertion{UserID: raw("u2"), JWT: raw(compact(vectorSecret, header, `{"scope":"user","external_id":"u1"}`))}, refusedAs("claim_contradicted"))
}

func (b *book) freshchat() {
	key := vectorKey{ID: "k1", Dialect: "freshchat-jwt", Secret: vectorSecret, Signs: "user_id"}
	b.jwt("freshchat token", key, plainHeader, `{"reference_id":"u1","freshchat_uuid":"3f0c","first_name":"Ada","email":"ada@example.com","exp":`+fmt.Sprint(vectorEpoch+600)+`}`,
		vectorExpect{Verified: "user_id:u1", Method: "jwt", Email: "ada@example.com", Attributes: map[string]any{"freshchat_uuid": "3f0c", "first_name": "Ada"}})
	b.jwt("freshchat token of a browser and no person", key, plainHeader, `{"freshchat_uuid":"3f0c"}`, refusedAs("claim_missing"))
	b.jwt("freshchat token with user_id instead", key, plainHeader, `{"user_id":"u1","freshchat_uuid":"3f0c"}`, refusedAs("claim_missing"))
	b.jwt("freshchat token that has expired", key, plainHeader, `{"reference_id":"u1","exp":`+fmt.Sprint(vectorEpoch)+`}`, refusedAs("token_expired"))
	b.jwt("freshchat token of RS256", key, `{"alg":"RS256"}`, `{"reference_id":"u1"}`, refusedAs("algorithm_refused"))
	b.add("freshchat token under another secret", key, vectorAssertion{JWT: raw(compact(otherSecret, plainHeader, `{"reference_id":"u1"}`))}, refusedAs("proof_mismatch"))
}
