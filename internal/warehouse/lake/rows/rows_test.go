package rows_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/iceberg-go"
	catalog "github.com/apache/iceberg-go/catalog/sql"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	_ "modernc.org/sqlite"

	"catchment/internal/plan"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// A lake is one table, on a folder, and what it should hold.
type lake struct {
	*tables.Lake
	t    *testing.T
	name table.Identifier
	of   *table.Table
}

// newLake makes a table of a text, which is the key, and a number.
func newLake(t *testing.T) *lake {
	t.Helper()
	folder := t.TempDir()
	db, err := sql.Open("sqlite", "file:"+folder+"/catalog.sqlite")
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	c, err := catalog.NewCatalog("lake", db, catalog.SQLite, iceberg.Properties{
		"uri": "file:" + folder + "/catalog.sqlite", "sql.driver": "sqlite", "sql.dialect": "sqlite",
		"init_catalog_tables": "true", "warehouse": "file://" + folder + "/warehouse",
	})
	must(t, err)
	l := &lake{Lake: &tables.Lake{Catalog: c, Pause: func(context.Context, time.Duration) error { return nil }}, t: t,
		name: tables.Name("salesforce", "account")}
	l.of, err = l.Make(t.Context(), l.name, tables.Making{Schema: columns.Schema(
		[]shape.Column{{Name: "id", Kind: shape.Text}, {Name: "n", Kind: shape.Long}}, nil),
		Properties: iceberg.Properties{"write.parquet.row-group-limit": "100"}})
	must(t, err)
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file writes a data file of rows in the order given, and adds it.
func (l *lake) file(ids []string, n int64) iceberg.DataFile {
	l.t.Helper()
	schema, err := table.SchemaToArrowSchema(l.of.Schema(), nil, true, false)
	must(l.t, err)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i, id := range ids {
		b.Field(0).(*array.StringBuilder).Append(id)
		b.Field(1).(*array.Int64Builder).Append(n + int64(i))
		for f := 2; f < schema.NumFields(); f++ {
			b.Field(f).AppendNull()
		}
	}
	files := l.files(schema, b.NewRecordBatch())
	if len(files) != 1 {
		l.t.Fatalf("%d files", len(files))
	}
	l.commit(tables.Change{Rows: files})
	return files[0]
}

func (l *lake) files(schema *arrow.Schema, record arrow.RecordBatch) []iceberg.DataFile {
	l.t.Helper()
	records := func(yield func(arrow.RecordBatch, error) bool) { yield(record, nil) }
	var files []iceberg.DataFile
	for file, err := range table.WriteRecords(l.t.Context(), l.of, schema, records, table.WithMaxWriteWorkers(1)) {
		must(l.t, err)
		files = append(files, file)
	}
	return files
}

// kill writes one file of position deletes, for rows of any data files.
func (l *lake) kill(dead map[string][]int64) {
	l.t.Helper()
	schema, err := table.SchemaToArrowSchema(iceberg.PositionalDeleteSchema, nil, true, false)
	must(l.t, err)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, path := range slices.Sorted(func(yield func(string) bool) {
		for path := range dead {
			if !yield(path) {
				return
			}
		}
	}) {
		for _, position := range dead[path] {
			b.Field(0).(*array.StringBuilder).Append(path)
			b.Field(1).(*array.Int64Builder).Append(position)
		}
	}
	l.commit(tables.Change{Deletes: deletes(l.t, l.of, b.NewRecordBatch())})
}

func (l *lake) commit(c tables.Change) {
	l.t.Helper()
	var err error
	l.of, err = l.Commit(l.t.Context(), l.name, func(context.Context, *table.Table) (*tables.Change, error) {
		return &c, nil
	})
	must(l.t, err)
}

// read is what a query finds, as "key=number".
func (l *lake) read(q rows.Query) []string {
	l.t.Helper()
	q.Columns, q.Scratch = []string{"n"}, l.t.TempDir()
	if q.Key == nil {
		q.Key = []string{"id"}
	}
	c, err := rows.Open(l.t.Context(), l.of, q)
	must(l.t, err)
	defer func() { must(l.t, c.Close()) }()
	var found []string
	for {
		b, err := c.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		must(l.t, err)
		if b.Record.NumCols() != 1 || int(b.Record.NumRows()) != len(b.Keys) {
			l.t.Fatalf("%d columns, %d rows, %d keys", b.Record.NumCols(), b.Record.NumRows(), len(b.Keys))
		}
		for i, key := range b.Keys {
			found = append(found, key+"="+b.Record.Column(0).ValueStr(i))
		}
	}
}

// TestRowsOfManyFiles reads random files, sorted and not, with dead rows, in the order of their keys.
func TestRowsOfManyFiles(t *testing.T) {
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G115 -- it is no secret
	l := newLake(t)
	live, dead := map[string]string{}, map[string][]int64{}
	var keys []string
	for n := range 60 {
		ids := make([]string, 1+random.IntN(300))
		for i := range ids {
			ids[i] = fmt.Sprintf("%05d-%02d-%03d", random.IntN(50_000), n, i)
		}
		if n%3 > 0 {
			slices.Sort(ids)
		}
		file := l.file(ids, int64(n*1000))
		for i, id := range ids {
			if random.IntN(5) == 0 {
				dead[file.FilePath()] = append(dead[file.FilePath()], int64(i))
				continue
			}
			live[id] = fmt.Sprintf("%s=%d", id, n*1000+i)
			keys = append(keys, id)
		}
	}
	l.kill(dead)
	slices.Sort(keys)
	want := func(keys []string) []string {
		var all []string
		for _, key := range keys {
			if live[key] != "" {
				all = append(all, live[key])
			}
		}
		return all
	}
	same(t, "all rows", l.read(rows.Query{}), want(keys))
	same(t, "in any order", slices.Sorted(slices.Values(l.read(rows.Query{AnyOrder: true}))), want(keys))
	var some []string
	for _, key := range keys {
		if random.IntN(100) == 0 {
			some = append(some, key, key+"x")
		}
	}
	same(t, "rows of some keys", l.read(rows.Query{Keys: some}), want(some))
	same(t, "rows of no key", l.read(rows.Query{Keys: []string{}}), nil)
	same(t, "rows of one key that isn't there", l.read(rows.Query{Keys: []string{"x"}}), nil)
	for _, after := range []string{keys[0], keys[len(keys)/2], keys[len(keys)/2] + "x", keys[len(keys)-1], "x"} {
		at, is := slices.BinarySearch(keys, after)
		if is {
			at++
		}
		same(t, "rows after "+after, l.read(rows.Query{After: after}), want(keys[at:]))
		at, is = slices.BinarySearch(some, after)
		if is {
			at++
		}
		same(t, "rows of some keys after "+after, l.read(rows.Query{Keys: some, After: after}), want(some[at:]))
	}
	where := iceberg.GreaterThanEqual(iceberg.Reference("n"), int64(30_000))
	var late []string
	for _, row := range want(keys) {
		if _, n, _ := strings.Cut(row, "="); len(n) == 5 && n >= "30000" {
			late = append(late, row)
		}
	}
	same(t, "rows by a value", l.read(rows.Query{Where: where}), late)
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %d rows, not %d: %.300v, not %.300v", what, len(got), len(want), got, want)
	}
}

