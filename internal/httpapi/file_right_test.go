package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/trust"
)

func TestALinkOpensOneFileForOneSessionForAMinute(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada, eve := h.visitor("shop", secret, "ada"), h.visitor("shop", secret, "eve")
	agent := h.agent(policy.AgentR)
	adas, eves := h.thread(ada), h.thread(eve)
	id, hers := h.handIn(ada, "a.txt", adas), h.handIn(eve, "b.txt", eves)
	link := h.want(200, "POST", widgetFiles+"/"+id+"/link", ada, object{})
	ends, err := time.Parse(time.RFC3339, link.text("expires_at"))
	if left := time.Until(ends); err != nil || left > time.Minute || left < 50*time.Second {
		t.Errorf("it ends in %v, %v", left, err)
	}
	got := h.want(200, "GET", link.text("url"), credential{}, nil)
	if string(got.Text) != "some text" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%v %s", got.Header, got.Text)
	}
	token := strings.TrimPrefix(ada.value, "Bearer ")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(link.text("url"), "/api/v1/widget/links/"))
	must(t, err)
	if strings.Contains(link.text("url"), token) || bytes.Contains(raw, []byte(token)) {
		t.Error("the link holds the session's token")
	}
	sealed := func(raw []byte) string { return "/api/v1/widget/links/" + base64.RawURLEncoding.EncodeToString(raw) }
	changed := bytes.Replace(bytes.Clone(raw), []byte(id), []byte(hers), 1)
	later := bytes.Clone(raw)
	later[7]++
	for attack, path := range map[string]string{
		"another's file": sealed(changed), "a later end": sealed(later), "no MAC": sealed(raw[:len(raw)-32]), "nothing": sealed(nil),
		"another spelling": link.text("url") + "=", "cut": link.text("url")[:60], "at the agents' door": strings.Replace(link.text("url"), "widget", "console", 1),
	} {
		if a := h.call("GET", path, credential{}, nil); a.StatusCode != 404 {
			t.Errorf("%s: %d %s", attack, a.StatusCode, a.Text)
		}
	}
	if a := h.call("GET", link.text("url")+"/thumbnail", credential{}, nil); a.StatusCode != 404 {
		t.Errorf("the link does something else too: %d", a.StatusCode)
	}
	for _, path := range []string{"/api/v1/widget/conversations/" + adas + "/messages", widgetFiles + "/" + id} {
		if a := h.call("GET", path+"?link="+strings.TrimPrefix(link.text("url"), "/api/v1/widget/links/"), credential{}, nil); a.StatusCode != 401 {
			t.Errorf("the link reads %s: %d", path, a.StatusCode)
		}
	}
	desk := h.want(200, "POST", consoleFiles+"/"+id+"/link", agent, object{})
	h.want(200, "GET", desk.text("url"), credential{}, nil)
	h.want(404, "GET", strings.Replace(desk.text("url"), "console", "widget", 1), credential{}, nil)

	h.want(204, "DELETE", "/api/v1/widget/sessions/current", ada, nil)
	h.want(404, "GET", link.text("url"), credential{}, nil) // ended with its session, at once
	h.want(204, "POST", "/api/v1/console/sign-out", agent, object{})
	h.want(404, "GET", desk.text("url"), credential{}, nil)
	if strings.Contains(h.Log.String(), strings.TrimPrefix(link.text("url"), "/api/v1/widget/links/")) {
		t.Error("a link was logged")
	}
}

// TestFilesEndWithTheRightToThem: whatever ends a session ends its files within a second.
func TestFilesEndWithTheRightToThem(t *testing.T) {
	ctx := context.Background()
	for name, end := range map[string]func(h *house, key string, s chat.Session){
		"logged out": func(h *house, _ string, s chat.Session) { must(t, h.Chat.LogOut(ctx, s)) },
		"blocked": func(h *house, _ string, s chat.Session) {
			_, err := h.DB.SetBlocked(ctx, s.Workspace, s.Contact, true, time.Now(), audit.Draft{})
			must(t, err)
		},
		"the key revoked": func(h *house, key string, _ chat.Session) {
			_, err := h.Keys.Revoke(ctx, h.System, key, time.Time{})
			must(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			_, key, secret := h.channel("shop", policy.Enforce)
			ada := h.visitor("shop", secret, "ada")
			s, _, err := h.Chat.Authenticate(ctx, strings.TrimPrefix(ada.value, "Bearer "))
			must(t, err)
			id := h.handIn(ada, "a.txt", h.thread(ada))
			waiting := h.want(201, "POST", widgetFiles, ada, upload("b.txt", []byte("text"))).text("id")
			link := h.want(200, "POST", widgetFiles+"/"+id+"/link", ada, object{}).text("url")
			end(h, key, s)
			h.want(404, "GET", link, credential{}, nil)
			h.ends(widgetFiles+"/"+id, ada)
			for _, path := range []string{"/" + id, "/" + id + "/thumbnail", "/" + waiting} {
				h.want(401, "GET", widgetFiles+path, ada, nil)
			}
			if a := h.call("POST", widgetFiles, ada, upload("c.txt", []byte("text"))); a.StatusCode != 401 {
				t.Errorf("it still takes files: %d", a.StatusCode)
			}
			h.want(401, "POST", widgetFiles+"/"+id+"/link", ada, object{})
		})
	}
}

// TestAnUploadDoesNotOutliveItsSession: the session ends while the file comes in.
func TestAnUploadDoesNotOutliveItsSession(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	s, _, err := h.Chat.Authenticate(context.Background(), strings.TrimPrefix(ada.value, "Bearer "))
	must(t, err)
	status, text := h.slowly("POST", widgetFiles, ada, upload("a.txt", []byte("text")), func() { must(t, h.Chat.LogOut(context.Background(), s)) })
	if status != 401 {
		t.Errorf("%d %s", status, text)
	}
	within(t, "nothing to be left", func() bool { return h.kept() == 0 })
}

