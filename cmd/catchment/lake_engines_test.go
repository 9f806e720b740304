package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/fakeaws/ministack"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/folder"
	"catchment/internal/warehouse/lake/place"
	"catchment/internal/warehouse/lake/remote"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/upkeep"
)

var lakePython = flag.String("lake-python", "",
	"a Python that has PyIceberg and DuckDB: make lake installs them, and sets this")

// engineTables are what the engines read.
var engineTables = []string{"account", "contact", "opportunity", "user"}

// A shared lake is one that a project writes, and that engines read: how Catchment names it, how we open it, and how
// PyIceberg does. Where it tells of an S3, DuckDB finds files there, too.
type sharedLake struct {
	url    string
	open   func() (lake.Place, error)
	engine map[string]string
}

// PyIceberg, and DuckDB with its extension for Iceberg, read the same rows, keys and values of a lake as we do: after a
// first run, after merges, after compaction, and after a change of the org's schema; in a folder, and in S3 by a
// catalog that speaks REST.
func TestLakeEngines(t *testing.T) {
	if *lakePython == "" {
		t.Skip("make lake runs this: it installs PyIceberg and DuckDB for Python")
	}
	t.Run("folder", func(t *testing.T) {
		p := newProject(t, linked(t), "iceberg:lake", 5)
		at := filepath.Join(p.dir, "lake")
		p.readByEngines(t, sharedLake{
			open:   func() (lake.Place, error) { return folder.Open(at) },
			engine: map[string]string{"type": "sql", "uri": "sqlite:///" + filepath.Join(at, folder.File)},
		})
	})
	t.Run("S3", func(t *testing.T) {
		l := lakeInS3(t)
		p := newProject(t, linked(t), l.url, 5)
		p.env = append(p.env, "AWS_ENDPOINT_URL="+l.engine["s3.endpoint"], "AWS_REGION="+ministack.Region,
			"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
		p.readByEngines(t, l)
	})
}

// lakeInS3 is a bucket of S3 Tables in the stand-in, whose catalog speaks REST.
func lakeInS3(t *testing.T) sharedLake {
	t.Helper()
	cloud := &ministack.Server{}
	config := cloud.Config(t)
	t.Cleanup(func() {
		if err := cloud.Stop(); err != nil {
			t.Error(err)
		}
	})
	bucket, catalog := cloud.TableBucket(t), *config.BaseEndpoint+"/iceberg"
	at, err := place.ReadREST(catalog + "?sign=s3tables&warehouse=" + url.QueryEscape(bucket))
	if err != nil {
		t.Fatal(err)
	}
	world := remote.World{
		Transport: http.DefaultTransport,
		AWS:       func() (aws.Config, error) { return config, nil },
		S3: func() (*s3.Client, error) {
			return s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }), nil
		},
	}
	return sharedLake{
		url:  "iceberg:rest:" + catalog + "?sign=s3tables&warehouse=" + url.QueryEscape(bucket),
		open: func() (lake.Place, error) { return remote.OpenREST(at, world) },
		engine: map[string]string{"type": "rest", "uri": catalog, "warehouse": bucket,
			"rest.sigv4-enabled": "true", "rest.signing-region": ministack.Region, "rest.signing-name": "s3tables",
			"s3.endpoint": *config.BaseEndpoint, "s3.region": ministack.Region,
			"s3.access-key-id": "test", "s3.secret-access-key": "test"},
	}
}

// readByEngines has a lake go through what befalls one, and the engines read it each time.
func (p *copying) readByEngines(t *testing.T, l sharedLake) {
	t.Helper()
	p.must(t, "run")
	p.enginesAgree(t, l, "after the first run")
	for n := range 3 {
		p.befall(t, 60, uint64(n))
		p.must(t, "run", "--allow-deletes")
	}
	merged := p.enginesAgree(t, l, "after merges")
	deletes := l.compact(t)
	if compacted := p.enginesAgree(t, l, "after compaction"); !maps.Equal(merged, compacted) {
		t.Errorf("compaction has changed rows: %v, not %v", compacted, merged)
	}
	p.befall(t, 60, 9)
	p.must(t, "run", "--allow-deletes")
	p.enginesAgree(t, l, "after a merge into what was compacted")
	p.schema(t, `{"do": "add-field", "object": "Account", "field": {"name": "Tier__c", "type": "string"}}`)
	p.schema(t, `{"do": "add-field", "object": "Account", "field": {"name": "Rate__c", "type": "double"}}`)
	p.befall(t, 60, 10)
	p.must(t, "run", "--allow-deletes")
	merged = p.enginesAgree(t, l, "after a change of the schema")
	deletes += l.compact(t)
	if compacted := p.enginesAgree(t, l, "after compaction over it"); !maps.Equal(merged, compacted) {
		t.Errorf("compaction has changed rows: %v, not %v", compacted, merged)
	}
	if deletes == 0 {
		t.Error("no table had position deletes: what engines make of them wasn't seen")
	}
	p.must(t, "verify")
}

