package e2e

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// carlasName is what WordPress lets a customer choose: quotes, an ampersand, a slash. WordPress
// keeps it as HTML; the team reads it as she wrote it.
const carlasName = `Carla "C" & Söhne </`

// TestWordPress: an administrator pastes an address and a token, an owner reads the site's
// address and says yes, and from then on whoever logs in to WordPress is who they are in the
// chat: a customer of a shop too, and nobody else at the same screen.
func TestWordPress(t *testing.T) {
	needWordPress(t)
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.cli(nil, "team", "second-factor", "off")
	desk := meet(t, "owner").open(s.line(`^Console\s+(\S+)$`))
	desk.setUp("Ada Owner", ownersPassword)
	w := startWordPress(t)
	w.user("carla", "customer", carlasName)
	w.user("dora", "subscriber", "Dora")

	channel := w.connect(s, desk)
	w.pagesKnowNobody(s, channel)
	w.customerIsVerified(s, desk)
	w.foreignPagesGetNothing()
	w.copyIsSilent(channel)
	w.leaves(s, channel)
	if log := w.debugLog(); log != "" {
		t.Errorf("PHP complained:\n%s", tail(log))
	}
}

// connect goes the way of an administrator and an owner, and answers with the channel's public id.
func (w *wordpress) connect(s *server, desk *tab) (channel string) {
	t := w.t
	t.Helper()
	admin := meet(t, "admin").open(w.Base + "/wp-login.php")
	w.logIn(admin, "admin")
	admin.goTo(w.Base + "/wp-admin/plugins.php")
	admin.click("link", "Activate Countersign")
	admin.sees("Plugin activated.")

	desk.goTo(s.Base + "/console/channels")
	desk.click("button", "Connect a site")
	desk.sees("Registration token", "Shown this one time.")
	shown := script[[]string](desk, `[...document.querySelectorAll(".secret__text")].map(e => e.textContent.trim())`)
	if len(shown) != 2 || shown[0] != s.Base {
		t.Fatalf("the owner is shown %q", shown)
	}
	desk.click("button", "I have pasted both")

	admin.goTo(w.Base + "/wp-admin/options-general.php?page=countersign")
	admin.write("textbox", "Address of the server", "http://chat.example")
	admin.write("textbox", "Registration token", shown[1])
	admin.click("button", "Connect")
	admin.sees("The address must begin with https://")
	admin.write("textbox", "Address of the server", shown[0])
	admin.write("textbox", "Registration token", "csr_"+strings.Repeat("A", 43))
	admin.click("button", "Connect")
	admin.sees("The server does not take this token")
	admin.write("textbox", "Address of the server", shown[0])
	admin.write("textbox", "Registration token", shown[1])
	admin.click("button", "Connect")
	admin.sees("Waiting to be confirmed", w.Base)
	if page := w.page("/"); strings.Contains(page, s.Base) {
		t.Error("a page carries the messenger of a site that nobody confirmed")
	}

	desk.sees(w.Base, "Waiting for you", `calls itself “Fern & "Sons" <b>”`) // by itself
	desk.click("button", "Confirm…")
	desk.sees("Is this your site?", "Anybody between the site and its visitors", "WordPress/6")
	desk.write("textbox", "Reason", "our shop")
	desk.click("button", "Confirm this site")
	desk.sees("Connected")
	admin.sees("Connected", "customers of a shop included") // by itself
	var list struct{ Channels []struct{ Slug string } }
	s.cli(&list, "channel", "list")
	if len(list.Channels) != 1 {
		t.Fatalf("%d channels", len(list.Channels))
	}
	return list.Channels[0].Slug
}

// pagesKnowNobody: a full-page cache serves one person's page to everybody. So the page of
// who is logged in must be the page of who is not, but for WordPress' own bar: no proof, no
// name, no nonce.
func (w *wordpress) pagesKnowNobody(s *server, channel string) {
	t := w.t
	t.Helper()
	ours := regexp.MustCompile(`(?s)<script[^>]*countersign.*?</script>`)
	customer, stranger := w.as("carla"), w.page("/")
	theirs, everybodys := strings.Join(ours.FindAllString(customer.get("/"), -1), "\n"), strings.Join(ours.FindAllString(stranger, -1), "\n")
	if theirs != everybodys || !strings.Contains(everybodys, channel) || !strings.Contains(everybodys, ` async src="`+s.Base+`/v1.js"`) && !strings.Contains(everybodys, ` async src='`+s.Base+`/v1.js'`) {
		t.Errorf("a customer's page says\n%s\nand a stranger's\n%s", theirs, everybodys)
	}
	for _, leak := range []string{"eyJ", "Carla", "nonce", `carla@`} {
		if strings.Contains(theirs, leak) {
			t.Errorf("a page that may be cached holds %q: %s", leak, theirs)
		}
	}
	asked := customer.ask("none", nil)
	if strings.Contains(asked.text, "eyJ") || !strings.Contains(asked.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("without a nonce: %d, %q", asked.StatusCode, asked.Header.Get("Cache-Control"))
	}
	proof := customer.proof()
	if parts := strings.Split(proof, "."); len(parts) != 3 {
		t.Fatalf("the proof is %q", proof)
	}
	status, answer := s.session(channel, object{"jwt": proof})
	if status != 201 || answer["tier"] != "verified" || answer["method"] != "jwt" {
		t.Errorf("the proof opens %d %v", status, answer)
	}
	if status, answer := s.session(channel, object{"jwt": proof, "user_id": "1"}); answer["tier"] == "verified" {
		t.Errorf("a customer's proof beside the administrator's id: %d %v", status, answer)
	}
}

