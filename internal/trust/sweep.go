package trust

import (
	"context"
	"fmt"
	"time"

	"countersign/identity/policy"
)

// FindingKind is one kind of thing that a compromised key proved.
type FindingKind string

const (
	CutLink       FindingKind = "link"         // an identifier that no longer belongs to its contact
	CutClaim      FindingKind = "claim"        // an anonymous conversation that was taken over
	CutAttribute  FindingKind = "attribute"    // a signed value that is only claimed now
	InDoubtThread FindingKind = "conversation" // has messages that the key proved
)

// FindingKinds in the order in which a person looks at them.
func FindingKinds() []FindingKind {
	return []FindingKind{CutLink, CutClaim, CutAttribute, InDoubtThread}
}

// What became of a finding.
const (
	FateCut      = "cut"      // a link: the identifier begins anew with the next good proof
	FateBlocked  = "blocked"  // a link of a blocked contact: it leads to an empty contact that is blocked too
	FateReturned = "returned" // a claim: back with the browser that wrote it
	FateDetached = "detached" // a claim: with nobody, only the team reads it
	FateClaimed  = "claimed"  // an attribute
	FateMarked   = "marked"   // messages: they stand, with a mark
)

// Finding is one thing that a compromised key proved since it was compromised, and
// what became of it. It is there for a person to decide what follows.
type Finding struct {
	Kind         FindingKind
	ID           string // in its kind: pages go by it, and it names nobody
	Contact      string // whose it was
	Conversation string // of a claim or messages
	Session      string // that proved it, of all but messages
	Name         string // user_id or email of a link; the name of an attribute
	Value        string // of a link or an attribute
	Fate         string
	Count        int // messages
	At, LastAt   time.Time
}

// Cut counts what a sweep has found.
type Cut struct {
	Links, Claims, Attributes, Conversations, Messages int
	Done                                               bool
}

// Proved counts what a key proved since a time, before anything is done about it.
type Proved struct {
	Links, Claims, Attributes, Conversations, Messages int
	AtLeast                                            bool // the counting stopped before its end
}

// Revocation is what became of a key that was revoked.
type Revocation struct {
	SessionsEnded int
	Cut           Cut // nothing of a key that was merely replaced
}

// Unswept is a key whose sweep was begun and not finished.
type Unswept struct{ Workspace, Key string }

// sweep takes apart what a compromised key proved, step by step, to its end.
func (k *Keys) sweep(ctx context.Context, ws, key string) (Cut, error) {
	for {
		done, err := k.store.SweepStep(ctx, ws, key)
		if err != nil {
			return Cut{}, fmt.Errorf("trust: the key is revoked, but what it proved is not yet taken apart; revoke again or restart: %w", err)
		}
		if done {
			return k.store.CountFindings(ctx, ws, key)
		}
	}
}

// Resume finishes what a crash, here or on another node, left of a sweep.
func (k *Keys) Resume(ctx context.Context) error {
	left, err := k.store.Unswept(ctx)
	if err != nil {
		return fmt.Errorf("trust: looking for unfinished sweeps: %w", err)
	}
	for _, one := range left {
		if _, err := k.sweep(ctx, one.Workspace, one.Key); err != nil {
			return err
		}
	}
	return nil
}

// Compromise is what a compromised key left behind.
type Compromise struct {
	Since    time.Time
	Cut      Cut
	Kind     FindingKind
	Findings []Finding
	Next     string // empty at the end
}

// MaxFindings on one page.
const MaxFindings = 100

// Compromise answers with what was found of a compromised key: counts, and one page of
// one kind. What names a person is for those who may read conversations.
func (k *Keys) Compromise(ctx context.Context, who policy.Principal, key string, kind FindingKind, after string, limit int) (Compromise, error) {
	row, err := k.find(ctx, who, policy.ReadKeys, key)
	if err != nil {
		return Compromise{}, err
	}
	out := Compromise{Since: row.CompromisedSince, Kind: kind}
	if row.CompromisedSince.IsZero() {
		return Compromise{}, fmt.Errorf("%w: the key is not called compromised", ErrNotFound)
	}
	if out.Cut, err = k.store.CountFindings(ctx, who.Workspace(), key); err != nil {
		return Compromise{}, fmt.Errorf("trust: counting findings: %w", err)
	}
	limit = min(max(limit, 1), MaxFindings)
	out.Findings, err = k.store.Findings(ctx, who.Workspace(), key, kind, after, limit+1)
	if err != nil {
		return Compromise{}, fmt.Errorf("trust: reading findings: %w", err)
	}
	if len(out.Findings) > limit {
		out.Findings = out.Findings[:limit]
		out.Next = out.Findings[limit-1].ID
	}
	if !who.May(policy.ReadConversations) {
		for i := range out.Findings {
			out.Findings[i].Value = ""
		}
	}
	return out, nil
}
