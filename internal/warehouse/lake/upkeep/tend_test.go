package upkeep_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/upkeep"
	"catchment/internal/warehouse/maintained"
)

// nobody guards nothing.
func nobody(*table.Table, *tables.Change) (string, error) { return "", nil }

// care is upkeep by bounds, as of a moment.
func care(t *testing.T, lake *tables.Lake, b upkeep.Bounds, how maintained.How, now time.Time) upkeep.Care {
	t.Helper()
	return upkeep.Care{Lake: lake, Bounds: b, Scratch: t.TempDir(), Now: now, How: how}
}

// TestSnapshotsFew has a table keep the snapshots of its age and no more than the most, however often it is written to;
// and metadata files with them.
func TestSnapshotsFew(t *testing.T) {
	lake, want := made(t), map[string]int64{}
	b := upkeep.Usual()
	b.Keep, b.Most, b.Worth, b.Age = 3, 12, 4, time.Hour
	tend := func(how maintained.How) maintained.Report {
		t.Helper()
		r, _, err := care(t, lake, b, how, time.Now()).Tend(t.Context(), name, nobody)
		must(t, err)
		return r
	}
	for n := range 40 {
		want[fmt.Sprintf("%04d", n%7)] = int64(n)
		put(t, lake, map[string]int64{fmt.Sprintf("%04d", n%7): int64(n)})
		if r := tend(maintained.Due); r.After.Snapshots > b.Most+b.Worth || n < b.Most && r.After.Snapshots < n {
			t.Fatalf("after %d merges %+v", n+1, r.After)
		}
	}
	after, err := lake.Find(t.Context(), name)
	must(t, err)
	holds(t, after, want)
	files, err := os.ReadDir(strings.TrimPrefix(after.Location(), "file://") + "/metadata")
	must(t, err)
	documents := 0
	for _, file := range files {
		if strings.HasSuffix(file.Name(), ".metadata.json") {
			documents++
		}
	}
	if documents > 25 {
		t.Errorf("there are %d metadata files", documents)
	}
	if r := tend(maintained.All); r.After.Snapshots > b.Most {
		t.Errorf("by hand, %d snapshots stay", r.After.Snapshots)
	}
	b.Age = 0
	if r := tend(maintained.All); r.After.Snapshots > b.Keep+1 {
		t.Errorf("of those that are too old, %d snapshots stay", r.After.Snapshots)
	}
	holds(t, after, want) // not the snapshot: a file that went is one of an older
}

// TestSweptDaily looks through the folder of a table once a day, and at once for who asks by hand.
func TestSweptDaily(t *testing.T) {
	lake := made(t)
	put(t, lake, map[string]int64{"a": 1})
	of, err := lake.Find(t.Context(), name)
	must(t, err)
	b, now := upkeep.Usual(), time.Now()
	stray := strings.TrimPrefix(of.Location(), "file://") + "/data/stray.parquet"
	leave := func() {
		must(t, os.WriteFile(stray, []byte("x"), 0o600))
		old := now.Add(-1000 * time.Hour)
		must(t, os.Chtimes(stray, old, old))
	}
	for _, c := range []struct {
		how  maintained.How
		days int
		goes bool
	}{
		{maintained.Due, 0, false}, {maintained.Due, 1, true}, {maintained.Due, 1, false}, {maintained.Due, 2, true},
		{maintained.Look, 3, false}, {maintained.Count, 3, false}, {maintained.All, 2, true},
	} {
		leave()
		then := now.Add(time.Duration(c.days) * 24 * time.Hour)
		r, _, err := care(t, lake, b, c.how, then).Tend(t.Context(), name, nobody)
		must(t, err)
		_, err = os.Stat(stray)
		gone := os.IsNotExist(err)
		if gone != c.goes || gone && r.Orphans != 1 || c.how == maintained.Look && r.Freed != 1 {
			t.Errorf("%s after %d days: gone %v, %+v", c.how, c.days, gone, r)
		}
	}
}

// TestPieces writes no more bytes anew at once than the bounds say, and says that there is more to do.
func TestPieces(t *testing.T) {
	lake, want := made(t), map[string]int64{}
	for n := range 24 {
		key := fmt.Sprintf("%04d", n)
		want[key] = int64(n)
		put(t, lake, map[string]int64{key: int64(n)})
	}
	of, err := lake.Find(t.Context(), name)
	must(t, err)
	before, err := upkeep.Count(t.Context(), of)
	must(t, err)
	b := upkeep.Usual()
	size := before.Bytes / int64(before.Files)
	b.Files, b.Deletes, b.Small, b.AtOnce = 8, 8, 4*size, 10*size
	rounds := 0
	for more := true; more; rounds++ {
		var r maintained.Report
		r, more, err = care(t, lake, b, maintained.Due, time.Now()).Tend(t.Context(), name, nobody)
		must(t, err)
		t.Logf("%+v, more %v", r.After, more)
	}
	after, err := lake.Find(t.Context(), name)
	must(t, err)
	holds(t, after, want)
	if rounds < 2 || rounds > 6 {
		t.Errorf("it took %d calls", rounds)
	}
}

// TestGuarded commits nothing to a table that its guard has left alone.
func TestGuarded(t *testing.T) {
	lake := made(t)
	for n := range 9 {
		put(t, lake, map[string]int64{"a": int64(n)})
	}
	before, err := lake.Find(t.Context(), name)
	must(t, err)
	asked := 0
	late := func(*table.Table, *tables.Change) (string, error) { // between the look and the commit
		asked++
		return map[bool]string{true: "somebody has come"}[asked > 1], nil
	}
	r, _, err := care(t, lake, upkeep.Usual(), maintained.All, time.Now()).Tend(context.Background(), name, late)
	must(t, err)
	after, err := lake.Find(t.Context(), name)
	must(t, err)
	if r.Left != "somebody has come" || after.MetadataLocation() != before.MetadataLocation() {
		t.Errorf("%+v, and the table has changed", r)
	}
}
