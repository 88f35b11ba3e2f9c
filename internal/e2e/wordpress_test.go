package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"countersign/internal/store/pgtest"
)

// wordpress is a real WordPress, as Debian packages it, on a MariaDB of its own, with the
// plugin beside it and nothing on the network but our server. All of it lies in one short
// folder, belongs to an ordinary user, and goes when the test ends.
type wordpress struct {
	t    *testing.T
	Base string
	dir  string
	run  *syscall.SysProcAttr // as which user

	mu    sync.Mutex
	front string // what a full-page cache gives to everybody as the front page; empty: it is off
}

const (
	wordpressFiles = "/usr/share/wordpress"
	adminsPassword = "twelve brown otters in the reeds"
)

// needWordPress leaves the test out where SKIP names wordpress, and otherwise fails it with
// what has to be there.
func needWordPress(t *testing.T) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SKIP"), ","), "wordpress") {
		t.Skip("left out by SKIP=wordpress")
	}
	_, noFiles := os.Stat(filepath.Join(wordpressFiles, "wp-load.php"))
	modules, noPHP := exec.Command("php", "-m").Output()
	if noFiles != nil || mariadbd() == "" || noPHP != nil || !bytes.Contains(modules, []byte("mysqli")) {
		t.Fatal("WordPress, MariaDB or PHP with mysqli is missing: scripts/need.sh wordpress, or leave this out with SKIP=wordpress")
	}
}

