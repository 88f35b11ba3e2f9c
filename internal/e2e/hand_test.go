package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Elements are found as people and their screen readers find them, by role and name,
// and are used with a real pointer and real keys.

// find looks for the visible element of a role and an accessible name; a name that
// ends with an asterisk is the beginning of one.
func (f frame) find(ctx context.Context, role, name string) (cdp.BackendNodeID, error) {
	found, err := f.all(ctx, role, name)
	if err != nil {
		return 0, err
	}
	for _, node := range found {
		if _, _, err := middle(ctx, node.BackendDOMNodeID); err == nil {
			return node.BackendDOMNodeID, nil
		}
	}
	return 0, fmt.Errorf("no %s named %q is to be seen", role, name)
}

func (f frame) all(ctx context.Context, role, name string) ([]*accessibility.Node, error) {
	world, err := f.world(ctx)
	if err != nil {
		return nil, err
	}
	root, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "document", ContextID: world})
	if err != nil {
		return nil, err
	}
	beginning, isBeginning := strings.CutSuffix(name, "*")
	query := accessibility.QueryAXTreeParams{ObjectID: root.Result.ObjectID, Role: role}
	if !isBeginning {
		query.AccessibleName = name
	}
	found, err := chromedp.Call(ctx, accessibility.QueryAXTree, query)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found.Nodes, func(node *accessibility.Node) bool {
		return node.Ignored || (isBeginning && !strings.HasPrefix(nameOf(node), beginning))
	}), nil
}

// focused says whether such an element has the keyboard.
func (f frame) focused(role, name string) bool {
	ctx, cancel := context.WithTimeout(f.tab.ctx, 5*time.Second)
	defer cancel()
	found, err := f.all(ctx, role, name)
	return err == nil && slices.ContainsFunc(found, func(node *accessibility.Node) bool {
		return slices.ContainsFunc(node.Properties, func(p *accessibility.Property) bool {
			return p.Name == accessibility.PropertyNameFocused && string(p.Value.Value) == "true"
		})
	})
}

func nameOf(node *accessibility.Node) string {
	if node.Name == nil {
		return ""
	}
	var name string
	_ = json.Unmarshal(node.Name.Value, &name)
	return strings.Join(strings.Fields(name), " ")
}

// middle is where to click an element; an error if it takes no room.
func middle(ctx context.Context, node cdp.BackendNodeID) (x, y float64, err error) {
	drawn, err := chromedp.Call(ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node})
	if err != nil {
		return 0, 0, err
	}
	for _, q := range drawn.Quads {
		if len(q) == 8 && q[2]-q[0] > 1 && q[5]-q[1] > 1 {
			return (q[0] + q[2] + q[4] + q[6]) / 4, (q[1] + q[3] + q[5] + q[7]) / 4, nil
		}
	}
	return 0, 0, errors.New("the element takes no room")
}

// has says whether such an element is to be seen right now.
func (f frame) has(role, name string) bool {
	ctx, cancel := context.WithTimeout(f.tab.ctx, 5*time.Second)
	defer cancel()
	_, err := f.find(ctx, role, name)
	return err == nil
}

// click waits for the element and clicks its middle.
func (f frame) click(role, name string) {
	f.tab.t.Helper()
	f.act(fmt.Sprintf("to click the %s %q", role, name), func(ctx context.Context) error { return f.clickOnce(ctx, role, name) })
}

// tryClick clicks the element if it is there right now.
func (f frame) tryClick(role, name string) {
	ctx, cancel := context.WithTimeout(f.tab.ctx, 5*time.Second)
	defer cancel()
	_ = f.clickOnce(ctx, role, name)
}

func (f frame) clickOnce(ctx context.Context, role, name string) error {
	node, err := f.find(ctx, role, name)
	if err != nil {
		return err
	}
	return f.clickNode(ctx, node)
}

