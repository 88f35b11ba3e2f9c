package httpapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// apps is a channel that all three platforms enter, each with its own enforcement, and a
// secret of each of these dialects that signs for iOS and Android alone.
func (h *house) apps(enforcement map[policy.Platform]policy.Enforcement) (hashes, tokens string) {
	h.t.Helper()
	ctx := context.Background()
	channel, err := h.Channels.Create(ctx, h.System, workspace.Creation{Slug: "app", Platforms: enforcement})
	must(h.t, err)
	secret := func(dialect string) string {
		_, secret, err := h.Keys.Generate(ctx, h.System, trust.KeyDraft{
			Channel: channel.ID, Dialect: dialect, Platforms: []policy.Platform{policy.IOS, policy.Android},
		})
		must(h.t, err)
		return secret
	}
	return secret("intercom"), secret("intercom-jwt")
}

var everywhere = map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce, policy.IOS: policy.Enforce, policy.Android: policy.Enforce}

// intercomToken is an HS256 token over these claims.
func intercomToken(secret string, claims object) string {
	body, _ := json.Marshal(claims)
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString(body)
	return unsigned + "." + base64.RawURLEncoding.EncodeToString(unhex(sign(secret, unsigned)))
}

func unhex(text string) []byte {
	var out []byte
	_, _ = fmt.Sscanf(text, "%x", &out)
	return out
}

// attempt opens a session for an assertion of Intercom's dialect.
func (h *house) attempt(platform string, assertion object) answer {
	h.t.Helper()
	assertion["dialect"] = "intercom"
	return h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "app", "platform": platform, "assertion": assertion})
}

func TestAnAppThatSpeaksIntercomLearnsNothingFromHowItIsRefused(t *testing.T) {
	h := open(t)
	hashes, tokens := h.apps(everywhere)
	now := time.Now()
	for _, platform := range []string{"ios", "android"} {
		if a := h.attempt(platform, object{"user_id": "ada", "hash": sign(hashes, "ada")}); a.StatusCode != 201 || a.text("tier") != "verified" {
			t.Fatalf("%s: a right hash: %d %s", platform, a.StatusCode, a.Text)
		}
		if a := h.attempt(platform, object{"jwt": intercomToken(tokens, object{"user_id": "ada", "exp": now.Add(time.Hour).Unix()})}); a.StatusCode != 201 || a.text("tier") != "verified" {
			t.Fatalf("%s: a right token: %d %s", platform, a.StatusCode, a.Text)
		}
		first := answer{}
		for _, c := range []struct {
			name      string
			assertion object
			missing   bool
		}{
			{"no hash", object{"user_id": "ada"}, true},
			{"an empty hash", object{"user_id": "ada", "hash": ""}, true},
			{"a hash that is null", object{"user_id": "ada", "hash": nil}, true},
			{"a hash in a list", object{"user_id": "ada", "hash": []string{sign(hashes, "ada")}}, true},
			{"a hash that is true", object{"user_id": "ada", "hash": true}, true},
			{"no proof of an address", object{"email": "ada@example.com"}, true},
			{"another's hash", object{"user_id": "ada", "hash": sign(hashes, "bob")}, false},
			{"a short hash", object{"user_id": "ada", "hash": sign(hashes, "ada")[:62]}, false},
			{"no hash at all in it", object{"user_id": "ada", "hash": strings.Repeat("zz", 32)}, false},
			{"a guessed secret", object{"user_id": "ada", "hash": sign("secret", "ada")}, false},
			{"the token key's secret", object{"user_id": "ada", "hash": sign(tokens, "ada")}, false},
			{"an address that the key does not sign", object{"email": "ada@example.com", "hash": sign(hashes, "ada@example.com")}, false},
			{"a name that is no name", object{"user_id": []int{1}, "hash": sign(hashes, "1")}, false},
			{"a name too long", object{"user_id": strings.Repeat("a", 300), "hash": sign(hashes, strings.Repeat("a", 300))}, false},
			{"a token too old", object{"jwt": intercomToken(tokens, object{"user_id": "ada", "exp": now.Add(-time.Hour).Unix()})}, false},
			{"a token of nobody", object{"jwt": intercomToken(tokens, object{"exp": now.Add(time.Hour).Unix()})}, false},
			{"the hash key's token", object{"jwt": intercomToken(hashes, object{"user_id": "ada"})}, false},
			{"a token without signature", object{"jwt": "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiYWRhIn0."}, false},
			{"no token at all in it", object{"jwt": "none"}, false},
			{"a wrong token beside a right hash", object{"user_id": "ada", "hash": sign(hashes, "ada"), "jwt": "none"}, false},
		} {
			a := h.attempt(platform, c.assertion)
			message := map[bool]string{true: "Missing user_hash", false: "Invalid user_hash"}[c.missing]
			want := fmt.Sprintf(`{"type":"error.list","request_id":%q,"errors":[{"code":"hmac_mismatch","message":%q}]}`, a.Header.Get("X-Request-Id"), message)
			if a.StatusCode != 401 || string(a.Text) != want || a.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s, %s: %d %s", platform, c.name, a.StatusCode, a.Text)
			}
			if first.Response == nil {
				first = a
			}
			if len(a.Text) != len(first.Text) || len(a.Header) != len(first.Header) {
				t.Errorf("%s, %s: %d bytes and %d headers, not %d and %d", platform, c.name, len(a.Text), len(a.Header), len(first.Text), len(first.Header))
			}
			for name := range first.Header {
				if name != "X-Request-Id" && name != "Date" && a.Header.Get(name) != first.Header.Get(name) {
					t.Errorf("%s, %s: the header %s is %q", platform, c.name, name, a.Header.Get(name))
				}
			}
		}
	}
	refused := h.entries(audit.IdentityRefused)
	if len(refused) == 0 || refused[0].Detail["dialect"] != "intercom" || refused[0].Detail["platform"] == "web" {
		t.Errorf("the record: %v", refused)
	}
}

