package history

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"countersign/internal/chat"
)

// plainOf makes plain text of what another system kept as HTML: what a browser would show,
// with the address of a link behind its words. Nothing of it is ever drawn as HTML again,
// so what is lost here is looks, and what is kept cannot run.
func plainOf(body string) string {
	if !strings.ContainsAny(body, "<&") {
		return tidy(body)
	}
	var b strings.Builder
	var href string
	hidden := 0
	for z := html.NewTokenizer(strings.NewReader(body)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return tidy(b.String())
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			switch token.DataAtom {
			case atom.Script, atom.Style, atom.Template, atom.Head:
				if token.Type == html.StartTagToken {
					hidden++
				}
			case atom.Br:
				b.WriteByte('\n')
			case atom.Li:
				b.WriteString("\n- ")
			case atom.Img:
				b.WriteString(attribute(token, "alt"))
			case atom.A:
				href = attribute(token, "href")
			default:
				breakAt(&b, token.DataAtom)
			}
		case html.EndTagToken:
			token := z.Token()
			switch token.DataAtom {
			case atom.Script, atom.Style, atom.Template, atom.Head:
				hidden = max(0, hidden-1)
			case atom.A:
				if address := linkText(href); address != "" && !strings.HasSuffix(b.String(), href) {
					b.WriteString(" (" + address + ")")
				}
				href = ""
			default:
				breakAt(&b, token.DataAtom)
			}
		}
	}
}

func attribute(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// linkText is an address worth showing: the words of any other link stand alone.
func linkText(href string) string {
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
		if strings.HasPrefix(strings.ToLower(href), scheme) {
			return href
		}
	}
	return ""
}

func breakAt(b *strings.Builder, a atom.Atom) {
	switch a {
	case atom.P, atom.Div, atom.Tr, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Hr:
		b.WriteByte('\n')
	case atom.Td, atom.Th:
		b.WriteByte(' ')
	}
}

// oneBreak spells every line break alike.
var oneBreak = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00a0", " ")

// tidy is a text that our messages take: UTF-8, no control characters, no more than one
// empty line in a row.
func tidy(text string) string {
	text = strings.ToValidUTF8(oneBreak.Replace(text), "\uFFFD")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	lines := strings.Split(text, "\n")
	kept := lines[:0]
	for _, line := range lines {
		line = strings.TrimRight(line, " \t")
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// parts splits a text that is longer than one message of ours may be, at a line break
// where there is one.
func parts(text string) (list []string) {
	for len(text) > chat.MaxTextBytes {
		at := strings.LastIndexByte(text[:chat.MaxTextBytes], '\n')
		if at < chat.MaxTextBytes/2 {
			for at = chat.MaxTextBytes; at > 0 && !utf8.RuneStart(text[at]); at-- {
			}
		}
		list = append(list, text[:at])
		text = strings.TrimLeft(text[at:], "\n")
	}
	return append(list, text)
}

// oneLine is a name as it stands beside a message.
func oneLine(name string, most int) string {
	name = strings.Join(strings.Fields(tidy(name)), " ")
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most])
	}
	return name
}

// shown is what stands in a report, on a terminal: nothing in it turns what comes after.
func shown(text string, most int) string {
	return oneLine(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text), most)
}
