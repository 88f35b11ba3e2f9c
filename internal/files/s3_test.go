package files

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/internal/chat"
)

// bucketServer speaks as much S3 as we use, for one bucket: objects by PUT, GET, HEAD and
// DELETE, and the list. It asks that every request is signed by the key that it knows,
// as far as that is said in clear.
type bucketServer struct {
	mu      sync.Mutex
	objects map[string][]byte
	fails   int // as many of the next writes break off
}

func (b *bucketServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKID/") || !strings.Contains(r.Header.Get("Authorization"), "/eu-test-1/s3/") {
		refuse(w, 403, "AccessDenied")
		return
	}
	key, inside := strings.CutPrefix(r.URL.Path, "/shelf/")
	switch {
	case !inside:
		refuse(w, 404, "NoSuchBucket")
	case key == "" && r.Method == "GET":
		b.list(w, r.URL.Query().Get("prefix"))
	case r.Method == "PUT" && b.fails > 0:
		b.fails--
		refuse(w, 507, "InsufficientStorage")
	case r.Method == "PUT":
		data, err := unchunked(r)
		if err != nil {
			refuse(w, 400, "IncompleteBody")
			return
		}
		b.objects[key] = data
		w.Header().Set("ETag", `"x"`)
	case r.Method == "DELETE":
		delete(b.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		data, there := b.objects[key]
		if !there {
			refuse(w, 404, "NoSuchKey")
			return
		}
		w.Header().Set("ETag", `"x"`)
		http.ServeContent(w, r, "", time.Now(), bytes.NewReader(data))
	}
}

func (b *bucketServer) list(w http.ResponseWriter, prefix string) {
	var out strings.Builder
	for key, data := range b.objects {
		if strings.HasPrefix(key, prefix) {
			fmt.Fprintf(&out, "<Contents><Key>%s</Key><LastModified>%s</LastModified><Size>%d</Size><ETag>x</ETag></Contents>", key, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), len(data))
		}
	}
	fmt.Fprintf(w, "<ListBucketResult><Name>shelf</Name><IsTruncated>false</IsTruncated>%s</ListBucketResult>", out.String())
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}

// unchunked reads a body that is signed piece by piece.
func unchunked(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return io.ReadAll(r.Body)
	}
	var out []byte
	body := bufio.NewReader(r.Body)
	for {
		line, err := body.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil || n == 0 {
			return out, err
		}
		piece := make([]byte, n+2)
		if _, err := io.ReadFull(body, piece); err != nil {
			return nil, err
		}
		out = append(out, piece[:n]...)
	}
}

func inBucket(t *testing.T, change func(*Bucket)) (*Shelf, *bucketServer, string) {
	t.Helper()
	server := &bucketServer{objects: map[string][]byte{}}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	b := Bucket{Endpoint: web.URL, Name: "shelf", Region: "eu-test-1", Prefix: "countersign/", AccessKey: "AKID", SecretKey: "secret", Spool: filepath.Join(t.TempDir(), "incoming")}
	if change != nil {
		change(&b)
	}
	s, err := InBucket(b)
	must(t, err)
	return s, server, b.Spool
}

func TestABucketKeepsDropsAndListsFiles(t *testing.T) {
	s, server, spool := inBucket(t, nil)
	server.objects["somebody else's"] = []byte("x")
	shelves(t, s)
	if len(server.objects) != 1 || count(spool) != 0 {
		t.Errorf("the bucket keeps %d, the spool %d", len(server.objects), count(spool))
	}
}

func TestABucketThatTakesNothingLeavesNothing(t *testing.T) {
	s, server, spool := inBucket(t, nil)
	server.fails = 100
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if _, err := take(s, ctx, anID, "x", bytes.NewReader(pngOf(painting(700, 700, true))), limit); err == nil || errors.Is(err, chat.ErrFileRefused) {
		t.Errorf("%v", err)
	}
	if len(server.objects) != 0 || count(spool) != 0 {
		t.Errorf("the bucket keeps %d, the spool %d", len(server.objects), count(spool))
	}
}

func TestADoctorSeesABucketThatIsNotThereOrNotOurs(t *testing.T) {
	for name, change := range map[string]func(*Bucket){
		"no such bucket": func(b *Bucket) { b.Name = "elsewhere" },
		"another's key":  func(b *Bucket) { b.AccessKey = "OTHER" },
	} {
		s, _, _ := inBucket(t, change)
		if where, _, err := s.Check(context.Background()); err == nil || strings.Contains(err.Error()+where, "secret") {
			t.Errorf("%s: %q %v", name, where, err)
		}
	}
	for _, endpoint := range []string{"", "s3.example.com", "ftp://s3.example.com", "https://user:password@s3.example.com", "https://s3.example.com/bucket", "https://s3.example.com?x=1"} {
		if _, err := InBucket(Bucket{Endpoint: endpoint, Name: "shelf"}); err == nil || strings.Contains(err.Error(), "password") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
