package face

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// file is one built file in the encodings that lie beside it.
type file struct {
	media  string
	tag    string // of the plain content; each encoding has its own
	plain  []byte
	brotli []byte // nil: none
	gzip   []byte
}

var mediaTypes = map[string]string{ // :: extension → media type
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".woff2": "font/woff2", ".png": "image/png", ".webp": "image/webp", ".mp3": "audio/mpeg", ".json": "application/json",
}

// readFiles takes v1.js and everything under assets. What has no media type of ours
// (a source map, a note) is not served.
func readFiles(assets fs.FS) (map[string]file, error) {
	files := map[string]file{}
	err := fs.WalkDir(assets, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		media := mediaTypes[path.Ext(name)]
		if media == "" || name != "v1.js" && path.Dir(name) != "assets" {
			return nil
		}
		f := file{media: media}
		if f.plain, err = fs.ReadFile(assets, name); err != nil {
			return err
		}
		if f.brotli, err = readTwin(assets, name+".br"); err != nil {
			return err
		}
		if f.gzip, err = readTwin(assets, name+".gz"); err != nil {
			return err
		}
		sum := sha256.Sum256(f.plain)
		f.tag = hex.EncodeToString(sum[:8])
		files[name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("face: read the built files: %w", err)
	}
	return files, nil
}

func readTwin(assets fs.FS, name string) ([]byte, error) {
	content, err := fs.ReadFile(assets, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	body, encoding := f.plain, ""
	accepted := r.Header.Get("Accept-Encoding")
	switch {
	case f.brotli != nil && accepts(accepted, "br"):
		body, encoding = f.brotli, "br"
	case f.gzip != nil && accepts(accepted, "gzip"):
		body, encoding = f.gzip, "gzip"
	}
	tag := `"` + f.tag + `"`
	h := w.Header()
	if encoding != "" {
		tag = `"` + f.tag + "-" + encoding + `"`
		h.Set("Content-Encoding", encoding)
	}
	h.Add("Vary", "Accept-Encoding")
	h.Set("ETag", tag)
	if knows(r.Header.Get("If-None-Match"), f.tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// accepts reads Accept-Encoding: the coding is named and not with q=0.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, said := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !said || err == nil && weight > 0
	}
	return false
}

// knows says whether a browser has this content in any encoding: a tag is 16
// characters of its digest.
func knows(header, tag string) bool { return header != "" && strings.Contains(header, tag) }
