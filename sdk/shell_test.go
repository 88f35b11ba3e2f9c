package sdk_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// shellNumber: a shell has texts alone, so it cannot tell such a number from the text.
var shellNumber = regexp.MustCompile(`^-?[0-9]{16,}$`)

// shellArguments are the command line of a case; not ok: the script has no words
// for it (several fields under one hash, claims).
func (c signCase) shellArguments() (args []string, ok bool) {
	user := c.userID()
	if shellNumber.Match(c.UserID) && user == "" || c.Claims != nil {
		return nil, false
	}
	now := strconv.FormatInt(c.Now, 10)
	switch c.Make {
	case "hash":
		field, value := "user_id", user
		if c.Email != "" {
			field, value = "email", c.Email
		}
		return []string{"hash", c.Dialect, field, value}, user == "" || c.Email == ""
	case "v1":
		return []string{"v1", c.Channel, user, c.Email, now}, true
	}
	life := ""
	if c.Life != 0 {
		life = strconv.FormatInt(c.Life, 10)
	}
	return []string{"jwt", c.Dialect, c.Channel, user, c.Email, life, now}, true
}

func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// shellCases are the cases, and of hash.json the vectors whose identifier is text.
func shellCases(t *testing.T) (all []signCase, hashes map[int]string) {
	t.Helper()
	all, hashes = readCases(t), map[int]string{} // :: case → the hash of its vector
	raw, err := os.ReadFile("../spec/vectors/hash.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Name      string
			Keys      []struct{ Dialect, Secret, Signs string }
			Assertion struct {
				UserID json.RawMessage `json:"user_id"`
				Email  any
				Hash   any
			}
			Expect struct{ Verified, Method, Reason string }
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		email, _ := v.Assertion.Email.(string)
		sent, isText := v.Assertion.Hash.(string)
		malformed := v.Expect.Reason == "identifier_malformed"
		verified := v.Expect.Verified != "" && len(sent) == 64 && !strings.HasPrefix(v.Name, "ensoras lowered by") && !strings.HasPrefix(v.Name, "ensoras dotted")
		c := signCase{Name: v.Name, Make: "hash", Dialect: v.Keys[0].Dialect, Secret: v.Keys[0].Secret, Error: malformed}
		if v.Keys[0].Signs == "email" || v.Expect.Method == "hmac-either" {
			c.Email = email
		} else {
			c.UserID = v.Assertion.UserID
		}
		if !isText || !malformed && !verified || c.userID()+c.Email == "" || strings.Contains(c.userID()+c.Email, "\x00") {
			continue
		}
		if verified {
			hashes[len(all)] = strings.ToLower(sent)
		}
		all = append(all, c)
	}
	return all, hashes
}

// TestTheShellScriptSignsWhatTheGateTakes runs one driver, which calls the script
// for each case and prints "proof N TEXT", or "refused N".
func TestTheShellScriptSignsWhatTheGateTakes(t *testing.T) {
	if leftOut("sdk") {
		t.Skip("SKIP leaves sdk out")
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		if leftOut("snippets") {
			t.Skip("openssl is not here, and SKIP leaves the languages of snippets out")
		}
		t.Fatal("openssl is not here; SKIP=sdk leaves this test out")
	}
	all, hashes := shellCases(t)
	driver, called := "", 0
	for i, c := range all {
		args, ok := c.shellArguments()
		if !ok {
			continue
		}
		called++
		line := "COUNTERSIGN_SECRET=" + shellQuote(c.Secret) + " sh countersign.sh"
		for _, arg := range args {
			line += " " + shellQuote(arg)
		}
		driver += fmt.Sprintf("if proof=$(%s 2>/dev/null); then echo \"proof %d $proof\"; else echo \"refused %d $?$proof\"; fi\n", line, i, i)
	}
	path := filepath.Join(t.TempDir(), "driver.sh")
	if err := os.WriteFile(path, []byte(driver), 0o600); err != nil {
		t.Fatal(err)
	}
	answered := 0
	for line := range strings.Lines(run(t, "shell", "", []string{"sh", path})) {
		words := strings.Fields(line)
		i, err := strconv.Atoi(words[1])
		if err != nil || len(words) != 3 {
			t.Fatalf("not understood: %s", line)
		}
		answered++
		switch c := all[i]; {
		case c.Error && (words[0] != "refused" || words[2] != "2"), !c.Error && words[0] != "proof":
			t.Errorf("%s: %s", c.Name, line)
		case c.Error:
		case hashes[i] == "":
			c.judge(t, words[2])
		case words[2] != hashes[i]:
			t.Errorf("%s: %s; want %s", c.Name, words[2], hashes[i])
		}
	}
	if answered != called || called < 60 {
		t.Errorf("%d of %d answered; at least 60 are expected", answered, called)
	}
}
