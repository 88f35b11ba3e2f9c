package httpapi

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"countersign/internal/httpapi/wire"
)

// problem is the body of an answer that refuses.
func (f *Floor) problem(answer *Error, requestID string) wire.Problem {
	e := entryOf(answer.Code)
	p := wire.Problem{
		Type: f.base + "/api/docs#" + string(e.Code), Title: e.Title, Status: e.Status,
		Code: string(e.Code), Detail: e.Detail, RequestID: requestID,
	}
	if answer.Status != 0 {
		p.Status = answer.Status
	}
	if answer.Detail != "" {
		p.Detail = answer.Detail
	}
	return p
}

// Refuse answers a request with the problem that err stands for.
func (f *Floor) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	answer := answerTo(err)
	x := exchangeOf(r.Context())
	x.failed = answer
	if x.written {
		return // a stream that broke: its status went out long ago
	}
	p := f.problem(answer, x.id)
	media, spelled := "application/problem+json", any(p)
	if x.spell != nil {
		media = "application/json"
		p.Status, spelled = x.spell(p)
	}
	body, err := json.Marshal(spelled)
	if err != nil {
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Encoding")
	h.Del("Etag")
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests:
		h.Set("Retry-After", "60")
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) //nolint:gosec // JSON by its type, with nosniff
}
