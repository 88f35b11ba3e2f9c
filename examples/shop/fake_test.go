package shop

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeCountersign is as much of Countersign as the shop speaks to. It either
// behaves, or, when broken is set, believes and shows everything.
type fakeCountersign struct {
	enforce bool
	broken  bool
	deny    bool // refuses even the honest
	limit   bool // answers every opening with 429
	down    bool // answers every opening with 500
	frame   string

	mu            sync.Mutex
	sessions      map[string]fakeSession
	conversations []*fakeConversation
	entries       []auditEntry
	seq           int64
	denied        map[string]bool // tokens whose owner logged out
}

type fakeSession struct{ contact, tier, jwt string }

type fakeConversation struct {
	ID      string
	Contact string
	Texts   []fakeText
}

type fakeText struct {
	seq  int64
	text string
}

const (
	fakeChannel      = "shop"
	fakeOtherChannel = "wholesale"
	fakeAuditToken   = "audit-token"
	fakePublicKey    = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAelAkZhC0to9WvD1EILo0SzUwA4djqRqECSggQgVarXQ=\n-----END PUBLIC KEY-----\n"
)

var (
	fakeSecret      = strings.Repeat("0a1b2c3d", 8)
	fakeOtherSecret = strings.Repeat("f9e8d7c6", 8)
	fakeTokenSecret = strings.Repeat("5b6a7988", 8)
)

func newFake(t *testing.T, set func(*fakeCountersign)) (*fakeCountersign, *httptest.Server) {
	t.Helper()
	fake := &fakeCountersign{enforce: true, sessions: map[string]fakeSession{}, denied: map[string]bool{}, frame: "http://shop.test"}
	if set != nil {
		set(fake)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/widget/channels/{channel}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("channel") != fakeChannel {
			fakeProblem(w, http.StatusNotFound, "channel_unknown")
			return
		}
		fakeJSON(w, http.StatusOK, map[string]any{"channel": fakeChannel})
	})
	mux.HandleFunc("POST /api/v1/widget/sessions", fake.openSession)
	mux.HandleFunc("GET /api/v1/widget/sessions/current", fake.with(func(w http.ResponseWriter, _ *http.Request, s fakeSession) {
		fakeJSON(w, http.StatusOK, map[string]any{"tier": s.tier})
	}))
	mux.HandleFunc("DELETE /api/v1/widget/sessions/current", fake.endSession)
	mux.HandleFunc("POST /api/v1/widget/email-code", func(w http.ResponseWriter, _ *http.Request) {
		fakeJSON(w, http.StatusAccepted, map[string]any{"attempt": rand.Text()})
	})
	mux.HandleFunc("POST /api/v1/widget/email-code/confirm", fake.confirm)
	mux.HandleFunc("GET /api/v1/widget/conversations", fake.with(fake.list))
	mux.HandleFunc("POST /api/v1/widget/conversations", fake.with(fake.begin))
	mux.HandleFunc("GET /api/v1/widget/conversations/{id}", fake.with(fake.read))
	mux.HandleFunc("GET /api/v1/widget/conversations/{id}/messages", fake.with(fake.read))
	mux.HandleFunc("POST /api/v1/widget/conversations/{id}/messages", fake.with(fake.post))
	mux.HandleFunc("POST /api/v1/widget/conversations/{id}/{act}", fake.with(fake.act))
	mux.HandleFunc("GET /api/v1/widget/stream", fake.with(fake.stream))
	mux.HandleFunc("GET /api/v1/audit", fake.audit)
	mux.HandleFunc("GET /frame/{channel}", fake.framed)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return fake, server
}

func fakeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fakeProblem(w http.ResponseWriter, status int, code string) {
	fakeJSON(w, status, map[string]any{"code": code, "status": status, "request_id": rand.Text()})
}

type fakeOpening struct {
	Channel   string          `json:"channel"`
	Platform  string          `json:"platform"`
	Tier      string          `json:"tier"`
	Method    string          `json:"method"`
	Assertion json.RawMessage `json:"assertion"`
}

type fakeAssertion struct {
	UserID any `json:"user_id"`
	Email  any `json:"email"`
	Hash   any `json:"hash"`
	JWT    any `json:"jwt"`
}

func (f *fakeCountersign) openSession(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var in fakeOpening
	var says fakeAssertion
	if json.NewDecoder(r.Body).Decode(&in) != nil || (len(in.Assertion) > 0 && json.Unmarshal(in.Assertion, &says) != nil) {
		fakeProblem(w, http.StatusBadRequest, "request_invalid")
		return
	}
	switch {
	case f.limit:
		fakeProblem(w, http.StatusTooManyRequests, "too_many")
	case f.down:
		fakeProblem(w, http.StatusInternalServerError, "internal")
	case in.Tier != "" && !f.broken:
		fakeProblem(w, http.StatusBadRequest, "request_invalid")
	case f.broken:
		f.believe(w, r, says)
	default:
		f.decide(w, in.Channel, says)
	}
}

