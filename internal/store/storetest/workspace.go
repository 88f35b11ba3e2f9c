package storetest

import (
	"errors"
	"reflect"
	"sync"
	"sync/atomic"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

var workspaceTests = []test{
	{"a channel comes back as it was written, by slug, alias and id", func(h *House) {
		want := h.Channel
		for _, name := range append([]string{want.Slug}, want.Aliases...) {
			got, err := h.DB.ChannelByName(h.ctx(), name)
			h.must(err)
			if !reflect.DeepEqual(got, want) {
				h.Fatalf("by %s: got %+v, want %+v", name, got, want)
			}
		}
		got, err := h.DB.Channel(h.ctx(), Main, want.ID)
		h.must(err)
		if !reflect.DeepEqual(got, want) {
			h.Fatalf("by id: got %+v, want %+v", got, want)
		}
		_, err = h.DB.ChannelByName(h.ctx(), "nobody")
		h.is(err, workspace.ErrNotFound)
	}},
	{"of two who want one name at the same time, one gets it", func(h *House) {
		second := h.Open(h)
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				db := h.DB
				if i%2 == 1 {
					db = second
				}
				channel := workspace.Channel{ID: h.ID("chn"), Workspace: Main, Slug: "wanted", Name: "x", Realm: Main, CreatedAt: h.Now}
				err := db.CreateChannel(h.ctx(), channel, h.Draft(audit.ChannelCreated, channel.ID))
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, workspace.ErrTaken):
					lost.Add(1)
				default:
					h.Error(err)
				}
			})
		}
		wg.Wait()
		same(h, "won", won.Load(), 1)
		same(h, "lost", lost.Load(), 7)
	}},
	{"an alias is a name like any other", func(h *House) {
		channel := workspace.Channel{ID: h.ID("chn"), Workspace: Other, Slug: "new", Aliases: []string{"shop-alias"}, Name: "x", CreatedAt: h.Now}
		h.is(h.DB.CreateChannel(h.ctx(), channel, h.Draft(audit.ChannelCreated, "")), workspace.ErrTaken)
		_, err := h.DB.ChannelByName(h.ctx(), "new")
		h.is(err, workspace.ErrNotFound)
	}},
	{"an update changes what it may and raises the epoch", func(h *House) {
		head := h.Head()
		changed := h.Channel
		changed.Name, changed.Origins, changed.MinimumTier, changed.Appearance.Team = "New", nil, policy.Verified, "Them"
		changed.Slug, changed.Realm = "other-slug", "other-realm"
		h.must(h.DB.UpdateChannel(h.ctx(), changed, h.Draft(audit.ChannelChanged, changed.ID)))
		got, err := h.DB.Channel(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		changed.Slug, changed.Realm = h.Channel.Slug, h.Channel.Realm
		if !reflect.DeepEqual(got, changed) {
			h.Fatalf("got %+v, want %+v", got, changed)
		}
		if h.Head().Epoch <= head.Epoch {
			h.Fatal("the epoch did not rise")
		}
	}},
	{"the installation is named once", func(h *House) {
		h.must(h.DB.PutInstallation(h.ctx(), "ins_1", []byte{1}))
		h.must(h.DB.PutInstallation(h.ctx(), "ins_2", []byte{2}))
		id, root, err := h.DB.Installation(h.ctx())
		h.must(err)
		same(h, "id", id, "ins_1")
		same(h, "root", string(root), "\x01")
		h.must(h.DB.SwapRoot(h.ctx(), []byte{1}, []byte{3}, h.Draft(audit.MasterRewrapped, "")))
		if err := h.DB.SwapRoot(h.ctx(), []byte{1}, []byte{4}, h.Draft(audit.MasterRewrapped, "")); !errors.Is(err, trust.ErrConflict) {
			h.Fatalf("a root that was swapped already was swapped again: %v", err)
		}
		_, root, err = h.DB.Installation(h.ctx())
		h.must(err)
		same(h, "the winner's root", string(root), "\x03")
		mark, err := h.DB.Marked(h.ctx(), "demo")
		h.must(err)
		same(h, "no mark", mark, "")
		h.must(h.DB.Mark(h.ctx(), "demo", "yes"))
		mark, err = h.DB.Marked(h.ctx(), "demo")
		h.must(err)
		same(h, "mark", mark, "yes")
	}},
}
