package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/config"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// nextSuffix names the file of a master key that is about to take its place.
const nextSuffix = ".next"

// unlock finds the master key and opens the installation's root key with it. A new
// one is made only for data that has none yet.
func (a *App) unlock(ctx context.Context, cfg config.Installation) error {
	id, sealed, err := a.DB.Installation(ctx)
	if err != nil {
		return err
	}
	master, err := trust.LoadMaster(trust.MasterOptions{
		Value:       cfg.MasterKey,
		File:        cfg.MasterKeyFile,
		DefaultFile: cfg.MasterKeyDefault(),
		MayCreate:   id == "",
	})
	if err != nil {
		return err
	}
	if id == "" {
		id = event.NewID("ins", time.Now())
		if err := a.DB.PutInstallation(ctx, id, master.NewRoot(id)); err != nil {
			return err
		}
		// Another process may have been first: its row is the one that counts.
		if id, sealed, err = a.DB.Installation(ctx); err != nil {
			return err
		}
	}
	root, err := master.OpenRoot(id, sealed)
	if errors.Is(err, trust.ErrMasterWrong) {
		master, root, err = finishRewrap(master, id, sealed, err)
	}
	if err != nil {
		return err
	}
	a.ID, a.outer, a.Master = id, master, root
	a.noteMaster(master)
	return nil
}

func (a *App) noteMaster(master *trust.Master) {
	if path, _ := master.Created(); path != "" && inside(a.data, path) {
		a.Notes = append(a.Notes, fmt.Sprintf("warning: the master key %s lies in the data directory: a copy of the data is a copy of its key", path))
	}
	if path, exposed := master.Exposed(); exposed {
		a.Notes = append(a.Notes, fmt.Sprintf("warning: others on this machine may read the master key in %s: chmod 600 it", path))
	}
	if path, created := master.Created(); created {
		a.Notes = append(a.Notes, fmt.Sprintf("made a master key in %s; keep a copy apart from the data, or move it and say --master-key-file", path))
	}
}

// finishRewrap ends a rewrap that was cut off after its commit: the key that opens
// the root lies beside the one that does not.
func finishRewrap(old *trust.Master, id string, sealed []byte, wrong error) (master, root *trust.Master, err error) {
	path, _ := old.Created()
	if path == "" {
		return nil, nil, wrong
	}
	next, err := trust.LoadMaster(trust.MasterOptions{File: path + nextSuffix})
	if err != nil {
		return nil, nil, wrong
	}
	root, err = next.OpenRoot(id, sealed)
	if err != nil {
		return nil, nil, wrong
	}
	return next, root, promote(path, old.ID())
}

// promote gives the next key its place and keeps the old one beside it. There is no
// moment without a key in the place, and whoever comes second finds it done.
func promote(path, oldID string) error {
	if err := os.Link(path, path+"."+oldID); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(path+nextSuffix, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// inside says whether a file lies in the data directory.
func inside(data, file string) bool {
	dir, dirErr := filepath.Abs(data)
	path, err := filepath.Abs(file)
	return dirErr == nil && err == nil && data != "" && strings.HasPrefix(path, dir+string(filepath.Separator))
}

// Rewrapped says where the new master key lies, and the old one.
type Rewrapped struct {
	ID, File string
	OldID    string
	OldFile  string // empty if the old key came from the environment
}

// Rewrap moves the installation to a new master key. Servers go on: they hold the
// root key, which stays. file is where the new key is made; empty is the place of the old one.
func (a *App) Rewrap(ctx context.Context, who policy.Principal, file string) (Rewrapped, error) {
	if !who.May(policy.ManageKeys) {
		return Rewrapped{}, policy.ErrForbidden
	}
	oldFile, _ := a.outer.Created()
	inPlace := file == ""
	if inPlace {
		if oldFile == "" {
			return Rewrapped{}, errors.New("the master key came from the environment: say --new-master-key-file")
		}
		file = oldFile + nextSuffix
	}
	id, sealed, err := a.DB.Installation(ctx)
	if err != nil {
		return Rewrapped{}, err
	}
	if inside(a.data, file) {
		return Rewrapped{}, fmt.Errorf("%s is in the data directory: a copy of the data would be a copy of its key", file)
	}
	next, err := trust.CreateMaster(file)
	if err != nil && inPlace {
		err = fmt.Errorf("%w: another rewrap runs, or one was cut off before it changed anything; in the latter case remove it", err)
	}
	if err != nil {
		return Rewrapped{}, err
	}
	resealed, err := a.outer.RewrapRoot(id, sealed, next)
	if err == nil {
		err = a.DB.SwapRoot(ctx, sealed, resealed, audit.Draft{
			Workspace: who.Workspace(), Actor: who.Actor(), By: who.Needing(policy.ManageKeys), Action: audit.MasterRewrapped,
			Detail: map[string]string{"from": a.outer.ID(), "to": next.ID()},
		})
	}
	if err != nil {
		return Rewrapped{}, errors.Join(err, a.discard(ctx, sealed, file))
	}
	done := Rewrapped{ID: next.ID(), File: file, OldID: a.outer.ID(), OldFile: oldFile}
	if inPlace {
		if err := promote(oldFile, a.outer.ID()); err != nil {
			return Rewrapped{}, err
		}
		done.File, done.OldFile = oldFile, oldFile+"."+a.outer.ID()
	}
	return done, nil
}

// discard removes a key that was made in vain; only while the root is surely sealed as before.
func (a *App) discard(ctx context.Context, before []byte, file string) error {
	_, sealed, err := a.DB.Installation(ctx)
	if err != nil || string(sealed) != string(before) {
		return fmt.Errorf("%s may hold the key that counts now: keep it", file)
	}
	return os.Remove(file)
}
