package wire

import "time"

// Appearance is what a visitor sees before the first word.
type Appearance struct {
	Accent   string `json:"accent" doc:"#rrggbb"`
	Team     string `json:"team"`
	Greeting string `json:"greeting"`
}

// Channel is one way in, as operators see it.
type Channel struct {
	ID          string               `json:"id"`
	Slug        string               `json:"slug"`
	Aliases     []string             `json:"aliases"`
	Name        string               `json:"name"`
	Realm       string               `json:"realm"`
	Enforcement map[string]string    `json:"enforcement" doc:"By platform: off, observe or enforce."`
	Since       map[string]time.Time `json:"enforcement_since" doc:"By platform: since when it is enforced so."`
	MinimumTier string               `json:"minimum_tier" enum:"anonymous,claimed,verified"`
	LongestLife int                  `json:"longest_life_seconds" doc:"How long a token of the channel's own dialects may be good for: 60 to 86400."`
	Origins     []string             `json:"origins" doc:"Pages whose browsers may frame the messenger; none: any."`
	Appearance  Appearance           `json:"appearance"`
	CreatedAt   time.Time            `json:"created_at"`
}

// Channels of the workspace.
type Channels struct {
	Channels []Channel `json:"channels"`
}

// CreateChannel makes a channel; web and observe unless said otherwise.
type CreateChannel struct {
	Slug        string   `json:"slug"`
	Name        string   `json:"name,omitzero"`
	Platforms   []string `json:"platforms,omitzero"`
	Aliases     []string `json:"aliases,omitzero"`
	Enforcement string   `json:"enforcement,omitzero" enum:"off,observe,enforce"`
	SamePeople  bool     `json:"same_people,omitzero" doc:"The same people under the same ids as on the workspace's other channels."`
}

// ChangeChannel replaces what it names.
type ChangeChannel struct {
	Name        string     `json:"name"`
	Appearance  Appearance `json:"appearance"`
	Origins     []string   `json:"origins"`
	MinimumTier string     `json:"minimum_tier" enum:"anonymous,claimed,verified"`
	LongestLife *int       `json:"longest_life_seconds,omitempty" minimum:"60" maximum:"86400" doc:"As it was if absent."`
}

// SetEnforcement is one switch of one platform.
type SetEnforcement struct {
	Platform    string `json:"platform" enum:"web,ios,android"`
	Enforcement string `json:"enforcement" enum:"off,observe,enforce"`
}
