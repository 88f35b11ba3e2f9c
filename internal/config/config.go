// Package config holds every option that a process is started with, once: its
// name, unit, default and meaning. From this one table come the flags, the
// environment variables, the commented sample file and docs/configuration.md.
//
// What an operator changes while the product runs is not here but in workspace rows.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Prefix of every environment variable of ours.
const Prefix = "COUNTERSIGN_"

// Installation says which data a command works on.
type Installation struct {
	Data          string `help:"Directory of the embedded database and of files. Default: ./data, for the demo .demo." env:"COUNTERSIGN_DATA" placeholder:"DIR"`
	Database      string `help:"Postgres instead of the embedded database: postgres://user@host/name." env:"COUNTERSIGN_DATABASE" secret:"" placeholder:"URL"`
	Workspace     string `help:"Workspace that a command works in." default:"main" env:"COUNTERSIGN_WORKSPACE"`
	MasterKeyFile string `help:"File with the master key (64 hex digits). Default: the data directory's name with .masterkey, beside it." env:"COUNTERSIGN_MASTER_KEY_FILE" placeholder:"FILE"`
	// EgressAllow is here and not with the server, since a command line fetches too.
	EgressAllow []string `help:"HOST:PORT that may be called although it is in a private network; for addresses that operators enter, such as an issuer's key set. Default: none." env:"COUNTERSIGN_EGRESS_ALLOW" placeholder:"HOST:PORT"`
	// MasterKey has no flag: a secret is never an argument. Its _FILE twin is MasterKeyFile.
	MasterKey string `kong:"-" help:"The master key itself (64 hex digits)." env:"COUNTERSIGN_MASTER_KEY"`
}

// At is the installation in its directory, or in fallback if none was named.
func (i Installation) At(fallback string) Installation {
	if i.Data == "" {
		i.Data = fallback
	}
	return i
}

// DefaultData is where an installation lies unless told otherwise.
const DefaultData = "./data"

// MasterKeyDefault is where the master key lies unless told otherwise: beside the
// data directory, never inside it, so that a copy of the data is not a copy of the key.
func (i Installation) MasterKeyDefault() string {
	return strings.TrimRight(i.Data, "/") + ".masterkey"
}

// Server says how a server listens and behaves.
type Server struct {
	Listen          string        `help:"Address to listen on." default:"127.0.0.1:8080" env:"COUNTERSIGN_LISTEN"`
	BaseURL         string        `help:"Public address, as browsers see it. Default: http:// and the listening address." env:"COUNTERSIGN_BASE_URL" placeholder:"URL"`
	ConsoleURL      string        `help:"Public address of console and management API, if the widget has another; each then answers 404 on the other's host. Default: the base URL." env:"COUNTERSIGN_CONSOLE_URL" placeholder:"URL"`
	WidgetURL       string        `help:"Public address of the widget with its API and files, if the console has another. Default: the base URL." env:"COUNTERSIGN_WIDGET_URL" placeholder:"URL"`
	TrustedProxies  []string      `help:"Networks (CIDR) of proxies whose X-Forwarded-For and X-Forwarded-Proto count. Default: none, the headers are ignored." env:"COUNTERSIGN_TRUSTED_PROXIES" placeholder:"CIDR"`
	LogLevel        string        `help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error" env:"COUNTERSIGN_LOG_LEVEL"`
	LogFormat       string        `help:"text or json." default:"text" enum:"text,json" env:"COUNTERSIGN_LOG_FORMAT"`
	ShutdownTimeout time.Duration `help:"How long requests under way may finish after a signal." default:"10s" env:"COUNTERSIGN_SHUTDOWN_TIMEOUT"`
	// AuditCheckpoints are files and addresses; the log has every checkpoint in any case.
	AuditCheckpoints []string `help:"Where the record's checkpoints go beside the log: a file that they are appended to, or an http(s) address that they are posted to." env:"COUNTERSIGN_AUDIT_CHECKPOINTS" placeholder:"FILE|URL"`
}

