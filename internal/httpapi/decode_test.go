package httpapi

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"countersign/internal/httpapi/wire"
)

// seeds are bodies that somebody might send, each with whether it is taken.
var seeds = []struct {
	name, body string
	good       bool
}{
	{"the body itself", `{"channel":"shop"}`, true},
	{"blanks around it", " \r\n\t{\"channel\":\"shop\"}\n", true},
	{"all fields", `{"channel":"shop","platform":"web","assertion":{"user_id":"u1","hash":"00"},"visitor_token":"t","replaces":"r","origin":"https://shop.example"}`, true},
	{"null is absent", `{"channel":"shop","assertion":null,"platform":null}`, true},
	{"a hash of another type is kept raw", `{"channel":"shop","assertion":{"user_id":7,"hash":[1]}}`, true},
	{"an escaped backslash before u0000 is text", `{"channel":"\\u0000"}`, true},
	{"a surrogate pair", `{"channel":"\ud83d\ude00"}`, true},
	{"nothing", ``, false},
	{"blanks", "  \n", false},
	{"not JSON", `channel=shop`, false},
	{"cut off", `{"channel":"shop"`, false},
	{"an array", `[{"channel":"shop"}]`, false},
	{"a text", `"shop"`, false},
	{"null alone", `null`, false},
	{"null alone between blanks", " null\n", false},
	{"the word null in a text", `{"channel":"null"}`, true},
	{"two documents", `{"channel":"shop"}{"channel":"shop"}`, false},
	{"two documents on two lines", "{\"channel\":\"shop\"}\n{}", false},
	{"text after it", `{"channel":"shop"} x`, false},
	{"a trailing comma", `{"channel":"shop",}`, false},
	{"a comment", `{"channel":"shop"/* */}`, false},
	{"single quotes", `{'channel':'shop'}`, false},
	{"NaN", `{"channel":NaN}`, false},
	{"an unknown field", `{"channel":"shop","admin":true}`, false},
	{"an unknown field inside", `{"channel":"shop","assertion":{"userid":"u1"}}`, false},
	{"another case is another field", `{"Channel":"shop"}`, false},
	{"a field twice", `{"channel":"shop","channel":"other"}`, false},
	{"a field twice, once escaped", `{"channel":"shop","chann\u0065l":"other"}`, false},
	{"a field twice inside", `{"channel":"shop","assertion":{"user_id":"a","user_id":"b"}}`, false},
	{"a field twice inside raw JSON", `{"channel":"shop","assertion":{"attributes":{"a":{"b":1,"b":2}}}}`, false},
	{"a number for a text", `{"channel":5}`, false},
	{"an object for a text", `{"channel":{}}`, false},
	{"a text for an object", `{"channel":"shop","assertion":"u1"}`, false},
	{"a list for an object", `{"channel":"shop","assertion":[]}`, false},
	{"bytes that are not UTF-8", "{\"channel\":\"sh\xffop\"}", false},
	{"overlong UTF-8", "{\"channel\":\"\xc0\x80\"}", false},
	{"half a surrogate pair", `{"channel":"\ud83d"}`, false},
	{"UTF-16", "\xff\xfe{\x00}\x00", false},
	{"a byte order mark", "\xef\xbb\xbf{\"channel\":\"shop\"}", false},
	{"a NUL byte", "{\"channel\":\"sh\x00op\"}", false},
	{"a NUL escape", `{"channel":"sh\u0000op"}`, false},
	{"a NUL escape after an escaped backslash", `{"channel":"\\\u0000"}`, false},
	{"a NUL escape in a name", `{"chan\u0000nel":"shop"}`, false},
	{"a NUL byte after the document", "{\"channel\":\"shop\"}\x00", false},
	{"deep nesting", `{"channel":"shop","assertion":{"attributes":{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}}`, false},
	{"very deep nesting, never closed", strings.Repeat(`{"a":`, 20000), false},
	{"a raw line break in a text", "{\"channel\":\"a\nb\"}", false},
}

// A new seed is a new line above and here, so that none is lost unnoticed.
const wantSeeds = 47

func TestStrictDecoding(t *testing.T) {
	if len(seeds) != wantSeeds {
		t.Fatalf("%d seeds, want %d", len(seeds), wantSeeds)
	}
	for _, seed := range seeds {
		t.Run(seed.name, func(t *testing.T) {
			var in wire.OpenSession
			err := Decode([]byte(seed.body), &in)
			if (err == nil) != seed.good {
				t.Fatalf("taken: %v, want %v (%v)", err == nil, seed.good, err)
			}
			if err != nil {
				checkRefusal(t, err, seed.body)
			}
		})
	}
}

func checkRefusal(t *testing.T, err error, body string) {
	t.Helper()
	var own *Error
	if !errors.As(err, &own) || own.Code != RequestInvalid || own.Detail == "" {
		t.Fatalf("refused with %v", err)
	}
	if !utf8.ValidString(own.Detail) || strings.ContainsRune(own.Detail, 0) {
		t.Fatalf("the answer itself is no text: %q", own.Detail)
	}
	if strings.Contains(body, "sh\xffop") && strings.Contains(own.Detail, "sh") {
		t.Fatalf("the answer repeats a value: %q", own.Detail)
	}
}

// TestNullDecidesNothing: a null for a switch would unblock, for a number mark nothing
// as read, for an object leave everything empty, all in its sender's name.
func TestNullDecidesNothing(t *testing.T) {
	for _, c := range []struct {
		body string
		into any
		good bool
	}{
		{`null`, &wire.OpenConversation{}, false},
		{`null`, &wire.Empty{}, false},
		{`{"seq":null}`, &wire.MarkRead{}, false},
		{`{"blocked":null}`, &wire.Block{}, false},
		{`{"text":"x","client_id":"c","note":null}`, &wire.PostReply{}, false},
		{`{"name":"x","appearance":null,"origins":[],"minimum_tier":"verified"}`, &wire.ChangeChannel{}, false},
		{`{"name":"x","appearance":{},"origins":null,"minimum_tier":null}`, &wire.ChangeChannel{}, true},
		{`{"overlap_hours":null}`, &wire.RotateKey{}, true},
		{`{"compromised_since":null}`, &wire.RevokeKey{}, true},
		{`{"status":null,"assignee":null,"snoozed_until":null}`, &wire.ChangeConversation{}, true},
		{`{"channel":"shop","assertion":{"user_id":null,"hash":null,"attributes":{"plan":null}}}`, &wire.OpenSession{}, true},
	} {
		if err := Decode([]byte(c.body), c.into); (err == nil) != c.good {
			t.Errorf("%s: %v", c.body, err)
		}
	}
}

func TestRefusalsNeverRepeatAValue(t *testing.T) {
	var in wire.PostMessage
	err := Decode([]byte(`{"text":["hunter2"],"client_id":"c"}`), &in)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("%v", err)
	}
}

// FuzzDecode: whatever is sent, the decoder answers with a refusal of ours or
// with texts that can be stored; it never panics.
func FuzzDecode(f *testing.F) {
	n := 0
	for _, seed := range seeds {
		f.Add([]byte(seed.body))
		n++
	}
	if n != wantSeeds {
		f.Fatalf("%d seeds, want %d", n, wantSeeds)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in wire.OpenSession
		if err := Decode(body, &in); err != nil {
			var own *Error
			if !errors.As(err, &own) || own.Code != RequestInvalid || !utf8.ValidString(own.Detail) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		for _, text := range []string{in.Channel, in.Platform, in.VisitorToken, in.Replaces, in.Origin} {
			if !isText(text) {
				t.Fatalf("let through %q", text)
			}
		}
	})
}
