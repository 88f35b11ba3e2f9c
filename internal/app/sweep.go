package app

import (
	"context"
	"log/slog"
	"time"
)

// sweepEvery is how late a node takes up what another one left when it died in the
// middle of taking a compromised key apart, and how long a secret outlives its registration.
const sweepEvery = time.Minute

// resumeSweeps finishes what was begun and not finished, at the start and from then on, and
// destroys the secrets of sites that nobody confirmed in time.
func (a *App) resumeSweeps(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := a.Keys.Resume(ctx); err != nil && ctx.Err() == nil {
			log.Warn("what a compromised key proved is not yet taken apart; tried again soon", "error", err)
		}
		if n, err := a.Registrar.EndLapsed(ctx); err != nil && ctx.Err() == nil {
			log.Warn("the secrets of sites that nobody confirmed are still there; tried again soon", "error", err)
		} else if n > 0 {
			log.Info("sites that nobody confirmed in time have lost their secrets", "sites", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
