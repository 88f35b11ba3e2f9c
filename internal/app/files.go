package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"countersign/internal/chat"
	"countersign/internal/config"
	"countersign/internal/files"
)

// KeepFiles makes messages carry files, kept as cfg says. Before Start.
func (a *App) KeepFiles(installation config.Installation, cfg config.Files) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	dir := cfg.FilesDir
	if dir == "" {
		dir = filepath.Join(installation.Data, "files")
	}
	a.alone = !cfg.InBucket() && cfg.FilesDir == "" && installation.Database != ""
	a.shelf = files.OnDisk(dir)
	if cfg.InBucket() {
		shelf, err := files.InBucket(files.Bucket{
			Endpoint: cfg.S3Endpoint, Name: cfg.S3Bucket, Region: cfg.S3Region, Prefix: cfg.S3Prefix,
			AccessKey: cfg.S3AccessKey, SecretKey: cfg.S3SecretKey, Spool: filepath.Join(installation.Data, "incoming"),
		})
		if err != nil {
			return err
		}
		a.shelf = shelf
	}
	a.shelf.Of(a.ID)
	a.Chat.KeepFiles(a.shelf, a.Master.Derive("file link"), cfg.FilesMaxMB<<20)
	return nil
}

const (
	fileSweepEvery  = 10 * time.Minute
	straySweepEvery = 24 * time.Hour
)

// sweepFiles takes away what nobody sent and what was erased, at the start and from then
// on; and once a day what lies there though no row names it.
func (a *App) sweepFiles(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(fileSweepEvery)
	defer tick.Stop()
	strays := time.Now().Add(fileSweepEvery)
	for {
		if _, err := a.Chat.SweepFiles(ctx); err != nil && ctx.Err() == nil {
			log.Warn("files that nobody sent, or that were erased, are still there; tried again soon", "error", err)
		}
		if time.Now().After(strays) {
			strays = time.Now().Add(straySweepEvery)
			gone, err := a.Chat.SweepStrays(ctx)
			if err != nil && ctx.Err() == nil {
				log.Warn("files that no message names could not all be looked for", "error", err)
			}
			if gone > 0 {
				log.Info("files that no message names are gone", "files", gone)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// checkShelf says where files lie, and whether they can be kept.
func (a *App) checkShelf(ctx context.Context) []Check {
	if a.shelf == nil {
		return nil
	}
	where, free, err := a.shelf.Check(ctx)
	switch {
	case errors.Is(err, chat.ErrShelfFull):
		return []Check{{"files", Bad, fmt.Sprintf("Files of messages lie in %s, whose disk is nearly full (%d MB free): new ones are refused.", where, free>>20), "Make room, or keep files elsewhere (--files-dir, --s3-endpoint)."}}
	case err != nil:
		return []Check{{"files", Bad, fmt.Sprintf("Files of messages cannot be kept in %s: %v.", where, err), "Check the address, the bucket, the keys and what they allow, or the directory's owner."}}
	case a.alone:
		return []Check{{"files", Warn, "Files of messages lie in " + where + ", which other nodes on this database do not see.", "Say --files-dir with a directory that all nodes share, or --s3-endpoint; with one node this is fine."}}
	}
	return []Check{{"files", Fine, "Files of messages lie in " + where + ".", ""}}
}
