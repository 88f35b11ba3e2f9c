package team

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 as every authenticator app speaks it: HMAC-SHA1, which no attack on SHA-1 touches
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

const (
	totpStep   = 30 // seconds
	totpDigits = 6
	totpBytes  = 20
	totpSkew   = 1 // steps, to either side
)

// totp is the code of one time step (RFC 6238, HMAC-SHA1, six digits). It is ours,
// because a code is used once by the step that it belongs to, which the libraries do
// not tell.
func totp(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// totpMatch finds the step that a code belongs to, after the last one that was used.
// It compares with all of them, whichever it is.
func totpMatch(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	present := now.Unix() / totpStep
	for s := present - totpSkew; s <= present+totpSkew; s++ {
		right := subtle.ConstantTimeCompare([]byte(totp(secret, s)), []byte(code)) == 1
		if right && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

// digits is a code as people type it; empty if it is none.
func digits(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	if len(text) != totpDigits || strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return text
}

func appPlace(agent Agent) Place {
	return Place{Workspace: agent.Workspace, Table: "authenticators", Row: agent.ID, Purpose: "totp"}
}

// NewApp is what an authenticator app is told: by the URI in a QR code, or by hand.
type NewApp struct{ Secret, URI string }

// BeginApp makes the secret of an authenticator app. It counts for nothing until
// ConfirmApp was given a code of it.
func (t *Team) BeginApp(ctx context.Context, who policy.Principal, issuer string) (NewApp, error) {
	agent, err := t.present(ctx, who)
	if err != nil {
		return NewApp{}, err
	}
	secret := make([]byte, totpBytes)
	_, _ = rand.Read(secret) // never fails: it ends the process instead
	app := Authenticator{Agent: agent.ID, Workspace: agent.Workspace, Sealed: t.sealer.Seal(secret, appPlace(agent)), CreatedAt: t.now()}
	if err := t.store.PutAuthenticator(ctx, app, draftOf(who.Needing(), audit.FactorBegun, agent.ID, "kind", "app")); err != nil {
		return NewApp{}, err
	}
	text := base32.StdEncoding.EncodeToString(secret)
	label := url.PathEscape(issuer + ":" + agent.Email)
	query := url.Values{"secret": {text}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return NewApp{Secret: text, URI: "otpauth://totp/" + label + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")}, nil
}

// ConfirmApp takes the first code. With the first factor come recovery codes, shown
// this one time.
func (t *Team) ConfirmApp(ctx context.Context, who policy.Principal, code string, from netip.Addr) (recovery []string, err error) {
	agent, err := t.present(ctx, who)
	if err != nil {
		return nil, err
	}
	step, tries, err := t.code(ctx, agent, code, from, false)
	if err != nil {
		return nil, err
	}
	texts, hashes := newRecovery(agent.ID)
	draft := draftOf(who.Needing(), audit.FactorAdded, agent.ID, "kind", "app")
	kept, err := t.store.ConfirmAuthenticator(ctx, agent.Workspace, agent.ID, step, hashes, t.now(), draft)
	if err != nil {
		return nil, err
	}
	if !kept {
		texts = nil
	}
	return texts, t.forgive(ctx, tries)
}

// DropApp takes the principal's authenticator app away.
func (t *Team) DropApp(ctx context.Context, who policy.Principal) error {
	agent, err := t.present(ctx, who)
	if err != nil {
		return err
	}
	return t.store.DropAuthenticator(ctx, agent.Workspace, agent.ID, t.now(), draftOf(who.Needing(), audit.FactorRemoved, agent.ID, "kind", "app"))
}

// code checks six digits against an agent's app, and counts them first. A right code
// is used by whoever writes its step; the tries are theirs to take back.
func (t *Team) code(ctx context.Context, agent Agent, text string, from netip.Addr, confirmed bool) (step int64, tries []Try, err error) {
	tries = codeTries(agent, from)
	if err := t.take(ctx, tries); err != nil {
		return 0, nil, err
	}
	app, err := t.store.Authenticator(ctx, agent.Workspace, agent.ID)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && app.ConfirmedAt.IsZero() == confirmed:
		return 0, nil, ErrRefused
	case err != nil:
		return 0, nil, fmt.Errorf("team: reading an authenticator: %w", err)
	}
	secret, err := t.sealer.Open(app.Sealed, appPlace(agent))
	if err != nil {
		return 0, nil, fmt.Errorf("team: opening an authenticator's secret: %w", err)
	}
	step, ok := totpMatch(secret, digits(text), t.now(), app.LastStep)
	if !ok {
		return 0, nil, ErrRefused
	}
	return step, tries, nil
}
