package egress

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
)

// publicAddress stands for any host on the internet; nothing is ever sent there.
var publicAddress = netip.MustParseAddr("93.184.215.14")

// to makes a client for which every name is one public address and every connection
// ends at the server.
func to(t *testing.T, server *httptest.Server, o Options) *Client {
	t.Helper()
	c := New(o)
	c.lookup = func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{publicAddress}, nil }
	c.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	if server.TLS != nil {
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = roots
	}
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	return server
}

func TestADocumentIsFetched(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" || r.Header.Get("Accept") != "application/json" {
			t.Errorf("asked with %v", r.Header)
		}
		_, _ = io.WriteString(w, `{"keys":[]}`)
	})
	got, err := to(t, server, Options{}).Fetch(t.Context(), "https://example.com/jwks.json")
	if err != nil || string(got) != `{"keys":[]}` {
		t.Errorf("%q, %v", got, err)
	}
}

// TestNoAddressThatIsNotPublicIsCalled lists every form in which an address of the
// inside can be written.
func TestNoAddressThatIsNotPublicIsCalled(t *testing.T) {
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.1.2.3", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "::93.184.215.14",
		"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1::93.184.215.14",
		"2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "2002:c0a8:101::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1",
		"2606:4700::5efe:127.0.0.1", "2606:4700::200:5efe:10.0.0.1", "100::1", "5f00::1", "fc00::1", "fd12:3456:789a::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "4000::1", "8000::1",
	} {
		if Public(netip.MustParseAddr(text)) {
			t.Errorf("%s counts as public", text)
		}
	}
	for _, text := range []string{"93.184.215.14", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "198.17.0.1", "223.255.255.255",
		"2606:4700::1111", "2001:4860:4860::8888", "2002:101:101::1", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1", "2606:4700::5efe:1.1.1.1"} {
		if !Public(netip.MustParseAddr(text)) {
			t.Errorf("%s does not count as public", text)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address counts as public")
	}
}

