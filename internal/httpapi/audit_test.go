package httpapi_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/store"
	"countersign/internal/workspace"
)

// subjects of the entries that a call answers with.
func subjects(a answer) (ids, names []string) {
	list, _ := a.JSON["entries"].([]any)
	for _, e := range list {
		entry := e.(object)
		ids = append(ids, entry["subject"].(string))
		name, _ := entry["subject_name"].(string)
		names = append(names, name)
	}
	return ids, names
}

// TestAnAuditorLearnsNoAddress: the record names people by pseudonyms; only who reads
// conversations anyway is told who they are, and may ask for somebody by name.
func TestAnAuditorLearnsNoAddress(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	h.visitor("shop", secret, "ada@example.com")
	owner, auditor := h.agent(policy.Owner), h.agent(policy.Auditor)
	program := bearer(h.program(policy.ReadAudit))
	for who, c := range map[string]credential{"an auditor": auditor, "a program": program} {
		base := "/api/v1"
		if who == "an auditor" {
			base += "/console"
		}
		a := h.want(200, "GET", base+"/audit?action=session.opened", c, nil)
		ids, names := subjects(a)
		if len(ids) != 1 || !strings.HasPrefix(ids[0], "psn_") || names[0] != "" || strings.Contains(string(a.Text), "ada@") {
			t.Errorf("%s reads %s", who, a.Text)
		}
		for _, path := range []string{"/audit?person=ada%40example.com", "/audit/export?person=ada%40example.com", "/audit?person=nobody"} {
			if a := h.call("GET", base+path, c, nil); a.StatusCode != 403 || a.code() != "forbidden" {
				t.Errorf("%s asks %s: %d %s", who, path, a.StatusCode, a.Text)
			}
		}
		if file := h.want(200, "GET", base+"/audit/export?format=csv", c, nil); strings.Contains(string(file.Text), "ada@") { // the MACs' digits spell ada at times
			t.Errorf("%s takes a name along", who)
		}
	}
	a := h.want(200, "GET", "/api/v1/console/audit?person=ada%40example.com&action=session.opened", owner, nil)
	if ids, names := subjects(a); len(ids) != 1 || names[0] != "ada@example.com" {
		t.Errorf("an owner reads %s", a.Text)
	}
	if a := h.want(200, "GET", "/api/v1/console/audit?person=nobody", owner, nil); len(a.JSON["entries"].([]any)) != 0 {
		t.Errorf("of nobody: %s", a.Text)
	}
}

func TestTheRecordIsAskedInManyWays(t *testing.T) {
	h := open(t)
	channel, key, secret := h.channel("shop", policy.Enforce)
	h.visitor("shop", secret, "ada")
	h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": object{"user_id": "eve", "hash": strings.Repeat("00", 32)}})
	owner := h.agent(policy.Owner)
	hour := func(n time.Duration) string {
		return url.QueryEscape(time.Now().Add(n * time.Hour).UTC().Format(time.RFC3339))
	}
	for query, want := range map[string]int{
		"group=refusals": 1, "reason=proof_mismatch": 1, "reason=token_expired": 0, "key=" + key + "&action=session.opened": 1, "key=" + key + "&group=keys": 1,
		"actor=gate": 2, "actor=gate&channel=" + channel.ID: 2, "channel=chn_other": 0, "subject=" + key: 1,
		"actor=gate&from=" + hour(-1) + "&to=" + hour(1): 2, "actor=gate&to=" + hour(-1): 0, "actor=gate&from=" + hour(1): 0,
	} {
		a := h.want(200, "GET", "/api/v1/console/audit?"+query, owner, nil)
		if n := len(a.JSON["entries"].([]any)); n != want {
			t.Errorf("%s: %d entries, want %d", query, n, want)
		}
	}
	for _, query := range []string{"group=nonsense", "from=yesterday", "to=1", "cursor=x", "cursor=-1", "limit=0", "limit=201"} {
		if a := h.call("GET", "/api/v1/console/audit?"+query, owner, nil); a.StatusCode != 400 || a.code() != "request_invalid" {
			t.Errorf("%s: %d %s", query, a.StatusCode, a.Text)
		}
	}
}

