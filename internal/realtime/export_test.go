package realtime

import "context"

// Step and Take let a test decide who moves next.
func (r *Relay) Step(ctx context.Context) error              { return r.step(ctx) }
func (s *Stream) Take(ctx context.Context) ([]*Frame, error) { return s.take(ctx) }

// Room makes a hub that holds no more than n streams.
func (h *Hub) Room(n int) { h.most = n }