// TestPositions says where each row is, and a row group that is left out counts.
func TestPositions(t *testing.T) {
	l := newLake(t)
	var ids []string
	for i := range 1000 {
		ids = append(ids, fmt.Sprintf("%04d", i))
	}
	file := l.file(ids, 0)
	for _, q := range []rows.Query{{}, {Keys: []string{"0003", "0777"}}, {After: "0777"}} {
		q.Key, q.Columns, q.Positions = []string{"id"}, []string{"n"}, true
		c, err := rows.Open(t.Context(), l.of, q)
		must(t, err)
		for {
			b, err := c.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			for i, key := range b.Keys {
				at := b.Record.Column(0).(*array.Int64).Value(i)
				if b.Position[i] != at || b.File[i] != file.FilePath() {
					t.Fatalf("%s is said to be row %d of %s", key, b.Position[i], b.File[i])
				}
			}
		}
		must(t, c.Close())
	}
}

// deletes writes one file of position deletes.
func deletes(t *testing.T, of *table.Table, record arrow.RecordBatch) []iceberg.DataFile {
	t.Helper()
	files, err := of.FS(t.Context())
	must(t, err)
	path := of.Location() + "/data/deletes.parquet"
	to, err := files.(iceio.WriteFileIO).Create(path)
	must(t, err)
	w, err := pqarrow.NewFileWriter(record.Schema(), to, nil, pqarrow.DefaultWriterProps())
	must(t, err)
	must(t, w.Write(record))
	must(t, w.Close())
	from, err := files.Open(path)
	must(t, err)
	info, err := from.Stat()
	must(t, err)
	r, err := parquetfile.NewParquetReader(from)
	must(t, err)
	defer func() { must(t, r.Close()) }()
	file, err := table.DataFileFromMetadata(table.DataFileArgs{Schema: iceberg.PositionalDeleteSchema,
		Spec: of.Spec(), Content: iceberg.EntryContentPosDeletes, FilePath: path, FileSize: info.Size(),
		Format: iceberg.ParquetFile, Metadata: r.MetaData()})
	must(t, err)
	return []iceberg.DataFile{file}
}

