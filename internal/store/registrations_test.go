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
// answer that a person gave too late changes nothing, and its secret goes with the next
// token that is made.
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
	h.NewRegistration()
	got, err := h.DB.Registration(t.Context(), storetest.Main, r.ID)
	if err != nil || got.State(h.Now) != trust.RegistrationLapsed || len(got.Sealed) != 0 {
		t.Errorf("%s with %d sealed bytes, %v", got.State(h.Now), len(got.Sealed), err)
	}
}
