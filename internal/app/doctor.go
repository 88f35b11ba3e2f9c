package app

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/config"
	"countersign/internal/trust"
	"countersign/internal/workspace"
	"countersign/web"
)

// Health is how a check came out.
type Health string

const (
	Fine Health = "ok"
	Warn Health = "warn" // works, and an operator should know
	Bad  Health = "fail" // something is open, or will not work
)

// Check is one line of the doctor's.
type Check struct {
	Name   string `json:"check"`
	Health Health `json:"state"`
	Says   string `json:"says"`
	Do     string `json:"do,omitempty"` // what to do about it
}

const (
	soon      = 3 * 24 * time.Hour // a key that ends within this is told
	quiet     = 7 * 24 * time.Hour // without a verified visitor is told
	clockWarn = 2 * time.Second
	clockBad  = 30 * time.Second
)

// Examine looks at the installation as it stands, and at the options that a server is
// started with. It changes nothing.
func (a *App) Examine(ctx context.Context, cfg config.Server, mail config.Mail) ([]Check, error) {
	who := a.System("doctor")
	var found []Check
	for _, part := range []func() ([]Check, error){
		a.checkFiles,
		func() ([]Check, error) { return a.checkDatabase(ctx) },
		func() ([]Check, error) { return a.checkShelf(ctx), nil },
		func() ([]Check, error) { return a.checkOptions(ctx, cfg, mail) },
		func() ([]Check, error) { return a.checkChannels(ctx, who) },
		func() ([]Check, error) { return a.checkTeam(ctx, who) },
	} {
		checks, err := part()
		if err != nil {
			return found, err
		}
		found = append(found, checks...)
	}
	return found, nil
}

// checkFiles: who may read the data and its key.
func (a *App) checkFiles() ([]Check, error) {
	var found []Check
	if a.data != "" {
		found = append(found, checkMode("data directory", a.data, 0o700))
		file := databaseFile(config.Installation{Data: a.data})
		if info, err := os.Stat(a.data); err != nil || info.Mode().Perm()&0o077 != 0 { // a closed directory closes its files
			found = append(found, checkMode("database file", file, 0o600))
		}
	}
	path, _ := a.outer.Created()
	_, exposed := a.outer.Exposed()
	switch {
	case path == "":
		found = append(found, Check{"master key", Fine, "The master key comes from the environment.", ""})
	case inside(a.data, path):
		found = append(found, Check{"master key", Bad, "The master key " + path + " lies in the data directory: a copy of the data is a copy of its key.",
			"Move it out and say --master-key-file, then take a new one by countersign keys rewrap."})
	case exposed:
		found = append(found, Check{"master key", Bad, "Others on this machine may read the master key " + path + ".", "chmod 600 " + path})
	default:
		found = append(found, Check{"master key", Fine, "The master key lies in " + path + ", apart from the data.", ""})
	}
	return found, nil
}

func checkMode(name, path string, wanted os.FileMode) Check {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Check{name, Warn, "It cannot be looked at: " + err.Error() + ".", ""}
	case info.Mode().Perm()&0o077 != 0:
		return Check{name, Warn, fmt.Sprintf("%s has mode %04o: others on this machine may look into it.", path, info.Mode().Perm()), fmt.Sprintf("chmod %o %s", wanted, path)}
	}
	return Check{name, Fine, fmt.Sprintf("%s has mode %04o.", path, info.Mode().Perm()), ""}
}

