package main

import (
	"fmt"
	"strconv"
	"time"

	"countersign/signing"
)

// The schemes of sign-request and verify-request.
const (
	schemeQuery    = "helpscout-query"
	schemeBody     = "helpscout-body"
	schemeWebhooks = "standard-webhooks"
)

// request is what the two commands share.
type request struct {
	Scheme string `required:"" enum:"helpscout-query,helpscout-body,standard-webhooks" help:"helpscout-query, helpscout-body or standard-webhooks."`
	secretSources
	Own       []string `sep:"none" placeholder:"NAME" help:"A parameter of the app's own URL, which is not signed. May be repeated."`
	Body      string   `placeholder:"FILE" help:"File with the raw body; - reads standard input. Default: an empty body."`
	ID        string   `name:"id" placeholder:"ID" help:"The message id of Standard Webhooks."`
	Timestamp int64    `placeholder:"UNIX" help:"Seconds since 1970. Default: now."`
	JSON      bool     `name:"json" help:"Answer as JSON."`
	URL       string   `arg:"" optional:"" name:"URL" help:"The address, for helpscout-query."`
}

// check finds flags that do not belong to the scheme.
func (r *request) check() error {
	query := r.Scheme == schemeQuery
	switch {
	case query && r.URL == "":
		return misuse("%s signs an address: give one", schemeQuery)
	case !query && r.URL != "":
		return misuse("%s signs a body and no address", r.Scheme)
	case !query && len(r.Own) > 0:
		return misuse("--own is for %s", schemeQuery)
	case query && r.Body != "":
		return misuse("%s signs no body", schemeQuery)
	case r.Scheme != schemeWebhooks && (r.ID != "" || r.Timestamp != 0):
		return misuse("--id and --timestamp are for %s", schemeWebhooks)
	case r.Timestamp < 0:
		return misuse("--timestamp wants seconds since 1970")
	case r.Body == "-" && r.readsInput():
		return misuse("standard input can be read once")
	}
	return nil
}

// secrets are the keys of the MAC.
func (r *request) secrets(t terminal) ([][]byte, error) {
	texts, err := r.read(t)
	if err != nil {
		return nil, err
	}
	secrets := make([][]byte, len(texts))
	for i, text := range texts {
		secrets[i] = []byte(text)
		if r.Scheme == schemeWebhooks {
			secrets[i], err = signing.WebhookSecret(text)
		}
		if err != nil {
			return nil, misuse("%v", err)
		}
		if len(secrets[i]) == 0 {
			return nil, misuse("the secret is empty")
		}
	}
	return secrets, nil
}

func (r *request) body(t terminal) ([]byte, error) {
	if r.Body == "" {
		return nil, nil
	}
	return readBytes(t, r.Body)
}

type signRequestCmd struct{ request }

func (c *signRequestCmd) Run(t terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Scheme == schemeWebhooks && c.ID == "" {
		return misuse("a webhook has an id: give --id")
	}
	secrets, err := c.secrets(t)
	if err != nil {
		return err
	}
	if c.Scheme != schemeWebhooks && len(secrets) > 1 {
		return misuse("%s signs with one secret", c.Scheme)
	}
	body, err := c.body(t)
	if err != nil {
		return err
	}
	switch c.Scheme {
	case schemeQuery:
		return c.signQuery(t, secrets[0])
	case schemeBody:
		return c.print(t, "signature", signing.SignBody(secrets[0], body))
	}
	return c.signWebhook(t, secrets, body)
}

func (c *signRequestCmd) signQuery(t terminal, secret []byte) error {
	signed, err := signing.SignQuery(secret, c.URL, c.Own)
	if err != nil {
		return misuse("%v", err)
	}
	return c.print(t, "url", signed)
}

func (c *signRequestCmd) signWebhook(t terminal, secrets [][]byte, body []byte) error {
	at := time.Now()
	if c.Timestamp != 0 {
		at = time.Unix(c.Timestamp, 0)
	}
	signature, err := signing.SignWebhook(secrets, c.ID, at, body)
	if err != nil {
		return misuse("%v", err)
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	if c.JSON {
		return printJSON(t, map[string]any{"headers": map[string]string{
			signing.HeaderID: c.ID, signing.HeaderTimestamp: timestamp, signing.HeaderSignature: signature,
		}})
	}
	_, err = fmt.Fprintf(t.Out, "%s: %s\n%s: %s\n%s: %s\n",
		signing.HeaderID, c.ID, signing.HeaderTimestamp, timestamp, signing.HeaderSignature, signature)
	return err
}

func (c *signRequestCmd) print(t terminal, name, value string) error {
	if c.JSON {
		return printJSON(t, map[string]string{name: value})
	}
	_, err := fmt.Fprintln(t.Out, value)
	return err
}
