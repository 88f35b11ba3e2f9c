package trust

import (
	"context"
	"slices"

	"countersign/identity/dialect"
	"countersign/identity/keyring"
	"countersign/internal/workspace"
)

// spoken is a key of a ring with the global that pages of its dialect speak through.
type spoken struct {
	life   keyring.Key
	global string
}

func globalsOf(rows []KeyRow) []spoken {
	lives := lives(rows).Keys
	out := make([]spoken, len(rows))
	for i, row := range rows {
		of, _ := dialect.Get(row.Dialect)
		out[i] = spoken{life: lives[i], global: of.Global}
	}
	return out
}

// Globals says through which systems' globals pages of a channel may speak: those of its
// live keys. A channel that never had a key speaks all (keyless), since its site may be
// just about to move; one whose keys are dead speaks none.
func (g *Gate) Globals(ctx context.Context, channel workspace.Channel) (names []string, keyless bool, err error) {
	epoch, err := g.pulse.Epoch()
	if err != nil {
		return nil, false, err
	}
	now := g.pulse.Now()
	ring, err := g.rings.of(ctx, epoch, channel, now)
	if err != nil {
		return nil, false, err
	}
	for _, key := range ring.spoken {
		if key.life.Verifies(now) && !slices.Contains(names, key.global) {
			names = append(names, key.global)
		}
	}
	return names, len(ring.spoken) == 0, nil
}
