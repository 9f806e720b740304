package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var lakePython = flag.String("lake-python", "",
	"a Python that has PyIceberg and DuckDB: make lake installs them, and sets this")

// A seen is what an engine sees of a table.
type seen struct {
	Rows, Keys int
	Digest     string
}

// PyIceberg, and DuckDB with its extension for Iceberg, read the same rows, keys and values of a lake as we do: after a
// first run, after merges, and after a change of the org's schema.
func TestLakeEngines(t *testing.T) {
	if *lakePython == "" {
		t.Skip("make lake runs this: it installs PyIceberg and DuckDB for Python")
	}
	p := newProject(t, linked(t), "iceberg:lake", 5)
	p.must(t, "run")
	p.enginesAgree(t, "after the first run")
	for n := range 3 {
		p.befall(t, 60, uint64(n))
		p.must(t, "run", "--allow-deletes")
	}
	p.enginesAgree(t, "after merges")
	p.schema(t, `{"do": "add-field", "object": "Account", "field": {"name": "Tier__c", "type": "string"}}`)
	p.schema(t, `{"do": "add-field", "object": "Account", "field": {"name": "Rate__c", "type": "double"}}`)
	p.befall(t, 60, 10)
	p.must(t, "run", "--allow-deletes")
	p.enginesAgree(t, "after a change of the schema")
	p.must(t, "verify")
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

// enginesAgree has all engines read the tables of the flows.
func (p *copying) enginesAgree(t *testing.T, when string) {
	t.Helper()
	ours := t.TempDir()
	tables := []string{"account", "contact", "opportunity", "user"}
	for _, table := range tables {
		cmd, out := p.command("query", "--json", `SELECT * FROM "`+table+`"`)
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s %s: %v\n%s", table, when, err, out)
		}
		if err := os.WriteFile(filepath.Join(ours, table+".jsonl"), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// #nosec G204 -- of make lake
	cmd := exec.Command(*lakePython, "../../clients/lake/read.py", filepath.Join(p.dir, "lake"), "salesforce", ours)
	errs := new(bytes.Buffer)
	cmd.Stderr = errs
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", when, err, errs)
	}
	n := 0
	for line := range strings.Lines(string(said)) {
		n++
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
		t.Logf("%s %s: %d rows, %s by all three", engines.Table, when, engines.Ours.Rows, engines.Ours.Digest[:12])
	}
	if n != len(tables) {
		t.Errorf("%d tables %s", n, when)
	}
}

// TestLakeDemo ends with what a query counts, equal to what the org has, and with a line for each engine.
func TestLakeDemo(t *testing.T) {
	t.Parallel()
	p := &copying{dir: t.TempDir(), bin: linked(t), env: os.Environ()}
	said := p.must(t, "demo", "--warehouse", "lake", "--records", "500")
	counts := regexp.MustCompile(`(\w+) +([\d,]+) +([\d,]+)\n`).FindAllStringSubmatch(said, -1)
	n := 0
	for _, c := range counts {
		if c[1] == "Account" || c[1] == "Invoice__c" {
			n++
			if c[2] != c[3] {
				t.Errorf("%s has %s live rows, and %s in the org", c[1], c[2], c[3])
			}
		}
	}
	if n < 2 {
		t.Errorf("no counts in\n%s", said)
	}
	for _, engine := range []string{"iceberg_scan('file:///", "SqlCatalog(", "spark.table(", "0 missing, 0 extra"} {
		if !strings.Contains(said, engine) {
			t.Errorf("%s isn't in\n%s", engine, said)
		}
	}
	p.must(t, "query", "--config", "catchment-demo/catchment.yaml", "SELECT id, name FROM account LIMIT 3")
	cmd, out := p.command("demo", "--warehouse", "swamp")
	if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "catchment demo --warehouse lake") {
		t.Errorf("%v\n%s", err, out)
	}
}
