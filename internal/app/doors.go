package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"countersign/identity/policy"
	"countersign/internal/config"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/api"
	"countersign/internal/httpapi/compat"
	"countersign/internal/httpapi/console"
	"countersign/internal/httpapi/face"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/widget"
	"countersign/internal/trust"
	"countersign/web"
)

// floor joins the doors on one listener.
func (a *App) floor(cfg config.Server, log *slog.Logger) (*httpapi.Floor, error) {
	proxies, err := cfg.Proxies()
	if err != nil {
		return nil, err
	}
	floor := httpapi.New(httpapi.Options{
		BaseURL: cmp.Or(cfg.ConsoleURL, cfg.BaseURL), WidgetURL: cmp.Or(cfg.WidgetURL, cfg.BaseURL), Address: cfg.Base(), Version: a.Version, TrustedProxies: proxies, Log: log, Ready: a.ready,
		Program: func(ctx context.Context, token string) (policy.Principal, error) {
			who, row, err := a.Team.AuthenticateToken(ctx, token)
			if err == nil {
				err = a.Team.NoteToken(ctx, row, httpapi.ClientIn(ctx).Addr)
			}
			return who, err
		},
	})
	faces, err := face.New(face.Deps{Assets: web.Assets(), Channels: a.Channels, Seen: a.seen(floor), Globals: a.Gate.Globals})
	if err != nil {
		return nil, err
	}
	inside := console.New(console.Deps{
		Team: a.Team, Inbox: a.Chat, People: a.Chat, Channels: a.Channels, Keys: a.Keys, Audit: a.Audit, Installation: a.Installation, Streams: a.Hub, Head: a.Pulse.Head,
		Mail: a.mailRoutes(), Diagnosis: a.Diagnosis, Registrations: a.Registrar,
	})
	if err := inside.Register(floor); err != nil {
		return nil, err
	}
	for _, door := range []interface{ Register(*httpapi.Floor) }{
		widget.New(widget.Deps{Gate: a.Gate, Codes: a.Gate, Channels: a.Channels, Sessions: a.Chat, Threads: a.Chat, Files: a.Chat, Streams: a.Hub, Online: inside.Online}),
		api.New(api.Deps{Tokens: a.Team, Gate: a.Gate, Sessions: a.Chat, Operate: operate.Deps{Channels: a.Channels, Keys: a.Keys, People: a.Chat, Audit: a.Audit, Installation: a.Installation, Mail: a.mailRoutes(), Diagnosis: a.Diagnosis, Team: a.Team, Registrations: a.Registrar}, Registrar: a.Registrar}),
		compat.New(compat.Deps{Program: api.Program(a.Team), Channels: a.Channels, Keys: a.Keys}),
		faces,
	} {
		door.Register(floor)
	}
	if a.Desk != nil {
		a.Team.MailInvitations(a.Desk, floor.Base())
	}
	if a.mailbox != nil {
		mailboxPage(floor, a.mailbox)
	}
	if !web.Built() {
		log.Warn("this binary was built without its faces: the API and all commands work, pages answer 503; make build makes them")
	}
	return floor, nil
}

// seen counts pages at the gate, with the metrics beside it. A page that names no channel
// of ours, or comes while this node knows nothing, is not counted, and is not told.
func (a *App) seen(floor *httpapi.Floor) func(context.Context, face.Page) {
	floor.Metrics().Limited(a.Gate.Limited)
	return func(ctx context.Context, page face.Page) {
		counted, err := a.Gate.Ping(ctx, trust.Ping{Channel: page.Channel, Origin: page.Origin, Network: page.Network, Blocked: page.Blocked})
		if err == nil {
			floor.Metrics().Pinged(counted, page.Blocked)
		}
	}
}

var errRelay = errors.New("app: the relay has not caught up with the log")

// ready answers nil while this node may act.
func (a *App) ready(ctx context.Context) error {
	if _, err := a.Pulse.Epoch(); err != nil {
		return err
	}
	if !a.Relay.Ready() {
		return errRelay
	}
	return a.DB.Ping(ctx)
}
