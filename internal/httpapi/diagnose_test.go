package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

func hashOf(secret, text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

func TestAFailingHashIsExplainedAndNothingOfItIsKept(t *testing.T) {
	h := open(t)
	channel, _, secret := h.channel("shop", policy.Observe)
	_, _, other := h.channel("blog", policy.Observe)
	const base = "/api/v1/console/channels/"
	auditor := h.agent(policy.Auditor)
	for name, c := range map[string]struct {
		path   string
		body   object
		status int
		code   string // of the first cause, or of the refusal
		says   string
	}{
		"right":              {channel.ID, object{"user_id": "ada", "hash": hashOf(secret, "ada")}, 200, "", `"verified":true`},
		"another channel's":  {channel.ID, object{"user_id": "ada", "hash": hashOf(other, "ada"), "language": "ruby"}, 200, "other_key", "OpenSSL::HMAC"},
		"capitals":           {channel.ID, object{"user_id": "Ada", "hash": hashOf(secret, "ada")}, 200, "case", "lower case"},
		"no hash":            {channel.ID, object{"user_id": "ada"}, 200, "not_a_hash", "empty"},
		"nobody":             {channel.ID, object{"hash": "x"}, 422, "request_invalid", ""},
		"a number":           {channel.ID, object{"user_id": 5, "hash": "x"}, 400, "request_invalid", ""},
		"no such channel":    {"chn_none", object{"user_id": "ada", "hash": "x"}, 404, "not_found", ""},
		"no such language":   {channel.ID, object{"user_id": "ada", "hash": "x", "language": "cobol"}, 422, "request_invalid", ""},
		"a field we have no": {channel.ID, object{"user_id": "ada", "hash": "x", "secret": "y"}, 400, "request_invalid", ""},
	} {
		t.Run(name, func(t *testing.T) {
			trail := h.trail()
			a := h.call("POST", base+c.path+"/diagnose", auditor, c.body)
			if a.StatusCode != c.status || !strings.Contains(string(a.Text), c.says) {
				t.Fatalf("%d %s", a.StatusCode, a.Text)
			}
			if causes, _ := a.JSON["causes"].([]any); c.status == 200 && c.code != "" && (len(causes) == 0 || causes[0].(object)["code"] != c.code) {
				t.Errorf("%s", a.Text)
			}
			if c.status != 200 && a.code() != c.code {
				t.Errorf("%s", a.Text)
			}
			if strings.Contains(string(a.Text), secret) || strings.Contains(string(a.Text), other) {
				t.Error("the answer holds a secret")
			}
			if now := h.entries(audit.HashRevealed); len(now) > 0 {
				t.Errorf("recorded %v: %v", trail, now)
			}
		})
	}
	for _, pasted := range []string{hashOf(other, "ada"), hashOf(secret, "ada")} {
		if strings.Contains(h.Log.String(), pasted) {
			t.Error("what was pasted was logged")
		}
	}
}

func TestAnExpectedHashIsShownToWhoMayAndRecorded(t *testing.T) {
	h := open(t)
	channel, key, secret := h.channel("shop", policy.Observe)
	path := "/api/v1/console/channels/" + channel.ID + "/expected-hash"
	body := object{"key": key, "user_id": "ada", "reason": "ticket 7"}
	for _, role := range []policy.Role{policy.Admin, policy.AgentR, policy.Auditor} {
		if a := h.call("POST", path, h.agent(role), body); a.code() != "forbidden" || strings.Contains(string(a.Text), hashOf(secret, "ada")) {
			t.Errorf("%s: %d %s", role, a.StatusCode, a.Text)
		}
	}
	security := h.agent(policy.Security)
	if a := h.call("POST", path, security, object{"key": key, "user_id": "ada", "reason": ""}); a.StatusCode != 400 {
		t.Errorf("without a reason: %d %s", a.StatusCode, a.Text)
	}
	if a := h.want(200, "POST", path, security, body); a.text("hash") != hashOf(secret, "ada") {
		t.Errorf("%s", a.Text)
	}
	shown := h.entries(audit.HashRevealed)
	if len(shown) != 1 || shown[0].Detail["reason"] != "ticket 7" || shown[0].Detail["key"] != key || !strings.HasPrefix(shown[0].Subject, audit.PseudonymPrefix) {
		t.Errorf("%+v", shown)
	}
	h.stale(security)
	if a := h.call("POST", path, security, body); a.code() != "confirmation_required" || strings.Contains(string(a.Text), hashOf(secret, "ada")) {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
}

func TestSnippetsCarryNoSecretAndNameTheWidget(t *testing.T) {
	h := open(t, func(o *httpapi.Options) { o.WidgetURL = "https://chat.example.com" })
	channel, key, secret := h.channel("shop", policy.Observe)
	login := h.agent(policy.Auditor)
	for _, language := range []string{"", "node", "php", "python", "ruby", "go", "java", "csharp"} {
		a := h.call("GET", "/api/v1/console/channels/"+channel.ID+"/snippets?language="+language, login, nil)
		body := string(a.Text)
		if a.StatusCode != 200 || !strings.Contains(body, key) || !strings.Contains(body, "https://chat.example.com/v1.js") || strings.Contains(body, secret) {
			t.Errorf("%s: %d %s", language, a.StatusCode, body)
		}
	}
}

func TestSnippetsOfAFrameworkAreFilesWithoutASecret(t *testing.T) {
	h := open(t, func(o *httpapi.Options) { o.WidgetURL = "https://chat.example.com" })
	channel, _, secret := h.channel("shop", policy.Observe)
	login := h.agent(policy.Auditor)
	var known wire.Snippets
	must(t, json.Unmarshal(h.call("GET", "/api/v1/console/channels/"+channel.ID+"/snippets", login, nil).Text, &known))
	if len(known.Frameworks) != 12 || len(known.Parts) != 2 || known.Framework != "" {
		t.Fatalf("%+v", known)
	}
	for _, f := range known.Frameworks {
		a := h.call("GET", "/api/v1/console/channels/"+channel.ID+"/snippets?framework="+f.ID, login, nil)
		var got wire.Snippets
		must(t, json.Unmarshal(a.Text, &got))
		if a.StatusCode != 200 || got.Framework != f.ID || len(got.Parts) < 2 || !f.Fits || strings.Contains(string(a.Text), secret) || !strings.Contains(string(a.Text), "https://chat.example.com/v1.js") {
			t.Errorf("%s: %d %s", f.ID, a.StatusCode, a.Text)
		}
	}
	for _, query := range []string{"framework=nonesuch", "framework=rails&language=php", "framework=..%2Frails"} {
		if a := h.call("GET", "/api/v1/console/channels/"+channel.ID+"/snippets?"+query, login, nil); a.StatusCode != 422 {
			t.Errorf("%s: %d %s", query, a.StatusCode, a.Text)
		}
	}
}
