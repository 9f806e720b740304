package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"catchment/internal/blob"
	"catchment/internal/blob/blobtest"
	"catchment/internal/fakeaws/ministack"
	"catchment/internal/plan"
)

// cloud is the AWS of this package's tests.
var cloud ministack.Server

func TestMain(m *testing.M) { ministack.Main(m, &cloud, &strict) }

// between may answer in the place of S3; it tells whether it did.
type between func(w http.ResponseWriter, r *http.Request) bool

// client makes an empty bucket "pages".
func client(t *testing.T, meddle between) (c *s3.Client, bucket string) {
	t.Helper()
	config := cloud.Config(t)
	pathStyle := func(o *s3.Options) { o.UsePathStyle = true }
	bucket = "pages-" + strings.ToLower(rand.Text())
	_, err := s3.NewFromConfig(config, pathStyle).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
	// The SDK repeats a call whose answer was lost, and nobody else makes a bucket
	// of this name.
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
	return s3.NewFromConfig(config, pathStyle), bucket
}

// open opens a place of an empty bucket, whose name is the place's %s.
func open(t *testing.T, place string, meddle between) *Store {
	t.Helper()
	c, bucket := client(t, meddle)
	s, err := New(c, fmt.Sprintf(place, bucket))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	for name, place := range map[string]string{"bucket": "%s", "prefix": "//%s/some/where/"} {
		t.Run(name, func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, place, nil) })
		})
	}
}

// The same contract where every blob of more than 500 bytes goes up in parts.
func TestStoreInParts(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		s := open(t, "%s", nil)
		s.partSize = 500
		return s
	})
}

// A page of several parts comes back as it was, and none of what breaks an
// upload leaves any of it behind.
func TestParts(t *testing.T) {
	s := open(t, "%s/p", nil)
	s.partSize = 5 << 20 // S3's least
	page := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	info, err := s.Put(t.Context(), "large.csv", bytes.NewReader(page))
	if err != nil || info.Size != int64(len(page)) {
		t.Fatalf("%+v, %v", info, err)
	}
	r, err := s.Open(t.Context(), "large.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, page) {
		t.Errorf("%d bytes come back, %v", len(got), err)
	}
	broken := errors.New("line is down")
	half := io.MultiReader(bytes.NewReader(page[:7<<20]), failing{broken})
	if _, err := s.Put(t.Context(), "half.csv", half); !errors.Is(err, broken) {
		t.Errorf("put from a broken reader: %v", err)
	}
	left, err := s.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &s.bucket})
	if err != nil || len(left.Uploads) > 0 {
		t.Errorf("%d uploads are left, %v", len(left.Uploads), err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestWhereIsAnAddress(t *testing.T) {
	s := open(t, "//%s/some/where", nil)
	path, url := s.Where("a/b.csv")
	if path != "" || url != "s3://"+s.bucket+"/some/where/a/b.csv" {
		t.Errorf("%q, %q", path, url)
	}
}

func TestPlaces(t *testing.T) {
	for _, place := range []string{"", "//", "/prefix", "b/../c", "b/a b"} {
		if _, err := New(nil, place); plan.ClassOf(err) != plan.Fix {
			t.Errorf("%q: %v", place, err)
		}
	}
}

// refuse answers every put with an S3 error.
func refuse(status int, code string, calls *atomic.Int64) between {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || strings.Count(r.URL.Path, "/") < 2 {
			return false
		}
		calls.Add(1)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		io.WriteString(w, `<Error><Code>`+code+`</Code><Message>no</Message></Error>`)
		return true
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		class  plan.Class
		hint   string
	}{
		{http.StatusForbidden, "AccessDenied", plan.Fix, "allow the role s3:PutObject on arn:aws:s3:::pages-"},
		{http.StatusServiceUnavailable, "SlowDown", plan.Retry, "fewer calls"},
		{http.StatusInternalServerError, "InternalError", plan.Retry, ""},
		{http.StatusNotFound, "NoSuchBucket", plan.Fix, "make arn:aws:s3:::pages-"},
		{http.StatusConflict, "ConditionalRequestConflict", plan.Retry, ""},
	} {
		var calls atomic.Int64
		s := open(t, "%s", refuse(c.status, c.code, &calls))
		_, err := s.Put(t.Context(), "k", strings.NewReader("x"))
		if plan.ClassOf(err) != c.class || !strings.Contains(plan.HintOf(err), c.hint) || calls.Load() == 0 {
			t.Errorf("%s: %v, class %s, hint %q", c.code, err, plan.ClassOf(err), plan.HintOf(err))
		}
		if errors.Is(err, blob.ErrExists) {
			t.Errorf("%s reads as a blob that is there", c.code)
		}
	}
}

// Half of a page must not look like a whole one.
func TestBodyThatBreaks(t *testing.T) {
	s := open(t, "%s", func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "only this")
		return true
	})
	r, err := s.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadAll(r); plan.ClassOf(err) != plan.Retry {
		t.Errorf("%v of class %s", err, plan.ClassOf(err))
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, "%s", nil).Put(ctx, "k", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
