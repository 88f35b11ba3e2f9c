package main

import (
	"io"
	"os"
	"strings"
)

// secretSource is where one secret comes from; never an argument, which other
// users of the machine can read.
type secretSource struct {
	SecretFile string `name:"secret-file" placeholder:"FILE" help:"File with the secret, less one trailing line break; - reads standard input."`
	SecretEnv  string `name:"secret-env" placeholder:"NAME" help:"Environment variable with the secret."`
}

// read answers with the secret as it was entered.
func (s secretSource) read(t terminal) (string, error) {
	sources := secretSources{}
	if s.SecretFile != "" {
		sources.SecretFile = []string{s.SecretFile}
	}
	if s.SecretEnv != "" {
		sources.SecretEnv = []string{s.SecretEnv}
	}
	secrets, err := sources.read(t)
	switch {
	case err != nil:
		return "", err
	case len(secrets) > 1:
		return "", misuse("--secret-file and --secret-env both name a secret; one is needed")
	}
	return secrets[0], nil
}

// secretSources is where several secrets come from, tried in this order.
type secretSources struct {
	SecretFile []string `name:"secret-file" sep:"none" placeholder:"FILE" help:"File with a secret, less one trailing line break; - reads standard input. May be repeated, as during a rotation."`
	SecretEnv  []string `name:"secret-env" sep:"none" placeholder:"NAME" help:"Environment variable with a secret. May be repeated."`
}

func (s secretSources) read(t terminal) ([]string, error) {
	var secrets []string
	input := ""
	for _, path := range s.SecretFile {
		if path == "-" && input != "" {
			return nil, misuse("standard input can be read once")
		}
		if path == "-" {
			input = path
		}
		text, err := readText(t, path)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, text)
	}
	for _, name := range s.SecretEnv {
		text := t.Getenv(name)
		if text == "" {
			return nil, misuse("the environment variable %s is not set", name)
		}
		secrets = append(secrets, text)
	}
	if len(secrets) == 0 {
		return nil, misuse("no secret: give --secret-file or --secret-env")
	}
	return secrets, nil
}

func (s secretSources) readsInput() bool {
	for _, path := range s.SecretFile {
		if path == "-" {
			return true
		}
	}
	return false
}

// readText reads a file, or standard input, byte for byte less one trailing line break.
func readText(t terminal, path string) (string, error) {
	raw, err := readBytes(t, path)
	if err != nil {
		return "", err
	}
	return lessLineBreak(string(raw)), nil
}

// readBytes reads a file, or standard input, as it is.
func readBytes(t terminal, path string) ([]byte, error) {
	var raw []byte
	var err error
	if path == "-" {
		raw, err = io.ReadAll(t.In)
	} else {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, misuse("cannot read %s: %v", path, err)
	}
	return raw, nil
}

// lessLineBreak takes off one line break as an editor or echo leaves it, and no
// other byte: a secret may end in a blank.
func lessLineBreak(s string) string {
	if cut, found := strings.CutSuffix(s, "\r\n"); found {
		return cut
	}
	return strings.TrimSuffix(s, "\n")
}
