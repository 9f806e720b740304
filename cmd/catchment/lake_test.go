package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

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
