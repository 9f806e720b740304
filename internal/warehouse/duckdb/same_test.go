package duckdb_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/page"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

var cluster pgtest.Cluster

func openPostgres(t testing.TB) sql.Driver {
	d, err := postgres.Open(cluster.Database(t), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// values are what each kind of column meets; "" is null.
var values = map[shape.Kind][]string{
	shape.Text: {"", "N/A", "null", "None", "007", " padded ", "a\r\nb\n", `say "hi"`, "a,b", "\\N", "\\.", "é🦭",
		"'; DROP TABLE x", strings.Repeat("長", 40_000),
		"2026-01-01", "true", "\t", `"`},
	shape.Bool: {"", "true", "false"},
	shape.Int:  {"", "0", "-2147483648", "2147483647"},
	shape.Long: {"", "9223372036854775807", "-1"},
	shape.Decimal: {"", "0", "-0.5", "123456789012345678.25", "1.2345678E7", "5.0E-2", "-1.5E+2",
		"0.12345678901234567",
		"999999999999999999", "100.00"},
	shape.Date:      {"", "1700-01-01", "4000-12-31", "2024-02-29"},
	shape.Time:      {"", "00:00:00.000Z", "23:59:59.999Z"},
	shape.Timestamp: {"", "1700-01-01T00:00:00.000Z", "4000-12-31T23:59:59.000Z", "2026-03-29T01:30:00.123Z"},
}

// The same pages give the same rows in DuckDB and in PostgreSQL.
func TestSameRowsInBoth(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	table := shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool}}}
	for _, kind := range slices.Sorted(maps.Keys(values)) {
		for i := range 2 {
			table.Columns = append(table.Columns,
				shape.Column{Name: fmt.Sprintf("%s%d", kind, i), Field: fmt.Sprintf("%s%d", kind, i),
					Kind: kind, Scale: 2 * i})
		}
	}
	var batches []warehouse.Batch
	for n := range 4 {
		b := warehouse.Batch{Table: table, Attempt: fmt.Sprint(n), Job: fmt.Sprint(n), ReadAt: time.Unix(int64(n), 0)}
		header := fieldsOf(table)
		random.Shuffle(len(header), func(i, j int) { header[i], header[j] = header[j], header[i] })
		for seq := range 2 {
			b.Pages = append(b.Pages, randomPage(t, table, header, random, n*50+seq*30))
		}
		batches = append(batches, b)
	}
	duck := rowsOf(t, open(t), table, batches)
	pg := rowsOf(t, openPostgres(t), table, batches)
	if len(duck) < 100 || !slices.Equal(duck, pg) {
		for i := range min(len(duck), len(pg)) {
			if duck[i] != pg[i] {
				t.Fatalf("row %d of %d and %d, seed %d:\nDuckDB     %.2000s\nPostgreSQL %.2000s", i, len(duck), len(pg),
					seed, duck[i], pg[i])
			}
		}
		t.Fatalf("%d rows in DuckDB, %d in PostgreSQL", len(duck), len(pg))
	}
}

// randomPage has records of forty keys from the first on, some of which other
// pages have as well.
func randomPage(t *testing.T, table shape.Table, header []string, random *rand.Rand, first int) warehouse.Page {
	p := warehouse.Page{Key: fmt.Sprint(first), Digest: fmt.Sprint(first), Seq: int64(first), Header: header, Rows: 40,
		Path: filepath.Join(t.TempDir(), "page.csv")}
	for _, c := range table.Columns {
		if c.Kind == shape.Decimal {
			p.Digits = append(p.Digits, room.Digits{Field: c.Field, Whole: 18, Fraction: 17})
		}
	}
	f, err := os.Create(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	w := page.NewWriter(f, p.Header)
	for i := range p.Rows {
		var record []string
		for _, field := range p.Header {
			c := table.Columns[slices.IndexFunc(table.Columns, func(c shape.Column) bool {
				return c.Field == field
			})]
			v := values[c.Kind][random.IntN(len(values[c.Kind]))]
			switch field {
			case "Id":
				v = fmt.Sprintf("%05d", first+int(i))
			case "SystemModstamp":
				v = time.Unix(random.Int64N(1000), 0).UTC().Format("2006-01-02T15:04:05.000Z")
			}
			record = append(record, v)
		}
		if err := w.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

func fieldsOf(t shape.Table) []string {
	var fields []string
	for _, c := range t.Columns {
		fields = append(fields, c.Field)
	}
	return fields
}

// rowsOf loads and consolidates all batches, and reads the final table as text.
func rowsOf(t *testing.T, d sql.Driver, table shape.Table, batches []warehouse.Batch) []string {
	ctx := t.Context()
	f := warehouse.Fence{Flow: "Account", Number: 1}
	w := sql.New(d, warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental",
		Now: func() time.Time { return time.Unix(5000, 0) }})
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(w.Migrate(ctx))
	_, err := w.Claim(ctx, f, table.Name, "00D000000000001AAA")
	check(err)
	_, err = w.Prepare(ctx, f, table)
	check(err)
	for _, b := range batches {
		b.Table = table
		_, err := w.Load(ctx, f, b)
		check(err)
		_, err = w.Consolidate(ctx, f, warehouse.Merge{Table: table, Attempt: b.Attempt, Policy: gone.Flag,
			Pages: 2, Rows: 80})
		check(err)
	}
	var names []string
	for _, c := range table.Columns {
		names = append(names, fmt.Sprintf(`CAST("%s" AS VARCHAR)`, c.Name))
	}
	for _, own := range []string{"_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at",
		"_catchment_delete_reason"} {
		names = append(names, "CAST("+own+" AS VARCHAR)")
	}
	var rows []string
	check(d.View(ctx, func(tx sql.Tx) error {
		return tx.Query(context.WithoutCancel(ctx), func(scan sql.Scan) error {
			texts := make([]*string, len(names))
			dest := make([]any, len(names))
			for i := range texts {
				dest[i] = &texts[i]
			}
			if err := scan(dest...); err != nil {
				return err
			}
			line := ""
			for i, v := range texts {
				switch {
				case v == nil:
					line += "~"
				case i < len(table.Columns) && table.Columns[i].Kind == shape.Decimal && strings.Contains(*v, "."):
					line += strings.TrimSuffix(strings.TrimRight(*v, "0"), ".") // DuckDB's column has one scale for all
				default:
					line += *v
				}
				line += "|"
			}
			rows = append(rows, line)
			return nil
		}, "SELECT "+strings.Join(names, ", ")+" FROM salesforce.account ORDER BY id")
	}))
	return rows
}
