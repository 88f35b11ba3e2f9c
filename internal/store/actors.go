package store

import (
	"context"
	"fmt"
	"strings"

	"countersign/identity/policy"
)

// Actors says what the agents and tokens of the workspace are called :: actor → name.
func (db *DB) Actors(ctx context.Context, workspace string, actors []string) (map[string]string, error) {
	queries := map[policy.PrincipalKind]string{
		policy.AgentPrincipal: `SELECT id, CASE WHEN name = '' THEN email ELSE name END FROM agents WHERE workspace = $1 AND id IN (`,
		policy.TokenPrincipal: `SELECT id, name FROM tokens WHERE workspace = $1 AND id IN (`,
	}
	ids := map[policy.PrincipalKind][]string{}
	for _, actor := range actors {
		kind, id, _ := strings.Cut(actor, ":")
		ids[policy.PrincipalKind(kind)] = append(ids[policy.PrincipalKind(kind)], id)
	}
	names := map[string]string{}
	for kind, query := range queries {
		err := db.among(ctx, query, workspace, ids[kind], `)`, func(row scanner) error {
			var id, name string
			err := row.Scan(&id, &name)
			names[string(kind)+":"+id] = name
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("store: names of actors: %w", err)
		}
	}
	return names, nil
}
