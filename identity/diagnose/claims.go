package diagnose

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// claims are what a token says, whoever signed it: read to explain, never to believe.
type claims struct {
	raw                     map[string]json.RawMessage
	userID, email           string
	who                     string // the claim that userID was read from; empty: user_id
	audiences               []string
	issued, expires, begins time.Time // zero: not said
	milliseconds            bool
	v1                      bool
}

func readJWT(parts []string) said {
	s := said{signed: parts[0] + "." + parts[1], signature: parts[2]}
	var header map[string]json.RawMessage              // a struct would read "ALG" as well
	_ = json.Unmarshal(looseBase64(parts[0]), &header) // what cannot be read says nothing
	_ = json.Unmarshal(header["alg"], &s.algorithm)
	_ = json.Unmarshal(looseBase64(parts[1]), &s.claims.raw)
	c := &s.claims
	c.userID, _ = identity.ParseScalar(c.raw["user_id"])
	c.email, _ = identity.ParseScalar(c.raw["email"])
	var one string
	if json.Unmarshal(c.raw["aud"], &one) == nil && one != "" {
		c.audiences = []string{one}
	} else if json.Unmarshal(c.raw["aud"], &c.audiences) != nil {
		c.audiences = nil // not the texts beside something else
	}
	c.issued, c.expires, c.begins = c.time("iat"), c.time("exp"), c.time("nbf")
	return s
}

// in reads the user id where a dialect's tokens have it.
func (c claims) in(name string) claims {
	if row, _ := dialect.Get(name); row.UserIDClaim != "" && !c.v1 {
		c.who = row.UserIDClaim
		c.userID, _ = identity.ParseScalar(c.raw[c.who])
	}
	return c
}

// AudiencesOf is for whom a token says that it is, whoever signed it; for asking on.
func AudiencesOf(token string) []string {
	parts, _ := readToken(token)
	return parts.claims.audiences
}

func readV1(parts []string) said {
	text := func(i int) string { return string(looseBase64(parts[i])) }
	issued, _ := strconv.ParseInt(parts[2], 10, 64)
	c := claims{v1: true, userID: text(3), email: text(4), audiences: []string{text(1)}}
	if issued > 0 && issued < 1<<40 {
		c.issued = time.Unix(issued, 0).UTC()
	}
	var signed strings.Builder
	for _, part := range []string{"countersign.v1", text(1), text(3), text(4), parts[2]} {
		signed.WriteString(strconv.Itoa(len(part)) + ":" + part + ",")
	}
	return said{signed: signed.String(), signature: parts[5], claims: c}
}

func looseBase64(text string) []byte {
	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "="))
	return raw
}

// time reads a claim in seconds; one in milliseconds is noted and read as such.
func (c *claims) time(name string) time.Time {
	f, err := strconv.ParseFloat(strings.Trim(string(c.raw[name]), `"`), 64)
	switch {
	case err != nil || !(f >= 1 && f < 1e15):
		return time.Time{}
	case f > 1e11:
		c.milliseconds = true
		f /= 1000
	}
	return time.Unix(int64(math.Floor(f)), 0).UTC()
}

// flaws are what the gate would refuse in what a token says, with figures.
func (q *Question) flaws(row dialect.Row, target Key, parts said) []Cause {
	c := parts.claims.in(row.Name)
	if c.raw == nil && !c.v1 {
		return nil
	}
	var found []Cause
	life := row.MaxLife
	if row.Global == "native" && !row.ServerSide && q.MaxLife > 0 {
		life = q.MaxLife
	}
	expires := c.expires
	if c.v1 && !c.issued.IsZero() && life > 0 {
		expires = c.issued.Add(life)
	}
	if c.milliseconds {
		found = append(found, Cause{ClockSkew, "The token's times are in milliseconds: a verifier reads seconds, and takes them for the far future.",
			"Divide the time by 1000 and cut off the fraction."})
	} else if ahead := c.issued.Sub(q.Now); !c.issued.IsZero() && ahead > identity.EarlySlack {
		found = append(found, Cause{ClockSkew, "The token was issued " + span(ahead) + " in the future, at " + stamp(c.issued) + ": the signer's clock is ahead.",
			"Set the signer's clock by NTP; up to " + span(identity.EarlySlack) + " are tolerated."})
	} else if ahead := c.begins.Sub(q.Now); !c.begins.IsZero() && ahead > identity.EarlySlack {
		found = append(found, Cause{ClockSkew, "The token is not valid for another " + span(ahead) + ", until " + stamp(c.begins) + ".", "Set nbf to the time of signing, or leave it out; and set the signer's clock by NTP."})
	}
	if !expires.IsZero() && !q.Now.Before(expires) && !c.milliseconds {
		found = append(found, Cause{Expired, "The token expired " + span(q.Now.Sub(expires)) + " ago, at " + stamp(expires) + ".",
			"Make a fresh token for each page load, and let the page hand over a function that fetches one."})
	}
	if lived := c.expires.Sub(c.issued); !c.expires.IsZero() && !c.issued.IsZero() && life > 0 && lived > life && !c.v1 {
		found = append(found, Cause{Code(identity.LifetimeTooLong), "The token lives for " + span(lived) + ", and at most " + span(life) + " are allowed.", "Bring exp closer to iat."})
	}
	found = append(found, q.audienceFlaw(row, c)...)
	if cause, wrong := identifierClaim(c, target.Signs); wrong {
		found = append(found, cause)
	}
	if c.v1 {
		return found
	}
	var missing []string
	if row.NeedIssued && c.raw["iat"] == nil {
		missing = append(missing, "iat")
	}
	if row.NeedExpiry && c.raw["exp"] == nil {
		missing = append(missing, "exp")
	}
	if row.NeedAudience && len(c.audiences) == 0 {
		missing = append(missing, "aud")
	}
	if len(missing) > 0 {
		found = append(found, Cause{Code(identity.ClaimMissing), "The token lacks " + strings.Join(missing, " and ") + ".", "Add the claim."})
	}
	return found
}

