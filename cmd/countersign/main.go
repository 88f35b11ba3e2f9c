// Command countersign is the one binary: the server, the demo, and the commands
// that work on an installation or on a secret alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/alecthomas/kong"
)

// Exit codes: a refusal is an answer, not a failure of the program.
const (
	exitYes    = 0
	exitNo     = 1
	exitMisuse = 2
)

// terminal is what a command may touch of the process, so that stories run it in tests.
type terminal struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
}

// answer is an error that says with which status to leave. An empty text prints nothing.
type answer struct {
	status int
	text   string
}

func (a *answer) Error() string { return a.text }

func no(format string, args ...any) error {
	return &answer{status: exitNo, text: fmt.Sprintf(format, args...)}
}

func misuse(format string, args ...any) error {
	return &answer{status: exitMisuse, text: fmt.Sprintf(format, args...)}
}

// commands is every command; kong makes flags, environment, help and completion of it.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Serve messenger, console and API."`
	Demo    demoCmd    `cmd:"" help:"Serve the demo: a shop with the messenger, and an attack bench."`
	Channel channelCmd `cmd:"" help:"Channels: create, list, set enforcement."`
	Keys    keysCmd    `cmd:"" help:"Keys: generate, import, list, rotate, sign-by, finish, revoke."`
	Agents  agentsCmd  `cmd:"" help:"Teammates."`

	Registration registrationCmd `cmd:"" help:"Sites that connect themselves: make a token, confirm or refuse the site that came with it."`

	Team   teamCmd   `cmd:"" help:"What the workspace asks of its people."`
	Owner  ownerCmd  `cmd:"" help:"The owner's way back in, on the machine itself."`
	Audit  auditCmd  `cmd:"" help:"The record: verify, export, prune."`
	Check  checkCmd  `cmd:"" help:"Say which support chat a page carries, and what to change."`
	Import importCmd `cmd:"" help:"Bring people and conversations over from Intercom, Help Scout or a CSV."`

	Sign          signCmd          `cmd:"" help:"Sign an identity as a customer's backend does."`
	Verify        verifyCmd        `cmd:"" help:"Verify a hash or token offline."`
	Diagnose      diagnoseCmd      `cmd:"" help:"Say why a hash or token does not verify: which mistake it is, and the fix."`
	SignRequest   signRequestCmd   `cmd:"" help:"Sign a request as we sign what we send."`
	VerifyRequest verifyRequestCmd `cmd:"" help:"Verify a signed request offline."`

	Doctor  doctorCmd  `cmd:"" help:"Examine an installation, or a secret: what is fine, what is not, what to do."`
	Config  configCmd  `cmd:"" help:"Check the configuration, or print every option."`
	Version versionCmd `cmd:"" help:"Print the version."`

	DemoShop shopCmd `cmd:"" hidden:"" help:"The demo's shop; the demo starts it."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
}

// run parses and runs one command line and answers with the exit status.
func run(ctx context.Context, args []string, t terminal) int {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("countersign"),
		kong.Description("Self-hosted support chat that knows who it is talking to."),
		kong.Writers(t.Out, t.Err),
		kong.WithHyphenPrefixedParameters(true), // a user id may begin with a hyphen
		kong.Exit(func(code int) { panic(exiting(code)) }),
		kong.TypeMapper(reflect.TypeFor[time.Time](), kong.MapperFunc(decodeTime)),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(t),
		kong.Resolvers(fileTwins(t.Getenv)),
	)
	if err != nil {
		fmt.Fprintln(t.Err, "countersign:", err)
		return exitMisuse
	}
	status := exitYes
	func() {
		defer func() {
			if code, ok := recover().(exiting); ok {
				status = int(code)
			}
		}()
		parsed, err := parser.Parse(args)
		if err != nil {
			fmt.Fprintf(t.Err, "countersign: %v\ncountersign --help tells more\n", err)
			status = exitMisuse
			return
		}
		if err := parsed.Run(); err != nil {
			status = report(t.Err, err)
		}
	}()
	return status
}

// decodeTime reads a flag's time and says how one is written, in no language's layout.
func decodeTime(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("time", &text); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%q is no time; write it like 2026-01-02T15:04:05Z", text)
	}
	target.Set(reflect.ValueOf(at))
	return nil
}

// exiting unwinds kong's --help, which wants to leave the process.
type exiting int

func report(w io.Writer, err error) int {
	var a *answer
	if errors.As(err, &a) {
		if a.text != "" {
			fmt.Fprintln(w, "countersign:", printable(a.text))
		}
		return a.status
	}
	fmt.Fprintln(w, "countersign:", printable(told(err)))
	return exitNo
}

// printable is a text that drives no terminal: what went wrong may quote what others
// wrote, such as the name of a file in somebody's archive.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