// compact makes the files of each table one, however few they are. It tells how many files of position deletes there
// were: none where a run has done so just before.
func (l sharedLake) compact(t *testing.T) (deletes int) {
	t.Helper()
	at, err := l.open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := at.Close(); err != nil {
			t.Error(err)
		}
	}()
	bounds := upkeep.Usual()
	bounds.Files, bounds.Deletes, bounds.Manifests = 2, 1, 2
	all := tables.Lake{Catalog: at.Catalog, Pause: func(context.Context, time.Duration) error { return nil }}
	for _, name := range engineTables {
		before, err := all.Find(t.Context(), tables.Name("salesforce", name))
		if err != nil {
			t.Fatal(err)
		}
		had, err := upkeep.Count(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		deletes += had.Deletes
		after, err := all.Commit(t.Context(), tables.Name("salesforce", name),
			func(ctx context.Context, of *table.Table) (*tables.Change, error) {
				return upkeep.Compaction(ctx, upkeep.Table{Table: of, Key: []string{"id"}, Bounds: bounds,
					Scratch: t.TempDir()})
			})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		census, err := upkeep.Count(t.Context(), after)
		if err != nil || census.Files != 1 || census.Deletes > 0 {
			t.Errorf("after compaction, %s is %+v, %v", name, census, err)
		}
	}
	return deletes
}

// befall has records be made, changed, deleted and undeleted.
func (p *copying) befall(t *testing.T, n int, seed uint64) {
	t.Helper()
	if _, err := p.org.History(n, seed); err != nil {
		t.Fatal(err)
	}
	p.org.Clock().Advance(time.Hour)
}

// schema changes the org's schema.
func (p *copying) schema(t *testing.T, change string) {
	t.Helper()
	server := httptest.NewServer(p.org)
	defer server.Close()
	resp, err := http.Post(server.URL+"/_org/schema", "application/json", strings.NewReader(change))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s: %s, %v", change, resp.Status, err)
	}
}

// A seen is what an engine sees of a table.
type seen struct {
	Rows, Keys int
	Digest     string
}

// enginesAgree has all engines read the tables of the flows, and tells what they see of each.
func (p *copying) enginesAgree(t *testing.T, l sharedLake, when string) map[string]seen {
	t.Helper()
	ours, all := t.TempDir(), map[string]seen{}
	for _, table := range engineTables {
		cmd, out := p.command("query", "--json", `SELECT * FROM "`+table+`"`)
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s %s: %v\n%s", table, when, err, out)
		}
		if err := os.WriteFile(filepath.Join(ours, table+".jsonl"), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(l.python(t, "read.py", "salesforce", ours)) {
		var engines struct {
			Table                   string
			Ours, PyIceberg, DuckDB seen
		}
		if err := json.Unmarshal([]byte(line), &engines); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if e := engines; e.Ours != e.PyIceberg || e.Ours != e.DuckDB || e.Ours.Rows != e.Ours.Keys || e.Ours.Rows == 0 {
			t.Errorf("%s %s: ours %+v, PyIceberg %+v, DuckDB %+v", e.Table, when, e.Ours, e.PyIceberg, e.DuckDB)
		}
		all[engines.Table] = engines.Ours
		t.Logf("%s %s: %d rows, %s by all three", engines.Table, when, engines.Ours.Rows, engines.Ours.Digest[:12])
	}
	if len(all) != len(engineTables) {
		t.Errorf("%d tables %s", len(all), when)
	}
	return all
}

// python runs a program of clients/lake, whose first argument is how PyIceberg opens the lake.
func (l sharedLake) python(t *testing.T, program string, args ...string) string {
	t.Helper()
	opens, err := json.Marshal(l.engine)
	if err != nil {
		t.Fatal(err)
	}
	// #nosec G204 -- of make lake
	cmd := exec.Command(*lakePython, append([]string{"../../clients/lake/" + program, string(opens)}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	errs := new(bytes.Buffer)
	cmd.Stderr = errs
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, errs)
	}
	return string(said)
}
