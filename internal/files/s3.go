package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"countersign/internal/chat"
)

// Bucket says where an S3-speaking server keeps files.
type Bucket struct {
	Endpoint  string // http(s)://host[:port]
	Name      string
	Region    string
	Prefix    string // of every key, with its slash if it wants one
	AccessKey string
	SecretKey string
	Spool     string // local directory of what is still coming in; it holds nothing that must last
}

// s3 is a bucket. Its address stands in the server's configuration, as the database's
// does: nobody enters it anywhere else, so internal/egress has no part in it.
type s3 struct {
	client *minio.Client
	bucket Bucket
}

// InBucket keeps files in a bucket, which must be there. It speaks to nobody yet.
func InBucket(b Bucket) (*Shelf, error) {
	at, err := url.Parse(b.Endpoint)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" || strings.Trim(at.Path, "/") != "" || at.User != nil || at.RawQuery != "" {
		return nil, errors.New("s3-endpoint: is not http(s)://host[:port] alone")
	}
	transport, err := minio.DefaultTransport(at.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("s3-endpoint: %w", err)
	}
	transport.Proxy = nil // the configuration says whom we call; a variable of the environment does not
	client, err := minio.New(at.Host, &minio.Options{
		Creds: credentials.NewStaticV4(b.AccessKey, b.SecretKey, ""), Secure: at.Scheme == "https", Region: b.Region, Transport: transport,
		BucketLookup: minio.BucketLookupAuto, MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	if b.Spool == "" {
		b.Spool = filepath.Join(os.TempDir(), "countersign-incoming")
	}
	return newShelf(&s3{client, b}, b.Spool), nil
}

func (s *s3) key(key string) string { return s.bucket.Prefix + key }

func (s *s3) Put(ctx context.Context, key, path, mediaType string) error {
	_, err := s.client.FPutObject(ctx, s.bucket.Name, s.key(key), path, minio.PutObjectOptions{ContentType: mediaType, DisableMultipart: true})
	if err != nil {
		return fmt.Errorf("files: put to s3: %w", err)
	}
	return nil
}

func (s *s3) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	object, err := s.client.GetObject(ctx, s.bucket.Name, s.key(key), minio.GetObjectOptions{})
	if err == nil {
		if _, err = object.Stat(); err == nil {
			return object, nil
		}
		_ = object.Close()
	}
	if isMissing(err) {
		return nil, chat.ErrNotFound
	}
	return nil, fmt.Errorf("files: get from s3: %w", err)
}

func isMissing(err error) bool {
	answer := minio.ToErrorResponse(err)
	return answer.Code == minio.NoSuchKey || answer.StatusCode == http.StatusNotFound && answer.Code != minio.NoSuchBucket
}

func (s *s3) Remove(ctx context.Context, key string) error {
	err := s.client.RemoveObject(ctx, s.bucket.Name, s.key(key), minio.RemoveObjectOptions{})
	if err != nil && !isMissing(err) {
		return fmt.Errorf("files: remove from s3: %w", err)
	}
	return nil
}

func (s *s3) Each(ctx context.Context, visit func(key string, since time.Time) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // ends the listing when a visitor has enough
	for object := range s.client.ListObjects(ctx, s.bucket.Name, minio.ListObjectsOptions{Prefix: s.bucket.Prefix, Recursive: true}) {
		if object.Err != nil {
			return fmt.Errorf("files: list s3: %w", object.Err)
		}
		if err := visit(strings.TrimPrefix(object.Key, s.bucket.Prefix), object.LastModified); err != nil {
			return err
		}
	}
	return nil
}

// probe is written and removed by Check; idOf knows it for no file.
const probe = "probe"

func (s *s3) Check(ctx context.Context) (string, error) {
	where := "the bucket " + s.bucket.Name + " at " + s.bucket.Endpoint
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	const text = "written and removed again to see whether files can be kept\n"
	if _, err := s.client.PutObject(ctx, s.bucket.Name, s.key(probe), strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{}); err != nil {
		return where, err
	}
	return where, s.Remove(ctx, probe)
}