// TestEveryAddressIsJudgedWhenTheConnectionIsMade goes through the whole client.
func TestEveryAddressIsJudgedWhenTheConnectionIsMade(t *testing.T) {
	c := New(Options{})
	c.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("%s was dialled", address)
		return nil, errors.New("no")
	}
	for _, address := range []string{"https://127.0.0.1/", "https://[::1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]:8443/", "https://[2002:7f00:1::]/", "https://169.254.169.254/latest/meta-data",
		"https://[fe80::1%25lo]/", "https://localhost/", "https://0/", "https://0.0.0.0:8080/"} {
		if _, err := c.Fetch(t.Context(), address); !errors.Is(err, ErrAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestANameThatAnswersDifferentlyTheSecondTimeGainsNothing is DNS rebinding: the first
// answer is public, every later one is the inside.
func TestANameThatAnswersDifferentlyTheSecondTimeGainsNothing(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	c := to(t, server, Options{})
	asked := 0
	c.lookup = func(context.Context, string) ([]netip.Addr, error) {
		if asked++; asked == 1 {
			return []netip.Addr{publicAddress}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	var dialled []string
	dial := c.dial
	c.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return dial(ctx, network, address)
	}
	if _, err := c.Fetch(t.Context(), "https://example.com/"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Fetch(t.Context(), "https://example.com/"); !errors.Is(err, ErrAddress) {
		t.Errorf("the second answer was believed: %v", err)
	}
	if asked != 2 || len(dialled) != 1 || dialled[0] != publicAddress.String()+":443" {
		t.Errorf("asked %d times, dialled %v", asked, dialled)
	}
}

// TestOneOfSeveralAddressesOfTheInsideIsPassedOver: a name may have both.
func TestOneOfSeveralAddressesOfTheInsideIsPassedOver(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	c := to(t, server, Options{})
	c.lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("::ffff:10.0.0.1"), publicAddress}, nil
	}
	dial := c.dial
	c.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != publicAddress.String()+":443" {
			t.Errorf("%s was dialled", address)
		}
		return dial(ctx, network, address)
	}
	if _, err := c.Fetch(t.Context(), "https://example.com/"); err != nil {
		t.Error(err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	followed := false
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed = true
		}
		http.Redirect(w, r, "https://example.com/elsewhere", http.StatusFound)
	})
	c := to(t, server, Options{})
	if _, err := c.Fetch(t.Context(), "https://example.com/"); !errors.Is(err, ErrAnswer) || !strings.Contains(err.Error(), "redirect") {
		t.Errorf("got %v", err)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/", http.NoBody)
	if answer, err := c.Do(request); err != nil || answer.Status != http.StatusFound {
		t.Errorf("got %d, %v", answer.Status, err)
	}
	if followed {
		t.Error("the redirect was followed")
	}
}

// TestAProxyFromTheEnvironmentIsNotAsked: it would resolve and connect in our stead.
func TestAProxyFromTheEnvironmentIsNotAsked(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	if _, err := to(t, server, Options{}).Fetch(t.Context(), "https://example.com/"); err != nil {
		t.Error(err)
	}
	if c := New(Options{}); c.http.Transport.(*http.Transport).Proxy != nil {
		t.Error("the transport has a proxy")
	}
}

func TestAHugeAnswerIsNotReadToItsEnd(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 64<<10)
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	if _, err := to(t, server, Options{Body: 1000}).Fetch(t.Context(), "https://example.com/"); !errors.Is(err, ErrAnswer) {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerThatIsAsLongAsMayBeIsTaken(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1000)) })
	if body, err := to(t, server, Options{Body: 1000}).Fetch(t.Context(), "https://example.com/"); err != nil || len(body) != 1000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if _, err := to(t, server, Options{Body: 999}).Fetch(t.Context(), "https://example.com/"); !errors.Is(err, ErrAnswer) {
		t.Errorf("got %v", err)
	}
}

// TestASlowAnswerIsGivenUp: a body that drips must not hold what waits for it.
func TestASlowAnswerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := New(Options{Timeout: 3 * time.Second, Allow: []string{"inside.example:80"}})
		c.lookup = func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{publicAddress}, nil }
		c.dial = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			buffer := make([]byte, 4096)
			_, _ = theirs.Read(buffer)
			_, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			for {
				if _, err := io.WriteString(theirs, "."); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		start := time.Now()
		_, err := c.Fetch(t.Context(), "http://inside.example/")
		if !errors.Is(err, ErrAnswer) || time.Since(start) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		<-ended
	})
}

func TestAnOldVersionOfTLSIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = nil
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	defer server.Close()
	if _, err := to(t, server, Options{}).Fetch(t.Context(), "https://example.com/"); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
}

func TestACertificateForAnotherNameIsRefused(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := to(t, server, Options{}).Fetch(t.Context(), "https://another.test/"); err == nil {
		t.Error("it was taken")
	}
}

