package identity_test

import (
	"strings"
	"testing"
	"time"

	"countersign/identity"
)

var (
	codeKey = identity.NewSecret([]byte("0123456789abcdef0123456789abcdef"))
	codeNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

func challenge() identity.Challenge {
	return identity.Challenge{
		ID: "cod_1", Asker: "ses_1", Channel: "chn_1", Realm: "main", Email: "ada@shop.example", ExpiresAt: codeNow.Add(identity.CodeLife),
	}.Tagged(codeKey, "042137")
}

func TestARightCodeProvesTheAddressAndNothingElse(t *testing.T) {
	mailbox, err := identity.VerifyCode(codeKey, challenge(), "042137", codeNow)
	want := identity.Identifier{Realm: "main", Kind: identity.KindEmail, Value: "ada@shop.example"}
	if err != nil || !mailbox.OK() || mailbox.Identifier() != want {
		t.Fatalf("%v, %v", mailbox, err)
	}
	if (identity.Mailbox{}).OK() {
		t.Error("a mailbox that nobody proved is one")
	}
}

func TestACodeIsGoodOnlyWhereItWasAskedForAndOnlyWhileItLives(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*identity.Challenge)
		said   string
		after  time.Duration
		key    identity.Secret
		want   identity.Reason
	}{
		"wrong":                     {said: "042138", want: identity.ProofMismatch},
		"nothing":                   {said: "", want: identity.ProofMissing},
		"five digits":               {said: "42137", want: identity.ProofMalformed},
		"seven digits":              {said: "0042137", want: identity.ProofMalformed},
		"letters":                   {said: "04213a", want: identity.ProofMalformed},
		"a blank in it":             {said: "042 37", want: identity.ProofMalformed},
		"a line break behind it":    {said: "042137\n", want: identity.ProofMalformed},
		"arabic digits":             {said: "٠٤٢١٣٧", want: identity.ProofMalformed},
		"full-width digits":         {said: "０４２１３７", want: identity.ProofMalformed},
		"in another session":        {change: func(c *identity.Challenge) { c.Asker = "ses_2" }, want: identity.ProofMismatch},
		"of another channel":        {change: func(c *identity.Challenge) { c.Channel = "chn_2" }, want: identity.ProofMismatch},
		"in another realm":          {change: func(c *identity.Challenge) { c.Realm = "other" }, want: identity.ProofMismatch},
		"for another address":       {change: func(c *identity.Challenge) { c.Email = "eve@shop.example" }, want: identity.ProofMismatch},
		"of an earlier asking":      {change: func(c *identity.Challenge) { c.ID = "cod_0" }, want: identity.ProofMismatch},
		"parts moved over a border": {change: func(c *identity.Challenge) { c.Asker, c.Channel = "ses_1c", "hn_1" }, want: identity.ProofMismatch},
		"after ten minutes":         {after: identity.CodeLife, want: identity.TokenExpired},
		"after five tries":          {change: func(c *identity.Challenge) { c.Tries = identity.CodeTries }, want: identity.ProofMismatch},
		"no tag":                    {change: func(c *identity.Challenge) { c.Tag = nil }, want: identity.ProofMissing},
		"an empty tag":              {change: func(c *identity.Challenge) { c.Tag = []byte{} }, want: identity.ProofMissing},
		"half a tag":                {change: func(c *identity.Challenge) { c.Tag = c.Tag[:16] }, want: identity.ProofMissing},
		"no address":                {change: func(c *identity.Challenge) { c.Email = "" }, want: identity.ProofMissing},
		"no realm":                  {change: func(c *identity.Challenge) { c.Realm = "" }, want: identity.ProofMissing},
		"under no key":              {key: identity.NewSecret(nil), want: identity.ProofMissing},
		"under another key":         {key: identity.NewSecret([]byte(strings.Repeat("x", 32))), want: identity.ProofMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			asked, said, key := challenge(), "042137", codeKey
			if c.change != nil {
				c.change(&asked)
			}
			if c.said != "" || name == "nothing" {
				said = c.said
			}
			if name == "under no key" || name == "under another key" {
				key = c.key
			}
			mailbox, err := identity.VerifyCode(key, asked, said, codeNow.Add(c.after))
			if mailbox.OK() || identity.ReasonOf(err) != c.want {
				t.Errorf("%v, %v; want %s", mailbox, err, c.want)
			}
		})
	}
}

// What was proved is the folded spelling: the one that the code was sent to.
func TestACodeNeverProvesALookalikeOfTheAddress(t *testing.T) {
	for said, proved := range map[string]string{
		"ADA@Shop.Example":      "ada@shop.example",
		"\u212aim@shop.example": "\u212aim@shop.example", // KELVIN SIGN, not k
		"\u0130d@shop.example":  "i\u0307d@shop.example",
		"ada+x@shop.example":    "ada+x@shop.example",
		"a.da@shop.example":     "a.da@shop.example",
	} {
		c := challenge()
		c.Email = said
		mailbox, err := identity.VerifyCode(codeKey, c.Tagged(codeKey, "111111"), "111111", codeNow)
		if err != nil || mailbox.Identifier().Value != proved {
			t.Errorf("%q proved %q, %v", said, mailbox.Identifier().Value, err)
		}
	}
}

func FuzzVerifyCode(f *testing.F) {
	seeds := []string{"042137", "", "000000", "999999", "04213", "0421377", "04213x", "\x00\x00\x00\x00\x00\x00", " 42137", "+42137", "-42137", "4e5137"}
	if len(seeds) != 12 {
		f.Fatal("seeds")
	}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said string) {
		mailbox, err := identity.VerifyCode(codeKey, challenge(), said, codeNow)
		if mailbox.OK() != (said == "042137") || mailbox.OK() != (err == nil) {
			t.Fatalf("%q: %v, %v", said, mailbox, err)
		}
	})
}
