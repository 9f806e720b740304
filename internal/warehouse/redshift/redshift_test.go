package redshift_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	standin "catchment/internal/fakeaws/redshift"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/warehousetest"
)

// cluster is the PostgreSQL behind this package's stand-ins for Redshift.
var cluster pgtest.Cluster

// A bucket is as much of S3 as the driver and COPY need: objects are put,
// read and deleted.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte // by bucket/key
	refuse  string            // an error code for each PUT
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch r.Method {
	case http.MethodPut:
		if b.refuse != "" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>"+b.refuse+"</Code></Error>")
			return
		}
		data, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		b.objects[name] = data
	case http.MethodDelete:
		delete(b.objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// open reads an object for COPY.
func (b *bucket) open(_ context.Context, name, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[name+"/"+key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (b *bucket) left() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}

// A site is a stand-in for Redshift with a bucket beside it.
type site struct {
	t      testing.TB
	server *standin.Server
	bucket *bucket
	aws    string
	cuts   []redshift.Cut
}

func newSite(t testing.TB) *site {
	s := &site{t: t, bucket: &bucket{objects: map[string][]byte{}}}
	var err error
	s.server, err = standin.Start(t.Context(), standin.Options{PostgreSQL: cluster.Database(t), Open: s.bucket.open})
	must(t, err)
	data, err := url.Parse(s.server.DataAPI())
	must(t, err)
	api := httputil.NewSingleHostReverseProxy(data)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "" { // all of AWS has one address here
			api.ServeHTTP(w, r)
			return
		}
		s.bucket.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s.aws = web.URL
	t.Cleanup(func() { must(t, s.server.Close()) })
	if t, ok := t.(*testing.T); ok {
		t.Setenv("PGPASSWORD", s.server.Password())
	}
	return s
}

// options reach the bucket with keys that nobody checks.
func (s *site) options() redshift.Options {
	return redshift.Options{
		AWS: func() (aws.Config, error) {
			return aws.Config{Region: "eu-central-1", BaseEndpoint: &s.aws, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
			})}, nil
		},
		Report:   func(c redshift.Cut) { s.cuts = append(s.cuts, c) },
		LockWait: time.Minute, Poll: time.Millisecond,
	}
}

// url is the URL of the wire with further parameters.
func (s *site) url(parameters string) string {
	return "redshift://" + s.server.User() + "@" + s.server.Addr() + "/" + s.server.Database() + "?sslmode=disable&stage=s3://pages/stage" + parameters
}

// wire opens a driver on the wire.
func (s *site) wire(parameters string) warehouse.Driver {
	return s.wireWith(parameters, s.options())
}

func (s *site) wireWith(parameters string, o redshift.Options) warehouse.Driver {
	d, err := redshift.Open(s.url(parameters), o)
	must(s.t, err)
	s.t.Cleanup(func() { must(s.t, d.Close()) })
	return d
}

// data opens a driver on the Data API.
func (s *site) data(parameters string) warehouse.Driver {
	d, err := redshift.OpenData("redshift-data://workgroup/wg/"+s.server.Database()+"?stage=s3://pages/stage"+parameters, s.options())
	must(s.t, err)
	s.t.Cleanup(func() { must(s.t, d.Close()) })
	return d
}

// open is an empty Redshift, over the wire. Nothing of its pages stays in S3.
func open(t testing.TB) warehouse.Driver {
	s := newSite(t)
	t.Cleanup(func() {
		if left := s.bucket.left(); len(left) > 0 {
			t.Errorf("in S3 are left: %v", left)
		}
	})
	return s.wire("")
}

// openData is the same through the Data API.
func openData(t testing.TB) warehouse.Driver { return newSite(t).data("") }

func TestDataDriver(t *testing.T) { warehousetest.Run(t, openData) }

func TestDriver(t *testing.T) { warehousetest.Run(t, open) }

func TestAdopt(t *testing.T) { warehousetest.Adopt(t, open) }

func TestHistories(t *testing.T) { warehousetest.Histories(t, open) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
