package httpapi_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// vendorToken is a token as a vendor's backend makes it, by the library alone.
func vendorToken(secret, claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(`{"alg":"HS256","typ":"JWT","kid":"app_1"}`)) + "." + b64([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + b64(mac.Sum(nil))
}

// A backend that was written for another system keeps its secret and its line; the page
// calls our own API. Somebody else's proof, or none, opens no session where proofs are
// enforced, and the record says by which key a visitor was verified.
func TestABackendOfAnotherSystemSignsVisitorsIn(t *testing.T) {
	const secret = "9b1c6f02d47e8a53b0e94c7d216f8a35" // imported as it is
	for _, c := range []struct {
		dialect    string
		good, wear object // what the page says: of its customer, and of another with that one's proof
	}{
		{"chatwoot", object{"user_id": "u1", "hash": sign(secret, "u1")}, object{"user_id": "u2", "hash": sign(secret, "u1")}},
		{"crisp", object{"email": "Ada@Example.com", "hash": sign(secret, "Ada@Example.com")}, object{"email": "eve@example.com", "hash": sign(secret, "Ada@Example.com")}},
		{"tawk", object{"user_id": "u1", "hash": sign(secret, "u1")}, object{"email": "u1@example.com", "hash": sign(secret, "u1")}},
		{"front", object{"email": "ada@example.com", "hash": sign(secret, "ada@example.com")}, object{"user_id": "ada@example.com", "hash": sign(secret, "ada@example.com")}},
		{"plain", object{"email": "ada@example.com", "hash": sign(secret, "ada@example.com")}, object{"email": "ada@example.com"}},
		{"gleap", object{"user_id": "u1", "hash": sign(secret, "u1")}, object{"user_id": "u1", "hash": strings.Repeat("0", 64)}},
		{"novu", object{"user_id": "u1", "hash": sign(secret, "u1")}, object{"user_id": "U1", "hash": sign(secret, "u1")}},
		{"featurebase", object{"user_id": "u1", "hash": sign(secret, "u1")}, object{"email": "u1@example.com", "hash": sign(secret, "u1")}},
		{"zendesk-jwt", object{"jwt": vendorToken(secret, `{"scope":"user","external_id":"u1"}`)}, object{"jwt": vendorToken(secret, `{"scope":"app","external_id":"u1"}`)}},
		{"freshchat-jwt", object{"jwt": vendorToken(secret, `{"reference_id":"u1"}`)}, object{"user_id": "u2", "jwt": vendorToken(secret, `{"reference_id":"u1"}`)}},
	} {
		t.Run(c.dialect, func(t *testing.T) {
			h := open(t)
			ctx := context.Background()
			channel, err := h.Channels.Create(ctx, h.System, workspace.Creation{Slug: "shop", Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce}})
			must(t, err)
			_, err = h.Keys.Import(ctx, h.System, trust.KeyDraft{Channel: channel.ID, Dialect: c.dialect}, secret, false)
			must(t, err)
			a := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": c.good})
			if a.text("tier") != "verified" {
				t.Errorf("%s: %s", c.dialect, a.Text)
			}
			for name, assertion := range map[string]object{"another's proof": c.wear, "the vendor's global": {"dialect": "intercom", "user_id": "u1", "hash": sign(secret, "u1")}} {
				if a := h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": assertion}); a.StatusCode != 403 || strings.Contains(string(a.Text), `"session"`) {
					t.Errorf("%s, %s: %d %s", c.dialect, name, a.StatusCode, a.Text)
				}
			}
		})
	}
}
