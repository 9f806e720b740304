package storage_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"catchment/internal/fakeaws/ministack"
	"catchment/internal/plan"
	"catchment/internal/warehouse/lake/storage"
)

// cloud is the AWS of this package's tests.
var cloud ministack.Server

func TestMain(m *testing.M) { ministack.Main(m, &cloud) }

// between may answer in the place of S3; it tells whether it did.
type between func(w http.ResponseWriter, r *http.Request) bool

// buckets are the files of a lake in a bucket of its own, and its address.
func buckets(t *testing.T, meddle between) (*storage.Buckets, string) {
	t.Helper()
	config := cloud.Config(t)
	pathStyle := func(o *s3.Options) { o.UsePathStyle = true }
	bucket := "lake-" + strings.ToLower(rand.Text())
	_, err := s3.NewFromConfig(config, pathStyle).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
	if _, made := errors.AsType[*types.BucketAlreadyOwnedByYou](err); err != nil && !made {
		t.Fatal(err)
	}
	if meddle != nil {
		to, err := url.Parse(*config.BaseEndpoint)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(to)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !meddle(w, r) {
				proxy.ServeHTTP(w, r)
			}
		}))
		t.Cleanup(server.Close)
		config.BaseEndpoint = &server.URL
	}
	at := "s3://" + bucket + "/lake"
	return storage.NewBuckets(s3.NewFromConfig(config, pathStyle), at), at
}

