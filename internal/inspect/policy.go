package inspect

import (
	"net/url"
	"slices"
	"strings"
)

// needed :: directive → those that stand in for it, the nearest first. The loader is a
// script and the messenger a frame, and nothing else of us is on the page.
var needed = []struct {
	directive string
	fallback  []string
}{
	{"script-src", []string{"script-src-elem", "script-src", "default-src"}},
	{"frame-src", []string{"frame-src", "child-src", "default-src"}},
}

// policies says which directives of the page's own policy would keep us out. Each policy
// is asked, since a browser obeys all of them.
func policies(page Page, d document, base *url.URL) []Policy {
	list := []Policy{}
	if base == nil {
		return list
	}
	ask := func(source, policy string) {
		directives := directivesOf(policy)
		for _, need := range needed {
			for _, name := range need.fallback {
				sources, said := directives[name]
				if !said {
					continue
				}
				if !allows(sources, base, page.Address) {
					directive := name
					if name == "default-src" {
						directive = need.directive
					}
					if p := (Policy{Source: source, Directive: directive, Add: origin(base)}); !slices.Contains(list, p) {
						list = append(list, p)
					}
				}
				break
			}
		}
	}
	for _, header := range page.Header.Values("Content-Security-Policy") {
		for policy := range strings.SplitSeq(header, ",") {
			ask("header", policy)
		}
	}
	for _, policy := range d.metas {
		ask("meta", policy)
	}
	return list
}

func directivesOf(policy string) map[string][]string {
	directives := map[string][]string{}
	for part := range strings.SplitSeq(policy, ";") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		if name := strings.ToLower(words[0]); directives[name] == nil {
			directives[name] = append([]string{}, words[1:]...)
		}
	}
	return directives
}

// allows says whether a list of sources lets our origin in. Behind 'strict-dynamic' hosts
// count for nothing: what a trusted script loads is trusted, and a snippet that carries the
// page's nonce is one.
func allows(sources []string, base, page *url.URL) bool {
	for _, source := range sources {
		source = strings.ToLower(source)
		switch {
		case source == "'strict-dynamic'", source == "*":
			return true
		case source == "'self'":
			if page != nil && origin(page) == origin(base) {
				return true
			}
		case strings.HasPrefix(source, "'"):
		case strings.HasSuffix(source, ":"):
			if source == base.Scheme+":" {
				return true
			}
		case hostAllows(source, base):
			return true
		}
	}
	return false
}

func hostAllows(source string, base *url.URL) bool {
	scheme, rest, with := strings.Cut(source, "://")
	if !with {
		rest = source
	} else if scheme != base.Scheme {
		return false
	}
	named, _, _ := strings.Cut(rest, "/")
	port := ""
	if at := strings.LastIndexByte(named, ':'); at >= 0 && !strings.HasSuffix(named, "]") {
		named, port = named[:at], named[at+1:]
	}
	if port != "*" && port != base.Port() && (port != "443" || base.Scheme != "https" || base.Port() != "") {
		return false
	}
	if suffix, wild := strings.CutPrefix(named, "*."); wild {
		return strings.HasSuffix(strings.ToLower(base.Hostname()), "."+suffix)
	}
	return named == strings.ToLower(base.Hostname())
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
