package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 256 << 10

// client speaks Countersign's public HTTP interface, as anybody outside can.
type client struct {
	base string
	http *http.Client
}

func newClient(base *url.URL) client {
	return client{
		base: base.String(),
		http: &http.Client{
			Timeout: 10 * time.Second,
			// A redirect is an answer to look at, not one to follow with a token in hand.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// call is one request. Bearer is a session or an API token.
type call struct {
	Method  string
	Path    string
	Bearer  string
	Body    any // JSON; nil sends none
	Headers http.Header
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

func (a answer) ok() bool { return a.Status >= 200 && a.Status < 300 }

// decode reads the body as JSON; whatever is not there stays zero.
func (a answer) decode(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("answer %d is not the JSON expected: %w", a.Status, err)
	}
	return nil
}

// problem is the stable code of a refusal.
func (a answer) problem() string {
	var body struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.Body, &body)
	return body.Code
}

func (c client) request(ctx context.Context, one call) (*http.Request, error) {
	var body io.Reader
	if one.Body != nil {
		encoded, err := json.Marshal(one.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, one.Method, c.base+one.Path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range one.Headers {
		request.Header[name] = values
	}
	if one.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if one.Bearer != "" {
		request.Header.Set("Authorization", "Bearer "+one.Bearer)
	}
	return request, nil
}

func (c client) do(ctx context.Context, one call) (answer, error) {
	request, err := c.request(ctx, one)
	if err != nil {
		return answer{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", one.Method, one.Path, err)
	}
	return answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// listen reads a stream of events for as long as patience lasts, or until it ends.
func (c client) listen(ctx context.Context, one call, patience time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := c.request(ctx, one)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	heard := answer{Status: response.StatusCode, Header: response.Header}
	// A stream has no end of its own: running out of patience is the expected one.
	heard.Body, _ = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return heard, nil
}

// The shapes of the public interface that the shop reads.
type (
	openedSession struct {
		Session string `json:"session"`
		Tier    string `json:"tier"`
		Method  string `json:"method"`
	}
	conversationRow struct {
		ID      string `json:"id"`
		Preview string `json:"preview"`
	}
	conversationList struct {
		Conversations []conversationRow `json:"conversations"`
	}
	messageRow struct {
		Conversation string `json:"conversation_id"`
		Text         string `json:"text"`
		Author       struct {
			Kind string `json:"kind"`
		} `json:"author"`
	}
	messageList struct {
		Messages []messageRow `json:"messages"`
	}
)

const (
	sessionsPath      = "/api/v1/widget/sessions"
	currentPath       = sessionsPath + "/current"
	conversationsPath = "/api/v1/widget/conversations"
	streamPath        = "/api/v1/widget/stream"
	auditPath         = "/api/v1/audit"
)

func conversationPath(id string) string { return conversationsPath + "/" + url.PathEscape(id) }
func messagesPath(id string) string     { return conversationPath(id) + "/messages" }

// opening is the body that opens a session.
type opening struct {
	Channel   string `json:"channel"`
	Platform  string `json:"platform"`
	Origin    string `json:"origin,omitempty"` // of the page that the visitor is on
	Assertion any    `json:"assertion,omitempty"`
}

// openAs opens a session with an honest proof for a customer.
func (s *Shop) openAs(ctx context.Context, customer Customer) (openedSession, error) {
	return s.open(ctx, map[string]any{
		"user_id": customer.ID, "email": customer.Email, "name": customer.Name,
		"hash": userHash(s.config.Secret, customer.ID),
	})
}

// open opens a session with whatever assertion is given; a refusal is a refusedError.
func (s *Shop) open(ctx context.Context, assertion any) (openedSession, error) {
	got, err := s.client.do(ctx, call{
		Method: http.MethodPost, Path: sessionsPath,
		Body: opening{Channel: s.config.Channel, Platform: "web", Origin: s.site, Assertion: assertion},
	})
	if err != nil {
		return openedSession{}, err
	}
	if !got.ok() {
		return openedSession{}, refusedError{got.Status, got.problem()}
	}
	var session openedSession
	err = got.decode(&session)
	return session, err
}

// readOpened is the session in an answer; false if the answer holds none.
func readOpened(got answer) (openedSession, bool) {
	var session openedSession
	if !got.ok() || got.decode(&session) != nil {
		return openedSession{}, false
	}
	return session, session.Session != ""
}

// refusedError is an answer that was not a yes.
type refusedError struct {
	status int
	code   string
}

func (e refusedError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("Countersign answered %d %s", e.status, e.code))
}

func (s *Shop) conversations(ctx context.Context, session string) ([]conversationRow, error) {
	got, err := s.client.do(ctx, call{Method: http.MethodGet, Path: conversationsPath, Bearer: session})
	if err != nil {
		return nil, err
	}
	if !got.ok() {
		return nil, refusedError{got.Status, got.problem()}
	}
	var list conversationList
	err = got.decode(&list)
	return list.Conversations, err
}

// write begins a conversation with the first text and adds the others.
func (s *Shop) write(ctx context.Context, session, label string, texts []string) (conversation string, err error) {
	for i, text := range texts {
		body := map[string]any{"text": text, "client_id": fmt.Sprintf("%s-%d", label, i+1)}
		path := conversationsPath
		if i > 0 {
			path = messagesPath(conversation)
		}
		got, err := s.client.do(ctx, call{Method: http.MethodPost, Path: path, Bearer: session, Body: body})
		if err != nil {
			return conversation, err
		}
		if !got.ok() {
			return conversation, refusedError{got.Status, got.problem()}
		}
		if i == 0 {
			var begun conversationRow
			if err := got.decode(&begun); err != nil {
				return "", err
			}
			conversation = begun.ID
		}
	}
	return conversation, nil
}

// awaitCountersign asks until the channel answers.
func (s *Shop) awaitCountersign(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	path := "/api/v1/widget/channels/" + url.PathEscape(s.config.Channel)
	for {
		got, err := s.client.do(ctx, call{Method: http.MethodGet, Path: path})
		if err == nil && got.ok() {
			return nil
		}
		if err == nil {
			err = refusedError{got.Status, got.problem()}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not know the channel %q yet: %w", s.client.base, s.config.Channel, err)
		case <-ticker.C:
		}
	}
}
