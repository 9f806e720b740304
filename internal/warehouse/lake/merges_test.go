package lake_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"catchment/internal/upkeep"
	"catchment/internal/warehouse/maintained"
	"catchment/internal/warehouse/warehousetest"
)

// How TestSmallMerges goes about it. make lake has it make 1,000 of them, and DuckDB read the table before and after.
var (
	merges     = flag.Int("lake-merges", 40, "make so many small merges in a row")
	accounts   = flag.Int("lake-accounts", 20_000, "into a table of so many accounts")
	lakePython = flag.String("lake-python", "", "a Python that has DuckDB, which reads the table")
)

// mostSnapshots is how many a table has at most: as many as stay, and as many more as are worth a commit.
const mostSnapshots = 220

// TestSmallMerges makes many small merges in a row, and looks after the table as runs do. What a reader of it has to
// read stays within twice of what it was after the first one, and so does the time that DuckDB takes.
func TestSmallMerges(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G404 -- it is no secret
	l, want := tendedBy(t, usual()), map[string]string{}
	merge := func(keys []int, number int) upkeep.Census {
		l.merge(t, keys, number)
		for _, key := range keys {
			want[fmt.Sprintf("%09d", key)] = named(key, number)
		}
		return l.maintain(t, maintained.Due).Tables[0].After
	}
	some := func() (keys []int) {
		for range 50 {
			keys = append(keys, random.IntN(*accounts))
		}
		return keys
	}
	merge(random.Perm(*accounts), 0)
	first := merge(some(), 1)
	took, most := l.readByDuckDB(t, len(want)), first
	began := time.Now()
	for n := 2; n <= *merges; n++ {
		is := merge(some(), n)
		most.Files, most.Deletes = max(most.Files, is.Files), max(most.Deletes, is.Deletes)
		most.Bytes, most.Snapshots = max(most.Bytes, is.Bytes), max(most.Snapshots, is.Snapshots)
	}
	each := time.Since(began) / time.Duration(max(*merges-2, 1))
	t.Logf("after the first one %+v; at most %+v; %v each", first, most, each)
	if most.Bytes > 2*first.Bytes || most.Files > first.Files+8 || most.Deletes > first.Deletes+8 ||
		most.Snapshots > mostSnapshots {
		t.Errorf("in %d merges at most %+v, and after the first one %+v", *merges, most, first)
	}
	if at := l.readByDuckDB(t, len(want)); at > 2*took {
		t.Errorf("DuckDB reads the table in %v, and did in %v", at, took)
	}
	l.is(t, want)
	l.maintain(t, maintained.All)
	l.is(t, want)
}

// is proves that each account has one row, with its name.
func (l *tended) is(t *testing.T, want map[string]string) {
	t.Helper()
	got := l.names(t)
	for id, name := range want {
		if got[id] != name {
			t.Fatalf("account %s is called %q, not %q", id, got[id], name)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("there are %d accounts, not %d", len(got), len(want))
	}
}

// readByDuckDB has DuckDB read the final table, where there is one, and tells how long it takes.
func (l *tended) readByDuckDB(t *testing.T, rows int) time.Duration {
	t.Helper()
	if *lakePython == "" {
		return 0
	}
	at := l.find(t, warehousetest.Final, "account").MetadataLocation()
	// #nosec G204 -- of make lake
	said, err := exec.Command(*lakePython, "../../../clients/lake/scan.py", at).Output()
	must(t, err)
	var scan struct {
		Rows, Keys int
		Seconds    float64
	}
	must(t, json.Unmarshal(said, &scan))
	t.Logf("DuckDB reads %d rows in %.3f s", scan.Rows, scan.Seconds)
	if scan.Rows != rows || scan.Keys != rows {
		t.Errorf("DuckDB reads %d rows with %d keys, not %d", scan.Rows, scan.Keys, rows)
	}
	return time.Duration(scan.Seconds * float64(time.Second))
}
