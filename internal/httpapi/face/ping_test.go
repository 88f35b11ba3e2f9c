package face

import (
	"context"
	"fmt"
	"testing"
)

// A page that claims nobody says so by asking for a document that is none; a page that
// may not frame the messenger is noticed when it tries.
func TestPagesAreSeenAndAreTheirOwnWord(t *testing.T) {
	for name, c := range map[string]struct {
		target  string
		headers []string
		status  int
		want    string
	}{
		"a ping":                     {"/frame/shop?ping=https://shop.example", nil, 204, "[{shop https://shop.example  false}]"},
		"a ping that says nothing":   {"/frame/old1?ping", nil, 204, "[{shop   false}]"},
		"a ping of no channel":       {"/frame/nobody?ping=https://shop.example", nil, 404, "[]"},
		"a page on the list":         {"/frame/shop", []string{"Referer", "https://shop.example/cart"}, 200, "[]"},
		"a page that does not say":   {"/frame/shop", nil, 200, "[]"},
		"a page beside the list":     {"/frame/shop", []string{"Referer", "https://SHOP.example:444/cart?session=1"}, 200, "[{shop https://shop.example:444  true}]"},
		"a referrer that is no page": {"/frame/shop", []string{"Referer", "about:blank"}, 200, "[]"},
		"any page may":               {"/frame/open", []string{"Referer", "https://elsewhere.example/"}, 200, "[]"},
	} {
		seen := []Page{}
		f := floor(t, Deps{Assets: built(), Seen: func(_ context.Context, p Page) {
			if p.Network == "" {
				t.Errorf("%s: it came from nowhere", name)
			}
			p.Network = ""
			seen = append(seen, p)
		}})
		w := get(f, c.target, c.headers...)
		if w.Code != c.status || fmt.Sprint(seen) != c.want {
			t.Errorf("%s: %d, seen %v, want %d, %s", name, w.Code, seen, c.status, c.want)
		}
		if c.status == 204 && (w.Body.Len() > 0 || w.Header().Get("Cache-Control") != "no-store") {
			t.Errorf("%s: answered %q, %v", name, w.Body, w.Header())
		}
	}
}
