package httpapi_test

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/team"
)

// needs is the right behind each of the agents' routes; empty: any agent.
var needs = map[string]policy.Right{ // :: operation → right
	"beginConfirm": "", "changePassword": "", "getFactors": "", "beginApp": "", "confirmApp": "", "dropApp": "", "beginPasskey": "", "addPasskey": "",
	"dropPasskey": "", "remakeRecovery": "", "resetFactors": policy.ManageTeam, "getTeamRule": policy.ReadTeam, "setTeamRule": policy.ManageTeam,
	"listRoles": policy.ReadTeam,
	"signOut":   "", "confirm": "", "getMe": "", "listLogins": "", "endLogin": "",
	"listThreads": policy.ReadConversations, "getCounts": policy.ReadConversations, "getThread": policy.ReadConversations,
	"listThreadMessages": policy.ReadConversations, "readThread": policy.ReadConversations, "openConsoleStream": policy.ReadConversations,
	"getContact": policy.ReadConversations, "changeThread": policy.ReplyConversations, "reply": policy.ReplyConversations, "showReplyTyping": policy.ReplyConversations,
	"signOutContact": policy.ManagePeople, "setBareHashes": policy.ManagePeople, "releaseIdentifier": policy.ManagePeople, "findContact": policy.ReadConversations,
	"exportContact": policy.ExportPeople, "countHoldings": policy.ErasePeople, "eraseContact": policy.ErasePeople, "changeAttributes": policy.ReplyConversations,
	"getAttributePolicy": policy.ReadChannels, "setAttributePolicy": policy.ManageChannels, "listSessions": policy.ReadConversations,
	"countSessions": policy.ReadConversations, "endSessions": policy.ManagePeople, "getLogoutPolicy": policy.ReadChannels, "setLogoutPolicy": policy.ManageChannels,
	"blockContact": policy.ManagePeople, "endContactSessions": policy.ManagePeople, "endContactSession": policy.ManagePeople,
	"listChannels": policy.ReadChannels, "getChannel": policy.ReadChannels, "createChannel": policy.ManageChannels, "changeChannel": policy.ManageChannels,
	"getInstallation": policy.ReadChannels, "watchInstallation": policy.ReadChannels, "previewEnforcement": policy.ReadChannels, "ignoreDomain": policy.ManageChannels,
	"getEmailCode": policy.ReadChannels, "setEmailCode": policy.SetEnforcement, "listOutbox": policy.ManageChannels,
	"setEnforcement": policy.SetEnforcement, "listKeys": policy.ReadKeys, "createKey": policy.ManageKeys, "rotateKey": policy.ManageKeys,
	"renameKey": policy.ManageKeys, "revealKey": policy.RevealKeys, "signKeyBy": policy.ManageKeys, "extendKey": policy.ManageKeys,
	"diagnoseProof": policy.ReadKeys, "revealHash": policy.RevealKeys, "getSnippets": policy.ReadKeys,
	"getKeyImpact": policy.ReadKeys, "getKeyCompromise": policy.ReadKeys,
	"finishKey": policy.ManageKeys, "revokeKey": policy.ManageKeys, "revokeKid": policy.ManageKeys, "listAgents": policy.ReadTeam, "inviteAgent": policy.ManageTeam,
	"setRole": policy.ManageTeam, "removeAgent": policy.ManageTeam, "listTokens": policy.ManageTokens, "createToken": policy.ManageTokens,
	"revokeToken": policy.ManageTokens, "readAudit": policy.ReadAudit, "getAuditStatus": policy.ReadAudit, "exportAudit": policy.ReadAudit, "verifyAssertion": policy.VerifyIdentity,
	"listImported": policy.ReadConversations, "listRegistrations": policy.ReadKeys, "createRegistration": policy.ManageKeys, "refuseRegistration": policy.ManageKeys, "confirmRegistration": policy.ManageKeys,
	"uploadReplyFile": policy.ReplyConversations, "getReplyFile": policy.ReadConversations, "getReplyThumbnail": policy.ReadConversations, "linkReplyFile": policy.ReadConversations,
	"listSecureModeSecrets": policy.ReadKeys, "createSecureModeSecret": policy.ManageKeys, "deleteSecureModeSecret": policy.ManageKeys,
}

