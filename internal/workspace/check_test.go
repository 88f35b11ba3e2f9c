package workspace_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/internal/workspace"
)

var originSeeds = []string{
	"https://shop.example", "HTTPS://Shop.Example:443", "http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:8080", "https://xn--bcher-kva.example",
	"", "https://", "shop.example", "https://*.example", "https://a.example/", "https://a.example https://evil.example", "https://a.example;script-src *",
	"https://a.example,https://b.example", "https://user@a.example", "https://a.example:0", "https://a.example:065", "https://a.example:99999", "https://a.example:",
	"https://a.example?x", "https://a.example#x", "javascript://a.example", "data:", "null", "https://\u212aing.example", "https://a..example", "https://-a.example",
	"https://a.example\n", "https://1.2.3", "https://0x7f000001", "https://2130706433", "https://[::1%25eth0]", "https://[::1", "https://'self'", "https://a.example\x00",
}

func TestOriginsAreExact(t *testing.T) {
	if len(originSeeds) != 35 {
		t.Errorf("%d seeds", len(originSeeds))
	}
	want := map[string]string{
		"https://shop.example": "https://shop.example", "HTTPS://Shop.Example:443": "https://shop.example", "http://localhost:3000": "http://localhost:3000",
		"http://127.0.0.1:8080": "http://127.0.0.1:8080", "http://[::1]:8080": "http://[::1]:8080", "https://xn--bcher-kva.example": "https://xn--bcher-kva.example",
	}
	for _, text := range originSeeds {
		got, err := workspace.ParseOrigin(text)
		if got != want[text] || (err == nil) != (want[text] != "") || err != nil && !errors.Is(err, workspace.ErrInvalid) {
			t.Errorf("ParseOrigin(%q) = %q, %v", text, got, err)
		}
	}
}

// TestLongestLifeIsAMinuteToADay: what lies outside would refuse every token, or
// none for days.
func TestLongestLifeIsAMinuteToADay(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{0: 0, time.Minute: time.Minute, 15 * time.Minute: 15 * time.Minute, 24*time.Hour - time.Second: 24*time.Hour - time.Second, 24 * time.Hour: 0} {
		if got, err := workspace.CheckChannel(workspace.Channel{Name: "Shop", LongestLife: life}); err != nil || got.LongestLife != want {
			t.Errorf("%v is kept as %v, %v", life, got.LongestLife, err)
		}
	}
	for _, life := range []time.Duration{-time.Minute, time.Second, time.Minute - 1, time.Minute + time.Millisecond, 24*time.Hour + time.Second, 1 << 62} {
		if _, err := workspace.CheckChannel(workspace.Channel{Name: "Shop", LongestLife: life}); !errors.Is(err, workspace.ErrInvalid) {
			t.Errorf("%v: %v", life, err)
		}
	}
}

func FuzzParseOrigin(f *testing.F) {
	for _, seed := range originSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		origin, err := workspace.ParseOrigin(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(origin, " \t\r\n;,*'\"?#@\\%") || strings.Count(origin, "/") != 2 {
			t.Fatalf("ParseOrigin(%q) = %q would say more than one page in a policy", text, origin)
		}
		if again, err := workspace.ParseOrigin(origin); err != nil || again != origin {
			t.Fatalf("%q is not its own spelling: %q, %v", origin, again, err)
		}
	})
}
