package wire

import "time"

// File is what a message carries, or what waits to be sent with one. A picture has a
// width and a height and may be shown; without them it is a download.
type File struct {
	ID        string `json:"id"`
	Name      string `json:"name" doc:"Clean: one line, no folder, nothing that turns its direction."`
	MediaType string `json:"media_type" doc:"By its content. application/octet-stream for whatever a browser could run."`
	Size      int64  `json:"size" doc:"Bytes. A picture was made anew, so it may differ from what was sent."`
	Width     int    `json:"width,omitzero"`
	Height    int    `json:"height,omitzero"`
}

// FileLink is a capability: the one file, for whoever asked, for a minute at most, and
// not longer than the session that asked.
type FileLink struct {
	URL       string    `json:"url" doc:"A path on the origin that was asked."`
	ExpiresAt time.Time `json:"expires_at"`
}
