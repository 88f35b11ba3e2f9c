package e2e

import (
	"net/http"
	"strings"
	"testing"
)

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
	w.user("carla", "customer", "Carla <script>alert(1)</script>")
	w.user("dora", "subscriber", "Dora")

	admin := meet(t, "admin").open(w.Base + "/wp-login.php")
	w.logIn(admin, "admin")
	admin.goTo(w.Base + "/wp-admin/plugins.php")
	admin.click("link", "Activate Countersign")
	admin.sees("Plugin activated.")

	var made struct{ ID, Token string }
	s.cli(&made, "registration", "create")
	admin.goTo(w.Base + "/wp-admin/options-general.php?page=countersign")
	admin.write("textbox", "Address of the server", s.Base)
	admin.write("textbox", "Registration token", made.Token)
	admin.click("button", "Connect")
	admin.sees("Waiting to be confirmed", w.Base, "Registered.")
	if page := w.page("/"); strings.Contains(page, s.Base) {
		t.Error("a page carries the messenger of a site that nobody confirmed")
	}
	s.cli(nil, "registration", "confirm", "--id", made.ID, "--site", w.Base)
	admin.sees("Connected", "Whoever is logged in") // by itself

	customer := meet(t, "carla").open(w.Base + "/")
	nobody := customer.openMessenger()
	nobody.say("Do you have ferns?")
	w.logIn(customer, "carla")
	customer.goTo(w.Base + "/")
	chat := customer.openMessenger()
	chat.say("Where is my order?")
	_ = desk
	_ = http.MethodGet
}
