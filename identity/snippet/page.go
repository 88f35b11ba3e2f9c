package snippet

import (
	"cmp"
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

// value is a customer's, or the word that stands for it.
func value(text, word string) string {
	if text == "" {
		return "'" + word + "'"
	}
	return Literal(text)
}

// escaping is said wherever values are put into a page.
const escaping = "Print each value as JSON with < as \\u003c, never as it is."

// value is what the page says for a member.
func (c Customer) value(from string, r Request, row row) string {
	switch from {
	case fromChannel:
		return value(r.Channel, "APP_ID")
	case fromUserID:
		return value(c.UserID, "USER_ID")
	case fromEmail:
		return value(c.Email, "EMAIL")
	case fromName:
		return value(c.Name, "NAME")
	}
	if row.kind != hashKind {
		return value(c.Proof, "TOKEN")
	}
	return value(c.Proof, "HASH")
}

// page is the page of a backend whose template language nobody named.
func page(r Request, row row) string {
	var lines []string
	for _, m := range row.members(r.Signs) {
		lines = append(lines, "    "+m.Name+": "+r.Customer.value(m.From, r, row))
	}
	call := fmt.Sprintf(row.statement, "{\n"+strings.Join(lines, ",\n")+"\n  }")
	if row.global != "native" {
		return "<script>\n  // " + vendorLoad(r, row) + "\n  // " + escaping + "\n  " + call + "\n</script>\n"
	}
	return fmt.Sprintf(`<script>
%s
  // Only on pages where somebody is logged in; your backend fills in the values.
  // %s
  %s
</script>
%s
`, nativeInit(r), escaping, call, nativeLoad(r))
}

// nativeInit queues calls until our script is there.
func nativeInit(r Request) string {
	return fmt.Sprintf(`  window.Countersign = window.Countersign || function () {
    (Countersign.q = Countersign.q || []).push(arguments);
  };
  Countersign('init', { channel: %s });
`, value(r.Channel, "CHANNEL"))
}

// vendorLoad says what stands beside the snippet: a vendor's page keeps its own loader, whose URL is the one edit.
func vendorLoad(r Request, row row) string {
	id := cmp.Or(r.Channel, "APP_ID")
	path := map[string]string{"helpscout": "beacon.js", "ensoras": "cdn/v1/widget/" + id + ".js"}[row.global]
	return "The page keeps the loader that it has; its script comes from " + strings.TrimRight(r.Origin, "/") + "/" + cmp.Or(path, "widget/"+id)
}

func nativeLoad(r Request) string {
	return `<script async src="` + strings.TrimRight(r.Origin, "/") + `/v1.js"></script>`
}
