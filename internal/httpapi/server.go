package httpapi

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer is an http.Server with the limits that a public listener needs.
// Streams lift the two body deadlines for themselves, write by write.
func NewServer(f *Floor) *http.Server {
	server := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		// What net/http has to say is about strangers' handshakes and broken pipes.
		ErrorLog: slog.NewLogLogger(f.log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(f.Drain)
	return server
}
