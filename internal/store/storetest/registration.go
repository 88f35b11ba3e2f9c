package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// NewRegistration writes an open one.
func (h *House) NewRegistration() trust.Registration {
	h.Helper()
	r := trust.Registration{ID: h.ID("reg"), Workspace: Main, TokenHash: h.Hash(), CreatedBy: "cli:test", CreatedAt: h.Now, ExpiresAt: h.Now.Add(30 * time.Minute)}
	h.must(h.DB.AddRegistration(h.ctx(), r, h.Draft(audit.RegistrationCreated, r.ID)))
	return r
}

// Arriving is what a site makes of it.
func (h *House) Arriving(r trust.Registration) trust.Registration {
	r.Site, r.Name, r.Software, r.Network = "https://blog.example", "The blog", "WordPress/6.1", "192.0.2.1"
	r.Slug, r.Channel, r.Key, r.Sealed, r.ReceiptHash = h.ID("blog"), h.ID("chn"), h.ID("key"), []byte("sealed"), h.Hash()
	return r
}

// Confirming is a yes to a registration that waits.
func (h *House) Confirming(r trust.Registration, drafts ...audit.Draft) trust.Confirmation {
	channel := workspace.Channel{
		ID: r.Channel, Workspace: r.Workspace, Slug: r.Slug, Name: r.Name, Realm: r.Channel,
		Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Observe}, CreatedAt: h.Now,
	}
	key := h.KeyRow(channel, "pending")
	key.ID = r.Key
	return trust.Confirmation{Registration: r.ID, By: "cli:test", Channel: channel, Key: key, Drafts: drafts}
}

func (h *House) waiting() trust.Registration {
	h.Helper()
	r := h.Arriving(h.NewRegistration())
	h.must(h.DB.UseRegistration(h.ctx(), r, h.Draft(audit.RegistrationUsed, r.ID)))
	return r
}

func (h *House) standing(r trust.Registration) trust.RegistrationState {
	h.Helper()
	got, err := h.DB.Registration(h.ctx(), r.Workspace, r.ID)
	h.must(err)
	return got.State(h.Now)
}