// TestAnExportIsRecordedAndRunsNoFormula: what visitors choose their names from reaches
// neither a spreadsheet as a formula nor a terminal as an escape.
func TestAnExportIsRecordedAndRunsNoFormula(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	owner := h.agent(policy.Owner)
	for _, name := range []string{`=HYPERLINK("http://evil.example")`, "+1", "-1", "@SUM(A1)", "evil\u202egnp.exe"} {
		h.visitor("shop", secret, name)
	}
	hostile := "https://shop.example/\x1b[2J\r\n=1+1\u202e"
	must(t, h.DB.Record(context.Background(), audit.Draft{
		Workspace: workspace.Main, Actor: "=cmd|' /C calc'!A0", Action: audit.IdentityRefused, Channel: "\tchn", Detail: map[string]string{"reason": "@x", "origin": hostile},
	}))
	file := h.want(200, "GET", "/api/v1/console/audit/export?format=csv", owner, nil)
	if got := file.Header.Get("Content-Disposition"); got != `attachment; filename="audit.csv"` || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("the file is %q, %q", got, file.Header.Get("Content-Type"))
	}
	rows, err := csv.NewReader(strings.NewReader(string(file.Text))).ReadAll()
	must(t, err)
	if len(rows) < 8 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(cell[0])) {
				t.Errorf("a spreadsheet would run %q", cell)
			}
			if strings.ContainsAny(cell, "\x1b\r\n\u202e") {
				t.Errorf("a terminal would obey %q", cell)
			}
		}
	}
	recorded := h.entries(audit.RecordExported)
	if len(recorded) != 1 || recorded[0].Detail["format"] != "csv" || !strings.HasPrefix(recorded[0].Actor, "agent:") {
		t.Errorf("recorded %+v", recorded)
	}
	lines := h.want(200, "GET", "/api/v1/console/audit/export?format=jsonl&group=sessions", owner, nil)
	kinds := map[string]int{}
	for text := range strings.Lines(string(lines.Text)) {
		var line struct{ Kind, MAC, Subject, SubjectName string }
		must(t, json.Unmarshal([]byte(text), &line))
		kinds[line.Kind]++
		if line.Kind == "entry" && len(line.MAC) != 64 {
			t.Errorf("no seal: %s", text)
		}
	}
	if kinds["export"] != 1 || kinds["entry"] != 5 || kinds["end"] != 1 {
		t.Errorf("lines %v", kinds)
	}
	if a := h.call("GET", "/api/v1/console/audit/export?format=xml", owner, nil); a.StatusCode != 400 {
		t.Errorf("xml: %d", a.StatusCode)
	}
}

// TestWhatCannotBeRecordedIsNotExported: fail closed.
func TestWhatCannotBeRecordedIsNotExported(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	h.DB.SetChain(store.Sealer(nil))
	if a := h.call("GET", "/api/v1/console/audit/export", owner, nil); a.StatusCode != 500 || strings.Contains(string(a.Text), "agent.") {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	if a := h.call("POST", "/api/v1/console/channels", owner, object{"slug": "new"}); a.StatusCode != 500 {
		t.Errorf("a change without its record: %d", a.StatusCode)
	}
	if a := h.want(200, "GET", "/api/v1/console/channels", owner, nil); strings.Contains(string(a.Text), `"new"`) {
		t.Error("it was made all the same")
	}
}

func TestTheStatusSaysWhetherTheNewestEntriesVerify(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	h.visitor("shop", secret, "ada")
	owner := h.agent(policy.Owner)
	a := h.want(200, "GET", "/api/v1/console/audit/status", owner, nil)
	if a.JSON["intact"] != true || a.JSON["checked"].(float64) < 3 || a.JSON["checkpoint"] != nil {
		t.Errorf("before a checkpoint: %s", a.Text)
	}
	program := bearer(h.program(policy.ReadKeys))
	if a := h.call("GET", "/api/v1/audit/status", program, nil); a.StatusCode != 403 {
		t.Errorf("without the scope: %d", a.StatusCode)
	}
}

// onFirst calls once something was written.
type onFirst struct {
	lines int
	then  func()
}

func (w *onFirst) Write(b []byte) (int, error) {
	if w.lines++; w.lines == 1 {
		w.then()
	}
	return len(b), nil
}

// Who reads an export a few bytes at a time keeps it going for hours: what was taken from
// them meanwhile must end it, as it ends a stream.
func TestASlowExportDoesNotOutliveTheRightToIt(t *testing.T) {
	h := open(t)
	h.agent(policy.Owner) // the last one could not step back
	drafts := make([]audit.Draft, 2500)
	for i := range drafts {
		drafts[i] = audit.Draft{Workspace: "main", Actor: "gate", Action: audit.IdentityRefused, Subject: "con_x"}
	}
	must(t, h.DB.Record(context.Background(), drafts...))
	_, link, err := h.Team.Invite(context.Background(), h.System, "slow@example.com", policy.Owner)
	must(t, err)
	login := loginIn(t, h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": link, "name": "Slow", "password": "seven grey herons at the weir"}))
	who, _, row, err := h.Team.Authenticate(context.Background(), login)
	must(t, err)
	record := audit.NewLog(h.DB, nil)
	export := func(then func()) (int, error) {
		write, err := record.Export(context.Background(), who, audit.Filter{}, audit.JSONL)
		must(t, err)
		out := &onFirst{then: then}
		err = write(audit.NewWriter(out, audit.JSONL))
		return out.lines, err
	}
	if lines, err := export(func() {}); err != nil || lines < 2500 {
		t.Fatalf("%d lines, %v", lines, err)
	}
	lowered := func() { must(t, h.Team.SetRole(context.Background(), h.System, who.ID(), policy.Auditor)) }
	if lines, err := export(lowered); !errors.Is(err, policy.ErrForbidden) || lines > 1500 {
		t.Errorf("after another role, which reads no conversations: %d lines, %v", lines, err)
	}
	must(t, h.Team.SetRole(context.Background(), h.System, who.ID(), policy.Owner))
	ended := func() {
		must(t, h.DB.EndLogin(context.Background(), who.Workspace(), row.ID, time.Now(), audit.Draft{Workspace: who.Workspace(), Actor: "test", Action: audit.AgentSignedOut}))
	}
	if lines, err := export(ended); !errors.Is(err, policy.ErrForbidden) || lines > 1500 {
		t.Errorf("after the login ended: %d lines, %v", lines, err)
	}
}
