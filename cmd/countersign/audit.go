package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/internal/audit"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Read the whole record and say whether a row was changed, dropped, moved or cut off; works while the server runs."`
	Export auditExportCmd `cmd:"" help:"Write the record to a file, with all that it takes to verify it."`
	Prune  auditPruneCmd  `cmd:"" help:"Cut away old entries that were exported."`
}

type auditVerifyCmd struct {
	onInstallation
	Checkpoint []string `help:"A checkpoint that was kept elsewhere: a file with one or many, a log, or - for standard input; may be repeated." placeholder:"FILE|-"`
	Export     string   `help:"Verify this export (jsonl) instead of the record itself." placeholder:"FILE|-"`
}

func (c *auditVerifyCmd) Run(ctx context.Context, t terminal) error {
	var shown []audit.Checkpoint
	for _, file := range c.Checkpoint {
		some, err := readCheckpoints(t, file)
		if err != nil {
			return err
		}
		shown = append(shown, some...)
	}
	a, _, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	var report audit.Report
	if c.Export == "" {
		report, err = a.Keeper.Verify(ctx, shown)
	} else {
		report, err = verifyExport(t, a.Keeper, c.Export, shown)
	}
	if err != nil {
		return refused(err)
	}
	if err := c.print(t, report, func() string { return reportText(report, len(shown) > 0) }); err != nil {
		return err
	}
	if !report.Intact {
		return no("")
	}
	return nil
}

func verifyExport(t terminal, keeper *audit.Keeper, file string, shown []audit.Checkpoint) (audit.Report, error) {
	in, done, err := input(t, file)
	if err != nil {
		return audit.Report{}, err
	}
	defer done()
	return keeper.VerifyExport(in, shown)
}

// input opens a file, or standard input for "-".
func input(t terminal, file string) (in io.Reader, done func(), err error) {
	if file == "-" {
		return t.In, func() {}, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, misuse("%v", err)
	}
	return f, func() { _ = f.Close() }, nil
}

// readCheckpoints finds every checkpoint in a file, be it made of them alone or a log
// among whose lines they are.
func readCheckpoints(t terminal, file string) ([]audit.Checkpoint, error) {
	in, done, err := input(t, file)
	if err != nil {
		return nil, err
	}
	defer done()
	var found []audit.Checkpoint
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20) // a checkpoint is as long as its minute was busy
	for lines.Scan() {
		if cp, err := audit.ParseCheckpoint(lines.Text()); err == nil {
			found = append(found, cp)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, misuse("%s: %v", file, err)
	}
	if len(found) == 0 {
		return nil, misuse("%s: there is no checkpoint in it", file)
	}
	return found, nil
}

func reportText(r audit.Report, shown bool) string {
	var b strings.Builder
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "%s: %s\n", f.Kind, f.Text)
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(&b, "note:", note)
	}
	verdict := "intact"
	if !r.Intact {
		verdict = "not intact"
	}
	fmt.Fprintf(&b, "%s: %d entries in %d chains", verdict, r.Entries, r.Chains)
	if r.Entries > 0 {
		fmt.Fprintf(&b, ", positions %d to %d", r.First, r.Last)
	}
	if r.Covered > 0 {
		fmt.Fprintf(&b, "; checkpoints reach to position %d", r.Covered)
	}
	b.WriteString("\n")
	if !shown {
		b.WriteString("No checkpoint from outside was shown (--checkpoint): only one can tell that nothing was cut off together with its checkpoints.\n")
	}
	return b.String()
}

type auditExportCmd struct {
	onInstallation
	After  string `help:"Go on behind this entry (CHAIN/NUMBER), the last one of an earlier export." placeholder:"ID"`
	Format string `help:"jsonl, with all that is sealed, or csv, for a spreadsheet." enum:"jsonl,csv" default:"jsonl"`
	File   string `arg:"" help:"File to make, or - for standard output."`
}

func (c *auditExportCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	out, said := io.Writer(struct{ io.Writer }{t.Out}), t.Out // a pipe cannot be synced
	if c.File == "-" {
		said = t.Err // standard output is the export
	} else {
		file, err := newExportFile(c.File)
		if err != nil {
			return err
		}
		defer file.discard()
		out = file
	}
	done, err := a.Keeper.ExportAll(ctx, who, c.After, out, audit.Format(c.Format))
	if err != nil {
		return refused(err)
	}
	t.Out = said
	return c.print(t, done, func() string {
		text := fmt.Sprintf("exported %d entries\n", done.Entries)
		if done.Last != "" {
			text += "the next export goes on with --after " + done.Last + "\n"
		}
		return text
	})
}

// exportFile is there under its name only when it is whole and on disk.
type exportFile struct {
	*os.File
	name string
}

func newExportFile(name string) (*exportFile, error) {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return nil, no("%s is there already", name)
	}
	// A name that nobody can know beforehand: in a directory that others write into, one that
	// is known could be a link of theirs, or their file, in which they read what is written.
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.part")
	if err != nil {
		return nil, no("%v", err)
	}
	return &exportFile{file, name}, nil
}

// Sync is what the export asks for before it counts as made.
func (f *exportFile) Sync() error {
	return errors.Join(f.File.Sync(), f.Close(), os.Rename(f.Name(), f.name))
}

func (f *exportFile) discard() {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// keepFor is how long entries are kept unless another date is said.
const keepFor = 400 * 24 * time.Hour

type auditPruneCmd struct {
	onInstallation
	Before string `help:"Cut away what is older than this day or time (2026-03-01, 2026-03-01T12:00:00Z). Default: 400 days ago." placeholder:"DATE"`
}

func (c *auditPruneCmd) Run(ctx context.Context, t terminal) error {
	before := time.Now().Add(-keepFor)
	if c.Before != "" {
		var err error
		if before, err = dayOrTime(c.Before); err != nil {
			return misuse("%v", err)
		}
	}
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	done, err := a.Keeper.Prune(ctx, who, before)
	switch {
	case errors.Is(err, audit.ErrNothingToCut):
		return c.print(t, audit.Pruned{}, func() string {
			return "nothing was cut: no checkpoint lies before " + before.UTC().Format(time.RFC3339) + "\n"
		})
	case errors.Is(err, audit.ErrNotExported):
		return no("%s: countersign audit export writes them to a file first", told(err))
	case err != nil:
		return refused(err)
	}
	return c.print(t, done, func() string {
		return fmt.Sprintf("cut away %d entries up to checkpoint %d of %s; the rest still verifies\n", done.Entries, done.Checkpoint, done.At.UTC().Format(time.RFC3339))
	})
}

func dayOrTime(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("--before: %q is neither a day (2026-03-01) nor a time (2026-03-01T12:00:00Z)", text)
}
