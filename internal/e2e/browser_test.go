package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a walk waits for something that it expects: generous, since
// two cores are shared with a race-built server. What must be quick is measured apart.
const patience = 20 * time.Second

// chromium is the one browser of the package, started by the first test that needs it.
var chromium struct {
	once  sync.Once
	ctx   context.Context
	close func()
	err   error
}

// needBrowser leaves the test out where SKIP names browsers, and otherwise fails it
// with what has to be there.
func needBrowser(t *testing.T) context.Context {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SKIP"), ","), "browser") {
		t.Skip("SKIP names browser: this walk was left out")
	}
	if _, err := os.Stat(filepath.Join("..", "..", "web", "dist", "manifest.json")); err != nil {
		t.Fatal("the faces are not built (web/dist/manifest.json is missing): run `make faces`")
	}
	chromium.once.Do(startChromium)
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	return chromium.ctx
}

func startChromium() { chromium.ctx, chromium.close, chromium.err = newChromium() }

// newChromium starts a browser, with whatever it needs beside what all of them do.
func newChromium(more ...chromedp.ExecAllocatorOption) (context.Context, func(), error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, nil, errors.New("no Chromium on this machine: `apt-get install chromium`, or leave the walks out with SKIP=browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.Flag("headless", "new"),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-component-update", true),
		// Every frame in its page's process, so that one protocol session sees them all. What pages may do to
		// one another is decided by origin all the same.
		chromedp.Flag("disable-site-isolation-trials", true),
		chromedp.Flag("disable-features", "Translate,IsolateOrigins,site-per-process"),
		chromedp.WindowSize(1280, 900),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	end := func() { cancel(); stop() }
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return ctx, end, nil
}

func closeChromium() {
	if chromium.close != nil {
		chromium.close()
	}
}

// person is somebody with a browser of their own: nothing that another person's
// browser keeps is in it.
type person struct {
	t    *testing.T
	name string
	ctx  context.Context
	tabs []*tab
	bad  bool // visits pages that throw by themselves
}

func meet(t *testing.T, name string) *person {
	t.Helper()
	return meetIn(t, needBrowser(t), name)
}

// meetIn meets somebody who uses that browser.
func meetIn(t *testing.T, browser context.Context, name string) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	p := &person{t: t, name: name, ctx: ctx}
	t.Cleanup(func() {
		p.expectNoException()
		if t.Failed() {
			p.keepEvidence()
		}
		for _, one := range p.tabs {
			one.cancel()
		}
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("a browser for %s: %v", name, err)
	}
	return p
}

// expectNoException: whatever a walk is about, no script of ours may have thrown on the way.
func (p *person) expectNoException() {
	for i, one := range p.tabs {
		for _, complaint := range one.complaints() {
			if !p.bad && strings.HasPrefix(complaint, "exception") {
				p.t.Errorf("%s's tab %d: %s", p.name, i+1, complaint)
			}
		}
	}
}

// keepEvidence leaves what the person last saw for whoever reads the failure.
func (p *person) keepEvidence() {
	dir, err := os.MkdirTemp("", "countersign-walk-")
	if err != nil {
		p.t.Log(err)
		return
	}
	for i, one := range p.tabs {
		ctx, cancel := context.WithTimeout(one.ctx, 5*time.Second)
		file := filepath.Join(dir, fmt.Sprintf("%s-%d.png", p.name, i+1))
		if shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil && os.WriteFile(file, shot, 0o600) == nil {
			p.t.Logf("%s's tab %d: %s", p.name, i+1, file)
		}
		cancel()
		p.t.Logf("%s's tab %d, page: %.600q", p.name, i+1, one.text())
		if text := one.messenger().text(); text != "" {
			p.t.Logf("%s's tab %d, messenger: %.1200q", p.name, i+1, text)
		}
		if complaints := one.complaints(); len(complaints) > 0 {
			p.t.Logf("%s's tab %d, the browser complained:\n%s", p.name, i+1, strings.Join(complaints, "\n"))
		}
	}
}

// tab is one page of a person's browser; as a frame it is the page itself.
type tab struct {
	frame
	t      *testing.T
	ctx    context.Context
	cancel func()
	mu     sync.Mutex
	said   []string // uncaught exceptions, and what the browser refused
}

