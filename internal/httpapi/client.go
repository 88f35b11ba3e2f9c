package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
)

// Client is who is at the other end, as far as the connection tells.
type Client struct {
	Addr    netip.Addr // of the visitor or agent; invalid if it cannot be told
	Network string     // what limits count by: an IPv4 address, or the /56 of an IPv6 one
	HTTPS   bool
}

// clientOf believes forwarded headers only from a listed proxy: anybody else
// could write into them whatever escapes a limit.
func clientOf(r *http.Request, trusted []netip.Prefix) Client {
	peer := parseAddr(r.RemoteAddr)
	c := Client{Addr: peer, HTTPS: r.TLS != nil}
	if isTrusted(peer, trusted) {
		c.Addr = forwardedFor(r.Header.Values("X-Forwarded-For"), peer, trusted)
		if proto := r.Header.Values("X-Forwarded-Proto"); len(proto) == 1 {
			c.HTTPS = strings.EqualFold(proto[0], "https")
		}
	}
	c.Network = networkOf(c.Addr)
	return c
}

// forwardedFor walks the list from our side outwards, over the proxies that we
// know, to the first address that none of them vouches for.
func forwardedFor(headers []string, peer netip.Addr, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	client := peer
	for i := len(hops) - 1; i >= 0; i-- {
		addr := parseAddr(strings.TrimSpace(hops[i]))
		if !addr.IsValid() {
			return client
		}
		client = addr
		if !isTrusted(addr, trusted) {
			return client
		}
	}
	return client
}

func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	if !addr.IsValid() {
		return false
	}
	for _, network := range trusted {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

func parseAddr(text string) netip.Addr {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return addr.Unmap().WithZone("")
	}
	if pair, err := netip.ParseAddrPort(text); err == nil {
		return pair.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// networkOf is the unit that one party can be expected to hold.
func networkOf(addr netip.Addr) string {
	if !addr.IsValid() {
		return "unknown"
	}
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 56).Masked().String()
}