var registrationTests = []test{
	{"a registration comes back as it was written, at every step", func(h *House) {
		r := h.NewRegistration()
		same(h, "state", h.standing(r), trust.RegistrationOpen)
		used := h.Arriving(r)
		h.must(h.DB.UseRegistration(h.ctx(), used, h.Draft(audit.RegistrationUsed, r.ID)))
		got, err := h.DB.RegistrationByReceipt(h.ctx(), used.ReceiptHash)
		h.must(err)
		same(h, "state", got.State(h.Now), trust.RegistrationWaiting)
		same(h, "site", got.Site+got.Name+got.Software+got.Network+got.Slug+got.Channel+got.Key+string(got.Sealed),
			used.Site+used.Name+used.Software+used.Network+used.Slug+used.Channel+used.Key+string(used.Sealed))
		epoch := h.Head().Epoch
		h.must(h.DB.ConfirmRegistration(h.ctx(), h.Confirming(used, h.Draft(audit.RegistrationConfirmed, r.ID))))
		if h.Head().Epoch <= epoch {
			h.Fatal("the epoch did not rise")
		}
		got, err = h.DB.RegistrationByToken(h.ctx(), r.TokenHash)
		h.must(err)
		same(h, "state", got.State(h.Now), trust.RegistrationConfirmed)
		same(h, "secret", len(got.Sealed), 0)
		same(h, "by", got.DecidedBy, "cli:test")
		channel, err := h.DB.ChannelByName(h.ctx(), used.Slug)
		h.must(err)
		same(h, "realm", channel.Realm, used.Channel)
		ring, err := h.DB.Ring(h.ctx(), Main, used.Channel)
		h.must(err)
		same(h, "keys", len(ring.Keys), 1)
		ring.Keys[0].State = "revoked"
		_, err = h.DB.SwapRing(h.ctx(), trust.RingChange{Workspace: Main, Channel: used.Channel, Version: ring.Version, Keys: ring.Keys}, h.Now)
		h.must(err)
		same(h, "after its key", h.standing(r), trust.RegistrationEnded)
	}},
	{"of many who bring one token, on two nodes, one wins", func(h *House) {
		r, second := h.NewRegistration(), h.Open(h)
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for i := range 12 {
			claim := h.Arriving(r)
			wg.Go(func() {
				db := h.DB
				if i%2 == 1 {
					db = second
				}
				switch err := db.UseRegistration(h.ctx(), claim, h.Draft(audit.RegistrationUsed, r.ID)); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, trust.ErrRegistrationRefused):
					lost.Add(1)
				default:
					h.Error(err)
				}
			})
		}
		wg.Wait()
		same(h, "won", won.Load(), 1)
		same(h, "lost", lost.Load(), 11)
		same(h, "records", len(h.recorded(audit.RegistrationUsed)), 1)
	}},
	{"a yes and a no at once: one counts, and a no leaves nothing", func(h *House) {
		r := h.waiting()
		var yes, no error
		var wg sync.WaitGroup
		c := h.Confirming(r, h.Draft(audit.RegistrationConfirmed, r.ID))
		wg.Go(func() { yes = h.DB.ConfirmRegistration(h.ctx(), c) })
		wg.Go(func() { no = h.DB.RefuseRegistration(h.ctx(), Main, r.ID, h.Draft(audit.RegistrationRefused, r.ID)) })
		wg.Wait()
		if (yes == nil) == (no == nil) {
			h.Fatalf("yes %v, no %v", yes, no)
		}
		_, err := h.DB.ChannelByName(h.ctx(), r.Slug)
		same(h, "there is a channel", err == nil, yes == nil)
	}},
	{"what ended by itself is not used", func(h *House) {
		late := trust.Registration{ID: h.ID("reg"), Workspace: Main, TokenHash: h.Hash(), CreatedBy: "cli:test", CreatedAt: h.Now.Add(-time.Hour), ExpiresAt: h.Now.Add(-time.Second)}
		h.must(h.DB.AddRegistration(h.ctx(), late, h.Draft(audit.RegistrationCreated, late.ID)))
		h.is(h.DB.UseRegistration(h.ctx(), h.Arriving(late), h.Draft(audit.RegistrationUsed, late.ID)), trust.ErrRegistrationRefused)
		same(h, "late", h.standing(late), trust.RegistrationExpired)
		h.is(h.DB.RefuseRegistration(h.ctx(), Main, late.ID, h.Draft(audit.RegistrationRefused, late.ID)), trust.ErrRegistrationState)
	}},
	{"a token ends with its maker, and with the maker's role", func(h *House) {
		for _, end := range []func(id string) error{
			func(id string) error {
				return h.DB.RemoveAgent(h.ctx(), Main, id, h.Now, h.Draft(audit.AgentRemoved, id))
			},
			func(id string) error {
				return h.DB.SetRole(h.ctx(), Main, id, policy.Admin, h.Now, h.Draft(audit.AgentChanged, id))
			},
		} {
			agent, _ := h.NewAgent(h.ID("x")+"@example.com", policy.Security)
			r := trust.Registration{ID: h.ID("reg"), Workspace: Main, TokenHash: h.Hash(), CreatedBy: "agent:" + agent.ID, CreatedAt: h.Now, ExpiresAt: h.Now.Add(time.Minute)}
			h.must(h.DB.AddRegistration(h.ctx(), r, h.Draft(audit.RegistrationCreated, r.ID)))
			h.must(end(agent.ID))
			h.is(h.DB.UseRegistration(h.ctx(), h.Arriving(r), h.Draft(audit.RegistrationUsed, r.ID)), trust.ErrRegistrationRefused)
		}
		token := team.Token{ID: h.ID("tok"), TokenHash: h.Hash(), Workspace: Main, Name: "t", CreatedAt: h.Now}
		h.must(h.DB.AddToken(h.ctx(), token, h.Draft(audit.TokenCreated, token.ID)))
		r := trust.Registration{ID: h.ID("reg"), Workspace: Main, TokenHash: h.Hash(), CreatedBy: "token:" + token.ID, CreatedAt: h.Now, ExpiresAt: h.Now.Add(time.Minute)}
		h.must(h.DB.AddRegistration(h.ctx(), r, h.Draft(audit.RegistrationCreated, r.ID)))
		h.must(h.DB.RevokeToken(h.ctx(), Main, token.ID, h.Now, h.Draft(audit.TokenRevoked, token.ID)))
		h.is(h.DB.UseRegistration(h.ctx(), h.Arriving(r), h.Draft(audit.RegistrationUsed, r.ID)), trust.ErrRegistrationRefused)
	}},
	{"a secret that exists is not confirmed again, nor a name that is taken", func(h *House) {
		r := h.waiting()
		c := h.Confirming(r, h.Draft(audit.RegistrationConfirmed, r.ID))
		c.Key.Fingerprint = h.Key.Fingerprint
		h.is(h.DB.ConfirmRegistration(h.ctx(), c), trust.ErrSecretInUse)
		c = h.Confirming(r, h.Draft(audit.RegistrationConfirmed, r.ID))
		c.Channel.Slug = h.Channel.Slug
		h.is(h.DB.ConfirmRegistration(h.ctx(), c), workspace.ErrTaken)
		same(h, "it waits on", h.standing(r), trust.RegistrationWaiting)
	}},
	{"a workspace has only so many open at once", func(h *House) {
		for range trust.MaxRegistrations {
			h.NewRegistration()
		}
		r := trust.Registration{ID: h.ID("reg"), Workspace: Main, TokenHash: h.Hash(), CreatedBy: "cli:test", CreatedAt: h.Now, ExpiresAt: h.Now.Add(time.Minute)}
		h.is(h.DB.AddRegistration(h.ctx(), r, h.Draft(audit.RegistrationCreated, r.ID)), trust.ErrLimited)
	}},
}
