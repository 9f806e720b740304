package lake_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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
	"catchment/internal/warehouse/maintained"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
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
		if time.Since(began) > 4*time.Minute {
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
		Engine: s.engine()}, o)
}

// engine is the catalog, as Spark reaches it.
func (s *sparked) engine() spark.Catalog {
	return spark.Catalog{Name: "lake", Properties: map[string]string{
		"catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog", "uri": "jdbc:sqlite:" + s.file,
		"jdbc.schema-version": "V1", "jdbc.init-catalog-tables": "false", "warehouse": "file://" + s.folder + "/lake"}}
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

// TestSpark has a Spark of this machine merge and read.
func TestSpark(t *testing.T) {
	start := newSpark(t)
	t.Run("histories", func(t *testing.T) { sparkHistoriesOf(t, start) })
	t.Run("one Id with 100,000 versions", func(t *testing.T) { sparkSkew(t, start) })
	t.Run("it reads what we wrote", func(t *testing.T) { sparkReads(t, start) })
}

// sparkHistoriesOf does random attempts to a lake and to a warehouse of maps: counts, rows, marks, tombstones and
// rejections are the same. Of the lake's some are merged by Spark, some by us, and some by us while Spark is at it; in
// between the lake's tables are looked after.
func sparkHistoriesOf(t *testing.T, start []string) {
	must(t, flag.Set("rapid.checks", fmt.Sprint(*sparkHistories)))
	must(t, flag.Set("rapid.nofailfile", "true"))
	s := newSparked(t, start)
	a, b := newTwin(t, s), newTwin(t, memory.New())
	bySpark := a.w
	tries, attempts, sparks := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		tries++
		d := &drawn{t: t, rt: rt, table: aTable(fmt.Sprint("t", tries))}
		for _, w := range []*twin{a, b} {
			w.begin(rt, d.table)
		}
		for n := range rapid.IntRange(2, 4).Draw(rt, "attempts") {
			batches, m := d.attempt(n)
			if rapid.IntRange(0, 9).Draw(rt, "for Spark") > 0 {
				forSpark(batches, &m)
			}
			want := b.do(rt, batches, m)
			a.clock = a.clock.Add(time.Minute)
			for _, batch := range batches {
				if _, err := a.w.Load(t.Context(), a.fence, batch); err != nil {
					rt.Fatal(err)
				}
			}
			by := rapid.SampledFrom([]string{"Spark", "Spark", "us", "us, while Spark is at it"}).Draw(rt, "by")
			got, err := sparkOr(t.Context(), by, bySpark, s.us(a), a.fence, m)
			if err != nil {
				rt.Fatal(err)
			}
			attempts++
			if s.onMain(t, d.table.Name) {
				sparks++
			}
			if got != want {
				rt.Fatalf("counts of %s by %s\n got %+v\nwant %+v", m.Attempt, by, got, want)
			}
			a.isLike(rt, b, m.Attempt, d.table)
			if rapid.IntRange(0, 3).Draw(rt, "upkeep") == 0 {
				a.maintain(rt, d.table)
			}
		}
	})
	t.Logf("Spark has merged %d of %d attempts, of %d histories", sparks, attempts, tries)
	if sparks == 0 || tries < *sparkHistories {
		t.Error("that is less than it should be")
	}
}

// forSpark makes a merge one that Spark can do.
func forSpark(batches []warehouse.Batch, m *warehouse.Merge) {
	m.Forget = nil
	if m.Policy == gone.Remove {
		m.Policy = gone.Flag
	}
	for i := range batches {
		batches[i].Pages[0].Rejected = nil
	}
}

// us is a process over the same lake that merges by itself.
func (s *sparked) us(w *twin) warehouse.Warehouse {
	mine := *s
	mine.By = merger.Go
	return mine.Open(warehouse.Options{Schema: string(warehousetest.Final), Staging: string(warehousetest.Staging),
		Now: func() time.Time { return w.clock }, Maintain: usual()}, warehousetest.Fault{})
}

