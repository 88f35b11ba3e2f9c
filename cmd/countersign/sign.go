package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// who is the identity on a command line. A flag that was given empty differs from
// one that was not given.
type who struct {
	UserID *string `name:"user-id" placeholder:"U" help:"The user id, exactly as the page sends it."`
	Email  *string `name:"email" placeholder:"E" help:"The email, exactly as the page sends it."`
	Signs  string  `name:"signs" placeholder:"FIELD" enum:",user_id,email,either" default:"" help:"Which field the key signs: user_id, email or either. Default: the one that was given; if both, what the dialect signs."`
}

func (w who) userID() string { return textOf(w.UserID) }
func (w who) email() string  { return textOf(w.Email) }

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// signs is the field that was asked for, else the only one that was given if the
// dialect can sign it, else the dialect's.
func (w who) signs(row dialect.Row) (identity.Signs, error) {
	asked := identity.Signs(w.Signs)
	if asked != "" {
		if !row.MaySign(asked) {
			return "", misuse("a key of %s cannot sign %s", row.Name, asked)
		}
		return asked, nil
	}
	if w.UserID == nil && w.Email != nil && row.MaySign(identity.SignsEmail) {
		return identity.SignsEmail, nil
	}
	return row.DefaultSigns(), nil
}

type signCmd struct {
	Dialect string `required:"" placeholder:"D" help:"native, native-jwt, native-v1, intercom, intercom-jwt, helpscout, pylon, pylon-jwt, ensoras, chatwoot, crisp, tawk, front, plain, gleap, novu, featurebase, zendesk-jwt or freshchat-jwt."`
	secretSource
	who
	Claim    []string       `sep:"none" placeholder:"K=V" help:"A further claim of a JWT, as text. May be repeated."`
	Expires  *time.Duration `placeholder:"1h" help:"Life of a JWT (default 1h; pylon-jwt 15m; intercom-jwt, zendesk-jwt and freshchat-jwt none)."`
	Audience string         `placeholder:"A" help:"The channel that a token is for."`
	Kid      string         `placeholder:"KID" help:"Name of the signing key, for the header of a JWT."`
	Now      string         `placeholder:"TIME" help:"Sign as if it were this time (RFC 3339)."`
	JSON     bool           `name:"json" help:"Answer as JSON."`
}

func (c *signCmd) Run(t terminal) error {
	row, err := findDialect(c.Dialect)
	if err != nil {
		return err
	}
	statement, err := c.statement(row)
	if err != nil {
		return err
	}
	text, err := c.read(t)
	if err != nil {
		return err
	}
	signs, err := c.signs(row)
	if err != nil {
		return err
	}
	key, err := offlineKey(t, row, dialect.Setup{ID: "1", Signs: signs, Audiences: nonEmpty(c.Audience)}, text)
	if err != nil {
		return err
	}
	proof, err := key.Sign(statement)
	if err != nil {
		return misuse("%s", strings.TrimPrefix(err.Error(), "identity: "))
	}
	warnIfRefused(t, key, statement, proof)
	if c.JSON {
		name := "token"
		if row.Proof == identity.ProofHash {
			name = "hash"
		}
		return printJSON(t, map[string]string{name: proof})
	}
	_, err = fmt.Fprintln(t.Out, proof)
	return err
}

// warnIfRefused says on standard error that no gate would take what was just signed,
// such as a token that lives too long.
func warnIfRefused(t terminal, key *identity.Key, s identity.Statement, proof string) {
	ring, err := identity.NewRing(identity.Entry{Key: key})
	if err != nil {
		return
	}
	a := identity.Assertion{Dialect: key.Dialect(), UserID: s.UserID, Email: s.Email}
	if key.Proof() != identity.ProofHash {
		a.Token = proof
	} else {
		a.Hash = proof
	}
	at := s.IssuedAt
	if at.IsZero() {
		at = time.Now()
	}
	if _, err := identity.Verify(ring, a, at); err != nil {
		fmt.Fprintln(t.Err, "countersign: warning: this is", err)
	}
}

