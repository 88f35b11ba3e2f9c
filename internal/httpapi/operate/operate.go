// Package operate is what operators do, served twice: to the console, for a
// colleague who signed in, and to the management API, for a program with a token.
// One handler stands behind both, so that neither can do what the other may not;
// which of them somebody is, the door that mounts these routes finds out, and every
// right is asked for inside the rooms.
//
// What only a person may do (signing in, inviting, making tokens, confirming with a
// password) is no part of it: that is the console's alone.
package operate

import (
	"net/http"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
)

// Deps is what the routes stand on.
type Deps struct {
	Channels     Channels
	Keys         Keys
	People       People
	Audit        Audit
	Installation Installation
	Mail         Mail
	Diagnosis    Diagnosis
	Team         Team

	Registrations Registrations
}

// Mount is one door's place for the routes.
type Mount struct {
	Guard httpapi.Guard[policy.Principal]
	Base  string              // "/api/v1", "/api/v1/console"
	Name  func(string) string // how the door calls an operation: ids are unique in the OpenAPI
	Group string              // what its tags begin with
}

// call is a request of an operator.
type call = httpapi.Call[policy.Principal]

// Routes are the operators' routes.
type Routes struct{ Deps }

// Register adds the routes to a floor, where the mount says.
func Register(f *httpapi.Floor, m Mount, deps Deps) {
	r := &Routes{deps}
	r.channels(f, m)
	r.keys(f, m)
	r.people(f, m)
	r.visits(f, m)
	r.audit(f, m)
	r.installation(f, m)
	r.mail(f, m)
	r.diagnosis(f, m)
	r.team(f, m)
	r.registrations(f, m)
	r.imported(f, m)
}

// route is one of the mount's; most fail as their room fails, all as rights do.
func (m Mount) route(method, path, id, tag, summary string, fails ...httpapi.Code) httpapi.Route {
	return httpapi.Route{
		Method: method, Path: m.Base + path, ID: m.Name(id), Tag: m.Group + tag, Summary: summary, Fails: append(fails, httpapi.Forbidden),
		Right: rights[id],
	}
}

func created(r httpapi.Route) httpapi.Route { r.Status = http.StatusCreated; return r }

func query(r httpapi.Route, q ...httpapi.Query) httpapi.Route { r.Query = q; return r }
