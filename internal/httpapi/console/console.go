// Package console is the agents' door: what the console calls. It authenticates
// by the cookie of a login, decodes and encodes; every right is asked for inside
// the rooms, from the principal that team made of the login.
//
// The cookie is Strict, HttpOnly and sent to this door's paths alone, and every
// call that changes something must come from our own origin. A visitor's bearer
// token is not looked at here, and no other door looks at the cookie.
package console

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/wire"
	"countersign/internal/team"
	"countersign/internal/trust"
)

// Deps is what the door stands on.
type Deps struct {
	Team         Team
	Inbox        Inbox
	People       operate.People
	Channels     operate.Channels
	Keys         Keys
	Audit        operate.Audit
	Installation operate.Installation
	Mail         operate.Mail
	Diagnosis    Diagnosis
	Streams      Streams
	Head         func() event.Head // the log's head, as this node last saw it

	Registrations Registrations
}

// Keys is the operators' side of the rings, and what agents call each key.
type Keys interface {
	operate.Keys
	Reveal(ctx context.Context, who policy.Principal, key, reason string) (secret string, err error)
	Names(ctx context.Context, who policy.Principal, ids []string) (map[string]trust.KeyName, error)
}

// Team is who the colleagues are.
type Team interface {
	SignIns
	Factors
	Colleagues
	Logins
	Tokens
}

// SignIns is how an agent comes in and leaves.
type SignIns interface {
	SignIn(ctx context.Context, c team.Credentials) (team.SignedIn, error)
	Authenticate(ctx context.Context, token string) (policy.Principal, team.Agent, team.Login, error)
	Confirm(ctx context.Context, who policy.Principal, password string, from netip.Addr) error
	SignOut(ctx context.Context, who policy.Principal) error
	CheckLink(ctx context.Context, token string) (team.Agent, error)
	UseLink(ctx context.Context, j team.Joining) (team.SignedIn, error)
}

// Door is the agents' door.
type Door struct {
	Deps
	floor   *httpapi.Floor
	metrics *httpapi.Metrics
	origin  *http.CrossOriginProtection
	present presence
}

// New makes the door.
func New(deps Deps) *Door { return &Door{Deps: deps, origin: http.NewCrossOriginProtection()} }

// caller is a signed-in agent.
type caller struct {
	policy.Principal
	Agent team.Agent
	Login team.Login
}

// call is a request of a signed-in agent.
type call = httpapi.Call[caller]

const base = "/api/v1/console"

func route(method, path, id, tag, summary string, fails ...httpapi.Code) httpapi.Route {
	return httpapi.Route{Method: method, Path: base + path, ID: id, Tag: tag, Summary: summary, Fails: append(fails, httpapi.Forbidden), Right: rights[id]}
}

func created(r httpapi.Route) httpapi.Route { r.Status = http.StatusCreated; return r }

func query(r httpapi.Route, q ...httpapi.Query) httpapi.Route { r.Query = q; return r }

// Register adds the door's routes to a floor.
func (d *Door) Register(f *httpapi.Floor) error {
	d.floor, d.metrics = f, f.Metrics()
	if origin := f.Origin(); origin != "" {
		// Behind a proxy the Host that we see may be another than the one that browsers see.
		if err := d.origin.AddTrustedOrigin(origin); err != nil {
			return fmt.Errorf("console: the base URL is no origin: %w", err)
		}
	}
	d.registerSignIn(f)
	d.registerFactors(f)
	d.registerInbox(f)
	d.registerStream(f)
	d.registerFiles(f)
	d.registerTeam(f)
	d.registerKeys(f)
	d.registerRegistrations(f)
	d.registerDiagnosis(f)
	operate.Register(f, operate.Mount{Guard: d.operator(), Base: base, Name: consoleName, Group: "Console: "}, operate.Deps{
		Installation: d.Installation, Channels: d.Channels, Keys: d.Keys, People: d.People, Audit: d.Audit,
		Mail: d.Mail, Diagnosis: d.Diagnosis, Team: d.Team, Registrations: d.Registrations,
	})
	return nil
}

// sameOrigin refuses what a foreign page makes a browser send.
func (d *Door) sameOrigin(r *http.Request) error {
	if err := d.origin.Check(r); err != nil {
		return &httpapi.Error{Code: httpapi.Forbidden, Detail: "The request came from another page than the console.", Cause: err}
	}
	return nil
}

// stranger admits anybody who comes from our own pages: to sign in.
func (d *Door) stranger() httpapi.Guard[wire.None] {
	return httpapi.Guard[wire.None]{Access: httpapi.Public, Check: func(r *http.Request) (wire.None, error) {
		return wire.None{}, d.sameOrigin(r)
	}}
}

// loginToken is what the cookie holds. Two cookies of the name are a mistake or an
// attack, and decide nothing.
func loginToken(r *http.Request) (string, error) {
	cookies := r.CookiesNamed(httpapi.LoginCookie)
	if len(cookies) != 1 || cookies[0].Value == "" {
		return "", httpapi.Fail(httpapi.SessionEnded)
	}
	return cookies[0].Value, nil
}

// agent admits the holder of a login's cookie.
func (d *Door) agent() httpapi.Guard[caller] {
	return httpapi.Guard[caller]{Access: httpapi.AgentLogin, Check: func(r *http.Request) (caller, error) {
		token, err := loginToken(r)
		if err != nil {
			return caller{}, err
		}
		if err := d.sameOrigin(r); err != nil {
			return caller{}, err
		}
		who, agent, login, err := d.Team.Authenticate(r.Context(), token)
		if err != nil {
			return caller{}, err
		}
		return caller{Principal: who, Agent: agent, Login: login}, nil
	}}
}

// operator is agent, for the routes that programs have too.
func (d *Door) operator() httpapi.Guard[policy.Principal] {
	agent := d.agent()
	return httpapi.Guard[policy.Principal]{Access: agent.Access, Check: func(r *http.Request) (policy.Principal, error) {
		who, err := agent.Check(r)
		return who.Principal, err
	}}
}

// consoleName tells the console's operation from the management API's.
func consoleName(id string) string { return "console" + strings.ToUpper(id[:1]) + id[1:] }

// setLogin hands the token to the browser, for as long as the login lives.
func (d *Door) setLogin(set func(*http.Cookie), client httpapi.Client, token string, expires time.Time) {
	set(&http.Cookie{ //nolint:gosec // Secure wherever browsers reach us over https; a Secure cookie over http is none
		Name: httpapi.LoginCookie, Value: token, Path: base, Expires: expires.UTC(),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.floor.Secure(client),
	})
	d.hint(set, client, "1", expires.UTC())
}

// hint tells the console's page, which cannot see the login's cookie, that there is one.
func (d *Door) hint(set func(*http.Cookie), client httpapi.Client, value string, expires time.Time) {
	life := 0
	if value == "" {
		life = -1
	}
	set(&http.Cookie{ //nolint:gosec // it says nothing but that, and is for scripts
		Name: httpapi.HintCookie, Value: value, Path: "/console", Expires: expires, MaxAge: life,
		SameSite: http.SameSiteStrictMode, Secure: d.floor.Secure(client),
	})
}

func (d *Door) clearLogin(set func(*http.Cookie), client httpapi.Client) {
	set(&http.Cookie{ //nolint:gosec // Secure wherever browsers reach us over https; a Secure cookie over http is none
		Name: httpapi.LoginCookie, Path: base, MaxAge: -1,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.floor.Secure(client),
	})
	d.hint(set, client, "", time.Time{})
}
