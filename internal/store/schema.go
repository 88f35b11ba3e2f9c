package store

import (
	"context"
	"fmt"
)

// Schema is the version that the database has, and the one that this program brings.
func (db *DB) Schema(ctx context.Context) (has, brings int64, err error) {
	all, err := known()
	if err != nil {
		return 0, 0, err
	}
	if err := db.row(ctx, newest, nil, &has); err != nil {
		return 0, 0, fmt.Errorf("store: schema: %w", err)
	}
	return has, int64(len(all)), nil
}
