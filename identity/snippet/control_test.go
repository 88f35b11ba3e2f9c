package snippet_test

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
	"countersign/identity/snippet"
)

// tampering :: what a developer might do to a snippet → how the code changes. Each must
// make a proof that the gate refuses: otherwise the gauntlet would pass whatever we print.
var tampering = map[string]struct {
	dialect  string
	old, new string
	code     diagnose.Code
}{
	"another algorithm":       {"native", "hashlib.sha256", "hashlib.sha512", diagnose.SHA512},
	"an older algorithm":      {"native", "hashlib.sha256", "hashlib.sha1", diagnose.SHA1},
	"base64":                  {"native", ".hexdigest()", ".digest().hex().encode().hex()", diagnose.NotAHash},
	"a blank":                 {"native", "text = str(user_id)", "text = str(user_id) + ' '", diagnose.Blanks},
	"a line break":            {"native", "text = str(user_id)", "text = str(user_id) + '\\n'", diagnose.Newline},
	"a float":                 {"native", "text = str(user_id)", "text = str(float(user_id))", diagnose.NumberFormat},
	"a quotation":             {"native", "text = str(user_id)", "text = '\"' + str(user_id) + '\"'", diagnose.IdentifierKind},
	"the other way around":    {"native", "hmac.new(key, text.encode(\"utf-8\")", "hmac.new(text.encode(\"utf-8\"), key", diagnose.Swapped},
	"no key":                  {"native", "hmac.new(key, text.encode(\"utf-8\"), hashlib.sha256)", "hashlib.sha256(text.encode(\"utf-8\"))", diagnose.PlainSHA256},
	"joined":                  {"native", "hmac.new(key, text.encode(\"utf-8\"), hashlib.sha256)", "hashlib.sha256(key + text.encode(\"utf-8\"))", diagnose.PlainSHA256},
	"hashed again":            {"native", "return hmac.new(key, text.encode(\"utf-8\"), hashlib.sha256).hexdigest()", "return hashlib.sha256(hmac.new(key, text.encode(\"utf-8\"), hashlib.sha256).hexdigest().encode()).hexdigest()", diagnose.HashedTwice},
	"digits decoded":          {"native", "key = secret.encode(\"utf-8\")", "key = bytes.fromhex(secret)", diagnose.SecretAsHex},
	"digits as text":          {"pylon", "key = binascii.unhexlify(secret)", "key = secret.encode()", diagnose.SecretAsText},
	"the secret's line break": {"native", "key = secret.encode(\"utf-8\")", "key = (secret + '\\n').encode(\"utf-8\")", diagnose.Newline},
	"capitals":                {"ensoras", ".lower()", ".upper()", diagnose.LetterCase},
	"an empty key":            {"native", "key = secret.encode(\"utf-8\")", "key = b''", diagnose.OtherKey},
	"no life":                 {"native-jwt", "now + 3600", "now - 60", diagnose.Expired},
	"a long life":             {"native-jwt", "now + 3600", "now + 360000", "lifetime_too_long"},
	"milliseconds":            {"native-jwt", "now = int(time.time())", "now = int(time.time() * 1000)", diagnose.ClockSkew},
	"a clock that is ahead":   {"native-jwt", "now = int(time.time())", "now = int(time.time()) + 600", diagnose.ClockSkew},
	"another channel":         {"native-jwt", `"aud": "shop"`, `"aud": "blog"`, diagnose.Audience},
	"no channel":              {"native-jwt", `"aud": "shop",`, "", "claim_missing"},
	"a sub":                   {"native-jwt", `"user_id": str`, `"sub": str`, diagnose.IdentifierKind},
	"a fraction":              {"native-jwt", `"user_id": str(user_id)`, `"user_id": float(user_id) + 0.5`, diagnose.NumberFormat},
	"padding":                 {"native-jwt", `.rstrip(b"=")`, "", ""},
	"another alg":             {"native-jwt", `"alg": "HS256"`, `"alg": "HS512"`, diagnose.SHA512},
	"none":                    {"native-jwt", `"alg": "HS256"`, `"alg": "none"`, diagnose.NotAHash},
	"another v1 channel":      {"native-v1", `channel = b"shop"`, `channel = b"blog"`, diagnose.Audience},
	"an old v1":               {"native-v1", "int(time.time())", "int(time.time() - 200000)", diagnose.Expired},
	"a v1 label":              {"native-v1", "countersign.v1", "countersign.v2", diagnose.Unknown},
	"lengths left out":        {"native-v1", `str(len(part)).encode("ascii") + b":"`, `b":"`, diagnose.Unknown},
}

