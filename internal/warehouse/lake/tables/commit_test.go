package tables_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	catalog "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	_ "modernc.org/sqlite"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// newLake is a lake on a folder.
func newLake(t *testing.T) *tables.Lake {
	t.Helper()
	folder := t.TempDir()
	db, err := sql.Open("sqlite", "file:"+folder+"/catalog.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := catalog.NewCatalog("lake", db, catalog.SQLite, iceberg.Properties{
		"uri": "file:" + folder + "/catalog.sqlite", "sql.driver": "sqlite", "sql.dialect": "sqlite",
		"init_catalog_tables": "true", "warehouse": "file://" + folder + "/warehouse",
	})
	if err != nil {
		t.Fatal(err)
	}
	return &tables.Lake{Catalog: c, Pause: func(context.Context, time.Duration) error { return nil }}
}

// TestCommit makes a table, adds rows, and replaces one of them in one snapshot, which carries a mark.
func TestCommit(t *testing.T) {
	lake, name := newLake(t), tables.Name("salesforce", "account")
	made, err := lake.Make(t.Context(), name, tables.Making{Schema: columns.Schema(
		[]shape.Column{{Name: "id", Kind: shape.Text}}, columns.Final())})
	if err != nil {
		t.Fatal(err)
	}
	first, err := lake.Commit(t.Context(), name, func(_ context.Context, tb *table.Table) (*tables.Change, error) {
		mark := iceberg.Properties{"catchment.mark": "1"}
		return &tables.Change{Rows: write(t, tb, "a", "b", "c"), Properties: mark}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	empty, err := lake.Commit(t.Context(), name, func(context.Context, *table.Table) (*tables.Change, error) {
		return &tables.Change{Properties: iceberg.Properties{"catchment.mark": "2"}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	moved := empty.CurrentSnapshot().SnapshotID != first.CurrentSnapshot().SnapshotID
	if empty.Properties()["catchment.mark"] != "2" || !moved {
		t.Errorf("an empty commit left %v", empty.Properties())
	}
	if n := rows(t, empty); n != 3 || rows(t, made) != 0 {
		t.Errorf("%d rows", n)
	}
	if foreign := tables.ForeignOf(empty, 0); len(foreign) != 0 {
		t.Errorf("ours is said to be foreign: %v", foreign)
	}
	tx := empty.NewTransaction()
	if err := tx.AddDataFiles(t.Context(), write(t, empty, "d"), nil); err != nil {
		t.Fatal(err)
	}
	theirs, err := tx.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if foreign := tables.ForeignOf(theirs, 0); len(foreign) != 1 || foreign[0].Operation != "append" {
		t.Errorf("somebody else's append is said to be %v", foreign)
	}
}

func write(t *testing.T, tb *table.Table, ids ...string) []iceberg.DataFile {
	t.Helper()
	schema, err := table.SchemaToArrowSchema(tb.Schema(), nil, true, false)
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, id := range ids {
		b.Field(0).(*array.StringBuilder).Append(id)
		for i := 1; i < schema.NumFields(); i++ {
			b.Field(i).AppendNull()
		}
	}
	record := b.NewRecordBatch()
	var files []iceberg.DataFile
	records := func(yield func(arrow.RecordBatch, error) bool) { yield(record, nil) }
	for file, err := range table.WriteRecords(t.Context(), tb, schema, records, table.WithMaxWriteWorkers(1)) {
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func rows(t *testing.T, tb *table.Table) int64 {
	t.Helper()
	all, err := tb.Scan().ToArrowTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer all.Release()
	return all.NumRows()
}

// TestConflict has somebody else commit while a snapshot is being built: it is built anew on theirs. A catalog of SQL
// tells of that in words of its own.
func TestConflict(t *testing.T) {
	lake, name := newLake(t), tables.Name("salesforce", "account")
	columns := columns.Schema([]shape.Column{{Name: "id", Kind: shape.Text}}, nil)
	if _, err := lake.Make(t.Context(), name, tables.Making{Schema: columns}); err != nil {
		t.Fatal(err)
	}
	add := func(ids ...string) tables.Builder {
		return func(_ context.Context, tb *table.Table) (*tables.Change, error) {
			return &tables.Change{Rows: write(t, tb, ids...)}, nil
		}
	}
	asked := 0
	after, err := lake.Commit(t.Context(), name, func(ctx context.Context, tb *table.Table) (*tables.Change, error) {
		if asked++; asked <= 2 {
			if _, err := lake.Commit(ctx, name, add("theirs")); err != nil {
				t.Fatal(err)
			}
		}
		return add("ours")(ctx, tb)
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := rows(t, after); asked != 3 || n != 3 {
		t.Errorf("asked %d times, %d rows", asked, n)
	}
}

// TestColumns changes columns and writes their values anew in one snapshot.
func TestColumns(t *testing.T) {
	lake, name := newLake(t), tables.Name("salesforce", "account")
	columns := columns.Schema([]shape.Column{{Name: "id", Kind: shape.Text}, {Name: "n", Kind: shape.Int}}, nil)
	if _, err := lake.Make(t.Context(), name, tables.Making{Schema: columns}); err != nil {
		t.Fatal(err)
	}
	_, err := lake.Commit(t.Context(), name, func(_ context.Context, tb *table.Table) (*tables.Change, error) {
		return &tables.Change{Rows: write(t, tb, "a", "b")}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	after, err := lake.Commit(t.Context(), name, func(context.Context, *table.Table) (*tables.Change, error) {
		return &tables.Change{
			Columns: func(u *table.UpdateSchema) {
				u.DeleteColumn([]string{"n"}).AddColumn([]string{"n"}, iceberg.PrimitiveTypes.String, "", false, nil)
			},
			Anew: func(_ context.Context, then *table.Table) ([]iceberg.DataFile, error) {
				return write(t, then, "a", "b", "c"), nil
			},
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n, _ := after.Schema().FindFieldByName("n")
	data, _, err := tables.Files(t.Context(), after)
	if rows(t, after) != 3 || len(data) != 1 || err != nil || !n.Type.Equals(iceberg.PrimitiveTypes.String) {
		t.Errorf("%d rows in %d files, n is %s, %v", rows(t, after), len(data), n.Type, err)
	}
}
