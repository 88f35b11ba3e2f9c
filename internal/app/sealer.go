package app

import (
	"countersign/internal/team"
	"countersign/internal/trust"
)

// sealer lends the root key to team, which knows nothing of keys.
type sealer struct {
	master       *trust.Master
	installation string
}

func (s sealer) ad(p team.Place) trust.AD {
	return trust.AD{Installation: s.installation, Workspace: p.Workspace, Table: p.Table, Row: p.Row, Purpose: p.Purpose}
}

func (s sealer) Seal(plain []byte, p team.Place) []byte { return s.master.Seal(plain, s.ad(p)) }

func (s sealer) Open(sealed []byte, p team.Place) ([]byte, error) {
	return s.master.Open(sealed, s.ad(p))
}
