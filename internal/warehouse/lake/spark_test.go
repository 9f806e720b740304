package lake_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	"pgregory.net/rapid"

	"catchment/internal/merger"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/spark"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/memory"
)

// How the tests with a real Spark go about it. make spark gives them one.
var (
	sparkAt        = flag.String("lake.spark", "", "a folder with a Python that has PySpark, in bin, and with jars")
	sparkHistories = flag.Int("lake.spark-histories", 5, "so many random histories go through Spark")
)

// newSpark starts a Spark that merges, and tells how it is asked to.
func newSpark(t *testing.T) []string {
	t.Helper()
	if *sparkAt == "" {
		t.Skip("make spark gives it a Spark")
	}
	folder := t.TempDir()
	clients, err := filepath.Abs("../../../clients/spark")
	must(t, err)
	// #nosec G204 -- of make spark
	host := exec.Command(filepath.Join(*sparkAt, "bin", "python"), filepath.Join(clients, "host.py"), folder,
		filepath.Join(*sparkAt, "jars"))
	host.Stdout, host.Stderr = os.Stderr, os.Stderr
	host.Dir = folder
	must(t, host.Start())
	t.Cleanup(func() {
		must(t, os.WriteFile(filepath.Join(folder, "end"), nil, 0o600))
		_ = host.Wait()
	})
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(folder, "ready")); err == nil {
			return []string{filepath.Join(clients, "ask.sh"), folder}
		}
		if time.Since(began) > time.Minute {
			t.Fatal("Spark doesn't start")
		}
	}
}

// A sparked subject is a lake whose catalog is a file, which Spark can read as well.
type sparked struct {
	*subject
	merger.Merger
	file string
}

func newSparked(t testing.TB, start []string) *sparked {
	t.Helper()
	folder := t.TempDir()
	s := &sparked{subject: &subject{folder: folder}, file: filepath.Join(folder, "catalog.sqlite"),
		Merger: merger.Merger{By: merger.Spark, Start: start, Patience: 5 * time.Minute}}
	db, err := sql.Open("sqlite", "file:"+s.file+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	s.Catalog, err = sqlcatalog.NewCatalog("lake", db, sqlcatalog.SQLite, iceberg.Properties{
		"init_catalog_tables": "true", "warehouse": "file://" + folder + "/lake"})
	must(t, err)
	return s
}

// Open makes a Warehouse over the lake's tables.
func (s *sparked) Open(o warehouse.Options, f warehousetest.Fault) warehouse.Warehouse {
	o.Merge = s.Merger
	return lake.New(lake.Place{Catalog: stormy{s.Catalog, &weather{Fault: f}}, Scratch: s.folder,
		Engine: spark.Catalog{Name: "lake", Properties: map[string]string{
			"catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog", "uri": "jdbc:sqlite:" + s.file,
			"jdbc.schema-version": "V1", "jdbc.init-catalog-tables": "false",
			"warehouse": "file://" + s.folder + "/lake"}}}, o)
}

// consolidated begins a merge, waits for it, and has it taken. It tells whether Spark has done it.
func consolidated(
	ctx context.Context, w warehouse.Warehouse, f warehouse.Fence, m warehouse.Merge, token string,
) (c warehouse.Counts, by bool, err error) {
	detacher := warehouse.RolesOf(w).Detacher
	if detacher == nil {
		c, err = w.Consolidate(ctx, f, m)
		return c, false, err
	}
	id, err := detacher.Begin(ctx, f, warehouse.Procedure{Table: m.Table, Policy: m.Policy, Merge: m}, token)
	for over := id == ""; !over && err == nil; {
		over, err = detacher.Ended(ctx, id, time.Minute)
	}
	if err != nil {
		return c, false, err
	}
	c, err = w.Consolidate(ctx, f, m)
	return c, id != "", err
}

// onMain tells whether the newest rows of a table are Spark's.
func (s *sparked) onMain(t *testing.T, name string) bool {
	tb := s.find(t, warehousetest.Final, name)
	now := tb.CurrentSnapshot()
	if now == nil || now.ParentSnapshotID == nil {
		return false
	}
	below := tb.SnapshotByID(*now.ParentSnapshotID)
	return below != nil && below.Summary != nil && below.Summary.Properties["catchment.merge"] != ""
}

// TestSparkLikeMemoryWithSpark does random attempts by Spark and to a warehouse of maps: counts, rows, tombstones and rejections
// are the same, also where the lake's tables are looked after in between, and where some attempts are merged by us.
func TestSparkLikeMemoryWithSpark(t *testing.T) {
	start := newSpark(t)
	must(t, flag.Set("rapid.checks", fmt.Sprint(*sparkHistories)))
	s := newSparked(t, start)
	a, b := newTwin(t, s), newTwin(t, memory.New())
	tries, attempts, bySpark := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		tries++
		d := &drawn{t: t, rt: rt, table: aTable(fmt.Sprint("t", tries))}
		for _, w := range []*twin{a, b} {
			w.begin(rt, d.table)
		}
		for n := range rapid.IntRange(2, 5).Draw(rt, "attempts") {
			batches, m := d.attempt(n)
			if rapid.IntRange(0, 9).Draw(rt, "forSpark") > 0 {
				m.Forget = nil
				if m.Policy == gone.Remove {
					m.Policy = gone.Flag
				}
				for i := range batches {
					batches[i].Pages[0].Rejected = nil
				}
			}
			want := b.do(rt, batches, m)
			a.clock = a.clock.Add(time.Minute)
			for _, batch := range batches {
				if _, err := a.w.Load(t.Context(), a.fence, batch); err != nil {
					rt.Fatal(err)
				}
			}
			got, _, err := consolidated(t.Context(), a.w, a.fence, m, m.Attempt)
			if err != nil {
				rt.Fatal(err)
			}
			attempts++
			if s.onMain(t, d.table.Name) {
				bySpark++
			}
			if got != want {
				rt.Fatalf("counts of %s\n got %+v\nwant %+v", m.Attempt, got, want)
			}
			for _, side := range []warehousetest.Side{warehousetest.Final, warehousetest.Staging} {
				if got, want := a.says(side, d.table), b.says(side, d.table); got != want {
					rt.Fatalf("after %s, %s\n got:\n%s\nwant:\n%s", m.Attempt, side, got, want)
				}
			}
			if rapid.Bool().Draw(rt, "upkeep") {
				a.maintain(rt, d.table)
			}
		}
	})
	t.Logf("Spark has merged %d of %d attempts", bySpark, attempts)
	if bySpark == 0 {
		t.Error("Spark has merged nothing")
	}
}
