package workspace

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/identity/policy"
)

const (
	maxName     = 100 // characters
	maxTeam     = 80
	maxGreeting = 300
	maxAliases  = 20
	maxOrigins  = 50
)

// Bounds of Channel.LongestLife. Below a minute the clocks of signers would refuse
// their own tokens; a token is no way to stay signed in for days.
const (
	MinLongestLife     = time.Minute
	DefaultLongestLife = 24 * time.Hour
)

var (
	platforms    = []policy.Platform{policy.Web, policy.IOS, policy.Android}
	enforcements = []policy.Enforcement{policy.Off, policy.Observe, policy.Enforce}
	tiers        = []policy.Tier{policy.Anonymous, policy.Claimed, policy.Verified}

	accentShape = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	labelShape  = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)
)

// checkChannel judges what an operator may change and answers with it in its one
// spelling.
func checkChannel(c Channel) (Channel, error) {
	var err error
	if c.Name, err = checkName(c.Name); err != nil {
		return Channel{}, err
	}
	if c.Appearance, err = checkAppearance(c.Appearance); err != nil {
		return Channel{}, err
	}
	if c.Origins, err = checkOrigins(c.Origins); err != nil {
		return Channel{}, err
	}
	if c.LongestLife != 0 && (c.LongestLife < MinLongestLife || c.LongestLife > DefaultLongestLife || c.LongestLife%time.Second != 0) {
		return Channel{}, fmt.Errorf("%w: a token's longest life is a minute to a day, in whole seconds", ErrInvalid)
	}
	if c.LongestLife == DefaultLongestLife {
		c.LongestLife = 0
	}
	if c.MinimumTier == "" {
		c.MinimumTier = policy.Anonymous
	}
	if !slices.Contains(tiers, c.MinimumTier) {
		return Channel{}, fmt.Errorf("%w: the minimum tier is anonymous, claimed or verified", ErrInvalid)
	}
	return c, nil
}

// checkNames answers with the aliases, each once and none the slug itself.
func checkNames(slug string, aliases []string) ([]string, error) {
	if len(aliases) > maxAliases {
		return nil, fmt.Errorf("%w: at most %d aliases", ErrInvalid, maxAliases)
	}
	var kept []string
	for _, name := range append([]string{slug}, aliases...) {
		if !NameShape.MatchString(name) {
			return nil, fmt.Errorf("%w: a slug or alias is 1 to 64 letters, digits, _ and -, and begins with a letter or digit", ErrInvalid)
		}
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return kept[1:], nil
}

func checkPlatforms(wished map[policy.Platform]policy.Enforcement) (map[policy.Platform]policy.Enforcement, error) {
	if len(wished) == 0 {
		wished = map[policy.Platform]policy.Enforcement{policy.Web: policy.Observe}
	}
	switches := make(map[policy.Platform]policy.Enforcement, len(wished))
	for platform, enforcement := range wished {
		switches[platform] = cmp.Or(enforcement, policy.Observe)
		if !slices.Contains(platforms, platform) {
			return nil, fmt.Errorf("%w: a platform is web, ios or android", ErrInvalid)
		}
		if !slices.Contains(enforcements, switches[platform]) {
			return nil, fmt.Errorf("%w: enforcement is off, observe or enforce", ErrInvalid)
		}
	}
	return switches, nil
}

func checkAppearance(a Appearance) (Appearance, error) {
	a.Accent = strings.ToLower(a.Accent)
	if a.Accent != "" && !accentShape.MatchString(a.Accent) {
		return Appearance{}, fmt.Errorf("%w: the accent is #rrggbb", ErrInvalid)
	}
	var err error
	if a.Team, err = checkText("team", a.Team, maxTeam); err != nil {
		return Appearance{}, err
	}
	a.Greeting, err = checkText("greeting", a.Greeting, maxGreeting)
	return a, err
}

// checkName is checkText of a name, which must be there.
func checkName(name string) (string, error) {
	name, err := checkText("name", name, maxName)
	if err == nil && name == "" {
		return "", fmt.Errorf("%w: the name is missing", ErrInvalid)
	}
	return name, err
}

// checkText takes one line that people read: no line breaks, no terminal escapes,
// none of the marks that turn the writing direction of what stands beside it.
func checkText(field, text string, limit int) (string, error) {
	text = strings.TrimSpace(text)
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > limit {
		return "", fmt.Errorf("%w: the %s is at most %d characters", ErrInvalid, field, limit)
	}
	for _, r := range text {
		// Joiners are part of words in several scripts and of emoji.
		if !unicode.IsPrint(r) && r != '\u200d' && r != '\u200c' {
			return "", fmt.Errorf("%w: the %s holds the character %U, which cannot be shown", ErrInvalid, field, r)
		}
	}
	return text, nil
}

func checkOrigins(texts []string) ([]string, error) {
	if len(texts) > maxOrigins {
		return nil, fmt.Errorf("%w: at most %d origins", ErrInvalid, maxOrigins)
	}
	var kept []string
	for _, text := range texts {
		origin, err := ParseOrigin(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(kept, origin) {
			kept = append(kept, origin)
		}
	}
	return kept, nil
}

// ParseOrigin reads scheme://host[:port] and answers with it as browsers spell
// it: lower case, without the scheme's own port. Nothing else passes, no path, no
// wildcard and no blank, because the text goes into frame-ancestors, where one
// stray character would name other pages.
func ParseOrigin(text string) (string, error) {
	refused := func(why string) (string, error) {
		return "", fmt.Errorf("%w: an origin is scheme://host or scheme://host:port, and this one %s", ErrInvalid, why)
	}
	scheme, rest, ok := strings.Cut(lowerASCII(text), "://")
	if !ok || scheme != "https" && scheme != "http" {
		return refused("does not begin with https:// or http://")
	}
	host, port, ok := splitPort(rest)
	if !ok {
		return refused("has no usable port")
	}
	if !validHost(host) {
		return refused("has no exact host name in it (no path, no wildcard, ASCII only)")
	}
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host, nil
	}
	return scheme + "://" + host + ":" + port, nil
}

// lowerASCII, because Unicode's lowering would turn the Kelvin sign into a k.
func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// splitPort cuts host:port; the colons of an address in brackets are its own.
func splitPort(rest string) (host, port string, ok bool) {
	end := strings.LastIndexByte(rest, ']') + 1
	colon := strings.IndexByte(rest[end:], ':')
	if colon < 0 {
		return rest, "", true
	}
	host, port = rest[:end+colon], rest[end+colon+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	return host, port, err == nil && n > 0 && port == strconv.FormatUint(n, 10)
}

func validHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return ok && err == nil && addr.Is6() && addr.Zone() == "" && addr.String() == inner
	}
	if len(host) > 253 {
		return false
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !labelShape.MatchString(label) {
			return false
		}
	}
	// What ends in a number is an IPv4 address to a browser, in one of many spellings.
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Is4()
	}
	return true
}

// spell writes switches in a fixed order.
func spell(switches map[policy.Platform]policy.Enforcement) string {
	var out []string
	for _, platform := range platforms {
		if enforcement, ok := switches[platform]; ok {
			out = append(out, string(platform)+"="+string(enforcement))
		}
	}
	return strings.Join(out, " ")
}