func TestAddressesThatNobodyMayEnter(t *testing.T) {
	c := New(Options{})
	c.lookup = func(context.Context, string) ([]netip.Addr, error) {
		t.Error("a name was looked up")
		return nil, errors.New("no")
	}
	for _, address := range []string{"", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "unix:///run/x.sock", "https://", "https:///path", "https://user@example.com/",
		"https://user:pass@example.com/", "http://example.com/", "https://exa mple.com/", "https://example.com/" + strings.Repeat("a", 3000), "https://example.com:99999999/\x7f"} {
		if _, err := c.Fetch(t.Context(), address); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestOnlyTheConfigurationMakesAnException, for exactly that host and port.
func TestOnlyTheConfigurationMakesAnException(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer server.Close()
	inside := server.Listener.Addr().String()
	if _, err := New(Options{}).Fetch(t.Context(), "http://"+inside+"/"); !errors.Is(err, ErrAddress) {
		t.Errorf("without an exception: %v", err)
	}
	if got, err := New(Options{Allow: []string{inside}}).Fetch(t.Context(), "http://"+inside+"/"); err != nil || string(got) != "ok" {
		t.Errorf("with one: %q, %v", got, err)
	}
	other := New(Options{Allow: []string{"127.0.0.1:1"}})
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+inside+"/", http.NoBody)
	if _, err := other.Do(request); !errors.Is(err, ErrAddress) {
		t.Errorf("with one for another port: %v", err)
	}
	named := New(Options{Allow: []string{"Inside.Example:443"}})
	named.lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("10.0.0.9")}, nil
	}
	dialled := ""
	named.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = address
		return nil, errors.New("nobody there")
	}
	if _, err := named.Fetch(t.Context(), "https://inside.EXAMPLE/"); err == nil || dialled != "10.0.0.9:443" {
		t.Errorf("dialled %q: %v", dialled, err)
	}
}

// TestOurOwnListenersAreNeverCalled, not even where the configuration allows the
// address: the request would come from inside.
func TestOurOwnListenersAreNeverCalled(t *testing.T) {
	here := netip.MustParseAddr("93.184.215.99")
	for _, c := range []struct {
		own, address string
		refused      bool
	}{
		{"127.0.0.1:8080", "127.0.0.1", true},
		{"127.0.0.1:8080", "::ffff:127.0.0.1", true},
		{"127.0.0.1:8080", "64:ff9b::127.0.0.1", true},
		{"127.0.0.1:8080", "0.0.0.0", true},
		{":8080", "93.184.215.99", true},
		{"0.0.0.0:8080", "93.184.215.99", true},
		{"[::]:8080", "::1", true},
		{"0.0.0.0:8080", "2002:5db8:d763::1", true},
		{"93.184.215.99:8080", "93.184.215.99", true},
		{"localhost:8080", "127.0.0.1", true},
		{":8080", "93.184.215.14", false},
		{"127.0.0.1:8081", "127.0.0.1", false},
		{"nonsense", "127.0.0.1", false},
	} {
		client := New(Options{})
		client.Listens(c.own)
		client.here = func() []netip.Addr { return []netip.Addr{here} }
		err := client.judge(netip.MustParseAddr(c.address), "8080", true)
		if (err != nil) != c.refused {
			t.Errorf("listening on %s, calling %s: %v", c.own, c.address, err)
		}
	}
	if len(machine()) == 0 {
		t.Error("this machine has no address")
	}
}

func TestAnAnswerThatIsNoSuccessIsAnError(t *testing.T) {
	for _, status := range []int{204, 400, 401, 404, 500, 503} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		if _, err := to(t, server, Options{}).Fetch(t.Context(), "https://example.com/"); !errors.Is(err, ErrAnswer) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestErrorsRepeatNoAddress: what stands in a query may be a credential, and errors
// are logged.
func TestErrorsRepeatNoAddress(t *testing.T) {
	c := New(Options{})
	c.lookup = func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{publicAddress}, nil }
	c.dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }
	if _, err := c.Fetch(t.Context(), "https://example.com/jwks?token=hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

// Errors reach terminals and pages of operators, and quote the other side: its certificate
// is anybody's who sits on the line, for it is quoted before it is trusted.
func TestTheOtherSidesWordsMoveNoTerminal(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"evil\x1b]0;owned\x07.example", "a\r\nintact: 12 entries"}
	for i := range 90 {
		names = append(names, fmt.Sprintf("%d.evil.example", i))
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err = to(t, server, Options{}).Fetch(t.Context(), "https://idp.example/jwks.json")
	if err == nil || strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) || len(err.Error()) > 600 {
		t.Errorf("%q", err)
	}
	var wrong x509.HostnameError
	if !errors.As(err, &wrong) {
		t.Errorf("the cause is gone: %v", err)
	}
}
