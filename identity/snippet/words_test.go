package snippet_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/snippet"
)

const origin = "https://chat.example.com"

// idioms is what a language's code must and must not hold. The code is read here as a
// reviewer would: that it runs, the gauntlet says.
type idioms struct {
	file, hash, token string
	name              string
	mac               string // the one way in which it makes a MAC
	environment       string // %s: how it reads the variable
	hex, lower        string // found where the dialect decodes and lowers, and nowhere else
	never             []string
}

var idiomsOf = map[snippet.Language]idioms{
	snippet.Ruby: {"chat_proof.rb", "chat_hash", "chat_token", "Ruby", "OpenSSL::HMAC", `ENV.fetch("%s")`, `.pack("H*")`, ".downcase(:ascii)",
		[]string{"puts ", "eval", "Digest::", "require \"jwt\"", ".strip", ".chomp"}},
	snippet.PHP: {"chat_proof.php", "chat_hash", "chat_token", "PHP", "hash_hmac('sha256'", "getenv('%s')", "hex2bin(", "strtr((string) $email",
		[]string{"echo ", "eval", "print", "require ", "trim($secret", "?>", "md5", "@"}},
	snippet.Python: {"chat_proof.py", "chat_hash", "chat_token", "Python", "hmac.new(", `os.environ["%s"]`, "unhexlify(", `.encode("utf-8").lower()`,
		[]string{"print(", "eval", "import jwt", ".strip()", "os.getenv", "environ.get", "f\""}},
	snippet.Node: {"chat-proof.js", "chatHash", "chatToken", "Node.js", "createHmac('sha256'", "process.env.%s", "Buffer.from(secret, 'hex')", ".replace(/[A-Z]/g",
		[]string{"console.", "eval", "require('jsonwebtoken')", ".trim()", "window", "document"}},
	snippet.Go: {"chatproof.go", "Hash", "Token", "Go", "hmac.New(sha256.New", `os.Getenv("%s")`, "hex.DecodeString(secret)", "strings.Map(",
		[]string{"fmt.Print", "log.", "github.com", "TrimSpace", "panic("}},
	snippet.Java: {"ChatProof.java", "ChatProof.hash", "ChatProof.token", "Java", `Mac.getInstance("HmacSHA256")`, `System.getenv("%s")`, "parseHex(secret)", `compile("[A-Z]")`,
		[]string{"System.out", "printStackTrace", "io.jsonwebtoken", ".trim()", ".strip()", ".toLowerCase()"}},
	snippet.CSharp: {"ChatProof.cs", "ChatProof.Hash", "ChatProof.Token", "C#", "new HMACSHA256(", `GetEnvironmentVariable("%s")`, "Convert.ToByte(secret", `Regex.Replace(email, "[A-Z]"`,
		[]string{"Console.", "Newtonsoft", ".Trim()", ".ToLower()"}},
}

// each calls f with every snippet that there is.
func each(t *testing.T, change func(*snippet.Request), f func(t *testing.T, r snippet.Request, row dialect.Row, made snippet.Snippet)) {
	t.Helper()
	for _, language := range snippet.Languages() {
		for _, row := range dialect.All() {
			for _, signs := range row.Signs {
				r := snippet.Request{Language: language, Dialect: row.Name, Signs: string(signs), Channel: "shop", Origin: origin}
				if change != nil {
					change(&r)
				}
				made, err := snippet.Render(r)
				if err != nil {
					t.Fatalf("%s %s %s: %v", language, row.Name, signs, err)
				}
				f(t, r, row, made)
			}
		}
	}
}

func TestTheCodeIsWhatAReviewerExpects(t *testing.T) {
	each(t, nil, func(t *testing.T, r snippet.Request, row dialect.Row, made snippet.Snippet) {
		want, name := idiomsOf[r.Language], fmt.Sprintf("%s %s signing %s", r.Language, r.Dialect, r.Signs)
		function := want.hash
		if row.Proof != identity.ProofHash {
			function = want.token
		}
		if made.File != want.file || made.Function != function || made.Language != r.Language || r.Language.Name() != want.name {
			t.Errorf("%s is %s in %s", name, made.Function, made.File)
		}
		bare := function[strings.LastIndex(function, ".")+1:]
		for _, needle := range []string{bare + "(", want.mac, fmt.Sprintf(want.environment, snippet.SecretVariable)} {
			if !strings.Contains(made.Server, needle) {
				t.Errorf("%s lacks %q:\n%s", name, needle, made.Server)
			}
		}
		for _, needle := range append([]string{"sha1", "SHA1", "{{", "}}", "TODO", "secret =\"", "\t \n", " \n"}, want.never...) {
			if strings.Contains(made.Server, needle) {
				t.Errorf("%s holds %q:\n%s", name, needle, made.Server)
			}
		}
		if got := strings.Contains(made.Server, want.hex); got != row.SecretHex {
			t.Errorf("%s decodes the secret: %v", name, got)
		}
		lowers := strings.Count(made.Server, want.lower)
		if (lowers > 0) != row.Lowered {
			t.Errorf("%s lowers %d times:\n%s", name, lowers, made.Server)
		}
		if !strings.HasSuffix(made.Server, "\n") || strings.HasPrefix(made.Server, "\n") || strings.Contains(made.Server, "\r") || strings.Contains(made.Server, "\n\n\n\n") {
			t.Errorf("%s is untidy: %q", name, made.Server)
		}
		if made.Token && !strings.Contains(made.Server, "shop") && row.NeedAudience {
			t.Errorf("%s is for no channel", name)
		}
	})
}

