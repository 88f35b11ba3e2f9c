// Package egress makes every request to an address that somebody entered: an issuer's
// key set now; tools, webhooks and apps later. Whoever may type an address must not
// thereby reach what only this machine can reach.
//
// It decides whether an address may be called, and refuses: another scheme than http
// and https, credentials in the address, redirects, a proxy from the environment, and
// every network address that is not public. The address is judged when the connection
// is made, after the name was resolved and by what it was resolved to; a name that
// answers differently the second time (DNS rebinding) gains nothing, because there is
// no second time. IPv6 forms that carry an IPv4 address are judged by that one too.
//
// An exception is HOST:PORT in the server's own configuration, never in the console.
// arch_test.go refuses any other client of HTTP in the program's rooms.
package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	// ErrAddress: the address may not be called; wrapped with the reason. Operators read
	// both, since they entered the address.
	ErrAddress = errors.New("this address is not called")
	// ErrAnswer: the other side answered what cannot be taken; wrapped with the reason.
	ErrAnswer = errors.New("its answer is not taken")
)

// Limits of one request, unless Options says otherwise.
const (
	DefaultTimeout = 10 * time.Second
	DefaultBody    = 1 << 20
	maxHeader      = 32 << 10
	maxAddress     = 2048
)

// Options of a Client. The zero value allows no exception.
type Options struct {
	Allow   []string      // HOST:PORT that may be called although they are not public
	Timeout time.Duration // of a whole request, its body included; zero: DefaultTimeout
	Body    int64         // bytes of an answer; zero: DefaultBody
}

// Client calls. It keeps no connection between two requests.
type Client struct {
	allow   map[string]bool
	timeout time.Duration
	body    int64
	http    *http.Client

	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	here   func() []netip.Addr // this machine's addresses

	mu  sync.Mutex
	own []string
}

// Listens says that this program listens at HOST:PORT, which is never called from now
// on. An empty or unspecified host stands for every address of this machine.
func (c *Client) Listens(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own = append(slices.Clone(c.own), address)
}

func (c *Client) listeners() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own
}

// New makes a client.
func New(o Options) *Client {
	c := &Client{allow: map[string]bool{}, timeout: o.Timeout, body: o.Body, here: machine}
	for _, address := range o.Allow {
		c.allow[strings.ToLower(address)] = true
	}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	if c.body <= 0 {
		c.body = DefaultBody
	}
	c.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	c.dial = (&net.Dialer{Timeout: c.timeout}).DialContext
	c.http = &http.Client{
		Timeout:       c.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, DialContext: c.connect, DisableKeepAlives: true, DisableCompression: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: c.timeout,
			ResponseHeaderTimeout: c.timeout, MaxResponseHeaderBytes: maxHeader,
		},
	}
	return c
}

// Answer is what the other side said, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and reads the answer within the client's limits. A redirect is an
// answer like any other: whoever entered the address enters the new one.
func (c *Client) Do(request *http.Request) (Answer, error) {
	if err := c.check(request.URL); err != nil {
		return Answer{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{}, plain(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, c.body+1))
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("%w: it could not be read to its end: %w", ErrAnswer, plain(err))
	case int64(len(body)) > c.body:
		return Answer{}, fmt.Errorf("%w: it is longer than %d bytes", ErrAnswer, c.body)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// Fetch reads a document that must not be forged on its way, such as a set of keys:
// over https, but for the configuration's exceptions, and answered with 200.
func (c *Client) Fetch(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be read", ErrAddress)
	}
	if request.URL.Scheme != "https" && !c.excepted(request.URL) {
		return nil, fmt.Errorf("%w: it does not begin with https://", ErrAddress)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Countersign")
	answer, err := c.Do(request)
	if err != nil {
		return nil, err
	}
	switch {
	case answer.Status >= 300 && answer.Status < 400:
		return nil, fmt.Errorf("%w: it is a redirect (%d), which is not followed", ErrAnswer, answer.Status)
	case answer.Status != http.StatusOK:
		return nil, fmt.Errorf("%w: its status is %d", ErrAnswer, answer.Status)
	}
	return answer.Body, nil
}

// check judges the address as it was entered; what it resolves to is judged when the
// connection is made.
func (c *Client) check(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: it does not begin with https:// or http://", ErrAddress)
	case u.User != nil:
		return fmt.Errorf("%w: it holds a user name or password", ErrAddress)
	case u.Hostname() == "" || len(u.String()) > maxAddress:
		return fmt.Errorf("%w: it has no host, or is too long", ErrAddress)
	}
	return nil
}

func (c *Client) excepted(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return c.allow[strings.ToLower(net.JoinHostPort(u.Hostname(), port))]
}

// connect resolves once, judges every address that it got, and dials one of those.
func (c *Client) connect(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: it has no usable port", ErrAddress)
	}
	addresses, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	excepted := c.allow[strings.ToLower(address)]
	var last error
	for _, a := range addresses {
		if err := c.judge(a, port, excepted); err != nil {
			last = err
			continue
		}
		conn, err := c.dial(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addresses, err := c.lookup(ctx, host)
	if err != nil || len(addresses) == 0 {
		return nil, fmt.Errorf("%w: its host %q is not found", ErrAddress, host)
	}
	return addresses, nil
}

func (c *Client) judge(a netip.Addr, port string, excepted bool) error {
	switch {
	case c.ours(a, port):
		return fmt.Errorf("%w: this program itself listens there", ErrAddress)
	case !excepted && !Public(a):
		return fmt.Errorf("%w: its host is in a network that is not public; the server's configuration can allow HOST:PORT (COUNTERSIGN_EGRESS_ALLOW)", ErrAddress)
	}
	return nil
}

// ours says whether this program listens at a, in whatever form a leads there.
func (c *Client) ours(a netip.Addr, port string) bool {
	return slices.ContainsFunc(c.listeners(), func(listener string) bool {
		host, listens, err := net.SplitHostPort(listener)
		if err != nil || listens != port {
			return false
		}
		return slices.ContainsFunc(forms(a), func(form netip.Addr) bool { return c.listensAt(host, form) })
	})
}

// listensAt: no host, an unspecified one and a name stand for all of this machine.
func (c *Client) listensAt(host string, a netip.Addr) bool {
	at, err := netip.ParseAddr(host)
	switch {
	case a.IsUnspecified():
		return true
	case err == nil && !at.IsUnspecified():
		return a == at.Unmap()
	}
	return a.IsLoopback() || slices.Contains(c.here(), a)
}

// machine lists this machine's addresses.
func machine() []netip.Addr {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, a := range found {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, prefix.Addr().Unmap())
		}
	}
	return out
}

// plain takes the address out of an error of net/http: whoever sees the error entered
// the address, and logs need not repeat what may stand in its query.
func plain(err error) error {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		if inURL.Timeout() {
			return fmt.Errorf("%w: it took too long", ErrAnswer)
		}
		err = inURL.Err
	}
	return quoting{err}
}

// quoting is an error that may repeat the other side's words, such as the names in a
// certificate that nobody trusts yet: short, and fit for a terminal.
type quoting struct{ error }

const maxQuoted = 300 // characters

func (q quoting) Error() string {
	words := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, q.error.Error()))
	if len(words) > maxQuoted {
		return string(words[:maxQuoted]) + "…"
	}
	return string(words)
}

func (q quoting) Unwrap() error { return q.error }
