package workspace_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/workspace"
)

// shelf is the store in memory, and counts who asked.
type shelf struct {
	channels []workspace.Channel
	drafts   []audit.Draft
	asked    int
}

func (s *shelf) CodeSessions(context.Context, string, string, time.Time) (int, error) { return 3, nil }

func (s *shelf) SetEmailCode(_ context.Context, ws, id string, allowed bool, draft audit.Draft) (int, error) {
	for i, c := range s.channels {
		if c.Workspace == ws && c.ID == id {
			s.channels[i].EmailCode, s.drafts = allowed, append(s.drafts, draft)
			return 0, nil
		}
	}
	return 0, workspace.ErrNotFound
}

func (s *shelf) CreateWorkspace(context.Context, string, string, time.Time) error { return nil }

func (s *shelf) CreateChannel(_ context.Context, c workspace.Channel, draft audit.Draft) error {
	for _, other := range s.channels {
		for _, name := range append([]string{c.Slug}, c.Aliases...) {
			if other.Slug == name || slices.Contains(other.Aliases, name) {
				return workspace.ErrTaken
			}
		}
	}
	s.channels, s.drafts = append(s.channels, c), append(s.drafts, draft)
	return nil
}

func (s *shelf) ChannelByName(_ context.Context, name string) (workspace.Channel, error) {
	s.asked++
	for _, c := range s.channels {
		if c.Slug == name || slices.Contains(c.Aliases, name) {
			return c, nil
		}
	}
	return workspace.Channel{}, workspace.ErrNotFound
}

func (s *shelf) Channel(_ context.Context, ws, id string) (workspace.Channel, error) {
	for _, c := range s.channels {
		if c.Workspace == ws && c.ID == id {
			return c, nil
		}
	}
	return workspace.Channel{}, workspace.ErrNotFound
}

func (s *shelf) Channels(_ context.Context, ws string) (out []workspace.Channel, err error) {
	for _, c := range s.channels {
		if c.Workspace == ws {
			out = append(out, c)
		}
	}
	return out, nil
}

func (s *shelf) UpdateChannel(_ context.Context, c workspace.Channel, draft audit.Draft) error {
	for i := range s.channels {
		if s.channels[i].ID == c.ID {
			s.channels[i] = c
		}
	}
	s.drafts = append(s.drafts, draft)
	return nil
}

func (s *shelf) SetEnforcement(_ context.Context, ws string, change workspace.EnforcementChange, _ time.Time, draft audit.Draft) (int, error) {
	for i := range s.channels {
		if s.channels[i].ID == change.Channel {
			s.channels[i].Platforms = maps.Clone(s.channels[i].Platforms)
			s.channels[i].Platforms[change.Platform] = change.To
		}
	}
	s.drafts = append(s.drafts, draft)
	return 3, nil
}

var (
	root  = policy.ForSystem("main", "cli:root")
	owner = policy.ForAgent("main", "agt_1", "lgn_1", policy.Owner)
)

func fixture(t *testing.T) (*shelf, *event.Pulse, *workspace.Directory) {
	t.Helper()
	store, pulse := &shelf{}, new(event.Pulse)
	return store, pulse, workspace.New(store, pulse)
}

func mustCreate(t *testing.T, d *workspace.Directory, who policy.Principal, wish workspace.Creation) workspace.Channel {
	t.Helper()
	channel, err := d.Create(t.Context(), who, wish)
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

func TestASwitchElsewhereIsNeverServedFromMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, pulse, d := fixture(t)
		mustCreate(t, d, root, workspace.Creation{Slug: "shop", Aliases: []string{"abc123"}})
		if _, err := d.ByName(t.Context(), "shop"); !errors.Is(err, event.ErrStale) {
			t.Fatalf("before the first beat: %v", err)
		}
		pulse.Observe(event.Head{Epoch: 1}, time.Now())
		for range 5 {
			if _, err := d.ByName(t.Context(), "shop"); err != nil {
				t.Fatal(err)
			}
		}
		if store.asked != 1 {
			t.Errorf("the store was asked %d times in one epoch", store.asked)
		}
		store.channels[0].Platforms = map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce}
		pulse.Observe(event.Head{Epoch: 2}, time.Now())
		if c, _ := d.ByName(t.Context(), "shop"); c.Platforms[policy.Web] != policy.Enforce {
			t.Error("the epoch moved and the old switch was served")
		}
		if c, _ := d.ByName(t.Context(), "abc123"); c.Slug != "shop" {
			t.Error("an alias names its channel")
		}
		time.Sleep(event.Freshness + time.Millisecond)
		if _, err := d.ByName(t.Context(), "shop"); !errors.Is(err, event.ErrStale) {
			t.Fatalf("a second after the last beat: %v", err)
		}
	})
}

