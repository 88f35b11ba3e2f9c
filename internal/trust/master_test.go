package trust_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"countersign/internal/trust"
)

var masterHex = strings.Repeat("0123456789abcdef", 4)

func testMaster(t testing.TB) *trust.Master {
	t.Helper()
	m, err := trust.LoadMaster(trust.MasterOptions{Value: masterHex})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFirstStartMakesOneKeyAndLaterStartsReadIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "data.masterkey")
	first, err := trust.LoadMaster(trust.MasterOptions{DefaultFile: path, MayCreate: true})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	again, err := trust.LoadMaster(trust.MasterOptions{DefaultFile: path})
	if err != nil {
		t.Fatal(err)
	}
	made, created := first.Created()
	_, createdAgain := again.Created()
	if _, exposed := again.Exposed(); !created || createdAgain || made != path || again.ID() != first.ID() || exposed {
		t.Errorf("first %v %q, again %v, exposed %v", created, made, createdAgain, exposed)
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Errorf("%d files beside the key", len(left)-1)
	}
}

func TestTwoFirstStartsAtOnceShareOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.masterkey")
	var wait sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wait.Go(func() {
			m, err := trust.LoadMaster(trust.MasterOptions{DefaultFile: path, MayCreate: true})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = m.ID()
		})
	}
	wait.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("the starts hold different keys: %v", ids)
		}
	}
}

func TestDataWithoutItsKeyNeverGetsASecondOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.masterkey")
	_, err := trust.LoadMaster(trust.MasterOptions{DefaultFile: path})
	if !errors.Is(err, trust.ErrMasterMissing) || !strings.Contains(err.Error(), path) {
		t.Fatalf("err = %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a second key was made")
	}
	_, err = trust.LoadMaster(trust.MasterOptions{File: path + ".named", DefaultFile: path})
	if err == nil || !strings.Contains(err.Error(), path+".named") {
		t.Errorf("the path that was tried is not named: %v", err)
	}
}

