package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/internal/httpapi/wire"
)

// Health is the answer of /healthz and /readyz.
type Health struct {
	Status string `json:"status" enum:"ok,ready"`
}

func (f *Floor) addHealth() {
	Handle(f, Anyone(), Route{Method: "GET", Path: "/healthz", ID: "getHealth", Tag: "Operations",
		Summary: "Whether the process lives"},
		func(context.Context, *Call[wire.None], wire.None) (Health, error) { return Health{Status: "ok"}, nil })
	Handle(f, Anyone(), Route{Method: "GET", Path: "/readyz", ID: "getReadiness", Tag: "Operations",
		Summary: "Whether this node may act: its view of rights is fresh and its database answers", Fails: []Code{NotReady}},
		func(ctx context.Context, _ *Call[wire.None], _ wire.None) (Health, error) { return f.ready(ctx) })
	metrics := f.metrics.handler()
	Page(f, Route{Method: "GET", Path: "/metrics", ID: "getMetrics", Hidden: true},
		func(w http.ResponseWriter, r *http.Request) error {
			if !FromThisMachine(r) && !f.mayReadMetrics(r) {
				return Fail(NotFound)
			}
			metrics.ServeHTTP(w, r)
			return nil
		})
}

// readyTimeout keeps a hanging database from hanging the probe.
const readyTimeout = 2 * time.Second

func (f *Floor) ready(ctx context.Context) (Health, error) {
	select {
	case <-f.drain:
		return Health{}, &Error{Code: NotReady, Detail: "The server is closing."}
	default:
	}
	if f.options.Ready == nil {
		return Health{}, &Error{Code: NotReady, Cause: errors.New("nothing says that this node is ready")}
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := f.options.Ready(ctx); err != nil {
		return Health{}, &Error{Code: NotReady, Cause: err}
	}
	return Health{Status: "ready"}, nil
}
