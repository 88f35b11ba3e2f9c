package operate

import (
	"context"
	"strconv"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Audit is the operators' side of the record.
type Audit interface {
	Read(ctx context.Context, who policy.Principal, filter audit.Filter) (audit.Page, error)
}

func (o *Routes) audit(f *httpapi.Floor, m Mount) {
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/audit", "readAudit", "record", "The record, newest first", httpapi.RequestInvalid),
		httpapi.Query{Name: "action", Doc: "only this action, such as identity.refused"}, httpapi.Query{Name: "actor", Doc: "only what this actor did"},
		httpapi.Query{Name: "subject", Doc: "only what is about this id"}, httpapi.Query{Name: "channel", Doc: "only this channel, by id"},
		httpapi.Query{Name: "cursor", Doc: "next of the page before"}, httpapi.Query{Name: "limit", Doc: "1 to 200, 50 if absent"},
	), o.readAudit)
}

func (o *Routes) readAudit(ctx context.Context, c *call, _ wire.None) (wire.AuditEntries, error) {
	limit, err := c.Number("limit", 50, 1, 200)
	if err != nil {
		return wire.AuditEntries{}, err
	}
	cursor := c.Query("cursor")
	if _, err := strconv.ParseInt(cursor, 10, 64); cursor != "" && err != nil { // a position in the record
		return wire.AuditEntries{}, httpapi.Malformed("The cursor is not one that this call gave out.")
	}
	page, err := o.Audit.Read(ctx, c.Who, audit.Filter{
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