// also is what a route needs beside that.
var also = map[string]policy.Right{
	"setTeamRule": policy.ManageKeys, "createRegistration": policy.ManageChannels, "refuseRegistration": policy.ManageChannels, "confirmRegistration": policy.ManageChannels,
}

// bodies are well-formed, about things that are not there.
var bodies = map[string]any{
	"changeThread": object{"status": "closed"}, "reply": object{"text": "x", "client_id": "x"}, "readThread": object{"seq": 1},
	"showReplyTyping": object{}, "blockContact": object{"blocked": true}, "createChannel": object{"slug": "-"}, "changeChannel": object{"name": "x", "minimum_tier": "anonymous"},
	"signOutContact": object{}, "setBareHashes": object{"refused": true}, "releaseIdentifier": object{"kind": "email", "value": "x@example.com"},
	"findContact": object{"user_id": "nobody"}, "eraseContact": object{"reason": "asked"}, "changeAttributes": object{"attributes": object{"plan": "x"}},
	"setAttributePolicy": object{"name": "plan", "only_signed": true}, "endSessions": object{}, "setLogoutPolicy": object{"deny_tokens": true},
	"ignoreDomain":   object{"origin": "https://nowhere.example", "ignored": true},
	"setEmailCode":   object{"allowed": true},
	"setEnforcement": object{"platform": "web", "enforcement": "enforce"}, "createKey": object{"name": "x"}, "rotateKey": object{},
	"diagnoseProof": object{"user_id": "1", "hash": "x"}, "revealHash": object{"key": "xyz_1", "user_id": "1", "reason": "x"},
	"renameKey": object{"name": "x"}, "revealKey": object{"reason": "x"}, "signKeyBy": object{"at": "2026-01-01T00:00:00Z"}, "extendKey": object{"ends_at": "2026-01-01T00:00:00Z"},
	"finishKey": object{}, "revokeKey": object{}, "revokeKid": object{"kid": "x"}, "inviteAgent": object{"email": "-", "role": "agent"}, "setRole": object{"role": "agent"},
	"createRegistration": object{}, "refuseRegistration": object{}, "confirmRegistration": object{"reason": "x"},
	"createToken": object{"name": "", "scopes": []string{}}, "signOut": object{}, "confirm": object{"password": "wrong"},
	"changePassword": object{"current": "wrong", "next": "nine grey herons at the weir"}, "confirmApp": object{"code": "000000"},
	"addPasskey": object{"step": "x", "name": "x", "passkey": object{"id": "", "client_data": ""}}, "setTeamRule": object{"second_factor": false},
	"uploadReplyFile": upload("notes.txt", []byte("some notes")), "linkReplyFile": object{},
	"createSecureModeSecret": object{"name": "x", "supports_web": true}, "verifyAssertion": object{"channel": "nobody", "assertion": object{}},
}

func TestEveryRouteAsksForItsRight(t *testing.T) {
	h := open(t)
	_, key, _ := h.channel("shop", policy.Observe)
	for _, role := range policy.Roles() {
		who := h.agent(role)
		for _, r := range h.Floor.Routes() {
			if r.Access != httpapi.AgentLogin || r.ID == "signOut" || r.ID == "openConsoleStream" {
				continue
			}
			right, known := needs[operation(r)]
			if !known {
				t.Errorf("%s: nobody said which right it needs", r.ID)
				continue
			}
			if r.Right != right {
				t.Errorf("%s: the documentation names the right %q, and it takes %q", r.ID, r.Right, right)
			}
			may := right == "" || slices.Contains(policy.RightsOf(role), right)
			if more := also[operation(r)]; more != "" {
				may = may && slices.Contains(policy.RightsOf(role), more)
			}
			path := pathOf(r)
			if operation(r) == "rotateKey" { // whoever may list keys may learn that one is not there
				path = strings.Replace(path, "xyz_1", key, 1)
			}
			a := h.call(r.Method, path, who, bodies[operation(r)])
			if forbidden := a.code() == "forbidden"; forbidden == may {
				t.Errorf("%s as %s: %d %s", r.ID, role, a.StatusCode, a.Text)
			}
			if a.StatusCode >= 500 || a.StatusCode == 401 {
				t.Errorf("%s as %s: %d %s", r.ID, role, a.StatusCode, a.Text)
			}
		}
		if role == policy.Auditor {
			if a := h.call("GET", "/api/v1/console/stream", who, nil); a.StatusCode != 403 {
				t.Errorf("an auditor listens to conversations: %d", a.StatusCode)
			}
		}
	}
}

