package replicate_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
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
	url  string // of a PostgreSQL database, or of a stand-in for Redshift
	s3   string // of the bucket beside that
	file string // of DuckDB, where that isn't in the rig's folder
}

var cluster pgtest.Cluster

// shelfOf makes an empty warehouse: "duckdb", "postgres" or "redshift".
func shelfOf(t *testing.T, name string) shelf {
	t.Helper()
	switch name {
	case "duckdb":
		return shelf{}
	case "postgres":
		return shelf{url: cluster.Database(t)}
	case "redshift":
		b := &bucket{objects: map[string][]byte{}}
		web := httptest.NewServer(b)
		t.Cleanup(web.Close)
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
		return shelf{url: "redshift://" + server.User() + "@" + server.Addr() + "/" + server.Database() + "?sslmode=disable&stage=s3://pages/stage", s3: web.URL}
	}
	t.Fatalf("no warehouse %q; there are duckdb, postgres and redshift", name)
	return shelf{}
}

func (s shelf) open(r *rig) (warehouse.Driver, error) {
	if strings.HasPrefix(s.url, "redshift") {
		return redshift.Open(s.url, redshift.Options{LockWait: time.Minute, AWS: func() (aws.Config, error) {
			return aws.Config{Region: "eu-central-1", BaseEndpoint: &s.s3, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
			})}, nil
		}})
	}
	if s.url != "" {
		return postgres.Open(s.url, postgres.Options{})
	}
	return duckdb.Open(cmp.Or(s.file, r.path("warehouse.duckdb")), duckdb.Options{Idle: time.Hour})
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