// TestARevokedKeyTakesWhatWaitsAlong: a file that a thief handed in does not go out with
// the owner's next message.
func TestARevokedKeyTakesWhatWaitsAlong(t *testing.T) {
	h := open(t)
	channel, key, secret := h.channel("shop", policy.Enforce)
	opened := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": object{"user_id": "ada", "hash": sign(secret, "ada")}})
	stolen := bearer(opened.text("session"))
	id := h.want(201, "POST", widgetFiles, stolen, upload("a.txt", []byte("text"))).text("id")
	_, newSecret, err := h.Keys.Generate(context.Background(), h.System, trust.KeyDraft{Channel: channel.ID})
	must(t, err)
	_, err = h.Keys.Revoke(context.Background(), h.System, key, time.Time{})
	must(t, err)
	h.ends("/api/v1/widget/sessions/current", stolen)
	again := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{
		"channel": "shop", "visitor_token": opened.text("visitor_token"), "assertion": object{"user_id": "ada", "hash": sign(newSecret, "ada")},
	})
	owner := bearer(again.text("session"))
	a := h.call("POST", "/api/v1/widget/conversations", owner, object{"client_id": "c1", "files": []string{id}})
	if a.StatusCode != 404 || a.code() != "file_unknown" {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
}

func TestErasingAPersonTakesTheBytesAlong(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada, owner := h.visitor("shop", secret, "ada"), h.join("ida@example.com", policy.Owner)
	thread := h.thread(ada)
	picture := h.want(201, "POST", widgetFiles, ada, upload("me.jpg", asJPEG(t, photo(700, 700)))).text("id")
	h.want(201, "POST", "/api/v1/widget/conversations/"+thread+"/messages", ada, object{"client_id": "c9", "text": "", "files": []string{picture}})
	h.want(201, "POST", widgetFiles, ada, upload("unsent.txt", []byte("text")))
	answered := h.want(201, "POST", consoleFiles, owner, upload("answer.txt", []byte("text"))).text("id")
	h.want(201, "POST", "/api/v1/console/conversations/"+thread+"/messages", owner, object{"client_id": "r1", "text": "", "files": []string{answered}})
	if n := h.kept(); n != 4 { // the picture with its thumbnail
		t.Fatalf("%d files are kept", n)
	}
	row := h.want(200, "GET", "/api/v1/console/conversations/"+thread, owner, nil)
	contact := row.JSON["contact"].(object)["id"].(string)
	if held := h.want(200, "GET", "/api/v1/console/contacts/"+contact+"/holdings", owner, nil); held.JSON["files"] != 3.0 {
		t.Errorf("holdings %s", held.Text)
	}
	h.want(200, "POST", "/api/v1/console/contacts/"+contact+"/erase", owner, object{"reason": "asked for it"})
	if n := h.kept(); n != 0 {
		t.Errorf("%d files outlived their person", n)
	}
	h.want(404, "GET", consoleFiles+"/"+picture, owner, nil)
}

func TestAClaimedThreadTakesItsFilesAlong(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Observe)
	opened := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop"})
	nobody := bearer(opened.text("session"))
	id := h.handIn(nobody, "a.txt", h.thread(nobody))
	claimed := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{
		"channel": "shop", "visitor_token": opened.text("visitor_token"), "assertion": object{"user_id": "ada", "hash": sign(secret, "ada")},
	})
	h.want(200, "GET", widgetFiles+"/"+id, bearer(claimed.text("session")), nil)
	h.ends(widgetFiles+"/"+id, nobody)
}

// Bytes that were lost leave the message readable, and the file not found.
func TestLostBytesLeaveTheMessageReadable(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	thread := h.thread(ada)
	id := h.handIn(ada, "a.txt", thread)
	must(t, os.RemoveAll(h.Shelf))
	page := h.want(200, "GET", "/api/v1/widget/conversations/"+thread+"/messages", ada, nil)
	if !strings.Contains(string(page.Text), id) {
		t.Errorf("%s", page.Text)
	}
	h.want(404, "GET", widgetFiles+"/"+id, ada, nil)
}

// One range is itself. Several are the whole file: each range of a file in a bucket is a
// request of ours to the bucket, and one small request that names thousands would make us
// send thousands.
func TestOneRangeOfAFileIsItselfAndManyAreNotManyReads(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	id := h.handIn(ada, "a.txt", h.thread(ada))
	for ranges, want := range map[string]string{"5-": "206 text", "0-0,2-2,4-4": "200 some text"} {
		a := h.call("GET", widgetFiles+"/"+id, ada, nil, "Range", "bytes="+ranges)
		if got := fmt.Sprintf("%d %s", a.StatusCode, a.Text); got != want || !strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %s, %v, want %s", ranges, got, a.Header, want)
		}
	}
}

// A form is what a foreign page may send without asking: with the agent's cookie, it must not count.
func TestAForeignPageHandsNothingInForAnAgent(t *testing.T) {
	h := open(t)
	agent := h.agent(policy.AgentR)
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		if a := h.call("POST", consoleFiles, agent, upload("a.txt", []byte("text")), headers...); a.StatusCode != 403 {
			t.Errorf("%v: %d %s", headers, a.StatusCode, a.Text)
		}
	}
	if n := h.kept(); n != 0 {
		t.Errorf("%d files are kept", n)
	}
	h.want(201, "POST", consoleFiles, agent, upload("a.txt", []byte("text")))
}
