package inspect

import (
	"net/url"
	"regexp"
)

// system is how one chat looks in a page.
type system struct {
	name, title string
	loads       []*regexp.Regexp       // addresses of its script; the first group is the vendor's id
	markers     []*regexp.Regexp       // of its own global in an inline script, or of what else it loads
	ids         []*regexp.Regexp       // where else its id stands
	path        func(id string) string // of the same script here; nil: recognised, and no more
	here        string                 // pattern of that path, the first group is the id
	shared      bool                   // another system has the same path: the global decides
	slug        bool                   // its id is a channel's slug, and no alias
	proofIn     *regexp.Regexp         // of a script that may carry a proof
	proofs      *regexp.Regexp         // name, "value", 'value' or word
	tokens      string                 // dialect when the proof is a token
}

func exp(patterns ...string) (list []*regexp.Regexp) {
	for _, p := range patterns {
		list = append(list, regexp.MustCompile(p))
	}
	return list
}

// setting matches name: "value" and its like. RE2 takes time in proportion to the page,
// whatever the page says.
func setting(names string) *regexp.Regexp {
	return regexp.MustCompile(`["']?\b(` + names + `)["']?\s*[:=]\s*(?:"([^"\n]*)"|'([^'\n]*)'|([A-Za-z_$][\w$.]*))`)
}

const host = `(?:https?:)?//`

// quoted is an id between quotes of one kind.
const quoted = `(?:"([A-Za-z0-9_.-]+)"|'([A-Za-z0-9_.-]+)')`

// systems are those whose script we answer for, ours, and those that are only recognised.
var systems = []system{
	{
		name: "intercom", title: "Intercom",
		loads:   exp(host + `widget\.intercom\.io/widget/([A-Za-z0-9_-]+)?`),
		markers: exp(`\bintercomSettings\b`, `//js\.intercomcdn\.com/`, `\bIntercom\s*\(\s*["'](?:boot|update)["']`),
		ids:     exp(`\bapp_id["']?\s*[:=]\s*` + quoted),
		path:    func(id string) string { return "/widget/" + id }, here: `/widget/([A-Za-z0-9_-]+)`, shared: true,
		proofIn: regexp.MustCompile(`[Ii]ntercom`), proofs: setting(`user_hash|intercom_user_jwt`), tokens: "intercom-jwt",
	},
	{
		name: "helpscout", title: "Help Scout Beacon",
		loads:   exp(host + `beacon-v2\.helpscout\.net/?`),
		markers: exp(`\bBeacon\s*\(\s*["'](?:init|identify)["']`),
		ids:     exp(`\bBeacon\s*\(\s*["']init["']\s*,\s*`+quoted, `\bbeaconId["']?\s*:\s*`+quoted),
		path:    func(string) string { return "/beacon.js" }, here: `/beacon\.js`,
		proofIn: regexp.MustCompile(`\bBeacon\b`), proofs: setting(`signature`),
	},
	{
		name: "pylon", title: "Pylon",
		loads:   exp(host + `widget\.usepylon\.com/widget/([A-Za-z0-9_-]+)?`),
		markers: exp(`\bchat_settings["']?\s*[=:]\s*\{`, `\bwindow\.[Pp]ylon\b`),
		ids:     exp(`\bapp_id["']?\s*[:=]\s*` + quoted),
		path:    func(id string) string { return "/widget/" + id }, here: `/widget/([A-Za-z0-9_-]+)`, shared: true,
		proofIn: regexp.MustCompile(`\bchat_settings\b`), proofs: setting(`email_hash|jwt`), tokens: "pylon-jwt",
	},
	{
		name: "ensoras", title: "Ensoras",
		loads:   exp(`(?:https?:)?//[A-Za-z0-9.-]+/cdn/v1/widget/([A-Za-z0-9_-]+)\.js`),
		markers: exp(`\bEnsorasQueue\b`, `\bEnsoras\s*\(`),
		path:    func(id string) string { return "/cdn/v1/widget/" + id + ".js" }, here: `/cdn/v1/widget/([A-Za-z0-9_-]+)\.js`, slug: true,
		proofIn: regexp.MustCompile(`\bEnsoras`), proofs: setting(`hash`),
	},
	{
		name: "countersign", title: "Countersign",
		markers: exp(`\bCountersign\s*\(\s*["']`, `\bwindow\.Countersign\b`),
		ids:     exp(`\bchannel["']?\s*:\s*` + quoted),
		path:    func(string) string { return "/v1.js" }, here: `/v1\.js`,
		proofIn: regexp.MustCompile(`\bCountersign\b`), proofs: setting(`user_hash|hash|jwt`),
	},
	{name: "chatwoot", title: "Chatwoot", loads: exp(`(?:https?:)?//[A-Za-z0-9.-]+/packs/js/sdk\.js`), markers: exp(`\bchatwootSDK\b`, `\bchatwootSettings\b`), ids: exp(`\bwebsiteToken["']?\s*:\s*` + quoted)},
	{name: "crisp", title: "Crisp", loads: exp(host + `client\.crisp\.chat/[a-z.]*`), markers: exp(`\bCRISP_WEBSITE_ID\b`), ids: exp(`\bCRISP_WEBSITE_ID\s*=\s*` + quoted)},
	{name: "tawk", title: "tawk.to", loads: exp(host + `embed\.tawk\.to/([A-Za-z0-9]+)`), markers: exp(`\bTawk_API\b`)},
	{name: "front", title: "Front", loads: exp(host + `chat-assets\.frontapp\.com/`), markers: exp(`\bFrontChat\s*\(`), ids: exp(`\bchatId["']?\s*:\s*` + quoted)},
	{name: "plain", title: "Plain", loads: exp(host + `chat\.cdn-plain\.com/`), markers: exp(`\bPlain\.init\s*\(`)},
	{name: "gleap", title: "Gleap", loads: exp(host + `sdk\.gleap\.io/`), markers: exp(`\bGleap\.initialize\s*\(`)},
	{name: "novu", title: "Novu", loads: exp(host + `[A-Za-z0-9.-]*novu\.(?:co|com)/[A-Za-z0-9_./-]*`), markers: exp(`\bnovu\.init\s*\(`)},
	{name: "featurebase", title: "Featurebase", loads: exp(host + `do\.featurebase\.app/js/sdk\.js`), markers: exp(`\bFeaturebase\s*\(`)},
	{name: "zendesk", title: "Zendesk", loads: exp(host + `static\.zdassets\.com/ekr/snippet\.js(?:\?key=([A-Za-z0-9-]+))?`), markers: exp(`\bzE\s*\(\s*["']messenger`)},
	{name: "freshchat", title: "Freshchat", loads: exp(host+`wchat\.(?:[a-z]{2}\.)?freshchat\.com/`, host+`[a-z.]*fw-cdn\.com/[A-Za-z0-9_./-]*`), markers: exp(`\bfcWidget\b`)},
}

// ours matches the system's script as this installation serves it.
func ours(s system, base *url.URL) *regexp.Regexp {
	return regexp.MustCompile(`(?:https?:)?//` + regexp.QuoteMeta(base.Host) + s.here)
}
