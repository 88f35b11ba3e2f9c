package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/internal/audit"
	"countersign/internal/store/storetest"
	"countersign/internal/trust"
)

func TestASiteThatNobodyConfirmsLapsesSQLite(t *testing.T) { walkLapse(t, sqlite) }

func TestASiteThatNobodyConfirmsLapsesPostgres(t *testing.T) { walkLapse(t, postgres) }

// walkLapse lets a week pass over a registration that waits: no yes counts any more, the
// answer that a person gave too late changes nothing, and its secret goes with the next sweep.
func walkLapse(t *testing.T, fresh func(testing.TB) storetest.Database) {
	h := storetest.NewHouse(t, fresh(t))
	r := h.Arriving(h.NewRegistration())
	if err := h.DB.UseRegistration(t.Context(), r, h.Draft(audit.RegistrationUsed, r.ID)); err != nil {
		t.Fatal(err)
	}
	if err := h.DB.Inside(t.Context(), fmt.Sprintf(`UPDATE registrations SET used_at = used_at - %d WHERE id = '%s'`, (trust.ConfirmWithin+time.Hour).Microseconds(), r.ID)); err != nil {
		t.Fatal(err)
	}
	if err := h.DB.ConfirmRegistration(t.Context(), h.Confirming(r, h.Draft(audit.RegistrationConfirmed, r.ID))); !errors.Is(err, trust.ErrRegistrationState) {
		t.Errorf("confirmed: %v", err)
	}
	if err := h.DB.RefuseRegistration(t.Context(), storetest.Main, r.ID, h.Draft(audit.RegistrationRefused, r.ID)); !errors.Is(err, trust.ErrRegistrationState) {
		t.Errorf("refused: %v", err)
	}
	waits := h.Arriving(h.NewRegistration())
	if err := h.DB.UseRegistration(t.Context(), waits, h.Draft(audit.RegistrationUsed, waits.ID)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if n, err := h.DB.EndLapsed(t.Context(), h.Now); n != want || err != nil {
			t.Errorf("%d secrets destroyed, want %d; %v", n, want, err)
		}
	}
	if got, err := h.DB.Registration(t.Context(), storetest.Main, waits.ID); err != nil || len(got.Sealed) == 0 {
		t.Errorf("the secret of one that waits is gone: %v", err)
	}
	got, err := h.DB.Registration(t.Context(), storetest.Main, r.ID)
	if err != nil || got.State(h.Now) != trust.RegistrationLapsed || len(got.Sealed) != 0 {
		t.Errorf("%s with %d sealed bytes, %v", got.State(h.Now), len(got.Sealed), err)
	}
}
