package files

import (
	"bytes"
	"context"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"countersign/internal/chat"
)

// names are what senders have called files.
var names = []string{
	"", ".", "..", "a", "a.txt", "../../etc/passwd", `..\..\boot.ini`, "C:\\x\\y.png", "photo\u202egnp.exe", "a\u200bb\u2066.pdf", "a\r\nSet-Cookie: x=1", "a\x00b",
	`a"; filename="b.html`, "CON", "con.txt", "LPT1.log", ".htaccess", "a.exe. . .", "<img src=x>", "%2e%2e%2f", "a|b?c*d", "\xff\xfe", "ä\u0308.txt", "日本語.jpg",
	strings.Repeat("a", 500), strings.Repeat("日", 300) + ".pdf", "a." + strings.Repeat("b", 50), " . ", "....jpg", "\u2028", "nul.tar.gz", "-rf", "~root", "$(reboot)", "a b  c.txt",
}

func FuzzNames(f *testing.F) {
	for i, name := range names {
		f.Add(name, i%4)
	}
	if len(names) < 30 {
		f.Fatalf("only %d seeds", len(names))
	}
	kinds := []string{mediaJPEG, mediaPNG, mediaGIF, mediaBytes}
	f.Fuzz(func(t *testing.T, name string, kind int) {
		media := kinds[(kind%4+4)%4]
		picture := media != mediaBytes
		got := CleanName(name, media, picture)
		switch {
		case got == "" || len(got) > maxNameBytes+1 || !utf8.ValidString(got):
			t.Errorf("%q becomes %q", name, got)
		case strings.ContainsAny(got, "/\\\"<>:|?*\x00\r\n\t") || got[0] == '.' || got[0] == ' ' || strings.HasSuffix(got, ".") || strings.HasSuffix(got, " "):
			t.Errorf("%q becomes %q", name, got)
		case strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf) }):
			t.Errorf("%q becomes %q, which turns or hides", name, got)
		case picture && !endsAs(filepath.Ext(got), media):
			t.Errorf("%q is called %q, and is %s", name, got, media)
		case CleanName(got, media, picture) != got:
			t.Errorf("%q becomes %q, and that %q", name, got, CleanName(got, media, picture))
		}
	})
}

// beginnings are files that look like more than they are, or less.
func beginnings() [][]byte {
	still, moving, photo := pngOf(painting(9, 7, true)), gifOf(2), jpegOf(painting(16, 16, true))
	return [][]byte{
		still, moving, photo, declared(1<<31, 1), declared(0, 5), declared(20_000, 20_000), still[:20], moving[:20], photo[:20], photo[:len(photo)/2], moving[:len(moving)-9],
		append(bytes.Clone(moving), "<script>"...), []byte("GIF89a"), []byte("GIF89a=1/*<script>*/"), []byte("\xff\xd8\xff"), []byte("\xff\xd8\xff\xe1\x00\x02"), []byte("\xff\xd8\xff\xe1\x00\x00"),
		[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), []byte("RIFF\xff\xff\xff\xffWEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"), []byte("\x89PNG\r\n\x1a\n"),
		[]byte("<html>"), []byte("<?xml version='1.0'?><svg/>"), []byte("%PDF-1.4"), []byte("MZ"), []byte("PK\x03\x04"), []byte("#!/bin/sh\n"), []byte("plain"), {0}, []byte("\xef\xbb\xbf<html>"),
	}
}

// FuzzFiles: whatever comes, what is shown is a picture that we wrote, of the size that we say.
func FuzzFiles(f *testing.F) {
	seeds := beginnings()
	if len(seeds) < 25 {
		f.Fatalf("only %d seeds", len(seeds))
	}
	for _, data := range seeds {
		f.Add(data)
	}
	shelf := OnDisk(filepath.Join(f.TempDir(), "files"))
	shelf.room = func(string) (uint64, bool) { return 0, false }
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip("large files are slow, and of these there are others")
		}
		taken, err := take(shelf, context.Background(), anID, "x", bytes.NewReader(data), 1<<16)
		if err != nil {
			return // refused: nothing of it is kept, see TestWhatIsNotTakenLeavesNothing
		}
		kept := read(t, shelf, anID, false)
		shown := chat.FileBody{Width: taken.Width, Height: taken.Height}.Picture()
		switch {
		case !shown && (strings.HasPrefix(taken.MediaType, "image/") || strings.HasPrefix(taken.MediaType, "text/html") || !bytes.Equal(kept, data)):
			t.Errorf("a download is called %s, and kept %v", taken.MediaType, bytes.Equal(kept, data))
		case shown:
			config, _, err := image.DecodeConfig(bytes.NewReader(kept))
			if err != nil || config.Width != taken.Width || config.Height != taken.Height || int64(len(kept)) != taken.Size {
				t.Errorf("it is said to be %+v and is %dx%d, %v", taken, config.Width, config.Height, err)
			}
		}
		must(t, shelf.Drop(context.Background(), anID))
		if left, _ := os.ReadDir(shelf.spool); len(left) > 0 {
			t.Errorf("%d files are left in the spool", len(left))
		}
	})
}
