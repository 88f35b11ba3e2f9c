package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"countersign/internal/history"
	"countersign/internal/workspace"
)

type importCmd struct {
	onInstallation
	From    string `required:"" enum:"intercom,helpscout,csv" help:"Whose export it is: intercom, helpscout or csv."`
	Channel string `help:"Slug or alias of the channel that the people are of; may be left out if there is one."`
	Source  string `help:"Name of the old system, if there are several of one kind; intercom, helpscout or csv if not given."`
	Strict  bool   `help:"Write nothing if a record cannot be read. Without it such a record is reported and left out."`
	DryRun  bool   `help:"Read everything, say what is in it, write nothing."`
	File    string `arg:"" help:"The export: a .json, .jsonl or .csv file, a .gz of one, a folder or .zip of them, or - for standard input."`
}

func (c *importCmd) Run(ctx context.Context, t terminal) error {
	if c.File == "-" && c.Strict {
		return misuse("--strict reads the export twice: give a file, and not standard input")
	}
	if c.Source != "" && !history.ValidSource(c.Source) {
		return misuse("--source is 1 to 40 of a-z, 0-9, _, . and -")
	}
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	channel, err := c.into(ctx, func() ([]workspace.Channel, error) { return a.Channels.List(ctx, who) })
	if err != nil {
		return err
	}
	report, err := history.New(a.DB, a.Pulse.Now).Import(ctx, who, channel, history.Run{
		From: history.Format(c.From), Source: c.Source, Path: c.File, In: t.In, Strict: c.Strict, Dry: c.DryRun, Progress: progress(t.Err),
	})
	stopped := errors.Is(err, history.ErrStopped)
	switch {
	case errors.Is(err, history.ErrUnreadable):
		return misuse("%s", told(err))
	case err != nil && !stopped:
		return refused(err)
	}
	if err := c.print(t, importAnswer(report, channel, stopped), func() string { return importText(report, channel, stopped) }); err != nil {
		return err
	}
	took := report.Read.PeopleAdded+report.Read.ThreadsAdded > 0
	if stopped || !took && report.Refused > 0 {
		return &answer{status: exitNo}
	}
	return nil
}

// into is the channel that is meant.
func (c *importCmd) into(_ context.Context, list func() ([]workspace.Channel, error)) (workspace.Channel, error) {
	channels, err := list()
	if err != nil {
		return workspace.Channel{}, refused(err)
	}
	if c.Channel == "" {
		switch len(channels) {
		case 0:
			return workspace.Channel{}, no("there is no channel yet: countersign channel create --slug NAME")
		case 1:
			return channels[0], nil
		}
		return workspace.Channel{}, misuse("there are several channels: say which with --channel")
	}
	for _, channel := range channels {
		if channel.Slug == c.Channel || slices.Contains(channel.Aliases, c.Channel) {
			return channel, nil
		}
	}
	return workspace.Channel{}, no("there is no channel %s in the workspace %s", c.Channel, c.Workspace)
}

// progress says now and then how far a long import is.
func progress(out io.Writer) func(int) {
	told := time.Now()
	return func(records int) {
		if time.Since(told) > 2*time.Second {
			told = time.Now()
			fmt.Fprintf(out, "countersign: %d records read\n", records)
		}
	}
}

func importAnswer(r history.Report, channel workspace.Channel, stopped bool) map[string]any {
	refused := r.First
	if refused == nil {
		refused = []history.Refused{}
	}
	counts := func(c history.Counts) map[string]any {
		return map[string]any{
			"people":        map[string]int{"added": c.PeopleAdded, "changed": c.PeopleChanged, "same": c.PeopleSame},
			"conversations": map[string]int{"added": c.ThreadsAdded, "changed": c.ThreadsChanged, "same": c.ThreadsSame},
			"messages":      map[string]int{"added": c.MessagesAdded, "changed": c.MessagesChanged, "same": c.MessagesSame},
		}
	}
	answer := counts(r.Counts)
	maps.Copy(answer, map[string]any{
		"channel": channel.ID, "dry_run": r.Dry && !stopped, "written": !r.Dry,
		"read":   map[string]int{"people": r.Read.PeopleAdded, "conversations": r.Read.ThreadsAdded, "messages": r.Read.MessagesAdded},
		"erased": r.Erased, "skipped": r.Skipped, "refused": r.Refused, "refusals": refused, "shared_names": r.Shared,
	})
	return answer
}

func importText(r history.Report, channel workspace.Channel, stopped bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "read: %d people, %d conversations, %d messages\n", r.Read.PeopleAdded, r.Read.ThreadsAdded, r.Read.MessagesAdded)
	if !r.Dry {
		fmt.Fprintf(&b, "people:        %d added, %d changed, %d as they were\n", r.PeopleAdded, r.PeopleChanged, r.PeopleSame)
		fmt.Fprintf(&b, "conversations: %d added, %d changed, %d as they were\n", r.ThreadsAdded, r.ThreadsChanged, r.ThreadsSame)
		fmt.Fprintf(&b, "messages:      %d added, %d changed, %d as they were\n", r.MessagesAdded, r.MessagesChanged, r.MessagesSame)
	}
	for _, why := range slices.Sorted(maps.Keys(r.Skipped)) {
		fmt.Fprintf(&b, "left out: %d (%s)\n", r.Skipped[why], why)
	}
	if r.Erased > 0 {
		fmt.Fprintf(&b, "left out: %d of people who were erased here\n", r.Erased)
	}
	for _, one := range r.First {
		fmt.Fprintf(&b, "refused: %s: %s\n", one.Where, one.Reason)
	}
	if more := r.Refused - len(r.First); more > 0 {
		fmt.Fprintf(&b, "refused: %d more\n", more)
	}
	switch {
	case stopped:
		fmt.Fprintf(&b, "nothing was written: %d record(s) cannot be read, and --strict was said\n", r.Refused)
	case r.Dry:
		b.WriteString("nothing was written: this was a dry run\n")
	default:
		if r.Shared > 0 {
			fmt.Fprintf(&b, "note: %d name(s) stand in several records and open none of them\n", r.Shared)
		}
		fmt.Fprintf(&b, "Nobody is attached to anything: what was imported into %s opens to its owner when they prove the same user id or address here.\n", channel.Slug)
	}
	return b.String()
}