// TestObjects writes objects of many sizes, in one piece and in parts, and reads them whole, in order and in ranges
// anywhere.
func TestObjects(t *testing.T) {
	b, at := buckets(t, nil)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := mathrand.New(mathrand.NewPCG(seed, 1))
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3 << 20, 8 << 20, 17<<20 + 5} {
		text := make([]byte, size)
		for i := range text {
			text[i] = byte(chance.Uint32())
		}
		name := at + "/data/" + rand.Text()
		w, err := b.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		half := size / 2
		_, err = w.Write(text[:half])
		_, rerr := w.ReadFrom(bytes.NewReader(text[half:]))
		if err := errors.Join(err, rerr, w.Close()); err != nil {
			t.Fatal(err)
		}
		whole, err := b.ReadFile(name)
		if err != nil || !bytes.Equal(whole, text) {
			t.Errorf("%d bytes are read as %d, %v", size, len(whole), err)
		}
		f, err := b.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if size < 2 { // it asks for each byte by itself
			if err := iotest.TestReader(io.NewSectionReader(f, 0, int64(size)), text); err != nil {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
		inOrder, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(inOrder, text) {
			t.Errorf("%d bytes are read on as %d, %v", size, len(inOrder), err)
		}
		for range 20 {
			from := chance.IntN(size + 1)
			to := from + chance.IntN(size-from+1)
			p := make([]byte, to-from)
			if n, err := f.ReadAt(p, int64(from)); err != nil && err != io.EOF || !bytes.Equal(p[:n], text[from:to]) {
				t.Errorf("bytes %d to %d of %d: %d, %v", from, to, size, n, err)
			}
		}
		if end, err := f.Seek(0, io.SeekEnd); err != nil || end != int64(size) {
			t.Errorf("ends at %d of %d, %v", end, size, err)
		}
	}
}

// TestListedObjects lists what is there, and deletes it.
func TestListedObjects(t *testing.T) {
	b, at := buckets(t, nil)
	var names []string
	for _, name := range []string{"a", "b/c", "b/d"} {
		names = append(names, at+"/t/"+name)
	}
	for _, name := range append(names, at+"/tt") {
		if err := b.WriteFile(name, []byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	var walked []string
	err := b.WalkDir(at+"/t", func(path string, d fs.DirEntry, err error) error {
		info, ierr := d.Info()
		if info.Size() != 4 || time.Since(info.ModTime()) > time.Hour {
			t.Errorf("%s has %d bytes, of %s", path, info.Size(), info.ModTime())
		}
		walked = append(walked, path)
		return errors.Join(err, ierr)
	})
	if err != nil || !slices.Equal(walked, names) {
		t.Errorf("%q, %v", walked, err)
	}
	deleted, err := b.DeleteFiles(t.Context(), append(names, at+"/never", "s3://another-bucket/key"))
	if len(deleted) != 4 || err == nil {
		t.Errorf("%q, %v", deleted, err)
	}
	for _, name := range names {
		if _, err := b.Open(name); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Stat(at + "/tt"); err != nil {
		t.Error(err)
	}
}

// TestBusyS3 slows down a write and a read, and breaks the first bytes off.
func TestBusyS3(t *testing.T) {
	var calls, broken atomic.Int64
	b, at := buckets(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch n := calls.Add(1); {
		case n == 1, n == 3:
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>")
			return true
		case r.Method == http.MethodGet && broken.Add(1) == 1:
			w.Header().Set("Content-Length", "70000")
			w.Header().Set("Content-Range", "bytes 0-69999/70000")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}
		return false
	})
	text := bytes.Repeat([]byte("catchment "), 7000)
	if err := b.WriteFile(at+"/1", text); err != nil {
		t.Fatal(err)
	}
	got, err := b.ReadFile(at + "/1")
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if n := broken.Load(); n < 2 {
		t.Errorf("asked %d times", n)
	}
}

// TestReplacedObject isn't read on: its bytes would be of two files.
func TestReplacedObject(t *testing.T) {
	b, at := buckets(t, nil)
	if err := b.WriteFile(at+"/1", make([]byte, 200_000)); err != nil {
		t.Fatal(err)
	}
	f, err := b.Open(at + "/1")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteFile(at+"/1", bytes.Repeat([]byte("x"), 200_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(make([]byte, 10), 0); err == nil || !strings.Contains(err.Error(), "replaced") ||
		plan.ClassOf(err) != plan.Retry {
		t.Errorf("%v", err)
	}
}

// TestObjectThatFails leaves nothing of an object whose source fails, and names bucket and key of one that S3
// refuses.
func TestObjectThatFails(t *testing.T) {
	var refuses atomic.Bool
	b, at := buckets(t, func(w http.ResponseWriter, r *http.Request) bool {
		if !refuses.Load() {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
		return true
	})
	for _, size := range []int{10, 9 << 20} {
		w, err := b.Create(at + "/1")
		if err != nil {
			t.Fatal(err)
		}
		broken := errors.New("broken")
		_, err = w.ReadFrom(io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || !errors.Is(w.Close(), broken) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if _, err := b.Stat(at + "/1"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d bytes: it is there, %v", size, err)
		}
	}
	refuses.Store(true)
	key := strings.TrimPrefix(at, "s3://") + "/1"
	_, rerr := b.Open(at + "/1")
	werr, derr := b.WriteFile(at+"/1", nil), b.Remove(at+"/1")
	for verb, err := range map[string]error{"read": rerr, "write": werr, "remove": derr} {
		if err == nil || !strings.Contains(err.Error(), key) || plan.ClassOf(err) != plan.Fix {
			t.Errorf("%s: %v, of class %s", verb, err, plan.ClassOf(err))
		}
	}
}

// TestForeignAddresses are read and written by nobody, whatever a catalog says.
func TestForeignAddresses(t *testing.T) {
	b := storage.NewBuckets(s3.New(s3.Options{Region: "eu-west-1"}), "s3://bucket/lake")
	for _, name := range []string{"file:///etc/passwd", "/etc/passwd", "gs://bucket/lake/1", "s3://other/lake/1",
		"s3://bucket/lakes/1", "s3://bucket/lake/../1", "s3://Bucket/lake/1", "s3://example.com:80/lake/1", "s3://"} {
		_, rerr := b.Open(name)
		_, serr := b.Stat(name)
		_, werr := b.Create(name)
		for _, err := range []error{rerr, serr, werr, b.Remove(name), b.WalkDir(name, nil)} {
			if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestLentCredentials are used where a catalog lends some, but never at an endpoint of its choice.
func TestLentCredentials(t *testing.T) {
	var last atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last.Store(r.Header.Get("Authorization") + " " + r.Header.Get("X-Amz-Security-Token"))
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	b := storage.NewBuckets(s3.New(s3.Options{Region: "eu-west-1", BaseEndpoint: &server.URL, UsePathStyle: true}), "")
	lent := b.Lent(map[string]string{icebergio.S3AccessKeyID: "LENT", icebergio.S3SecretAccessKey: "secret",
		icebergio.S3SessionToken: "token", icebergio.S3ClientRegion: "us-west-2",
		icebergio.S3EndpointURL: "http://127.0.0.1:1"})
	if _, err := lent.Stat("s3://bucket/1"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	said := last.Load().(string)
	if !strings.Contains(said, "Credential=LENT/") || !strings.Contains(said, "/us-west-2/s3/") ||
		!strings.HasSuffix(said, " token") {
		t.Errorf("%s", said)
	}
	if b.Lent(map[string]string{icebergio.S3EndpointURL: "http://127.0.0.1:1"}) != b {
		t.Error("an endpoint alone changes something")
	}
	odd := b.Lent(map[string]string{icebergio.S3AccessKeyID: "LENT", icebergio.S3SecretAccessKey: "secret",
		icebergio.S3ClientRegion: "evil.example.com/#"})
	if _, err := odd.Stat("s3://bucket/1"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if said := last.Load().(string); !strings.Contains(said, "/eu-west-1/s3/") {
		t.Errorf("%s", said)
	}
}
