package team

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

const (
	maxTokenLife = 366 * 24 * time.Hour
	tokenStep    = 5 * time.Minute
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

// impersonating are the scopes whose holder could pass as a customer, or walk off with
// customers' data: a person gives them, present and with a reason.
var impersonating = []policy.Right{policy.ManageKeys, policy.ExportPeople, policy.ErasePeople, policy.VerifyIdentity}

// Impersonating lists them.
func Impersonating() []policy.Right { return slices.Clone(impersonating) }

// TokenDraft is a token as somebody wishes it.
type TokenDraft struct {
	Name   string
	Scopes []policy.Right
	Life   time.Duration // 0: until it is revoked
	Reason string        // why, where a scope is Impersonating
}

// CreateToken makes a token with at most the rights of its maker. Its secret is
// shown this one time.
func (t *Team) CreateToken(ctx context.Context, who policy.Principal, wish TokenDraft) (token Token, secret string, err error) {
	if !who.May(policy.ManageTokens) {
		return Token{}, "", who.Refusal(policy.ManageTokens)
	}
	if wish.Name, err = checkName(wish.Name); err != nil {
		return Token{}, "", err
	}
	if wish.Life < 0 || wish.Life > maxTokenLife {
		return Token{}, "", fmt.Errorf("%w: a token lives for at most a year, or until it is revoked", ErrInvalid)
	}
	if len(wish.Scopes) == 0 {
		return Token{}, "", fmt.Errorf("%w: a token has at least one scope", ErrInvalid)
	}
	wish.Scopes = slices.Compact(slices.Sorted(slices.Values(wish.Scopes)))
	now, detail := t.now(), []string{"scopes", spell(wish.Scopes)}
	for _, right := range wish.Scopes {
		if !slices.Contains(scopes, right) {
			return Token{}, "", fmt.Errorf("%w: no token can have the scope %q", ErrInvalid, right)
		}
		if !who.May(right) {
			return Token{}, "", who.Refusal(right)
		}
	}
	if slices.ContainsFunc(wish.Scopes, func(r policy.Right) bool { return slices.Contains(impersonating, r) }) {
		if err := who.Impersonate(policy.ManageTokens, wish.Reason, now); err != nil {
			return Token{}, "", err
		}
		detail = append(detail, "reason", audit.Clean(wish.Reason))
	}
	secret, _ = newSecret()
	secret = tokenPrefix + secret
	token = Token{ID: event.NewID("tok", now), TokenHash: hashOf(secret), Workspace: who.Workspace(), Name: wish.Name, Scopes: wish.Scopes, CreatedBy: who.Actor(), CreatedAt: now}
	if wish.Life > 0 {
		token.ExpiresAt = now.Add(wish.Life)
		detail = append(detail, "expires", token.ExpiresAt.UTC().Format(time.DateOnly))
	}
	draft := draftOf(who.Needing(policy.ManageTokens).Needing(wish.Scopes...), audit.TokenCreated, token.ID, detail...)
	if err := t.store.AddToken(ctx, token, draft); err != nil {
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

// NoteToken notes when a token was used and from which network: every few minutes, or
// when the network is another, and never more than once a minute.
func (t *Team) NoteToken(ctx context.Context, token Token, from netip.Addr) error {
	now, net := t.now(), network(from)
	since := now.Sub(token.UsedAt)
	if since < touchStep || since < tokenStep && net == token.UsedFrom {
		return nil
	}
	if err := t.store.TouchToken(ctx, token.Workspace, token.ID, net, now); err != nil {
		return fmt.Errorf("team: noting that a token was used: %w", err)
	}
	token.UsedAt, token.UsedFrom = now, net
	t.seen.renewToken(token)
	return nil
}

// Tokens lists the workspace's tokens, revoked ones included.
func (t *Team) Tokens(ctx context.Context, who policy.Principal) ([]Token, error) {
	if !who.May(policy.ManageTokens) {
		return nil, who.Refusal(policy.ManageTokens)
	}
	return t.store.Tokens(ctx, who.Workspace())
}

// RevokeToken ends a token on every node within a second.
func (t *Team) RevokeToken(ctx context.Context, who policy.Principal, id string) error {
	if !who.May(policy.ManageTokens) {
		return who.Refusal(policy.ManageTokens)
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
