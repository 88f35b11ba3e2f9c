package trust

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// MasterOptions says where the master key is. The first that is set decides, and
// setting both of the first two is a contradiction.
type MasterOptions struct {
	Value       string // the key itself, from the environment: 64 hex characters
	File        string // named by the operator
	DefaultFile string // where it lies if nobody said anything
	MayCreate   bool   // there is no data yet: this is the first start
}

// LoadMaster finds the master key. It makes one only on the first start, and
// never a second one: data without its key is an error that names the path.
func LoadMaster(options MasterOptions) (*Master, error) {
	if options.Value != "" {
		if options.File != "" {
			return nil, fmt.Errorf("%w: it is given both as a value and as the file %s", ErrMasterUnusable, options.File)
		}
		secret, err := ParseMaster([]byte(options.Value))
		if err != nil {
			return nil, fmt.Errorf("the environment: %w", err)
		}
		return NewMaster(secret)
	}
	path := options.File
	if path == "" {
		path = options.DefaultFile
	}
	master, err := readMaster(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return master, err
	}
	if !options.MayCreate {
		return nil, fmt.Errorf("%w: there is data here, and no file %s to open it with", ErrMasterMissing, path)
	}
	return createMaster(path)
}

// CreateMaster makes a key in a file that must not exist yet.
func CreateMaster(path string) (*Master, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is there already", ErrMasterUnusable, path)
	}
	master, err := createMaster(path)
	if err == nil && !master.created {
		return nil, fmt.Errorf("%w: %s was made by somebody else just now", ErrMasterUnusable, path)
	}
	return master, err
}

// ParseMaster reads what a master key file holds: 64 hex characters and at most
// one line break.
func ParseMaster(text []byte) ([]byte, error) {
	text, cut := bytes.CutSuffix(text, []byte("\n"))
	if cut {
		text = bytes.TrimSuffix(text, []byte("\r"))
	}
	if len(text) != 2*masterBytes {
		return nil, fmt.Errorf("%w: %d characters, not %d", ErrMasterUnusable, len(text), 2*masterBytes)
	}
	secret := make([]byte, masterBytes)
	if _, err := hex.Decode(secret, text); err != nil {
		// The decoder's own message would quote a character of the key.
		return nil, fmt.Errorf("%w: a character is not hexadecimal", ErrMasterUnusable)
	}
	return secret, nil
}

func readMaster(path string) (*Master, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("trust: opening the master key: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("trust: looking at the master key: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, 2*masterBytes+64))
	if err != nil {
		return nil, fmt.Errorf("trust: reading the master key: %w", err)
	}
	secret, err := ParseMaster(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	master, err := NewMaster(secret)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	master.path, master.exposed = path, info.Mode().Perm()&0o077 != 0
	return master, nil
}

// createMaster writes a new key beside its place and then gives it its name in
// one step, so that of two first starts one wins and the other reads the whole
// key of the winner, and a crash leaves no half of one.
func createMaster(path string) (*Master, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("trust: writing the master key: %w", err)
	}
	secret := make([]byte, masterBytes)
	_, _ = rand.Read(secret) // never fails: it ends the process instead
	temporary, err := writeSynced(path, hex.EncodeToString(secret)+"\n")
	if err != nil {
		return nil, fmt.Errorf("trust: writing the master key: %w", err)
	}
	defer func() { _ = os.Remove(temporary) }()
	if err := os.Link(temporary, path); errors.Is(err, fs.ErrExist) {
		return readMaster(path)
	} else if err != nil {
		return nil, fmt.Errorf("trust: writing the master key: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("trust: writing the master key: %w", err)
	}
	master, err := readMaster(path)
	if err != nil {
		return nil, err
	}
	master.created = true
	return master, nil
}

// writeSynced leaves text in a new file of mode 0600 beside path.
func writeSynced(path, text string) (name string, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	if _, err := file.WriteString(text); err != nil {
		return "", err
	}
	return file.Name(), file.Sync()
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