// foreignPagesGetNothing: neither another site nor a plain link makes a visitor's browser
// tell who they are, and a nonce of the one is none for the other.
func (w *wordpress) foreignPagesGetNothing() {
	t := w.t
	t.Helper()
	carla, dora := w.as("carla"), w.as("dora")
	for name, headers := range map[string]map[string]string{
		"another origin":    {"Origin": "https://evil.example"},
		"no origin at all":  {"Origin": "null"},
		"another site":      {"Sec-Fetch-Site": "cross-site"},
		"a sibling's page":  {"Sec-Fetch-Site": "same-site", "Origin": "http://evil.127.0.0.1"},
		"a page at no port": {"Origin": "http://127.0.0.1"},
	} {
		if got := carla.ask(carla.nonce(), headers); got.StatusCode != 403 || strings.Contains(got.text, "nonce") || strings.Contains(got.text, "eyJ") {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.text)
		}
	}
	if got := carla.get("/wp-admin/admin-ajax.php?action=countersign_proof"); strings.Contains(got, "eyJ") || strings.Contains(got, "nonce") {
		t.Errorf("a link is enough: %s", got)
	}
	if got := dora.ask(carla.nonce(), nil); strings.Contains(got.text, "eyJ") {
		t.Errorf("another's nonce: %d %s", got.StatusCode, got.text)
	}
	if got := w.as("").ask("none", nil); got.StatusCode != 200 || got.text != `{"proof":null}` {
		t.Errorf("nobody is %d %s", got.StatusCode, got.text)
	}
	// The settings are the administrator's, by nonce: no customer and no foreign form reaches them.
	for _, action := range []string{"countersign_connect", "countersign_disconnect"} {
		if got := dora.post("/wp-admin/admin-post.php", url.Values{"action": {action}}, nil); got.StatusCode != 403 {
			t.Errorf("%s by a subscriber: %d", action, got.StatusCode)
		}
		if got := w.as("admin").post("/wp-admin/admin-post.php", url.Values{"action": {action}, "_wpnonce": {"0123456789"}}, nil); got.StatusCode != 403 {
			t.Errorf("%s by a foreign form: %d", action, got.StatusCode)
		}
	}
}

// customerIsVerified: one browser, three people after each other.
func (w *wordpress) customerIsVerified(s *server, desk *tab) {
	t := w.t
	t.Helper()
	const secret, hers = "Where is my order 4711?", "What is my invoice?"
	before := w.tiers(s, desk)["verified"]
	browser := meet(t, "the browser at the counter")
	page := browser.open(w.Base + "/")
	page.openMessenger()
	page.sees("Fern")
	w.logIn(page, "carla")
	page.goTo(w.Base + "/")
	chat := page.openMessenger()
	chat.say(secret)
	chat.sees("Sent")
	if got := script[string](page, `Countersign("info").identity`); got != "verified" {
		t.Errorf("WordPress' customer is %q", got)
	}
	until(t, patience, func() bool { return w.tiers(s, desk)["verified"] == before+1 }, func() string { return "for the server's record of a verified session" })
	desk.goTo(s.Base + "/console/inbox")
	until(t, patience, func() bool { // the list may be drawn anew under the pointer
		if strings.Contains(desk.text(), "Beginning of the conversation") {
			return true
		}
		desk.clickText(secret)
		return false
	}, func() string { return "to open the conversation" })
	desk.sees("Verified", "carla@shop.example", "customer", carlasName)

	other := browser.open(w.Base + "/") // a second tab, open while she logs out in the first
	other.openMessenger().sees(secret)
	w.logOut(page)
	script[any](other, `document.dispatchEvent(new Event("visibilitychange"))`)
	other.messenger().losesSight(secret)
	page.goTo(w.Base + "/")
	left := page.openMessenger()
	left.sees("Send us a message")
	left.seesNothingOf(secret)
	until(t, patience, func() bool { return w.tiers(s, desk)["verified"] == before }, func() string { return "for her sessions to end on the server" })
	if got := script[string](page, `Countersign("info").identity`); got != "anonymous" {
		t.Errorf("after the log-out the browser is %q", got)
	}

	w.logIn(page, "dora")
	page.goTo(w.Base + "/")
	next := page.openMessenger()
	next.say(hers)
	next.seesNothingOf(secret)
	// Somebody's cache has kept the page that Carla was given, and gives it to Dora.
	w.cache(w.as("carla").get("/"))
	page.goTo(w.Base + "/")
	page.sees("Howdy, Carla")
	cached := page.openMessenger()
	cached.sees(hers)
	cached.seesNothingOf(secret)
	stranger := meet(t, "stranger").open(w.Base + "/")
	stranger.openMessenger().sees("You are chatting as a guest")
	stranger.messenger().seesNothingOf(secret, hers)
	w.cache("")
	w.logOut(page)
	w.logIn(page, "carla")
	page.goTo(w.Base + "/")
	again := page.openMessenger()
	again.sees(secret)
	again.seesNothingOf(hers)
	w.logOut(page)
}