func (q *Question) audienceFlaw(row dialect.Row, c claims) []Cause {
	named := slices.ContainsFunc(c.audiences, func(a string) bool { return slices.Contains(q.Channels, a) })
	if !row.NeedAudience && !c.v1 || len(c.audiences) == 0 || named || len(q.Channels) == 0 {
		return nil
	}
	ours := make([]string, len(q.Channels))
	for i, name := range q.Channels {
		ours[i] = quote(name)
	}
	theirs := make([]string, min(len(c.audiences), 3))
	for i := range theirs {
		theirs[i] = quote(c.audiences[i])
	}
	where := "aud"
	if c.v1 {
		where = "the token's channel"
	}
	return []Cause{{Audience, "The token is for " + strings.Join(theirs, " and ") + ", and this channel is " + strings.Join(ours, " or ") + ".",
		"Put " + ours[0] + " into " + where + "."}}
}

// identifierClaim explains a token whose identifier cannot be taken.
func identifierClaim(c claims, signs identity.Signs) (Cause, bool) {
	id := cmp.Or(c.who, "user_id")
	fields := map[string]string{id: c.userID, "email": c.email}
	for _, name := range []string{id, "email"} {
		raw := strings.TrimSpace(string(c.raw[name]))
		if fields[name] == "" && raw != "" && strings.Trim(raw[:1], "-0123456789") == "" {
			return Cause{NumberFormat, "The token's " + name + " is the number " + quote(raw) + ", and only integers within 2^53-1 can be read the same everywhere.",
				"Put the " + name + " into the token as text."}, true
		}
	}
	wanted, other := id, "email"
	if signs == identity.SignsEmail {
		wanted, other = other, wanted
	}
	switch text := fields[wanted]; {
	case signs == identity.SignsEither && fields[other] != "" && text == "":
		return Cause{}, false
	case text == "" && fields[other] != "" && c.raw[wanted] == nil:
		return Cause{IdentifierKind, "The token names an " + other + " and no " + wanted + ", which is what this key signs.", "Put the " + wanted + " into the token as well."}, true
	case text == "" && c.raw["sub"] != nil && c.raw[wanted] == nil:
		return Cause{Code(identity.ClaimMissing), "The token has no " + wanted + "; its sub is not read.", "Put the person into " + wanted + "."}, true
	case strings.ContainsAny(text, "\r\n"):
		return Cause{Newline, "The token's " + wanted + " holds a line break, and no identifier may.", "Sign the identifier without it."}, true
	case strings.ContainsAny(text, " \t") && wanted == "email":
		return Cause{Blanks, "The token's email holds a blank, and no address does.", "Sign the address without it."}, true
	case wanted == "email" && text != "" && !identity.ValidEmail(text):
		return Cause{IdentifierKind, "What the token has as email is no address: " + quote(text) + ".", "Put the address into email."}, true
	}
	return Cause{}, false
}

// contradiction says how what the page sends differs from what its token says. A user
// id beside a signed email is nothing that the key vouches for, and two spellings that
// fold alike are one address: the gate minds neither.
func (q *Question) contradiction(c claims, signs identity.Signs) (Cause, bool) {
	for _, pair := range []struct {
		name, page, signed, other string
		agree                     bool
	}{
		{"user id", q.UserID, c.userID, c.email, q.UserID == c.userID || signs == identity.SignsEmail},
		{"email", q.Email, c.email, c.userID, identity.Fold(q.Email) == identity.Fold(c.email)},
	} {
		if pair.page == "" || pair.signed == "" || pair.agree {
			continue
		}
		if pair.page == pair.other {
			return Cause{IdentifierKind, "The page sends as " + pair.name + " what the token has as the other identifier.", "Send each identifier under its own name, or leave them out beside a token."}, true
		}
		for _, form := range mistakes(spelling{text: pair.page}, pair.name) {
			if form.text == pair.signed {
				return Cause{form.slips[0].code, "The token has another spelling of the " + pair.name + " than the page. " + form.slips[0].explain, form.slips[0].fix}, true
			}
		}
		return Cause{Code(identity.ClaimContradicted), "The token is for the " + pair.name + " " + quote(pair.signed) + ", and the page says " + quote(pair.page) + ".",
			"Leave identifiers out of the page's settings where a token is sent, or make them equal."}, true
	}
	return Cause{}, false
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
