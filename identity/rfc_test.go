package identity

import (
	"strings"
	"testing"
)

// TestKnownAnswersOfTheRFCs: the printed examples verify, and no change of a character
// in them does.
func TestKnownAnswersOfTheRFCs(t *testing.T) {
	const claims7515 = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	for _, c := range []struct{ name, jwk, header, payload, signature string }{
		{
			"RFC 7515 A.1, HS256",
			`{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`,
			"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
			claims7515,
			"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		},
		{
			"RFC 7515 A.2, RS256",
			`{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}`,
			"eyJhbGciOiJSUzI1NiJ9",
			claims7515,
			"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		},
		{
			"RFC 7515 A.3, ES256",
			`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			"eyJhbGciOiJFUzI1NiJ9",
			claims7515,
			"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		},
		{
			"RFC 8037 A.4, EdDSA",
			`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
			"eyJhbGciOiJFZERTQSJ9",
			"RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
			"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
		},
	} {
		key := wycheproofKey(t, []byte(c.jwk))
		if key == nil {
			t.Errorf("%s: the key is refused", c.name)
			continue
		}
		token := strings.Join([]string{c.header, c.payload, c.signature}, ".")
		if !key.authentic(token) {
			t.Errorf("%s does not verify", c.name)
		}
		for at := range token {
			other := byte('A')
			if token[at] == 'A' {
				other = 'B'
			}
			if key.authentic(token[:at] + string(other) + token[at+1:]) {
				t.Fatalf("%s verifies with character %d changed", c.name, at)
			}
		}
	}
}

// TestTheJWKOfRFC8037NamesItsKey: its private twin in A.1 is refused, the public one of
// A.2 is the key of the answer above.
func TestTheJWKOfRFC8037NamesItsKey(t *testing.T) {
	const private = `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	if key, err := ParsePublicKey(private); err == nil || key.OK() || strings.Contains(err.Error(), "nWGx") {
		t.Errorf("the private key: %v", err)
	}
	if key, err := ParsePublicKey(strings.Replace(private, `"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",`, "", 1)); err != nil || key.Algorithm() != EdDSA {
		t.Errorf("the public one: %v", err)
	}
}

// TestTheSetOfRFC7517: its appendix A.1 holds a key for encryption, which is left out,
// and an RSA key for signatures; A.2's private keys and A.3's secrets are none.
func TestTheSetOfRFC7517(t *testing.T) {
	const public = `{"keys":[
		{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"},
		{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}]}`
	set, err := ParseJWKS([]byte(public))
	if err != nil || len(set.Of(RS256)) != 1 || set.Of(RS256)[0].ID() != "2011-04-29" || len(set.Of(ES256)) != 0 || len(set.Skipped()) != 1 {
		t.Errorf("A.1: %v, %v", set.Skipped(), err)
	}
	const secrets = `{"keys":[
		{"kty":"oct","alg":"A128KW","k":"GawgguFyGrWKav7AX4VKUg"},
		{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow","kid":"HMAC key used in JWS spec Appendix A.1 example"}]}`
	if set, err := ParseJWKS([]byte(secrets)); err != nil || len(set.Algorithms()) != 0 || len(set.Skipped()) != 2 {
		t.Errorf("A.3: %v, %v", set.Skipped(), err)
	}
}
