package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"countersign/internal/config"
	"countersign/internal/deliver"
	"countersign/internal/httpapi"
	"countersign/internal/mail"
)

func TestTheDemosMailboxAnswersThisMachineAloneAndRunsNothing(t *testing.T) {
	box := &mail.Mailbox{}
	for _, m := range []deliver.Mail{
		{ID: "1", To: "ada@shop.example", Subject: "first", Text: "old", At: time.Now()},
		{ID: "2", To: "ada@shop.example", Subject: `<img src=x onerror=alert(1)>`, Text: "</pre><script>alert(1)</script> 042137", At: time.Now()},
		{ID: "2", To: "ada@shop.example", Subject: "the same again", At: time.Now()},
	} {
		if err := box.Send(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
	floor := httpapi.New(httpapi.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Ready: func(context.Context) error { return nil }})
	mailboxPage(floor, box)
	ask := func(host, from string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, mailboxPath, nil)
		r.Host, r.RemoteAddr = host, from
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		floor.ServeHTTP(w, r)
		return w
	}
	for _, host := range []string{"127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080"} {
		w := ask(host, "127.0.0.1:5000")
		page := w.Body.String()
		if w.Code != 200 || !strings.Contains(page, "042137") || strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Contains(page, "the same again") {
			t.Fatalf("%s: %d %s", host, w.Code, page)
		}
		if strings.Index(page, "onerror") > strings.Index(page, "<bdi>first") {
			t.Error("the newest is not first")
		}
		if policy := w.Header().Get("Content-Security-Policy"); strings.Contains(policy, "script-src") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("policy %q", policy)
		}
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"from another machine":                     ask("127.0.0.1:8080", "203.0.113.7:5000"),
		"by a name that was pointed here":          ask("evil.example:8080", "127.0.0.1:5000"),
		"by an address of the network":             ask("192.168.1.5:8080", "192.168.1.9:5000"),
		"with a forged forwarding header":          ask("127.0.0.1:8080", "203.0.113.7:5000", "X-Forwarded-For", "127.0.0.1"),
		"behind a proxy that keeps the name":       ask("demo.example", "127.0.0.1:5000", "X-Forwarded-For", "203.0.113.7"),
		"behind a tunnel that renames":             ask("localhost:8080", "127.0.0.1:5000", "X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https"),
		"behind a proxy that says so":              ask("127.0.0.1:8080", "127.0.0.1:5000", "Via", "1.1 proxy"),
		"behind a proxy of the newer kind":         ask("127.0.0.1:8080", "[::1]:5000", "Forwarded", "for=203.0.113.7"),
		"by a name that begins like this machine":  ask("localhost.evil.example", "127.0.0.1:5000"),
		"by an address that only looks like local": ask("127.0.0.1.evil.example:8080", "127.0.0.1:5000"),
	} {
		if w.Code != 404 || strings.Contains(w.Body.String(), "042137") {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestHalfASettingOfMailIsRefusedInTheOperatorsWords(t *testing.T) {
	for _, c := range []config.Mail{
		{SMTPURL: "smtp://mail.example"}, {MailFrom: "a@b.example"}, {SMTPURL: "http://mail.example", MailFrom: "a@b.example"}, {SMTPURL: "smtp://mail.example", MailFrom: "nobody"},
	} {
		if err := CheckMail(c); err == nil || !strings.Contains(err.Error(), "smtp-url") && !strings.Contains(err.Error(), "mail-from") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []config.Mail{{}, {SMTPURL: "smtps://u:p%40@mail.example", MailFrom: "Shop <a@b.example>"}} {
		if err := CheckMail(c); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
