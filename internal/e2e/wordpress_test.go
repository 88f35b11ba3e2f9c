package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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
	as   *syscall.SysProcAttr
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
	_, noDatabase := exec.LookPath("mariadbd")
	modules, noPHP := exec.Command("php", "-m").Output()
	if noFiles != nil || noDatabase != nil || noPHP != nil || !bytes.Contains(modules, []byte("mysqli")) {
		t.Fatal("WordPress, MariaDB or PHP with mysqli is missing: scripts/need.sh wordpress, or leave this out with SKIP=wordpress")
	}
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
	if w.as, err = pgtest.Ordinary(dir); err != nil {
		t.Fatal(err)
	}
	if w.as.Credential != nil {
		w.must(exec.Command("chown", "-R", fmt.Sprintf("%d:%d", w.as.Credential.Uid, w.as.Credential.Gid), dir))
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
}

// startDatabase starts a MariaDB that nobody else can reach: no port, and a socket in our
// folder. What a crash of the machine would do to it is nobody's concern.
func (w *wordpress) startDatabase() {
	w.t.Helper()
	log := &bytes.Buffer{}
	database := exec.Command("mariadbd", "--no-defaults", "--datadir="+w.dir+"/db", "--socket="+w.dir+"/s", "--pid-file="+w.dir+"/pid", "--skip-networking", "--skip-grant-tables",
		"--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync")
	database.Dir, database.SysProcAttr, database.Stdout, database.Stderr = w.dir, w.as, log, log
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
	attributes := *w.as
	command.Dir, command.SysProcAttr = w.dir, &attributes
	out, err := command.CombinedOutput()
	if err != nil {
		w.t.Fatalf("php: %v\n%s", err, out)
	}
	return string(out)
}

func (w *wordpress) serve() {
	w.t.Helper()
	log := &bytes.Buffer{}
	server := exec.Command("php", "-d", "expose_php=0", "-S", strings.TrimPrefix(w.Base, "http://"), "-t", w.dir+"/www")
	server.Dir, server.SysProcAttr, server.Stdout, server.Stderr = w.dir, w.as, log, log
	w.child(server, syscall.SIGTERM)
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
	req, err := http.NewRequestWithContext(context.Background(), "GET", w.Base+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.body(req)
}

func (w *wordpress) body(req *http.Request) string {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// debugLog is what PHP complained of while WordPress ran.
func (w *wordpress) debugLog() string {
	text, _ := os.ReadFile(w.dir + "/debug.log")
	return string(text)
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

// logIn goes through WordPress' own form.
func (w *wordpress) logIn(page *tab, login string) {
	w.t.Helper()
	page.goTo(w.Base + "/wp-login.php")
	page.write("textbox", "Username or Email Address", login)
	page.write("textbox", "Password", adminsPassword)
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
