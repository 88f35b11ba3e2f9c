package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestEveryOptionHasFlagVariableAndMeaning(t *testing.T) {
	for _, part := range []any{Installation{}, Server{}, Demo{}} {
		typ := reflect.TypeOf(part)
		for i := range typ.NumField() {
			f := typ.Field(i)
			if !strings.HasPrefix(f.Tag.Get("env"), Prefix) || f.Tag.Get("help") == "" {
				t.Errorf("%s.%s: every option needs a %s variable and a help text", typ.Name(), f.Name, Prefix)
			}
		}
	}
}

func TestMisspeltVariableNamesTheNearest(t *testing.T) {
	got := Unknown([]string{"COUNTERSIGN_LISTN=x", "COUNTERSIGN_DATA=y", "COUNTERSIGN_MASTER_KEY_FILE=z", "PATH=/bin", "COUNTERSIGN_DATABASE_FILE=f", "COUNTERSIGN_SOMETHING_ELSE_ENTIRELY=1"})
	want := map[string]string{"COUNTERSIGN_LISTN": "COUNTERSIGN_LISTEN", "COUNTERSIGN_SOMETHING_ELSE_ENTIRELY": ""}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("Unknown = %v, want %v", got, want)
	}
}

func TestServerCheckRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Server
		ok   bool
	}{
		{"plain", Server{Listen: "127.0.0.1:8080"}, true},
		{"https base", Server{BaseURL: "https://chat.example.com"}, true},
		{"base with path", Server{BaseURL: "https://example.com/chat"}, false},
		{"base with user", Server{BaseURL: "https://a:b@example.com"}, false},
		{"base without scheme", Server{BaseURL: "example.com"}, false},
		{"two origins", Server{ConsoleURL: "https://desk.example.com", WidgetURL: "https://chat.example.com"}, true},
		{"one beside the base", Server{BaseURL: "https://chat.example.com", ConsoleURL: "https://desk.example.com"}, true},
		{"two ports", Server{ConsoleURL: "http://localhost:8080", WidgetURL: "http://localhost:8081"}, true},
		{"half of two origins", Server{ConsoleURL: "https://desk.example.com"}, false},
		{"two origins that are one", Server{ConsoleURL: "https://chat.example.com", WidgetURL: "https://CHAT.example.com."}, false},
		{"one that is the base", Server{BaseURL: "https://chat.example.com", WidgetURL: "https://chat.example.com"}, false},
		{"a console with a path", Server{ConsoleURL: "https://example.com/desk", WidgetURL: "https://chat.example.com"}, false},
		{"a widget of another scheme", Server{ConsoleURL: "https://desk.example.com", WidgetURL: "ftp://chat.example.com"}, false},
		{"proxy network", Server{TrustedProxies: []string{"10.0.0.0/8", "::1"}}, true},
		{"proxy word", Server{TrustedProxies: []string{"all"}}, false},
		{"a word to listen on", Server{Listen: "garbage"}, false},
		{"a port that is none", Server{Listen: "127.0.0.1:99999"}, false},
		{"negative time", Server{ShutdownTimeout: -1}, false},
	} {
		if err := c.s.Check(); (err == nil) != c.ok {
			t.Errorf("%s: Check = %v, want ok %v", c.name, err, c.ok)
		}
	}
}

func TestInstallationCheck(t *testing.T) {
	if err := (Installation{Database: "mysql://x"}).Check(); err == nil {
		t.Error("another database than Postgres was accepted")
	}
	if err := (Installation{MasterKey: "k", MasterKeyFile: "f"}).Check(); err == nil {
		t.Error("two sources of the master key were accepted")
	}
	for address, ok := range map[string]bool{"idp.internal:8443": true, "10.0.0.7:443": true, "[fd00::1]:443": true, "idp.internal": false, ":443": false, "idp:0": false, "https://idp:443": false, "": false} {
		if err := (Installation{EgressAllow: []string{address}}).Check(); (err == nil) != ok {
			t.Errorf("egress-allow %q: %v", address, err)
		}
	}
	if got := (Installation{Data: "/srv/chat/"}).MasterKeyDefault(); got != "/srv/chat.masterkey" {
		t.Errorf("MasterKeyDefault = %q", got)
	}
}

func TestSampleNamesEveryVariable(t *testing.T) {
	sample := Sample()
	for _, o := range Options() {
		if !strings.Contains(sample, "#"+o.Env+"=") {
			t.Errorf("%s is missing from the sample", o.Env)
		}
		if !strings.Contains(Markdown(), "`"+o.Env+"`") {
			t.Errorf("%s is missing from the docs", o.Env)
		}
	}
}

func TestTheGeneratedDocsAreTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != Markdown() {
		t.Error("docs/configuration.md is not what the options say: make gen")
	}
}

func TestLinksAreTheConsolesAndPagesTheWidgets(t *testing.T) {
	for _, c := range []struct {
		s               Server
		console, widget string
		one             bool
	}{
		{Server{Listen: "127.0.0.1:1"}, "http://127.0.0.1:1", "http://127.0.0.1:1", true},
		{Server{BaseURL: "https://chat.example.com/"}, "https://chat.example.com", "https://chat.example.com", true},
		{Server{BaseURL: "https://chat.example.com", ConsoleURL: "https://desk.example.com/"}, "https://desk.example.com", "https://chat.example.com", false},
		{Server{ConsoleURL: "https://desk.example.com", WidgetURL: "https://chat.example.com"}, "https://desk.example.com", "https://chat.example.com", false},
	} {
		if c.s.Base() != c.console || c.s.Widget() != c.widget || c.s.OneOrigin() != c.one {
			t.Errorf("%+v: %s %s %v", c.s, c.s.Base(), c.s.Widget(), c.s.OneOrigin())
		}
	}
}

func TestFilesCheckRefusesWhatCannotWork(t *testing.T) {
	whole := Files{FilesMaxMB: 10, S3Endpoint: "https://s3.example.com", S3Bucket: "b", S3AccessKey: "a", S3SecretKey: "s"}
	changed := func(change func(*Files)) Files { f := whole; change(&f); return f }
	for _, c := range []struct {
		name string
		of   Files
		want string // a word of the answer; empty: it works
	}{
		{"the default", Files{FilesMaxMB: 10}, ""},
		{"a directory", Files{FilesMaxMB: 100, FilesDir: "/srv/files"}, ""},
		{"a bucket", whole, ""},
		{"no size", Files{}, "files-max-mb"},
		{"too much", Files{FilesMaxMB: 101}, "files-max-mb"},
		{"no bucket", changed(func(f *Files) { f.S3Bucket = "" }), "s3-bucket"},
		{"no key", changed(func(f *Files) { f.S3SecretKey = "" }), "s3-secret-key"},
		{"a bucket without a server", Files{FilesMaxMB: 10, S3Bucket: "b"}, "s3-endpoint"},
		{"a region alone", Files{FilesMaxMB: 10, S3Region: "eu"}, "s3-region"},
		{"both", changed(func(f *Files) { f.FilesDir = "/srv" }), "files-dir"},
		{"a path", changed(func(f *Files) { f.S3Endpoint = "https://s3.example.com/bucket" }), "s3-endpoint"},
		{"a password", changed(func(f *Files) { f.S3Endpoint = "https://u:p@s3.example.com" }), "s3-endpoint"},
	} {
		err := c.of.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
