package mail

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	stdmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	gomail "github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"countersign/internal/deliver"
)

// server is a mail server in this process.
type server struct {
	mu       sync.Mutex
	answer   error // to RCPT
	password string
	signedIn []bool // of each message, whether its sender had signed in
	raw      [][]byte
	to       []string
}

type conversation struct {
	*server
	in bool
}

func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &conversation{server: s}, nil }

func (c *conversation) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *conversation) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "mailer" || password != c.password {
			return smtp.ErrAuthFailed
		}
		c.in = true
		return nil
	}), nil
}
func (c *conversation) Mail(string, *smtp.MailOptions) error { return nil }
func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer == nil {
		c.to = append(c.to, to)
	}
	return c.answer
}
func (c *conversation) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw, c.signedIn = append(c.raw, raw), append(c.signedIn, c.in)
	return err
}
func (c *conversation) Reset()        {}
func (c *conversation) Logout() error { return nil }

// certificate for mail.example, and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example"}, DNSNames: []string{"mail.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

type setup struct{ startTLS, implicit, trusted, remote bool }

// start runs a server and answers with it and a sender that knows it as mail.example.
func start(t *testing.T, how setup, user string) (*server, *SMTP) {
	t.Helper()
	s := &server{password: "s3cret"}
	cert, pool := certificate(t)
	host := smtp.NewServer(s)
	host.ErrorLog = log.New(io.Discard, "", 0)
	host.Domain, host.AllowInsecureAuth = "mail.example", !how.startTLS
	if how.startTLS || how.implicit {
		host.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}} //nolint:gosec // a test's
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	if err != nil {
		t.Fatal(err)
	}
	if how.implicit {
		listener = tls.NewListener(listener, host.TLSConfig)
	}
	go func() { _ = host.Serve(listener) }()
	t.Cleanup(func() { _ = host.Close() })
	scheme := "smtp"
	if how.implicit {
		scheme = "smtps"
	}
	name := "mail.example"
	if !how.remote {
		name = "127.0.0.1"
	}
	sender, err := NewSMTP(scheme+"://"+user+name, `"Alder & Pine" <support@shop.example>`)
	if err != nil {
		t.Fatal(err)
	}
	sender.address = listener.Addr().String()
	if how.trusted {
		sender.tls.RootCAs = pool
	}
	return s, sender
}

var letter = deliver.Mail{ID: "ltr_1", To: "ada@shop.example", Subject: "042137 is your code", Text: "Your code:\n\n    042137\n", At: time.Unix(1_700_000_000, 0)}

func TestTheLineIsEncryptedAndVerifiedOrNothingIsSent(t *testing.T) {
	for name, c := range map[string]struct {
		how  setup
		user string
		want string // in the error; empty: it is sent
	}{
		"STARTTLS":                              {setup{startTLS: true, trusted: true, remote: true}, "mailer:s3cret@", ""},
		"TLS from the first byte":               {setup{implicit: true, trusted: true, remote: true}, "mailer:s3cret@", ""},
		"a server on this machine, in clear":    {setup{}, "mailer:s3cret@", ""},
		"without a user":                        {setup{startTLS: true, trusted: true, remote: true}, "", ""},
		"a server that offers no STARTTLS":      {setup{trusted: true, remote: true}, "mailer:s3cret@", "STARTTLS"},
		"a certificate that nobody vouches for": {setup{startTLS: true, remote: true}, "mailer:s3cret@", "certificate"},
		"the same, from the first byte":         {setup{implicit: true, remote: true}, "mailer:s3cret@", "certificate"},
		"a wrong password":                      {setup{startTLS: true, trusted: true, remote: true}, "mailer:wrong@", "sign in"},
	} {
		t.Run(name, func(t *testing.T) {
			s, sender := start(t, c.how, c.user)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := sender.Send(ctx, letter)
			s.mu.Lock()
			defer s.mu.Unlock()
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, deliver.ErrNever) || len(s.raw) != 0 {
					t.Errorf("%v, %d mails; what the operator can put right is tried again", err, len(s.raw))
				}
				if strings.Contains(fmt.Sprintf("%v %+v", err, sender), "s3cret") {
					t.Error("the password is printed")
				}
				return
			}
			if err != nil || len(s.raw) != 1 || s.to[0] != letter.To || s.signedIn[0] != (c.user != "") {
				t.Fatalf("%v, %d mails, signed in %v", err, len(s.raw), s.signedIn)
			}
		})
	}
}

func TestWhatAServerRefusesForGoodIsNotTriedAgain(t *testing.T) {
	s, sender := start(t, setup{}, "")
	for code, never := range map[int]bool{450: false, 451: false, 421: false, 550: true, 553: true} {
		s.mu.Lock()
		s.answer = &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "no"}
		s.mu.Unlock()
		if err := sender.Send(t.Context(), letter); err == nil || errors.Is(err, deliver.ErrNever) != never {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// A mail is read back by the library's reader: what it says, and that nothing else
// can be said by way of a name, a subject or an address.
func TestHeadersAreOursAlone(t *testing.T) {
	from := stdmail.Address{Name: deliver.OneLine("Evil\r\nBcc: all@x.example\u202e", 80), Address: "support@shop.example"}
	raw, err := compose(from, letter)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gomail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := r.Header.Subject()
	id, _ := r.Header.MessageID()
	to, _ := r.Header.AddressList("To")
	if subject != letter.Subject || id != "ltr_1@shop.example" || len(to) != 1 || to[0].Address != letter.To || r.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%s", raw)
	}
	if r.Header.Has("Bcc") || bytes.Contains(raw, []byte("\u202e")) {
		t.Errorf("a second header: %s", raw)
	}
	part, err := r.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(part.Body)
	if !strings.Contains(string(body), "    042137") {
		t.Errorf("%q", body)
	}
	for _, injected := range []deliver.Mail{
		{ID: "x", To: "ada@shop.example\r\nBcc: eve@x.example", Subject: "s", Text: "t"},
		{ID: "x", To: "ada@shop.example, eve@x.example", Subject: "s", Text: "t"},
		{ID: "x", To: "ada@shop.example", Subject: "s\r\nBcc: eve@x.example", Text: "t"},
	} {
		if raw, err := compose(from, injected); err == nil {
			t.Errorf("composed %s", raw)
		}
	}
}

func TestAServerThatCannotBeMeantIsRefusedAtTheStart(t *testing.T) {
	for server, from := range map[string]string{
		"http://mail.example":          "a@b.example",
		"mail.example:25":              "a@b.example",
		"smtp://":                      "a@b.example",
		"smtp://mail.example/inbox":    "a@b.example",
		"smtp://mail.example?tls=off":  "a@b.example",
		"smtp://mail.example":          "nobody",
		"smtps://mail.example":         "a@b.example\r\nBcc: c@d.example",
		"smtp://us%er:pw@mail.example": "a@b.example",
	} {
		if _, err := NewSMTP(server, from); err == nil || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s, %s: %v", server, from, err)
		}
	}
}
