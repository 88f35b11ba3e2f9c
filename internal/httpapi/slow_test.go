package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// TestAHalfSentBodyDoesNotOutliveItsLogin begins every call of the console that takes
// a body, ends the login while the body is under way, and sends the rest: once when
// the node has heard of the end, which the floor must see, and once at that very
// moment, which only the transaction can see.
func TestAHalfSentBodyDoesNotOutliveItsLogin(t *testing.T) {
	h := open(t)
	bodies := h.bodies(policy.Owner)
	_, link, err := h.Team.Invite(context.Background(), h.System, "slow@example.com", policy.Owner)
	must(t, err)
	const password = "seven grey herons at the weir"
	h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": link, "name": "Slow", "password": password})
	for _, heard := range []bool{true, false} {
		for _, r := range h.Floor.Routes() {
			if r.Access != httpapi.AgentLogin || !takesBody(r) {
				continue
			}
			call, known := bodies[operation(r)]
			if !known {
				t.Fatalf("%s takes a body: say here which", r.ID)
			}
			if !heard && slices.Contains([]string{"showReplyTyping", "linkReplyFile", "signOut", "beginConfirm", "beginPasskey", "consoleFindContact", "consoleDiagnoseProof", "consoleRevokeKid"}, r.ID) {
				continue // none of these writes what another right could have forbidden (the key is no set)
			}
			login := loginIn(t, h.want(200, "POST", "/api/v1/console/sign-in", credential{}, object{"email": "slow@example.com", "password": password}))
			who, _, row, err := h.Team.Authenticate(context.Background(), login)
			must(t, err)
			var before string
			status, text := h.slowly(r.Method, call.path, cookie(login), call.body, func() {
				must(t, h.DB.EndLogin(context.Background(), who.Workspace(), row.ID, time.Now(), audit.Draft{Workspace: who.Workspace(), Actor: "test", Action: audit.AgentSignedOut}))
				if heard {
					h.ends("/api/v1/console/me", cookie(login))
				}
				before = h.trail()
			})
			if status != 401 && status != 403 {
				t.Errorf("%s, heard %v: %d %s", r.ID, heard, status, text)
			}
			if after := h.trail(); after != before {
				t.Errorf("%s, heard %v: something was written", r.ID, heard)
			}
		}
	}
}

// TestAHalfSentBodyDoesNotOutliveItsRole does the same to an owner who becomes an auditor.
func TestAHalfSentBodyDoesNotOutliveItsRole(t *testing.T) {
	h := open(t)
	bodies := h.bodies(policy.Owner)
	agent, link, err := h.Team.Invite(context.Background(), h.System, "slow@example.com", policy.Owner)
	must(t, err)
	a := h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": link, "name": "Slow", "password": "seven grey herons at the weir"})
	login := cookie(loginIn(t, a))
	for id, call := range bodies {
		// Any agent may, or an auditor too; the last three write nothing (the key is no set).
		if needs[id] == "" || slices.Contains(policy.RightsOf(policy.Auditor), needs[id]) || id == "showReplyTyping" || id == "linkReplyFile" || id == "findContact" || id == "revokeKid" {
			continue
		}
		must(t, h.Team.SetRole(context.Background(), h.System, agent.ID, policy.Owner))
		within(t, "the role of an owner", func() bool {
			return strings.Contains(string(h.call("GET", "/api/v1/console/me", login, nil).Text), `"role":"owner"`)
		})
		var before string
		status, text := h.slowly(call.method, call.path, login, call.body, func() {
			must(t, h.Team.SetRole(context.Background(), h.System, agent.ID, policy.Auditor))
			before = h.trail()
		})
		if status != 401 && status != 403 {
			t.Errorf("%s: %d %s", id, status, text)
		}
		if after := h.trail(); after != before {
			t.Errorf("%s: something was written", id)
		}
	}
}

type slowCall struct {
	method, path string
	body         any
}

