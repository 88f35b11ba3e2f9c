package identity

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"testing"

	"github.com/c2sp/wycheproof"
)

// macOf is the MAC that every proof goes through, over bytes.
func macOf(tb testing.TB, key, data []byte) []byte {
	tb.Helper()
	m := newMACState(NewSecret(key))
	m.text("left over from before")
	m.sum()
	m.text(string(data))
	return bytes.Clone(m.sum())
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestRFC4231(t *testing.T) {
	raw, err := os.ReadFile("../spec/vectors/hmac.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		About   string `json:"about"`
		Vectors []struct {
			Name, Key, Data, MAC string
		} `json:"vectors"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil || len(file.Vectors) != 7 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		if got := hex.EncodeToString(macOf(t, unhex(t, v.Key), unhex(t, v.Data))); got != v.MAC {
			t.Errorf("%s: %s; want %s", v.Name, got, v.MAC)
		}
	}
}

func TestWycheproofHMACSHA256(t *testing.T) {
	raw, err := fs.ReadFile(wycheproof.TestVectors, "hmac_sha256_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			TagSize int `json:"tagSize"`
			Tests   []struct {
				ID                     int `json:"tcId"`
				Key, Msg, Tag, Comment string
				Result                 string
			} `json:"tests"`
		} `json:"testGroups"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	whole, truncated := 0, 0
	for _, g := range file.Groups {
		for _, v := range g.Tests {
			var sent tag
			if g.TagSize != 256 {
				truncated++
				if decodeTag(&sent, v.Tag, true) {
					t.Errorf("test %d: a tag of %d bits is taken", v.ID, g.TagSize)
				}
				continue
			}
			whole++
			right := decodeTag(&sent, v.Tag, false) && bytes.Equal(macOf(t, unhex(t, v.Key), unhex(t, v.Msg)), sent[:])
			if right != (v.Result == "valid") {
				t.Errorf("test %d (%s): %v; the suite says %s", v.ID, v.Comment, right, v.Result)
			}
		}
	}
	if whole < 80 || truncated < 80 {
		t.Errorf("%d whole tags and %d truncated ones were tried", whole, truncated)
	}
}
