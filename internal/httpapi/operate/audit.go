package operate

import (
	"bufio"
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Audit is the operators' side of the record.
type Audit interface {
	Read(ctx context.Context, who policy.Principal, filter audit.Filter) (audit.Page, error)
	Status(ctx context.Context, who policy.Principal) (audit.Status, error)
	Export(ctx context.Context, who policy.Principal, filter audit.Filter, format audit.Format) (func(*audit.Writer) error, error)
}

// selection are the parameters that select entries, for the list and for an export.
var selection = []httpapi.Query{
	{Name: "action", Doc: "only this action, such as identity.refused"},
	{Name: "group", Doc: "only these actions: sessions, refusals, keys, channels, people, team or record"},
	{Name: "actor", Doc: "only what this actor did"},
	{Name: "subject", Doc: "only what is about this id"},
	{Name: "person", Doc: "only what is about whoever has this user id, address or contact id; takes conversations.read as well"},
	{Name: "channel", Doc: "only this channel, by id"},
	{Name: "key", Doc: "only what was proved by this key, or done to it"},
	{Name: "reason", Doc: "only refusals for this reason"},
	{Name: "from", Doc: "not before this time (RFC 3339)"},
	{Name: "to", Doc: "before this time (RFC 3339)"},
}

func (o *Routes) audit(f *httpapi.Floor, m Mount) {
	const tag = "record"
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/audit", "readAudit", tag, "The record, newest first", httpapi.RequestInvalid),
		append(slices.Clip(selection), httpapi.Query{Name: "cursor", Doc: "next of the page before; a page may be short and yet have a next"},
			httpapi.Query{Name: "limit", Doc: "1 to 200, 50 if absent"})...), o.readAudit)
	httpapi.Handle(f, m.Guard, m.route("GET", "/audit/status", "getAuditStatus", tag, "How far the last checkpoint reaches, and whether the newest entries verify"), o.auditStatus)
	export := query(m.route("GET", "/audit/export", "exportAudit", tag, "The record as a file, newest first; that it was asked for is recorded", httpapi.RequestInvalid),
		append(slices.Clip(selection), httpapi.Query{Name: "format", Doc: "csv (if absent), or jsonl with everything that is sealed"})...)
	export.Status = http.StatusOK
	httpapi.Raw(f, m.Guard, export, o.exportAudit)
}

// selected reads the parameters of a selection.
func selected(get func(name string) string) (audit.Filter, error) {
	filter := audit.Filter{
		Action: audit.Action(get("action")), Group: get("group"), Actor: get("actor"), Subject: get("subject"), Person: get("person"),
		Channel: get("channel"), Key: get("key"), Reason: get("reason"),
	}
	if filter.Group != "" && !slices.Contains(audit.Groups(), filter.Group) {
		return audit.Filter{}, httpapi.Malformed("There is no group of actions of that name.")
	}
	for name, at := range map[string]*time.Time{"from": &filter.From, "to": &filter.To} {
		text := get(name)
		if text == "" {
			continue
		}
		var err error
		if *at, err = time.Parse(time.RFC3339, text); err != nil {
			return audit.Filter{}, httpapi.Malformed("The parameter " + name + " is not a time such as 2026-03-01T12:00:00Z.")
		}
	}
	return filter, nil
}

func (o *Routes) readAudit(ctx context.Context, c *call, _ wire.None) (wire.AuditEntries, error) {
	filter, err := selected(c.Query)
	if err != nil {
		return wire.AuditEntries{}, err
	}
	limit, err := c.Number("limit", 50, 1, 200)
	if err != nil {
		return wire.AuditEntries{}, err
	}
	filter.Limit, filter.Before = int(limit), c.Query("cursor")
	if at, err := strconv.ParseInt(filter.Before, 10, 64); filter.Before != "" && (err != nil || at < 0) { // a position in the record
		return wire.AuditEntries{}, httpapi.Malformed("The cursor is not one that this call gave out.")
	}
	page, err := o.Audit.Read(ctx, c.Who, filter)
	if err != nil {
		return wire.AuditEntries{}, err
	}
	out := wire.AuditEntries{Entries: make([]wire.AuditEntry, len(page.Entries)), Next: page.Next}
	for i, e := range page.Entries {
		person := page.People[e.Subject]
		out.Entries[i] = wire.AuditEntry{
			ID: e.ID(), At: e.At.UTC(), Actor: e.Actor, Action: string(e.Action), Channel: e.Channel, Subject: e.Subject, Detail: e.Detail,
			SubjectName: person.Identifier.Value, SubjectContact: person.Contact, ActorName: page.Actors[e.Actor],
		}
	}
	return out, nil
}

func (o *Routes) auditStatus(ctx context.Context, c *call, _ wire.None) (wire.AuditStatus, error) {
	s, err := o.Audit.Status(ctx, c.Who)
	if err != nil {
		return wire.AuditStatus{}, err
	}
	out := wire.AuditStatus{Entries: s.Kept, Pruned: s.Records - s.Kept, Checked: s.Checked.Entries, Intact: s.Checked.Intact}
	if s.Checkpoint.Number > 0 {
		out.Checkpoint = &wire.AuditCheckpoint{Number: s.Checkpoint.Number, At: s.Checkpoint.At.UTC(), Since: s.Records - s.Checkpoint.Position}
	}
	for _, fault := range s.Checked.Faults {
		out.Faults = append(out.Faults, fault.Text)
	}
	return out, nil
}

// exportWrite is how long a reader of an export may take for what is written to it at once.
const exportWrite = 30 * time.Second

func (o *Routes) exportAudit(w http.ResponseWriter, r *http.Request, who policy.Principal) error {
	query := r.URL.Query()
	filter, err := selected(query.Get)
	if err != nil {
		return err
	}
	format := cmp.Or(audit.Format(query.Get("format")), audit.CSV)
	media := map[audit.Format]string{audit.CSV: "text/csv; charset=utf-8", audit.JSONL: "application/jsonl"}[format]
	if media == "" {
		return httpapi.Malformed("The parameter format is csv or jsonl.")
	}
	write, err := o.Audit.Export(r.Context(), who, filter, format)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+fileName(filter, format)+`"`)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	out := bufio.NewWriterSize(&patient{w, http.NewResponseController(w)}, 1<<15)
	if err := write(audit.NewWriter(out, format)); err != nil {
		panic(http.ErrAbortHandler) // half a file must not look whole
	}
	if err := out.Flush(); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// patient gives each write its own deadline: an export may take longer than a call.
type patient struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(exportWrite)) // a recorder in a test knows none
	return p.w.Write(b)
}

func fileName(filter audit.Filter, format audit.Format) string {
	name := "audit"
	if !filter.From.IsZero() {
		name += "-from-" + filter.From.UTC().Format(time.DateOnly)
	}
	if !filter.To.IsZero() {
		name += "-to-" + filter.To.UTC().Format(time.DateOnly)
	}
	return url.PathEscape(name + "." + string(format))
}
