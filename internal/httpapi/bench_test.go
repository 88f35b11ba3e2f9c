package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"countersign/internal/httpapi/wire"
)

// What the floor adds to a call: compare post with bare.
func BenchmarkCall(b *testing.B) {
	const body = `{"text":"Where is my order? It was to arrive yesterday.","client_id":"0f8fad5b-d9cb-469f-a165-70867728950e"}`
	answer := wire.Message{ID: "msg_0123456789", ConversationID: "cnv_0123456789", Seq: 12345, Text: "Where is my order?"}
	f := New(Options{})
	Handle(f, Anyone(), Route{Method: "POST", Path: "/x/{id}/messages", ID: "x", Hidden: true},
		func(context.Context, *Call[wire.None], wire.PostMessage) (wire.Message, error) { return answer, nil })
	bare := http.NewServeMux()
	bare.HandleFunc("POST /x/{id}/messages", func(w http.ResponseWriter, r *http.Request) {
		var in wire.PostMessage
		raw, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(raw, &in)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})
	for name, handler := range map[string]http.Handler{"floor": f, "bare": bare} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/x/cnv_1/messages", strings.NewReader(body))
				r.Header["Content-Type"] = []string{"application/json"}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
