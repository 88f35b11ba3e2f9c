package audit

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/identity/policy"
)

// Log is the operators' side of the record: what it says of their own workspace.
type Log struct {
	store  Store
	keeper *Keeper
}

// NewLog reads from store; keeper says whether what it reads is still what was written.
func NewLog(store Store, keeper *Keeper) *Log { return &Log{store: store, keeper: keeper} }

// Read answers with a page of the principal's workspace. Whoever may read
// conversations is told whom a pseudonym stands for; to anybody else the record does
// not tell an address that they do not know, nor answers whether it knows one.
func (l *Log) Read(ctx context.Context, who policy.Principal, filter Filter) (Page, error) {
	if !who.May(policy.ReadAudit) {
		return Page{}, policy.ErrForbidden
	}
	if filter.Limit <= 0 {
		filter.Limit = 50
	}
	filter.Limit = min(filter.Limit, 200)
	page, err := l.page(ctx, who, filter)
	if err == nil {
		page.Actors, err = l.actors(ctx, who, page.Entries)
	}
	return page, err
}

// actors names who did what is shown: colleagues to whoever may see the team, tokens to
// whoever may see the team or them.
func (l *Log) actors(ctx context.Context, who policy.Principal, entries []Entry) (map[string]string, error) {
	seen := map[policy.PrincipalKind]bool{policy.AgentPrincipal: who.May(policy.ReadTeam), policy.TokenPrincipal: who.May(policy.ReadTeam) || who.May(policy.ManageTokens)}
	var asked []string
	for _, e := range entries {
		kind, _, _ := strings.Cut(e.Actor, ":")
		if seen[policy.PrincipalKind(kind)] && !slices.Contains(asked, e.Actor) {
			asked = append(asked, e.Actor)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	return l.store.Actors(ctx, who.Workspace(), asked)
}

func (l *Log) page(ctx context.Context, who policy.Principal, filter Filter) (Page, error) {
	if filter.Person != "" {
		if !who.May(policy.ReadConversations) {
			return Page{}, policy.ErrForbidden
		}
		subjects, err := l.store.SubjectsOf(ctx, who.Workspace(), filter.Person)
		if err != nil || len(subjects) == 0 {
			return Page{}, err
		}
		filter.Subjects = subjects
	}
	page, err := l.store.Entries(ctx, who.Workspace(), filter)
	if err != nil || !who.May(policy.ReadConversations) {
		return page, err
	}
	var pseudonyms []string
	asked := map[string]bool{}
	for _, e := range page.Entries {
		if strings.HasPrefix(e.Subject, PseudonymPrefix) && !asked[e.Subject] {
			asked[e.Subject] = true
			pseudonyms = append(pseudonyms, e.Subject)
		}
	}
	page.People, err = l.store.People(ctx, who.Workspace(), pseudonyms)
	return page, err
}

// Status says how the record stands.
type Status struct {
	Records    int64 // entries ever written
	Kept       int64 // of them, those that were not pruned
	Checkpoint Checkpoint
	Checked    Report // of the newest entries
}

// checkedAtOnce is how many of the newest entries a look at the page verifies.
const checkedAtOnce = 1000

// Status verifies the newest entries, and says how far the last checkpoint reaches.
func (l *Log) Status(ctx context.Context, who policy.Principal) (Status, error) {
	if !who.May(policy.ReadAudit) {
		return Status{}, policy.ErrForbidden
	}
	return l.keeper.status(ctx)
}

func (k *Keeper) status(ctx context.Context) (Status, error) {
	last, err := k.ledger.LastCheckpoint(ctx)
	if err != nil {
		return Status{}, err
	}
	state, err := k.ledger.State(ctx)
	if err != nil {
		return Status{}, err
	}
	begin := max(state.Cut.Position, state.Records-checkedAtOnce)
	list, err := k.ledger.Walk(ctx, begin, checkedAtOnce)
	if err != nil {
		return Status{}, err
	}
	check := k.keys.NewWindow()
	judged := false
	for _, p := range list {
		if p.Position > last.Position && !judged && last.Position > begin {
			check.Checkpoint(last)
			judged = true
		}
		check.Entry(p)
	}
	if !judged && last.Number > 0 && last.Position > begin {
		check.Checkpoint(last)
	}
	report := check.Done(state.Records)
	return Status{Records: state.Records, Kept: state.Records - state.Cut.Position, Checkpoint: last, Checked: report}, nil
}

// MaxExported is how many entries one export of a workspace holds.
const MaxExported = 100_000

// Export finds out whether the principal may, records that it did, and answers with
// what writes the filter's entries, newest first.
func (l *Log) Export(ctx context.Context, who policy.Principal, filter Filter, format Format) (func(w *Writer) error, error) {
	if !who.May(policy.ReadAudit) || filter.Person != "" && !who.May(policy.ReadConversations) {
		return nil, policy.ErrForbidden
	}
	draft := Draft{Workspace: who.Workspace(), Actor: who.Actor(), By: who.Needing(policy.ReadAudit), Action: RecordExported, Detail: filter.detail(format)}
	if err := l.store.Record(ctx, draft); err != nil {
		return nil, err
	}
	filter.Limit = 1000
	return func(w *Writer) error {
		w.Begin(Cut{}, 0)
		for n := 0; ; {
			page, err := l.page(ctx, who, filter)
			if err != nil {
				return err
			}
			for i, e := range page.Entries {
				if n == MaxExported {
					return w.Cutoff(MaxExported)
				}
				w.Entry(Placed{Position: page.Positions[i], Entry: e}, page.People[e.Subject].Identifier.Value)
				n++
			}
			if page.Next == "" {
				return w.End()
			}
			filter.Before = page.Next
			// Who reads slowly keeps an export going for as long as they like: their right may end meanwhile.
			if err := l.store.Vouch(ctx, reading(who)); err != nil {
				return err
			}
		}
	}, nil
}

// reading is the word on which an export goes on: what it told at its beginning, it tells
// to its end, or breaks off.
func reading(who policy.Principal) policy.Authority {
	if who.May(policy.ReadConversations) {
		return who.Needing(policy.ReadAudit, policy.ReadConversations)
	}
	return who.Needing(policy.ReadAudit)
}

// detail says what was exported. Whom it was about is said by nobody's name.
func (f Filter) detail(format Format) map[string]string {
	detail := map[string]string{"format": string(format)}
	put := func(name, value string) {
		if value != "" {
			detail[name] = value
		}
	}
	put("action", string(f.Action))
	put("group", f.Group)
	put("about", f.Subject)
	put("channel", f.Channel)
	put("reason_asked", f.Reason)
	put("key_asked", f.Key)
	if f.Person != "" {
		put("about", "one person")
	}
	if !f.From.IsZero() {
		put("from", f.From.UTC().Format(time.RFC3339))
	}
	if !f.To.IsZero() {
		put("to", f.To.UTC().Format(time.RFC3339))
	}
	put("limit", strconv.Itoa(MaxExported))
	return detail
}