// Mail says how mail leaves: codes that prove an address, invitations. Without it the
// features that need mail are not offered.
type Mail struct {
	SMTPURL  string `name:"smtp-url" help:"Mail server: smtp://user:password@host:587 (STARTTLS is demanded, but on this very machine) or smtps://…:465. Default: none, and what needs mail is not offered." env:"COUNTERSIGN_SMTP_URL" secret:"" placeholder:"URL"`
	MailFrom string `help:"Sender of all mail: support@example.com, or \"Name <support@example.com>\"." env:"COUNTERSIGN_MAIL_FROM" placeholder:"ADDRESS"`
}

// Check refuses half a setting; what each half must look like, the sender knows.
func (m Mail) Check() error {
	if (m.SMTPURL == "") != (m.MailFrom == "") {
		return errors.New("smtp-url and mail-from: say both of them, or neither")
	}
	return nil
}

// Files says where the files of messages are kept, and how large one may be. Their rows
// are in the database either way.
type Files struct {
	FilesDir    string `help:"Directory of the files of messages. Default: files in the data directory. Several nodes on one Postgres need one that they share, or S3." env:"COUNTERSIGN_FILES_DIR" placeholder:"DIR"`
	FilesMaxMB  int64  `name:"files-max-mb" help:"Megabytes that one file may have, 1 to 100." default:"10" env:"COUNTERSIGN_FILES_MAX_MB" placeholder:"MB"`
	S3Endpoint  string `name:"s3-endpoint" help:"Keep files on an S3-speaking server instead: http(s)://host[:port]. Default: none, files lie in the directory." env:"COUNTERSIGN_S3_ENDPOINT" placeholder:"URL"`
	S3Bucket    string `name:"s3-bucket" help:"Bucket for files; it must be there." env:"COUNTERSIGN_S3_BUCKET" placeholder:"NAME"`
	S3Region    string `name:"s3-region" help:"Region of the bucket, for servers that have regions." env:"COUNTERSIGN_S3_REGION" placeholder:"REGION"`
	S3Prefix    string `name:"s3-prefix" help:"What every key in the bucket begins with, such as countersign/." env:"COUNTERSIGN_S3_PREFIX" placeholder:"PREFIX"`
	S3AccessKey string `name:"s3-access-key" help:"Access key of the bucket." env:"COUNTERSIGN_S3_ACCESS_KEY" secret:"" placeholder:"KEY"`
	S3SecretKey string `name:"s3-secret-key" help:"Secret key of the bucket." env:"COUNTERSIGN_S3_SECRET_KEY" secret:"" placeholder:"KEY"`
}

// InBucket says whether files are kept on an S3-speaking server.
func (f Files) InBucket() bool { return f.S3Endpoint != "" }

// Check refuses combinations that cannot work.
func (f Files) Check() error {
	if f.FilesMaxMB < 1 || f.FilesMaxMB > 100 {
		return errors.New("files-max-mb: must be 1 to 100")
	}
	said := f.S3Endpoint != "" || f.S3Bucket != "" || f.S3AccessKey != "" || f.S3SecretKey != ""
	switch {
	case said && (f.S3Endpoint == "" || f.S3Bucket == "" || f.S3AccessKey == "" || f.S3SecretKey == ""):
		return errors.New("s3-endpoint, s3-bucket, s3-access-key and s3-secret-key: say all of them, or none")
	case !said && (f.S3Region != "" || f.S3Prefix != ""):
		return errors.New("s3-region and s3-prefix: go with s3-endpoint")
	case said && !isOrigin(f.S3Endpoint):
		return fmt.Errorf("s3-endpoint: %q is not http(s)://host[:port] alone", f.S3Endpoint)
	case said && f.FilesDir != "":
		return errors.New("files-dir and s3-endpoint: say one of them")
	}
	return nil
}

