package widget

import (
	"net/http"
	"time"

	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/realtime"
)

// Streams hands out live streams of what a contact's visitor may see.
type Streams interface {
	// Epoch is asked before the session is authenticated, so that a right that ends in
	// between is noticed.
	Epoch() (int64, error)
	Visitor(sub realtime.Subscription, after int64) *realtime.Stream
}

// listener is a session that wants to listen, and the epoch before it was known.
type listener struct {
	session chat.Session
	epoch   int64
}

func (d *Door) registerStream(f *httpapi.Floor, route httpapi.Route) {
	visitor := d.visitor()
	guard := httpapi.Guard[listener]{Access: visitor.Access, Check: func(r *http.Request) (listener, error) {
		// A caller without credentials learns nothing of how this node stands.
		if _, ok := httpapi.Bearer(r); !ok {
			return listener{}, httpapi.Fail(httpapi.SessionEnded)
		}
		epoch, err := d.Streams.Epoch()
		if err != nil {
			return listener{}, err
		}
		session, err := visitor.Check(r)
		return listener{session, epoch}, err
	}}
	route.Stream = true
	httpapi.Raw(f, guard, route, func(w http.ResponseWriter, r *http.Request, l listener) error {
		after, err := httpapi.After(r)
		if err != nil {
			return err
		}
		s := l.session
		stream := d.Streams.Visitor(realtime.Subscription{
			Workspace: s.Workspace, Contact: s.Contact, Session: s.ID, Key: s.Standing.Key(), Channel: s.Channel,
			Tier: s.Standing.Tier(), Expires: s.ExpiresAt, Epoch: l.epoch,
		}, after)
		return f.ServeStream(w, r, stream, httpapi.StreamOptions{Audience: "visitor", Renewed: func() bool {
			return d.renewed(r, s.ExpiresAt)
		}})
	})
}

// renewed says whether a session whose known life is over was used elsewhere
// meanwhile and lives on: then its stream ends so that the reader comes back.
func (d *Door) renewed(r *http.Request, expires time.Time) bool {
	token, _ := httpapi.Bearer(r)
	now, _, err := d.Sessions.Authenticate(r.Context(), token)
	return err == nil && now.ExpiresAt.After(expires)
}