// The check of the secret stands before whatever signs.
func TestTheSecretIsCheckedBeforeItIsUsed(t *testing.T) {
	stops := map[snippet.Language]string{
		snippet.Ruby: "secret.empty?", snippet.PHP: "$secret === ''", snippet.Python: "if not secret", snippet.Node: "if (!secret)", snippet.Go: `secret == ""`,
		snippet.Java: "secret.isEmpty()", snippet.CSharp: "string.IsNullOrEmpty(secret)",
	}
	each(t, nil, func(t *testing.T, r snippet.Request, row dialect.Row, made snippet.Snippet) {
		check, use := strings.Index(made.Server, stops[r.Language]), strings.Index(made.Server, idiomsOf[r.Language].mac)
		decoded := strings.Index(made.Server, idiomsOf[r.Language].hex)
		if check < 0 || row.SecretHex && decoded < check || use < check {
			t.Errorf("%s %s: checked at %d, decoded at %d, used at %d:\n%s", r.Language, r.Dialect, check, decoded, use, made.Server)
		}
	})
}

func TestWhatDoesNotDependOnIsTheSameWhereverItIsAsked(t *testing.T) {
	servers := map[string]string{} // what is signed → the code
	each(t, nil, func(t *testing.T, r snippet.Request, row dialect.Row, made snippet.Snippet) {
		again, err := snippet.Render(r)
		if err != nil || again.Server != made.Server || again.Page != made.Page || again.Logout != made.Logout {
			t.Errorf("%s %s: another answer the second time, %v", r.Language, r.Dialect, err)
		}
		page := r.Dialect + " " + r.Signs
		if before, there := servers[page]; there && before != made.Page {
			t.Errorf("%s: the page depends on the language", page)
		}
		servers[page] = made.Page
		without := r
		without.Origin = ""
		bare, err := snippet.Render(without)
		if err != nil || bare.Server != made.Server || bare.Page != "" || bare.Logout != "" {
			t.Errorf("%s %s without an origin: %+v, %v", r.Language, r.Dialect, bare, err)
		}
		r.Customer = snippet.Customer{UserID: "42", Email: "ada@example.com", Name: "Ada", Proof: "p"}
		if filled, err := snippet.Render(r); err != nil || filled.Server != made.Server {
			t.Errorf("%s %s: a customer stands in the server's code, %v", r.Language, r.Dialect, err)
		}
	})
}

// either signs the user id wherever there is one, so its code is that of user_id.
func TestEitherIsWrittenAsTheUserID(t *testing.T) {
	for _, language := range snippet.Languages() {
		for _, name := range []string{"native", "native-jwt", "native-v1", "intercom"} {
			var made [3]snippet.Snippet
			for i, signs := range []string{"", "user_id", "either"} {
				var err error
				if made[i], err = snippet.Render(snippet.Request{Language: language, Dialect: name, Signs: signs, Channel: "shop", Origin: origin}); err != nil {
					t.Fatal(err)
				}
			}
			if made[0].Server != made[1].Server || made[1].Server != made[2].Server || made[1].Page != made[2].Page {
				t.Errorf("%s %s: either is another code", language, name)
			}
		}
	}
}

