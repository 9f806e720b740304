package duckdb_test

import (
	"bufio"
	"context"
	stdsql "database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// The table of the benchmarks has 25 columns: what every object has, six
// decimals and fifteen texts.
const (
	pagesOfBench = 16
	decimals     = 6
	textColumns  = 15
)

func benchTable() shape.Table {
	t := shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "createddate", Field: "CreatedDate", Kind: shape.Timestamp}}}
	for i := range decimals {
		t.Columns = append(t.Columns, shape.Column{Name: fmt.Sprintf("n%d__c", i), Field: fmt.Sprintf("N%d__c", i),
			Kind: shape.Decimal, Scale: 2})
	}
	for i := range textColumns {
		t.Columns = append(t.Columns, shape.Column{Name: fmt.Sprintf("t%d__c", i), Field: fmt.Sprintf("T%d__c", i),
			Kind: shape.Text})
	}
	return t
}

// benchPage writes the records first, first+step... below last.
func benchPage(b *testing.B, dir string, seq, first, last, step int, day string) warehouse.Page {
	p := warehouse.Page{Key: fmt.Sprintf("%s-%d.csv", day, seq), Seq: int64(seq),
		Path: filepath.Join(dir, fmt.Sprintf("%s-%d.csv", day, seq))}
	for _, c := range benchTable().Columns {
		p.Header = append(p.Header, c.Field)
		if c.Kind == shape.Decimal {
			p.Digits = append(p.Digits, room.Digits{Field: c.Field, Whole: 6, Fraction: 2})
		}
	}
	f, err := os.Create(p.Path)
	fatal(b, err)
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "\"%s\"\n", strings.Join(p.Header, `","`))
	for i := first; i < last; i += step {
		fmt.Fprintf(w, `"001%012dAAA","false","%sT10:11:%02d.000Z","2020-01-01T00:00:00.000Z"`, i, day, i%60)
		for c := range decimals {
			fmt.Fprintf(w, `,"%d.%02d"`, (i*7919+c)%1_000_000, i%100)
		}
		for c := range textColumns {
			fmt.Fprintf(w, `,"text %d value %d abc"`, i*31+c, i*c%977)
		}
		fmt.Fprintln(w)
		p.Rows++
	}
	fatal(b, w.Flush())
	fatal(b, f.Close())
	return p
}

func fatal(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkConsolidate loads a million records, consolidates them, then 10,000
// spread updates, and reports each as a ratio to what DuckDB needs for the same
// work by hand. One round (-benchtime 1x) is enough.
func BenchmarkConsolidate(b *testing.B) {
	const records = 1_000_000
	dir := b.TempDir()
	var pages []warehouse.Page
	for i := range pagesOfBench {
		per := records / pagesOfBench
		pages = append(pages, benchPage(b, dir, i+1, i*per, (i+1)*per, 1, "2024-05-05"))
	}
	changes := []warehouse.Page{benchPage(b, dir, 100, 0, records, 100, "2024-06-06")}
	for b.Loop() {
		byHand := newHand(b, filepath.Join(b.TempDir(), "hand.duckdb"))
		plain := byHand.load(dir)
		edit := byHand.change(changes[0].Path)
		byHand.close()

		w, d := newBench(b)
		load := timed(func() { w.load("a1", time.Unix(100, 0), pages) })
		first := timed(func() { w.consolidate("a1", pages) })
		update := timed(func() { w.load("a2", time.Unix(200, 0), changes); w.consolidate("a2", changes) })
		fatal(b, d.Close())
		b.ReportMetric(plain.Seconds(), "plain-s")
		b.ReportMetric(load.Seconds()/plain.Seconds(), "load/plain")
		b.ReportMetric((load+first).Seconds()/plain.Seconds(), "load+first/plain")
		b.ReportMetric(edit.Seconds(), "edit-s")
		b.ReportMetric(update.Seconds()/edit.Seconds(), "update/edit")
	}
}

func timed(f func()) time.Duration {
	begin := time.Now()
	f()
	return time.Since(begin)
}

// A bench is a warehouse under test.
type bench struct {
	b *testing.B
	w warehouse.Warehouse
	f warehouse.Fence
}

func newBench(b *testing.B) (*bench, sql.Driver) {
	d, err := duckdb.Open(filepath.Join(b.TempDir(), "copy.duckdb"), duckdb.Options{Idle: time.Minute})
	fatal(b, err)
	x := &bench{b: b, w: sql.New(d, warehouse.Options{Schema: "s", Staging: "i", Now: time.Now}),
		f: warehouse.Fence{Flow: "Account", Number: 1}}
	fatal(b, x.w.Migrate(b.Context()))
	_, err = x.w.Claim(b.Context(), x.f, "account", "org")
	fatal(b, err)
	_, err = x.w.Prepare(b.Context(), x.f, benchTable())
	fatal(b, err)
	return x, d
}

func (x *bench) load(attempt string, readAt time.Time, pages []warehouse.Page) {
	_, err := x.w.Load(x.b.Context(), x.f,
		warehouse.Batch{Table: benchTable(), Attempt: attempt, Job: attempt, ReadAt: readAt, Pages: pages})
	fatal(x.b, err)
}

func (x *bench) consolidate(attempt string, pages []warehouse.Page) {
	m := warehouse.Merge{Table: benchTable(), Attempt: attempt, Policy: gone.Flag, Pages: int64(len(pages))}
	for _, p := range pages {
		m.Rows += p.Rows
	}
	_, err := x.w.Consolidate(x.b.Context(), x.f, m)
	fatal(x.b, err)
}

// A hand is somebody who types the SQL.
type hand struct {
	b  *testing.B
	db *stdsql.DB
}

func newHand(b *testing.B, path string) *hand {
	db, err := stdsql.Open("duckdb", path)
	fatal(b, err)
	db.SetMaxOpenConns(1)
	return &hand{b, db}
}

func (h *hand) exec(q string) {
	_, err := h.db.ExecContext(context.Background(), q)
	fatal(h.b, err)
}

func (h *hand) csv(glob string) string {
	var types []string
	for _, c := range benchTable().Columns {
		kind := duckdb.Dialect().Type(c.Kind, c.Scale)
		if c.Kind == shape.Decimal {
			kind = "DECIMAL(18,2)" // DuckDB needs ten times as long to read a DECIMAL(38,2)
		}
		types = append(types, fmt.Sprintf("'%s': '%s'", c.Name, kind))
	}
	return fmt.Sprintf("read_csv('%s', header = true, columns = {%s})", glob, strings.Join(types, ", "))
}

func (h *hand) load(dir string) time.Duration {
	return timed(func() {
		h.exec("CREATE TABLE account AS SELECT * FROM " + h.csv(filepath.Join(dir, "2024-05-05-*.csv")))
		h.exec("CHECKPOINT")
	})
}

func (h *hand) change(path string) time.Duration {
	h.exec("ALTER TABLE account ADD PRIMARY KEY (id)")
	h.exec("CHECKPOINT")
	return timed(func() {
		h.exec("CREATE TEMP TABLE fresh AS SELECT * FROM " + h.csv(path))
		h.exec("BEGIN")
		h.exec("DELETE FROM account WHERE id IN (SELECT id FROM fresh)")
		h.exec("INSERT INTO account SELECT * FROM fresh")
		h.exec("COMMIT")
	})
}

func (h *hand) close() { fatal(h.b, h.db.Close()) }
