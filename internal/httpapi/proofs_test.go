package httpapi_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
)

// pages is what stands at addresses that operators enter.
type pages struct {
	mu    sync.Mutex
	texts map[string]string
}

func (p *pages) put(address, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.texts == nil {
		p.texts = map[string]string{}
	}
	p.texts[address] = text
}

func (p *pages) Fetch(_ context.Context, address string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, there := p.texts[address]
	if !there {
		return nil, errors.New("its status is 404")
	}
	return []byte(text), nil
}

// pair is a backend's key pair.
type pair struct {
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

func newPair(t *testing.T) pair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return pair{private, public}
}

func (p pair) pem(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(p.public)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (p pair) jwk(kid string) string {
	return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, kid, base64.RawURLEncoding.EncodeToString(p.public))
}

// sign makes a token of five minutes for a user of the shop.
func (p pair) sign(t *testing.T, kid, user string, changes object) string {
	t.Helper()
	now := time.Now()
	claims := object{"user_id": user, "aud": "shop", "iss": "https://idp.example", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range changes {
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	must(t, err)
	signed := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"alg":"EdDSA","kid":%q}`, kid))) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(p.private, []byte(signed)))
}

const setAt = "https://idp.example/jwks.json"

// TestAPublicKeyAtTheDoor: made, listed, used, and what is refused where it is entered.
func TestAPublicKeyAtTheDoor(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Enforce)
	owner, backend := h.agent(policy.Owner), newPair(t)
	path := "/api/v1/console/channels/" + channel.ID + "/keys"
	hidden, err := x509.MarshalPKCS8PrivateKey(backend.private)
	must(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: hidden}))
	h.Pages.put("https://idp.example/page", "<!doctype html>")
	for _, c := range []struct {
		name   string
		body   object
		status int
		says   string
	}{
		{"no reason", object{"dialect": "native-jwt", "public_key": backend.pem(t)}, 400, "request_invalid"},
		{"a private key", object{"dialect": "native-jwt", "public_key": private, "reason": "x"}, 422, "private key"},
		{"a private key as a secret", object{"dialect": "native-jwt", "secret": private, "reason": "x"}, 422, "private key"},
		{"a secret as a public key", object{"dialect": "native-jwt", "public_key": strings.Repeat("5a", 32), "reason": "x"}, 422, "no public key"},
		{"for hashes", object{"dialect": "native", "public_key": backend.pem(t), "reason": "x"}, 422, "native-jwt"},
		{"beside a secret", object{"dialect": "native-jwt", "public_key": backend.pem(t), "secret": strings.Repeat("5b", 32), "reason": "x"}, 422, "one of them"},
		{"beside an address", object{"dialect": "native-jwt", "public_key": backend.pem(t), "jwks_url": setAt, "issuer": "x", "reason": "x"}, 422, "public key, or"},
		{"an address without an issuer", object{"dialect": "native-jwt", "jwks_url": setAt, "reason": "x"}, 422, "issuer"},
		{"an address where nothing is", object{"dialect": "native-jwt", "jwks_url": setAt, "issuer": "x", "reason": "x"}, 422, "404"},
		{"an address of a page", object{"dialect": "native-jwt", "jwks_url": "https://idp.example/page", "issuer": "x", "reason": "x"}, 422, "key set"},
	} {
		a := h.call("POST", path, owner, c.body)
		if a.StatusCode != c.status || !strings.Contains(string(a.Text), c.says) || strings.Contains(string(a.Text), private[40:70]) {
			t.Errorf("%s: %d %s", c.name, a.StatusCode, a.Text)
		}
	}
	if n := len(h.entries(audit.KeyImported)); n != 0 {
		t.Errorf("%d keys were recorded", n)
	}
	made := h.want(201, "POST", path, owner, object{"dialect": "native-jwt", "name": "Backend", "public_key": backend.pem(t), "reason": "the backend signs itself"})
	half, _ := made.JSON["key"].(object)["public"].(object)
	if half["algorithm"] != "EdDSA" || half["public_key"] != backend.pem(t) || made.text("secret") != "" {
		t.Errorf("made %s", made.Text)
	}
	if list := h.want(200, "GET", path, owner, nil); !strings.Contains(string(list.Text), `"algorithm":"EdDSA"`) {
		t.Errorf("listed %s", list.Text)
	}
	record := h.entries(audit.KeyImported)
	if len(record) != 1 || record[0].Detail["algorithm"] != "EdDSA" || record[0].Detail["reason"] != "the backend signs itself" {
		t.Errorf("recorded %+v", record)
	}
	if again := h.call("POST", path, owner, object{"dialect": "native-jwt", "secret": backend.pem(t), "reason": "x"}); again.StatusCode != 409 {
		t.Errorf("the same key again: %d %s", again.StatusCode, again.Text)
	}
	if in := h.shows("shop", backend.sign(t, "", "ada", nil), nil); in.StatusCode != 201 || in.text("tier") != "verified" || in.text("method") != "jwt" {
		t.Errorf("ada comes: %d %s", in.StatusCode, in.Text)
	}
	if in := h.shows("shop", newPair(t).sign(t, "", "ada", nil), nil); in.StatusCode == 201 {
		t.Errorf("a stranger comes: %s", in.Text)
	}
}

// TestARotationToAnotherPublicHalf: pair to pair, pair to provider, provider to provider,
// each with an overlap in which both sign; and what cannot follow what.
func TestARotationToAnotherPublicHalf(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Enforce)
	owner, first, second, third, fourth := h.agent(policy.Owner), newPair(t), newPair(t), newPair(t), newPair(t)
	const otherSet = "https://next.example/jwks.json"
	h.Pages.put(setAt, `{"keys":[`+third.jwk("autumn")+`]}`)
	h.Pages.put(otherSet, `{"keys":[`+fourth.jwk("winter")+`]}`)
	produce := func(body object) string {
		body["reason"] = "x"
		return h.want(201, "POST", "/api/v1/console/channels/"+channel.ID+"/keys", owner, body).JSON["key"].(object)["id"].(string)
	}
	verifies := func(name, token string) {
		t.Helper()
		if in := h.shows("shop", token, nil); in.StatusCode != 201 || in.text("tier") != "verified" {
			t.Errorf("%s: %d %s", name, in.StatusCode, in.Text)
		}
	}
	rotated := 0
	rotate := func(key string, body object) string {
		t.Helper()
		body["reason"] = "the next"
		a := h.want(201, "POST", "/api/v1/console/keys/"+key+"/rotate", owner, body)
		if a.text("secret") != "" || a.JSON["key"].(object)["public"] == nil {
			t.Errorf("rotated to %s", a.Text)
		}
		if rotated++; len(h.entries(audit.KeyRotated)) != rotated {
			t.Errorf("%d rotations are recorded, not %d", len(h.entries(audit.KeyRotated)), rotated)
		}
		return a.JSON["key"].(object)["id"].(string)
	}
	key := produce(object{"dialect": "native-jwt", "name": "Backend", "public_key": first.pem(t), "issuer": "https://idp.example"})
	hashes := produce(object{"dialect": "native", "name": "Hashes"})
	hidden, err := x509.MarshalPKCS8PrivateKey(second.private)
	must(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: hidden}))
	for _, c := range []struct {
		name, key string
		body      object
		status    int
		says      string
	}{
		{"to nothing", key, object{}, 422, "public key of the new pair"},
		{"to itself", key, object{"public_key": first.pem(t)}, 409, ""},
		{"to a private key", key, object{"public_key": private}, 422, "private key"},
		{"to two things", key, object{"public_key": second.pem(t), "secret": strings.Repeat("5b", 32)}, 422, "one of them"},
		{"to an address where nothing is", key, object{"jwks_url": "https://idp.example/nothing", "issuer": "x"}, 422, "404"},
		{"hashes to a public key", hashes, object{"public_key": second.pem(t)}, 422, "native-jwt"},
		{"hashes to a set", hashes, object{"jwks_url": setAt, "issuer": "x"}, 422, "native-jwt"},
	} {
		c.body["reason"] = "x"
		a := h.call("POST", "/api/v1/console/keys/"+c.key+"/rotate", owner, c.body)
		if a.StatusCode != c.status || !strings.Contains(string(a.Text), c.says) || strings.Contains(string(a.Text), private[40:70]) {
			t.Errorf("%s: %d %s", c.name, a.StatusCode, a.Text)
		}
	}
	if a := h.call("POST", "/api/v1/console/keys/"+key+"/rotate", h.agent(policy.Admin), object{"jwks_url": "https://idp.example/nothing", "issuer": "x", "reason": "x"}); a.code() != "forbidden" {
		t.Errorf("whoever may not rotate makes us fetch: %d %s", a.StatusCode, a.Text)
	}

	key = rotate(key, object{"public_key": second.pem(t)})
	verifies("the pair put aside", first.sign(t, "", "ada", nil))
	verifies("the next pair", second.sign(t, "", "ada", nil))
	if in := h.shows("shop", second.sign(t, "", "ada", object{"iss": "https://evil.example"}), nil); in.StatusCode == 201 {
		t.Error("the issuer was lost with the rotation")
	}
	set := rotate(key, object{"jwks_url": setAt, "issuer": "https://idp.example"})
	verifies("the pair, beside a provider", second.sign(t, "", "bob", nil))
	verifies("the provider", third.sign(t, "autumn", "bob", nil))
	if a := h.call("POST", "/api/v1/console/keys/"+set+"/rotate", owner, object{"reason": "x"}); a.StatusCode != 422 || !strings.Contains(string(a.Text), "issuer rotates its key set itself") {
		t.Errorf("a set to nothing: %d %s", a.StatusCode, a.Text)
	}
	if a := h.call("POST", "/api/v1/console/keys/"+set+"/rotate", owner, object{"reason": "x", "secret": strings.Repeat("5c", 32)}); a.StatusCode != 422 {
		t.Errorf("a set to a secret: %d %s", a.StatusCode, a.Text)
	}
	none := 0
	rotate(set, object{"jwks_url": otherSet, "issuer": "https://next.example", "overlap_hours": none})
	verifies("the next provider", fourth.sign(t, "winter", "eve", object{"iss": "https://next.example"}))
	if in := h.shows("shop", third.sign(t, "autumn", "eve", nil), nil); in.StatusCode == 201 {
		t.Error("a provider without an overlap still signs")
	}
}

// TestARevokedKidEndsItsStreamsWithinASecond, and the issuer cannot bring it back.
func TestARevokedKidEndsItsStreamsWithinASecond(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Enforce)
	owner, a, b := h.agent(policy.Owner), newPair(t), newPair(t)
	h.Pages.put(setAt, `{"keys":[`+a.jwk("a")+`,`+b.jwk("b")+`]}`)
	made := h.want(201, "POST", "/api/v1/console/channels/"+channel.ID+"/keys", owner, object{"dialect": "native-jwt", "jwks_url": setAt, "issuer": "https://idp.example", "reason": "our IdP"})
	key := made.JSON["key"].(object)["id"].(string)
	if kids, _ := made.JSON["key"].(object)["public"].(object)["kids"].([]any); len(kids) != 2 {
		t.Errorf("kids of %s", made.Text)
	}
	in, other := h.shows("shop", a.sign(t, "a", "ada", nil), nil), h.shows("shop", b.sign(t, "b", "bob", nil), nil)
	if in.StatusCode != 201 || other.StatusCode != 201 {
		t.Fatalf("%s, %s", in.Text, other.Text)
	}
	ada, bob := bearer(in.text("session")), bearer(other.text("session"))
	frames, _ := h.listen("/api/v1/widget/stream", ada)
	path := "/api/v1/console/keys/" + key + "/kids/revoke"
	for body, status := range map[string]int{"": 422, "a\nb": 422} {
		if got := h.call("POST", path, owner, object{"kid": body}); got.StatusCode != status {
			t.Errorf("kid %q: %d %s", body, got.StatusCode, got.Text)
		}
	}
	asked := time.Now()
	done := h.want(200, "POST", path, owner, object{"kid": "a"})
	if done.JSON["sessions_ended"] != 1.0 {
		t.Errorf("ended %s", done.Text)
	}
	if f := next(t, frames, "end"); time.Since(asked) > time.Second {
		t.Errorf("the stream ended with %v after %v", f.Data, time.Since(asked))
	}
	h.ends("/api/v1/widget/conversations", ada)
	h.want(200, "GET", "/api/v1/widget/conversations", bob, nil)
	if in := h.shows("shop", a.sign(t, "a", "ada", nil), nil); in.StatusCode == 201 {
		t.Errorf("the revoked kid came back: %s", in.Text)
	}
	if again := h.call("POST", path, owner, object{"kid": "a"}); again.StatusCode != 409 {
		t.Errorf("again: %d %s", again.StatusCode, again.Text)
	}
	record := h.entries(audit.KidRevoked)
	if len(record) != 1 || record[0].Subject != key || record[0].Detail["kid"] != "a" {
		t.Errorf("recorded %+v", record)
	}
	if list := h.want(200, "GET", "/api/v1/console/channels/"+channel.ID+"/keys", owner, nil); !strings.Contains(string(list.Text), `"revoked_at"`) {
		t.Errorf("listed %s", list.Text)
	}
}

// TestAChannelsLongestLifeBindsItsTokens, from the change on, and an absent one keeps it.
func TestAChannelsLongestLifeBindsItsTokens(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Enforce)
	owner, backend := h.agent(policy.Owner), newPair(t)
	_, err := h.Keys.ImportPublic(context.Background(), h.System, trust.KeyDraft{Channel: channel.ID}, trust.PublicDraft{Key: backend.pem(t)})
	must(t, err)
	path := "/api/v1/console/channels/" + channel.ID
	settings := func(more object) object {
		body := object{"name": "Shop", "appearance": object{"accent": "", "team": "", "greeting": ""}, "origins": []string{}, "minimum_tier": "anonymous"}
		for name, value := range more {
			body[name] = value
		}
		return body
	}
	life := func(seconds int) string {
		return backend.sign(t, "", "ada", object{"exp": time.Now().Unix() + int64(seconds)})
	}
	if first := h.want(200, "GET", path, owner, nil); first.JSON["longest_life_seconds"] != 86400.0 {
		t.Errorf("a new channel: %s", first.Text)
	}
	if in := h.shows("shop", life(3600), nil); in.StatusCode != 201 {
		t.Errorf("an hour, before: %s", in.Text)
	}
	for _, wrong := range []int{0, 1, 59, 86401, -60} {
		if a := h.call("PUT", path, owner, settings(object{"longest_life_seconds": wrong})); a.StatusCode < 400 {
			t.Errorf("%d seconds: %d", wrong, a.StatusCode)
		}
	}
	if set := h.want(200, "PUT", path, owner, settings(object{"longest_life_seconds": 600})); set.JSON["longest_life_seconds"] != 600.0 {
		t.Errorf("set: %s", set.Text)
	}
	within(t, "the new limit", func() bool { return h.shows("shop", life(3600), nil).StatusCode != 201 })
	if in := h.shows("shop", life(600), nil); in.StatusCode != 201 {
		t.Errorf("ten minutes: %s", in.Text)
	}
	if kept := h.want(200, "PUT", path, owner, settings(nil)); kept.JSON["longest_life_seconds"] != 600.0 {
		t.Errorf("absent: %s", kept.Text)
	}
	var recorded []string
	for _, entry := range h.entries(audit.ChannelChanged) {
		if was := entry.Detail["longest_life_was"]; was != "" {
			recorded = append(recorded, was+" to "+entry.Detail["longest_life"])
		}
	}
	if fmt.Sprint(recorded) != "[24h0m0s to 10m0s]" {
		t.Errorf("recorded %v", recorded)
	}
}
