package team

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Limits on what can be guessed. A password, unlike a MAC, can be, so a limit that let
// every right one through would be none. It is drawn so that strangers' failures cost a
// colleague nothing where that colleague usually sits:
//
//	pair      this address from this network            always holds
//	network   everything from this network              not for a pair that has signed in lately
//	address   this address, from anywhere               not for a pair that has signed in lately
//	code      six digits for one agent, from anywhere   always holds; whoever guesses has the password
//	half      sign-ins of one agent from one network    always holds; each is a row of five minutes
//
// A passkey and a recovery code cannot be guessed and are looked at whatever else was
// tried: an agent who has one is never locked out by others.
//
// A try is counted before it is looked at, in the same transaction that finds room for
// it, and taken back if it was right: of any number that arrive at once, on any nodes,
// no more are looked at than the limit says. All counts are in the database, kept over
// a restart; a count that cannot be read or written refuses.
const (
	pairLimit, pairWindow       = 10, 15 * time.Minute
	networkLimit, networkWindow = 50, 15 * time.Minute
	addressLimit, addressWindow = 100, time.Hour
	codeLimit, codeWindow       = 5, 15 * time.Minute
	codesLimit, codesWindow     = 20, 24 * time.Hour
	halfLimit, halfWindow       = 30, 15 * time.Minute
	knownWindow                 = 30 * 24 * time.Hour
)

// Try is one count that a guess adds to.
type Try struct {
	Key    string
	Limit  int // 0: counted, never reached
	Window time.Duration
}

type counters struct{ network, net, address, pair, known string }

func countersOf(email, network string) counters {
	who := counted(email)
	return counters{
		network: network, net: "net:" + network, address: "agent:" + who,
		pair: "try:" + network + ":" + who, known: "known:" + network + ":" + who,
	}
}

// passwordTries are the counts of one password for an address.
func (t *Team) passwordTries(ctx context.Context, c counters) ([]Try, error) {
	n, err := t.store.Failures(ctx, c.known, knownWindow, t.now())
	if err != nil {
		return nil, fmt.Errorf("team: reading a limit: %w", err)
	}
	tries := []Try{{c.pair, pairLimit, pairWindow}, {c.net, networkLimit, networkWindow}, {c.address, addressLimit, addressWindow}}
	if n > 0 {
		tries[1].Limit, tries[2].Limit = 0, 0
	}
	return tries, nil
}

// codeTries are the counts of one six-digit code of an agent.
func codeTries(agent Agent, from netip.Addr) []Try {
	return []Try{
		{"code:" + agent.ID, codeLimit, codeWindow}, {"codes:" + agent.ID, codesLimit, codesWindow},
		{"net:" + network(from), networkLimit, networkWindow},
	}
}

// take counts a try, or says ErrLimited and counts nothing.
func (t *Team) take(ctx context.Context, tries []Try) error {
	room, err := t.store.CountTries(ctx, tries, t.now())
	if err != nil {
		return fmt.Errorf("team: counting a try: %w", err)
	}
	if !room {
		return ErrLimited
	}
	return nil
}

// forgive takes back a try that was right.
func (t *Team) forgive(ctx context.Context, tries []Try) error {
	keys := make([]string, len(tries))
	for i, try := range tries {
		keys[i] = try.Key
	}
	if err := t.store.ForgiveTries(context.WithoutCancel(ctx), keys, t.now()); err != nil {
		return fmt.Errorf("team: taking back a count: %w", err)
	}
	return nil
}

// know remembers that an agent signed in from a network.
func (t *Team) know(ctx context.Context, c counters) error {
	if _, err := t.store.CountFailure(ctx, c.known, knownWindow, t.now()); err != nil {
		return fmt.Errorf("team: noting where somebody signs in: %w", err)
	}
	return nil
}
