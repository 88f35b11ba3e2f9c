package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const sdkJS = "../../sdk/js"

// inSDK runs node in the library's directory. Nothing of it needs a network: what it
// stands on was installed by `make sdk/js/node_modules/.stamp`.
func inSDK(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Dir = sdkJS
	cmd.Env = append(cleanEnv(), "COUNTERSIGN_BINARY="+binary)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

var buildSDK = sync.OnceValue(func() error {
	cmd := exec.Command("node", "build.mjs")
	cmd.Dir = sdkJS
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building headless.js: %w\n%s", err, out)
	}
	return nil
})

func needSDK(t *testing.T) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SKIP"), ","), "sdk") {
		t.Skip("SKIP leaves sdk out")
	}
	if _, err := os.Stat(filepath.Join(sdkJS, "node_modules")); err != nil {
		t.Fatal("what sdk/js is tested with is not installed: make sdk/js/node_modules/.stamp; SKIP=sdk leaves these tests out")
	}
	if err := buildSDK(); err != nil {
		t.Fatal(err)
	}
}

// The headless client, the package and the README's examples, against the binary.
func TestSDKJSRunsItsOwnTests(t *testing.T) {
	needSDK(t)
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(sdkJS, "test", "*.test.mjs"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files of tests, %v", len(files), err)
	}
	args := []string{"--test", "--test-timeout=120000"}
	for _, file := range files {
		args = append(args, filepath.Join("test", filepath.Base(file)))
	}
	if out := inSDK(t, args...); !strings.Contains(out, "# skipped 0") {
		t.Errorf("tests were left out:\n%s", tail(out))
	}
}

// What the declarations must take is taken, and each mistake that they must catch is caught.
func TestSDKJSDeclarationsSayWhatIsTrue(t *testing.T) {
	needSDK(t)
	t.Parallel()
	inSDK(t, "../../web/node_modules/typescript/bin/tsc", "--noEmit", "-p", ".")
}

