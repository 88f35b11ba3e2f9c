package files

import (
	"context"
	"runtime"
	"sync"
)

// A picture is decoded within a share of one store of memory, and on half the cores at
// most, so that many of them at once wait for each other and not everybody for them. Of
// these, one network has half: a few bytes can take seconds, and whoever sends many such
// waits behind themselves.
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

	mu    sync.Mutex
	lines map[string]*line // :: network → its pictures, those that wait too
}

// line is one network's.
type line struct {
	places  chan struct{}
	waiting int // for a place, or in one
}

func newMemory() *memory { return memoryOf(max(1, runtime.GOMAXPROCS(0)/2)) }

func memoryOf(cores int) *memory {
	return &memory{cores: make(chan struct{}, cores), turn: make(chan struct{}, 1), shares: make(chan struct{}, sharesAtOnce), lines: map[string]*line{}}
}

// queue waits for a place in a network's line; nobody waits in that of an unknown one.
func (m *memory) queue(ctx context.Context, network string) (leave func(), err error) {
	if network == "" {
		return func() {}, nil
	}
	m.mu.Lock()
	l := m.lines[network]
	if l == nil {
		l = &line{places: make(chan struct{}, max(1, cap(m.cores)/2))}
		m.lines[network] = l
	}
	l.waiting++
	m.mu.Unlock()
	gone := func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if l.waiting--; l.waiting == 0 {
			delete(m.lines, network)
		}
	}
	select {
	case l.places <- struct{}{}:
		return func() { <-l.places; gone() }, nil
	case <-ctx.Done():
		gone()
		return nil, ctx.Err()
	}
}

// take waits for cost bytes; give returns them.
func (m *memory) take(ctx context.Context, network string, cost int64) (give func(), err error) {
	n, held := int((cost+shareBytes-1)/shareBytes), 0
	leave, err := m.queue(ctx, network)
	if err != nil {
		return nil, err
	}
	give = func() {
		<-m.cores
		for ; held > 0; held-- {
			<-m.shares
		}
		leave()
	}
	select {
	case m.cores <- struct{}{}:
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		give()
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
