package workspace

import (
	"crypto/rand"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/identity/policy"
	"countersign/internal/event"
)

const (
	slugOfHost = 40 // characters of a registered channel's slug that the site's host gives
	slugAlpha  = "abcdefghjkmnpqrstuvwxyz23456789"
	slugRandom = 8
)

// Site is a website that registers itself with a token.
type Site struct {
	Origin string // scheme://host[:port]
	Name   string // as it calls itself; cleaned, the host if nothing is left
}

// CheckSite answers with the site in its one spelling. Its name is a stranger's text: what
// cannot be shown is dropped rather than refused, since whoever installs a plugin did not
// choose the name of the site to suit us.
func CheckSite(s Site) (Site, error) {
	origin, err := ParseOrigin(s.Origin)
	if err != nil {
		return Site{}, err
	}
	return Site{Origin: origin, Name: cleanName(s.Name, hostOf(origin))}, nil
}

// cleanName keeps of a stranger's text what can be shown on one line.
func cleanName(text, otherwise string) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if letters := []rune(text); len(letters) > maxTeam {
		text = string(letters[:maxTeam])
	}
	if text = strings.TrimSpace(text); text == "" {
		return otherwise
	}
	return text
}

func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}

// ForSite plans the channel of a site that registered with a token. It is the site's
// alone: its realm is its own id, so that user 1 of a blog is nobody whom another channel
// knows as 1, it serves the web, observes, and allows the site's pages.
func ForSite(workspace string, site Site, now time.Time) (Channel, error) {
	site, err := CheckSite(site)
	if err != nil {
		return Channel{}, err
	}
	id := event.NewID("chn", now)
	return checkChannel(Channel{
		ID: id, Workspace: workspace, Slug: slugFor(site), Name: site.Name, Realm: id,
		Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Observe},
		Since:     map[policy.Platform]time.Time{policy.Web: now},
		Origins:   []string{site.Origin}, CreatedAt: now,
	})
}

// slugFor begins with the host, for people, and ends in letters that nobody chose: a site
// cannot take the public id that somebody else was going to use.
func slugFor(site Site) string {
	slug := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, hostOf(site.Origin)), "-")
	if len(slug) > slugOfHost {
		slug = slug[:slugOfHost]
	}
	var tail [slugRandom]byte
	_, _ = rand.Read(tail[:]) // never fails: it ends the process instead
	for i, b := range tail {
		tail[i] = slugAlpha[int(b)%len(slugAlpha)]
	}
	if slug = strings.Trim(slug, "-"); slug == "" {
		return string(tail[:])
	}
	return slug + "-" + string(tail[:])
}