func TestInventedNamesFillNoMemoryAndReachNoQuery(t *testing.T) {
	store, pulse, d := fixture(t)
	pulse.Observe(event.Head{Epoch: 1}, time.Now())
	for _, name := range []string{"", "a b", "a'--", strings.Repeat("x", 65), "../x", "ünï", "a\x00"} {
		if _, err := d.ByName(t.Context(), name); !errors.Is(err, workspace.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if store.asked != 0 {
		t.Errorf("%d names that cannot be reached the store", store.asked)
	}
}

func TestAnotherWorkspacesChannelIsNotFound(t *testing.T) {
	_, _, d := fixture(t)
	channel := mustCreate(t, d, root, workspace.Creation{Slug: "shop"})
	thief := policy.ForAgent("other", "agt_9", "lgn_9", policy.Owner)
	_, byID := d.Get(t.Context(), thief, channel.ID)
	_, byName := d.Find(t.Context(), thief, "shop")
	update := d.Update(t.Context(), thief, workspace.Channel{ID: channel.ID, Workspace: "main", Name: "mine"})
	_, enforce := d.SetEnforcement(t.Context(), thief, workspace.EnforcementChange{Channel: channel.ID, Platform: policy.Web, To: policy.Off})
	for name, err := range map[string]error{"get": byID, "find": byName, "update": update, "enforce": enforce} {
		if !errors.Is(err, workspace.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, _ := d.List(t.Context(), thief); len(all) != 0 {
		t.Errorf("list shows %v", all)
	}
}

func TestRightsAreAskedFirst(t *testing.T) {
	store, _, d := fixture(t)
	channel := mustCreate(t, d, root, workspace.Creation{Slug: "shop"})
	before := len(store.drafts)
	visitor := policy.ForVisitor("main", "ses_1")
	agent := policy.ForAgent("main", "agt_2", "lgn_2", policy.AgentR)
	admin := policy.ForAgent("main", "agt_3", "lgn_3", policy.Admin)
	for name, err := range map[string]error{
		"nobody reads":                  second(d.Get(t.Context(), policy.Principal{}, channel.ID)),
		"a visitor reads":               second(d.Get(t.Context(), visitor, channel.ID)),
		"a visitor lists":               second(d.List(t.Context(), visitor)),
		"a visitor finds":               second(d.Find(t.Context(), visitor, "shop")),
		"an agent creates":              second(d.Create(t.Context(), agent, workspace.Creation{Slug: "x"})),
		"an agent updates":              d.Update(t.Context(), agent, channel),
		"an admin lowers enforcement":   second(d.SetEnforcement(t.Context(), admin, workspace.EnforcementChange{Channel: channel.ID, Platform: policy.Web, To: policy.Off})),
		"an admin begins with it off":   second(d.Create(t.Context(), admin, workspace.Creation{Slug: "x", Platforms: onWeb(policy.Off)})),
		"an agent makes a workspace":    d.Ensure(t.Context(), owner, "x"),
		"a token says whose people":     second(d.Create(t.Context(), policy.ForToken("main", "tok_1", []policy.Right{policy.ManageChannels}), workspace.Creation{Slug: "x", SamePeople: true})),
		"a token without its scope":     second(d.List(t.Context(), policy.ForToken("main", "tok_1", []policy.Right{policy.ReadAudit}))),
		"an auditor sets the greetings": d.Update(t.Context(), policy.ForAgent("main", "a", "l", policy.Auditor), channel),
	} {
		if !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(store.drafts) != before {
		t.Errorf("a refused change was recorded as done: %v", store.drafts[before:])
	}
}

func onWeb(e policy.Enforcement) map[policy.Platform]policy.Enforcement {
	return map[policy.Platform]policy.Enforcement{policy.Web: e}
}

func second[T any](_ T, err error) error { return err }

func TestAnotherProductsUserIDsMeanOtherPeople(t *testing.T) {
	_, _, d := fixture(t)
	first := mustCreate(t, d, root, workspace.Creation{Slug: "shop"})
	other := mustCreate(t, d, root, workspace.Creation{Slug: "blog"})
	same := mustCreate(t, d, root, workspace.Creation{Slug: "app", SamePeople: true, Platforms: map[policy.Platform]policy.Enforcement{policy.IOS: "", policy.Android: ""}})
	tricky := mustCreate(t, d, root, workspace.Creation{Slug: "main"})
	token := policy.ForToken("main", "tok_1", []policy.Right{policy.ManageChannels})
	registered := mustCreate(t, d, token, workspace.Creation{Slug: "plugin"})
	if first.Realm != "main" || same.Realm != "main" {
		t.Errorf("realms %q, %q: web and apps of one product share the workspace's", first.Realm, same.Realm)
	}
	for _, c := range []workspace.Channel{other, tricky, registered} {
		if c.Realm == "main" || c.Realm != c.ID {
			t.Errorf("%s has the realm %q", c.Slug, c.Realm)
		}
	}
	_, _, empty := fixture(t)
	if c := mustCreate(t, empty, token, workspace.Creation{Slug: "plugin"}); c.Realm != c.ID {
		t.Errorf("the first channel, registered by a token, has the realm %q", c.Realm)
	}
}

func TestANewChannelObservesOnTheWeb(t *testing.T) {
	store, _, d := fixture(t)
	c := mustCreate(t, d, owner, workspace.Creation{Slug: "shop", Aliases: []string{"shop", "old", "old"}})
	if len(c.Platforms) != 1 || c.Platforms[policy.Web] != policy.Observe || c.Name != "shop" || c.MinimumTier != policy.Anonymous || !slices.Equal(c.Aliases, []string{"old"}) {
		t.Errorf("%+v", c)
	}
	draft := store.drafts[0]
	if draft.Action != audit.ChannelCreated || draft.Actor != "agent:agt_1" || draft.Channel != c.ID || draft.Detail["enforcement"] != "web=observe" {
		t.Errorf("recorded %+v", draft)
	}
	if _, err := d.Create(t.Context(), owner, workspace.Creation{Slug: "new", Aliases: []string{"old"}}); !errors.Is(err, workspace.ErrTaken) {
		t.Errorf("an alias that names another channel: %v", err)
	}
}

func TestEnforcementIsRecordedWithWhatItWas(t *testing.T) {
	store, _, d := fixture(t)
	c := mustCreate(t, d, owner, workspace.Creation{Slug: "shop"})
	set := func(platform policy.Platform, to policy.Enforcement) (int, error) {
		return d.SetEnforcement(t.Context(), owner, workspace.EnforcementChange{Channel: c.ID, Platform: platform, To: to})
	}
	ended, err := set(policy.Web, policy.Enforce)
	if err != nil || ended != 3 {
		t.Fatalf("%d, %v", ended, err)
	}
	draft := store.drafts[1]
	if want := map[string]string{"platform": "web", "from": "observe", "to": "enforce"}; draft.Action != audit.EnforcementSet || !maps.Equal(draft.Detail, want) {
		t.Errorf("recorded %+v", draft)
	}
	for _, err := range []error{
		second(set(policy.IOS, policy.Enforce)),
		second(set(policy.Web, "")),
		second(set(policy.Web, "ENFORCE")),
	} {
		if !errors.Is(err, workspace.ErrInvalid) {
			t.Errorf("%v", err)
		}
	}
}

func TestUpdateKeepsWhatItMayNotChange(t *testing.T) {
	store, _, d := fixture(t)
	c := mustCreate(t, d, owner, workspace.Creation{Slug: "shop"})
	err := d.Update(t.Context(), owner, workspace.Channel{
		ID: c.ID, Realm: "stolen", Slug: "stolen", Platforms: onWeb(policy.Off),
		Name: " Shop ", Origins: []string{"HTTPS://Shop.Example:443", "https://shop.example"}, MinimumTier: policy.Verified,
		Appearance: workspace.Appearance{Accent: "#AABBCC", Team: "Zoë & Co", Greeting: "Hi 👩‍🚀"},
	})
	if err != nil {
		t.Fatal(err)
	}
	after, _ := d.Get(t.Context(), owner, c.ID)
	if after.Realm != c.Realm || after.Slug != c.Slug || after.Platforms[policy.Web] != policy.Observe || after.Name != "Shop" ||
		!slices.Equal(after.Origins, []string{"https://shop.example"}) || after.Appearance.Accent != "#aabbcc" {
		t.Errorf("%+v", after)
	}
	if detail := store.drafts[1].Detail; detail["minimum_tier"] != "verified" || detail["minimum_tier_was"] != "anonymous" || detail["origins"] != "https://shop.example" {
		t.Errorf("recorded %v", detail)
	}
}

func TestValuesThatNoChannelCanHave(t *testing.T) {
	_, _, d := fixture(t)
	good := workspace.Creation{Slug: "shop"}
	for name, spoil := range map[string]func(*workspace.Creation){
		"slug with a blank":    func(c *workspace.Creation) { c.Slug = "a b" },
		"no slug":              func(c *workspace.Creation) { c.Slug = "" },
		"alias with a slash":   func(c *workspace.Creation) { c.Aliases = []string{"a/b"} },
		"too many aliases":     func(c *workspace.Creation) { c.Aliases = manyNames(21) },
		"name with a break":    func(c *workspace.Creation) { c.Name = "a\r\nX-Header: b" },
		"name turned round":    func(c *workspace.Creation) { c.Name = "a\u202eb" },
		"name of broken bytes": func(c *workspace.Creation) { c.Name = "\xff" },
		"name too long":        func(c *workspace.Creation) { c.Name = strings.Repeat("x", 101) },
		"unknown platform": func(c *workspace.Creation) {
			c.Platforms = map[policy.Platform]policy.Enforcement{"desktop": policy.Observe}
		},
		"unknown enforcement": func(c *workspace.Creation) { c.Platforms = onWeb("strict") },
		"unknown tier":        func(c *workspace.Creation) { c.MinimumTier = "gold" },
		"accent with style":   func(c *workspace.Creation) { c.Appearance.Accent = "#aabbcc;background:url(//x)" },
		"accent by name":      func(c *workspace.Creation) { c.Appearance.Accent = "red" },
		"origin with a path":  func(c *workspace.Creation) { c.Origins = []string{"https://a.example/x"} },
	} {
		wish := good
		spoil(&wish)
		if _, err := d.Create(t.Context(), root, wish); !errors.Is(err, workspace.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("n", i))
	}
	return names
}
