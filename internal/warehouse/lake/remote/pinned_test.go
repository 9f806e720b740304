package remote

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/plan"
	"catchment/internal/warehouse/lake/place"
)

// world reaches servers of this machine, and an S3 that isn't there.
func world() World {
	return World{
		Transport: http.DefaultTransport,
		AWS:       func() (aws.Config, error) { return aws.Config{Region: "us-east-1"}, nil },
		S3: func() (*s3.Client, error) {
			return s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:1")}), nil
		},
		Secret: func(reference string) (string, error) { return "the-secret-of-" + reference, nil },
	}
}

// serve has a catalog answer by path. Everything that it hears is handed to hear.
func serve(t *testing.T, answers map[string]string, hear func(*http.Request)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hear != nil {
			hear(r)
		}
		answer, ok := answers[r.URL.Path]
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		case strings.HasPrefix(answer, "http"):
			http.Redirect(w, r, answer, http.StatusTemporaryRedirect)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, answer)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// metadata of a table that lies at an address.
const metadata = `{"metadata-location": "AT/metadata/1.metadata.json", "config": {}, "metadata": {
	"format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": "AT",
	"last-sequence-number": 0, "last-updated-ms": 1602638573590, "last-column-id": 1, "current-schema-id": 0,
	"schemas": [{"type": "struct", "schema-id": 0, "fields": [
		{"id": 1, "name": "id", "required": false, "type": "string"}]}],
	"default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999,
	"default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}]}}`

// TestCatalogSendsElsewhere has a catalog send us, and our credentials, to another host, in each way that it has.
func TestCatalogSendsElsewhere(t *testing.T) {
	heard := 0
	elsewhere := serve(t, nil, func(*http.Request) { heard++ })
	account := table.Identifier{"salesforce", "account"}
	for name, answers := range map[string]map[string]string{
		"redirect of config": {"/v1/config": elsewhere + "/v1/config"},
		"redirect of a table": {"/v1/config": `{}`,
			"/v1/namespaces/salesforce/tables/account": elsewhere + "/v1/namespaces/salesforce/tables/account"},
		"its address": {"/v1/config": `{"overrides": {"uri": "` + elsewhere + `"}}`},
		"where tokens come from": {
			"/v1/config":       `{"overrides": {"oauth2-server-uri": "` + elsewhere + `/token"}}`,
			"/v1/oauth/tokens": `{"access_token": "t", "token_type": "bearer", "expires_in": 3600}`},
	} {
		at := place.REST{URL: serve(t, answers, nil), Credential: "env:A"}
		if !strings.Contains(name, "tokens") {
			at.Credential, at.Token = "", "env:A"
		}
		opened, err := OpenREST(at, world())
		if err == nil {
			_, err = opened.Catalog.LoadTable(t.Context(), account)
			err = errors.Join(err, opened.Close())
		}
		classed := plan.ClassOf(err) == plan.Fix || strings.Contains(name, "tokens") // oauth2 keeps the text alone
		if err == nil || !strings.Contains(err.Error(), "sends us to 127.0.0.1") || !classed {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "the-secret-of") {
			t.Errorf("%s: the error holds the secret", name)
		}
	}
	if heard > 0 {
		t.Errorf("%d requests came elsewhere", heard)
	}
}

// TestCatalogNamesForeignFiles has a catalog name files of this machine, and other files than the lake's.
func TestCatalogNamesForeignFiles(t *testing.T) {
	for name, c := range map[string]struct{ config, at, says string }{
		"of this machine":   {`{}`, "file:///tmp", "isn't in S3"},
		"of another bucket": {`{}`, "s3://another/lake", "isn't within s3://bucket/lake/"},
		"of nobody":         {`{"overrides": {"catchment.files": "x"}}`, "s3://bucket/lake/t", "no open lake"},
		"of whom it likes":  {`{"overrides": {"catchment.files": ""}}`, "file:///tmp", "isn't in S3"},
	} {
		at := serve(t, map[string]string{"/v1/config": c.config,
			"/v1/namespaces/salesforce/tables/account": strings.ReplaceAll(metadata, "AT", c.at)}, nil)
		opened, err := OpenREST(place.REST{URL: at, Location: "s3://bucket/lake"}, world())
		if err != nil {
			t.Fatal(err)
		}
		found, err := opened.Catalog.LoadTable(t.Context(), table.Identifier{"salesforce", "account"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		files, err := found.FS(t.Context())
		if err == nil {
			_, err = files.Open(c.at + "/data/1.parquet")
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBusyCatalog answers as those do that are busy, that don't let us in, and that never end.
func TestBusyCatalog(t *testing.T) {
	for _, c := range []struct {
		method    string
		status    int
		asked     int // how often, where it is always answered so
		class     plan.Class
		unchanged bool // the answer is passed on
	}{
		{http.MethodGet, http.StatusTooManyRequests, tries, plan.Retry, false},
		{http.MethodPost, http.StatusTooManyRequests, tries, plan.Retry, false},
		{http.MethodGet, http.StatusServiceUnavailable, tries, plan.Retry, false},
		{http.MethodPost, http.StatusServiceUnavailable, 1, plan.Retry, false},
		{http.MethodPost, http.StatusInternalServerError, 1, plan.Retry, false},
		{http.MethodGet, http.StatusUnauthorized, 1, plan.Fix, false},
		{http.MethodGet, http.StatusForbidden, 1, plan.Fix, false},
		{http.MethodGet, http.StatusNotFound, 1, "", true},
		{http.MethodPost, http.StatusConflict, 1, "", true},
	} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			if body, err := io.ReadAll(r.Body); err != nil || r.Method == http.MethodPost && string(body) != "body" {
				t.Errorf("try %d came with %q, %v", asked, body, err)
			}
			w.WriteHeader(c.status)
		}))
		p := pin(http.DefaultTransport, server.URL)
		p.pause = func(context.Context, time.Duration) error { return nil }
		request, err := http.NewRequest(c.method, server.URL+"/v1/config", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: p}).Do(request)
		if err == nil {
			_ = resp.Body.Close()
		}
		if (err == nil) != c.unchanged || err != nil && plan.ClassOf(err) != c.class || asked != c.asked {
			t.Errorf("%s answered by %d: %v, of class %s, asked %d times", c.method, c.status, err, plan.ClassOf(err),
				asked)
		}
		server.Close()
	}
	b := &bounded{ReadCloser: io.NopCloser(strings.NewReader("endless")), left: 3}
	if text, err := io.ReadAll(b); string(text) != "end" || err == nil {
		t.Errorf("%q, %v", text, err)
	}
}

// TestCatalogIsAway has nobody answer.
func TestCatalogIsAway(t *testing.T) {
	_, err := OpenREST(place.REST{URL: "http://127.0.0.1:1"}, world())
	if plan.ClassOf(err) != plan.Retry || !strings.Contains(err.Error(), "catalog of the lake") {
		t.Errorf("%v", err)
	}
}
