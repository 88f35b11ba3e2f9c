// Package mail sends what the outbox holds: over SMTP to the operator's own server,
// or, in a demo without one, into a mailbox in memory that a page shows.
//
// A server is spoken to under TLS that is verified, from the first byte (smtps) or
// by STARTTLS, which is demanded and never merely tried: whoever sits on the line
// could otherwise strip it and read every code. A server on this very machine is the
// one exception.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"countersign/internal/deliver"
)

// SMTP is a server that takes our mail.
type SMTP struct {
	address  string // host:port
	host     string
	implicit bool // TLS from the first byte
	plain    bool // on this machine: TLS if it is offered
	auth     func() (user, password string)
	from     mail.Address
	tls      *tls.Config
}

// NewSMTP reads smtp://[user:password@]host[:port] (STARTTLS, port 587) or smtps://
// (port 465), and the sender's address, "Name <address>" or the address alone.
func NewSMTP(server, from string) (*SMTP, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, errors.New("smtp-url: it cannot be read as an address; percent-encode what is special in user and password") // the error would print the password
	}
	port := map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme]
	if port == "" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("smtp-url: say smtp://user:password@host:port, or smtps:// for TLS from the first byte")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	sender, err := mail.ParseAddress(from)
	if err != nil || deliver.CheckAddress(sender.Address) != nil {
		return nil, errors.New(`mail-from: say the sender's address, as support@example.com or "Name <support@example.com>"`)
	}
	user, password := "", ""
	if u.User != nil {
		user = u.User.Username()
		password, _ = u.User.Password()
	}
	s := &SMTP{
		address: net.JoinHostPort(u.Hostname(), port), host: u.Hostname(), implicit: u.Scheme == "smtps", plain: u.Scheme == "smtp" && loopback(u.Hostname()),
		auth: func() (string, string) { return user, password }, // a closure: a field would be printed
		from: mail.Address{Name: deliver.OneLine(sender.Name, 80), Address: sender.Address},
		tls:  &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12},
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send makes one try. What the server says about this letter with a 5xx is for good;
// everything else, a refused password included, may be better next time.
func (s *SMTP) Send(ctx context.Context, letter deliver.Mail) error {
	message, err := compose(s.from, letter)
	if err != nil {
		return fmt.Errorf("%w: %w", deliver.ErrNever, err)
	}
	client, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	// Whatever the server does, the try ends when its time is up.
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	if err := s.signIn(client); err != nil {
		return err
	}
	options := &smtp.MailOptions{UTF8: !ascii(letter.To) || !ascii(s.from.Address)}
	if ok, _ := client.Extension("SMTPUTF8"); options.UTF8 && !ok {
		return fmt.Errorf("%w: the mail server takes no addresses beyond ASCII", deliver.ErrNever)
	}
	if err := client.Mail(s.from.Address, options); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if err := client.Rcpt(letter.To, nil); err != nil {
		return final("recipient", err)
	}
	data, err := client.Data()
	if err != nil {
		return final("message", err)
	}
	if _, err := data.Write(message); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	if err := data.Close(); err != nil {
		return final("message", err)
	}
	_ = client.Quit() // it has the letter; how it says goodbye changes nothing
	return nil
}

func (s *SMTP) connect(ctx context.Context) (*smtp.Client, error) {
	conn, err := (&net.Dialer{Timeout: 15 * time.Second}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	client, err := s.greet(ctx, conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	if err := client.Hello(hostname()); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("greet: %w", err)
	}
	return client, nil
}

func (s *SMTP) greet(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	switch {
	case s.implicit:
		secure := tls.Client(conn, s.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS: %w", err)
		}
		return smtp.NewClient(secure), nil
	case s.plain:
		return smtp.NewClient(conn), nil
	}
	client, err := smtp.NewClientStartTLS(conn, s.tls)
	if err != nil {
		return nil, fmt.Errorf("STARTTLS: %w", err)
	}
	return client, nil
}

// signIn, if a user was named. The password never goes over a line that others read.
func (s *SMTP) signIn(client *smtp.Client) error {
	user, password := s.auth()
	if user == "" {
		return nil
	}
	if _, secure := client.TLSConnectionState(); !secure && !s.plain {
		return errors.New("sign in: the line is not encrypted")
	}
	mechanism := sasl.NewPlainClient("", user, password)
	if !client.SupportsAuth(sasl.Plain) && client.SupportsAuth(sasl.Login) {
		mechanism = sasl.NewLoginClient(user, password)
	}
	if err := client.Auth(mechanism); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	return nil
}

// final tells what a server will never take from what it may take later.
func final(step string, err error) error {
	var answer *smtp.SMTPError
	if errors.As(err, &answer) && answer.Code >= 500 && answer.Code < 600 {
		return fmt.Errorf("%w: %s: %w", deliver.ErrNever, step, err)
	}
	return fmt.Errorf("%s: %w", step, err)
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil || !ascii(name) || strings.ContainsAny(name, " \r\n") || name == "" {
		return "localhost"
	}
	return name
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
