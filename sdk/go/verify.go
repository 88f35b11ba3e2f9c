package countersign

import (
	"fmt"
	"time"

	"countersign/signing"
)

// Refusal is why a request was refused: find it with errors.As. Its Reason is
// proof_missing, proof_malformed, proof_mismatch, token_expired or token_early.
type Refusal = signing.Error

// Param is one signed parameter.
type Param = signing.Param

// Tolerance is how far a request's time may lie from now.
const Tolerance = signing.DefaultTolerance

// VerifyWebhook checks the Standard Webhooks headers of a request over its raw
// body. Several secrets may be given during a rotation, as they are shown (whsec_…).
func VerifyWebhook(secrets []string, header map[string][]string, body []byte, now time.Time) error {
	keys := make([][]byte, len(secrets))
	for i, text := range secrets {
		key, err := signing.WebhookSecret(text)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInput, err)
		}
		keys[i] = key
	}
	return signing.VerifyWebhook(keys, header, body, now, Tolerance)
}

// VerifyQuery checks the raw query of a frame's address and answers with the
// parameters that are signed, in their order; believe no others. own names the
// parameters that your app's own address has: they are not signed.
func VerifyQuery(secrets []string, query string, own []string, now time.Time) ([]Param, error) {
	keys, err := textKeys(secrets)
	if err != nil {
		return nil, err
	}
	for _, name := range own {
		if err := signing.CheckOwn(name); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInput, err)
		}
	}
	return signing.VerifyQuery(keys, query, own, now, Tolerance)
}

// VerifyBody checks the header X-HelpScout-Signature over the raw body. It has no
// time, so a replay verifies: check VerifyWebhook too where its headers are there.
func VerifyBody(secrets []string, header map[string][]string, body []byte) error {
	keys, err := textKeys(secrets)
	if err != nil {
		return err
	}
	return signing.VerifyBody(keys, header, body)
}

func textKeys(secrets []string) ([][]byte, error) {
	keys := make([][]byte, len(secrets))
	for i, text := range secrets {
		if text == "" {
			return nil, fmt.Errorf("%w: a secret is empty", ErrInput)
		}
		keys[i] = []byte(text)
	}
	return keys, nil
}
