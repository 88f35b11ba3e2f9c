package dialect_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// plainMAC is written with the library alone: what the vendors' samples do.
func plainMAC(message string) []byte {
	mac := hmac.New(sha256.New, []byte(matrixSecret))
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

func handmade(header, claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(header)) + "." + b64([]byte(claims))
	return signed + "." + b64(plainMAC(signed))
}

// What each vendor's sample makes for a customer verifies with a key of its row, and a
// page that calls our own API carries it.
func TestAVendorsBackendVerifiesUnchanged(t *testing.T) {
	for name, message := range map[string]string{
		"chatwoot": "u1", "crisp": "Ada@Example.com", "tawk": "u1", "front": "Ada@Example.com", "plain": "Ada@Example.com", "gleap": "u1", "novu": "u1", "featurebase": "u1",
	} {
		row, _ := dialect.Get(name)
		a := identity.Assertion{UserID: "u1", Email: "Ada@Example.com", Hash: hex.EncodeToString(plainMAC(message))}
		v, err := identity.Verify(matrixRing(t, matrixKey(t, name, row.DefaultSigns())), a, matrixNow)
		want := identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: "u1"}
		if message != "u1" {
			want.Kind, want.Value = identity.KindEmail, "ada@example.com"
		}
		if err != nil || v.Signed() != want {
			t.Errorf("%s: %v, %v", name, v.Signed(), err)
		}
		if email, covered := v.Email(); covered && want.Kind == identity.KindUserID {
			t.Errorf("%s covers %v, which it did not sign", name, email)
		}
	}
}

// chatwoot and tawk.to hash whatever a site identifies people by; the key says which.
func TestAnIdentifierThatIsAnEmailIsSignedAsOne(t *testing.T) {
	for _, name := range []string{"chatwoot", "tawk"} {
		hash := hex.EncodeToString(plainMAC("victim@example.com"))
		byID, byEmail := matrixRing(t, matrixKey(t, name, identity.SignsUserID)), matrixRing(t, matrixKey(t, name, identity.SignsEmail))
		if v, err := identity.Verify(byEmail, identity.Assertion{Email: "victim@example.com", Hash: hash}, matrixNow); err != nil || v.Signed().Kind != identity.KindEmail {
			t.Errorf("%s: %v, %v", name, v.Signed(), err)
		}
		// A user who chose somebody's address as a user id has this very hash.
		if _, err := identity.Verify(byID, identity.Assertion{Email: "victim@example.com", Hash: hash}, matrixNow); identity.ReasonOf(err) != identity.IdentifierNotCovered {
			t.Errorf("%s: a user id's hash opens that email: %v", name, err)
		}
		if v, err := identity.Verify(byID, identity.Assertion{UserID: "victim@example.com", Hash: hash}, matrixNow); err != nil || v.Signed().Kind != identity.KindUserID {
			t.Errorf("%s: %v, %v", name, v.Signed(), err)
		}
	}
}