// sdkSite is somebody's site that is made with the library: a bundle a page, a strict
// policy, and a backend that proves who it is asked for.
func sdkSite(t *testing.T, base, secret string) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	inSDK(t, "test/bundle.mjs", dir)
	policy := "default-src 'none'; script-src 'nonce-n0nce'; frame-src " + base + "; connect-src 'self'; base-uri 'none'; require-trusted-types-for 'script'"
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), ".js")
		switch {
		case name == "chat-proof":
			as := r.URL.Query().Get("as")
			if as == "" {
				as = "ada" // who is logged in where a page does not say
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, quote(object{"user_id": as, "name": as, "hash": sign(secret, as)}))
		case strings.HasSuffix(r.URL.Path, ".js"):
			text, err := os.ReadFile(filepath.Join(dir, filepath.Base(r.URL.Path)))
			if err != nil {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = w.Write(bytes.ReplaceAll(text, []byte("https://chat.example.com"), []byte(base)))
		case name == "favicon.ico":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if r.URL.Query().Has("strict") {
				w.Header().Set("Content-Security-Policy", policy)
			}
			fmt.Fprintf(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>%[1]s</title>
<body><div id="app" data-base="%[2]s" data-nonce="n0nce"></div><script type="module" nonce="n0nce" src="/%[1]s.js"></script>`, name, base)
		}
	}))
	t.Cleanup(site.Close)
	return site
}

// sdkShop begins a walk with the library in a browser: a server with one channel.
func sdkShop(t *testing.T) (s *server, secret string) {
	t.Helper()
	needBrowser(t)
	needSDK(t)
	t.Parallel()
	s = serve(t)
	secret, _ = s.channel("shop", "enforce")
	return s, secret
}

// load says what became of loading the script: "loaded", or the error's name and code.
func (b *tab) load(origin, more string) string {
	b.t.Helper()
	return script[string](b, `sdk.load({ origin: `+quote(origin)+more+` }).then(() => "loaded", (e) => e.name + " " + (e.code ?? ""))`)
}

// hasOneScript asks that a page carries the loader once, however often it was asked for.
func (b *tab) hasOneScript() {
	b.t.Helper()
	if n := script[int](b, `document.querySelectorAll('script[src$="/v1.js"]').length`); n != 1 {
		b.t.Errorf("the script is there %d times", n)
	}
}

// defined waits until a page's bundle has run.
func (b *tab) defined(name string) {
	b.t.Helper()
	within(b.t, patience, name+" to be there", func() bool { return script[bool](b, `typeof window[`+quote(name)+`] !== "undefined"`) })
}

// React and Vue, the real ones, in one walk each: mounted twice, rendered anew, another
// person, away and back, and nobody.
func TestSDKJSBindingsFollowWhoIsLoggedIn(t *testing.T) {
	s, secret := sdkShop(t)
	grace := s.hire(t)
	site := sdkSite(t, s.Base, secret)
	for _, framework := range []string{"react", "vue"} {
		t.Run(framework, func(t *testing.T) {
			ada, bob := "ada-"+framework, "bob-"+framework
			one := meet(t, framework).open(site.URL + "/" + framework)
			one.defined("show")
			show := func(user any, options string) { script[any](one, `void show(`+quote(user)+`, `+options+`)`) }
			asked := func(want ...string) {
				t.Helper()
				if got := script[[]string](one, `window.asked ?? []`); !slices.Equal(got, want) {
					t.Errorf("proofs were asked for %q, want %q", got, want)
				}
			}
			script[any](one, `void show(undefined)`)
			one.sees("Ready as anonymous, closed, 0 unread")
			asked()
			show(ada, "{}")
			one.sees("as verified")
			for range 3 {
				show(ada, "{}") // a site renders when it likes, with new functions each time
			}
			script[any](one, `bar.open()`)
			one.sees("open, 0 unread")
			messenger := one.messenger()
			question := "I am Ada in " + framework
			messenger.sees("Signed in as " + ada)
			messenger.say(question)
			asked(ada)
			script[any](one, `bar.close()`)
			grace.answer(question, "Hello "+framework)
			one.sees("closed, 1 unread")
			adas := messenger.token()

			show(bob, "{}")
			within(t, patience, "Ada's session to end", func() bool { return statusOf(t, s.Base, adas) == 401 })
			one.sees("as verified, closed, 0 unread")
			script[any](one, `bar.toggle()`)
			messenger.sees("Signed in as " + bob)
			messenger.seesNothingOf(question, ada)
			asked(ada, bob)

			bobs := messenger.token()
			script[any](one, `void leave()`)
			one.sees("Elsewhere")
			messenger.sees("Signed in as " + bob)
			show(bob, "{}")
			one.sees("as verified")
			asked(ada, bob)
			if status := statusOf(t, s.Base, bobs); status != 200 {
				t.Errorf("going elsewhere in the site ended the session: %d", status)
			}

			show(nil, "{}")
			one.sees("as anonymous")
			messenger.sees("You are chatting as a guest")
			within(t, patience, "the session to end", func() bool { return statusOf(t, s.Base, bobs) == 401 })

			script[any](one, `void leave()`)
			one.sees("Elsewhere")
			show(ada, "{ logoutOnUnmount: true }")
			one.sees("as verified")
			messenger.sees("Signed in as " + ada)
			asked(ada, bob, ada) // once, though strict mode mounts, leaves and mounts again
			last := messenger.token()
			script[any](one, `void leave()`)
			within(t, patience, "leaving to end the session, where it was asked for", func() bool { return statusOf(t, s.Base, last) == 401 })
			one.hasOneScript()
		})
	}
}

// A page's policy may allow nothing without its nonce, and ask for trusted types.
func TestSDKJSLoadsUnderAStrictPolicyAndSaysWhyNot(t *testing.T) {
	s, secret := sdkShop(t)
	site := sdkSite(t, s.Base, secret)
	one := meet(t, "careful").open(site.URL + "/page?strict")
	one.defined("sdk")
	script[any](one, `void document.body.append(Object.assign(document.createElement("p"), { id: "Countersign" }))`) // takes the global's name
	const trust = `, trust: (url) => (window.ours ??= trustedTypes.createPolicy("ours", { createScriptURL: (u) => u })).createScriptURL(url)`
	script[any](one, `sdk.Countersign("init", { channel: "shop" })`)
	script[any](one, `sdk.Countersign("identify", async () => (await fetch("/chat-proof")).json())`)
	for _, refused := range []struct{ name, options, want string }{
		{"not trusted", `, nonce: "n0nce"`, "LoadError script_failed"},
		{"no nonce", trust, "LoadError script_failed"},
		{"another's nonce", `, nonce: "guessed"` + trust, "LoadError script_failed"},
	} {
		if got := one.load(s.Base, refused.options); got != refused.want {
			t.Errorf("%s: %q, want %q", refused.name, got, refused.want)
		}
	}
	for range 3 {
		if got := one.load(s.Base, `, nonce: "n0nce"`+trust); got != "loaded" {
			t.Fatal(got)
		}
	}
	one.openMessenger().sees("Signed in as ada") // what was called before the script was there was kept
	one.hasOneScript()
	if info := script[object](one, `sdk.Countersign("info")`); info["identity"] != "verified" || info["open"] != true {
		t.Errorf("info says %v", info)
	}
}

// An address that is none, and one where somebody else answers, are said and not run.
func TestSDKJSRefusesWhatIsNoOriginAndWhatIsNotCountersign(t *testing.T) {
	s, secret := sdkShop(t)
	site := sdkSite(t, s.Base, secret)
	one := meet(t, "careless").open(site.URL + "/page")
	one.defined("sdk")
	for origin, want := range map[string]string{
		"javascript:alert(1)//": "TypeError", "data:text/javascript,alert(1)": "TypeError", "chat.example.com": "TypeError", "": "TypeError",
		site.URL: "LoadError", // a site that has no such script
	} {
		if got, _, _ := strings.Cut(one.load(origin, ""), " "); got != want {
			t.Errorf("loading from %q: %s, want %s", origin, got, want)
		}
	}
	if got := one.load(s.Base, ""); got != "loaded" {
		t.Errorf("after all of these: %s", got)
	}
}

// What the README shows runs in a page as it is shown.
func TestSDKJSExamplesChatVerified(t *testing.T) {
	s, secret := sdkShop(t)
	site := sdkSite(t, s.Base, secret)
	reader := meet(t, "reader")
	for _, page := range []string{"readme-page", "readme-react", "readme-vue"} {
		one := reader.open(site.URL + "/" + page)
		if page != "readme-page" {
			one.sees("Help")
			one.defined("Countersign")
			within(t, patience, "the messenger to be there", func() bool { return script[bool](one, `Countersign("info")?.booted === true`) })
			one.click("button", "Help")
		} else {
			one.openMessenger()
		}
		one.messenger().sees("Signed in as ada")
	}
}

// A browser's own fetch and XMLHttpRequest carry the stream alike: React Native has only the latter.
func TestSDKJSHeadlessReadsItsStreamByBothWaysInABrowser(t *testing.T) {
	s, secret := sdkShop(t)
	grace := s.hire(t)
	dir := t.TempDir()
	inSDK(t, "test/bundle.mjs", dir)
	bundle, err := os.ReadFile(filepath.Join(dir, "headless.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"fetch", "xhr"} {
		one := meet(t, way).open(s.Base + "/frame/shop")
		script[any](one, string(bundle)+";0")
		script[any](one, `(async () => {
  window.heard = [];
  window.client = createClient({ url: location.origin, channel: "shop", platform: "web", stream: `+quote(way)+`, identity: `+quote(object{"user_id": way, "hash": sign(secret, way)})+` });
  client.on("message", (m) => heard.push(m.text));
  await client.connect();
  await client.send("Asked by `+way+`");
})()`)
		grace.answer("Asked by "+way, "Answered to "+way)
		within(t, 5*time.Second, "the answer to be heard by "+way, func() bool {
			return script[string](one, `heard.join()`) == "Asked by "+way+",Answered to "+way
		})
		script[any](one, `client.logout().then(() => client.close())`)
	}
}
