package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// provider is an identity provider that publishes its keys.
type provider struct {
	*httptest.Server
	mu    sync.Mutex
	pairs map[string]ed25519.PrivateKey // :: kid → key
}

func newProvider(t *testing.T, kids ...string) *provider {
	t.Helper()
	p := &provider{pairs: map[string]ed25519.PrivateKey{}}
	for _, kid := range kids {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p.pairs[kid] = private
	}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		var keys []object
		for kid, private := range p.pairs {
			x := private.Public().(ed25519.PublicKey)
			keys = append(keys, object{"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": base64.RawURLEncoding.EncodeToString(x)})
		}
		_ = json.NewEncoder(w).Encode(object{"keys": keys})
	}))
	t.Cleanup(p.Close)
	return p
}

// pem is one of its keys, as somebody would paste it.
func (p *provider) pem(t *testing.T, kid string) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(p.pairs[kid].Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// sign makes a token for a user of the shop.
func (p *provider) sign(kid, user string) string {
	now := time.Now().Unix()
	header := fmt.Sprintf(`{"alg":"EdDSA","kid":%q,"typ":"JWT"}`, kid)
	payload, _ := json.Marshal(object{"user_id": user, "aud": "shop", "iss": "https://login.example", "iat": now, "exp": now + 600})
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(p.pairs[kid], []byte(signed)))
}

// An operator lets an identity provider sign, sees its keys, revokes one of them, and
// says how long a token may live.
func TestAnIdentityProviderSignsAndOneOfItsKeysIsRevoked(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	idp := newProvider(t, "spring", "autumn")
	inside := strings.TrimPrefix(idp.URL, "http://")
	s := serve(t, "--egress-allow", inside)
	s.channel("shop", "enforce")
	s.cli(nil, "team", "second-factor", "off")
	page := meet(t, "owner").open(s.line(`^Console\s+(\S+)$`))
	page.setUp("Ada Owner", ownersPassword)
	page.goTo(s.Base + "/console/identity")
	page.sees("Keys")
	page.click("button", "Other ways")
	page.click("menuitem", "Add a public key")
	page.write("textbox", "Name", "Login provider")
	page.write("textbox", "Address of the key set", "http://10.0.0.1/jwks.json")
	page.write("textbox", "Issuer", "https://login.example")
	page.write("textbox", "Reason", "they sign our users in")
	page.click("button", "Add")
	page.sees("does not begin with https://")
	page.write("textbox", "Address of the key set", "")
	script[any](page, `document.activeElement.select()`)
	page.types(idp.URL + "/jwks.json")
	page.click("button", "Add")
	page.sees("Public key added", "Login provider", "EdDSA", "https://login.example", "spring", "autumn")

	open := func(kid, user string) (int, string) {
		status, answer := s.session("shop", object{"jwt": idp.sign(kid, user)})
		token, _ := answer["session"].(string)
		return status, token
	}
	status, ada := open("spring", "ada")
	if status != http.StatusCreated {
		t.Fatalf("ada: %d", status)
	}
	if status, _ := open("autumn", "bob"); status != http.StatusCreated {
		t.Fatalf("bob: %d", status)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream := s.stream(ctx, ada, 0)
	page.click("button", "Revoke spring*")
	page.sees("Revoke spring?", "no token of it counts again")
	page.click("button", "Revoke")
	page.sees("spring is revoked. 1 session ended.")
	started := time.Now()
	for range stream { //nolint:revive // until it ends
	}
	if late := time.Since(started); late > soon {
		t.Errorf("the stream of the revoked key went on for %v", late)
	}
	if status, _ := open("spring", "ada"); status == http.StatusCreated {
		t.Error("the revoked key still opens sessions")
	}
	if status, _ := open("autumn", "bob"); status != http.StatusCreated {
		t.Errorf("the other key: %d", status)
	}

	// The provider is left for another: both sign until the old one ends.
	next := newProvider(t, "winter")
	page.goTo(s.Base + "/console/identity")
	page.click("button", "Rotate: Login provider*")
	page.sees("the issuer publishes it beside the old one")
	page.click("button", "Cancel")
	page.click("button", "Rotate: Login provider*")
	page.click("radio", "I have the public key*")
	page.write("textbox", "Public key", next.pem(t, "winter"))
	page.write("textbox", "Reason", "we sign ourselves now")
	page.click("button", "Rotate")
	page.sees("Retiring", "Public key added")
	if status, _ := open("autumn", "bob"); status != http.StatusCreated {
		t.Errorf("the provider that was put aside: %d", status)
	}
	if status, _ := s.session("shop", object{"jwt": next.sign("winter", "bob")}); status != http.StatusCreated {
		t.Errorf("the key that follows: %d", status)
	}

	page.goTo(s.Base + "/console/channels")
	page.click("link", "shop*")
	page.sees("Longest life of a token")
	script[any](page, `(() => { const select = [...document.querySelectorAll("select")].find(s => [...s.options].some(o => o.textContent === "5 minutes"));
		select.value = "300"; select.dispatchEvent(new Event("change", { bubbles: true })); })()`)
	page.click("button", "Save changes")
	page.sees("Saved")
	until(t, soon, func() bool { status, _ := open("autumn", "eve"); return status != http.StatusCreated }, func() string { return "for tokens of ten minutes to be refused" })
}