// tiers counts the live sessions that the server has :: tier → how many.
func (w *wordpress) tiers(s *server, desk *tab) map[string]int {
	w.t.Helper()
	text := script[string](desk, `(async () => {
		const get = async (path) => (await fetch("/api/v1/console" + path)).json();
		const channel = (await get("/channels")).channels[0].id;
		return JSON.stringify((await get("/channels/" + channel + "/sessions")).sessions ?? []);
	})()`)
	var sessions []struct{ Tier string }
	if err := json.Unmarshal([]byte(text), &sessions); err != nil {
		w.t.Fatalf("%v in %s", err, text)
	}
	count := map[string]int{}
	for _, one := range sessions {
		count[one.Tier]++
	}
	return count
}

// copyIsSilent: a copy of the database under another address, as people make them for trying
// things, signs for nobody, and its end is not the end of the original.
func (w *wordpress) copyIsSilent(channel string) {
	t := w.t
	t.Helper()
	const elsewhere = `add_filter( 'home_url', function () { return 'https://staging.example'; } ); `
	if got := w.asks(elsewhere + `echo Countersign_Connection::signs() ? 'signs' : 'silent';`); got != "silent" {
		t.Errorf("a copy %s", got)
	}
	w.asks(elsewhere + `$both = array( get_option( 'countersign_connection' ), get_option( 'countersign_secret' ) );
Countersign_Connection::disconnect();
update_option( 'countersign_secret', $both[1], false );
update_option( 'countersign_connection', $both[0] );`)
	if got := w.asks(`Countersign_Connection::check(); echo Countersign_Connection::get()['state'];`); got != "confirmed" {
		t.Errorf("the copy ended, and the original is %s", got)
	}
	fixed := w.php(`define( 'COUNTERSIGN_URL', 'https://chat.example/' ); define( 'COUNTERSIGN_CHANNEL', 'shop' ); define( 'COUNTERSIGN_SECRET', str_repeat( 'x', 32 ) );
require '` + w.dir + `/www/wp-load.php';
echo Countersign_Connection::signs() ? 'signs ' : 'silent ', Countersign_Connection::get()['url'], ' ', Countersign_Connection::get()['channel'];`)
	if fixed != "signs https://chat.example shop" || channel == "shop" {
		t.Errorf("connected by wp-config.php: %s", fixed)
	}
}

// leaves deletes the plugin as an administrator does: nothing of it stays in the database,
// its pages carry nothing, and its key proves nothing any more.
func (w *wordpress) leaves(s *server, channel string) {
	t := w.t
	t.Helper()
	proof := w.as("carla").proof()
	if kept := w.asks(`echo get_option( 'countersign_secret' )['secret'], ' ', $wpdb->get_var( "SELECT autoload FROM $wpdb->options WHERE option_name = 'countersign_secret'" );`); len(kept) != 64+3 || !strings.HasSuffix(kept, " no") {
		t.Errorf("the secret is kept as %d characters, loaded with every page: %q", len(kept), kept[len(kept)-3:])
	}
	w.asks(`require_once ABSPATH . 'wp-admin/includes/plugin.php';
deactivate_plugins( 'countersign/countersign.php' );
uninstall_plugin( 'countersign/countersign.php' );`)
	left := w.asks(`echo $wpdb->get_var( "SELECT GROUP_CONCAT( option_name ) FROM $wpdb->options WHERE option_name LIKE '%countersign%'" ), wp_next_scheduled( 'countersign_check' );
$usermeta = $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->usermeta WHERE meta_key LIKE '%countersign%'" ); echo $usermeta ? $usermeta : '';`)
	if left != "" {
		t.Errorf("uninstalled, and there is still %s", left)
	}
	if page := w.page("/"); strings.Contains(page, "countersign") {
		t.Error("uninstalled, and the page still speaks of it")
	}
	within(t, patience, "the site's key to end", func() bool {
		_, answer := s.session(channel, object{"jwt": proof})
		return answer["tier"] != "verified"
	})
	var list struct{ Registrations []struct{ State string } }
	s.cli(&list, "registration", "list")
	if len(list.Registrations) != 1 || list.Registrations[0].State != "ended" {
		t.Errorf("the server keeps %v", list)
	}
}
