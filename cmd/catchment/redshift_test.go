package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"

	"github.com/rogpeppe/go-internal/testscript"

	"catchment/internal/fakeaws/bucket"
	"catchment/internal/fakeaws/redshift"
)

// startRedshift: redshift starts a stand-in for Redshift with a bucket beside
// it, and exports RS_URL and RS_DATA_URL, the two ways there. PG_URL is for pg,
// which types as somebody with psql does.
func startRedshift(ts *testscript.TestScript, neg bool, args []string) {
	ctx := context.Background()
	database, err := cluster.Create(ctx)
	ts.Check(err)
	objects := &bucket.Bucket{}
	server, err := redshift.Start(ctx, redshift.Options{PostgreSQL: database, Open: objects.Open})
	ts.Check(err)
	data, err := url.Parse(server.DataAPI())
	ts.Check(err)
	api := httputil.NewSingleHostReverseProxy(data)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "" { // all of AWS has one address here
			api.ServeHTTP(w, r)
			return
		}
		objects.ServeHTTP(w, r)
	}))
	ts.Defer(func() {
		web.Close()
		ts.Check(server.Close())
	})
	const stage = "stage=s3://pages/catchment"
	for name, value := range map[string]string{
		"PG_URL": server.URL(), "PGPASSWORD": server.Password(),
		"RS_URL": "redshift://" + server.User() + "@" + server.Addr() + "/" + server.Database() +
			"?sslmode=disable&" + stage,
		"RS_DATA_URL": "redshift-data://workgroup/wg/" + server.Database() + "?" + stage,
		"AWS_REGION":  "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_ENDPOINT_URL": web.URL,
	} {
		ts.Setenv(name, value)
	}
}
