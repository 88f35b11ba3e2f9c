package app

import (
	"context"
	"log/slog"
	"time"
)

// sweepEvery is how late a node takes up what another one left when it died in the
// middle of taking a compromised key apart.
const sweepEvery = time.Minute

// resumeSweeps finishes what was begun and not finished, at the start and from then on.
func (a *App) resumeSweeps(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := a.Keys.Resume(ctx); err != nil && ctx.Err() == nil {
			log.Warn("what a compromised key proved is not yet taken apart; tried again soon", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
