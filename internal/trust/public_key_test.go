package trust_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/internal/audit"
	"countersign/internal/trust"
)

// pemOf is a public key as operators paste it.
func pemOf(t testing.TB, public crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestAPublicKeyExistsOnceInTheInstallation(t *testing.T) {
	h := newHouse(t)
	public, _, _ := ed25519.GenerateKey(rand.Reader)
	key, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"}, trust.PublicDraft{Key: pemOf(t, public)})
	if err != nil || key.Public.Algorithm != "EdDSA" || key.Dialect != "native-jwt" || key.Sealed != nil || key.Imported {
		t.Fatalf("%+v, %v", key, err)
	}
	jwk := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q,"kid":"another"}`, b64url(public))
	for name, attempt := range map[string]func() error{
		"the same in another channel": func() error {
			_, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_blog"}, trust.PublicDraft{Key: pemOf(t, public)})
			return err
		},
		"the same as a JWK": func() error {
			_, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"}, trust.PublicDraft{Key: jwk})
			return err
		},
		"the same, entered as a secret": func() error {
			_, err := h.keys.Import(t.Context(), root, trust.KeyDraft{Channel: "chn_shop", Dialect: "native-jwt"}, "\n"+pemOf(t, public)+"\n\n", true)
			return err
		},
	} {
		if err := attempt(); !errors.Is(err, trust.ErrSecretInUse) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAPublicKeyEnteredAsASecretNeverBecomesOne: whoever knows it could sign as anybody.
func TestAPublicKeyEnteredAsASecretNeverBecomesOne(t *testing.T) {
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	hidden, _ := x509.MarshalPKCS8PrivateKey(private)
	for _, spoken := range []string{"native", "native-jwt", "native-v1", "intercom", "intercom-jwt", "helpscout", "pylon", "pylon-jwt", "ensoras"} {
		for name, text := range map[string]string{
			"PEM": pemOf(t, public), "a private key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: hidden})),
			"JWK": fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, b64url(public)), "DER in base64": strings.ReplaceAll(strings.Join(strings.Split(pemOf(t, public), "\n")[1:], "\n"), "-----END PUBLIC KEY-----\n", ""),
		} {
			h := newHouse(t)
			key, err := h.keys.Import(t.Context(), root, trust.KeyDraft{Channel: "chn_shop", Dialect: spoken, Signs: "email"}, text, true)
			taken := spoken == "native-jwt" && (name == "PEM" || name == "JWK")
			if (err == nil) != taken || err == nil && key.Public.Algorithm != "EdDSA" {
				t.Errorf("%s as %s: %+v, %v", name, spoken, key.Public, err)
			}
			if name == "a private key" && (err == nil || strings.Contains(err.Error(), text[40:60])) {
				t.Errorf("%s: %v", spoken, err)
			}
		}
	}
}

// TestAPublicHalfThatWasChangedInTheDatabaseVerifiesNothing: the row is sealed too.
func TestAPublicHalfThatWasChangedInTheDatabaseVerifiesNothing(t *testing.T) {
	for name, change := range map[string]func(*trust.PublicHalf){
		"another key":        func(half *trust.PublicHalf) { half.PEM = strings.Replace(half.PEM, "A", "B", 1) },
		"an address":         func(half *trust.PublicHalf) { half.URL = "https://evil.example" },
		"another issuer":     func(half *trust.PublicHalf) { half.Issuer = "https://evil.example" },
		"another algorithm":  func(half *trust.PublicHalf) { half.Algorithm = "RS256" },
		"a secret, suddenly": func(half *trust.PublicHalf) { *half = trust.PublicHalf{} },
		"kids":               func(half *trust.PublicHalf) { half.Revoked = []trust.RevokedKid{{Kid: "a"}} },
	} {
		h := newHouse(t)
		public, _, _ := ed25519.GenerateKey(rand.Reader)
		if _, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"}, trust.PublicDraft{Key: pemOf(t, public)}); err != nil {
			t.Fatal(err)
		}
		change(&h.store.rings["chn_shop"].Keys[0].Public)
		h.beat()
		if v, err := h.admit(t, "shop", identity.Assertion{Token: "a.b.c"}); err == nil {
			t.Errorf("%s: the ring was used: %v", name, v.Reason())
		}
	}
}

// TestAPublicKeyIsRotatedByAnother, and a secret may be followed by one.
func TestAPublicKeyIsRotatedByAnother(t *testing.T) {
	h := newHouse(t)
	first, _, _ := ed25519.GenerateKey(rand.Reader)
	second, _, _ := ed25519.GenerateKey(rand.Reader)
	key, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_shop"}, trust.PublicDraft{Key: pemOf(t, first), Issuer: issuerName})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: key.ID}); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("without a key: %v", err)
	}
	next, generated, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: key.ID, Secret: pemOf(t, second), Overlap: time.Hour})
	if err != nil || generated != "" || next.Public.Issuer != issuerName || next.Public.PEM == key.Public.PEM {
		t.Errorf("%+v, %q, %v", next.Public, generated, err)
	}
	third, _, _ := ed25519.GenerateKey(rand.Reader)
	secret, _ := h.key(t, trust.KeyDraft{Dialect: "native-jwt"})
	if next, _, err = h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: secret.ID, Secret: pemOf(t, third), Overlap: time.Hour}); err != nil || next.Public.Algorithm != "EdDSA" {
		t.Errorf("after a secret: %+v, %v", next.Public, err)
	}
	p := newIDP(t, "a")
	set := h.issues(t, p)
	if _, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: set.ID, Overlap: time.Hour}); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("an issuer's set: %v", err)
	}
}

// TestAPublicHalfIsShownAndNeverRevealedAsASecret.
func TestAPublicHalfIsShownAndNeverRevealedAsASecret(t *testing.T) {
	h := newHouse(t)
	public, _, _ := ed25519.GenerateKey(rand.Reader)
	key, err := h.keys.ImportPublic(t.Context(), root, trust.KeyDraft{Channel: "chn_shop", Reveal: trust.RevealOnRequest}, trust.PublicDraft{Key: pemOf(t, public)})
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := h.keys.Reveal(t.Context(), root, key.ID, "why not"); !errors.Is(err, trust.ErrShownOnce) || secret != "" {
		t.Errorf("%q, %v", secret, err)
	}
	listed, err := h.keys.List(t.Context(), root, "chn_shop")
	if err != nil || listed[0].Public.PEM != pemOf(t, public) {
		t.Errorf("%+v, %v", listed, err)
	}
	if detail := h.store.recorded(audit.KeyImported)[0].Detail; detail["algorithm"] != "EdDSA" || detail["imported"] != "" {
		t.Errorf("recorded %v", detail)
	}
}
