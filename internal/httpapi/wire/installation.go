package wire

import "time"

// Ping is the start of an app, or the load of a page, that claims nobody.
type Ping struct {
	Channel  string `json:"channel" doc:"Slug or alias of the channel."`
	Platform string `json:"platform,omitzero" doc:"web (the default), ios or android."`
	Origin   string `json:"origin,omitzero" doc:"The page's origin: a hint."`
	Version  string `json:"version,omitzero" doc:"Of the app: up to 32 of letters, digits and . _ + -."`
}

// Sums are arrivals by what became of them, and by how their proofs were.
type Sums struct {
	Total    int64            `json:"total"`
	Outcomes map[string]int64 `json:"outcomes" doc:"verified, claimed, anonymous, refused, made_anonymous, blocked (a page that may not show the messenger tried to)."`
	Missing  int64            `json:"missing" doc:"Claimed somebody and brought no proof."`
	Wrong    int64            `json:"wrong" doc:"Brought a proof that does not hold."`
	Reasons  map[string]int64 `json:"reasons" doc:"By reason, as the audit log names it."`
	LastAt   time.Time        `json:"last_at,omitzero"`
}

// Step is what to do next about what was counted.
type Step struct {
	Step   string `json:"step" enum:"sign,diagnose,signs,key,clock,allow,know,update,identify"`
	N      int64  `json:"n"`
	Of     int64  `json:"of"`
	Reason string `json:"reason,omitzero" doc:"The commonest behind it."`
	Urgent bool   `json:"urgent" doc:"A warning; otherwise a hint."`
}

// Place is a domain, or the apps of a platform, with what arrived from there. Whatever
// it says of itself is a hint.
type Place struct {
	Platform string         `json:"platform"`
	Origin   string         `json:"origin,omitzero" doc:"Empty for apps and for pages that do not say; other for all that have no row of their own."`
	Standing string         `json:"standing" enum:"allowed,proved,stranger,other,app,unknown"`
	Ignored  bool           `json:"ignored,omitzero"`
	Dialects []string       `json:"dialects"`
	Networks map[string]int `json:"networks" doc:"Distinct networks (IPv4 /24, IPv6 /48) of the last 8 days behind verified, missing, wrong and none; 50 a day are told apart."`
	Steps    []Step         `json:"steps"`
	Sums
}

// Version is one of an app, or of a library that says which it is.
type Version struct {
	Platform string `json:"platform"`
	Version  string `json:"version,omitzero"`
	Steps    []Step `json:"steps"`
	Sums
}

// Installation is who embeds the messenger, and how that goes.
type Installation struct {
	Since    time.Time `json:"since"`
	Places   []Place   `json:"places"`
	Versions []Version `json:"versions"`
}

// Seen is one thing that arrived just now.
type Seen struct {
	At       time.Time `json:"at"`
	Platform string    `json:"platform"`
	Origin   string    `json:"origin,omitzero"`
	Version  string    `json:"version,omitzero"`
	Dialect  string    `json:"dialect,omitzero" doc:"Absent for a page load that claims nobody."`
	Outcome  string    `json:"outcome"`
	Reason   string    `json:"reason,omitzero"`
}

// Watched is what arrived since the moment that was asked about.
type Watched struct {
	Now      time.Time `json:"now" doc:"Ask next with since set to this."`
	Arrivals []Seen    `json:"arrivals"`
}

// IgnoreDomain says that a domain deserves no warning, or takes that back.
type IgnoreDomain struct {
	Origin  string `json:"origin"`
	Ignored bool   `json:"ignored"`
}

// Warning is why enforcing deserves a second thought, in numbers.
type Warning struct {
	Warning string `json:"warning" enum:"no_key,no_arrivals,no_verified,one_network,would_break"`
	N       int64  `json:"n,omitzero"`
	Of      int64  `json:"of,omitzero"`
	Places  int    `json:"places,omitzero" doc:"How many domains or platforms are concerned."`
}

// Preview is what enforcing one platform would break, judged by the last seven days.
type Preview struct {
	Platform    string         `json:"platform"`
	Enforcement string         `json:"enforcement"`
	Since       time.Time      `json:"since" doc:"It has been enforced so since."`
	MinimumTier string         `json:"minimum_tier"`
	From        time.Time      `json:"from"`
	Broken      int64          `json:"broken" doc:"Arrivals that enforcing turns away or makes anonymous."`
	Live        int            `json:"live" doc:"Sessions that would end at once."`
	LivePlaces  int            `json:"live_places" doc:"On how many origins they are."`
	Keys        int            `json:"keys" doc:"That verify for the platform."`
	Networks    map[string]int `json:"networks"`
	Places      []Place        `json:"places"`
	Versions    []Version      `json:"versions"`
	Warnings    []Warning      `json:"warnings" doc:"They stop nothing: whoever sets enforcement by a program is told them with the answer."`
	Sums
}

// EnforcementSet is the answer to a switch of enforcement.
type EnforcementSet struct {
	Ended    int       `json:"ended" doc:"Sessions that this ended."`
	Warnings []Warning `json:"warnings,omitzero" doc:"What the preview said at that moment, when enforcement was turned on."`
}
