package shop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

// page is what every template gets.
type page struct {
	Title     string
	At        string // which entry of the navigation is this
	Customer  *Customer
	Messenger messenger
	AdminURL  string // of the console; may be empty
	Mailbox   string // where the demo's mail is read; may be empty
	Content   any
}

// messenger is what /shop.js reads from the page: where the messenger's script
// is, and who is looking. It stands in a JSON element, which html/template
// escapes for that place, so no name can end the script it stands in.
type messenger struct {
	Script    string    `json:"script"`
	Channel   string    `json:"channel"`
	Identity  *identity `json:"identity"`
	LoggedOut bool      `json:"loggedOut"` // just now: tell the messenger to forget
}

// identity is the assertion that this page makes, with its proof.
type identity struct {
	UserID string `json:"user_id"`
	Email  string `json:"email"`
	Name   string `json:"name"`
	Hash   string `json:"hash"`
}

var pageFiles = []string{"home", "product", "account", "login", "attacks", "missing"}

// parsePages reads each page together with the frame that all share.
func parsePages() (map[string]*template.Template, error) {
	functions := template.FuncMap{
		"product": func(slug string) Product { found, _ := productBySlug(slug); return found },
		"pounds":  pounds,
		"day":     func(at time.Time) string { return at.Format("2 January 2006") },
		"clock":   func(at time.Time) string { return at.UTC().Format("15:04:05 UTC") },
		"short":   shorten,
	}
	pages := make(map[string]*template.Template)
	for _, name := range pageFiles {
		parsed, err := template.New("frame.html").Funcs(functions).ParseFS(files, "pages/frame.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("shop: page %s: %w", name, err)
		}
		pages[name] = parsed
	}
	return pages, nil
}

// show renders into memory first, so that a failure is a whole error page and not
// half a page. Pages carry a proof of who is looking and are never stored.
func (s *Shop) show(w http.ResponseWriter, r *http.Request, status int, name string, with page) {
	with.AdminURL, with.Mailbox = s.config.AdminURL, s.config.MailboxURL
	with.Messenger = messenger{Script: s.client.base + "/v1.js", Channel: s.config.Channel}
	if customer, ok := s.sessions.customer(r, s.now()); ok {
		with.Customer = &customer
		with.Messenger.Identity = &identity{
			UserID: customer.ID, Email: customer.Email, Name: customer.Name,
			Hash: userHash(s.config.Secret, customer.ID),
		}
	} else {
		with.Messenger.LoggedOut = r.URL.Query().Has(loggedOutQuery)
	}
	var body bytes.Buffer
	if err := s.pages[name].Execute(&body, with); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

// shelf is a product with its drawing.
type shelf struct {
	Product
	Art template.HTML
}

func (s *Shop) shelves(except string) []shelf {
	var all []shelf
	for _, product := range products() {
		if product.Slug != except {
			all = append(all, shelf{product, s.art[product.Slug]})
		}
	}
	return all
}

func (s *Shop) showHome(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "home", page{Title: "Things for slow days", At: "home", Content: struct {
		Shelves []shelf
		Art     map[string]template.HTML
	}{s.shelves(""), s.art}})
}

func (s *Shop) showProduct(w http.ResponseWriter, r *http.Request) {
	product, ok := productBySlug(r.PathValue("slug"))
	if !ok {
		s.showMissing(w, r)
		return
	}
	s.show(w, r, http.StatusOK, "product", page{Title: product.Name, At: "home", Content: struct {
		shelf
		Others []shelf
	}{shelf{product, s.art[product.Slug]}, s.shelves(product.Slug)[:4]}})
}

// orderRow is an order as the account shows it.
type orderRow struct {
	Order
	Date  time.Time
	Lines []shelfLine
}

type shelfLine struct {
	Product
	Quantity int
	Art      template.HTML
}

