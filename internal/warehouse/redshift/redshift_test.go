package redshift_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"catchment/internal/fakeaws/bucket"
	standin "catchment/internal/fakeaws/redshift"
	"catchment/internal/warehouse/archived/archivedtest"
	"catchment/internal/warehouse/bodies/bodiestest"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// cluster is the PostgreSQL behind this package's stand-ins for Redshift.
var cluster pgtest.Cluster

// A site is a stand-in for Redshift with a bucket beside it.
type site struct {
	t      testing.TB
	server *standin.Server
	// the PostgreSQL behind it, for who does what Redshift spells otherwise
	database string
	bucket   *bucket.Bucket
	aws      string

	password string // the file with the password
	cuts     []redshift.Cut
}

func newSite(t testing.TB) *site {
	s := &site{t: t, bucket: &bucket.Bucket{}, database: cluster.Database(t)}
	var err error
	s.server, err = standin.Start(t.Context(), standin.Options{PostgreSQL: s.database, Open: s.bucket.Open})
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
	// The password comes from a file: the environment is one for all tests.
	s.password = filepath.Join(t.TempDir(), "pgpass")
	must(t, os.WriteFile(s.password, []byte("*:*:*:*:"+s.server.Password()+"\n"), 0o600))
	return s
}

// options reach the bucket with keys that nobody checks.
func (s *site) options() redshift.Options {
	return redshift.Options{
		AWS: func() (aws.Config, error) {
			return aws.Config{Region: "eu-central-1", BaseEndpoint: &s.aws,
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
				})}, nil
		},
		Report:   func(c redshift.Cut) { s.cuts = append(s.cuts, c) },
		LockWait: time.Minute, Poll: 2 * time.Millisecond,
	}
}

// url is the URL of the wire with further parameters.
func (s *site) url(parameters string) string {
	return "redshift://" + s.server.User() + "@" + s.server.Addr() + "/" + s.server.Database() +
		"?sslmode=disable&passfile=" + url.QueryEscape(s.password) +
		"&stage=s3://pages/stage" + parameters
}

// wire opens a driver on the wire.
func (s *site) wire(parameters string) sql.Driver {
	return s.wireWith(parameters, s.options())
}

func (s *site) wireWith(parameters string, o redshift.Options) sql.Driver {
	d, err := redshift.Open(s.url(parameters), o)
	must(s.t, err)
	s.t.Cleanup(func() { must(s.t, d.Close()) })
	return d
}

// data opens a driver on the Data API.
func (s *site) data(parameters string) sql.Driver {
	d, err := redshift.OpenData("redshift-data://workgroup/wg/"+s.server.Database()+"?stage=s3://pages/stage"+
		parameters, s.options())
	must(s.t, err)
	s.t.Cleanup(func() { must(s.t, d.Close()) })
	return d
}

// open is an empty Redshift, over the wire. Nothing of its pages stays in S3.
func open(t testing.TB) sql.Driver {
	s := newSite(t)
	t.Cleanup(func() {
		if left := s.bucket.Keys(); len(left) > 0 {
			t.Errorf("in S3 are left: %v", left)
		}
	})
	return s.wire("")
}

// openData is the same through the Data API.
func openData(t testing.TB) sql.Driver { return newSite(t).data("") }

// over makes empty warehouses that are held to the contract.
func over(open func(testing.TB) sql.Driver) func(testing.TB) warehousetest.Subject {
	return func(t testing.TB) warehousetest.Subject { return oversql.New(open(t)) }
}

// roles are those that Redshift has either way.
func roles() []warehousetest.Role {
	return []warehousetest.Role{warehousetest.Procedures, warehousetest.Lands, warehousetest.Eraser,
		warehousetest.Adopter}
}

func TestDataDriver(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, over(openData), append(roles(), warehousetest.Detacher)...)
}

func TestDataBodies(t *testing.T) {
	t.Parallel()
	bodiestest.Run(t, over(openData))
}

func TestBodies(t *testing.T) {
	t.Parallel()
	bodiestest.Run(t, over(open))
}

func TestArchived(t *testing.T) {
	t.Parallel()
	archivedtest.Run(t, over(open))
}

func TestDataArchived(t *testing.T) {
	t.Parallel()
	archivedtest.Run(t, over(openData))
}

func TestDataStatements(t *testing.T) {
	t.Parallel()
	oversql.Check(t, openData)
}

func TestDriver(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, over(open), roles()...)
}

func TestStatements(t *testing.T) {
	t.Parallel()
	oversql.Check(t, open)
}

func TestHistories(t *testing.T) { warehousetest.Histories(t, over(open)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