// A token reaches what its scopes name: with every other scope it has, each of these
// routes still says no.
func TestEveryRouteOfProgramsAsksForItsScope(t *testing.T) {
	h := open(t)
	_, key, _ := h.channel("shop", policy.Observe)
	rights := team.Scopes()
	for _, r := range h.Floor.Routes() {
		if r.Access != httpapi.APIToken {
			continue
		}
		right, known := needs[operation(r)]
		if !known || right == "" {
			t.Errorf("%s: nobody said which scope it needs", r.ID)
			continue
		}
		if r.Right != right {
			t.Errorf("%s: the documentation names the scope %q, and it takes %q", r.ID, r.Right, right)
		}
		path := pathOf(r)
		if operation(r) == "rotateKey" {
			path = strings.Replace(path, "xyz_1", key, 1)
		}
		without := slices.DeleteFunc(slices.Clone(rights), func(other policy.Right) bool {
			return other == right || right == policy.ReadChannels && slices.Contains([]policy.Right{policy.ReadKeys, policy.ManageKeys}, other)
		})
		for _, try := range []struct {
			scopes []policy.Right
			may    bool
		}{{without, false}, {[]policy.Right{right, policy.ReadKeys, cmp.Or(also[operation(r)], right)}, true}} {
			a := h.call(r.Method, path, bearer(h.program(try.scopes...)), bodies[operation(r)])
			if (a.StatusCode != 403) != try.may || a.StatusCode >= 500 || a.StatusCode == 401 {
				t.Errorf("%s with %v: %d %s", r.ID, try.scopes, a.StatusCode, a.Text)
			}
		}
	}
}

func TestAnAgentsWayIn(t *testing.T) {
	h := open(t, func(o *httpapi.Options) { o.BaseURL = "https://chat.example" })
	owner := h.agent(policy.Owner)

	invited := h.want(201, "POST", "/api/v1/console/agents", owner, object{"email": "New@Example.com", "role": "agent"})
	link := invited.text("link")
	if !strings.HasPrefix(link, "https://chat.example/console/setup#") {
		t.Fatalf("the link is %q", link)
	}
	_, token, _ := strings.Cut(link, "#")
	if a := h.want(200, "POST", "/api/v1/console/setup/check", credential{}, object{"token": token}); a.text("email") != "new@example.com" || a.text("role") != "agent" {
		t.Errorf("the link is for %s", a.Text)
	}
	weak := h.call("POST", "/api/v1/console/setup", credential{}, object{"token": token, "name": "New", "password": "short"})
	if weak.StatusCode != 422 || len(weak.Cookies()) != 0 {
		t.Errorf("a weak password: %d", weak.StatusCode)
	}
	in := h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": token, "name": "New", "password": "seven grey herons at the weir"})
	if in.JSON["agent"].(object)["name"] != "New" || in.JSON["rights"] == nil || in.JSON["expires_at"] == "" {
		t.Errorf("me is %s", in.Text)
	}
	for _, path := range []string{"/api/v1/console/setup/check", "/api/v1/console/setup"} {
		body := object{"token": token}
		if path == "/api/v1/console/setup" {
			body = object{"token": token, "name": "Again", "password": "eight grey herons at the weir"}
		}
		if a := h.call("POST", path, credential{}, body); a.StatusCode != 403 || a.code() != "link_refused" {
			t.Errorf("%s with a used link: %d %s", path, a.StatusCode, a.Text)
		}
	}

	wrong := h.call("POST", "/api/v1/console/sign-in", credential{}, object{"email": "new@example.com", "password": "wrong"})
	nobody := h.call("POST", "/api/v1/console/sign-in", credential{}, object{"email": "nobody@example.com", "password": "wrong"})
	if wrong.StatusCode != 401 || wrong.code() != "sign_in_refused" || len(wrong.Text) != len(nobody.Text) || nobody.StatusCode != 401 {
		t.Errorf("wrong password %d %s, unknown address %d %s", wrong.StatusCode, wrong.Text, nobody.StatusCode, nobody.Text)
	}
	signed := h.want(200, "POST", "/api/v1/console/sign-in", credential{}, object{"email": "NEW@example.com", "password": "seven grey herons at the weir"})
	c := signed.Cookies()[0]
	if c.Name != httpapi.LoginCookie || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/api/v1/console" || c.Domain != "" || time.Until(c.Expires) > 13*time.Hour {
		t.Errorf("the cookie is %s", c.Raw)
	}
	if strings.Contains(string(signed.Text), c.Value) {
		t.Error("the login's token is in the body too")
	}
	login := cookie(c.Value)
	list := h.want(200, "GET", "/api/v1/console/logins", login, nil).JSON["logins"].([]any)
	if len(list) != 2 {
		t.Errorf("%d logins", len(list))
	}
	out := h.want(204, "POST", "/api/v1/console/sign-out", login, object{})
	gone := out.Cookies()
	if len(gone) != 2 {
		t.Errorf("signing out touches %v", gone)
	}
	for _, c := range gone {
		if c.MaxAge >= 0 || c.Value != "" {
			t.Errorf("signing out leaves %v", c)
		}
	}
	h.ends("/api/v1/console/me", login)
	if strings.Contains(h.Log.String(), token) || strings.Contains(h.Log.String(), "herons") || strings.Contains(h.Log.String(), c.Value) {
		t.Error("a secret was logged")
	}
}

