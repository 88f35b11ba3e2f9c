package httpapi

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// side is whose origin a route belongs to, where console and widget have one each.
type side int

const (
	consoleSide side = iota // also the management API; and whatever nobody listed
	widgetSide
	bothSides
)

// sides :: beginning of a path → whose it is. The first that fits decides. What is not
// listed is the console's, so that a new route is never served to pages of customers
// because somebody forgot it.
var sides = []struct {
	prefix string
	of     side
}{
	{"/healthz", bothSides}, {"/readyz", bothSides}, {"/metrics", bothSides}, {"/assets/", bothSides},
	{"/api/v1/widget/", widgetSide}, {"/api/v1/register", widgetSide}, {"/v1.js", widgetSide}, {"/frame/", widgetSide}, {"/m/", widgetSide},
	{"/beacon.js", widgetSide}, {"/cdn/", widgetSide}, {"/widget/", widgetSide},
}

func sideOf(path string) side {
	for _, s := range sides {
		if strings.HasPrefix(path, s.prefix) {
			return s.of
		}
	}
	return consoleSide
}

// hosts says which of two origins a request came to. The zero value has one for all.
type hosts struct{ console, widget string }

// newHosts splits where both are given and differ.
func newHosts(console, widget string) hosts {
	h := hosts{console: hostOf(console), widget: hostOf(widget)}
	if h.console == "" || h.widget == "" || h.console == h.widget {
		return hosts{}
	}
	return h
}

func (h hosts) one() bool { return h.console == "" }

// serves says whether a path of ours exists on the host that the request came to. Only
// the request's own Host counts: X-Forwarded-Host is whatever its sender wrote.
func (h hosts) serves(r *http.Request, path string) bool {
	if h.one() {
		return true
	}
	of := sideOf(path)
	if strings.TrimSuffix(path, "{$}") == "/" && WantsScript(r) {
		of = widgetSide // there it is another system's loader, and no way to the console
	}
	if of == bothSides {
		return true
	}
	switch came := plainHost(r.Host); came {
	case h.console:
		return of == consoleSide
	case h.widget:
		return of == widgetSide
	}
	return false
}

// WantsScript says whether a browser asks for this as a page's script. Browsers set the
// header themselves; no page can.
func WantsScript(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Dest") == "script" }

// hostOf is an origin's host, with its port unless that is the scheme's own.
func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return ""
	}
	return plainHost(u.Host)
}

// plainHost spells a host in one way: lower case, no dot at its end, no port that is a
// scheme's own. Behind a proxy that ends TLS we are asked for either of those.
func plainHost(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if port == "" || port == "80" || port == "443" {
		return name
	}
	return net.JoinHostPort(name, port)
}

// OneOrigin says that console and widget share theirs: a mistake in the one page then
// reaches the other's cookies and storage.
func (f *Floor) OneOrigin() bool { return f.hosts.one() }

// WidgetBase is where pages find loader and messenger.
func (f *Floor) WidgetBase() string {
	if f.options.WidgetURL != "" {
		return strings.TrimRight(f.options.WidgetURL, "/")
	}
	return f.Base()
}
