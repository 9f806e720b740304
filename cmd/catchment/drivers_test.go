package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/cmd/internal/cloud"
	"catchment/internal/warehouse"
)

// What is said of each warehouse before it is opened is what it can do once it is.
func TestWarehousesAreAsDescribed(t *testing.T) {
	ours := drivers(cloud.New())
	catalog := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"defaults":{},"overrides":{}}`) // is asked as a lake is opened
	}))
	t.Cleanup(catalog.Close)
	places := map[string]string{
		"duckdb":        t.TempDir() + "/x.duckdb",
		"postgres":      "//u@127.0.0.1:1/d",
		"redshift":      "//u@127.0.0.1:1/d?stage=s3://b/p",
		"redshift-data": "//workgroup/w/d?stage=s3://b/p",
		"iceberg":       t.TempDir() + "/lake",
		"iceberg:rest":  catalog.URL + "?warehouse=w",
		"iceberg:glue":  "s3://bucket/lake",
	}
	t.Setenv("AWS_REGION", "us-east-1")
	options := warehouse.Options{Schema: "s", Staging: "i", Now: time.Now}
	for scheme, described := range ours.Warehouses {
		t.Run(scheme, func(t *testing.T) {
			opened, err := described.Open(places[scheme], options)
			if err != nil {
				t.Fatal(err)
			}
			defer opened.Close()
			roles := warehouse.RolesOf(opened)
			if can := roles.Adopter != nil; described.Adopts != can {
				t.Errorf("it adopts: %v, described as %v", can, described.Adopts)
			}
			if described.Script == nil {
				if roles.Procedures != nil || described.Title == "" {
					t.Errorf("title %q; procedures, and no SQL to show: %v", described.Title, roles.Procedures != nil)
				}
				return
			}
			script := described.Script("")
			if script.Name() != opened.Name() {
				t.Errorf("its SQL is called %s, and it %s", script.Name(), opened.Name())
			}
			if described.Title == "" || ours.Warehouses[script.Name()].Script == nil {
				t.Errorf("title %q; nobody finds its SQL by the name %s", described.Title, script.Name())
			}
			text, err := script.Procedures(options, nil)
			if can := roles.Procedures != nil; err != nil || can != (text != "") {
				t.Errorf("it has procedures: %v; their text is %q, %v", can, text, err)
			}
			if call := script.Call(options); text != "" && !strings.Contains(text, strings.TrimPrefix(call, "CALL ")) {
				t.Errorf("%s calls what isn't made by:\n%s", call, text)
			}
		})
	}
}

// What the help and the messages list is what there is.
func TestWarehousesAreListed(t *testing.T) {
	ours := drivers(cloud.New())
	for _, list := range []struct{ got, want []string }{
		{ours.Dialects(), []string{"duckdb", "postgres", "redshift"}},
		{ours.Adopters(), []string{"PostgreSQL", "Redshift"}},
		{ours.Engines, []string{"athena", "bigquery", "databricks", "duckdb", "redshift", "snowflake", "trino"}},
		{ours.Servers(), []string{"redshift-data://...", "redshift://...", "postgres://..."}},
		{ours.Known().Files, []string{"duckdb", "iceberg"}},
	} {
		if !slices.Equal(list.got, list.want) {
			t.Errorf("got %q, want %q", list.got, list.want)
		}
	}
	if !ours.Warehouses[ours.Local.Scheme].File {
		t.Errorf("%s is not of this machine", ours.Local.Scheme)
	}
	if server := ours.Warehouses[ours.Server]; server.File || server.Script("").Name() != ours.Server {
		t.Errorf("%s is no example of a warehouse with a server", ours.Server)
	}
}
