package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/identity"
	"countersign/internal/deliver"
	"countersign/internal/store/storetest"
	"countersign/internal/trust"
)

// Anybody may ask for a code, and type one, as often as they like. There is one turn at
// writing for all of the installation: what a stranger gets for nothing must not take it.
func TestAStrangersFloodOfCodesKeepsNobodyWaiting(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, b *brake) {
		h.TakeCodes()
		judged := 0
		no := func(trust.CodeRow, time.Time) bool { judged++; return false }
		quota := func(address string) trust.Quota { return trust.Quota{Name: "wrong:" + address, Day: 20} }
		limits := trust.CodeLimits{Asked: []trust.Quota{{Name: "network:x", Hour: 2}}}
		put := func(ctx context.Context, name string, withheld bool) error {
			now, err := h.DB.Now(h.Context())
			if err != nil {
				t.Fatal(err)
			}
			asker := trust.Asker{ID: "att_" + name, Workspace: storetest.Main, Channel: h.Channel.ID}
			code := trust.CodeRow{
				ID: h.ID("cod"), Asker: asker, Realm: storetest.Main, Address: name, Sealed: []byte("s"), Tag: []byte("tag"), CreatedAt: now, ExpiresAt: now.Add(identity.CodeLife),
			}
			l := limits
			if withheld {
				l.Mailed = []trust.Quota{{Name: "network:x", Hour: 1}}
			}
			return h.DB.PutCode(ctx, code, l, deliver.Letter{
				ID: h.ID("ltr"), Workspace: storetest.Main, Kind: deliver.CodeLetter, Ref: code.ID, State: deliver.Waiting, NextAt: now, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			})
		}
		try := func(ctx context.Context, name string) error {
			return h.DB.TryCode(ctx, trust.Asker{ID: "att_" + name, Workspace: storetest.Main, Channel: h.Channel.ID}, quota, no)
		}
		for _, name := range []string{"a-mailed", "b-withheld"} {
			if err := put(t.Context(), name, name == "b-withheld"); err != nil {
				t.Fatal(err)
			}
			for range identity.CodeTries {
				if err := try(t.Context(), name); err != nil {
					t.Fatal(err)
				}
			}
		}
		judged = 0
		release := b.hold(h)
		defer release()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for i := range 5 {
			for _, name := range []string{fmt.Sprint("nobody-", i), "a-mailed", "b-withheld"} {
				if err := try(ctx, name); err != nil {
					t.Errorf("a try by %s waits for its turn at writing: %v", name, err)
				}
			}
			if err := put(ctx, "c", false); !errors.Is(err, trust.ErrAskedTooOften) {
				t.Errorf("asking beyond the limit waits for its turn at writing: %v", err)
			}
		}
		if judged != 15 {
			t.Errorf("%d of 15 tries were judged", judged)
		}
	})
}