// bodies :: operation → a call of it that an owner may make.
func (h *house) bodies(owner policy.Role) map[string]slowCall {
	h.t.Helper()
	ctx := context.Background()
	channel, key, secret := h.channel("slow", policy.Observe)
	visitor := h.visitor("slow", secret, "ada")
	thread := h.want(201, "POST", "/api/v1/widget/conversations", visitor, object{"text": "hello", "client_id": "c1"})
	row := h.want(200, "GET", "/api/v1/console/conversations/"+thread.text("id"), h.agent(owner), nil)
	contact := row.JSON["contact"].(object)["id"].(string)
	colleague, _, err := h.Team.Invite(ctx, h.System, "colleague@example.com", policy.AgentR)
	must(h.t, err)
	old, _, err := h.Keys.Generate(ctx, h.System, trust.KeyDraft{Channel: channel.ID})
	must(h.t, err)
	_, _, err = h.Keys.Rotate(ctx, h.System, trust.Rotation{Channel: channel.ID, Key: old.ID, Overlap: time.Hour})
	must(h.t, err)
	open, _, err := h.Keys.Generate(ctx, h.System, trust.KeyDraft{Channel: channel.ID, Reveal: trust.RevealOnRequest})
	must(h.t, err)
	waits, refused := h.registered("https://slow.example"), h.registered("https://slower.example")
	const base = "/api/v1/console"
	thread1 := base + "/conversations/" + thread.text("id")
	return map[string]slowCall{
		"setEmailCode":       {"PUT", base + "/channels/" + channel.ID + "/email-code", object{"allowed": true}},
		"signOut":            {"POST", base + "/sign-out", object{}},
		"beginConfirm":       {"POST", base + "/confirm/passkey", object{}},
		"changePassword":     {"POST", base + "/password", object{"current": "seven grey herons at the weir", "next": "nine grey herons at the weir"}},
		"beginApp":           {"POST", base + "/factors/app", object{}},
		"confirmApp":         {"POST", base + "/factors/app/confirm", object{"code": "000000"}},
		"beginPasskey":       {"POST", base + "/factors/passkeys/begin", object{}},
		"addPasskey":         {"POST", base + "/factors/passkeys", object{"step": "x", "name": "x", "passkey": object{"id": "", "client_data": ""}}},
		"remakeRecovery":     {"POST", base + "/factors/recovery", object{}},
		"setTeamRule":        {"PUT", base + "/team-rule", object{"second_factor": true}},
		"confirm":            {"POST", base + "/confirm", object{"password": "seven grey herons at the weir"}},
		"changeThread":       {"PATCH", thread1, object{"status": chat.Closed}},
		"reply":              {"POST", thread1 + "/messages", object{"text": "too late", "client_id": "c2"}},
		"readThread":         {"POST", thread1 + "/read", object{"seq": thread.JSON["seq"]}},
		"showReplyTyping":    {"POST", thread1 + "/typing", object{}},
		"signOutContact":     {"POST", base + "/contacts/" + contact + "/sessions/end", object{"bare_hashes": true}},
		"setBareHashes":      {"PUT", base + "/contacts/" + contact + "/bare-hashes", object{"refused": true}},
		"releaseIdentifier":  {"POST", base + "/contacts/" + contact + "/identifiers/release", object{"kind": "user_id", "value": "ada"}},
		"findContact":        {"POST", base + "/contacts/find", object{"user_id": "ada"}},
		"eraseContact":       {"POST", base + "/contacts/" + contact + "/erase", object{"reason": "asked"}},
		"changeAttributes":   {"PATCH", base + "/contacts/" + contact + "/attributes", object{"attributes": object{"plan": "pro"}}},
		"setAttributePolicy": {"PUT", base + "/attributes/policy", object{"name": "plan", "only_signed": true}},
		"endSessions":        {"POST", base + "/channels/" + channel.ID + "/sessions/end", object{}},
		"setLogoutPolicy":    {"PUT", base + "/channels/" + channel.ID + "/logout", object{"deny_tokens": true}},
		"blockContact":       {"POST", base + "/contacts/" + contact + "/block", object{"blocked": true}},
		"createChannel":      {"POST", base + "/channels", object{"slug": "another"}},
		"changeChannel": {"PUT", base + "/channels/" + channel.ID, object{
			"name": "Changed", "appearance": workspace.Appearance{Accent: "#123456"}, "origins": []string{}, "minimum_tier": "anonymous",
		}},
		"ignoreDomain":   {"PUT", base + "/channels/" + channel.ID + "/installation/ignored", object{"origin": "https://nowhere.example", "ignored": true}},
		"setEnforcement": {"PUT", base + "/channels/" + channel.ID + "/enforcement", object{"platform": "web", "enforcement": "off"}},
		"createKey":      {"POST", base + "/channels/" + channel.ID + "/keys", object{"name": "Mine", "reason": "why not"}},
		"rotateKey":      {"POST", base + "/keys/" + key + "/rotate", object{"reason": "why not"}},
		"diagnoseProof":  {"POST", base + "/channels/" + channel.ID + "/diagnose", object{"user_id": "1", "hash": "x"}},
		"revealHash":     {"POST", base + "/channels/" + channel.ID + "/expected-hash", object{"key": key, "user_id": "1", "reason": "why not"}},
		"renameKey":      {"PATCH", base + "/keys/" + key, object{"name": "Mine"}},
		"revealKey":      {"POST", base + "/keys/" + open.ID + "/reveal", object{"reason": "why not"}},
		"signKeyBy":      {"POST", base + "/keys/" + old.ID + "/sign-by", object{"at": time.Now()}},
		"extendKey":      {"POST", base + "/keys/" + old.ID + "/extend", object{"ends_at": time.Now().Add(48 * time.Hour)}},
		"finishKey":      {"POST", base + "/keys/" + old.ID + "/finish", object{}},
		"revokeKid":      {"POST", base + "/keys/" + key + "/kids/revoke", object{"kid": "x"}},
		"revokeKey":      {"POST", base + "/keys/" + key + "/revoke", object{}},
		"inviteAgent":    {"POST", base + "/agents", object{"email": "friend@example.com", "role": "owner"}},
		"setRole":        {"PATCH", base + "/agents/" + colleague.ID, object{"role": "admin"}},

		"createRegistration":  {"POST", base + "/registrations", object{}},
		"confirmRegistration": {"POST", base + "/registrations/" + waits + "/confirm", object{"reason": "why not"}},
		"refuseRegistration":  {"POST", base + "/registrations/" + refused + "/refuse", object{}},

		"uploadReplyFile": {"POST", base + "/files", upload("notes.txt", []byte("some notes"))},
		"linkReplyFile":   {"POST", base + "/files/" + h.handIn(visitor, "a.txt", thread.text("id")) + "/link", object{}},

		"createToken": {"POST", base + "/tokens", object{"name": "mine", "scopes": []string{"audit.read"}}},
	}
}

