package rig

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"catchment/internal/fakeaws/bucket"
	standin "catchment/internal/fakeaws/redshift"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// A Shelf is where a rig's warehouse stands. The zero value is a DuckDB file in
// the rig's folder.
type Shelf struct {
	File     string          // of DuckDB, where that isn't in the rig's folder
	Redshift *standin.Server // nil where it is no Redshift
	Opens    Opener          // where the warehouse is asked no SQL; then nothing else is said here

	ddlCommits bool   // it is made into one whose DDL commits
	url        string // of a PostgreSQL database, or of a stand-in for Redshift
	aws        string // where that has its Data API, and a bucket
}

// NewShelf makes an empty warehouse: "duckdb", "postgres", "redshift" or
// "redshift-data", the same by way of the Data API; or "ddlcommits", DuckDB made
// into a warehouse whose DDL commits, and "ddlcommits-postgres". All but those of
// DuckDB are databases of a cluster.
func NewShelf(t *testing.T, cluster *pgtest.Cluster, name string) Shelf {
	t.Helper()
	switch name {
	case "duckdb":
		return Shelf{}
	case "ddlcommits":
		return Shelf{ddlCommits: true}
	case "postgres", "ddlcommits-postgres":
		return Shelf{url: cluster.Database(t), ddlCommits: name != "postgres"}
	case "redshift", "redshift-data":
		return newRedshift(t, cluster.Database(t), name == "redshift-data")
	}
	t.Fatalf("no warehouse %q; there are duckdb, postgres, redshift, redshift-data, ddlcommits and "+
		"ddlcommits-postgres", name)
	return Shelf{}
}

// newRedshift starts a stand-in for Redshift on a database, with a bucket beside it.
func newRedshift(t *testing.T, database string, byDataAPI bool) Shelf {
	t.Helper()
	objects := &bucket.Bucket{}
	server, err := standin.Start(t.Context(), standin.Options{PostgreSQL: database, Open: objects.Open})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
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
		objects.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s := Shelf{aws: web.URL, Redshift: server}
	if byDataAPI {
		s.url = "redshift-data://workgroup/wg/" + server.Database() + "?stage=s3://pages/stage"
		return s
	}
	// The password comes from a file: the environment is one for all tests.
	password := filepath.Join(t.TempDir(), "pgpass")
	if err := os.WriteFile(password, []byte("*:*:*:*:"+server.Password()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.url = "redshift://" + server.User() + "@" + server.Addr() + "/" + server.Database() +
		"?sslmode=disable&passfile=" + url.QueryEscape(password) + "&stage=s3://pages/stage"
	return s
}

// Open opens a driver for a process of the rig.
func (s Shelf) Open(r *Rig) (sql.Driver, error) {
	d, err := s.open(r)
	switch {
	case err != nil || s.Redshift != nil:
		return d, err
	case s.ddlCommits:
		return oversql.DDLCommits(d), nil
	}
	return oversql.Promoting(d), nil // a first run of a rig has few records
}

// tuplesFrom is how many rows of a page go as tuples in PostgreSQL: pages of a rig are small, and both ways are to
// be taken.
const tuplesFrom = 8

func (s Shelf) open(r *Rig) (sql.Driver, error) {
	o := redshift.Options{LockWait: time.Minute, Poll: 3 * time.Millisecond, AWS: s.Config}
	if strings.HasPrefix(s.url, "redshift-data:") {
		return redshift.OpenData(s.url, o)
	}
	if strings.HasPrefix(s.url, "redshift:") {
		return redshift.Open(s.url, o)
	}
	if s.url != "" {
		return postgres.Open(s.url, postgres.Options{Tuples: tuplesFrom})
	}
	// Tables of a few rows: a second thread would only wait for the first.
	return duckdb.Open(cmp.Or(s.File, r.Path("warehouse.duckdb"))+"?threads=1",
		duckdb.Options{Idle: time.Hour, Pages: []string{r.Path("stage")}})
}

// Config reaches what stands for AWS, with keys that nobody checks.
func (s Shelf) Config() (aws.Config, error) {
	return aws.Config{Region: "eu-central-1", BaseEndpoint: &s.aws,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		})}, nil
}
