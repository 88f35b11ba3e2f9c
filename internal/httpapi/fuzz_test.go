package httpapi

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"countersign/internal/chat"
)

// FuzzCursor: a cursor is refused, or it is one that we would have written.
func FuzzCursor(f *testing.F) {
	seeds := []string{
		"", "e", "MC54", "....", "MTIz", "-1.x", "z.", "=", "AAAA", "MQ==",
		Cursor(chat.Cursor{At: time.UnixMicro(1), ID: "cnv_1"}), Cursor(chat.Cursor{At: time.UnixMicro(1_800_000_000_000_000), ID: strings.Repeat("x", 64)}),
		cursorText.EncodeToString([]byte("zzzzzzzzzzzzzzz.x")), cursorText.EncodeToString([]byte("1.\x00")), cursorText.EncodeToString([]byte("-1.x")),
	}
	if len(seeds) != 15 {
		f.Fatalf("%d seeds, want 15", len(seeds))
	}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text)
		if err != nil || text == "" {
			return
		}
		if again, err := ParseCursor(Cursor(c)); err != nil || again != c {
			t.Fatalf("%q reads as %+v, which reads again as %+v, %v", text, c, again, err)
		}
		if !isText(c.ID) || len(c.ID) > 64 || c.At.Before(time.UnixMicro(0)) {
			t.Fatalf("let through %+v", c)
		}
	})
}

// FuzzForwarded: a stranger's header never decides, and through a proxy that is
// trusted the answer is an address that nobody trusted vouches for, or the proxy.
func FuzzForwarded(f *testing.F) {
	seeds := []string{
		"", "203.0.113.7", "10.0.0.9, 203.0.113.7", "203.0.113.7, 10.0.0.9", "unknown", "_hidden", "::1", "[2001:db8::1]:443", "203.0.113.7:80",
		",,,", "10.0.0.1,10.0.0.2", "::ffff:203.0.113.7", "fe80::1%eth0", "1.2.3", strings.Repeat("10.0.0.1,", 300),
	}
	if len(seeds) != 15 {
		f.Fatalf("%d seeds, want 15", len(seeds))
	}
	for _, seed := range seeds {
		f.Add(seed)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Forwarded-For"] = []string{header}
		r.Header["X-Forwarded-Proto"] = []string{"https"}

		r.RemoteAddr = "198.51.100.1:4000"
		if c := clientOf(r, trusted); c.Addr != netip.MustParseAddr("198.51.100.1") || c.HTTPS || c.Network != "198.51.100.1" {
			t.Fatalf("a stranger's header %q made it %+v", header, c)
		}
		r.RemoteAddr = "10.1.2.3:4000"
		c := clientOf(r, trusted)
		if !c.Addr.IsValid() || c.Addr.Is4In6() || c.Addr.Zone() != "" || c.Network == "unknown" {
			t.Fatalf("through a proxy %q made it %+v", header, c)
		}
	})
}