// sparkOr merges an attempt by somebody.
func sparkOr(
	ctx context.Context, by string, bySpark, us warehouse.Warehouse, f warehouse.Fence, m warehouse.Merge,
) (warehouse.Counts, error) {
	switch by {
	case "us":
		return us.Consolidate(ctx, f, m)
	case "us, while Spark is at it":
		_, err := warehouse.RolesOf(bySpark).Detacher.Begin(ctx, f,
			warehouse.Procedure{Table: m.Table, Policy: m.Policy, Merge: m}, m.Attempt)
		if err != nil {
			return warehouse.Counts{}, err
		}
		return us.Consolidate(ctx, f, m)
	}
	c, _, err := consolidated(ctx, bySpark, f, m, m.Attempt)
	return c, err
}

// isLike proves that two warehouses hold the same of a flow, and say the same of it.
func (w *twin) isLike(rt *rapid.T, other *twin, attempt string, t shape.Table) {
	for _, side := range []warehousetest.Side{warehousetest.Final, warehousetest.Staging} {
		if got, want := w.says(side, t), other.says(side, t); got != want {
			rt.Fatalf("after %s, %s\n got:\n%s\nwant:\n%s", attempt, side, got, want)
		}
	}
	got, _, err := w.w.Mark(w.t.Context(), w.fence.Flow)
	if err != nil {
		rt.Fatal(err)
	}
	want, _, err := other.w.Mark(w.t.Context(), other.fence.Flow)
	if err != nil {
		rt.Fatal(err)
	}
	if got != want {
		rt.Fatalf("after %s, the mark\n got %+v\nwant %+v", attempt, got, want)
	}
}

// sparkSkew merges an Id that has 100,000 versions.
func sparkSkew(t *testing.T, start []string) {
	const versions = 100_000
	s := newSparked(t, start)
	w := newTwin(t, s)
	rt := aTable("skew")
	f := warehouse.Fence{Flow: "skew", Number: 1}
	_, err := w.w.Claim(t.Context(), f, "skew", org)
	must(t, err)
	_, err = w.w.Prepare(t.Context(), f, rt)
	must(t, err)
	path := filepath.Join(t.TempDir(), "page")
	file, err := os.Create(path) // #nosec G304 -- of the test
	must(t, err)
	_, err = fmt.Fprintln(file, "Id,SystemModstamp,Name")
	must(t, err)
	for n := range versions {
		at := minute(n * 7919 % versions).Format("2006-01-02T15:04:05.000Z")
		_, err = fmt.Fprintf(file, "1,%s,name %d\n", at, n*7919%versions)
		must(t, err)
	}
	must(t, file.Close())
	_, err = w.w.Load(t.Context(), f, warehouse.Batch{Table: rt, Attempt: "a", Job: "j", ReadAt: minute(0),
		Pages: []warehouse.Page{{Key: "p", Seq: 1, Header: []string{"Id", "SystemModstamp", "Name"}, Rows: versions,
			Digest: "p", Path: path}}})
	must(t, err)
	c, by, err := consolidated(t.Context(), w.w, f, warehouse.Merge{Table: rt, Attempt: "a", Policy: gone.Flag,
		Pages: 1, Rows: versions}, "skew")
	must(t, err)
	rows := s.Look(t, warehousetest.Final, "skew")
	if c.Inserted != 1 || c.Unchanged != versions-1 || !by || !s.onMain(t, "skew") || len(rows) != 1 ||
		*rows[0]["name"] != fmt.Sprint("name ", versions-1) {
		t.Fatalf("%+v, by Spark: %v, rows %v", c, by, rows)
	}
}

