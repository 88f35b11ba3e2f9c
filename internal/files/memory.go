package files

import (
	"context"
	"runtime"
)

// A picture is decoded within a share of one store of memory, and on half the cores at
// most, so that many of them at once wait for each other and not everybody for them.
const (
	sharesAtOnce = 8
	shareBytes   = 32 << 20
	// maxCost is what one picture may take, by what its header says.
	maxCost = sharesAtOnce * shareBytes
)

type memory struct {
	cores  chan struct{}
	turn   chan struct{} // who is taking shares: two that each hold half would wait for ever
	shares chan struct{}
}

func newMemory() *memory {
	return &memory{cores: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), turn: make(chan struct{}, 1), shares: make(chan struct{}, sharesAtOnce)}
}

// take waits for cost bytes; give returns them.
func (m *memory) take(ctx context.Context, cost int64) (give func(), err error) {
	n, held := int((cost+shareBytes-1)/shareBytes), 0
	give = func() {
		<-m.cores
		for ; held > 0; held-- {
			<-m.shares
		}
	}
	select {
	case m.cores <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		<-m.cores
		return nil, ctx.Err()
	}
	defer func() { <-m.turn }()
	for ; held < n; held++ {
		select {
		case m.shares <- struct{}{}:
		case <-ctx.Done():
			give()
			return nil, ctx.Err()
		}
	}
	return give, nil
}