func (a *App) checkDatabase(ctx context.Context) ([]Check, error) {
	has, brings, err := a.DB.Schema(ctx)
	if err != nil {
		return nil, err
	}
	found := []Check{{"schema", Fine, fmt.Sprintf("The schema is version %d, which this program brings.", has), ""}}
	if has != brings {
		found[0] = Check{"schema", Bad, fmt.Sprintf("The schema is version %d, and this program brings %d.", has, brings), "Start the program that fits the data."}
	}
	asked := time.Now()
	head, err := a.DB.Head(ctx)
	if err != nil {
		return nil, err
	}
	apart := head.Now.Sub(asked.Add(time.Since(asked) / 2)).Abs().Round(time.Millisecond)
	clock := Check{"clock", Fine, fmt.Sprintf("This machine's clock and the database's are %s apart.", apart), ""}
	if apart > clockWarn {
		clock.Health, clock.Do = Warn, "Set both clocks by NTP: the database's decides when keys, tokens and sessions end."
	}
	if apart > clockBad {
		clock.Health = Bad
	}
	found = append(found, clock)
	if demo, err := a.IsDemo(ctx); err != nil {
		return nil, err
	} else if demo {
		found = append(found, Check{"demo", Bad, "This data was made by the demo: everybody who reaches its shop may act as its customers. serve refuses it.", "Choose another --data."})
	}
	return found, nil
}

