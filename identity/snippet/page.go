package snippet

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Literal writes a text as a JavaScript string that may stand in a script element of
// a page. A customer who calls themselves </script><script>… must stay a name: so
// every character that could end the string, the line or the element is written as
// an escape, and U+2028 and U+2029, which end a line in older engines, as well.
func Literal(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range text {
		switch {
		case r < ' ' || r == 0x7f || strings.ContainsRune("'\"`\\<>&=/", r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

const nativeLogout = "Countersign('logout');"

// value is a customer's, or the word that stands for it.
func value(text, word string) string {
	if text == "" {
		return "'" + word + "'"
	}
	return Literal(text)
}

// escaping is said wherever values are put into a page.
const escaping = "Print each value as JSON with < as \\u003c, never as it is."

// setting is one line of an object in a script.
type setting struct{ name, value string }

// object is a statement's argument, indented as statements in a script are.
func object(settings []setting) string {
	lines := make([]string, len(settings))
	for i, s := range settings {
		lines[i] = "    " + s.name + ": " + s.value
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n  }"
}

// person is who the page names: what is signed, and the rest.
func person(r Request, email bool) []setting {
	var all []setting
	if !email {
		all = append(all, setting{"user_id", value(r.Customer.UserID, "USER_ID")})
	}
	return append(all, setting{"email", value(r.Customer.Email, "EMAIL")}, setting{"name", value(r.Customer.Name, "NAME")})
}

func proof(r Request, token bool) string {
	if token {
		return value(r.Customer.Proof, "TOKEN")
	}
	return value(r.Customer.Proof, "HASH")
}

func nativePage(r Request, row row) string {
	field := "hash"
	if row.kind != hashKind {
		field = "jwt"
	}
	settings := append(person(r, r.Signs == "email"), setting{field, proof(r, row.kind != hashKind)})
	return fmt.Sprintf(`<script>
  window.Countersign = window.Countersign || function () {
    (Countersign.q = Countersign.q || []).push(arguments);
  };
  Countersign('init', { channel: %s });

  // Only on pages where somebody is logged in; your backend fills in the values.
  // %s
  Countersign('identify', %s);
</script>
<script async src="%s/v1.js"></script>
`, value(r.Channel, "CHANNEL"), escaping, object(settings), strings.TrimRight(r.Origin, "/"))
}

// script wraps the statement with which a vendor's page names its customer.
func script(statement string) string {
	return "<script>\n  // " + escaping + "\n  " + statement + "\n</script>\n"
}

func intercomPage(r Request, row row) string {
	settings := append([]setting{{"app_id", value(r.Channel, "APP_ID")}}, person(r, r.Signs == "email")...)
	if row.kind == jwtKind {
		settings = append(settings, setting{"intercom_user_jwt", proof(r, true)})
	} else {
		settings = append(settings, setting{"user_hash", proof(r, false)})
	}
	return script("window.intercomSettings = " + object(settings) + ";")
}

func helpscoutPage(r Request, _ row) string {
	return script("Beacon('identify', " + object(append(person(r, true), setting{"signature", proof(r, false)})) + ");")
}

func pylonPage(r Request, row row) string {
	settings := append([]setting{{"app_id", value(r.Channel, "APP_ID")}}, person(r, true)...)
	if row.kind == jwtKind {
		settings = append(settings, setting{"jwt", proof(r, true)})
	} else {
		settings = append(settings, setting{"email_hash", proof(r, false)})
	}
	return script("window.pylon = { chat_settings: " + object(settings) + " };")
}

func ensorasPage(r Request, _ row) string {
	return script("Ensoras('identify', " + object([]setting{{"email", value(r.Customer.Email, "EMAIL")}, {"hash", proof(r, false)}}) + ");")
}
