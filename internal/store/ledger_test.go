package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
)

var recordKeys = audit.NewKeys(storetest.ChainKey, []byte("checkpoints"))

// trail is a record of two chains, written in turns, with three checkpoints:
//
//	positions 1 2 3 4 | 5 6 7 8 | 9 10 11 12 | 13 14
//	chain     a b a b | a b a b | a b  a  b  | a  b
type trail struct {
	t      *testing.T
	db     *store.DB
	keeper *audit.Keeper
	shown  []audit.Checkpoint // as they left the machine
	a, b   string             // the chains
}

func newTrail(t *testing.T, fresh func(testing.TB) storetest.Database) *trail {
	open := fresh(t)
	one, two := open(t), open(t)
	r := &trail{t: t, db: one, keeper: audit.NewKeeper(one, recordKeys)}
	for i := range 14 {
		db := one
		if i%2 == 1 {
			db = two
		}
		must(t, db.Record(t.Context(), audit.Draft{
			Workspace: "main", Actor: "gate", Action: audit.SessionOpened, Channel: "chn_1", Subject: fmt.Sprint("con_", i), Detail: map[string]string{"key": "key_1", "method": "hmac"},
		}))
		if i%4 == 3 {
			cp, written, err := r.keeper.Checkpoint(t.Context(), true)
			must(t, err)
			if !written {
				t.Fatal("no checkpoint was written")
			}
			left, err := audit.ParseCheckpoint(cp.Line())
			must(t, err)
			r.shown = append(r.shown, left)
		}
	}
	list, err := one.Walk(t.Context(), 0, 2)
	must(t, err)
	r.a, r.b = list[0].Chain, list[1].Chain
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *trail) verify(shown ...audit.Checkpoint) audit.Report {
	r.t.Helper()
	report, err := r.keeper.Verify(r.t.Context(), shown)
	must(r.t, err)
	return report
}

func (r *trail) run(statements ...string) {
	r.t.Helper()
	words := strings.NewReplacer("{a}", r.a, "{b}", r.b)
	for _, s := range statements {
		must(r.t, r.db.Inside(context.Background(), words.Replace(s)))
	}
}

func TestEveryChangeOfTheRecordIsFoundSQLite(t *testing.T) { walkTampering(t, sqlite) }

func TestEveryChangeOfTheRecordIsFoundPostgres(t *testing.T) { walkTampering(t, postgres) }