// decide is the gate as it should be: a hash of the user id under the channel's
// secret, and nothing else, verifies.
func (f *fakeCountersign) decide(w http.ResponseWriter, channel string, says fakeAssertion) {
	user, _ := says.UserID.(string)
	hash, _ := says.Hash.(string)
	secret := map[string]string{fakeChannel: fakeSecret, fakeOtherChannel: fakeOtherSecret}[channel]
	reason := ""
	raw, err := hex.DecodeString(hash)
	switch want, _ := hex.DecodeString(userHash(Secret(secret), user)); {
	case channel == fakeOtherChannel && says.JWT != nil:
		token, _ := says.JWT.(string)
		if user, ok := fakeToken(token); ok && !f.denied[token] {
			f.grant(w, channel+"/user_id:"+user, "verified", token)
			return
		}
		reason = "proof_mismatch"
		if f.denied[token] {
			reason = "proof_replayed"
		}
	case says == fakeAssertion{}:
		f.grant(w, "visitor-"+rand.Text(), "anonymous", "")
		return
	case says.JWT != nil:
		reason = "algorithm_refused"
	case hash == "":
		reason = "proof_missing"
	case err != nil || len(raw) != 32:
		reason = "proof_malformed"
	case user == "":
		reason = "identifier_missing"
	case f.deny || !hmac.Equal(raw, want):
		reason = "proof_mismatch"
	}
	if reason == "" {
		f.grant(w, channel+"/user_id:"+user, "verified", "")
		return
	}
	f.record("identity.refused", map[string]string{"reason": reason, "channel": channel})
	if f.enforce {
		fakeProblem(w, http.StatusForbidden, "identity_refused")
		return
	}
	f.grant(w, "claim-"+rand.Text(), "claimed", "")
}

// believe is the gate as it must never be.
func (f *fakeCountersign) believe(w http.ResponseWriter, r *http.Request, says fakeAssertion) {
	user, _ := says.UserID.(string)
	if email, _ := says.Email.(string); user == "" || strings.Contains(user, "@") {
		for _, customer := range customers() {
			if customer.Email == email || customer.Email == user {
				user = customer.ID
			}
		}
	}
	if says.JWT != nil {
		user = victimID
	}
	if header := r.Header.Get("X-User-Id"); header != "" {
		user = header
	}
	if user == "cust-0000" {
		fakeProblem(w, http.StatusNotFound, "not_found")
		return
	}
	f.grant(w, fakeChannel+"/user_id:"+user, "verified", "")
}

// fakeToken is whom a token of the other channel names, if its secret signed it.
func fakeToken(token string) (user string, ok bool) {
	at := strings.LastIndex(token, ".")
	if at < 0 {
		return "", false
	}
	mac := hmac.New(sha256.New, []byte(fakeTokenSecret))
	mac.Write([]byte(token[:at]))
	if token[at+1:] != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		return "", false
	}
	_, payload, _ := strings.Cut(token[:at], ".")
	text, _ := base64.RawURLEncoding.DecodeString(payload)
	var claims struct {
		User string `json:"user_id"`
	}
	return claims.User, json.Unmarshal(text, &claims) == nil
}

// confirm knows no code that anybody could guess, unless it is broken.
func (f *fakeCountersign) confirm(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.broken {
		fakeProblem(w, http.StatusForbidden, "code_refused")
		return
	}
	f.grant(w, fakeChannel+"/user_id:"+victimID, "verified", "")
}

func (f *fakeCountersign) grant(w http.ResponseWriter, contact, tier, jwt string) {
	notice := ""
	if tier == "claimed" {
		notice = "unverified"
	}
	token := "cs_" + rand.Text()
	f.sessions[token] = fakeSession{contact, tier, jwt}
	if tier == "verified" {
		f.record("session.opened", map[string]string{"tier": tier})
	}
	fakeJSON(w, http.StatusCreated, map[string]any{"session": token, "tier": tier, "method": "hmac", "notice": notice, "visitor_token": rand.Text(), "seq": f.seq})
}

func (f *fakeCountersign) record(action string, detail map[string]string) {
	f.entries = append([]auditEntry{{ID: rand.Text(), At: time.Now(), Action: action, Detail: detail}}, f.entries...)
}

func (f *fakeCountersign) with(next func(http.ResponseWriter, *http.Request, fakeSession)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		session, ok := f.sessions[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		if !ok {
			fakeProblem(w, http.StatusUnauthorized, "session_ended")
			return
		}
		next(w, r, session)
	}
}