// open opens an address in a new tab.
func (p *person) open(address string) *tab {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	one := &tab{t: p.t, ctx: ctx, cancel: cancel}
	one.frame = frame{tab: one, of: func(f *cdp.Frame) bool { return f.ParentID == "" }}
	p.tabs = append(p.tabs, one)
	err := chromedp.Do(ctx)
	if err == nil {
		err = chromedp.Listen(ctx, one.note)
	}
	if err == nil {
		_, err = chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	}
	if err != nil {
		p.t.Fatalf("a tab for %s: %v", p.name, err)
	}
	one.goTo(address)
	return one
}

func (b *tab) note(event any) {
	text := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		text = string(e.Entry.Source) + ": " + e.Entry.Text + " " + e.Entry.URL
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, text)
}

// complaints are the exceptions that nobody caught and the errors that the browser logged.
func (b *tab) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

func (b *tab) goTo(address string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		b.t.Fatalf("open %s: %v", address, err)
	}
}

func (b *tab) reload() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Reload()); err != nil {
		b.t.Fatalf("reload: %v", err)
	}
}

// back goes back in the tab's history, to a page that the browser may have kept as it was.
func (b *tab) back() {
	b.t.Helper()
	script[any](b, `history.back()`)
}

// messenger is the frame on our origin inside the page.
func (b *tab) messenger() frame {
	return frame{tab: b, of: func(f *cdp.Frame) bool { return f.ParentID != "" && strings.Contains(f.URL, "/frame/") }}
}

// script runs in the page's own world, as the page's own code would.
func script[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// frame is a document: found anew at every use, since it may have been replaced.
type frame struct {
	tab *tab
	of  func(*cdp.Frame) bool
}

// world is a place for our own scripts in the frame's document, out of reach of the
// scripts that run there.
func (f frame) world(ctx context.Context) (runtime.ExecutionContextID, error) {
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return 0, err
	}
	found := search(tree.FrameTree, f.of)
	if found == nil {
		return 0, errors.New("the frame is not there")
	}
	made, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: found.ID, WorldName: "walk"})
	return made.ExecutionContextID, err
}

func search(tree *page.FrameTree, of func(*cdp.Frame) bool) *cdp.Frame {
	if of(tree.Frame) {
		return tree.Frame
	}
	for _, child := range tree.ChildFrames {
		if found := search(child, of); found != nil {
			return found
		}
	}
	return nil
}

// evaluate reads the document; an error means that it is not there, or not yet.
func evaluate[T any](f frame, expression string) (value T, err error) {
	ctx, cancel := context.WithTimeout(f.tab.ctx, 5*time.Second)
	defer cancel()
	world, err := f.world(ctx)
	if err != nil {
		return value, err
	}
	yes := true
	result, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{
		Expression: expression, ContextID: world, ReturnByValue: &yes, AwaitPromise: &yes,
	})
	if err != nil {
		return value, err
	}
	if result.ExceptionDetails != nil {
		return value, fmt.Errorf("%s: %v", expression, result.ExceptionDetails)
	}
	if len(result.Result.Value) == 0 {
		return value, nil
	}
	return value, json.Unmarshal(result.Result.Value, &value)
}

// text is what a reader of the document sees; nothing while there is no document.
func (f frame) text() string {
	text, _ := evaluate[string](f, `document.body ? document.body.innerText : ""`)
	return text
}

// sees waits until a reader sees every one of these words.
func (f frame) sees(words ...string) {
	f.tab.t.Helper()
	f.seesWithin(patience, words...)
}

func (f frame) seesWithin(limit time.Duration, words ...string) {
	f.tab.t.Helper()
	text := ""
	until(f.tab.t, limit, func() bool {
		text = f.text()
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
	}, func() string { return fmt.Sprintf("to see %q in %.1500q", words, text) })
}

// losesSight waits until none of these words is seen any more.
func (f frame) losesSight(words ...string) {
	f.tab.t.Helper()
	text := ""
	until(f.tab.t, patience, func() bool {
		text = f.text()
		return !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
	}, func() string { return fmt.Sprintf("to see no more of %q in %.1500q", words, text) })
}

// seesNothingOf asserts what is seen right now.
func (f frame) seesNothingOf(words ...string) {
	f.tab.t.Helper()
	text := f.text()
	for _, word := range words {
		if strings.Contains(text, word) {
			f.tab.t.Errorf("%q is seen in %.1500q", word, text)
		}
	}
}

// until polls a condition and fails with what it last knew.
func until(t *testing.T, limit time.Duration, done func() bool, what func() string) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v %s", limit, what())
		}
		<-time.After(50 * time.Millisecond)
	}
}