// slowly sends a request's head, waits until the server asks for the body (by then
// it has authenticated), does something, and sends the body.
func (h *house) slowly(method, path string, who credential, body any, meanwhile func()) (status int, text string) {
	h.t.Helper()
	raw, err := json.Marshal(body)
	must(h.t, err)
	media := "application/json"
	if f, ok := body.(form); ok {
		raw, media = f.raw, f.media
	}
	asked := make(chan struct{})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got100Continue: func() { close(asked) }})
	read, write := io.Pipe()
	go func() {
		select {
		case <-asked:
			meanwhile()
			_, err := io.Copy(write, bytes.NewReader(raw))
			_ = write.CloseWithError(err)
		case <-ctx.Done():
			_ = write.CloseWithError(ctx.Err())
		}
	}()
	r, err := http.NewRequestWithContext(ctx, method, h.Server.URL+path, read)
	must(h.t, err)
	r.ContentLength = int64(len(raw))
	r.Header.Set("Content-Type", media)
	r.Header.Set("Expect", "100-continue")
	r.Header.Set(who.header, who.value)
	transport := h.client().Transport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	transport.ExpectContinueTimeout = 20 * time.Second
	transport.ForceAttemptHTTP2, transport.TLSClientConfig.NextProtos, transport.TLSNextProto = false, []string{"http/1.1"}, nil
	resp, err := transport.RoundTrip(r)
	must(h.t, err)
	defer resp.Body.Close()
	answered, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return resp.StatusCode, string(answered)
}

// trail is the log's head and the newest entry of the record.
func (h *house) trail() string {
	h.t.Helper()
	head, err := h.DB.Head(context.Background())
	must(h.t, err)
	page, err := h.DB.Entries(context.Background(), workspace.Main, audit.Filter{Limit: 1})
	must(h.t, err)
	raw, err := json.Marshal([]any{head.Seq, head.Epoch, page.Entries[0].Number, page.Entries[0].Chain})
	must(h.t, err)
	return string(raw)
}
