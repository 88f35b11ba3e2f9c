// Package compat is the door for backends that were written for another vendor's API:
// the vendor's paths, bodies and errors, and behind them the use cases that every
// other door has. It decides nothing and stores nothing of its own.
package compat

import (
	"countersign/identity/policy"
	"countersign/internal/httpapi"
)

// Deps is what the door stands on.
type Deps struct {
	Program  httpapi.Guard[policy.Principal] // holders of an API token
	Channels Channels
	Keys     Keys
}

// Door is the vendors' door.
type Door struct{ Deps }

// New makes the door.
func New(deps Deps) *Door { return &Door{deps} }

// Register adds the door's routes to a floor.
func (d *Door) Register(f *httpapi.Floor) { d.registerSecrets(f) }
