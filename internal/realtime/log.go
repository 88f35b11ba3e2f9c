package realtime

import (
	"context"

	"countersign/internal/event"
)

// Log is what the relay and catch-up read. store satisfies it.
type Log interface {
	// Head is one row, read every 250 ms by every node.
	Head(ctx context.Context) (event.Head, error)
	// Since answers with events of every audience after a sequence, oldest first.
	Since(ctx context.Context, after int64, limit int) ([]event.Event, error)
	// VisitorEvents is the one query that says visitor: events of this contact that its
	// visitor may see, oldest first.
	VisitorEvents(ctx context.Context, workspace, contact string, after int64, limit int) ([]event.Event, error)
	// AgentEvents answers with what agents of the workspace may see, oldest first.
	AgentEvents(ctx context.Context, workspace string, after int64, limit int) ([]event.Event, error)
}
