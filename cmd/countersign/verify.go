package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

type verifyCmd struct {
	Dialect string `required:"" placeholder:"D" help:"native, native-jwt, native-v1, intercom, intercom-jwt, helpscout, pylon, pylon-jwt, ensoras, chatwoot, crisp, tawk, front, plain, gleap, novu, featurebase, zendesk-jwt or freshchat-jwt."`
	secretSources
	who
	Hash      *string `placeholder:"H" help:"The hash that the page sent."`
	TokenFile *string `name:"token-file" placeholder:"FILE" help:"File with the token that the page sent; - reads standard input."`
	Audience  string  `placeholder:"A" help:"The channel that a token must be for."`
	Issuer    string  `placeholder:"ISS" help:"What iss of a native-jwt must be. Default: iss is not compared."`
	Now       string  `placeholder:"TIME" help:"Verify as if it were this time (RFC 3339)."`
	JSON      bool    `name:"json" help:"Answer as JSON."`
}

func (c *verifyCmd) Run(t terminal) error {
	row, err := findDialect(c.Dialect)
	if err != nil {
		return err
	}
	if err := c.check(row); err != nil {
		return err
	}
	now, err := atFlag(c.Now)
	if err != nil {
		return err
	}
	ring, err := c.ring(t, row)
	if err != nil {
		return err
	}
	assertion := identity.Assertion{Dialect: row.Name, UserID: c.userID(), Email: c.email(), Hash: textOf(c.Hash)}
	if c.TokenFile != nil {
		if assertion.Token, err = readText(t, *c.TokenFile); err != nil {
			return err
		}
		if assertion.Token != "" && row.NeedAudience && c.Audience == "" { // an empty one is refused, whomever it is for
			return misuse("a token of %s names the channel that it is for: give --audience", row.Name)
		}
	}
	verified, err := c.verify(ring, assertion, now)
	if err != nil {
		return c.printRefusal(t, err)
	}
	return c.print(t, verified)
}

// check finds flags that are missing or contradict each other. What a proof
// lacks is an answer and found later.
func (c *verifyCmd) check(row dialect.Row) error {
	switch {
	case c.Hash == nil && c.TokenFile == nil:
		return misuse("what proof? give --hash or --token-file")
	case c.Hash != nil && c.TokenFile != nil:
		return misuse("--hash and --token-file: give one")
	case c.Hash != nil && c.UserID == nil && c.Email == nil:
		return misuse("whose hash? give --user-id or --email")
	case c.TokenFile != nil && *c.TokenFile == "-" && c.readsInput():
		return misuse("standard input can be read once")
	case c.Hash != nil && c.Audience != "":
		return misuse("a hash names no audience")
	case c.Issuer != "" && !row.PublicKeys:
		return misuse("the issuer is compared for native-jwt alone")
	}
	return nil
}

func (c *verifyCmd) ring(t terminal, row dialect.Row) (identity.Ring, error) {
	texts, err := c.read(t)
	if err != nil {
		return identity.Ring{}, err
	}
	signs, err := c.signs(row)
	if err != nil {
		return identity.Ring{}, err
	}
	setup := dialect.Setup{Signs: signs, Audiences: nonEmpty(c.Audience), RequireAudience: c.Audience != "", Issuer: c.Issuer}
	if row.NeedAudience && c.Audience == "" {
		setup.Audiences = []string{"none"} // a hash or an empty token: the key will say that it takes none
	}
	var entries []identity.Entry
	for i, text := range texts {
		setup.ID = strconv.Itoa(i + 1)
		key, err := offlineKey(t, row, setup, text)
		if err != nil {
			return identity.Ring{}, err
		}
		entries = append(entries, identity.Entry{Key: key})
	}
	ring, err := identity.NewRing(entries...)
	if err != nil {
		return identity.Ring{}, misuse("at most %d secrets can be tried", identity.MaxLive)
	}
	return ring, nil
}

// verify is the gate's own verification, and one thing more: flags beside a token
// must agree with it also where a dialect lets the token win silently.
func (c *verifyCmd) verify(ring identity.Ring, a identity.Assertion, now time.Time) (identity.Verified, error) {
	verified, err := identity.Verify(ring, a, now)
	if err != nil {
		return verified, err
	}
	signed := verified.Signed()
	email, covered := verified.Email()
	if a.UserID != "" && a.Token != "" && a.UserID != userIDIn(verified, a.Token) ||
		signed.Kind == identity.KindUserID && a.UserID != "" && a.UserID != signed.Value ||
		covered && a.Email != "" && identity.Fold(a.Email) != email.Value {
		return identity.Verified{}, &identity.Error{Reason: identity.ClaimContradicted,
			Message: "The token is for somebody else than the flags beside it."}
	}
	return verified, nil
}

// userIDIn is the user id that a token which verified speaks of: as the person it is
// for, or beside the email that it is for.
func userIDIn(verified identity.Verified, token string) string {
	if signed := verified.Signed(); signed.Kind == identity.KindUserID {
		return signed.Value
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		UserID json.RawMessage `json:"user_id"`
	}
	if json.Unmarshal(text, &claims) != nil {
		return ""
	}
	id, _ := identity.ParseScalar(claims.UserID)
	return id
}

// verifiedAnswer and refusedAnswer keep the order of the documented JSON.
type verifiedAnswer struct {
	Verified    bool                     `json:"verified"`
	Identifiers map[identity.Kind]string `json:"identifiers"`
	Method      identity.Method          `json:"method"`
}

type refusedAnswer struct {
	Verified bool   `json:"verified"`
	Reason   string `json:"reason"`
	Message  string `json:"message"`
}

func (c *verifyCmd) print(t terminal, verified identity.Verified) error {
	signed := verified.Signed()
	if c.JSON {
		return printJSON(t, verifiedAnswer{true, map[identity.Kind]string{signed.Kind: signed.Value}, verified.Method()})
	}
	_, err := fmt.Fprintf(t.Out, "verified %s\n", signed)
	return err
}

// printRefusal answers on standard output: a refusal is what was asked for.
func (c *verifyCmd) printRefusal(t terminal, err error) error {
	var refusal *identity.Error
	if !errors.As(err, &refusal) {
		return err
	}
	if c.JSON {
		err = printJSON(t, refusedAnswer{false, string(refusal.Reason), refusal.Message})
	} else {
		_, err = fmt.Fprintln(t.Out, refusal)
	}
	if err != nil {
		return err
	}
	return &answer{status: exitNo}
}
