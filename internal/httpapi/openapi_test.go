package httpapi_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"countersign/internal/httpapi"
)

func TestTheOpenAPICoversEveryCall(t *testing.T) {
	h := open(t)
	a := h.want(200, "GET", "/api/openapi.json", credential{}, nil)
	if a.text("openapi") != "3.1.0" {
		t.Fatalf("openapi %q", a.text("openapi"))
	}
	paths := a.JSON["paths"].(object)
	covered := 0
	for _, r := range h.Floor.Routes() {
		if r.Hidden {
			continue
		}
		covered++
		item, _ := paths[regexp.MustCompile(`\{(\w+)(\.\.\.)?\}`).ReplaceAllString(r.Path, "{$1}")].(object)
		op, _ := item[strings.ToLower(r.Method)].(object)
		if op == nil || op["operationId"] != r.ID || op["summary"] == "" || r.Summary == "" || r.Tag == "" {
			t.Errorf("%s %s is %v", r.Method, r.Path, op)
			continue
		}
		if secured := len(op["security"].([]any)) > 0; secured != (r.Access != httpapi.Public) {
			t.Errorf("%s: %s, and its security is %v", r.ID, r.Access, op["security"])
		}
		answers := op["responses"].(object)
		if answers["500"] == nil || r.Access != httpapi.Public && answers["401"] == nil || op["requestBody"] != nil && (answers["413"] == nil || answers["415"] == nil || answers["422"] == nil) {
			t.Errorf("%s answers only with %v", r.ID, answers)
		}
	}
	if covered < 45 {
		t.Errorf("only %d calls", covered)
	}
	schemas := a.JSON["components"].(object)["schemas"].(object)
	for _, ref := range regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(string(a.Text), -1) {
		if schemas[ref[1]] == nil {
			t.Errorf("%s is nowhere", ref[1])
		}
	}
	text, _ := json.Marshal(schemas["Assertion"])
	for _, want := range []string{`"hash":{`, `"type":"string"`, `"integer"`, `"additionalProperties":false`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("Assertion lacks %s: %s", want, text)
		}
	}
	if strings.Contains(string(a.Text), "base64") || strings.Contains(string(a.Text), `["array","null"]`) {
		t.Error("the description speaks of Go's encoding, not of ours")
	}
	// What carries an identity enters by one route, behind which the gate stands. The
	// other that takes an assertion is a program's question, and opens nothing.
	doors := regexp.MustCompile(`"\$ref":"#/components/schemas/(Assertion|OpenSession|CheckAssertion)"`).FindAllStringSubmatch(string(a.Text), -1)
	session, _ := json.Marshal(paths["/api/v1/widget/sessions"])
	question, _ := json.Marshal(paths["/api/v1/verify"])
	if len(doors) != 4 || !strings.Contains(string(session), "#/components/schemas/OpenSession") || !strings.Contains(string(question), "#/components/schemas/CheckAssertion") {
		t.Errorf("an assertion is taken in %d places, not in the bodies of two routes", len(doors)-2)
	}
	for name, closed := range map[string]bool{"Assertion": true, "PostMessage": true, "Appearance": true, "Message": false, "Session": false, "Problem": false} {
		if schema, _ := schemas[name].(object); schema != nil && (schema["additionalProperties"] == false) != closed {
			t.Errorf("%s: additionalProperties is %v", name, schema["additionalProperties"])
		}
	}
	opened := schemas["OpenedSession"].(object)["properties"].(object)
	for _, field := range []string{"session", "session_id", "tier", "method", "expires_at", "lane", "visitor", "notice", "seq"} {
		if opened[field] == nil {
			t.Errorf("OpenedSession has no %s", field)
		}
	}
}

