package shop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// maxShown is how much of a body the page shows.
const maxShown = 2000

// credentials are the members whose values are only ever shown by their beginning.
var credentials = map[string]bool{"session": true, "visitor_token": true, "hash": true, "jwt": true, "replaces": true}

// secretLike finds what the list above may have missed: long runs of hex, tokens,
// and anything with the dots of a JWT.
var secretLike = regexp.MustCompile(`[0-9A-Fa-f]{32,}|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}|Bearer [^\s"]+`)

// shorten cuts every credential in a text to its beginning.
func shorten(text string) string {
	return secretLike.ReplaceAllStringFunc(text, func(found string) string {
		if token, ok := strings.CutPrefix(found, "Bearer "); ok {
			return "Bearer " + beginning(token)
		}
		return beginning(found)
	})
}

// beginning is enough to recognise a credential and not enough to use it.
func beginning(credential string) string {
	kept := min(8, len(credential)/4)
	return fmt.Sprintf("%s… (%d characters)", strings.ToValidUTF8(credential[:kept], ""), len(credential))
}

func sent(one call) Sent {
	shown := Sent{Method: one.Method, Path: shorten(one.Path)}
	for _, name := range slices.Sorted(maps.Keys(one.Headers)) {
		for _, value := range one.Headers[name] {
			shown.Headers = append(shown.Headers, name+": "+shorten(value))
		}
	}
	if one.Bearer != "" {
		shown.Headers = append(shown.Headers, "Authorization: Bearer "+beginning(one.Bearer))
	}
	if one.Body != nil {
		encoded, err := json.Marshal(one.Body)
		if err == nil {
			shown.Body = showBody(encoded)
		}
	}
	return shown
}

func received(got answer) Received {
	shown := Received{Status: got.Status, Text: http.StatusText(got.Status), Code: got.problem()}
	if policy := got.Header.Get("Content-Security-Policy"); policy != "" && strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		shown.Headers = append(shown.Headers, "Content-Security-Policy: "+policy)
		shown.Body = "(the page; not shown here)"
		return shown
	}
	shown.Body = showBody(got.Body)
	return shown
}

// showBody prints JSON indented and anything else as it is, shortened and cut.
func showBody(body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return cut(shorten(string(body)))
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(hide(value)); err != nil {
		return "(not shown)"
	}
	return cut(shorten(strings.TrimSpace(out.String())))
}

func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// hide replaces the values of credentials, at any depth.
func hide(value any) any {
	switch value := value.(type) {
	case map[string]any:
		hidden := make(map[string]any, len(value))
		for name, inner := range value {
			text, isText := inner.(string)
			if credentials[name] && isText && text != "" {
				hidden[name] = beginning(text)
				continue
			}
			hidden[name] = hide(inner)
		}
		return hidden
	case []any:
		hidden := make([]any, len(value))
		for i, inner := range value {
			hidden[i] = hide(inner)
		}
		return hidden
	}
	return value
}

// leaks says whether an answer contains something that only the victim may see:
// the words of her conversation, her name, and where the request did not name it
// the id of her conversation.
func (t *trial) leaks(got answer, idCounts bool) bool {
	if !got.ok() {
		return false
	}
	for _, text := range textsIn(got.Body) {
		if idCounts && strings.Contains(text, t.prey.conversation) {
			return true
		}
		if strings.Contains(text, t.victim.Name) {
			return true
		}
		if slices.ContainsFunc(t.prey.texts, func(secret string) bool { return strings.Contains(text, secret) }) {
			return true
		}
	}
	return false
}

// textsIn collects every string of a JSON document, or of the documents in the
// data lines of an event stream.
func textsIn(body []byte) []string {
	var value any
	if json.Unmarshal(body, &value) == nil {
		return stringsOf(value, nil)
	}
	var texts []string
	for line := range bytes.Lines(body) {
		data, isData := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:"))
		if isData && json.Unmarshal(data, &value) == nil {
			texts = stringsOf(value, texts)
			continue
		}
		texts = append(texts, string(line))
	}
	return texts
}

func stringsOf(value any, into []string) []string {
	switch value := value.(type) {
	case string:
		return append(into, value)
	case []any:
		for _, inner := range value {
			into = stringsOf(inner, into)
		}
	case map[string]any:
		for _, inner := range value {
			into = stringsOf(inner, into)
		}
	}
	return into
}