// What one platform enforces says nothing of another, and its key signs for no other.
func TestEnforcementAndKeysOfAPlatformAreItsOwn(t *testing.T) {
	h := open(t)
	hashes, _ := h.apps(map[policy.Platform]policy.Enforcement{policy.Web: policy.Observe, policy.IOS: policy.Enforce, policy.Android: policy.Off})
	for _, c := range []struct {
		platform string
		hash     string
		status   int
		tier     string
	}{
		{"ios", sign(hashes, "ada"), 201, "verified"},
		{"android", sign(hashes, "ada"), 201, "verified"},
		{"web", sign(hashes, "ada"), 201, "claimed"}, // the key does not sign for web pages
		{"ios", "", 401, ""},
		{"android", "", 201, "claimed"},
		{"web", "", 201, "claimed"},
	} {
		a := h.attempt(c.platform, object{"user_id": "ada", "hash": c.hash})
		if a.StatusCode != c.status || a.text("tier") != c.tier {
			t.Errorf("%s with %q: %d %s", c.platform, c.hash, a.StatusCode, a.Text)
		}
	}
}

// The vendor's words are for its apps: a page, and an app that speaks our own protocol,
// are refused as interface.md says.
func TestOnlyAppsThatNameTheDialectAreRefusedInIntercomsWords(t *testing.T) {
	h := open(t)
	h.apps(everywhere)
	for _, body := range []object{
		{"platform": "web", "assertion": object{"dialect": "intercom", "user_id": "ada", "hash": "00"}},
		{"assertion": object{"dialect": "intercom", "user_id": "ada"}},
		{"platform": "ios", "assertion": object{"user_id": "ada", "hash": "00"}},
		{"platform": "ios", "assertion": object{"dialect": "native", "user_id": "ada", "hash": "00"}},
		{"platform": "android", "assertion": object{"dialect": "pylon", "email": "ada@example.com", "hash": "00"}},
		{"platform": "android", "assertion": object{"dialect": "Intercom", "user_id": "ada", "hash": "00"}},
	} {
		body["channel"] = "app"
		a := h.call("POST", "/api/v1/widget/sessions", credential{}, body)
		if a.StatusCode != 403 || a.Header.Get("Content-Type") != "application/problem+json" || !strings.HasPrefix(a.code(), "identity_re") {
			t.Errorf("%v: %d %s", body, a.StatusCode, a.Text)
		}
	}
	for status, body := range map[int]object{
		404: {"channel": "nobody", "platform": "ios", "assertion": object{"dialect": "intercom"}},
		422: {"platform": "android", "assertion": object{"dialect": "intercom-jwt"}},
	} {
		a := h.call("POST", "/api/v1/widget/sessions", credential{}, body)
		if a.StatusCode != status || a.text("type") != "error.list" || a.text("request_id") == "" {
			t.Errorf("another failure: %d %s", a.StatusCode, a.Text)
		}
	}
}