// The control of the whole: code that is changed in one place signs what the gate refuses,
// and the diagnosis names the change.
func TestAChangedSnippetIsRefusedAndNamed(t *testing.T) {
	need(t, "python3")
	names := []string{}
	for name := range tampering {
		names = append(names, name)
	}
	slices.Sort(names)
	dir, code := t.TempDir(), ""
	for i, name := range names {
		c := tampering[name]
		made, err := snippet.Render(snippet.Request{Language: snippet.Python, Dialect: c.dialect, Channel: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.ReplaceAll(made.Server, c.old, c.new)
		if changed == made.Server {
			t.Fatalf("%s: there is no %q in\n%s", name, c.old, made.Server)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("s%d.py", i)), changed)
		code += fmt.Sprintf("import s%[1]d\nprint(s%[1]d.%[2]s(%[3]s))\n", i, made.Function, passed(program{made: made}, `"123456789012"`, `"Ada@example.com"`))
	}
	write(t, filepath.Join(dir, "driver.py"), code)
	lines := run(t, dir, withSecret, "python3", "driver.py")
	if len(lines) != len(names) {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for i, name := range names {
		c := tampering[name]
		row, _ := dialect.Get(c.dialect)
		r := snippet.Request{Dialect: c.dialect, Signs: string(row.DefaultSigns())}
		q := diagnose.Question{Ring: ringFor(t, r), Dialect: c.dialect, UserID: "123456789012", Email: "Ada@example.com", Channels: []string{"shop"}, Now: time.Now(), MaxLife: row.MaxLife,
			Keys: []diagnose.Key{{ID: "k", Name: "Backend", Dialect: c.dialect, Signs: row.DefaultSigns(), State: keyring.Active, Secret: identity.NewSecret([]byte(secret))}}}
		if row.Proof == identity.ProofHash {
			q.Hash = lines[i]
		} else {
			q.Token = lines[i]
		}
		a := diagnose.Diagnose(q)
		if a.Verified {
			t.Errorf("%s verifies: %s", name, lines[i])
		}
		if c.code != "" && !slices.ContainsFunc(a.Causes, func(cause diagnose.Cause) bool { return cause.Code == c.code }) {
			t.Errorf("%s: wanted %s, got %+v", name, c.code, a.Causes)
		}
	}
}

// A hash's snippet prints a hash and a token's a token: what looks alike is not mixed up.
func TestHashesAndTokensAreToldApart(t *testing.T) {
	each(t, nil, func(t *testing.T, r snippet.Request, row dialect.Row, made snippet.Snippet) {
		token := row.Proof != identity.ProofHash
		if made.Token != token || strings.Contains(strings.ToLower(made.Function), "token") != token || strings.Contains(strings.ToLower(made.Function), "hash") == token {
			t.Errorf("%s %s: %+v", r.Language, r.Dialect, made.Function)
		}
		header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
		if strings.Contains(made.Server, header) {
			t.Errorf("%s %s: a header that nobody can read", r.Language, r.Dialect)
		}
		if says := strings.Contains(made.Server, "HS256"); says != (row.Proof == identity.ProofJWT) {
			t.Errorf("%s %s names HS256: %v", r.Language, r.Dialect, says)
		}
		if says := strings.Contains(made.Server, "countersign.v1"); says != (row.Proof == identity.ProofV1) {
			t.Errorf("%s %s names v1: %v", r.Language, r.Dialect, says)
		}
	})
}