// Demo says where the demo's shop listens.
type Demo struct {
	DemoListen string `help:"Address of the demo shop; the next free port if it is taken." default:"127.0.0.1:8090" env:"COUNTERSIGN_DEMO_LISTEN"`
	Force      bool   `help:"Listen on an address that is not loopback, although everyone who reaches the demo may act as its customers." env:"COUNTERSIGN_FORCE"`
}

// Check refuses what cannot be listened on.
func (d Demo) Check() error { return checkAddress("demo-listen", d.DemoListen) }

// checkAddress says whether a text is HOST:PORT, as a listener wants it.
func checkAddress(option, text string) error {
	if text == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s: %q is not HOST:PORT", option, text)
	}
	return nil
}

// Base is the public address of the console without a trailing slash: what links begin with.
func (s Server) Base() string { return s.base(s.ConsoleURL) }

// Widget is the public address of the widget without a trailing slash.
func (s Server) Widget() string { return s.base(s.WidgetURL) }

func (s Server) base(own string) string {
	if own = cmp.Or(own, s.BaseURL); own != "" {
		return strings.TrimRight(own, "/")
	}
	return "http://" + s.Listen
}

// OneOrigin says that console and widget share theirs.
func (s Server) OneOrigin() bool { return s.ConsoleURL == "" && s.WidgetURL == "" }

// Check refuses combinations that cannot work, in the operator's words.
func (s Server) Check() error {
	var problems []error
	for _, option := range []struct{ name, text string }{{"base-url", s.BaseURL}, {"console-url", s.ConsoleURL}, {"widget-url", s.WidgetURL}} {
		if option.text != "" && !isOrigin(option.text) {
			problems = append(problems, fmt.Errorf("%s: %q is not http(s)://host[:port] alone", option.name, option.text))
		}
	}
	if !s.OneOrigin() {
		problems = append(problems, s.checkOrigins())
	}
	if err := checkAddress("listen", s.Listen); err != nil {
		problems = append(problems, err)
	}
	if _, err := s.Proxies(); err != nil {
		problems = append(problems, err)
	}
	for _, to := range s.AuditCheckpoints {
		u, err := url.Parse(to)
		if strings.Contains(to, "://") && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil) {
			problems = append(problems, fmt.Errorf("audit-checkpoints: %q is neither a file nor an http(s) address", to))
		}
	}
	if s.ShutdownTimeout < 0 {
		problems = append(problems, errors.New("shutdown-timeout: cannot be negative"))
	}
	return errors.Join(problems...)
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.User == nil
}

// checkOrigins refuses two addresses that are one to a browser, or of which one is missing.
func (s Server) checkOrigins() error {
	if s.BaseURL == "" && (s.ConsoleURL == "" || s.WidgetURL == "") {
		return errors.New("console-url and widget-url: say both, or one of them and base-url")
	}
	console, consoleErr := url.Parse(s.Base())
	widget, widgetErr := url.Parse(s.Widget())
	if consoleErr == nil && widgetErr == nil && strings.EqualFold(strings.TrimSuffix(console.Host, "."), strings.TrimSuffix(widget.Host, ".")) {
		return errors.New("console-url and widget-url: these have one host; without both options console and widget share an origin")
	}
	return nil
}

// Proxies are the trusted networks, parsed.
func (s Server) Proxies() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range s.TrustedProxies {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, fmt.Errorf("trusted-proxies: %q is neither a network (10.0.0.0/8) nor an address", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		networks = append(networks, prefix.Masked())
	}
	return networks, nil
}

// Check refuses combinations that cannot work.
func (i Installation) Check() error {
	if i.Database != "" && !strings.HasPrefix(i.Database, "postgres://") && !strings.HasPrefix(i.Database, "postgresql://") {
		return errors.New("database: must begin with postgres://")
	}
	if i.MasterKey != "" && i.MasterKeyFile != "" {
		return errors.New("master-key and master-key-file: say one of them")
	}
	for _, address := range i.EgressAllow {
		host, port, err := net.SplitHostPort(address)
		if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || n == 0 || host == "" {
			return fmt.Errorf("egress-allow: %q is not HOST:PORT", address)
		}
	}
	return nil
}
