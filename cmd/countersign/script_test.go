package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"countersign/internal/app"
	"countersign/internal/config"
	"countersign/internal/team"
	"countersign/internal/trust"
)

// The stories under testdata/script are the manual of the command line.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"countersign": main})
}

func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, Setup: leaveAtOnce,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "write": write, "remember": remember, "joins": joins, "registers": registers},
	})
}

// leaveAtOnce spares every command the second that a program under the race detector waits
// before it goes.
func leaveAtOnce(env *testscript.Env) error {
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	return nil
}

// exits runs a program and holds it to one status: exits 1 countersign verify …
// A refusal (1) and misuse (2) are different answers, which ! exec cannot tell.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM [ARGS]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("status %d; want %d", got, want)
	}
}

// write makes a file of exactly this text, \r and \n spelt out: files inside a
// story always end in a line break, which secrets and bodies must not.
func write(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: write FILE TEXT")
	}
	text := strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// joins uses a link as whoever opens it in the console does: joins DIRECTORY LINK
func joins(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: joins DIRECTORY LINK")
	}
	ctx := context.Background()
	a, err := app.OpenKnown(ctx, config.Installation{Data: ts.MkAbs(args[0]), Workspace: "main"}, "cli")
	ts.Check(err)
	defer func() { ts.Check(a.Close()) }()
	_, token, _ := strings.Cut(args[1], "#")
	_, err = a.Team.UseLink(ctx, team.Joining{Token: token, Name: "Somebody", Password: "seven grey herons at the weir"})
	ts.Check(err)
}

// registers does what a site does with a token: registers DIRECTORY TOKEN SITE
func registers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: registers DIRECTORY TOKEN SITE")
	}
	ctx := context.Background()
	a, err := app.OpenKnown(ctx, config.Installation{Data: ts.MkAbs(args[0]), Workspace: "main"}, "cli")
	ts.Check(err)
	defer func() { ts.Check(a.Close()) }()
	_, err = a.Registrar.Register(ctx, trust.Claimant{Token: args[1], Site: args[2], Name: "The blog", Network: "192.0.2.7"})
	ts.Check(err)
}

// remember keeps a field of the JSON that the last program printed in a variable:
// remember KEY id
func remember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: remember VARIABLE FIELD")
	}
	var answer map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &answer))
	text, ok := answer[args[1]].(string)
	if !ok {
		ts.Fatalf("no text called %s in %s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], text)
}
