package identity_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"countersign/identity"
)

func codeOf(err error) string {
	var wrong *identity.KeyError
	if errors.As(err, &wrong) {
		return wrong.Code
	}
	return fmt.Sprint(err)
}

func pemBlock(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// TestPublicKeysAreReadFromWhatToolsPrint, and one key is one fingerprint however it came.
func TestPublicKeysAreReadFromWhatToolsPrint(t *testing.T) {
	for algorithm, pair := range keyPairs {
		want := string(publicOf(t, pair[1]).SPKI())
		for name, text := range map[string]string{
			"openssl":                     pair[1],
			"with blank lines around":     "\n\n" + pair[1] + "\n\n",
			"with CRLF":                   strings.ReplaceAll(pair[1], "\n", "\r\n"),
			"without the last line break": strings.TrimSpace(pair[1]),

			"our own PEM":       publicOf(t, pair[1]).PEM(),
			"a JWK":             jwkOf(t, pair[1], "a"),
			"a JWK without kid": jwkOf(t, pair[1], "", "kid", ""),
			"a JWK in lines":    "{\n" + strings.TrimPrefix(jwkOf(t, pair[1], "a"), "{"),
		} {
			key, err := identity.ParsePublicKey(text)
			if err != nil || key.Algorithm() != algorithm || string(key.SPKI()) != want || !key.OK() {
				t.Errorf("%s, %s: %v", algorithm, name, err)
			}
		}
		if got := privateOf(t, pair[0]).Public(); string(got.SPKI()) != want {
			t.Errorf("%s: the private key has another public half", algorithm)
		}
	}
	if zero := (identity.PublicKey{}); zero.OK() || zero.PEM() != "" || zero.SPKI() != nil || zero.ID() != "" || zero.Algorithm() != "" {
		t.Error("the zero key is a key")
	}
}

// TestWhatIsNoPublicKeyIsRefusedWithItsReason, and the sentence repeats nothing of it.
func TestWhatIsNoPublicKeyIsRefusedWithItsReason(t *testing.T) {
	block, _ := pem.Decode([]byte(esPublic))
	der := block.Bytes
	private, _ := pem.Decode([]byte(esPrivate))
	for _, c := range []struct{ name, text, code string }{
		{"nothing", "", "malformed"},
		{"blanks", " \n ", "malformed"},
		{"a secret", vectorSecret, "malformed"},
		{"a password", "hunter2", "malformed"},
		{"base64 of DER", base64.StdEncoding.EncodeToString(der), "malformed"},
		{"hex of DER", hex.EncodeToString(der), "malformed"},
		{"OpenSSH", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8Ht8Z3j6yDWPBHQtOp/R9rjWvfMYo3MSA/K6q8D86r", "malformed"},
		{"an address", "https://idp.example/jwks.json", "malformed"},
		{"a private key, PKCS #8", esPrivate, "private"},
		{"an RSA private key, PKCS #8", rsPrivate, "private"},
		{"an Ed25519 private key", edPrivate, "private"},
		{"a private key, SEC 1", pemBlock("EC PRIVATE KEY", private.Bytes), "private"},
		{"a private key, PKCS #1", pemBlock("RSA PRIVATE KEY", private.Bytes), "private"},
		{"an encrypted private key", pemBlock("ENCRYPTED PRIVATE KEY", private.Bytes), "private"},
		{"an OpenSSH private key", pemBlock("OPENSSH PRIVATE KEY", private.Bytes), "private"},
		{"a private key after the public one", esPublic + esPrivate, "malformed"},
		{"a public key after a private one", esPrivate + esPublic, "private"},
		{"two public keys", esPublic + rsPublic, "malformed"},
		{"text after it", esPublic + "and more", "malformed"},
		{"text before it", "key: " + esPublic, "malformed"},
		{"a certificate", pemBlock("CERTIFICATE", der), "kind"},
		{"a request", pemBlock("CERTIFICATE REQUEST", der), "kind"},
		{"PKCS #1 public", pemBlock("RSA PUBLIC KEY", der), "kind"},
		{"parameters", pemBlock("EC PARAMETERS", der), "kind"},
		{"an empty block", pemBlock("PUBLIC KEY", nil), "malformed"},
		{"a block of noise", pemBlock("PUBLIC KEY", []byte("noise")), "malformed"},
		{"DER cut off", pemBlock("PUBLIC KEY", der[:len(der)-1]), "malformed"},
		{"DER with more behind", pemBlock("PUBLIC KEY", append(append([]byte{}, der...), 0)), "malformed"},
		{"a point beside the curve", pemBlock("PUBLIC KEY", flipped(der, len(der)-1)), "malformed"},
		{"headers in the block", strings.Replace(esPublic, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1), "malformed"},
		{"half a PEM", esPublic[:60], "malformed"},
		{"another end", strings.Replace(esPublic, "END PUBLIC", "END PRIVATE", 1), "malformed"},
		{"P-384", p384Public, "kind"},
		{"RSA of 1024 bits", rsShortPublic, "weak"},
		{"RSA with the exponent 3", rsThreePublic, "weak"},
		{"too long", "-----BEGIN PUBLIC KEY-----\n" + strings.Repeat("A", 9000), "malformed"},
		{"a JWKS", jwks(jwkOf(t, esPublic, "a")), "set"},
		{"an empty JWK", "{}", "kind"},
		{"a JWK cut off", jwkOf(t, esPublic, "a")[:40], "malformed"},
		{"a JWK and more", jwkOf(t, esPublic, "a") + "x", "malformed"},
		{"a list with a JWK", "[" + jwkOf(t, esPublic, "a") + "]", "malformed"},
		{"a member twice", strings.Replace(jwkOf(t, esPublic, "a"), "{", `{"kty":"EC",`, 1), "malformed"},
		{"a private JWK", jwkOf(t, esPublic, "a", "d", `"AAAA"`), "private"},
		{"a secret JWK", `{"kty":"oct","k":"AAAA"}`, "private"},
		{"a JWK for encryption", jwkOf(t, esPublic, "a", "use", `"enc"`), "purpose"},
		{"a JWK for another algorithm", jwkOf(t, esPublic, "a", "alg", `"ES384"`), "purpose"},
		{"a JWK of X25519", jwkOf(t, edPublic, "a", "crv", `"X25519"`), "kind"},
		{"Ed25519, y beyond the field", edJWK(strings.Repeat("ff", 31) + "7f"), "malformed"},
		{"Ed25519, y is the prime", edJWK("ed" + strings.Repeat("ff", 30) + "7f"), "malformed"},
		{"Ed25519, no point", edJWK("02" + strings.Repeat("00", 31)), "malformed"},
		{"Ed25519, order 1", edJWK("01" + strings.Repeat("00", 31)), "weak"},
		{"Ed25519, order 1, negative", edJWK("01" + strings.Repeat("00", 30) + "80"), "weak"},
		{"Ed25519, order 2", edJWK("ec" + strings.Repeat("ff", 30) + "7f"), "weak"},
		{"Ed25519, order 4", edJWK(strings.Repeat("00", 32)), "weak"},
		{"Ed25519, order 4, negative", edJWK(strings.Repeat("00", 31) + "80"), "weak"},
		{"Ed25519, order 8", edJWK("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "weak"},
		{"Ed25519, order 8, negative", edJWK("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"), "weak"},
		{"Ed25519, the other of order 8", edJWK("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "weak"},
		{"Ed25519, the other, negative", edJWK("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"), "weak"},
	} {
		key, err := identity.ParsePublicKey(c.text)
		if codeOf(err) != c.code || key.OK() {
			t.Errorf("%s: %v; want %s", c.name, err, c.code)
		}
		if err != nil && len(c.text) > 120 && strings.Contains(err.Error(), c.text[60:90]) {
			t.Errorf("%s: the error repeats the text", c.name)
		}
	}
}

func flipped(b []byte, at int) []byte {
	b = append([]byte{}, b...)
	b[at] ^= 1
	return b
}

func edJWK(digits string) string {
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 32 {
		panic(digits)
	}
	return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, b64(raw))
}

// TestPrivateKeysOfTheCommandLine: what openssl and languages print, and nothing weak.
func TestPrivateKeysOfTheCommandLine(t *testing.T) {
	es, _ := pem.Decode([]byte(esPrivate))
	for _, c := range []struct{ name, text, code string }{
		{"ES256", esPrivate, "<nil>"},
		{"RS256", rsPrivate, "<nil>"},
		{"EdDSA", edPrivate, "<nil>"},
		{"with blank lines around", "\n" + esPrivate + "\n\n", "<nil>"},
		{"a public key", esPublic, "kind"},
		{"a secret", vectorSecret, "malformed"},
		{"nothing", "", "malformed"},
		{"two keys", esPrivate + edPrivate, "malformed"},
		{"text before it", "key: " + esPrivate, "malformed"},
		{"P-384", p384Private, "kind"},
		{"RSA of 1024 bits", rsShort, "weak"},
		{"RSA with the exponent 3", rsThree, "weak"},
		{"encrypted", pemBlock("ENCRYPTED PRIVATE KEY", es.Bytes), "kind"},
		{"encrypted, the old way", strings.Replace(esPrivate, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", 1), "kind"},
		{"noise", pemBlock("PRIVATE KEY", []byte("noise")), "malformed"},
		{"noise as SEC 1", pemBlock("EC PRIVATE KEY", []byte("noise")), "malformed"},
		{"noise as PKCS #1", pemBlock("RSA PRIVATE KEY", []byte("noise")), "malformed"},
		{"PKCS #8 called SEC 1", pemBlock("EC PRIVATE KEY", es.Bytes), "malformed"},
		{"a certificate", pemBlock("CERTIFICATE", es.Bytes), "kind"},
	} {
		key, err := identity.ParsePrivateKey(c.text)
		if codeOf(err) != c.code {
			t.Errorf("%s: %v; want %s", c.name, err, c.code)
		}
		if err == nil && !key.Public().OK() {
			t.Errorf("%s has no public half", c.name)
		}
	}
}

// TestKeyMaterialIsKnownByItsLook, so that it is never kept as a secret.
func TestKeyMaterialIsKnownByItsLook(t *testing.T) {
	block, _ := pem.Decode([]byte(rsPublic))
	body := strings.Join(strings.Split(strings.TrimSpace(rsPublic), "\n")[1:8], "\n")
	for name, text := range map[string]string{
		"PEM":                  rsPublic,
		"PEM of a private key": rsPrivate,
		"a certificate":        pemBlock("CERTIFICATE", block.Bytes),
		"text around PEM":      "my key:\n" + rsPublic,
		"JWK":                  jwkOf(t, esPublic, "a"),
		"JWKS":                 jwks(jwkOf(t, esPublic, "a")),
		"a secret JWK":         `{"kty":"oct","k":"AA"}`,

		"OpenSSH":             "ssh-rsa AAAAB3NzaC1yc2E x@y",
		"OpenSSH of P-256":    "ecdsa-sha2-nistp256 AAAA",
		"DER in base64":       base64.StdEncoding.EncodeToString(block.Bytes),
		"the inside of a PEM": strings.Join(strings.Split(strings.TrimSpace(esPublic), "\n")[1:3], "\n"),
	} {
		if !identity.IsKeyMaterial(text) {
			t.Errorf("%s is not known", name)
		}
	}
	for name, text := range map[string]string{
		"nothing":           "",
		"hex":               vectorSecret,
		"base64":            base64.StdEncoding.EncodeToString([]byte(vectorSecret)),
		"JSON that is none": `{"a":1}`,
		"braces":            "{secret}",
		"words":             "correct horse battery staple",
		"half a DER":        body[:60],
	} {
		if identity.IsKeyMaterial(text) {
			t.Errorf("%s is taken for a key", name)
		}
	}
}