// sparkReads has Spark read what we wrote, and what both did, after each thing that befalls a table.
func sparkReads(t *testing.T, start []string) {
	s := newSparked(t, start)
	w := newTwin(t, s)
	at := aTable("mixed")
	f := warehouse.Fence{Flow: "mixed", Number: 1}
	w.fence = f
	_, err := w.w.Claim(t.Context(), f, "mixed", org)
	must(t, err)
	_, err = w.w.Prepare(t.Context(), f, at)
	must(t, err)
	number := 0
	merge := func(by string, header string, lines ...string) {
		t.Helper()
		number++
		w.clock = w.clock.Add(time.Minute)
		path, attempt := filepath.Join(t.TempDir(), "page"), fmt.Sprint("m", number)
		must(t, os.WriteFile(path, []byte(header+"\n"+strings.Join(append(lines, ""), "\n")), 0o600))
		page := warehouse.Page{Key: attempt, Seq: 1, Header: strings.Split(header, ","), Rows: int64(len(lines)),
			Digest: attempt, Path: path, Digits: []room.Digits{{Field: "Amount", Whole: 6, Fraction: 2}}}
		_, err := w.w.Load(t.Context(), f, warehouse.Batch{Table: at, Attempt: attempt, Job: attempt,
			ReadAt: w.clock, Pages: []warehouse.Page{page}})
		must(t, err)
		_, err = sparkOr(t.Context(), by, w.w, s.us(w), f, warehouse.Merge{Table: at, Attempt: attempt,
			Policy: gone.Flag, Pages: 1, Rows: page.Rows})
		must(t, err)
		if is := s.onMain(t, "mixed"); is != (by == "Spark") {
			t.Fatalf("%s has merged by Spark: %v", attempt, is)
		}
		s.isReadAlike(t, start, at)
	}
	const header = "Id,IsDeleted,SystemModstamp,Name,Amount"
	var first []string
	for n := range 40 {
		first = append(first, fmt.Sprintf("%d,false,%s,name %d,%d.50", n, stamp(1), n, n))
	}
	merge("us", header, first...)
	merge("Spark", header, "1,false,"+stamp(2)+",one,1.25", "2,true,"+stamp(2)+",,", "41,false,"+stamp(2)+",new,7")
	merge("us", header, "1,false,"+stamp(3)+",uno,1.75", "42,false,"+stamp(3)+",newer,8")
	keeper, _ := maintained.Of(s.us(w))
	_, err = keeper.Maintain(t.Context(), f, "mixed", maintained.All)
	must(t, err)
	s.isReadAlike(t, start, at)
	at.Columns = append(at.Columns, shape.Column{Name: "city", Field: "City", Kind: shape.Text})
	_, err = w.w.Prepare(t.Context(), f, at)
	must(t, err)
	s.isReadAlike(t, start, at)
	merge("Spark", header+",City", "1,false,"+stamp(4)+",eins,2.00,Bonn", "43,false,"+stamp(4)+",newest,9,Ulm")
	merge("us", header+",City", "3,false,"+stamp(4)+",drei,2.00,Bonn")
}

// isReadAlike has Spark read a final table: it sees what we see.
func (s *sparked) isReadAlike(t *testing.T, start []string, at shape.Table) {
	t.Helper()
	columns := []string{"id"}
	for _, c := range at.Columns {
		if c.Kind == shape.Text && c.Name != "id" || c.Kind == shape.Bool || c.Kind == shape.Decimal {
			columns = append(columns, c.Name)
		}
	}
	folder := t.TempDir()
	request, answer := filepath.Join(folder, "request.json"), filepath.Join(folder, "answer.json")
	text, err := json.Marshal(map[string]any{"catalog": s.engine(), "columns": columns,
		"table": []string{string(warehousetest.Final), at.Name}})
	must(t, err)
	must(t, os.WriteFile(request, text, 0o600))
	reader, err := filepath.Abs("../../../clients/spark/read.py")
	must(t, err)
	// #nosec G204 -- of make spark
	said, err := exec.Command(start[0], append(start[1:], reader, request, answer)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	var got struct {
		Rows, Keys int
		Digest     string
	}
	text, err = os.ReadFile(answer) // #nosec G304 -- of the test
	must(t, err)
	must(t, json.Unmarshal(text, &got))
	var lines []string
	for _, row := range s.Look(t, warehousetest.Final, at.Name) {
		var values []string
		for _, c := range columns {
			if row[c] == nil {
				values = append(values, "~")
			} else {
				values = append(values, *row[c])
			}
		}
		lines = append(lines, strings.Join(values, "|"))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	if got.Rows != len(lines) || got.Keys != len(lines) || got.Digest != hex.EncodeToString(sum[:]) {
		t.Fatalf("Spark reads %+v, and we:\n%s", got, strings.Join(lines, "\n"))
	}
}