// The claims of vendors' tokens: who, beside what else they say.
func TestAVendorsTokenNamesItsPersonInItsOwnClaim(t *testing.T) {
	hour := fmt.Sprint(matrixNow.Add(time.Hour).Unix())
	for _, c := range []struct {
		what, dialect, header, claims string
		want                          identity.Reason
	}{
		{"Zendesk's own sample", "zendesk-jwt", `{"alg":"HS256","typ":"JWT","kid":"act_6171"}`, `{"scope":"user","name":"Jane","external_id":"u1","email":"jane@example.com","email_verified":true,"exp":` + hour + `}`, ""},
		{"no exp", "zendesk-jwt", `{"alg":"HS256","kid":"act_6171"}`, `{"scope":"user","external_id":"u1"}`, ""},
		{"no kid", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"user","external_id":"u1"}`, ""},
		{"a kid of another key, under this secret", "zendesk-jwt", `{"alg":"HS256","kid":"act_9999"}`, `{"scope":"user","external_id":"u1"}`, ""},
		{"a kid that is no text", "zendesk-jwt", `{"alg":"HS256","kid":7}`, `{"scope":"user","external_id":"u1"}`, identity.TokenMalformed},
		{"external_id is a number", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"user","external_id":42}`, ""},
		{"external_id is a fraction", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"user","external_id":4.2}`, identity.IdentifierMalformed},
		{"external_id twice", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"user","external_id":"victim","external_id":"u1"}`, identity.TokenMalformed},
		{"external_id in another case", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"user","External_ID":"u1"}`, identity.ClaimMissing},
		{"user_id is not its claim", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"user","user_id":"u1"}`, identity.ClaimMissing},
		{"an email is no fallback", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"user","email":"jane@example.com","email_verified":true}`, identity.ClaimMissing},
		{"a token of the app, under the same secret", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"app","external_id":"u1"}`, identity.ClaimMissing},
		{"no scope", "zendesk-jwt", `{"alg":"HS256"}`, `{"external_id":"u1"}`, identity.ClaimMissing},
		{"a scope that is a list", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":["user"],"external_id":"u1"}`, identity.ClaimMissing},
		{"a scope in another case", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"User","external_id":"u1"}`, identity.ClaimMissing},
		{"expired", "zendesk-jwt", `{"alg":"HS256"}`, `{"scope":"user","external_id":"u1","exp":` + fmt.Sprint(matrixNow.Unix()) + `}`, identity.TokenExpired},
		{"another algorithm", "zendesk-jwt", `{"alg":"HS512"}`, `{"scope":"user","external_id":"u1"}`, identity.AlgorithmRefused},
		{"an embedded key", "zendesk-jwt", `{"alg":"HS256","jwk":{}}`, `{"scope":"user","external_id":"u1"}`, identity.TokenMalformed},
		{"Freshchat", "freshchat-jwt", `{"alg":"HS256"}`, `{"reference_id":"u1","freshchat_uuid":"88c6","first_name":"Jane","email":"jane@example.com","exp":` + hour + `}`, ""},
		{"Freshchat's visitor who is nobody", "freshchat-jwt", `{"alg":"HS256"}`, `{"freshchat_uuid":"88c6"}`, identity.ClaimMissing},
		{"Freshchat with the browser's name as a person's", "freshchat-jwt", `{"alg":"HS256"}`, `{"freshchat_uuid":"u1","external_id":"u1","user_id":"u1"}`, identity.ClaimMissing},
	} {
		v, err := identity.Verify(matrixRing(t, matrixKey(t, c.dialect, "")), identity.Assertion{Token: handmade(c.header, c.claims)}, matrixNow)
		if identity.ReasonOf(err) != c.want {
			t.Errorf("%s: %v; want %q", c.what, err, c.want)
		}
		if c.want == "" && (v.Signed().Kind != identity.KindUserID || v.Signed().Value != "u1" && v.Signed().Value != "42" || v.Method() != identity.MethodJWT) {
			t.Errorf("%s: %v", c.what, v.Signed())
		}
	}
}

// Beside the token the page may say what it likes of the same person and nothing of
// another.
func TestAVendorsTokenRefusesAnotherPersonBesideIt(t *testing.T) {
	for name, claims := range map[string]string{"zendesk-jwt": `{"scope":"user","external_id":"u1"}`, "freshchat-jwt": `{"reference_id":"u1"}`} {
		ring := matrixRing(t, matrixKey(t, name, ""))
		token := handmade(`{"alg":"HS256"}`, claims)
		for user, want := range map[string]identity.Reason{"": "", "u1": "", "u2": identity.ClaimContradicted, "U1": identity.ClaimContradicted} {
			if _, err := identity.Verify(ring, identity.Assertion{UserID: user, Token: token}, matrixNow); identity.ReasonOf(err) != want {
				t.Errorf("%s with %q beside: %v", name, user, err)
			}
		}
	}
}

// What another dialect calls the person is nobody here, whatever the secret.
func TestAnotherDialectsClaimIsNoPersonHere(t *testing.T) {
	all := `{"aud":"shop","iat":%[1]d,"exp":%[2]d,"scope":"user","%[3]s":"u1"}`
	for _, row := range dialect.All() {
		if row.Proof != identity.ProofJWT || !row.MaySign(identity.SignsUserID) {
			continue
		}
		own := row.UserIDClaim
		if own == "" {
			own = "user_id"
		}
		for _, claim := range []string{"user_id", "external_id", "reference_id", "sub", "id", "freshchat_uuid"} {
			token := handmade(`{"alg":"HS256"}`, fmt.Sprintf(all, matrixNow.Unix(), matrixNow.Add(time.Minute).Unix(), claim))
			_, err := identity.Verify(matrixRing(t, matrixKey(t, row.Name, "")), identity.Assertion{Dialect: row.Global, Token: token}, matrixNow)
			if (err == nil) != (claim == own) || err != nil && identity.ReasonOf(err) != identity.ClaimMissing {
				t.Errorf("%s takes %s: %v", row.Name, claim, err)
			}
		}
	}
}

// What Sign makes is what the vendor's sample makes.
func TestWhatIsSignedForAVendorIsWhatItsSampleMakes(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"zendesk-jwt":   {"scope": "user", "external_id": "u1", "email": "ada@example.com"},
		"freshchat-jwt": {"reference_id": "u1", "email": "ada@example.com"},
	} {
		token, err := matrixKey(t, name, "").Sign(identity.Statement{UserID: "u1", Email: "ada@example.com", IssuedAt: matrixNow, KeyID: "act_1"})
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(token, ".")
		header, _ := base64.RawURLEncoding.DecodeString(parts[0])
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		var claims map[string]any
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		delete(claims, "iat")
		if fmt.Sprint(claims) != fmt.Sprint(want) || !strings.Contains(string(header), `"kid":"act_1"`) {
			t.Errorf("%s: %s %s", name, header, payload)
		}
	}
	key := matrixKey(t, "zendesk-jwt", "")
	for claim := range map[string]any{"scope": 1, "external_id": 1, "email": 1} {
		if _, err := key.Sign(identity.Statement{UserID: "u1", Email: "ada@example.com", IssuedAt: matrixNow, Claims: map[string]any{claim: "app"}}); err == nil {
			t.Errorf("a claim %s of the caller's stands beside the option", claim)
		}
	}
}

// Of a row whose page we do not speak nothing may rest on a page's global: its visitors
// come through ours, and the channel's limits for our own tokens do not bind the vendor's.
func TestServerSideRowsAreOfOurOwnPageAndOfTheVendorsLimits(t *testing.T) {
	var names []string
	for _, row := range dialect.All() {
		if !row.ServerSide {
			continue
		}
		names = append(names, row.Name)
		if row.Global != "native" || row.OnFailure != dialect.Block || row.Tail != 0 || row.PublicKeys || row.Lowered || row.LooseHash || row.SecretHex {
			t.Errorf("%+v", row)
		}
		if row.MaySign(identity.SignsEither) {
			t.Errorf("%s offers either", row.Name)
		}
	}
	if want := []string{"chatwoot", "crisp", "tawk", "front", "plain", "gleap", "novu", "featurebase", "zendesk-jwt", "freshchat-jwt"}; !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
	for _, name := range []string{"zendesk-jwt", "freshchat-jwt"} {
		row, _ := dialect.Get(name)
		secret, _ := dialect.Decode(name, matrixSecret)
		key, err := row.NewKey(dialect.Setup{ID: "k", Secret: secret, Platforms: []string{"web"}, MaxLife: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		token, err := key.Sign(identity.Statement{UserID: "u1", IssuedAt: matrixNow, Life: 30 * 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := identity.Verify(matrixRing(t, key), identity.Assertion{Token: token}, matrixNow); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// scope and external_id are attributes of tokens that do not name somebody by them.
func TestANativeTokenKeepsTheWordsOfOthersAsAttributes(t *testing.T) {
	token := handmade(`{"alg":"HS256"}`, fmt.Sprintf(`{"aud":"shop","iat":%d,"exp":%d,"user_id":"u1","scope":"admin","external_id":"x","reference_id":"y"}`, matrixNow.Unix(), matrixNow.Add(time.Minute).Unix()))
	v, err := identity.Verify(matrixRing(t, matrixKey(t, "native-jwt", "")), identity.Assertion{Token: token}, matrixNow)
	if err != nil || fmt.Sprint(v.Attributes()) != "map[external_id:x reference_id:y scope:admin]" {
		t.Errorf("%v, %v", v.Attributes(), err)
	}
	said := handmade(`{"alg":"HS256"}`, `{"scope":"user","external_id":"u1","user_id":"u2","plan":"pro"}`)
	v, err = identity.Verify(matrixRing(t, matrixKey(t, "zendesk-jwt", "")), identity.Assertion{Token: said}, matrixNow)
	if err != nil || fmt.Sprint(v.Attributes()) != "map[plan:pro]" {
		t.Errorf("%v, %v", v.Attributes(), err)
	}
}

// A vendor's key that has ended verifies as little as one of ours, and says that it ended
// only to whoever holds a right proof.
func TestAVendorsEndedKeyVerifiesNothing(t *testing.T) {
	for _, row := range dialect.All() {
		if !row.ServerSide {
			continue
		}
		key := matrixKey(t, row.Name, row.DefaultSigns())
		for dead, want := range map[identity.Reason]identity.Reason{identity.KeyRetired: identity.KeyRetired, identity.KeyRevoked: identity.KeyRevoked} {
			ring, err := identity.NewRing(identity.Entry{Key: key, Dead: dead})
			if err != nil {
				t.Fatal(err)
			}
			good := proofOf(t, row.Name, row.DefaultSigns())
			if v, err := identity.Verify(ring, good, matrixNow); identity.ReasonOf(err) != want || v.OK() {
				t.Errorf("%s, %s: %v", row.Name, dead, err)
			}
			wrong := good
			if wrong.Token != "" {
				wrong.Token = handmade(`{"alg":"HS256"}`, `{}`) + "x"
			} else {
				wrong.Hash = strings.Repeat("0", 64)
			}
			if _, err := identity.Verify(ring, wrong, matrixNow); err == nil || identity.ReasonOf(err) == want {
				t.Errorf("%s, %s: whoever guesses is told: %v", row.Name, dead, err)
			}
		}
		ring, err := identity.NewRing(identity.Entry{Key: key, Ends: matrixNow})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := identity.Verify(ring, proofOf(t, row.Name, row.DefaultSigns()), matrixNow); identity.ReasonOf(err) != identity.KeyRetired {
			t.Errorf("%s at its end: %v", row.Name, err)
		}
	}
}
