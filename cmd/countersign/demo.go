package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"countersign/examples/shop"
	"countersign/internal/app"
	"countersign/internal/config"
)

// demoData is where the demo keeps its own, unless told otherwise: never the place of a real installation.
const demoData = ".demo"

type demoCmd struct {
	config.Installation `embed:""`
	config.Server       `embed:""`
	config.Mail         `embed:""`
	config.Files        `embed:""`
	config.Demo         `embed:""`
	JSON                bool `name:"json" help:"Say where it serves as one JSON object."`
}

func (c *demoCmd) Run(ctx context.Context, t terminal) error {
	c.MasterKey = t.Getenv(config.Prefix + "MASTER_KEY")
	c.Installation = c.At(demoData)
	if err := checkOptions(t, c.Installation, c.Server); err != nil {
		return err
	}
	if err := c.Demo.Check(); err != nil {
		return misuse("%v", err)
	}
	for _, address := range []string{c.Listen, c.DemoListen} {
		if !c.Force && !loopback(address) {
			return misuse("the demo listens on loopback only, and %s is not: everybody who reaches it may act as its customers (--force overrides)", address)
		}
	}
	a, err := app.Open(ctx, c.Installation, "demo")
	if err != nil {
		return unlessSignalled(ctx, no("%v", err))
	}
	defer closing(a)
	if err := a.MarkDemo(ctx); err != nil {
		return unlessSignalled(ctx, no("%v", err))
	}
	if c.LogLevel == "info" {
		c.LogLevel = "warn" // a person reads this terminal
	}
	if err := a.SendDemoMail(c.Mail); err != nil {
		return misuse("%v", err)
	}
	if err := a.KeepFiles(c.Installation, c.Files); err != nil {
		return misuse("%v", err)
	}
	// Listen first: a second start on the same data must fail before it changes anything.
	running, err := a.Start(ctx, c.Server, logger(c.Server))
	if err != nil {
		return unlessSignalled(ctx, notStarted(err))
	}
	child, address, err := c.openShop(ctx, t, a, running.Widget)
	if err != nil {
		_ = running.Stop()
		return unlessSignalled(ctx, no("the demo shop did not start: %v", err))
	}
	console, setup, err := consoleAddress(ctx, a, running.Base)
	if err == nil {
		err = c.say(t, address, consolePlace{link: console, setup: setup}, mailboxURL(a, running.Base))
	}
	if err != nil {
		return errors.Join(unlessSignalled(ctx, errors.Join(err, child.Cancel())), running.Stop(), endOf(child))
	}
	return together(ctx, running, child)
}

// together waits until server or shop has ended, and ends the other.
func together(ctx context.Context, running *app.Running, child *exec.Cmd) error {
	shop, server := make(chan error, 1), make(chan error, 1)
	go func() { shop <- endOf(child) }()
	go func() { server <- running.Wait() }()
	select {
	case err := <-server:
		if ctx.Err() == nil {
			err = errors.Join(err, child.Cancel())
		}
		return errors.Join(err, <-shop)
	case err := <-shop:
		if ctx.Err() != nil {
			return errors.Join(err, <-server)
		}
		return errors.Join(errors.New("the demo shop has ended"), err, running.Stop())
	}
}

// mailboxURL is where the demo's mail is read; empty where it really leaves.
func mailboxURL(a *app.App, base string) string {
	if path := a.MailboxPath(); path != "" {
		return base + path
	}
	return ""
}

// consolePlace is where the console is, and whether that link sets the owner's password.
type consolePlace struct {
	link  string
	setup bool
}

