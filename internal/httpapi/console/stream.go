package console

import (
	"net/http"
	"sync"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/realtime"
)

// Streams hands out live streams of what agents may see.
type Streams interface {
	// Epoch is asked before the agent is authenticated, so that a right that ends in
	// between is noticed.
	Epoch() (int64, error)
	Agent(sub realtime.Subscription, after int64) *realtime.Stream
}

// presence counts who could answer: agents of this node with an open stream.
type presence struct {
	mu sync.Mutex
	in map[string]int // :: workspace → streams
}

func (p *presence) enter(workspace string) (leave func()) {
	p.add(workspace, 1)
	return func() { p.add(workspace, -1) }
}

func (p *presence) add(workspace string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in == nil {
		p.in = map[string]int{}
	}
	p.in[workspace] += n
}

// Online says whether somebody of the team is there to answer.
func (d *Door) Online(workspace string) bool {
	d.present.mu.Lock()
	defer d.present.mu.Unlock()
	return d.present.in[workspace] > 0
}

// listener is an agent who wants to listen, and the epoch before it was known who.
type listener struct {
	caller
	epoch int64
}

func (d *Door) registerStream(f *httpapi.Floor) {
	agent := d.agent()
	guard := httpapi.Guard[listener]{Access: agent.Access, Check: func(r *http.Request) (listener, error) {
		// A caller without credentials learns nothing of how this node stands.
		if _, err := loginToken(r); err != nil {
			return listener{}, err
		}
		epoch, err := d.Streams.Epoch()
		if err != nil {
			return listener{}, err
		}
		who, err := agent.Check(r)
		return listener{caller: who, epoch: epoch}, err
	}}
	stream := query(route("GET", "/stream", "openConsoleStream", "Console: inbox", "What happens in the workspace, and what happened after a sequence"),
		httpapi.Query{Name: "after", Doc: "sequence of the last event seen; from now on if absent"})
	stream.Stream = true
	httpapi.Raw(f, guard, stream, func(w http.ResponseWriter, r *http.Request, who listener) error {
		if !who.May(policy.ReadConversations) {
			return policy.ErrForbidden
		}
		after, err := httpapi.After(r)
		if err != nil {
			return err
		}
		if who.May(policy.ReplyConversations) {
			defer d.present.enter(who.Workspace())()
		}
		return f.ServeStream(w, r, d.Streams.Agent(realtime.Subscription{
			Workspace: who.Workspace(), Agent: who.Agent.ID, Session: who.Login.ID, Expires: who.Login.ExpiresAt, Epoch: who.epoch,
		}, after), httpapi.StreamOptions{Audience: "agents"})
	})
}
