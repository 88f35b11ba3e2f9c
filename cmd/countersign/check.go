package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"countersign/internal/egress"
	"countersign/internal/inspect"
)

type checkCmd struct {
	Page         string        `arg:"" name:"url" help:"Address of the page, a file of its HTML, or - for standard input."`
	URL          string        `name:"url" placeholder:"https://chat.example" help:"This installation, as browsers reach it: what to write in the vendor's place."`
	Browser      bool          `help:"Let a browser of this machine run the page first, so that what a tag manager adds is seen. The page's scripts run in it, with a profile of its own that is thrown away."`
	BrowserPath  string        `placeholder:"FILE" help:"That browser, if it is not found: a Chromium, Chrome, Edge or Brave."`
	NoSandbox    bool          `help:"Run that browser as root too, where it keeps the page's scripts in no sandbox: for pages whose every script you trust."`
	AllowPrivate bool          `help:"The page may lie in a private network, such as a staging host. Only the address given is then called."`
	Timeout      time.Duration `default:"20s" help:"How long the page may take."`
	JSON         bool          `name:"json" help:"Answer as JSON."`
}

func (c *checkCmd) Run(ctx context.Context, t terminal) error {
	base, err := c.base()
	if err != nil {
		return err
	}
	if c.Timeout < time.Second || c.Timeout > 5*time.Minute {
		return misuse("--timeout is 1s to 5m")
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	page, err := c.load(ctx, t)
	if err != nil {
		return err
	}
	report := inspect.Read(page, base)
	if err := c.print(t, report, base); err != nil {
		return err
	}
	if len(report.Found) == 0 {
		return &answer{status: exitNo}
	}
	return nil
}

// base is the installation's address, if it was said.
func (c *checkCmd) base() (*url.URL, error) {
	if c.URL == "" {
		return nil, nil
	}
	base, err := url.Parse(strings.TrimRight(c.URL, "/"))
	if err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || base.User != nil || base.Path != "" || base.RawQuery != "" || base.Fragment != "" {
		return nil, misuse("--url is the address of this installation, such as https://chat.example.com")
	}
	return base, nil
}

// load reads the page from where it is.
func (c *checkCmd) load(ctx context.Context, t terminal) (inspect.Page, error) {
	address, err := url.Parse(c.Page)
	web := err == nil && (address.Scheme == "http" || address.Scheme == "https")
	if c.Page == "-" || !web {
		if c.Browser || c.AllowPrivate {
			return inspect.Page{}, misuse("--browser and --allow-private go with the address of a page")
		}
		if strings.Contains(c.Page, "://") {
			return inspect.Page{}, misuse("a page's address begins with https:// or http://")
		}
		return c.file(t)
	}
	if c.Browser {
		return c.browse(ctx, address)
	}
	return c.fetch(ctx, address)
}

func (c *checkCmd) file(t terminal) (inspect.Page, error) {
	in := t.In
	if c.Page != "-" {
		f, err := os.Open(c.Page)
		if err != nil {
			return inspect.Page{}, misuse("%v", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	body, err := io.ReadAll(io.LimitReader(in, inspect.MaxPage+1))
	if err != nil {
		return inspect.Page{}, misuse("%v", err)
	}
	return inspect.Page{Body: body}, nil
}

// ask calls by the one client that calls addresses which somebody entered.
func (c *checkCmd) ask(ctx context.Context, address *url.URL) (egress.Answer, error) {
	options := egress.Options{Timeout: c.Timeout, Body: inspect.MaxPage}
	if c.AllowPrivate {
		port := address.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[address.Scheme]
		}
		options.Allow = []string{net.JoinHostPort(address.Hostname(), port)}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return egress.Answer{}, err
	}
	request.Header.Set("Accept", "text/html")
	request.Header.Set("User-Agent", "Countersign-check")
	return egress.New(options).Do(request)
}

// uncalled says why a page was not read.
func (c *checkCmd) uncalled(address *url.URL, err error) error {
	if errors.Is(err, egress.ErrAddress) && !c.AllowPrivate && strings.Contains(err.Error(), "not public") {
		return no("%s is in a network that is not public: --allow-private says that it may be called", address.Host)
	}
	return no("%s", told(err))
}

// fetch reads the page as it is answered.
func (c *checkCmd) fetch(ctx context.Context, address *url.URL) (inspect.Page, error) {
	got, err := c.ask(ctx, address)
	if err != nil {
		return inspect.Page{}, c.uncalled(address, err)
	}
	switch {
	case got.Status >= 300 && got.Status < 400:
		return inspect.Page{}, no("%s answers with a redirect, which is not followed: check %s", address.Host, target(address, got.Header.Get("Location")))
	case got.Status != http.StatusOK:
		return inspect.Page{}, no("%s answers with status %d: check a page that customers see", address.Host, got.Status)
	}
	return inspect.Page{Address: address, Header: got.Header, Body: got.Body}, nil
}

// target is where a redirect leads, without what its query may carry.
func target(from *url.URL, location string) string {
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return "where it leads"
	}
	to.RawQuery, to.Fragment, to.User = "", "", nil
	return strconv.QuoteToASCII(to.String())
}

// browse has a browser run the page, and asks for its headers before: a browser does not
// print them, nor does it ask whether an address may be called. What the page makes it call
// is what it would call for whoever opens the page.
func (c *checkCmd) browse(ctx context.Context, address *url.URL) (inspect.Page, error) {
	path, err := c.browser()
	if err != nil {
		return inspect.Page{}, err
	}
	root := os.Geteuid() == 0
	if root && !c.NoSandbox {
		return inspect.Page{}, no("as root a browser has no sandbox, and the page's scripts run in it: check as somebody else, or say --no-sandbox if you trust every one of them")
	}
	plain, err := c.ask(ctx, address)
	if errors.Is(err, egress.ErrAddress) {
		return inspect.Page{}, c.uncalled(address, err)
	}
	profile, err := os.MkdirTemp("", "countersign-check-")
	if err != nil {
		return inspect.Page{}, no("%v", err)
	}
	defer func() { _ = os.RemoveAll(profile) }()
	args := []string{"--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--no-first-run", "--user-data-dir=" + profile,
		"--virtual-time-budget=10000", "--dump-dom"}
	if root {
		args = append(args, "--no-sandbox") // it refuses to start otherwise
	}
	command := exec.CommandContext(ctx, path, append(args, "--", address.String())...) //nolint:gosec // the operator's own browser, and an http(s) address behind the flags
	command.WaitDelay = 2 * time.Second
	body, err := command.Output()
	if len(body) == 0 {
		if err == nil {
			err = errors.New("it printed nothing")
		}
		return inspect.Page{}, no("%s could not show the page: %v", filepath.Base(path), err)
	}
	page := inspect.Page{Address: address, Body: body}
	if plain.Status == http.StatusOK {
		page.Header = plain.Header
	}
	return page, nil
}

// browsers are what may be installed, by name and by place.
func browsers() []string {
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "microsoft-edge-stable", "brave-browser"}
	switch runtime.GOOS {
	case "darwin":
		names = append(names, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
			"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge")
	case "windows":
		for _, root := range []string{os.Getenv("ProgramFiles"), os.Getenv("ProgramFiles(x86)")} {
			names = append(names, filepath.Join(root, `Google\Chrome\Application\chrome.exe`), filepath.Join(root, `Microsoft\Edge\Application\msedge.exe`))
		}
	}
	return names
}

func (c *checkCmd) browser() (string, error) {
	if c.BrowserPath != "" {
		if _, err := os.Stat(c.BrowserPath); err != nil {
			return "", misuse("--browser-path: %v", err)
		}
		return c.BrowserPath, nil
	}
	for _, name := range browsers() {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", no("no Chromium, Chrome or Edge was found on this machine: say where one is with --browser-path")
}

func (c *checkCmd) print(t terminal, r inspect.Report, base *url.URL) error {
	if c.JSON {
		encoder := json.NewEncoder(t.Out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	_, err := io.WriteString(t.Out, checkText(r, base))
	return err
}

func checkText(r inspect.Report, base *url.URL) string {
	var b strings.Builder
	for _, f := range r.Found {
		id := ""
		if f.ID != "" {
			id = ", id " + f.ID
		}
		fmt.Fprintf(&b, "%s%s (line %d)\n", f.Title, id, f.Line)
		if f.Here {
			b.WriteString("  it loads from this installation already\n")
		}
		fmt.Fprintf(&b, "  proof: %s\n", proofText(f.Proof))
		for _, change := range f.Changes {
			fmt.Fprintf(&b, "  line %d, change\n    %s\n  to\n    %s\n", change.Line, change.From, change.To)
		}
		for i, run := range f.Run {
			if i == 0 {
				b.WriteString("  on the installation, if you have not:\n")
			}
			b.WriteString("    " + run + "\n")
		}
	}
	for _, p := range r.Policies {
		fmt.Fprintf(&b, "content security policy (%s): add %s to %s\n", p.Source, p.Add, p.Directive)
	}
	for _, note := range r.Notes {
		b.WriteString("note: " + note + "\n")
	}
	if base == nil && len(r.Found) > 0 {
		b.WriteString("note: --url https://YOUR-COUNTERSIGN says what to write, and whether the page's policy lets it in\n")
	}
	return b.String()
}

func proofText(p inspect.Proof) string {
	with := ""
	if p.More != "" {
		with = ", beside " + p.More
	}
	switch p.State {
	case "present":
		return fmt.Sprintf("present: %s in line %d is a %s%s (not shown here)", p.Name, p.Line, map[string]string{"hash": "hash", "token": "token", "other": "text that is neither a hash nor a token"}[p.Kind], with)
	case "empty":
		return fmt.Sprintf("%s in line %d is empty%s", p.Name, p.Line, with)
	case "computed":
		return fmt.Sprintf("%s in line %d is made by a script%s: the page alone does not say whether it is there", p.Name, p.Line, with)
	}
	return "none in the page: its visitors are unverified, or a script adds it"
}