// mariadbd is where it is; ordinary users have no sbin in their path.
func mariadbd() string {
	for _, name := range []string{"mariadbd", "/usr/sbin/mariadbd"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func startWordPress(t *testing.T) *wordpress {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "wp-") // a socket's path is limited to about a hundred bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w := &wordpress{t: t, dir: dir, Base: "http://" + freeAddress(t)}
	w.lay()
	if w.run, err = pgtest.Ordinary(dir); err != nil {
		t.Fatal(err)
	}
	if w.run.Credential != nil {
		w.must(exec.Command("chown", "-R", fmt.Sprintf("%d:%d", w.run.Credential.Uid, w.run.Credential.Gid), dir))
	}
	w.startDatabase()
	w.install()
	w.serve()
	return w
}

// lay puts WordPress, its configuration and our plugin in place.
func (w *wordpress) lay() {
	w.t.Helper()
	w.must(exec.Command("cp", "-RL", wordpressFiles, w.dir+"/www"))
	plugin, err := filepath.Abs("../../integrations/wordpress/countersign")
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(exec.Command("cp", "-R", plugin, w.dir+"/www/wp-content/plugins/countersign"))
	if err := os.Mkdir(w.dir+"/db", 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.write("www/wp-config.php", `<?php
define( 'DB_NAME', 'wp' );
define( 'DB_USER', 'wp' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:`+w.dir+`/s' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'WP_HOME', '`+w.Base+`' );
define( 'WP_SITEURL', '`+w.Base+`' );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', '`+w.dir+`/debug.log' );
foreach ( array( 'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT' ) as $name ) {
	define( $name, hash( 'sha256', '`+w.dir+`' . $name ) );
}
$table_prefix = 'wp_';
defined( 'ABSPATH' ) || define( 'ABSPATH', __DIR__ . '/' );
require_once ABSPATH . 'wp-settings.php';
`)
	if err := os.Mkdir(w.dir+"/www/wp-content/mu-plugins", 0o700); err != nil {
		w.t.Fatal(err)
	}
	// There is no network, and no update to look for.
	w.write("www/wp-content/mu-plugins/quiet.php", `<?php
add_filter( 'pre_http_request', function ( $answer, $args, $url ) {
	return 'api.wordpress.org' === wp_parse_url( $url, PHP_URL_HOST ) ? array( 'headers' => array(), 'body' => '', 'response' => array( 'code' => 404, 'message' => '' ), 'cookies' => array() ) : $answer;
}, 10, 3 );
`)
}

// startDatabase starts a MariaDB that nobody else can reach: no port, and a socket in our
// folder. What a crash of the machine would do to it is nobody's concern.
func (w *wordpress) startDatabase() {
	w.t.Helper()
	log := &bytes.Buffer{}
	database := exec.Command(mariadbd(), "--no-defaults", "--datadir="+w.dir+"/db", "--socket="+w.dir+"/s", "--pid-file="+w.dir+"/pid", "--skip-networking", "--skip-grant-tables",
		"--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync")
	database.Dir, database.SysProcAttr, database.Stdout, database.Stderr = w.dir, w.run, log, log
	w.child(database, syscall.SIGKILL)
	within(w.t, 30*time.Second, "MariaDB", func() bool {
		return exec.Command("mariadb", "--no-defaults", "--socket="+w.dir+"/s", "-e", "CREATE DATABASE IF NOT EXISTS wp").Run() == nil
	})
}

// install runs WordPress' own installer, and adds the role that WooCommerce gives its
// customers, with the rights that it gives them.
func (w *wordpress) install() {
	w.t.Helper()
	w.php(`define( 'WP_INSTALLING', true );
function wp_new_blog_notification() {}
function wp_mail() { return true; }
require '` + w.dir + `/www/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install( 'Fern & "Sons" <b>', 'admin', 'admin@shop.example', true, '', '` + adminsPassword + `' );
add_role( 'customer', 'Customer', array( 'read' => true ) );`)
}

// user makes somebody who can log in.
func (w *wordpress) user(login, role, name string) {
	w.t.Helper()
	w.php(`function wp_mail() { return true; }
require '` + w.dir + `/www/wp-load.php';
wp_insert_user( array( 'user_login' => '` + login + `', 'user_pass' => '` + adminsPassword + `', 'user_email' => '` + login + `@shop.example', 'role' => '` + role + `', 'display_name' => '` + name + `' ) );`)
}

// asks answers with what PHP prints that has loaded WordPress.
func (w *wordpress) asks(code string) string {
	w.t.Helper()
	return w.php(`require '` + w.dir + `/www/wp-load.php'; ` + code)
}

func (w *wordpress) php(code string) string {
	w.t.Helper()
	command := exec.Command("php", "-r", code)
	attributes := *w.run
	command.Dir, command.SysProcAttr = w.dir, &attributes
	out, err := command.CombinedOutput()
	if err != nil {
		w.t.Fatalf("php: %v\n%s", err, out)
	}
	return string(out)
}

// serve runs PHP's own server, behind something that may give one person's page to all.
func (w *wordpress) serve() {
	w.t.Helper()
	log, inner := &bytes.Buffer{}, freeAddress(w.t)
	server := exec.Command("php", "-d", "expose_php=0", "-S", inner, "-t", w.dir+"/www")
	server.Dir, server.SysProcAttr, server.Stdout, server.Stderr = w.dir, w.run, log, log
	w.child(server, syscall.SIGTERM)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: inner})
		r.Out.Host = r.In.Host
	}, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	listener, err := net.Listen("tcp", strings.TrimPrefix(w.Base, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	outer := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		front := w.front
		w.mu.Unlock()
		if front == "" || r.Method != http.MethodGet || r.URL.Path != "/" {
			proxy.ServeHTTP(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/html; charset=UTF-8")
		_, _ = io.WriteString(rw, front)
	})}
	go func() { _ = outer.Serve(listener) }()
	w.t.Cleanup(func() { _ = outer.Close() })
	within(w.t, 30*time.Second, "WordPress", func() bool {
		resp, err := http.Get(w.Base + "/wp-login.php")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == 200
	})
}

// page is what a stranger without cookies is given.
func (w *wordpress) page(path string) string {
	w.t.Helper()
	return w.as("").get(path)
}

// visitor is a browser without scripts: somebody's cookies.
type visitor struct {
	*wordpress
	client *http.Client
}

// reply is an answer, read whole.
type reply struct {
	*http.Response
	text string
}