// say tells a person, or a program, where to look.
func (c *demoCmd) say(t terminal, shop string, console consolePlace, mailbox string) error {
	if c.JSON {
		return printJSON(t, map[string]any{"shop": shop, "attacks": shop + "/attacks", "console": console.link, "setup": console.setup, "mailbox": mailbox, "data": c.Data})
	}
	mailText := ""
	if mailbox != "" {
		mailText = "Mailbox    " + mailbox + "\n           what the demo mails: codes, invitations\n"
	}
	_, err := fmt.Fprintf(t.Out, "\nShop       %[1]s\n           log in as a customer, open the messenger, write\n"+
		"Attacks    %[1]s/attacks\n           one button per attack, and one honest customer\n%[5]s%[2]sData       %[3]s\nLocked out %[4]s owner reset --data %[3]s\nStop       Ctrl-C\n\n",
		shop, consoleText(console.link, console.setup), c.Data, os.Args[0], mailText)
	return err
}

// openShop starts the shop, waits until its first customers have written, and
// closes the door to everybody who cannot prove who they are.
func (c *demoCmd) openShop(ctx context.Context, t terminal, a *app.App, base string) (*exec.Cmd, string, error) {
	site, err := a.PrepareDemo(ctx, c.Data+"/site.json")
	if err != nil {
		return nil, "", err
	}
	if site.Mended {
		fmt.Fprintln(t.Err, "countersign: the key that the shop signed with has ended, so it signs with a new one")
	}
	child, address, err := startShop(ctx, t, c.DemoListen, base, mailboxURL(a, base), site)
	if err != nil {
		return nil, "", err
	}
	pages := []string{address}
	if named := strings.Replace(address, "127.0.0.1", "localhost", 1); named != address {
		pages = append(pages, named)
	}
	if err := a.SettleDemo(ctx, site, pages); err != nil {
		return nil, "", errors.Join(err, child.Cancel(), endOf(child))
	}
	return child, address, nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// shopCmd is the demo's site, run by the demo as a child that is told what a real
// site would know. It ends when its standard input does, so that it never outlives
// the demo, however that ended.
type shopCmd struct{}

func (c *shopCmd) Run(ctx context.Context, t terminal) error {
	cfg, err := shop.FromEnv(t.Getenv)
	if err != nil {
		return misuse("%v", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, t.In)
		cancel()
	}()
	return shop.Run(ctx, cfg, t.Out)
}

// startShop runs this binary again as the shop and waits for the address that it
// prints and for the end of its first conversations.
func startShop(ctx context.Context, t terminal, listen, base, mailbox string, site app.DemoSite) (*exec.Cmd, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	child := exec.CommandContext(ctx, self, "demo-shop") //nolint:gosec // our own binary
	child.Cancel = func() error { return child.Process.Signal(os.Interrupt) }
	child.WaitDelay = 5 * time.Second
	child.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"SHOP_LISTEN=" + listen, "SHOP_COUNTERSIGN_URL=" + base, "SHOP_ADMIN_URL=" + base + "/console",
		"SHOP_CHANNEL=" + site.Channel, "SHOP_SECRET=" + site.Secret,
		"SHOP_OTHER_CHANNEL=" + site.OtherChannel, "SHOP_OTHER_SECRET=" + site.OtherSecret,
		"SHOP_TOKEN_SECRET=" + site.TokenSecret, "SHOP_PUBLIC_KEY=" + site.PublicKey,
		"SHOP_AUDIT_TOKEN=" + site.AuditToken, "SHOP_MAILBOX_URL=" + mailbox,
	}
	child.Stderr = t.Err
	if _, err := child.StdinPipe(); err != nil { // held open for as long as we live
		return nil, "", err
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := child.Start(); err != nil {
		return nil, "", err
	}
	address := ""
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, shopListens):
			address = strings.TrimPrefix(line, shopListens)
		case strings.HasPrefix(line, "shop: seeded"), strings.HasPrefix(line, "shop: first conversations"), strings.HasPrefix(line, "shop: no first conversations"):
			if !strings.HasPrefix(line, "shop: seeded") {
				fmt.Fprintln(t.Err, line)
			}
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return child, address, nil
		}
	}
	return nil, "", errors.Join(errors.New("it ended before it served"), child.Wait())
}

// shopListens begins the first line that the shop prints.
const shopListens = "shop: listening on "

// endOf waits for the child; being told to end is no failure.
func endOf(child *exec.Cmd) error {
	err := child.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
