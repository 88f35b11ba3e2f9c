package countersign_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "countersign"

// minio is the client of S3-speaking servers.
const minio = "github.com/minio/minio-go/v7"

// room is one row of the table in ARCHITECTURE.md.
type room struct{ ours, others []string }

var cell = regexp.MustCompile("`([^`]+)`")

func rooms(t *testing.T) map[string]room {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "<!-- arch_test.go reads this table -->")
	if !found {
		t.Fatal("ARCHITECTURE.md has lost its table")
	}
	all := map[string]room{}
	for line := range strings.Lines(table) {
		columns := strings.Split(strings.TrimSpace(line), "|")
		if len(columns) != 5 || !strings.Contains(columns[1], "`") {
			continue
		}
		names := func(s string) (out []string) {
			for _, m := range cell.FindAllStringSubmatch(s, -1) {
				out = append(out, m[1])
			}
			return out
		}
		r := room{ours: names(columns[2]), others: names(columns[3])}
		if strings.Contains(columns[3], "*") {
			r.others = append(r.others, "*")
		}
		all[names(columns[1])[0]] = r
	}
	if len(all) < 15 {
		t.Fatalf("read only %d rooms", len(all))
	}
	return all
}

// goFiles calls visit with every file of ours that is compiled into the product.
func goFiles(t *testing.T, visit func(dir, path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(filepath.Dir(path)), filepath.ToSlash(path), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if p == "*" || p == "..." || p == name {
			return true
		}
		if base, ok := strings.CutSuffix(p, "/..."); ok {
			return name == base || strings.HasPrefix(name, base+"/")
		}
		return false
	})
}

func TestImportsFollowTheTable(t *testing.T) {
	all := rooms(t)
	impure := []string{"net/...", "os/...", "database/sql/..."}
	goFiles(t, func(dir, path string, file *ast.File) {
		r, known := all[dir]
		if !known {
			t.Errorf("%s: the room %q has no row in ARCHITECTURE.md", path, dir)
			return
		}
		pure := strings.HasPrefix(dir+"/", "identity/") || dir == "signing"
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			ours, isOurs := strings.CutPrefix(name, module+"/")
			switch {
			case isOurs:
				if !matches(r.ours, ours) {
					t.Errorf("%s: %s may not import %s", path, dir, ours)
				}
			case strings.Contains(strings.SplitN(name, "/", 2)[0], "."):
				allowed := slices.ContainsFunc(r.others, func(o string) bool {
					return o == "*" || name == o || strings.HasPrefix(name, o+"/")
				})
				if !allowed {
					t.Errorf("%s: %s may not import %s", path, dir, name)
				}
			case pure && matches(impure, name) && name != "net/url":
				t.Errorf("%s: %s is pure and may not import %s", path, dir, name)
			}
		}
	})
}

// Each of these makes standing out of nothing but its caller's word, so the callers are few and named.
func TestStandingIsMadeOnlyWhereItIsProved(t *testing.T) {
	callers := map[string][]string{
		"policy.Restore":           {"internal/store"},
		"policy.Decide":            {"internal/trust"},
		"policy.DecideCode":        {"internal/trust"},
		"identity.VerifyCode":      {"internal/trust"},
		"policy.ForVisitor":        {"internal/chat"},
		"policy.ForAgent":          {}, // an agent of the tests alone: nobody knows when it was last there
		"policy.ForConfirmedAgent": {"internal/team"},
		"policy.ForToken":          {"internal/team"},
		"policy.ForSystem":         {"internal/app", "cmd/countersign"},
	}
	seen := map[string]bool{}
	goFiles(t, func(dir, path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := selector.X.(*ast.Ident)
			if !ok {
				return true
			}
			name := pkg.Name + "." + selector.Sel.Name
			if allowed, guarded := callers[name]; guarded {
				seen[name] = true
				if !slices.Contains(allowed, dir) {
					t.Errorf("%s: %s may not call %s", path, dir, name)
				}
			}
			return true
		})
	})
	for name := range callers {
		if !seen[name] && len(callers[name]) > 0 {
			t.Errorf("%s is guarded here but nothing calls it: the guard looks at nothing", name)
		}
	}
}

// TestOnlyEgressCalls: whoever enters an address must not thereby reach what this
// machine can reach (security.md 29), so one room has a client and the others ask it.
// internal/mail dials the mail server that the configuration names; internal/files lets
// minio-go speak to the bucket that the configuration names, and is alone in that.
func TestOnlyEgressCalls(t *testing.T) {
	clients := map[string][]string{
		"net/http":          {"Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Head", "Post", "PostForm", "NewFileTransport"},
		"net":               {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer"},
		"net/smtp":          {"Dial", "SendMail"},
		"net/rpc":           {"Dial", "DialHTTP"},
		"crypto/tls":        {"Dial", "DialWithDialer", "Dialer"},
		"net/http/httputil": {"ReverseProxy", "NewSingleHostReverseProxy"},
		minio:               {"New", "NewCore"},
	}
	used, bucket := false, false
	goFiles(t, func(dir, path string, file *ast.File) {
		if dir == "internal/deliver" || dir == "internal/mail" || strings.HasPrefix(dir, "examples/") {
			return
		}
		calls := map[string][]string{} // :: name in this file → what makes a client
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			local := name[strings.LastIndexByte(name, '/')+1:]
			if name == minio {
				local = "minio"
			}
			if spec.Name != nil {
				local = spec.Name.Name
			}
			calls[local] = clients[name]
			if local == "." && clients[name] != nil {
				t.Errorf("%s: %s is imported without a name, so nobody sees whether it calls", path, name)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := selector.X.(*ast.Ident)
			switch {
			case !ok || !slices.Contains(calls[pkg.Name], selector.Sel.Name):
			case dir == "internal/egress":
				used = true
			case dir == "internal/files" && calls[pkg.Name][0] == "New":
				bucket = true
			default:
				t.Errorf("%s: %s.%s calls out beside internal/egress", path, pkg.Name, selector.Sel.Name)
			}
			return true
		})
	})
	if !bucket {
		t.Error("internal/files makes no client of a bucket: its exception is for nothing")
	}
	if !used {
		t.Error("internal/egress makes no client: this test looks at nothing")
	}
}

func TestNoRoomKeepsItsTableRowAfterItIsGone(t *testing.T) {
	for name := range rooms(t) {
		if files, _ := filepath.Glob(name + "/*.go"); len(files) == 0 {
			t.Errorf("ARCHITECTURE.md has a row for %q, which has no Go file", name)
		}
	}
}
