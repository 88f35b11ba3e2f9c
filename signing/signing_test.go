package signing

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type vectors struct {
	About string `json:"about"`
	Query []struct {
		Name      string   `json:"name"`
		Secret    string   `json:"secret"`
		URL       string   `json:"url"`
		Own       []string `json:"own"`
		JSON      string   `json:"json"`
		Signature string   `json:"signature"`
		SignedURL string   `json:"signed_url"`
	} `json:"query"`
	Refused []struct {
		Name   string   `json:"name"`
		Secret string   `json:"secret"`
		URL    string   `json:"url"`
		Own    []string `json:"own"`
		Now    string   `json:"now"`
		Reason Reason   `json:"reason"`
	} `json:"query_refused"`
	Body []struct {
		Name, Secret, Body, Signature string
	} `json:"body"`
	Webhook []struct {
		Name    string      `json:"name"`
		Secrets []string    `json:"secrets"`
		Headers [][2]string `json:"headers"`
		Body    string      `json:"body"`
		Now     string      `json:"now"`
		Reason  Reason      `json:"reason"`
	} `json:"webhook"`
	SHA1 []struct {
		Name, Key, Data, MAC string
	} `json:"hmac_sha1"`
}

func load(tb testing.TB) vectors {
	tb.Helper()
	raw, err := os.ReadFile("../spec/vectors/requests.json")
	if err != nil {
		tb.Fatal(err)
	}
	var v vectors
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		tb.Fatal(err)
	}
	if len(v.Query) < 8 || len(v.Refused) < 20 || len(v.Body) < 2 || len(v.Webhook) < 20 || len(v.SHA1) < 6 {
		tb.Fatal("vectors are missing")
	}
	return v
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func queryOf(address string) string {
	_, query, _ := strings.Cut(address, "?")
	return query
}

func reasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func at(tb testing.TB, text string) time.Time {
	tb.Helper()
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func TestQueryVectors(t *testing.T) {
	for _, v := range load(t).Query {
		signed, err := SignQuery([]byte(v.Secret), v.URL, v.Own)
		if err != nil || signed != v.SignedURL {
			t.Errorf("%s: %v\n got %s\nwant %s", v.Name, err, signed, v.SignedURL)
		}
		params, err := VerifyQuery([][]byte{[]byte("another"), []byte(v.Secret)}, queryOf(v.SignedURL), v.Own, noon, DefaultTolerance)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		text, err := phpObject(params)
		if err != nil || string(text) != v.JSON {
			t.Errorf("%s: %v\n got %s\nwant %s", v.Name, err, text, v.JSON)
		}
	}
}

func TestQueryRefusals(t *testing.T) {
	for _, v := range load(t).Refused {
		params, err := VerifyQuery([][]byte{[]byte(v.Secret)}, queryOf(v.URL), v.Own, at(t, v.Now), DefaultTolerance)
		if reasonOf(err) != v.Reason || params != nil {
			t.Errorf("%s: %v with %v; want %s", v.Name, err, params, v.Reason)
		}
	}
}

// TestOwnParameterIsNeverHandedOut: an app's own parameter stands in the same
// address and is not signed; a verifier that returned it would have it believed.
func TestOwnParameterIsNeverHandedOut(t *testing.T) {
	signed, err := SignQuery([]byte("s"), "https://app.example/?shop=eu&customer-id=7", []string{"shop"})
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(signed, "shop=eu", "shop=us", 1)
	params, err := VerifyQuery([][]byte{[]byte("s")}, queryOf(forged), []string{"shop"}, noon, DefaultTolerance)
	if err != nil || len(params) != 1 || params[0] != (Param{"customer-id", "7"}) {
		t.Errorf("%v, %v", params, err)
	}
	for _, own := range []string{"customer-id", "Customer-ID", "tier", "issued-at", HelpScoutSignature, "x-helpscout-signature", "a.b", "a b", "a[]", "", "7"} {
		if _, err := VerifyQuery([][]byte{[]byte("s")}, queryOf(signed), []string{own}, noon, DefaultTolerance); !errors.Is(err, ErrUnsignable) {
			t.Errorf("%q as the app's own: %v", own, err)
		}
	}
}

func TestWhatCannotBeSigned(t *testing.T) {
	for name, address := range map[string]string{
		"no query": "https://app.example/", "an empty query": "https://app.example/?", "own parameters only": "https://app.example/?shop=eu",
		"a signature already": "https://app.example/?a=1&X-HelpScout-Signature=x", "a name twice": "https://app.example/?a=1&a=2",
		"a name that PHP renames": "https://app.example/?a.b=1", "a broken escape": "https://app.example/?a=%", "no UTF-8": "https://app.example/?a=%ff",
	} {
		if signed, err := SignQuery([]byte("s"), address, []string{"shop"}); !errors.Is(err, ErrUnsignable) || signed != "" {
			t.Errorf("%s: %q, %v", name, signed, err)
		}
	}
	if _, err := SignQuery(nil, "https://app.example/?a=1", nil); !errors.Is(err, ErrUnsignable) {
		t.Errorf("without a secret: %v", err)
	}
	if signed, err := SignQuery([]byte("s"), "https://app.example/?a=1#there", nil); err != nil || !strings.HasSuffix(signed, "#there") || !strings.Contains(signed, "a=1&X-HelpScout-Signature=") {
		t.Errorf("with a fragment: %s, %v", signed, err)
	}
	for _, c := range []struct {
		id   string
		at   time.Time
		keys [][]byte
	}{{"a.b", noon, [][]byte{{1}}}, {"", noon, [][]byte{{1}}}, {"a b", noon, [][]byte{{1}}}, {"a\n", noon, [][]byte{{1}}}, {"a", time.Time{}, [][]byte{{1}}}, {"a", noon, nil}, {strings.Repeat("a", 256), noon, [][]byte{{1}}}} {
		if signature, err := SignWebhook(c.keys, c.id, c.at, nil); !errors.Is(err, ErrUnsignable) || signature != "" {
			t.Errorf("%q at %v: %q, %v", c.id, c.at, signature, err)
		}
	}
}

func TestBodyVectors(t *testing.T) {
	for _, v := range load(t).Body {
		if got := SignBody([]byte(v.Secret), []byte(v.Body)); got != v.Signature {
			t.Errorf("%s: %s; want %s", v.Name, got, v.Signature)
		}
		header := map[string][]string{"X-Helpscout-Signature": {v.Signature}}
		if err := VerifyBody([][]byte{[]byte(v.Secret)}, header, []byte(v.Body)); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		if err := VerifyBody([][]byte{[]byte(v.Secret)}, header, []byte(v.Body+" ")); reasonOf(err) != ProofMismatch {
			t.Errorf("%s, changed: %v", v.Name, err)
		}
		if err := VerifyBody(nil, header, []byte(v.Body)); reasonOf(err) != ProofMismatch {
			t.Errorf("%s, no secret: %v", v.Name, err)
		}
		for value, want := range map[string]Reason{"": ProofMissing, "AA==": ProofMalformed, v.Signature + "\n": ProofMalformed, strings.TrimRight(v.Signature, "="): ProofMalformed} {
			if err := VerifyBody([][]byte{[]byte(v.Secret)}, map[string][]string{"X-Helpscout-Signature": {value}}, []byte(v.Body)); reasonOf(err) != want {
				t.Errorf("%s, %q: %v", v.Name, value, err)
			}
		}
	}
	if err := VerifyBody([][]byte{{1}}, map[string][]string{"X-HelpScout-Signature": {"a"}, "x-helpscout-signature": {"b"}}, nil); reasonOf(err) != ProofMalformed {
		t.Errorf("two headers: %v", err)
	}
}

func TestWebhookVectors(t *testing.T) {
	for _, v := range load(t).Webhook {
		var secrets [][]byte
		for _, text := range v.Secrets {
			secret, err := WebhookSecret(text)
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, secret)
		}
		header := map[string][]string{}
		for _, h := range v.Headers {
			header[h[0]] = append(header[h[0]], h[1])
		}
		err := VerifyWebhook(secrets, header, []byte(v.Body), at(t, v.Now), DefaultTolerance)
		if reasonOf(err) != v.Reason || v.Reason == "" && err != nil {
			t.Errorf("%s: %v; want %q", v.Name, err, v.Reason)
		}
	}
}

func TestWebhookRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`).Draw(r, "id")
		body := rapid.SliceOf(rapid.Byte()).Draw(r, "body")
		secrets := [][]byte{rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(r, "old"), rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(r, "new")}
		signature, err := SignWebhook(secrets, id, noon, body)
		if err != nil {
			r.Fatal(err)
		}
		header := map[string][]string{"Webhook-Id": {id}, "Webhook-Timestamp": {"1772366400"}, "Webhook-Signature": {signature}}
		for _, secret := range secrets {
			if err := VerifyWebhook([][]byte{secret}, header, body, noon, 0); err != nil {
				r.Fatal(err)
			}
		}
		if err := VerifyWebhook(secrets, header, append(body, 'x'), noon, 0); reasonOf(err) != ProofMismatch {
			r.Fatalf("a longer body: %v", err)
		}
	})
}

func TestWebhookSecretHasOneSpelling(t *testing.T) {
	for text, ok := range map[string]bool{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": true, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": true,
		"": false, "whsec_": false, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS": false, "whsec_MfKQ\n9r8G": false, "whsec_AB==": false, "whsec_my-secret": false} {
		if _, err := WebhookSecret(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRFC2202(t *testing.T) {
	for _, v := range load(t).SHA1 {
		key, _ := hex.DecodeString(v.Key)
		data, _ := hex.DecodeString(v.Data)
		if got := hex.EncodeToString(sha1MAC(key, data)); got != v.MAC {
			t.Errorf("%s: %s; want %s", v.Name, got, v.MAC)
		}
	}
}

func TestSafeValuesAreThoseThatEveryLanguageReadsAlike(t *testing.T) {
	for value, want := range map[string]bool{"": true, "a-b_c.d,e:f@g~h I9": true, "a/b": false, "ä": false, "a\"b": false, "a+b": false, "a\x00": false, "a%": false} {
		if SafeValue(value) != want {
			t.Errorf("%q: %v", value, !want)
		}
	}
}

// TestPHPText is json_encode's own behaviour on what its manual calls special.
func TestPHPText(t *testing.T) {
	text, err := phpObject([]Param{{"a", `"\/` + "\b\f\n\r\t\x00\x1f\x7f<>&'é\u2028\U0001F600"}})
	want := `{"a":"\"\\\/\b\f\n\r\t\u0000\u001f` + "\x7f" + `<>&'\u00e9\u2028\ud83d\ude00"}`
	if err != nil || string(text) != want {
		t.Errorf("%v\n got %s\nwant %s", err, text, want)
	}
	var back map[string]string
	if err := json.Unmarshal(text, &back); err != nil || len(back) != 1 {
		t.Errorf("it is no JSON: %v", err)
	}
}

func FuzzQuery(f *testing.F) {
	v := load(f)
	seeds := 0
	for _, q := range v.Query {
		f.Add(queryOf(q.SignedURL))
		f.Add(queryOf(q.URL))
		seeds += 2
	}
	for _, q := range v.Refused {
		f.Add(queryOf(q.URL))
		seeds++
	}
	if seeds < 36 {
		f.Fatalf("%d seeds; at least 36 are expected", seeds)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if params, err := VerifyQuery([][]byte{[]byte("a secret that signed no seed")}, query, nil, noon, DefaultTolerance); err == nil || params != nil {
			t.Fatalf("%q verified as %v", query, params)
		}
		signed, err := SignQuery([]byte("s"), "https://app.example/?"+query, nil)
		if err != nil || strings.Contains(query, "#") {
			return
		}
		params, err := VerifyQuery([][]byte{[]byte("s")}, queryOf(signed), nil, noon, DefaultTolerance)
		if err != nil && reasonOf(err) != TokenExpired && reasonOf(err) != TokenEarly && !strings.Contains(query, IssuedAt) {
			t.Fatalf("%q is signed and does not verify: %v", signed, err)
		}
		text, _ := phpObject(params)
		if err == nil && !json.Valid(text) {
			t.Fatalf("%q gives %s", query, text)
		}
	})
}

func FuzzWebhook(f *testing.F) {
	v := load(f)
	for _, w := range v.Webhook {
		f.Add(w.Name, "1772366400", w.Headers[0][1], []byte(w.Body))
	}
	if len(v.Webhook) < 26 {
		f.Fatalf("%d seeds; at least 26 are expected", len(v.Webhook))
	}
	secrets := [][]byte{[]byte("a secret that signed no seed")}
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		header := map[string][]string{HeaderID: {id}, HeaderTimestamp: {timestamp}, HeaderSignature: {signature}}
		if err := VerifyWebhook(secrets, header, body, noon, DefaultTolerance); err == nil {
			t.Fatalf("%v verified", header)
		}
		header[HeaderSignature] = []string{"v1," + base64.StdEncoding.EncodeToString(webhookMAC(secrets[0], id, timestamp, body))}
		err := VerifyWebhook(secrets, header, body, noon, DefaultTolerance)
		if err == nil && (strings.Contains(id, ".") || timestamp == "" || strings.HasPrefix(timestamp, "0") || strings.HasPrefix(timestamp, "+")) {
			t.Fatalf("id %q and time %q verified", id, timestamp)
		}
	})
}
