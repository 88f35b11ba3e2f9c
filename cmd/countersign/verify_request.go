package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/signing"
)

type verifyRequestCmd struct {
	request
	Header    []string      `sep:"none" placeholder:"'NAME: VALUE'" help:"A header of the request. May be repeated."`
	Tolerance time.Duration `default:"5m" help:"How far the request's time may lie from now."`
	Now       string        `placeholder:"TIME" help:"Verify as if it were this time (RFC 3339)."`
}

func (c *verifyRequestCmd) Run(t terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Tolerance < 0 {
		return misuse("--tolerance is negative")
	}
	now, err := atFlag(c.Now)
	if err != nil {
		return err
	}
	header, err := c.headers()
	if err != nil {
		return err
	}
	secrets, err := c.secrets(t)
	if err != nil {
		return err
	}
	body, err := c.body(t)
	if err != nil {
		return err
	}
	return c.print(t, c.verify(secrets, header, body, now))
}

func (c *verifyRequestCmd) verify(secrets [][]byte, header map[string][]string, body []byte, now time.Time) error {
	switch c.Scheme {
	case schemeBody:
		return signing.VerifyBody(secrets, header, body)
	case schemeWebhooks:
		return signing.VerifyWebhook(secrets, header, body, now, c.Tolerance)
	}
	address, _, _ := strings.Cut(c.URL, "#")
	_, query, _ := strings.Cut(address, "?")
	_, err := signing.VerifyQuery(secrets, query, c.Own, now, c.Tolerance)
	return err
}

// headers are those of --header, and what --id and --timestamp say in their stead.
func (c *verifyRequestCmd) headers() (map[string][]string, error) {
	header := map[string][]string{}
	add := func(name, value string) {
		name = strings.ToLower(name)
		header[name] = append(header[name], value)
	}
	for _, line := range c.Header {
		name, value, found := strings.Cut(line, ":")
		if !found || name == "" {
			return nil, misuse("--header wants 'Name: value'")
		}
		add(name, strings.Trim(value, " \t"))
	}
	if c.ID != "" {
		add(signing.HeaderID, c.ID)
	}
	if c.Timestamp != 0 {
		add(signing.HeaderTimestamp, strconv.FormatInt(c.Timestamp, 10))
	}
	return header, nil
}

// print answers on standard output; the sentence that explains a refusal goes to
// standard error.
func (c *verifyRequestCmd) print(t terminal, err error) error {
	var refusal *signing.Error
	switch {
	case err == nil && c.JSON:
		return printJSON(t, map[string]any{"verified": true})
	case err == nil:
		_, err = fmt.Fprintln(t.Out, "verified")
		return err
	case !errors.As(err, &refusal):
		return misuse("%v", err)
	case c.JSON:
		err = printJSON(t, refusedAnswer{false, string(refusal.Reason), refusal.Message})
	default:
		_, err = fmt.Fprintf(t.Out, "refused %s\n", refusal.Reason)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return no("")
	}
	return no("%s", refusal.Message)
}
