package lake_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// The table of the benchmark has 25 columns: what every object has, six decimals and fifteen texts.
const (
	benchRecords  = 1_000_000
	benchPages    = 8
	benchDecimals = 6
	benchTexts    = 15
)

func benchTable() shape.Table {
	t := shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "createddate", Field: "CreatedDate", Kind: shape.Timestamp}}}
	for i := range benchDecimals {
		t.Columns = append(t.Columns, shape.Column{Name: fmt.Sprintf("n%d__c", i), Field: fmt.Sprintf("N%d__c", i),
			Kind: shape.Decimal, Scale: 2})
	}
	for i := range benchTexts {
		t.Columns = append(t.Columns, shape.Column{Name: fmt.Sprintf("t%d__c", i), Field: fmt.Sprintf("T%d__c", i),
			Kind: shape.Text})
	}
	return t
}

// benchPage writes so many records into a page, those of a place and each so many further on, in any order.
func benchPage(b testing.TB, dir string, seq, records, step int) warehouse.Page {
	b.Helper()
	p := warehouse.Page{Key: fmt.Sprintf("page-%d.csv", seq), Seq: int64(seq), Rows: int64(records),
		Path: filepath.Join(dir, fmt.Sprintf("page-%d.csv", seq))}
	for _, c := range benchTable().Columns {
		p.Header = append(p.Header, c.Field)
		if c.Kind == shape.Decimal {
			p.Digits = append(p.Digits, room.Digits{Field: c.Field, Whole: 6, Fraction: 2})
		}
	}
	if _, err := os.Stat(p.Path); err == nil {
		return p
	}
	f, err := os.Create(p.Path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "\"%s\"\n", strings.Join(p.Header, `","`))
	for _, n := range rand.Perm(records) {
		i := n*step + seq
		fmt.Fprintf(w, `"001%012dAAA","false","2024-05-05T10:11:%02d.000Z","2020-01-01T00:00:00.000Z"`, i, i%60)
		for c := range benchDecimals {
			fmt.Fprintf(w, `,"%d.%02d"`, (i*7919+c)%1_000_000, i%100)
		}
		for c := range benchTexts {
			fmt.Fprintf(w, `,"text %d value %d abc"`, i*31+c, i*c%977)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkLoad loads a million records into a stage. LAKE_PAGES names a folder in which their pages are kept.
func BenchmarkLoad(b *testing.B) {
	dir := os.Getenv("LAKE_PAGES")
	if dir == "" {
		dir = b.TempDir()
	}
	batch := warehouse.Batch{Table: benchTable(), Attempt: "a1", Job: "j1", ReadAt: time.Unix(100, 0)}
	for i := range benchPages {
		batch.Pages = append(batch.Pages, benchPage(b, dir, i, benchRecords/benchPages, benchPages))
	}
	for b.Loop() {
		b.StopTimer()
		s := newSubject(b)
		w, f := s.plain(), warehouse.Fence{Flow: "Account", Number: 1}
		if err := w.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Claim(b.Context(), f, "account", "org"); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Prepare(b.Context(), f, batch.Table); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if n, err := w.Load(b.Context(), f, batch); err != nil || n != benchRecords {
			b.Fatalf("%d rows, %v", n, err)
		}
	}
}