// TestAnInvitationsLinkLeadsToUs: whatever Host a request names, the link that carries
// the secret leads to the address that the server knows as its own.
func TestAnInvitationsLinkLeadsToUs(t *testing.T) {
	h := open(t, func(o *httpapi.Options) { o.Address = "http://127.0.0.1:8080" })
	owner := h.agent(policy.Owner)
	r, err := http.NewRequestWithContext(t.Context(), "POST", h.Server.URL+"/api/v1/console/agents", strings.NewReader(`{"email":"kim@example.com","role":"agent"}`))
	must(t, err)
	r.Host = "evil.example"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(owner.header, owner.value)
	resp, err := h.client().Do(r)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != 201 || strings.Contains(string(text), "evil.example") || !strings.Contains(string(text), `"http://127.0.0.1:8080/console/setup#`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}

// TestTheFirstOwnerChoosesAnAddress walks the first link of an installation.
func TestTheFirstOwnerChoosesAnAddress(t *testing.T) {
	h := open(t)
	token, _, err := h.Team.FirstOwner(t.Context(), h.System)
	must(t, err)
	if a := h.want(200, "POST", "/api/v1/console/setup/check", credential{}, object{"token": token}); a.JSON["choose_email"] != true {
		t.Errorf("%s", a.Text)
	}
	const words = "seven grey herons at the weir"
	h.want(422, "POST", "/api/v1/console/setup", credential{}, object{"token": token, "name": "Ada", "password": words, "email": "ada"})
	in := h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": token, "name": "Ada", "password": words, "email": "Ada@Example.com"})
	if in.JSON["agent"].(object)["email"] != "ada@example.com" {
		t.Errorf("%s", in.Text)
	}
	h.want(200, "POST", "/api/v1/console/sign-in", credential{}, object{"email": "ada@example.com", "password": words})
	h.want(401, "POST", "/api/v1/console/sign-in", credential{}, object{"email": "owner@localhost", "password": words})
	invited := h.want(201, "POST", "/api/v1/console/agents", cookie(loginIn(t, in)), object{"email": "kim@example.com", "role": "agent"})
	_, link, _ := strings.Cut(invited.text("link"), "#")
	if a := h.want(200, "POST", "/api/v1/console/setup/check", credential{}, object{"token": link}); a.JSON["choose_email"] != nil {
		t.Errorf("an invitation chooses: %s", a.Text)
	}
	h.want(422, "POST", "/api/v1/console/setup", credential{}, object{"token": link, "name": "Eve", "password": words, "email": "eve@example.com"})
}

func TestForeignPagesCannotActForAnAgent(t *testing.T) {
	h := open(t, func(o *httpapi.Options) { o.BaseURL = "https://chat.example" })
	owner := h.agent(policy.Owner)
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.chat.example"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
	} {
		for _, c := range []struct{ method, path string }{
			{"POST", "/api/v1/console/agents"}, {"DELETE", "/api/v1/console/agents/x"}, {"PATCH", "/api/v1/console/conversations/x"},
			{"PUT", "/api/v1/console/channels/x"}, {"POST", "/api/v1/console/sign-in"}, {"POST", "/api/v1/console/setup"}, {"POST", "/api/v1/console/sign-out"},
		} {
			if a := h.call(c.method, c.path, owner, "{}", headers...); a.StatusCode != 403 || a.code() != "forbidden" {
				t.Errorf("%s %s with %v: %d %s", c.method, c.path, headers, a.StatusCode, a.Text)
			}
		}
	}
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "same-origin"}, {"Origin", h.Server.URL}, {"Origin", "https://chat.example", "Sec-Fetch-Site", "cross-site"}, {},
	} {
		if a := h.call("POST", "/api/v1/console/tokens", owner, object{"name": "x", "scopes": []string{"audit.read"}}, headers...); a.StatusCode != 201 {
			t.Errorf("our own page with %v: %d %s", headers, a.StatusCode, a.Text)
		}
	}
}

