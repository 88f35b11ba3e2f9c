// Package app ties the knot: it opens the rooms in order, joins the doors, and
// closes everything in reverse. It alone names engines and buses.
package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/config"
	"countersign/internal/deliver"
	"countersign/internal/egress"
	"countersign/internal/event"
	"countersign/internal/files"
	"countersign/internal/mail"
	"countersign/internal/realtime"
	"countersign/internal/store"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// ErrDemoData is why serve refuses a database that the demo made: everybody who
// reaches the demo's shop may act as its customers.
var ErrDemoData = errors.New("this data was made by the demo and is never served for real: choose another --data")

// demoMark is the meta row that says so.
const demoMark = "demo"

// App is the installation with its rooms open.
type App struct {
	DB           *store.DB
	Master       *trust.Master // the root key: what everything is sealed under
	ID           string        // of the installation
	Pulse        *event.Pulse
	Hub          *realtime.Hub
	Relay        *realtime.Relay
	Channels     *workspace.Directory
	Gate         *trust.Gate
	Keys         *trust.Keys
	Registrar    *trust.Registrar
	Diagnosis    *trust.Diagnosis
	Counts       *trust.Counts
	Installation *trust.Installation
	Team         *team.Team
	Chat         *chat.Chat
	Audit        *audit.Log
	Egress       *egress.Client // the one way out to addresses that somebody entered
	Keeper       *audit.Keeper
	Notes        []string      // what a person should be told once: a master key was made
	Version      string        // of the program, for the API description
	Desk         *deliver.Desk // nil: no mail leaves here
	sender       deliver.Sender
	shelf        *files.Shelf  // of what messages carry; nil: nothing
	alone        bool          // the shelf is this node's, and the database is not
	mailbox      *mail.Mailbox // of a demo without a mail server
	outer        *trust.Master // the operator's master key, which seals the root
	data         string        // directory; empty with Postgres
	workspace    string
	hint         atomic.Pointer[realtime.Relay] // set once there is somebody to tell
}

// committed tells the relay of this process that the log grew.
func (a *App) committed(seq int64) {
	if relay := a.hint.Load(); relay != nil {
		relay.Hint(seq)
	}
}

// Exists says whether an embedded database lies where cfg says.
func Exists(cfg config.Installation) bool {
	_, err := os.Stat(databaseFile(cfg))
	return err == nil
}

func databaseFile(cfg config.Installation) string { return filepath.Join(cfg.Data, "countersign.db") }

// Open opens the data of cfg. role names this process in the audit chain.
// It reads the log's head once, so that a command can act at once; a server
// keeps reading it by running the relay.
func Open(ctx context.Context, cfg config.Installation, role string) (*App, error) {
	return open(ctx, cfg, role, func(*App) error { return nil })
}

// ErrNoWorkspace: nobody made the workspace that was named.
var ErrNoWorkspace = errors.New("no such workspace")

// OpenKnown is Open for what works on a workspace that is there: a misspelt name is an
// answer, and not a new and empty workspace. The first one needs no making.
func OpenKnown(ctx context.Context, cfg config.Installation, role string) (*App, error) {
	return open(ctx, cfg, role, func(a *App) error {
		there, err := a.DB.HasWorkspace(ctx, cfg.Workspace)
		if err == nil && !there && cfg.Workspace != workspace.Main {
			err = fmt.Errorf("%w %q", ErrNoWorkspace, cfg.Workspace)
		}
		return err
	})
}

func open(ctx context.Context, cfg config.Installation, role string, check func(*App) error) (_ *App, err error) {
	if cfg.Database == "" {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return nil, fmt.Errorf("data directory: %w", err)
		}
	}
	a := &App{Pulse: &event.Pulse{}, workspace: cfg.Workspace}
	options := store.Options{URL: cfg.Database, Committed: a.committed}
	if cfg.Database == "" {
		a.data = cfg.Data
		options.Path = databaseFile(cfg)
	}
	db, err := store.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	a.DB = db
	if err := a.unlock(ctx, cfg); err != nil {
		return nil, err
	}
	started := time.Now().UTC()
	db.SetNames(trust.NewPseudonyms(a.Master, a.ID))
	db.SetChain(audit.NewChain(a.Master.Derive("audit"), event.NewID(role, started)))
	a.Egress = egress.New(egress.Options{Allow: cfg.EgressAllow})
	a.join()
	if err := a.Beat(ctx); err != nil {
		return nil, err
	}
	if err := check(a); err != nil {
		return nil, err
	}
	if err := a.Channels.Ensure(ctx, a.System(role), cfg.Workspace); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *App) join() {
	a.Hub = realtime.NewHub(a.DB, a.Pulse, chat.AgentBody)
	a.Relay = realtime.NewRelay(a.DB, &realtime.LocalBus{}, a.Pulse, a.Hub)
	a.hint.Store(a.Relay)
	a.Channels = workspace.New(a.DB, a.Pulse)
	a.Gate = trust.NewGate(a.DB, a.Channels, a.Master, a.ID, a.Pulse)
	a.Counts = trust.NewCounts(a.DB, a.Master, a.Pulse.Now)
	a.Gate.Counting(a.Counts)
	a.Installation = trust.NewInstallation(a.DB, a.DB, a.Channels, a.Counts, a.Pulse.Now)
	a.Keys = trust.NewKeys(a.DB, a.Channels, a.Master, a.ID, a.Pulse.Now)
	sets := trust.NewSets(a.Egress, a.Pulse.Now)
	a.Gate.UseSets(sets)
	a.Keys.UseSets(sets)
	a.Registrar = trust.NewRegistrar(a.DB, a.Keys)
	a.Diagnosis = trust.NewDiagnosis(a.Keys, a.Channels)
	a.Team = team.New(a.DB, a.Pulse, sealer{a.Master, a.ID})
	a.Chat = chat.New(a.DB, a.Pulse, a.Relay)
	a.Keeper = audit.NewKeeper(a.DB, audit.NewKeys(a.Master.Derive("audit"), a.Master.Derive("audit checkpoint")))
	a.Audit = audit.NewLog(a.DB, a.Keeper)
}

// Beat reads the log's head once.
func (a *App) Beat(ctx context.Context) error {
	asked := time.Now()
	head, err := a.DB.Head(ctx)
	if err != nil {
		return err
	}
	a.Pulse.Observe(head, asked)
	return nil
}

// System is the principal of this program itself.
func (a *App) System(actor string) policy.Principal { return policy.ForSystem(a.workspace, actor) }

// MarkDemo marks the data as the demo's. Data that already serves for real is refused.
func (a *App) MarkDemo(ctx context.Context) error {
	marked, err := a.IsDemo(ctx)
	if err != nil || marked {
		return err
	}
	channels, err := a.DB.Channels(ctx, a.workspace)
	if err != nil {
		return err
	}
	if len(channels) > 0 {
		return errors.New("this data is not the demo's: choose another --data")
	}
	return a.DB.Mark(ctx, demoMark, hex.EncodeToString([]byte(a.ID)))
}

// IsDemo says whether the demo made this data.
func (a *App) IsDemo(ctx context.Context) (bool, error) {
	mark, err := a.DB.Marked(ctx, demoMark)
	return mark != "", err
}

// Close closes what Open opened.
func (a *App) Close() error { return a.DB.Close() }