// statement is what the flags say, once they are found to fit the dialect.
func (c *signCmd) statement(row dialect.Row) (identity.Statement, error) {
	s := identity.Statement{UserID: c.userID(), Email: c.email(), Audience: c.Audience}
	var err error
	if s.IssuedAt, err = atFlag(c.Now); err != nil {
		return s, err
	}
	switch {
	case s.UserID == "" && s.Email == "":
		return s, misuse("whom? give --user-id or --email")
	case row.Proof == identity.ProofHash && c.Audience != "":
		return s, misuse("a hash of %s names no audience", row.Name)
	case row.NeedAudience && c.Audience == "":
		return s, misuse("a token of %s names the channel that it is for: give --audience", row.Name)
	case row.Proof != identity.ProofJWT && c.Expires != nil:
		return s, misuse("--expires is for JWTs; %s is none", row.Name)
	case row.Proof != identity.ProofJWT && c.Kid != "":
		return s, misuse("--kid is for JWTs; %s is none", row.Name)
	case row.Proof != identity.ProofJWT && len(c.Claim) > 0:
		return s, misuse("--claim is for JWTs; %s is none", row.Name)
	case c.Expires != nil && *c.Expires <= 0:
		return s, misuse("--expires must be more than nothing")
	}
	if row.Proof == identity.ProofJWT {
		s.Life = tokenLife(row, c.Expires)
	}
	s.KeyID = c.Kid
	s.Claims, err = claimFlags(c.Claim)
	return s, err
}

// tokenLife is what was asked for; else an hour, less where the dialect allows
// less, and none where it needs none.
func tokenLife(row dialect.Row, asked *time.Duration) time.Duration {
	switch {
	case asked != nil:
		return *asked
	case !row.NeedExpiry:
		return 0
	}
	return min(time.Hour, row.MaxLife)
}

func claimFlags(flags []string) (map[string]any, error) {
	claims := map[string]any{}
	for _, flag := range flags {
		name, value, found := strings.Cut(flag, "=")
		if !found || name == "" {
			return nil, misuse("--claim wants NAME=VALUE")
		}
		if _, twice := claims[name]; twice {
			return nil, misuse("the claim %s is given twice", name)
		}
		claims[name] = value
	}
	return claims, nil
}

func findDialect(name string) (dialect.Row, error) {
	row, ok := dialect.Get(name)
	if !ok || name == "" {
		return row, misuse("there is no dialect %q; there are %s", name, strings.Join(dialect.Names(), ", "))
	}
	return row, nil
}

// offlineKey is a key that no installation keeps: it takes any secret that the
// dialect can use and warns about a weak one.
func offlineKey(t terminal, row dialect.Row, setup dialect.Setup, text string) (*identity.Key, error) {
	setup.Platforms = []string{"web"}
	if row.PublicKeys && identity.IsKeyMaterial(text) {
		if err := offlinePair(&setup, text); err != nil {
			return nil, err
		}
	} else {
		secret, err := dialect.Decode(row.Name, text)
		if err != nil {
			return nil, misuse("%v", err)
		}
		for _, warning := range dialect.Warnings(row.Name, text) {
			fmt.Fprintln(t.Err, "countersign: warning:", warning)
		}
		setup.Secret = secret
	}
	key, err := row.NewKey(setup)
	if err != nil {
		return nil, misuse("%v", errors.Unwrap(err))
	}
	return key, nil
}

// atFlag reads --now, or the clock if it is empty.
func atFlag(text string) (time.Time, error) {
	if text == "" {
		return time.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, misuse("--now wants a time like 2026-01-02T15:04:05Z")
	}
	return at, nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func printJSON(t terminal, answer any) error {
	encoder := json.NewEncoder(t.Out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(answer)
}
