package httpapi

import (
	"context"
	"strconv"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/httpapi/wire"
)

// AuditLog is the operators' side of the record.
type AuditLog interface {
	Read(ctx context.Context, who policy.Principal, filter audit.Filter) (audit.Page, error)
}

// AuditQuery documents what ReadAudit takes.
func AuditQuery() []Query {
	return []Query{
		{Name: "action", Doc: "only this action, such as identity.refused"}, {Name: "actor", Doc: "only what this actor did"},
		{Name: "subject", Doc: "only what is about this id"}, {Name: "channel", Doc: "only this channel, by id"},
		{Name: "cursor", Doc: "next of the page before"}, {Name: "limit", Doc: "1 to 200, 50 if absent"},
	}
}

// ReadAudit answers with a page of the record. The console and the management API
// show the same one, each to its own principals.
func ReadAudit[P any](ctx context.Context, log AuditLog, who policy.Principal, c *Call[P]) (wire.AuditEntries, error) {
	limit, err := c.Number("limit", 50, 1, 200)
	if err != nil {
		return wire.AuditEntries{}, err
	}
	cursor := c.Query("cursor")
	if _, err := strconv.ParseInt(cursor, 10, 64); cursor != "" && err != nil { // a position in the record
		return wire.AuditEntries{}, Malformed("The cursor is not one that this call gave out.")
	}
	page, err := log.Read(ctx, who, audit.Filter{
		Action: audit.Action(c.Query("action")), Actor: c.Query("actor"), Subject: c.Query("subject"), Channel: c.Query("channel"),
		Before: cursor, Limit: int(limit),
	})
	if err != nil {
		return wire.AuditEntries{}, err
	}
	out := wire.AuditEntries{Entries: make([]wire.AuditEntry, len(page.Entries)), Next: page.Next}
	for i, e := range page.Entries {
		out.Entries[i] = wire.AuditEntry{
			ID: e.Chain + "/" + strconv.FormatInt(e.Number, 10), At: e.At.UTC(), Actor: e.Actor, Action: string(e.Action), Channel: e.Channel, Subject: e.Subject, Detail: e.Detail,
		}
	}
	return out, nil
}