// as logs in; the empty name is nobody.
func (w *wordpress) as(login string) visitor {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	v := visitor{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if login == "" {
		return v
	}
	v.get("/wp-login.php") // which leaves the cookie that the form asks for
	if got := v.post("/wp-login.php", url.Values{"log": {login}, "pwd": {adminsPassword}}, nil); got.StatusCode != http.StatusFound {
		w.t.Fatalf("%s does not log in: %d %.400s", login, got.StatusCode, got.text)
	}
	return v
}

func (v visitor) get(path string) string {
	v.t.Helper()
	return v.do("GET", path, nil, nil).text
}

func (v visitor) post(path string, form url.Values, headers map[string]string) reply {
	v.t.Helper()
	return v.do("POST", path, strings.NewReader(form.Encode()), headers)
}

func (v visitor) do(method, path string, body io.Reader, headers map[string]string) reply {
	v.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, v.Base+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return reply{resp, string(text)}
}

// ask asks for a proof as the page's script does.
func (v visitor) ask(nonce string, headers map[string]string) reply {
	v.t.Helper()
	all := map[string]string{"X-Countersign": nonce, "Origin": v.Base, "Sec-Fetch-Site": "same-origin"}
	maps.Copy(all, headers)
	return v.post("/wp-admin/admin-ajax.php", url.Values{"action": {"countersign_proof"}}, all)
}

func (v visitor) nonce() string {
	v.t.Helper()
	return v.field(v.ask("none", nil), "nonce")
}

func (v visitor) proof() string {
	v.t.Helper()
	return v.field(v.ask(v.nonce(), nil), "proof")
}

func (v visitor) field(r reply, name string) string {
	v.t.Helper()
	var answer map[string]string
	if err := json.Unmarshal([]byte(r.text), &answer); err != nil || answer[name] == "" {
		v.t.Fatalf("no %s in %d %s", name, r.StatusCode, r.text)
	}
	return answer[name]
}

// cache gives everybody this front page from now on.
func (w *wordpress) cache(page string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.front = page
}

// debugLog is what PHP complained of while WordPress ran. This WordPress is older than this
// PHP: what is deprecated in its own files is its own.
func (w *wordpress) debugLog() string {
	text, _ := os.ReadFile(w.dir + "/debug.log")
	lines := slices.DeleteFunc(strings.SplitAfter(string(text), "\n"), func(line string) bool {
		return strings.Contains(line, "PHP Deprecated:") && !strings.Contains(line, "plugins/countersign")
	})
	return strings.Join(lines, "")
}

func (w *wordpress) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.RemoveAll(path); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wordpress) must(command *exec.Cmd) {
	w.t.Helper()
	if out, err := command.CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// child starts a process that ends with the test, and with this process in any case.
func (w *wordpress) child(command *exec.Cmd, end syscall.Signal) {
	w.t.Helper()
	ended, err := pgtest.StartChild(command)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = command.Process.Signal(end)
		<-ended
		if w.t.Failed() {
			w.t.Logf("%s said:\n%s", command.Path, tail(command.Stderr.(*bytes.Buffer).String()))
		}
	})
}

// logIn goes through WordPress' own form, which takes the caret to its first field some time
// after it is there: what a walk types meanwhile would end up in the wrong one.
func (w *wordpress) logIn(page *tab, login string) {
	w.t.Helper()
	page.goTo(w.Base + "/wp-login.php")
	script[any](page, `(() => {
		document.getElementById("user_login").value = "`+login+`";
		document.getElementById("user_pass").value = "`+adminsPassword+`";
	})()`)
	page.click("button", "Log In")
	until(w.t, patience, func() bool { return strings.Contains(script[string](page, "location.pathname"), "/wp-admin/") }, func() string { return "to be logged in" })
}

// logOut uses the link that WordPress itself shows.
func (w *wordpress) logOut(page *tab) {
	w.t.Helper()
	page.goTo(w.Base + "/wp-admin/profile.php")
	page.goTo(script[string](page, `document.querySelector("#wp-admin-bar-logout a").href`))
	page.sees("You are now logged out.")
}