func TestAnOperatorsDay(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	channel := h.want(201, "POST", "/api/v1/console/channels", owner, object{"slug": "help", "name": "Help", "aliases": []string{"old1"}, "platforms": []string{"web", "ios"}})
	id := channel.text("id")
	if e := channel.JSON["enforcement"].(object); e["web"] != "observe" || e["ios"] != "observe" || channel.JSON["aliases"].([]any)[0] != "old1" {
		t.Errorf("made %s", channel.Text)
	}
	if a := h.call("POST", "/api/v1/console/channels", owner, object{"slug": "old1"}); a.StatusCode != 409 || a.code() != "conflict" {
		t.Errorf("a taken name: %d %s", a.StatusCode, a.Text)
	}
	path := "/api/v1/console/channels/" + id
	changed := h.want(200, "PUT", path, owner, object{"name": "Helpdesk", "appearance": object{"accent": "#2456D6", "team": "Team", "greeting": "Hi"},
		"origins": []string{"https://Shop.example:443"}, "minimum_tier": "anonymous"})
	if changed.text("name") != "Helpdesk" || changed.JSON["origins"].([]any)[0] != "https://shop.example" {
		t.Errorf("changed %s", changed.Text)
	}
	public := h.want(200, "GET", "/api/v1/widget/channels/old1", credential{}, nil)
	if public.text("channel") != "help" || public.text("greeting") != "Hi" || public.text("accent") != "#2456d6" || public.JSON["online"] != false || public.JSON["id"] != nil {
		t.Errorf("the public sees %s", public.Text)
	}
	if a := h.call("GET", "/api/v1/widget/channels/nobody", credential{}, nil); a.StatusCode != 404 || a.code() != "channel_unknown" {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}

	made := h.want(201, "POST", path+"/keys", owner, object{"name": "Backend", "dialect": "native", "signs": "user_id", "platforms": []string{"web"}, "reason": "the shop opens"})
	secret, key := made.text("secret"), made.JSON["key"].(object)["id"].(string)
	if len(secret) != 64 {
		t.Fatalf("the secret is %q", secret)
	}
	who := h.visitor("help", secret, "ada")
	list := h.want(200, "GET", path+"/keys", owner, nil)
	row := list.JSON["keys"].([]any)[0].(object)
	if strings.Contains(string(list.Text), secret) || row["live_sessions"] != 1.0 || row["fingerprint"] == "" || row["state"] != "active" {
		t.Errorf("the keys are %s", list.Text)
	}
	if a := h.call("POST", path+"/keys", owner, object{"secret": secret, "dialect": "intercom", "reason": "we move"}); a.StatusCode != 409 || strings.Contains(string(a.Text), secret) {
		t.Errorf("the same secret twice: %d %s", a.StatusCode, a.Text)
	}
	if a := h.call("POST", path+"/keys", owner, object{"secret": "hunter2", "dialect": "intercom", "reason": "we move"}); a.StatusCode != 422 || strings.Contains(string(a.Text), "hunter2") {
		t.Errorf("a short secret: %d %s", a.StatusCode, a.Text)
	}
	rotated := h.want(201, "POST", "/api/v1/console/keys/"+key+"/rotate", owner, object{"overlap_hours": 1, "reason": "once a year", "name": "Next year's"})
	if name := rotated.JSON["key"].(object)["name"]; name != "Next year's" {
		t.Errorf("the successor is called %v", name)
	}
	if rotated.text("secret") == "" || rotated.text("secret") == secret {
		t.Errorf("rotated %s", rotated.Text)
	}
	h.visitor("help", secret, "ada")
	within(t, "the new key to be known", func() bool {
		a := h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "help", "assertion": object{"user_id": "ada", "hash": sign(rotated.text("secret"), "ada")}})
		return a.text("tier") == "verified"
	})
	h.want(200, "GET", "/api/v1/widget/sessions/current", who, nil)
	if a := h.want(200, "POST", "/api/v1/console/keys/"+key+"/finish", owner, nil); a.JSON["sessions_ended"] == 0.0 {
		t.Errorf("finished %s", a.Text)
	}
	h.ends("/api/v1/widget/sessions/current", who)
	if a := h.call("POST", "/api/v1/console/keys/"+key+"/finish", owner, nil); a.StatusCode != 409 {
		t.Errorf("finished twice: %d %s", a.StatusCode, a.Text)
	}
	if a := h.call("POST", "/api/v1/console/keys/key_none/revoke", owner, object{}); a.StatusCode != 404 {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	if a := h.call("POST", "/api/v1/console/keys/"+key+"/rotate", owner, object{"overlap_hours": -1}); a.StatusCode != 422 {
		t.Errorf("a negative overlap: %d %s", a.StatusCode, a.Text)
	}

	claimed := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "help", "assertion": object{"user_id": "eve"}})
	if claimed.text("notice") != "unverified" || claimed.text("tier") != "claimed" {
		t.Errorf("claimed %s", claimed.Text)
	}
	if a := h.want(200, "PUT", path+"/enforcement", owner, object{"platform": "web", "enforcement": "enforce"}); a.JSON["ended"] != 1.0 {
		t.Errorf("enforced %s", a.Text)
	}
	h.ends("/api/v1/widget/sessions/current", bearer(claimed.text("session")))

	record := h.want(200, "GET", "/api/v1/console/audit?action=enforcement.set", owner, nil)
	entry := record.JSON["entries"].([]any)[0].(object)
	if entry["channel"] != id || entry["detail"].(object)["to"] != "enforce" || !strings.Contains(entry["id"].(string), "/") {
		t.Errorf("recorded %s", record.Text)
	}
	first := h.want(200, "GET", "/api/v1/console/audit?limit=2", owner, nil)
	second := h.want(200, "GET", "/api/v1/console/audit?limit=2&cursor="+first.text("next"), owner, nil)
	if first.JSON["entries"].([]any)[1].(object)["id"] == second.JSON["entries"].([]any)[0].(object)["id"] {
		t.Errorf("pages overlap: %s %s", first.Text, second.Text)
	}
	if a := h.call("GET", "/api/v1/console/audit?limit=1000", owner, nil); a.StatusCode != 400 {
		t.Errorf("limit=1000: %d", a.StatusCode)
	}
	if a := h.call("GET", "/api/v1/console/audit?cursor=nonsense", owner, nil); a.StatusCode != 400 {
		t.Errorf("a made-up cursor: %d %s", a.StatusCode, a.Text)
	}

	token := h.want(201, "POST", "/api/v1/console/tokens", owner, object{"name": "SIEM", "scopes": []string{"audit.read"}})
	program := bearer(token.text("secret"))
	h.want(200, "GET", "/api/v1/audit", program, nil)
	other := h.want(201, "POST", "/api/v1/console/tokens", owner, object{"name": "Reader", "scopes": []string{"channels.read"}})
	if a := h.call("GET", "/api/v1/audit", bearer(other.text("secret")), nil); a.StatusCode != 403 {
		t.Errorf("a token without the scope: %d", a.StatusCode)
	}
	h.want(204, "DELETE", "/api/v1/console/tokens/"+token.JSON["token"].(object)["id"].(string), owner, nil)
	h.ends("/api/v1/audit", program)
	for _, s := range []string{secret, rotated.text("secret"), token.text("secret")} {
		if strings.Contains(h.Log.String(), s) {
			t.Error("a secret was logged")
		}
	}
}
