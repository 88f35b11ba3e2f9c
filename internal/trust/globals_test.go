package trust_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/event"
	"countersign/internal/trust"
)

func TestPagesSpeakOnlyWhatALiveKeySpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		expect := func(when, names string, keyless bool) {
			t.Helper()
			got, none, err := h.gate.Globals(t.Context(), h.street[0])
			slices.Sort(got)
			if err != nil || fmt.Sprint(got) != names || none != keyless {
				t.Errorf("%s: %v, keyless %v, %v", when, got, none, err)
			}
		}
		expect("no key yet", "[]", true)
		h.key(t, trust.KeyDraft{Dialect: "intercom"})
		h.key(t, trust.KeyDraft{Dialect: "intercom-jwt"})
		expect("two keys of one system", "[intercom]", false)
		pylon, _ := h.key(t, trust.KeyDraft{Dialect: "pylon"})
		expect("of two", "[intercom pylon]", false)
		if _, err := h.keys.Revoke(t.Context(), root, pylon.ID, time.Time{}); err != nil {
			t.Fatal(err)
		}
		h.beat()
		expect("one revoked", "[intercom]", false)

		h = newHouse(t)
		only, _ := h.key(t, trust.KeyDraft{Dialect: "pylon"})
		if _, err := h.keys.Revoke(t.Context(), root, only.ID, time.Time{}); err != nil {
			t.Fatal(err)
		}
		h.beat()
		expect("all dead", "[]", false)

		h = newHouse(t)
		old, _ := h.key(t, trust.KeyDraft{Dialect: "pylon"})
		if _, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: old.ID, Overlap: time.Hour}); err != nil {
			t.Fatal(err)
		}
		h.beat()
		expect("rotated", "[pylon]", false)
		time.Sleep(2 * time.Second)
		if _, _, err := h.gate.Globals(t.Context(), h.street[0]); !errors.Is(err, event.ErrStale) {
			t.Errorf("a stale node: %v", err)
		}
	})
}
