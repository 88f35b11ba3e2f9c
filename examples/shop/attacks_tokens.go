package shop

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const leftOutTokens = "Left out: this shop was not told of a channel with tokens (SHOP_OTHER_CHANNEL, SHOP_TOKEN_SECRET, SHOP_PUBLIC_KEY)." //nolint:gosec // names of variables

// token is a JWT for the other channel, of five minutes, HS256 under whatever is given.
func (t *trial) token(customer Customer, secret []byte) string {
	now := t.bench.shop.now()
	signed := jwtPart(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." + jwtPart(map[string]any{
		"user_id": customer.ID, "email": customer.Email, "aud": t.bench.shop.config.OtherChannel,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": rand.Text(),
	})
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// showToken presents a JWT at the other channel.
func (t *trial) showToken(ctx context.Context, does, token string) (answer, *Step, error) {
	t.records++
	return t.send(ctx, does, call{
		Method: http.MethodPost, Path: sessionsPath,
		Body: opening{Channel: t.bench.shop.config.OtherChannel, Platform: "web", Assertion: map[string]any{"jwt": token}},
	})
}

// tryTokenReplay uses the proof again, and not the session: a log-out that ended the
// session alone would be undone by whoever copied the token from the page.
func tryTokenReplay(ctx context.Context, t *trial) error {
	config := t.bench.shop.config
	if config.OtherChannel == "" || config.TokenSecret == "" {
		t.finding = leftOutTokens
		return nil
	}
	token := t.token(t.me, []byte(config.TokenSecret))
	got, step, err := t.showToken(ctx, "Mallory comes by a fresh token of her own: this works.", token)
	if err != nil {
		return err
	}
	session, ok := readOpened(got)
	if !ok || session.Tier != "verified" {
		t.judge(step, Inconclusive, "The token did not verify before log-out either.")
		return nil
	}
	t.judge(step, Harmless, "Verified, as it should be.")
	got, step, err = t.send(ctx, "Log out.", call{Method: http.MethodDelete, Path: currentPath, Bearer: session.Session})
	if err != nil {
		return err
	}
	if !got.ok() {
		t.judge(step, GotThrough, "Log-out failed: the session could not be ended.")
		return nil
	}
	t.judge(step, Harmless, "The session is over, and with it the token.")
	for _, does := range []string{"Another browser presents the copied token.", "And once more."} {
		got, step, err := t.showToken(ctx, does, token)
		if err != nil {
			return err
		}
		if err := t.judgeOpening(ctx, got, step); err != nil {
			return err
		}
	}
	return nil
}

// tryPublicKey is the oldest trick with tokens: a server that lets the token choose the
// algorithm takes a public key, which everybody has, for the secret of an HMAC.
func tryPublicKey(ctx context.Context, t *trial) error {
	config := t.bench.shop.config
	block, _ := pem.Decode([]byte(config.PublicKey))
	if config.OtherChannel == "" || block == nil {
		t.finding = leftOutTokens
		return nil
	}
	for _, one := range []struct {
		does   string
		secret []byte
	}{
		{"The public key’s file as the secret.", []byte(config.PublicKey)},
		{"The same without its last line break.", []byte(strings.TrimSpace(config.PublicKey))},
		{"The key’s bytes as the secret.", block.Bytes},
		{"No secret at all.", nil},
	} {
		got, step, err := t.showToken(ctx, one.does, t.token(t.victim, one.secret))
		if err != nil {
			return err
		}
		if err := t.judgeOpening(ctx, got, step); err != nil {
			return err
		}
	}
	return nil
}

const codePath = "/api/v1/widget/email-code"

// tryCode asks for a code for the victim's address, and guesses it. The code goes to the
// victim's mailbox; Mallory has six digits and a few tries.
func tryCode(ctx context.Context, t *trial) error {
	channel := t.bench.shop.config.Channel
	got, step, err := t.send(ctx, "Have a code mailed to Ada.", call{
		Method: http.MethodPost, Path: codePath, Body: map[string]any{"channel": channel, "email": t.victim.Email},
	})
	if err != nil {
		return err
	}
	var asked struct {
		Attempt string `json:"attempt"`
	}
	switch {
	case got.problem() == "codes_not_taken":
		t.judge(step, Skipped, "This channel takes no emailed codes.")
		t.finding = "Left out: this channel takes no emailed codes."
		return nil
	case got.Status == http.StatusTooManyRequests:
		t.judge(step, Refused, "Too many codes were asked for from here: there is nothing to guess.")
		return nil
	}
	if readable := got.decode(&asked) == nil; !readable || !got.ok() || asked.Attempt == "" {
		t.judge(step, Inconclusive, fmt.Sprintf("An answer of %d: nothing was tried.", got.Status))
		return nil
	}
	t.judge(step, Harmless, "The code is in Ada’s mailbox, and nowhere in the answer.")
	for _, guess := range []string{"000000", "123456", "314159"} {
		if err := t.guess(ctx, map[string]any{"channel": channel, "platform": "web", "attempt": asked.Attempt, "code": guess}); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) guess(ctx context.Context, body map[string]any) error {
	got, step, err := t.send(ctx, fmt.Sprintf("Guess %s.", body["code"]), call{Method: http.MethodPost, Path: codePath + "/confirm", Body: body})
	if err != nil {
		return err
	}
	if got.Status == http.StatusTooManyRequests {
		t.judge(step, Refused, "No more guesses for this address.")
		return nil
	}
	return t.judgeOpening(ctx, got, step)
}
