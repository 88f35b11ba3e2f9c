package files

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mediaJPEG  = "image/jpeg"
	mediaPNG   = "image/png"
	mediaGIF   = "image/gif"
	mediaWebP  = "image/webp"
	mediaBytes = "application/octet-stream"
	mediaText  = "text/plain; charset=utf-8"
)

// downloads are the kinds that a download is called by. Whatever else a file is, above
// all what a browser would run (HTML, SVG, XML), it is only bytes.
var downloads = map[string]bool{
	"application/pdf": true, "application/zip": true, "application/x-gzip": true,
	"audio/mpeg": true, "audio/wave": true, "audio/aiff": true, "application/ogg": true,
	"video/mp4": true, "video/webm": true, "video/avi": true,
}

// headBytes are looked at to tell one kind from another.
const headBytes = 4 << 10

// raster says which kind of picture begins like this; empty for none.
func raster(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return mediaJPEG
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return mediaPNG
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return mediaGIF
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return mediaWebP
	}
	return ""
}

// kindOf is what a download is called by, from how it begins.
func kindOf(head []byte) string {
	kind := http.DetectContentType(head)
	if downloads[kind] {
		return kind
	}
	if strings.HasPrefix(kind, "text/plain") && plain(head) {
		return mediaText
	}
	return mediaBytes
}

// plain says whether bytes are text that holds no markup: what is called text is opened
// as text, and some programs look for themselves.
func plain(head []byte) bool {
	for tail := 0; tail < utf8.UTFMax && !utf8.Valid(head); tail++ { // the head may end within a character
		if head = head[:max(len(head)-1, 0)]; len(head) == 0 {
			return false
		}
	}
	text := string(head)
	return utf8.ValidString(text) && !strings.ContainsRune(text, '<') &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' })
}

func headOf(f *os.File) ([]byte, error) {
	head := make([]byte, headBytes)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF { //nolint:errorlint // ReadAt's own, unwrapped by contract
		return nil, fmt.Errorf("files: %w", err)
	}
	return head[:n], nil
}

// recognise says what a file that is no picture is called by.
func recognise(f *os.File) (string, error) {
	head, err := headOf(f)
	if err != nil {
		return "", err
	}
	return kindOf(head), nil
}