// walkTampering changes rows as somebody would who has the database and not the key.
func walkTampering(t *testing.T, fresh func(testing.TB) storetest.Database) {
	const zeros = `UPDATE head SET records = %d WHERE id = 1`
	for _, attack := range []struct {
		name string
		sql  []string
		want audit.FaultKind // one of the faults
		says string          // where it is, in that fault
	}{
		{"a position changed", []string{`UPDATE audit SET position = 99 WHERE position = 6`}, audit.PositionsGone, "position 6"},
		{"a chain's name changed", []string{`UPDATE audit SET chain = 'x' WHERE position = 6`}, audit.Changed, "entry x/3"},
		{"a number changed", []string{`UPDATE audit SET number = 77 WHERE position = 6`}, audit.Changed, "entry {b}/77"},
		{"a time changed", []string{`UPDATE audit SET at = at + 1 WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"a workspace changed", []string{`UPDATE audit SET workspace = 'x' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"an actor changed", []string{`UPDATE audit SET actor = 'x' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"an action changed", []string{`UPDATE audit SET action = 'x' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"a channel changed", []string{`UPDATE audit SET channel = 'x' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"a subject changed", []string{`UPDATE audit SET subject = 'x' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"the key's copy changed", []string{`UPDATE audit SET key_id = 'key_2' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"a detail changed", []string{`UPDATE audit SET detail = '{"key":"key_2","method":"hmac"}' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"a detail spelt another way", []string{`UPDATE audit SET detail = '{"method":"hmac","key":"key_1"}' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"a detail that is no JSON", []string{`UPDATE audit SET detail = 'x' WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"a previous seal changed", []string{`UPDATE audit SET previous = mac WHERE position = 6`}, audit.Changed, "entry {b}/3"},
		{"a seal changed", []string{`UPDATE audit SET mac = previous WHERE position = 6`}, audit.Changed, "entry {b}/3"},

		{"the first one dropped", []string{`DELETE FROM audit WHERE position = 1`}, audit.Missing, "entry 1 is missing before 2"},
		{"a middle one dropped", []string{`DELETE FROM audit WHERE position = 6`}, audit.Missing, "entry 3 is missing before 4"},
		{"several dropped", []string{`DELETE FROM audit WHERE position IN (5, 7)`}, audit.CutOff, "the chain {a} ends at 2: entries 3 to 4 are gone"},
		{"the last one dropped", []string{`DELETE FROM audit WHERE position = 14`}, audit.PositionsGone, "ends at position 13"},
		{"a middle one dropped and the places closed up", []string{
			`DELETE FROM audit WHERE position = 6`, `UPDATE audit SET position = position - 100 WHERE position > 6`, `UPDATE audit SET position = position + 99 WHERE position < 0`,
		}, audit.Missing, "entry 3 is missing before 4"},
		{"two exchanged", []string{
			`UPDATE audit SET position = 100 WHERE position = 5`, `UPDATE audit SET position = 5 WHERE position = 7`, `UPDATE audit SET position = 7 WHERE position = 100`,
		}, audit.Reordered, "entry {a}/3 stands behind a later one"},
		{"two of them renumbered", []string{
			`UPDATE audit SET number = 100 WHERE position = 5`, `UPDATE audit SET number = 3 WHERE position = 7`, `UPDATE audit SET number = 4 WHERE number = 100`,
		}, audit.Changed, "entry {a}/4"},
		{"one invented", []string{`INSERT INTO audit (position, chain, number, at, workspace, actor, action, channel, subject, key_id, detail, previous, mac)
			SELECT 15, chain, number + 1, at, workspace, actor, action, channel, subject, key_id, detail, mac, mac FROM audit WHERE position = 13`}, audit.Changed, "entry {a}/8"},
		{"one repeated in a chain of its own", []string{`INSERT INTO audit (position, chain, number, at, workspace, actor, action, channel, subject, key_id, detail, previous, mac)
			SELECT 15, 'x', 1, at, workspace, actor, action, channel, subject, key_id, detail, previous, mac FROM audit WHERE position = 1`}, audit.Changed, "entry x/1"},

		{"the tail of one chain cut off", []string{`DELETE FROM audit WHERE position IN (10, 12, 14)`}, audit.CutOff, "the chain {b} ends at 4: entries 5 to 6 are gone that checkpoint 3 saw"},
		{"the tail of one chain cut off and the places closed up", []string{
			`DELETE FROM audit WHERE position IN (10, 12, 14)`, `UPDATE audit SET position = 10 WHERE position = 11`, `UPDATE audit SET position = 11 WHERE position = 13`, fmt.Sprintf(zeros, 11),
		}, audit.CutOff, "the chain {b} ends at 4"},
		{"the tail of all cut off", []string{`DELETE FROM audit WHERE position > 10`, fmt.Sprintf(zeros, 10)}, audit.CutOff, "the chain {a} ends at 5: entry 6 is gone that checkpoint 3 saw"},
		{"a whole chain deleted", []string{`DELETE FROM audit WHERE chain = '{b}'`}, audit.ChainGone, "the chain {b} is gone"},
		{"everything deleted", []string{`DELETE FROM audit`, fmt.Sprintf(zeros, 0)}, audit.ChainGone, "the chain {a} is gone: checkpoint 1 saw it with 2 entries"},

		{"a checkpoint changed", []string{`UPDATE checkpoints SET at = at + 1 WHERE number = 2`}, audit.CheckpointChanged, "checkpoint 2"},
		{"a checkpoint's heads changed", []string{`UPDATE checkpoints SET heads = '[]' WHERE number = 2`}, audit.CheckpointChanged, "checkpoint 2"},
		{"a checkpoint's heads spelt another way", []string{`UPDATE checkpoints SET heads = ' ' || heads WHERE number = 2`}, audit.CheckpointChanged, "checkpoint 2"},
		{"a checkpoint dropped", []string{`DELETE FROM checkpoints WHERE number = 2`}, audit.CheckpointGone, "checkpoint 2 is missing"},
		{"the first checkpoint dropped", []string{`DELETE FROM checkpoints WHERE number = 1`}, audit.CheckpointGone, "checkpoint 1 is missing"},
		{"said to have been cut", []string{`DELETE FROM audit WHERE position <= 4`, `UPDATE record SET cut = 4, number = 1 WHERE id = 1`}, audit.CutChanged, "the note that the record was cut"},
		{"said to have been cut, by another's seal", []string{`DELETE FROM audit WHERE position <= 4`,
			`UPDATE record SET cut = 4, number = 1, mac = (SELECT mac FROM checkpoints WHERE number = 1) WHERE id = 1`}, audit.CutChanged, "the note that the record was cut"},
	} {
		t.Run(attack.name, func(t *testing.T) {
			r := newTrail(t, fresh)
			if before := r.verify(r.shown...); !before.Intact || before.Entries != 14 || before.Chains != 2 || before.Checkpoints != 3 || before.Covered != 12 {
				t.Fatalf("untouched: %+v", before)
			}
			r.run(attack.sql...)
			says := strings.NewReplacer("{a}", r.a, "{b}", r.b).Replace(attack.says)
			report := r.verify()
			found := false
			for _, f := range report.Faults {
				found = found || f.Kind == attack.want && strings.Contains(f.Text, says)
			}
			if report.Intact || !found {
				t.Errorf("no %s that says %q in %+v", attack.want, says, report.Faults)
			}
		})
	}
	for _, attack := range []struct {
		name string
		sql  []string
		says string
	}{
		{"the tail and its checkpoint", []string{`DELETE FROM audit WHERE position > 8`, `DELETE FROM checkpoints WHERE number = 3`, fmt.Sprintf(zeros, 8)}, "the chain {a} ends at 4: entries 5 to 6 are gone that the checkpoint 3 that was shown saw"},
		{"everything and all checkpoints", []string{`DELETE FROM audit`, `DELETE FROM checkpoints`, fmt.Sprintf(zeros, 0)}, "the chain {b} is gone: the checkpoint 3 that was shown saw it with 6 entries"},
	} {
		t.Run("cut off: "+attack.name, func(t *testing.T) {
			r := newTrail(t, fresh)
			r.run(attack.sql...)
			if inside := r.verify(); !inside.Intact {
				t.Errorf("what remains is whole in itself: %+v", inside.Faults)
			}
			report := r.verify(r.shown[2])
			text := fmt.Sprint(report.Faults)
			if report.Intact || !strings.Contains(text, strings.NewReplacer("{a}", r.a, "{b}", r.b).Replace(attack.says)) || !strings.Contains(text, string(audit.CheckpointGone)) {
				t.Errorf("%+v", report.Faults)
			}
		})
	}
	t.Run("cut off, and the server went on writing", func(t *testing.T) {
		r := newTrail(t, fresh)
		r.run(`DELETE FROM audit WHERE position > 8`, `DELETE FROM checkpoints WHERE number = 3`, fmt.Sprintf(zeros, 8))
		for range 6 {
			must(t, r.db.Record(t.Context(), audit.Draft{Workspace: "main", Actor: "gate", Action: audit.SessionOpened}))
		}
		_, _, err := r.keeper.Checkpoint(t.Context(), true)
		must(t, err)
		report := r.verify(r.shown[2])
		if text := fmt.Sprint(report.Faults); report.Intact || !strings.Contains(text, "another checkpoint 3") {
			t.Errorf("%s", text)
		}
	})
	t.Run("sealed under another key", func(t *testing.T) {
		r := newTrail(t, fresh)
		forger := audit.NewKeeper(r.db, audit.NewKeys([]byte("another"), []byte("another")))
		report, err := forger.Verify(t.Context(), nil)
		must(t, err)
		if report.Intact || report.Faults[0].Kind != audit.Changed || report.Faults[0].Number != 1 {
			t.Errorf("%+v", report.Faults)
		}
	})
	t.Run("a checkpoint of another installation is shown", func(t *testing.T) {
		r := newTrail(t, fresh)
		foreign := r.shown[2]
		foreign.Position = 400
		if report := r.verify(foreign); report.Intact || report.Faults[0].Kind != audit.CheckpointForeign {
			t.Errorf("%+v", report.Faults)
		}
	})
	t.Run("what a changed row says of itself moves no terminal", func(t *testing.T) {
		r := newTrail(t, fresh)
		r.run("UPDATE audit SET chain = 'x\x1b[2J\u202e\r\n' WHERE position = 6")
		report := r.verify()
		if text := fmt.Sprintf("%+v", report); report.Intact || strings.ContainsAny(text, "\x1b\u202e\r\n") || !strings.Contains(text, `\u{1b}`) {
			t.Errorf("%q", text)
		}
	})
	t.Run("many faults are counted, not kept", func(t *testing.T) {
		r := newTrail(t, fresh)
		for range 40 {
			must(t, r.db.Record(t.Context(), make([]audit.Draft, 4)...))
			must(t, r.db.Record(t.Context(), audit.Draft{Action: audit.KeyRevoked}, audit.Draft{Action: audit.KeyRevoked}, audit.Draft{Action: audit.KeyRevoked}))
		}
		r.run(`UPDATE audit SET actor = 'x'`)
		if report := r.verify(); len(report.Faults) != 100 || report.More != 34 {
			t.Errorf("%d faults and %d more", len(report.Faults), report.More)
		}
	})
}

func TestTheRecordIsVerifiedWhileItIsWritten(t *testing.T) {
	r := newTrail(t, sqlite)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = r.db.Record(ctx, audit.Draft{Workspace: "main", Actor: "gate", Action: audit.SessionOpened})
			_, _, _ = r.keeper.Checkpoint(ctx, true)
		}
	}()
	for range 20 {
		if report := r.verify(r.shown...); !report.Intact {
			t.Errorf("%+v", report.Faults)
		}
	}
	stop()
	<-done
}

func TestACheckpointIsWrittenWhenHeadsMovedAndByOneNode(t *testing.T) {
	open := sqlite(t)
	one, two := open(t), open(t)
	keepers := []*audit.Keeper{audit.NewKeeper(one, recordKeys), audit.NewKeeper(two, recordKeys)}
	if _, written, err := keepers[0].Checkpoint(t.Context(), true); err != nil || written {
		t.Fatalf("of nothing: %v, %v", written, err)
	}
	must(t, one.Record(t.Context(), audit.Draft{Workspace: "main", Action: audit.KeyRevoked}))
	first, written, err := keepers[0].Checkpoint(t.Context(), false)
	if err != nil || !written || first.Number != 1 || first.Position != 1 || len(first.Heads) != 1 {
		t.Fatalf("%+v, %v, %v", first, written, err)
	}
	if _, written, err = keepers[0].Checkpoint(t.Context(), true); err != nil || written {
		t.Errorf("an idle installation: %v, %v", written, err)
	}
	must(t, two.Record(t.Context(), audit.Draft{Workspace: "main", Action: audit.KeyRevoked}))
	if _, written, err = keepers[1].Checkpoint(t.Context(), false); err != nil || written {
		t.Errorf("a second node in the same minute: %v, %v", written, err)
	}
	if err := two.AddCheckpoint(t.Context(), first); !errors.Is(err, audit.ErrConflict) {
		t.Errorf("the same number again: %v", err)
	}
	second, written, err := keepers[1].Checkpoint(t.Context(), true)
	if err != nil || !written || !bytes.Equal(second.Previous, first.MAC) || len(second.Heads) != 1 || second.Heads[0].Chain == first.Heads[0].Chain {
		t.Errorf("%+v, %v, %v", second, written, err)
	}
}

func TestTheStatusFindsAChangeInTheNewestEntriesAndAnEndCutOff(t *testing.T) {
	for name, sql := range map[string]string{
		"":               `UPDATE record SET exported = 0`,
		"a change":       `UPDATE audit SET actor = 'x' WHERE position = 6`,
		"the end cut":    `DELETE FROM audit WHERE position > 10`,
		"a chain's end":  `DELETE FROM audit WHERE position IN (10, 12, 14)`,
		"the checkpoint": `UPDATE checkpoints SET position = 13 WHERE number = 3`,
	} {
		r := newTrail(t, sqlite)
		r.run(sql)
		status, err := audit.NewLog(r.db, r.keeper).Status(t.Context(), system)
		must(t, err)
		if status.Checked.Intact != (name == "") || status.Records != 14 || status.Checkpoint.Number != 3 {
			t.Errorf("%q: %+v", name, status)
		}
	}
}

var system = policy.ForSystem("main", "cli:test")

func TestPruneCutsAtACheckpointThatStaysSQLite(t *testing.T) { walkPruning(t, sqlite) }

func TestPruneCutsAtACheckpointThatStaysPostgres(t *testing.T) { walkPruning(t, postgres) }

func walkPruning(t *testing.T, fresh func(testing.TB) storetest.Database) {
	t.Run("what was not exported is not cut", func(t *testing.T) {
		r := newTrail(t, fresh)
		if _, err := r.keeper.Prune(t.Context(), system, r.shown[1].At); !errors.Is(err, audit.ErrNotExported) {
			t.Fatalf("Prune = %v", err)
		}
		if report := r.verify(r.shown...); !report.Intact || report.Entries != 14 {
			t.Errorf("%+v", report)
		}
	})
	t.Run("an export that leaves a gap allows nothing", func(t *testing.T) {
		r := newTrail(t, fresh)
		_, err := r.keeper.ExportAll(t.Context(), system, r.a+"/3", new(bytes.Buffer), audit.JSONL)
		must(t, err)
		if _, err := r.keeper.Prune(t.Context(), system, r.shown[1].At); !errors.Is(err, audit.ErrNotExported) {
			t.Fatalf("Prune = %v", err)
		}
	})
	t.Run("what remains verifies, and an attack on it is found", func(t *testing.T) {
		r := newTrail(t, fresh)
		var file bytes.Buffer
		exported, err := r.keeper.ExportAll(t.Context(), system, "", &file, audit.JSONL)
		must(t, err)
		if exported.Entries != 14 || exported.Last != r.b+"/7" {
			t.Errorf("exported %+v", exported)
		}
		pruned, err := r.keeper.Prune(t.Context(), system, r.shown[1].At)
		must(t, err)
		if pruned.Entries != 8 || pruned.Checkpoint != 2 {
			t.Errorf("pruned %+v", pruned)
		}
		report := r.verify(r.shown...)
		if !report.Intact || report.First != 9 || report.Entries != 8 || report.Checkpoints != 2 || len(report.Notes) != 1 {
			t.Errorf("%+v", report)
		}
		page, err := r.db.Entries(t.Context(), "main", audit.Filter{Limit: 200})
		must(t, err)
		if n := len(page.Entries); n != 8 || page.Entries[0].Action != audit.RecordPruned || page.Entries[1].Action != audit.RecordExported {
			t.Errorf("%d entries, the newest %+v", n, page.Entries[0])
		}
		if report, err := r.keeper.VerifyExport(&file, r.shown); err != nil || !report.Intact || report.Entries != 14 || report.Checkpoints != 3 {
			t.Errorf("the export: %+v, %v", report, err)
		}
		if _, err := r.keeper.Prune(t.Context(), system, r.shown[1].At); !errors.Is(err, audit.ErrNothingToCut) {
			t.Errorf("again: %v", err)
		}
		pruned, err = r.keeper.Prune(t.Context(), system, r.shown[2].At)
		must(t, err)
		if report := r.verify(r.shown[2]); !report.Intact || pruned.Entries != 4 || report.First != 13 {
			t.Errorf("%+v after %+v", report, pruned)
		}
		r.run(`DELETE FROM audit WHERE position = 13`)
		if report := r.verify(); report.Intact || !strings.Contains(report.Faults[0].Text+report.Faults[1].Text, "entry 7 is missing") && !strings.Contains(report.Faults[0].Text, "position 13") {
			t.Errorf("%+v", report.Faults)
		}
	})
	t.Run("a changed entry is not buried", func(t *testing.T) {
		r := newTrail(t, fresh)
		_, err := r.keeper.ExportAll(t.Context(), system, "", new(bytes.Buffer), audit.CSV)
		must(t, err)
		r.run(`UPDATE audit SET actor = 'x' WHERE position = 6`)
		if _, err := r.keeper.Prune(t.Context(), system, r.shown[1].At); !errors.Is(err, audit.ErrBroken) {
			t.Fatalf("Prune = %v", err)
		}
	})
	t.Run("a crash between the cut and the deletion", func(t *testing.T) {
		r := newTrail(t, fresh)
		_, err := r.keeper.ExportAll(t.Context(), system, "", new(bytes.Buffer), audit.JSONL)
		must(t, err)
		ctx, crash := context.WithCancel(t.Context())
		r.keeper = audit.NewKeeper(crashing{r.db, crash}, recordKeys)
		if _, err := r.keeper.Prune(ctx, system, r.shown[1].At); !errors.Is(err, context.Canceled) {
			t.Fatalf("Prune = %v", err)
		}
		r.keeper = audit.NewKeeper(r.db, recordKeys)
		if report := r.verify(r.shown...); !report.Intact || report.First != 9 {
			t.Errorf("%+v", report)
		}
		page, err := r.db.Entries(t.Context(), "main", audit.Filter{Limit: 200})
		must(t, err)
		if len(page.Entries) != 8 {
			t.Errorf("%d entries: what was cut is shown", len(page.Entries))
		}
		if _, err := r.keeper.Prune(t.Context(), system, r.shown[0].At); !errors.Is(err, audit.ErrNothingToCut) {
			t.Errorf("resumed: %v", err)
		}
		list, err := r.db.Walk(t.Context(), 0, 100)
		must(t, err)
		if list[0].Position != 9 {
			t.Errorf("%d rows of what was cut are left", 9-list[0].Position)
		}
	})
	t.Run("names of whom no entry is left go too", func(t *testing.T) {
		r := newTrail(t, fresh)
		who := identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: "gone"}
		must(t, r.db.Record(t.Context(), audit.Draft{Workspace: "main", Actor: "gate", Action: audit.SessionOpened, Person: who}))
		cp, _, err := r.keeper.Checkpoint(t.Context(), true)
		must(t, err)
		stays := identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: "stays"}
		for range 2 {
			must(t, r.db.Record(t.Context(), audit.Draft{Workspace: "main", Actor: "gate", Action: audit.SessionOpened, Person: stays}))
		}
		_, err = r.keeper.ExportAll(t.Context(), system, "", new(bytes.Buffer), audit.JSONL)
		must(t, err)
		_, err = r.keeper.Prune(t.Context(), system, cp.At)
		must(t, err)
		_, read := r.db.Pools()
		var names int
		must(t, read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM pseudonyms`).Scan(&names))
		if names != 1 {
			t.Errorf("%d names are kept", names)
		}
	})
	t.Run("an operator of one workspace does not cut or export everybody's", func(t *testing.T) {
		r := newTrail(t, fresh)
		who := policy.ForAgent("main", "agt_1", "lgn_1", policy.Owner)
		if _, err := r.keeper.Prune(t.Context(), who, time.Now()); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("Prune = %v", err)
		}
		if _, err := r.keeper.ExportAll(t.Context(), who, "", new(bytes.Buffer), audit.JSONL); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("ExportAll = %v", err)
		}
	})
}

// An export that verifies is held up as what happened: nothing may stand in it, for
// whoever reads it by another program, that was not sealed.
func TestAnExportSaysNothingThatWasNotSealed(t *testing.T) {
	r := newTrail(t, sqlite)
	var file bytes.Buffer
	_, err := r.keeper.ExportAll(t.Context(), system, "", &file, audit.JSONL)
	must(t, err)
	whole := file.String()
	lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, `"kind":"entry"`) && strings.Contains(l, `"actor":"`) })
	entry := lines[at]
	number := regexp.MustCompile(`"id":"([^"]+)/`)
	for name, forged := range map[string]string{
		"an actor of two spellings, as jq reads it": strings.Replace(entry, `"actor":`, `"Actor":"x","actor":"agt_innocent","ACTOR":`, 1),
		"an actor said twice":                       strings.Replace(entry, `"actor":`, `"actor":"agt_innocent","actor":`, 1),
		"a member of somebody's own":                strings.Replace(entry, `"actor":`, `"comment":"done by agt_innocent","actor":`, 1),
		"another name for the entry":                number.ReplaceAllString(entry, `"id":"cli_other/`),
		"the name of a person beside it":            strings.Replace(entry, `"previous":`, `"subject_name":"ada@shop.example","previous":`, 1),
		"a second value on the line":                strings.TrimSuffix(entry, "\n") + ` {"kind":"note"}` + "\n",
	} {
		changed := slices.Clone(lines)
		changed[at] = forged
		if forged == entry {
			t.Fatalf("%s: nothing was forged", name)
		}
		report, err := r.keeper.VerifyExport(strings.NewReader(strings.Join(changed, "")), nil)
		if err == nil && report.Intact {
			t.Errorf("%s verifies: %s", name, forged)
		}
	}
	for name, behind := range map[string]string{"an entry behind the end": entry, "a text behind the end": "and then\n", "a second export": whole} {
		if report, err := r.keeper.VerifyExport(strings.NewReader(whole+behind), nil); err == nil && report.Intact {
			t.Errorf("%s verifies", name)
		}
	}
	for name, text := range map[string]string{"as it was written": whole, "without its last line break": strings.TrimSuffix(whole, "\n"), "with a blank line behind": whole + "\n"} {
		if report, err := r.keeper.VerifyExport(strings.NewReader(text), r.shown); err != nil || !report.Intact {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

// crashing dies before it deletes anything that was cut.
type crashing struct {
	*store.DB
	crash func()
}

func (c crashing) PutCut(ctx context.Context, before, cut audit.Cut, draft audit.Draft) error {
	err := c.DB.PutCut(ctx, before, cut, draft)
	c.crash()
	return err
}