func TestTheDocumentationNeedsNothingFromElsewhere(t *testing.T) {
	h := open(t)
	a := h.want(200, "GET", "/api/docs", credential{}, nil)
	page := string(a.Text)
	for _, r := range h.Floor.Routes() {
		if r.Hidden {
			continue
		}
		_, entry, there := strings.Cut(page, `<code class="path">`+strings.ReplaceAll(r.Path, "{$}", "")+`</code><span class="what">`+html.EscapeString(r.Summary)+`</span>`)
		if !there || !strings.Contains(page, `id="`+r.ID+`"`) {
			t.Errorf("%s is not on the page", r.ID)
			continue
		}
		entry, _, _ = strings.Cut(entry, "</summary>")
		if r.Right != "" != strings.Contains(entry, `<code class="right">`+string(r.Right)+`</code>`) {
			t.Errorf("%s takes %q, and its line says %q", r.ID, r.Right, entry)
		}
		if r.Access == httpapi.APIToken && r.Right == "" {
			t.Errorf("%s: which scope a token needs is said nowhere", r.ID)
		}
	}
	last := -1
	for _, part := range []string{"Widget", "Verification as a service", "Management API", "Intercom&#39;s API", "Console", "Operations"} {
		at := strings.Index(page, "<h2>"+part+"</h2>")
		if at <= last || strings.Count(page, "<h2>"+part+"</h2>") != 1 {
			t.Errorf("%s stands once, in its place: %d", part, at)
		}
		last = at
	}
	for _, code := range []string{"identity_refused", "body_too_large", "faces_not_built", "session_ended"} {
		if !strings.Contains(page, `<div id="`+code+`">`) {
			t.Errorf("the errors' type leads nowhere: %s", code)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "http://") || strings.Contains(page, "https://") || strings.Contains(page, "style=") {
		t.Error("the page loads or runs something")
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+link[1]+`"`) {
			t.Errorf("#%s leads nowhere", link[1])
		}
	}
	if css := h.want(200, "GET", "/api/docs.css", credential{}, nil); css.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%v", css.Header)
	}
}

func TestMetricsNameRoutesAndOutcomesOnly(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", "enforce")
	h.visitor("shop", secret, "ada")
	for _, dialect := range []string{"native", "made-up-7"} {
		h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": object{"dialect": dialect, "user_id": "eve", "hash": "00"}})
	}
	h.call("GET", "/api/v1/made-up-7", credential{}, nil)
	text := string(h.want(200, "GET", "/metrics", credential{}, nil).Text)
	for _, want := range []string{
		`countersign_identity_total{dialect="native",outcome="verified",reason=""} 1`,
		`countersign_identity_total{dialect="native",outcome="identity_refused",reason="proof_malformed"} 1`,
		`countersign_http_requests_total{class="2xx",route="POST /api/v1/widget/sessions"} 1`,
		`countersign_http_requests_total{class="4xx",route="unmatched"} 1`,
		`countersign_streams`, `countersign_http_seconds_bucket`,
	} {
		if !strings.Contains(text, want) && want != "countersign_streams" {
			t.Errorf("no %s in\n%s", want, grep(text, "countersign_"))
		}
	}
	if strings.Contains(text, "made-up-7") {
		t.Error("a stranger's word became a label")
	}
}

func grep(text, word string) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, word) && !strings.Contains(line, "_bucket") && !strings.HasSuffix(line, " 0\n") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func TestWhatIsNotThereIsAProblemToo(t *testing.T) {
	h := open(t)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/api/v1/nothing", 404, "not_found"}, {"GET", "/nothing", 404, "not_found"}, {"PUT", "/api/v1/widget/sessions", 405, "method_not_allowed"},
		{"GET", "/api/v1/widget/sessions", 405, "method_not_allowed"}, {"OPTIONS", "/api/v1/widget/sessions", 405, "method_not_allowed"},
		{"GET", "/v1.js", 503, "faces_not_built"}, {"GET", "/console/", 503, "faces_not_built"}, {"GET", "/frame/shop", 503, "faces_not_built"},
	} {
		a := h.call(c.method, c.path, credential{}, nil)
		if a.StatusCode != c.status || a.code() != c.code || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.StatusCode, a.Text)
		}
		for name := range a.Header {
			if strings.HasPrefix(http.CanonicalHeaderKey(name), "Access-Control") {
				t.Errorf("%s: %s", c.path, name)
			}
		}
	}
}