func (a *App) checkOptions(ctx context.Context, cfg config.Server, mail config.Mail) ([]Check, error) {
	base := cfg.Base()
	if cfg.BaseURL == "" && cfg.ConsoleURL == "" {
		var err error
		if base, err = a.LastBase(ctx); err != nil {
			return nil, err
		}
	}
	public := !isLoopback(base)
	found := []Check{{"base URL", Fine, "Browsers reach the console at " + base + ".", ""}}
	for _, address := range []string{base, cfg.Widget()} {
		if strings.HasPrefix(address, "http://") && !isLoopback(address) {
			found[0] = Check{"base URL", Bad, address + " is not https: proofs, sessions and passwords travel in the clear.", "Put a proxy with TLS in front, and say --base-url https://…"}
		}
	}
	if cfg.OneOrigin() {
		found = append(found, Check{"origins", Warn, "Console and widget share one origin: a mistake in the one reaches the other.", "Give each its own: --console-url and --widget-url."})
	} else {
		found = append(found, Check{"origins", Fine, "The console is at " + cfg.Base() + " and the widget at " + cfg.Widget() + ".", ""})
	}
	switch {
	case len(cfg.TrustedProxies) > 0:
		found = append(found, Check{"proxies", Fine, "Forwarded addresses count from " + strings.Join(cfg.TrustedProxies, ", ") + ".", ""})
	case public && isLoopback("http://"+cfg.Listen):
		found = append(found, Check{"proxies", Warn, "A proxy seems to stand in front, and none is trusted: all visitors look like one network to the limits.", "Name it: --trusted-proxies 127.0.0.1"})
	default:
		found = append(found, Check{"proxies", Fine, "No proxy is trusted: forwarded addresses are ignored.", ""})
	}
	if mail.SMTPURL == "" {
		found = append(found, Check{"mail", Warn, "No mail leaves here: no emailed codes, and invitations are links to hand over.", "Say --smtp-url and --mail-from."})
	} else {
		found = append(found, Check{"mail", Fine, "Mail leaves as " + mail.MailFrom + ".", ""})
	}
	if !web.Built() {
		found = append(found, Check{"faces", Warn, "This binary was built without messenger and console: pages answer 503.", "make build"})
	} else {
		found = append(found, Check{"faces", Fine, "Messenger and console are in this binary.", ""})
	}
	return found, nil
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (a *App) checkChannels(ctx context.Context, who policy.Principal) ([]Check, error) {
	channels, err := a.Channels.List(ctx, who)
	if err != nil {
		return nil, err
	}
	if len(channels) == 0 {
		return []Check{{"channels", Warn, "There is no channel yet.", "countersign channel create --slug NAME, or make one in the console."}}, nil
	}
	var found []Check
	now := a.Pulse.Now()
	for _, channel := range channels {
		found = append(found, checkEnforcement(channel, now)...)
		keys, err := a.Keys.List(ctx, who, channel.ID)
		if err != nil {
			return nil, err
		}
		found = append(found, checkKeys(channel, keys, now)...)
	}
	return found, nil
}

func checkEnforcement(channel workspace.Channel, now time.Time) []Check {
	var found []Check
	name := "channel " + channel.Slug
	for _, platform := range []policy.Platform{policy.Web, policy.IOS, policy.Android} {
		mode, serves := channel.Platforms[platform]
		if !serves {
			continue
		}
		if mode == policy.Enforce {
			found = append(found, Check{name, Fine, string(platform) + " is enforced.", ""})
			continue
		}
		since := ""
		if at := channel.Since[platform]; !at.IsZero() && now.After(at) {
			since = " since " + at.UTC().Format(time.DateOnly)
		}
		first, next := "Look at the preview in the console, then: ", policy.Enforce
		if mode == policy.Off {
			first, next = "See first what enforcing would refuse: ", policy.Observe
		}
		found = append(found, Check{name, Warn, fmt.Sprintf("%s is at %s%s: a forger can write under a claimed name there.", platform, mode, since),
			first + "countersign channel set --slug " + channel.Slug + " --platform " + string(platform) + " --enforcement " + string(next)})
	}
	return found
}

func checkKeys(channel workspace.Channel, keys []trust.ListedKey, now time.Time) []Check {
	name := "keys of " + channel.Slug
	var found []Check
	live := slices.DeleteFunc(slices.Clone(keys), func(k trust.ListedKey) bool {
		return k.State == string(keyring.Retired) || k.State == string(keyring.Revoked)
	})
	if len(live) == 0 {
		return []Check{{name, Warn, "No key verifies: nobody can be verified.", "countersign keys generate --channel " + channel.Slug}}
	}
	var used time.Time
	for _, key := range live {
		if key.LastUsedAt.After(used) {
			used = key.LastUsedAt
		}
		if key.State == string(keyring.Retiring) && key.EndsAt.Sub(now) < soon {
			found = append(found, Check{name, Warn, fmt.Sprintf("The key %q retires at %s; it was last used %s.", key.Name, key.EndsAt.UTC().Format(time.RFC3339), when(key.LastUsedAt)),
				"See in the console who still signs with it, and move its end if need be."})
		}
		if key.Imported {
			found = append(found, Check{name, Warn, fmt.Sprintf("The secret of the key %q came from elsewhere, and is known there.", key.Name), "Rotate it once the old system is gone: countersign keys rotate --channel " + channel.Slug + " --key " + key.ID})
		}
	}
	switch {
	case used.IsZero():
		found = append(found, Check{name, Warn, "No proof has verified yet.", "Sign on the backend; countersign diagnose --channel " + channel.Slug + " says why a hash fails."})
	case now.Sub(used) > quiet:
		found = append(found, Check{name, Warn, "No proof has verified since " + used.UTC().Format(time.DateOnly) + ".", "Look at the installation in the console: pages may have stopped to send one."})
	default:
		found = append(found, Check{name, Fine, "Proofs verify, the last " + when(used) + ".", ""})
	}
	return found
}

func when(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return "at " + at.UTC().Format(time.RFC3339)
}

func (a *App) checkTeam(ctx context.Context, who policy.Principal) ([]Check, error) {
	agents, err := a.Team.Agents(ctx, who)
	if err != nil {
		return nil, err
	}
	var without []string
	owners := 0
	for _, agent := range agents {
		if !agent.Joined {
			continue
		}
		if agent.Role == policy.Owner {
			owners++
		}
		if policy.NeedsFactor(agent.Role) && agent.Factors == 0 {
			without = append(without, cmp.Or(agent.Email, agent.Name))
		}
	}
	switch {
	case owners == 0:
		return []Check{{"team", Warn, "No owner has set a password.", "countersign owner reset prints a link that does."}}, nil
	case len(without) > 0:
		return []Check{{"team", Warn, "Without a second factor, and with the right to pass as any customer: " + strings.Join(without, ", ") + ".",
			"Have them add an authenticator app or a passkey under Account."}}, nil
	}
	return []Check{{"team", Fine, "Every owner and security colleague has a second factor.", ""}}, nil
}