// TestTableThatChanged reads files that were written before a column came, got another name, or room for more.
func TestTableThatChanged(t *testing.T) {
	l := newLake(t)
	l.file([]string{"a", "c"}, 1)
	tx := l.of.NewTransaction()
	change := tx.UpdateSchema(true, false)
	change.AddColumn([]string{"later"}, iceberg.PrimitiveTypes.Int32, "", false, nil)
	change.RenameColumn([]string{"n"}, "number")
	must(t, change.Commit())
	var err error
	l.of, err = tx.Commit(t.Context())
	must(t, err)
	l.file([]string{"b"}, 7)
	tx = l.of.NewTransaction()
	long := iceberg.Optional[iceberg.Type]{Val: iceberg.PrimitiveTypes.Int64, Valid: true}
	must(t, tx.UpdateSchema(true, false).UpdateColumn([]string{"later"}, table.ColumnUpdate{FieldType: long}).Commit())
	l.of, err = tx.Commit(t.Context())
	must(t, err)
	c, err := rows.Open(t.Context(), l.of, rows.Query{Key: []string{"id"}, Columns: []string{"later", "number", "id"}})
	must(t, err)
	defer func() { must(t, c.Close()) }()
	var got []string
	for {
		b, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		for i := range b.Keys {
			got = append(got, b.Record.Column(2).ValueStr(i)+" "+b.Record.Column(0).ValueStr(i)+" "+
				b.Record.Column(1).ValueStr(i))
		}
	}
	same(t, "rows", got, []string{"a (null) 1", "b (null) 7", "c (null) 2"})
	null := rows.Query{Key: []string{"id"}, Columns: []string{"id"}, Where: iceberg.LessThan(iceberg.Reference("later"),
		int64(5))}
	none, err := rows.Open(t.Context(), l.of, null)
	must(t, err)
	if _, err := none.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("a row without a value is said to have one below five: %v", err)
	}
	must(t, none.Close())
}

// TestDamage names a file that is missing, cut short, or another one.
func TestDamage(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"missing": os.Remove,
		"cut short": func(path string) error {
			info, err := os.Stat(path)
			return errors.Join(err, os.Truncate(path, info.Size()/2))
		},
		"empty": func(path string) error { return os.Truncate(path, 0) },
		"rubbish within": func(path string) error {
			text, err := os.ReadFile(path)
			copy(text[20:], strings.Repeat("x", 40))
			return errors.Join(err, os.WriteFile(path, text, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			path := l.file([]string{"a", "b", "c"}, 1).FilePath()
			must(t, harm(strings.TrimPrefix(path, "file://")))
			c, err := rows.Open(t.Context(), l.of, rows.Query{Key: []string{"id"}, Columns: []string{"n"}})
			must(t, err)
			defer func() { must(t, c.Close()) }()
			_, err = c.Next()
			if err == nil || !strings.Contains(err.Error(), path) || plan.ClassOf(err) != plan.Fix ||
				!strings.Contains(plan.HintOf(err), "catchment run --full") {
				t.Errorf("%v", err)
			}
		})
	}
}
