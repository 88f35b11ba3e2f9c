package trust

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/audit"
)

// madePerDay is how many keys one colleague, or one program, makes and reveals in a
// day. A stolen login must not be worth every secret of the installation.
const (
	madePerDay = 20
	oneDay     = 24 * time.Hour
)

// Reveal answers with the secret of a key that was made to be revealed on request.
// It is recorded before it is answered, with the reason.
func (k *Keys) Reveal(ctx context.Context, who policy.Principal, key, reason string) (secret string, err error) {
	if err := k.impersonate(who, policy.RevealKeys, reason); err != nil {
		return "", err
	}
	channel, err := k.store.KeyChannel(ctx, who.Workspace(), key)
	if err != nil {
		return "", err
	}
	ring, err := k.store.Ring(ctx, who.Workspace(), channel)
	if err != nil {
		return "", fmt.Errorf("trust: reading the ring: %w", err)
	}
	at := slices.IndexFunc(ring.Keys, func(row KeyRow) bool { return row.ID == key })
	if at < 0 {
		return "", ErrNotFound
	}
	row := ring.Keys[at]
	switch {
	case row.Reveal != RevealOnRequest:
		return "", fmt.Errorf("%w: it was shown when the key was made; rotate the key if it is lost", ErrShownOnce)
	case row.Public.Algorithm != "":
		return "", fmt.Errorf("%w: this key has no secret; its public half is in the list", ErrShownOnce)
	case keyring.State(row.State) == keyring.Revoked:
		return "", fmt.Errorf("%w: the key is revoked", ErrShownOnce)
	}
	text, err := k.master.Open(row.Sealed, secretAD(k.installation, row))
	if err != nil {
		return "", fmt.Errorf("trust: opening the secret of %s: %w", key, err)
	}
	record := audit.Draft{
		By: who.Needing(policy.RevealKeys), Workspace: who.Workspace(), Actor: who.Actor(), Action: audit.KeyRevealed, Channel: channel, Subject: key,
		Detail: map[string]string{"fingerprint": row.Fingerprint},
	}
	because(record, reason)
	if err := k.store.Spend(ctx, allowance(who), record); err != nil {
		return "", fmt.Errorf("trust: recording that a secret is revealed: %w", err)
	}
	return string(text), nil
}

// impersonate asks for what makes its holder a customer to us.
func (k *Keys) impersonate(who policy.Principal, right policy.Right, reason string) error {
	err := who.Impersonate(right, reason, k.clock())
	if err == nil && len(reason) > audit.MaxDetailBytes {
		return fmt.Errorf("%w: the reason has at most %d bytes", ErrInvalid, audit.MaxDetailBytes)
	}
	return err
}

// allowance is what somebody may still make or reveal today. Who sits at the machine
// itself has every secret anyway.
func allowance(who policy.Principal) Spend {
	if who.Kind() == policy.SystemPrincipal {
		return Spend{}
	}
	return Spend{Name: "keys/" + who.Workspace() + "/" + who.Actor(), Limit: madePerDay, Window: oneDay}
}

// because puts the reason into the record.
func because(record audit.Draft, reason string) {
	if reason = strings.TrimSpace(reason); reason != "" {
		record.Detail["reason"] = reason
	}
}
