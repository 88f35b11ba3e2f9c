package team

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

// scopes that a program may be given. What makes colleagues or further tokens is a
// person's to do: a token that could would outlive its own revocation.
var scopes = []policy.Right{
	policy.ReadConversations, policy.ReplyConversations, policy.ReadKeys, policy.SetEnforcement, policy.ManageChannels,
	policy.ReadChannels, policy.ManagePeople, policy.ReadAudit, policy.ReadTeam, policy.ReadMetrics,
	policy.ManageKeys, policy.ExportPeople, policy.ErasePeople, policy.VerifyIdentity,
}

// Scopes lists them.
func Scopes() []policy.Right { return slices.Clone(scopes) }

// CreateToken makes a token with at most the rights of its maker. Its secret is
// shown this one time.
func (t *Team) CreateToken(ctx context.Context, who policy.Principal, name string, wished []policy.Right) (token Token, secret string, err error) {
	if !who.May(policy.ManageTokens) {
		return Token{}, "", policy.ErrForbidden
	}
	if name, err = checkName(name); err != nil {
		return Token{}, "", err
	}
	if len(wished) == 0 {
		return Token{}, "", fmt.Errorf("%w: a token has at least one scope", ErrInvalid)
	}
	wished = slices.Compact(slices.Sorted(slices.Values(wished)))
	for _, right := range wished {
		if !slices.Contains(scopes, right) {
			return Token{}, "", fmt.Errorf("%w: no token can have the scope %q", ErrInvalid, right)
		}
		if !who.May(right) {
			return Token{}, "", policy.ErrForbidden
		}
	}
	now := t.now()
	secret, _ = newSecret()
	secret = tokenPrefix + secret
	token = Token{ID: event.NewID("tok", now), TokenHash: hashOf(secret), Workspace: who.Workspace(), Name: name, Scopes: wished, CreatedBy: who.Actor(), CreatedAt: now}
	if err := t.store.AddToken(ctx, token, draftOf(who.Needing(policy.ManageTokens).Needing(wished...), audit.TokenCreated, token.ID, "scopes", spell(wished))); err != nil {
		return Token{}, "", err
	}
	return token, secret, nil
}

// AuthenticateToken finds out which program holds a token.
func (t *Team) AuthenticateToken(ctx context.Context, text string) (policy.Principal, Token, error) {
	epoch, err := t.pulse.Epoch()
	if err != nil {
		return policy.Principal{}, Token{}, err
	}
	if len(text) != len(tokenPrefix)+secretText || !strings.HasPrefix(text, tokenPrefix) {
		return policy.Principal{}, Token{}, ErrRefused
	}
	hash, now := hashOf(text), t.now()
	token, ok := t.seen.token(epoch, hash)
	if !ok {
		if token, err = t.store.TokenByHash(ctx, hash, now); err != nil {
			return policy.Principal{}, Token{}, refusal(err)
		}
	}
	if !token.RevokedAt.IsZero() || !token.ExpiresAt.IsZero() && !now.Before(token.ExpiresAt) {
		return policy.Principal{}, Token{}, ErrRefused
	}
	if !ok {
		t.seen.keepToken(epoch, hash, token)
	}
	return policy.ForToken(token.Workspace, token.ID, token.Scopes), token, nil
}

// Tokens lists the workspace's tokens, revoked ones included.
func (t *Team) Tokens(ctx context.Context, who policy.Principal) ([]Token, error) {
	if !who.May(policy.ManageTokens) {
		return nil, policy.ErrForbidden
	}
	return t.store.Tokens(ctx, who.Workspace())
}

// RevokeToken ends a token on every node within a second.
func (t *Team) RevokeToken(ctx context.Context, who policy.Principal, id string) error {
	if !who.May(policy.ManageTokens) {
		return policy.ErrForbidden
	}
	return t.store.RevokeToken(ctx, who.Workspace(), id, t.now(), draftOf(who.Needing(policy.ManageTokens), audit.TokenRevoked, id))
}

func spell(rights []policy.Right) string {
	var out []string
	for _, right := range rights {
		out = append(out, string(right))
	}
	return strings.Join(out, " ")
}