func TestTheNativeDefaultsAreTheTables(t *testing.T) {
	for _, row := range dialect.All() {
		made, err := snippet.Render(snippet.Request{Language: snippet.Node, Dialect: row.Name, Channel: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		said, err := snippet.Render(snippet.Request{Language: snippet.Node, Dialect: row.Name, Signs: string(row.DefaultSigns()), Channel: "shop"})
		if err != nil || said.Server != made.Server {
			t.Errorf("%s: the default is not %s, %v", row.Name, row.DefaultSigns(), err)
		}
	}
}

var lives = regexp.MustCompile(`\+ ([0-9]+)\b`)

func TestTokensLiveNoLongerThanTheirDialectAllows(t *testing.T) {
	each(t, nil, func(t *testing.T, r snippet.Request, row dialect.Row, made snippet.Snippet) {
		if row.Proof != identity.ProofJWT {
			return
		}
		found := lives.FindStringSubmatch(strings.ReplaceAll(made.Server, "(now + ", "+ "))
		want := "3600"
		if row.Name == "pylon-jwt" {
			want = "600"
		}
		if found == nil || found[1] != want {
			t.Errorf("%s %s: %v", r.Language, r.Dialect, found)
		}
	})
}

func TestValuesThatNeedNoEscapingAreTaken(t *testing.T) {
	for _, channel := range []string{"a", "shop", "SHOP", "chn_shop", "0", "a.b", "a-b", "a:b", "2f1c9d30-8e7a-4a53-9be5-16e60e3a7a04", strings.Repeat("a", 128)} {
		made, err := snippet.Render(snippet.Request{Language: snippet.Ruby, Dialect: "native-jwt", Channel: channel, Origin: origin})
		if err != nil || !strings.Contains(made.Server, `aud: "`+channel+`"`) || !strings.Contains(made.Page, "channel: '"+channel+"'") {
			t.Errorf("channel %q: %v", channel, err)
		}
	}
	for _, variable := range []string{"A", "_", "_A", "A1", "CHAT_SECRET_2", strings.Repeat("A", 64)} {
		if _, err := snippet.Render(snippet.Request{Language: snippet.Ruby, Dialect: "native", Variable: variable}); err != nil {
			t.Errorf("variable %q: %v", variable, err)
		}
	}
	for given, source := range map[string]string{
		"https://chat.example.com": "https://chat.example.com", "https://chat.example.com/": "https://chat.example.com", "http://127.0.0.1:8080": "http://127.0.0.1:8080",
		"https://[::1]:8443": "https://[::1]:8443", "https://chat.example.com:8443": "https://chat.example.com:8443", "https://xn--exmple-cua.com": "https://xn--exmple-cua.com",
	} {
		made, err := snippet.Render(snippet.Request{Language: snippet.Ruby, Dialect: "native", Origin: given})
		if err != nil || !strings.Contains(made.Page, `src="`+source+`/v1.js"`) {
			t.Errorf("origin %q: %v\n%s", given, err, made.Page)
		}
	}
}

func TestValuesThatWouldLeaveTheirPlaceAreRefused(t *testing.T) {
	cases := map[string][]string{
		"channel":  {" shop", "shop ", "sh op", "'", `"`, "`", "\\", "$x", "${x}", "#{x}", "%s", "<", ">", "&", ";", "(", ")", "{{x}}", "\n", "shop\n", "\nshop", "shop\r", "a\x00", "é", "漢", "a\u2028", "-a", ".a", "_a", ":a", "a/b", "a@b", "a,b", "a+b", strings.Repeat("a", 129)},
		"variable": {" ", "a", "chat_secret", "1A", "A B", "A-B", "A.B", "A$", "A'", `A"`, "A`", "A\\", "A\n", "\nA", "A\x00", "É", "A;", "A=B", "A}", "A)", "A%s", strings.Repeat("A", 65)},
		"origin": {" ", "chat.example.com", "//chat.example.com", "ftp://chat.example.com", "file:///etc/passwd", "data:text/html,x", "javascript:alert(1)", "JAVASCRIPT:alert(1)//x", "https://", "https:///v1.js", "http:x",
			"https://u@chat.example.com", "https://u:p@chat.example.com", "https://chat.example.com/path", "https://chat.example.com/?q", "https://chat.example.com#f", "https://chat.example.com\"", "https://chat.example.com'",
			"https://chat.example.com>", "https://chat.example.com\\@evil.example", "https://chat.example.com `", "https://chat.example.com\n", "https://chat.example.com\r\n", "https://a b", "https://chat.example.com\x00", "https://%zz"},
		"signs":    {"name", "USER_ID", "user_id ", "user_id,email", "userId", "*"},
		"dialect":  {" ", "olark", "NATIVE", "native ", "native\n", "native-hash", "intercom_jwt", "helpscout-jwt"},
		"language": {"", " ", "cobol", "RUBY", "ruby ", "js", "c#", "node.js"},
	}
	for field, values := range cases {
		for _, value := range values {
			r := snippet.Request{Language: snippet.Ruby, Dialect: "native", Channel: "shop", Origin: origin}
			wanted := snippet.ErrUnfit
			switch field {
			case "channel":
				r.Channel = value
			case "variable":
				r.Variable = value
			case "origin":
				r.Origin = value
			case "signs":
				r.Signs = value
			case "dialect":
				r.Dialect, wanted = value, snippet.ErrUnknown
			case "language":
				r.Language, wanted = snippet.Language(value), snippet.ErrUnknown
			}
			made, err := snippet.Render(r)
			if !errors.Is(err, wanted) || made.Server != "" || made.Page != "" {
				t.Errorf("%s %q: %v", field, value, err)
			}
			if err != nil && field != "dialect" && field != "language" && field != "signs" && len(value) > 3 && strings.Contains(err.Error(), value) {
				t.Errorf("%s %q is repeated: %v", field, value, err)
			}
		}
	}
}

func TestOnlyTokensThatNameAChannelNeedOne(t *testing.T) {
	for _, row := range dialect.All() {
		_, err := snippet.Render(snippet.Request{Language: snippet.PHP, Dialect: row.Name})
		if needs := row.NeedAudience; needs != errors.Is(err, snippet.ErrUnfit) || !needs && err != nil {
			t.Errorf("%s without a channel: %v", row.Name, err)
		}
	}
}