func TestAWrongMasterKeyOpensNoRoot(t *testing.T) {
	right := testMaster(t)
	sealed := right.NewRoot("ins_1")
	if _, err := right.OpenRoot("ins_1", sealed); err != nil {
		t.Fatal(err)
	}
	wrong, err := trust.LoadMaster(trust.MasterOptions{Value: strings.Repeat("fedcba9876543210", 4)})
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, open := range map[string]func() (*trust.Master, error){
		"another key":          func() (*trust.Master, error) { return wrong.OpenRoot("ins_1", sealed) },
		"another installation": func() (*trust.Master, error) { return right.OpenRoot("ins_2", sealed) },
		"changed":              func() (*trust.Master, error) { return right.OpenRoot("ins_1", changed) },
		"none":                 func() (*trust.Master, error) { return right.OpenRoot("ins_1", nil) },
		"something else": func() (*trust.Master, error) {
			return right.OpenRoot("ins_1", right.Seal([]byte("x"), trust.AD{Table: "installation"}))
		},
	} {
		if root, err := open(); !errors.Is(err, trust.ErrMasterWrong) || root != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Moving to a new master key changes what opens the root, and nothing that hangs on the root.
func TestANewMasterKeyLeavesEverythingSealedAndDerivedAsItWas(t *testing.T) {
	old := testMaster(t)
	next, err := trust.CreateMaster(filepath.Join(t.TempDir(), "next"))
	if err != nil {
		t.Fatal(err)
	}
	before := old.NewRoot("ins_1")
	root, err := old.OpenRoot("ins_1", before)
	if err != nil {
		t.Fatal(err)
	}
	place := trust.AD{Installation: "ins_1", Table: "keys", Row: "key_1", Purpose: "verify"}
	secret := root.Seal([]byte("secret"), place)
	after, err := old.RewrapRoot("ins_1", before, next)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := next.OpenRoot("ins_1", after)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := moved.Open(secret, place); err != nil || string(plain) != "secret" {
		t.Errorf("what was sealed before: %q, %v", plain, err)
	}
	if !bytes.Equal(moved.Derive("audit"), root.Derive("audit")) || moved.Fingerprint([]byte("k")) != root.Fingerprint([]byte("k")) {
		t.Error("what is derived has changed")
	}
	if _, err := old.OpenRoot("ins_1", after); !errors.Is(err, trust.ErrMasterWrong) {
		t.Errorf("the old key opens what the new one sealed: %v", err)
	}
	if _, err := next.RewrapRoot("ins_1", before, old); !errors.Is(err, trust.ErrMasterWrong) {
		t.Errorf("a key that does not open the root rewrapped it: %v", err)
	}
}

func TestANewMasterKeyNeverOverwritesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(path, []byte("something"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.CreateMaster(path); !errors.Is(err, trust.ErrMasterUnusable) {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "something" {
		t.Error("the file was overwritten")
	}
}

func TestASealedSecretOpensOnlyInItsPlace(t *testing.T) {
	m := testMaster(t)
	home := trust.AD{Installation: "i", Workspace: "main", Table: "keys", Row: "key_1", Purpose: "verify"}
	sealed := m.Seal([]byte("secret"), home)
	if plain, err := m.Open(sealed, home); err != nil || string(plain) != "secret" {
		t.Fatalf("%q, %v", plain, err)
	}
	if bytes.Equal(sealed, m.Seal([]byte("secret"), home)) {
		t.Error("the same secret sealed twice gives the same bytes")
	}
	moves := map[string]func(*trust.AD){
		"installation": func(a *trust.AD) { a.Installation = "j" },
		"workspace":    func(a *trust.AD) { a.Workspace = "other" },
		"table":        func(a *trust.AD) { a.Table = "tools" },
		"row":          func(a *trust.AD) { a.Row = "key_2" },
		"purpose":      func(a *trust.AD) { a.Purpose = "sign" },
		"fields slide": func(a *trust.AD) { a.Table, a.Row = "key", "skey_1" },
	}
	for name, move := range moves {
		away := home
		move(&away)
		if _, err := m.Open(sealed, away); !errors.Is(err, trust.ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for cut := range sealed {
		if _, err := m.Open(sealed[:cut], home); !errors.Is(err, trust.ErrSealed) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

func TestFingerprintsSeeThroughSpellingsOfOneKey(t *testing.T) {
	m := testMaster(t)
	if m.Fingerprint([]byte("0123456789abcdef")) != m.Fingerprint([]byte("0123456789abcdef\x00")) {
		t.Error("HMAC pads with zeros: these two make the same MACs")
	}
	long := bytes.Repeat([]byte("k"), 65)
	if m.Fingerprint(long) == m.Fingerprint(long[:64]) {
		t.Error("a long key and its first 64 bytes are different keys")
	}
	other, _ := trust.NewMaster([]byte("another master key of 32 bytes.."))
	if m.Fingerprint([]byte("a")) == other.Fingerprint([]byte("a")) {
		t.Error("a fingerprint without the master key lets secrets be guessed")
	}
}

func TestTheMasterKeyIsNeverPrinted(t *testing.T) {
	m := testMaster(t)
	secret, _ := hex.DecodeString(masterHex)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "master", m)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "master", *m)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		fmt.Fprintf(&log, verb, m)
		fmt.Fprintf(&log, verb, *m)
	}
	for _, form := range []string{masterHex, string(secret), strings.Trim(fmt.Sprint(secret), "[]"), hex.EncodeToString(m.Derive("seal"))} { //nolint:staticcheck // its bytes in decimals, as a careless log would print them
		if strings.Contains(log.String(), form) {
			t.Errorf("printed: %s", log.String())
		}
	}
}

func TestMasterKeyFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"empty": "", "short": masterHex[:63], "long": masterHex + "0", "two breaks": masterHex + "\n\n", "blank before": " " + masterHex,
		"not hex": masterHex[:63] + "g", "zeros": strings.Repeat("0", 64), "binary": strings.Repeat("\xff", 32),
	} {
		path := filepath.Join(dir, "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := trust.LoadMaster(trust.MasterOptions{File: path, MayCreate: true})
		if !errors.Is(err, trust.ErrMasterUnusable) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if kept, _ := os.ReadFile(path); string(kept) != text {
			t.Errorf("%s: the file was overwritten", name)
		}
	}
	if _, err := trust.LoadMaster(trust.MasterOptions{Value: masterHex, File: "x"}); !errors.Is(err, trust.ErrMasterUnusable) {
		t.Errorf("two answers to one question: %v", err)
	}
}

func TestAKeyFileThatOthersCanReadIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(strings.ToUpper(masterHex)+"\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := trust.LoadMaster(trust.MasterOptions{File: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, exposed := m.Exposed(); !exposed || m.ID() != testMaster(t).ID() {
		t.Fatalf("exposed %v, id %s", exposed, m.ID())
	}
}

var masterSeeds = []string{
	"", masterHex, masterHex + "\n", masterHex + "\r\n", masterHex + "\r", strings.ToUpper(masterHex), "0x" + masterHex[2:], "\n", masterHex + " ",
	masterHex + "\n\n", "\xef\xbb\xbf" + masterHex, masterHex[:63] + "\x00", "-----BEGIN PRIVATE KEY-----",
}

func TestTheFuzzersHaveTheirSeeds(t *testing.T) {
	if len(masterSeeds) != 13 {
		t.Errorf("%d seeds", len(masterSeeds))
	}
}

func FuzzParseMaster(f *testing.F) {
	for _, seed := range masterSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		secret, err := trust.ParseMaster(text)
		if err != nil {
			if len(text) > 8 && strings.Contains(err.Error(), string(text)) {
				t.Fatal("the error quotes the key")
			}
			return
		}
		if len(secret) != 32 || !strings.EqualFold(hex.EncodeToString(secret), strings.TrimRight(string(text), "\r\n")) {
			t.Fatalf("%q gave %x", text, secret)
		}
	})
}