func (f *fakeCountersign) endSession(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); !f.broken {
		f.denied[f.sessions[token].jwt] = true
		delete(f.sessions, token)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (f *fakeCountersign) list(w http.ResponseWriter, _ *http.Request, s fakeSession) {
	rows := []map[string]any{}
	for _, one := range slices.Backward(f.conversations) {
		if one.Contact == s.contact {
			rows = append(rows, map[string]any{"id": one.ID, "preview": one.Texts[len(one.Texts)-1].text})
		}
	}
	fakeJSON(w, http.StatusOK, map[string]any{"conversations": rows})
}

type fakePost struct {
	Text           string `json:"text"`
	ClientID       string `json:"client_id"`
	ConversationID string `json:"conversation_id"`
	ContactID      string `json:"contact_id"`
	UserID         string `json:"user_id"`
}

func (f *fakeCountersign) decodePost(w http.ResponseWriter, r *http.Request) (fakePost, bool) {
	var in fakePost
	err := json.NewDecoder(r.Body).Decode(&in)
	if err != nil || (!f.broken && in.ConversationID+in.ContactID+in.UserID != "") {
		fakeProblem(w, http.StatusBadRequest, "request_invalid")
		return in, false
	}
	return in, true
}

func (f *fakeCountersign) begin(w http.ResponseWriter, r *http.Request, s fakeSession) {
	in, ok := f.decodePost(w, r)
	if !ok {
		return
	}
	conversation := &fakeConversation{ID: "cnv_" + rand.Text(), Contact: s.contact}
	if in.ConversationID != "" {
		conversation = f.find(in.ConversationID)
	} else {
		f.conversations = append(f.conversations, conversation)
	}
	f.append(conversation, in.Text)
	fakeJSON(w, http.StatusCreated, map[string]any{"id": conversation.ID})
}

func (f *fakeCountersign) append(c *fakeConversation, text string) {
	f.seq++
	c.Texts = append(c.Texts, fakeText{f.seq, text})
}

func (f *fakeCountersign) find(id string) *fakeConversation {
	for _, one := range f.conversations {
		if one.ID == id {
			return one
		}
	}
	return nil
}

// owned answers 404 for what belongs to somebody else, unless broken.
func (f *fakeCountersign) owned(w http.ResponseWriter, r *http.Request, s fakeSession) *fakeConversation {
	conversation := f.find(r.PathValue("id"))
	if conversation == nil || (conversation.Contact != s.contact && !f.broken) {
		fakeProblem(w, http.StatusNotFound, "not_found")
		return nil
	}
	return conversation
}

func (f *fakeCountersign) read(w http.ResponseWriter, r *http.Request, s fakeSession) {
	if conversation := f.owned(w, r, s); conversation != nil {
		rows := []map[string]any{}
		for _, one := range conversation.Texts {
			rows = append(rows, fakeMessage(conversation, one))
		}
		fakeJSON(w, http.StatusOK, map[string]any{"id": conversation.ID, "messages": rows})
	}
}

func fakeMessage(c *fakeConversation, one fakeText) map[string]any {
	return map[string]any{"conversation_id": c.ID, "text": one.text, "author": map[string]any{"kind": "visitor"}}
}

func (f *fakeCountersign) post(w http.ResponseWriter, r *http.Request, s fakeSession) {
	conversation := f.owned(w, r, s)
	if conversation == nil {
		return
	}
	in, ok := f.decodePost(w, r)
	if !ok {
		return
	}
	if in.ConversationID != "" {
		conversation = f.find(in.ConversationID)
	}
	f.append(conversation, in.Text)
	fakeJSON(w, http.StatusCreated, fakeMessage(conversation, conversation.Texts[len(conversation.Texts)-1]))
}

func (f *fakeCountersign) act(w http.ResponseWriter, r *http.Request, s fakeSession) {
	if f.owned(w, r, s) != nil {
		w.WriteHeader(http.StatusNoContent)
	}
}

func (f *fakeCountersign) stream(w http.ResponseWriter, _ *http.Request, s fakeSession) {
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, ": open\n\n")
	for _, one := range f.conversations {
		for _, text := range one.Texts {
			if one.Contact == s.contact || f.broken {
				data, _ := json.Marshal(fakeMessage(one, text))
				fmt.Fprintf(w, "id: %d\nevent: message.created\ndata: %s\n\n", text.seq, data)
			}
		}
	}
}

func (f *fakeCountersign) audit(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+fakeAuditToken {
		fakeProblem(w, http.StatusForbidden, "forbidden")
		return
	}
	fakeJSON(w, http.StatusOK, map[string]any{"entries": f.entries[:min(50, len(f.entries))]})
}

func (f *fakeCountersign) framed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if !f.broken {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+f.frame)
	}
	fmt.Fprint(w, "<!doctype html>")
}

func newTestShop(t *testing.T, base string) *Shop {
	t.Helper()
	s, err := New(Config{
		Channel: fakeChannel, CountersignURL: base, Secret: Secret(fakeSecret),
		OtherChannel: fakeOtherChannel, OtherSecret: Secret(fakeOtherSecret),
		TokenSecret: Secret(fakeTokenSecret), PublicKey: fakePublicKey, AuditToken: fakeAuditToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.bench.pace = 0
	return s
}
