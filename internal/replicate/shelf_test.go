package replicate_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	standin "catchment/internal/fakeaws/redshift"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/redshift"
)

// A shelf is where a rig's warehouse stands. The zero value is a DuckDB file in
// the rig's folder.
type shelf struct {
	url      string // of a PostgreSQL database, or of a stand-in for Redshift
	redshift *standin.Server
	aws      string // where that has its Data API, and a bucket
	file     string // of DuckDB, where that isn't in the rig's folder
}

var cluster pgtest.Cluster

// shelfOf makes an empty warehouse: "duckdb", "postgres", "redshift" or
// "redshift-data", the same by way of the Data API.
func shelfOf(t *testing.T, name string) shelf {
	t.Helper()
	switch name {
	case "duckdb":
		return shelf{}
	case "postgres":
		return shelf{url: cluster.Database(t)}
	case "redshift", "redshift-data":
		b := &bucket{objects: map[string][]byte{}}
		server, err := standin.Start(t.Context(), standin.Options{PostgreSQL: cluster.Database(t), Open: b.open})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		})
		t.Setenv("PGPASSWORD", server.Password())
		api, err := url.Parse(server.DataAPI())
		if err != nil {
			t.Fatal(err)
		}
		data := httputil.NewSingleHostReverseProxy(api)
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Target") != "" { // all of AWS has one address here
				data.ServeHTTP(w, r)
				return
			}
			b.ServeHTTP(w, r)
		}))
		t.Cleanup(web.Close)
		s := shelf{url: "redshift://" + server.User() + "@" + server.Addr() + "/" + server.Database() + "?sslmode=disable&stage=s3://pages/stage", aws: web.URL, redshift: server}
		if name == "redshift-data" {
			s.url = "redshift-data://workgroup/wg/" + server.Database() + "?stage=s3://pages/stage"
		}
		return s
	}
	t.Fatalf("no warehouse %q; there are duckdb, postgres, redshift and redshift-data", name)
	return shelf{}
}

func (s shelf) open(r *rig) (warehouse.Driver, error) {
	o := redshift.Options{LockWait: time.Minute, Poll: 3 * time.Millisecond, AWS: s.config}
	if strings.HasPrefix(s.url, "redshift-data:") {
		return redshift.OpenData(s.url, o)
	}
	if strings.HasPrefix(s.url, "redshift:") {
		return redshift.Open(s.url, o)
	}
	if s.url != "" {
		return postgres.Open(s.url, postgres.Options{})
	}
	// Tables of a few rows: a second thread would only wait for the first.
	return duckdb.Open(cmp.Or(s.file, r.path("warehouse.duckdb"))+"?threads=1", duckdb.Options{Idle: time.Hour})
}

// config reaches what stands for AWS, with keys that nobody checks.
func (s shelf) config() (aws.Config, error) {
	return aws.Config{Region: "eu-central-1", BaseEndpoint: &s.aws, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
	})}, nil
}

// A bucket is as much of S3 as a Redshift needs: objects are put, read by COPY,
// and deleted.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch name := strings.TrimPrefix(r.URL.Path, "/"); {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case r.Method == http.MethodPut:
		b.objects[name] = data
	case r.Method == http.MethodDelete:
		delete(b.objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (b *bucket) open(_ context.Context, name, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[name+"/"+key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}