// clickText clicks the innermost element that shows the words.
func (f frame) clickText(words string) {
	f.tab.t.Helper()
	quoted, _ := json.Marshal(words)
	expression := `[...document.querySelectorAll("body *")].findLast(e => e.checkVisibility() && e.textContent.includes(` + string(quoted) + `))`
	f.act(fmt.Sprintf("to click on %q", words), func(ctx context.Context) error {
		world, err := f.world(ctx)
		if err != nil {
			return err
		}
		found, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: expression, ContextID: world})
		if err != nil {
			return err
		}
		if found.Result.ObjectID == "" {
			return errors.New("nothing shows these words")
		}
		described, err := chromedp.Call(ctx, dom.DescribeNode, dom.DescribeNodeParams{ObjectID: found.Result.ObjectID})
		if err != nil {
			return err
		}
		return f.clickNode(ctx, described.Node.BackendNodeID)
	})
}

func (f frame) clickNode(ctx context.Context, node cdp.BackendNodeID) error {
	if _, err := chromedp.Call(ctx, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node}); err != nil {
		return err
	}
	x, y, err := middle(ctx, node)
	if err != nil {
		return err
	}
	if err := f.onTop(ctx, node); err != nil {
		return err
	}
	return chromedp.Do(ctx, chromedp.MouseClickXY(x, y))
}

// onTop refuses to click what something else of the document covers: the click would be the other's.
func (f frame) onTop(ctx context.Context, node cdp.BackendNodeID) error {
	world, err := f.world(ctx)
	if err != nil {
		return err
	}
	found, err := chromedp.Call(ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node, ExecutionContextID: world})
	if err != nil {
		return err
	}
	yes := true
	top, err := chromedp.Call(ctx, runtime.CallFunctionOn, runtime.CallFunctionOnParams{ObjectID: found.Object.ObjectID, ReturnByValue: &yes,
		FunctionDeclaration: `function () {
			const box = this.getBoundingClientRect();
			const hit = this.getRootNode().elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
			return !!hit && (this.contains(hit) || hit.contains(this));
		}`})
	if err != nil {
		return err
	}
	if string(top.Result.Value) != "true" {
		return errors.New("something covers it")
	}
	return nil
}

// write puts the caret into the field and types.
func (f frame) write(role, name, words string) {
	f.tab.t.Helper()
	f.act(fmt.Sprintf("to write into the %s %q", role, name), func(ctx context.Context) error {
		node, err := f.find(ctx, role, name)
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, dom.Focus, dom.FocusParams{BackendNodeID: node})
		return err
	})
	f.tab.types(words)
}

// act tries until it works: what people do when a page is not quite there yet.
func (f frame) act(what string, try func(context.Context) error) {
	f.tab.t.Helper()
	var last error
	until(f.tab.t, patience, func() bool {
		ctx, cancel := context.WithTimeout(f.tab.ctx, 5*time.Second)
		defer cancel()
		last = try(ctx)
		return last == nil
	}, func() string { return fmt.Sprintf("%s: %v", what, last) })
}

// types enters words where the caret is.
func (b *tab) types(words string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: words}); err != nil {
		b.t.Fatal(err)
	}
}

// key is one key of a keyboard.
type key struct {
	name, text string
	code       int64
}

var (
	enter  = key{"Enter", "\r", 13}
	escape = key{"Escape", "", 27}
	tabKey = key{"Tab", "", 9}
)

// press presses and releases a key.
func (b *tab) press(k key) {
	b.t.Helper()
	stroke := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: k.name, Code: k.name, WindowsVirtualKeyCode: k.code, Text: k.text}
	if k.text == "" {
		stroke.Type = input.DispatchKeyEventTypeRawKeyDown
	}
	for _, kind := range []input.DispatchKeyEventType{stroke.Type, input.DispatchKeyEventTypeKeyUp} {
		stroke.Type = kind
		if kind == input.DispatchKeyEventTypeKeyUp {
			stroke.Text = ""
		}
		if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, stroke); err != nil {
			b.t.Fatal(err)
		}
	}
}

// letter is a key that writes itself.
func letter(r rune) key { return key{string(r), string(r), int64(unicode.ToUpper(r))} }
