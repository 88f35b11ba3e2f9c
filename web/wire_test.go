package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mirrored are the types that the messenger reads and the server writes. :: TypeScript interface → Go type
var mirrored = map[string]string{
	"Assertion": "Assertion", "OpenSession": "OpenSession", "SessionFacts": "Session", "Opened": "OpenedSession",
	"ChannelFacts": "PublicChannel", "Conversation": "Conversation", "Message": "Message",
	"ConversationPage": "Conversations", "MessagePage": "Messages", "ReadMoved": "Read", "Typing": "Typing",
	"FileFacts": "File",
}

// The messenger's types are written by hand, so that they can say more than Go's
// (which strings there are); their fields are held to the server's here.
func TestMessengerReadsWhatTheServerWrites(t *testing.T) {
	served := goFields(t, "../internal/httpapi/wire")
	read := scriptFields(t, "protocol/wire.ts")
	for script, name := range mirrored {
		fields, ok := served[name]
		if !ok {
			t.Errorf("wire has no type %s", name)
			continue
		}
		for _, field := range read[script] {
			// The answer to a conversation that was opened with a text carries the message too.
			if field == "message" && script == "Conversation" {
				continue
			}
			if !slices.Contains(fields, field) {
				t.Errorf("%s.%s: the server's %s has no such field", script, field, name)
			}
		}
		if len(read[script]) == 0 {
			t.Errorf("protocol/wire.ts has no interface %s with fields", script)
		}
	}
}

// goFields lists the JSON names of every struct of a package; those of embedded structs count as its own.
func goFields(t *testing.T, dir string) map[string][]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	structs := map[string]*ast.StructType{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					structs[spec.Name.Name] = s
				}
			}
			return true
		})
	}
	fields := map[string][]string{}
	for name := range structs {
		fields[name] = jsonNames(structs, name)
	}
	return fields
}

func jsonNames(structs map[string]*ast.StructType, name string) []string {
	var names []string
	for _, field := range structs[name].Fields.List {
		if embedded, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 0 {
			names = append(names, jsonNames(structs, embedded.Name)...)
			continue
		}
		if field.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
		if json, _, _ := strings.Cut(tag, ","); json != "" && json != "-" {
			names = append(names, json)
		}
	}
	return names
}

var (
	scriptInterface = regexp.MustCompile(`(?ms)^export interface (\w+)(?: extends (\w+))? \{\n(.*?)^\}`)
	scriptField     = regexp.MustCompile(`(?m)^  (\w+)\??:`)
)

// scriptFields lists the fields of every exported interface, inherited ones included.
func scriptFields(t *testing.T, path string) map[string][]string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string][]string{}
	for _, m := range scriptInterface.FindAllStringSubmatch(string(source), -1) {
		own := slices.Clone(fields[m[2]])
		for _, f := range scriptField.FindAllStringSubmatch(m[3], -1) {
			own = append(own, f[1])
		}
		fields[m[1]] = own
	}
	return fields
}