func (s *Shop) showAccount(w http.ResponseWriter, r *http.Request) {
	customer, ok := s.sessions.customer(r, s.now())
	if !ok {
		http.Redirect(w, r, "/login?next=/account", http.StatusSeeOther)
		return
	}
	var rows []orderRow
	for _, order := range customer.Orders {
		row := orderRow{Order: order, Date: order.On(s.now())}
		for _, item := range order.Items {
			product, _ := productBySlug(item.Slug)
			row.Lines = append(row.Lines, shelfLine{product, item.Quantity, s.art[item.Slug]})
		}
		rows = append(rows, row)
	}
	s.show(w, r, http.StatusOK, "account", page{Title: "Your account", At: "account", Content: rows})
}

func (s *Shop) showLogin(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "login", page{Title: "Log in", At: "login", Content: struct {
		Customers []Customer
		Next      string
	}{customers(), localPath(r.FormValue("next"))}})
}

func (s *Shop) logIn(w http.ResponseWriter, r *http.Request) {
	customer, ok := customerByID(r.PostFormValue("customer"))
	if !ok {
		http.Error(w, "There is no such customer.", http.StatusUnprocessableEntity)
		return
	}
	s.sessions.end(r)
	setCookie(w, r, s.sessions.begin(customer.ID, s.now()), sessionLife)
	http.Redirect(w, r, localPath(r.PostFormValue("next")), http.StatusSeeOther) //nolint:gosec // localPath keeps it here
}

func (s *Shop) logOut(w http.ResponseWriter, r *http.Request) {
	s.sessions.end(r)
	setCookie(w, r, "", 0)
	http.Redirect(w, r, "/?"+loggedOutQuery, http.StatusSeeOther)
}

// localPath keeps a redirect on this site: browsers read "//host" and "/\host" as
// another one.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func (s *Shop) showMissing(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, "missing", page{Title: "Not here"})
}

// benchEntry is one attack on the page, with its last result if there is one.
type benchEntry struct {
	Name, Title, Tries string
	Result             *Result
}

func (s *Shop) showAttacks(w http.ResponseWriter, r *http.Request) {
	var entries []benchEntry
	for _, one := range s.bench.attacks {
		entry := benchEntry{Name: one.name, Title: one.title, Tries: one.tries}
		if result, ok := s.bench.result(one.name); ok {
			entry.Result = &result
		}
		entries = append(entries, entry)
	}
	attacker, _ := customerByID(attackerID)
	victim, _ := customerByID(victimID)
	s.show(w, r, http.StatusOK, "attacks", page{Title: "Attack bench", At: "attacks", Content: struct {
		Entries          []benchEntry
		Summary          Summary
		Attacker, Victim Customer
	}{entries, summarise(s.bench.results()), attacker, victim}})
}

func (s *Shop) runAttack(w http.ResponseWriter, r *http.Request) {
	one, ok := s.bench.find(r.PathValue("name"))
	if !ok {
		s.showMissing(w, r)
		return
	}
	result := s.bench.run(r.Context(), one, siteOf(r))
	if wantsJSON(r) {
		writeJSON(w, result)
		return
	}
	http.Redirect(w, r, "/attacks#"+one.name, http.StatusSeeOther)
}

func (s *Shop) runAttacks(w http.ResponseWriter, r *http.Request) {
	results := s.bench.runAll(r.Context(), siteOf(r))
	if wantsJSON(r) {
		writeJSON(w, map[string]any{"summary": summarise(results), "results": results})
		return
	}
	http.Redirect(w, r, "/attacks", http.StatusSeeOther)
}

// siteOf is this shop's origin as the browser that asks sees it.
func siteOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// wantsJSON is true for programs; browsers that send a form ask for HTML.
func wantsJSON(r *http.Request) bool { return !strings.Contains(r.Header.Get("Accept"), "text/html") }

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value)
}

// staticFile serves an embedded file, checked for change at every use.
func staticFile(name, kind string) http.Handler {
	content, err := files.ReadFile("static/" + name)
	if err != nil {
		return http.NotFoundHandler()
	}
	digest := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(digest[:8]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
}
