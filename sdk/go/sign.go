package countersign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Dialect is the format of a key, as the console shows it.
type Dialect string

const (
	Native      Dialect = "native"
	Intercom    Dialect = "intercom"
	HelpScout   Dialect = "helpscout"
	Pylon       Dialect = "pylon"
	Ensoras     Dialect = "ensoras"
	NativeJWT   Dialect = "native-jwt"
	IntercomJWT Dialect = "intercom-jwt"
	PylonJWT    Dialect = "pylon-jwt"

	Chatwoot     Dialect = "chatwoot"
	Crisp        Dialect = "crisp"
	Tawk         Dialect = "tawk"
	Front        Dialect = "front"
	Plain        Dialect = "plain"
	Gleap        Dialect = "gleap"
	Novu         Dialect = "novu"
	Featurebase  Dialect = "featurebase"
	ZendeskJWT   Dialect = "zendesk-jwt"
	FreshchatJWT Dialect = "freshchat-jwt"
)

// people :: dialect with a JWT → the claim that names the person.
var people = map[Dialect]string{NativeJWT: "user_id", IntercomJWT: "user_id", PylonJWT: "user_id", ZendeskJWT: "external_id", FreshchatJWT: "reference_id"}

// DefaultLife is how long a JWT lives unless it is said.
const DefaultLife = 10 * time.Minute

// pylonLife is the longest life that a pylon-jwt key takes.
const pylonLife = 15 * time.Minute

// Hash is the identity hash, 64 hexadecimal digits: over the user id or the email,
// whichever the key signs. Give that one field alone.
func Hash(d Dialect, secret string, who Identity) (string, error) {
	switch d {
	case Native, Intercom, Chatwoot, Tawk, Featurebase:
	case Gleap, Novu:
		if who.Email != "" {
			return "", fmt.Errorf("%w: a key of %s signs the user id alone", ErrInput, d)
		}
	case HelpScout, Pylon, Ensoras, Crisp, Front, Plain:
		if who.UserID != "" {
			return "", fmt.Errorf("%w: a key of %s signs the email alone", ErrInput, d)
		}
	default:
		return "", fmt.Errorf("%w: %q is no dialect with a hash", ErrInput, string(d))
	}
	if who.UserID != "" && who.Email != "" {
		return "", fmt.Errorf("%w: a hash covers one field: give the one that the key signs", ErrInput)
	}
	key, err := keyOf(d, secret)
	if err != nil {
		return "", err
	}
	if err := who.check(); err != nil {
		return "", err
	}
	message := who.UserID + who.Email
	if d == Ensoras {
		message = lowerASCII(message)
	}
	return hex.EncodeToString(mac(key, message)), nil
}

// lowerASCII: languages disagree on the rest, and the gate takes this.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// V1 is a v1 token for a channel (its id or slug). It carries user id, email or
// both, and lives as long as the channel says.
func V1(secret, channel string, who Identity, at time.Time) (string, error) {
	key, err := keyOf("native-v1", secret)
	if err != nil {
		return "", err
	}
	if err := who.check(); err != nil {
		return "", err
	}
	if channel == "" || !utf8.ValidString(channel) || at.Unix() < 1 {
		return "", fmt.Errorf("%w: a v1 token names its channel and its time", ErrInput)
	}
	issued := strconv.FormatInt(at.Unix(), 10)
	signed := ""
	for _, text := range []string{"countersign.v1", channel, who.UserID, who.Email, issued} {
		signed += strconv.Itoa(len(text)) + ":" + text + ","
	}
	return strings.Join([]string{"v1", encode(channel), issued, encode(who.UserID), encode(who.Email), encode(string(mac(key, signed)))}, "."), nil
}

// Token is what a JWT says.
type Token struct {
	Dialect  Dialect // empty: native-jwt
	Channel  string  // aud; intercom-jwt may leave it out
	Identity Identity
	IssuedAt time.Time
	Life     time.Duration  // zero: DefaultLife
	Claims   map[string]any // name and attributes: texts, numbers, booleans, nil
}

// JWT is a JSON Web Token, HS256. What the gate needs of a token of that dialect
// is required here.
func JWT(secret string, t Token) (string, error) {
	if t.Dialect == "" {
		t.Dialect = NativeJWT
	}
	if t.Life == 0 {
		t.Life = DefaultLife
	}
	key, err := keyOf(t.Dialect, secret)
	if err != nil {
		return "", err
	}
	if err := t.check(); err != nil {
		return "", err
	}
	claims := map[string]any{"iat": t.IssuedAt.Unix(), "exp": t.IssuedAt.Add(t.Life).Unix()}
	for name, text := range map[string]string{"aud": t.Channel, people[t.Dialect]: t.Identity.UserID, "email": t.Identity.Email} {
		if text != "" {
			claims[name] = text
		}
	}
	if t.Dialect == ZendeskJWT {
		claims["scope"] = "user"
	}
	for name, value := range t.Claims {
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInput, err)
	}
	signed := encode(`{"alg":"HS256","typ":"JWT"}`) + "." + encode(string(payload))
	return signed + "." + encode(string(mac(key, signed))), nil
}

func (t Token) check() error {
	if err := t.Identity.check(); err != nil {
		return err
	}
	for name, value := range t.Claims {
		switch name {
		case "aud", "iat", "exp", "user_id", "email", people[t.Dialect]:
			return fmt.Errorf("%w: the claim %s has a field of its own", ErrInput, name)
		}
		// encoding/json would replace what is no UTF-8 and sign something else.
		if text, isText := value.(string); !utf8.ValidString(name) || isText && !utf8.ValidString(text) {
			return fmt.Errorf("%w: a claim is not UTF-8", ErrInput)
		}
	}
	if !utf8.ValidString(t.Channel) || t.IssuedAt.Unix() < 1 || t.Life < time.Second {
		return fmt.Errorf("%w: a token has a time, a life and a channel in UTF-8", ErrInput)
	}
	switch t.Dialect {
	case IntercomJWT, ZendeskJWT, FreshchatJWT:
		if _, twice := t.Claims["scope"]; twice && t.Dialect == ZendeskJWT || t.Identity.UserID == "" {
			return fmt.Errorf("%w: a token of %s names the user id, and has its own scope", ErrInput, t.Dialect)
		}
		return nil
	case PylonJWT:
		if t.Identity.Email == "" || t.Life > pylonLife {
			return fmt.Errorf("%w: a token of pylon-jwt names the email and lives 15 minutes at most", ErrInput)
		}
	case NativeJWT:
	default:
		return fmt.Errorf("%w: %q is no dialect with a JWT", ErrInput, string(t.Dialect))
	}
	if t.Channel == "" {
		return fmt.Errorf("%w: the token names its channel", ErrInput)
	}
	return nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
