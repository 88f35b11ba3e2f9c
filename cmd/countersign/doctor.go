package main

import (
	"context"
	"fmt"
	"strings"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/internal/app"
	"countersign/internal/config"
)

type doctorCmd struct {
	Dialect string `placeholder:"D" help:"Examine a secret instead of an installation: for this dialect."`
	secretSource
	config.Installation `embed:""`
	config.Server       `embed:""`
	config.Mail         `embed:""`
	config.Files        `embed:""`
	JSON                bool `name:"json" help:"Answer as JSON."`
}

func (c *doctorCmd) Run(ctx context.Context, t terminal) error {
	if c.Dialect != "" || c.SecretFile != "" || c.SecretEnv != "" {
		checks, err := c.secret(t)
		if err != nil {
			return err
		}
		return c.tell(t, checks)
	}
	c.MasterKey = t.Getenv(config.Prefix + "MASTER_KEY")
	if err := checkOptions(t, c.Installation, c.Server); err != nil {
		return err
	}
	if err := c.Mail.Check(); err != nil {
		return misuse("%v", err)
	}
	c.Installation = c.At(config.DefaultData)
	if c.Database == "" && !app.Exists(c.Installation) {
		return no("there is no data in %s; serve or channel create makes it", c.Data)
	}
	a, err := app.Open(ctx, c.Installation, "cli")
	if err != nil {
		return c.tell(t, []app.Check{{Name: "open", Health: app.Bad, Says: "The installation does not open: " + told(err) + ".", Do: "Give the options that serve is started with."}})
	}
	defer closing(a)
	if err := a.KeepFiles(c.Installation, c.Files); err != nil {
		return misuse("%v", err)
	}
	checks, err := a.Examine(ctx, c.Server, c.Mail)
	if err != nil {
		return refused(err)
	}
	return c.tell(t, checks)
}

// secret explains one: how the dialect reads it, how long it is, how strong.
func (c *doctorCmd) secret(t terminal) ([]app.Check, error) {
	row, err := findDialect(c.Dialect)
	if err != nil {
		return nil, err
	}
	text, err := c.read(t)
	if err != nil {
		return nil, err
	}
	reads := "as text: all of its characters are the key"
	if row.SecretHex {
		reads = "as hexadecimal: two digits are one byte of the key"
	}
	checks := []app.Check{{Name: "encoding", Health: app.Fine, Says: row.Name + " reads the secret " + reads + "."}}
	secret, err := dialect.Decode(row.Name, text)
	if err != nil {
		checks[0].Health, checks[0].Says = app.Bad, checks[0].Says+" "+capital(err.Error())+"."
		checks[0].Do = "Give the secret as the dialect has it, without anything around it."
		return checks, nil
	}
	if around := strings.TrimSpace(text); around != text {
		checks = append(checks, app.Check{Name: "blanks", Health: app.Warn, Says: "Blanks or line breaks stand around the secret, and are part of the key.", Do: "Remove them, if the backend signs without."})
	}
	checks = append(checks, app.Check{Name: "length", Health: app.Fine, Says: fmt.Sprintf("The key has %d bytes; %s needs at least %d.", secret.Len(), row.Name, row.MinSecret)})
	if secret.Len() < row.MinSecret {
		checks[len(checks)-1].Health, checks[len(checks)-1].Do = app.Bad, "Make a new one: countersign keys generate. keys import takes this one only with --insist."
	}
	strength := app.Check{Name: "strength", Health: app.Fine, Says: "It is not printed in public documentation, and does not repeat or count."}
	for _, warning := range dialect.Warnings(row.Name, text) {
		if strings.Contains(warning, "bytes;") {
			continue // said above
		}
		strength.Health, strength.Says, strength.Do = app.Bad, capital(warning)+".", "Make a new one: whoever guesses it passes as any customer."
	}
	checks = append(checks, strength)
	signs := make([]string, len(row.Signs))
	for i, s := range row.Signs {
		signs[i] = string(s)
	}
	proof := map[identity.Proof]string{identity.ProofHash: "hashes", identity.ProofJWT: "JSON Web Tokens", identity.ProofV1: "v1 tokens"}[row.Proof]
	return append(checks, app.Check{Name: "use", Health: app.Fine, Says: fmt.Sprintf("A key of %s verifies %s, and signs %s.", row.Name, proof, strings.Join(signs, " or "))}), nil
}

func capital(sentence string) string {
	if sentence == "" {
		return sentence
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

// tell prints, and leaves with 1 if something is bad.
func (c *doctorCmd) tell(t terminal, checks []app.Check) error {
	bad := 0
	for _, check := range checks {
		if check.Health == app.Bad {
			bad++
		}
	}
	if c.JSON {
		if err := printJSON(t, map[string]any{"ok": bad == 0, "checks": checks}); err != nil {
			return err
		}
	} else {
		for _, check := range checks {
			fmt.Fprintf(t.Out, "%-4s  %s: %s\n", check.Health, check.Name, check.Says)
			if check.Do != "" {
				fmt.Fprintf(t.Out, "      → %s\n", check.Do)
			}
		}
	}
	if bad > 0 {
		return &answer{status: exitNo}
	}
	return nil
}
