package writing_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
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
	"catchment/internal/warehouse/lake/writing"
	"catchment/internal/warehouse/shape"
)

var name = tables.Name("salesforce", "account")

// made is a lake on a folder, with a table that is sorted by id, and maybe partitioned by day.
func made(t *testing.T, daily bool, properties iceberg.Properties) (*tables.Lake, *table.Table) {
	t.Helper()
	return madeOf(t, columns.Schema([]shape.Column{{Name: "id", Kind: shape.Text},
		{Name: "sum", Kind: shape.Decimal, Scale: 2}}, columns.Staging()), daily, properties)
}

// madeOf is one with other columns, of which the first is an id.
func madeOf(
	t *testing.T, schema *iceberg.Schema, daily bool, properties iceberg.Properties,
) (*tables.Lake, *table.Table) {
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
	lake := &tables.Lake{Catalog: c, Pause: func(context.Context, time.Duration) error { return nil }}
	spec := *iceberg.UnpartitionedSpec
	if daily {
		readAt, _ := schema.FindFieldByName(columns.ReadAt)
		if spec, err = iceberg.NewPartitionSpecOpts(iceberg.AddPartitionFieldByName(
			readAt.Name, "day", iceberg.DayTransform{}, schema, nil)); err != nil {
			t.Fatal(err)
		}
	}
	order, err := table.NewSortOrder(1, []table.SortField{{SourceIDs: []int{1}, Transform: iceberg.IdentityTransform{},
		Direction: table.SortASC, NullOrder: table.NullsFirst}})
	if err != nil {
		t.Fatal(err)
	}
	tb, err := lake.Make(t.Context(), name, tables.Making{Schema: schema, Spec: &spec, Order: order,
		Properties: properties})
	if err != nil {
		t.Fatal(err)
	}
	return lake, tb
}

// batches are rows of ids, so many in each.
func batches(t *testing.T, tb *table.Table, of ...[]string) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error]) {
	t.Helper()
	all, err := writing.Schema(tb)
	if err != nil {
		t.Fatal(err)
	}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: columns.ReadAt, Type: arrow.FixedWidthTypes.Timestamp_us}, {Name: "id", Type: arrow.BinaryTypes.String},
		{Name: "sum", Type: all.Field(1).Type}}, nil)
	return schema, func(yield func(arrow.RecordBatch, error) bool) {
		for _, ids := range of {
			b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			for _, id := range ids {
				b.Field(0).(*array.TimestampBuilder).Append(arrow.Timestamp(86_400_000_000 * 3))
				b.Field(1).(*array.StringBuilder).Append(id)
				b.Field(2).AppendNull()
			}
			if !yield(b.NewRecordBatch(), nil) {
				return
			}
		}
	}
}

// TestRows writes rows that others can read, says what is in the files, and takes some away again.
func TestRows(t *testing.T) {
	t.Parallel()
	lake, tb := made(t, true, iceberg.Properties{"write.parquet.bloom-filter-enabled.column.id": "true"})
	schema, records := batches(t, tb, []string{"a", "b"}, nil, []string{"c", "d", "e"})
	files, err := writing.Rows(t.Context(), tb, schema, records)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	f := files[0]
	if f.Count() != 5 || f.SortOrderID() == nil || *f.SortOrderID() != 1 ||
		string(f.LowerBoundValues()[1]) != "a" || string(f.UpperBoundValues()[1]) != "e" ||
		fmt.Sprint(f.Partition()) != "map[1000:3]" || f.FileSizeBytes() == 0 {
		t.Errorf("%d rows from %s to %s in partition %v, order %v, %d bytes", f.Count(), f.LowerBoundValues()[1],
			f.UpperBoundValues()[1], f.Partition(), f.SortOrderID(), f.FileSizeBytes())
	}
	put := func(c tables.Change) *table.Table {
		after, err := lake.Commit(t.Context(), name, func(context.Context, *table.Table) (*tables.Change, error) {
			return &c, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return after
	}
	if got := ids(t, put(tables.Change{Rows: files})); got != "[a b c d e]" {
		t.Error(got)
	}
}

// TestPositions takes rows away.
func TestPositions(t *testing.T) {
	t.Parallel()
	for _, many := range []bool{false, true} {
		lake, tb := made(t, false, nil)
		var dead = map[string][]int64{}
		var change tables.Change
		for _, of := range [][]string{{"a", "b", "c"}, {"d", "e"}} {
			schema, records := batches(t, tb, of)
			files, err := writing.Rows(t.Context(), tb, schema, records)
			if err != nil {
				t.Fatal(err)
			}
			change.Rows = append(change.Rows, files...)
		}
		dead[change.Rows[0].FilePath()] = []int64{2, 0, 2}
		want := "[b d e]"
		if many {
			dead[change.Rows[1].FilePath()] = []int64{1}
			want = "[b d]"
		}
		deletes, err := writing.Positions(t.Context(), tb, dead)
		if err != nil || len(deletes) != 1 {
			t.Fatalf("%d files, %v", len(deletes), err)
		}
		if (deletes[0].ReferencedDataFile() == nil) != many {
			t.Errorf("deletes of %d files refer to %v", len(dead), deletes[0].ReferencedDataFile())
		}
		for _, c := range []tables.Change{change, {Deletes: deletes}} {
			if tb, err = lake.Commit(t.Context(), name, func(context.Context, *table.Table) (*tables.Change, error) {
				return &c, nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if got := ids(t, tb); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	_, tb := made(t, false, nil)
	if none, err := writing.Positions(t.Context(), tb, nil); err != nil || len(none) != 0 {
		t.Errorf("where nothing is dead: %v, %v", none, err)
	}
	_, tb = made(t, true, nil)
	if _, err := writing.Positions(t.Context(), tb, map[string][]int64{"x": {1}}); err == nil {
		t.Error("nobody knows the partition, and it is written")
	}
}

// TestRolls begins another file where one has its size.
func TestRolls(t *testing.T) {
	t.Parallel()
	_, tb := made(t, false, iceberg.Properties{table.WriteTargetFileSizeBytesKey: "1"})
	var of [][]string
	for i := range 3 {
		var some []string
		for j := range 70_000 {
			some = append(some, fmt.Sprintf("%d%06d", i, j))
		}
		of = append(of, some)
	}
	schema, records := batches(t, tb, of...)
	files, err := writing.Rows(t.Context(), tb, schema, records)
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
}

// TestFails leaves no file behind that is half written.
func TestFails(t *testing.T) {
	t.Parallel()
	_, tb := made(t, false, nil)
	schema, records := batches(t, tb, []string{"a"})
	broken := errors.New("broken")
	_, err := writing.Rows(t.Context(), tb, schema, func(yield func(arrow.RecordBatch, error) bool) {
		for batch := range records {
			yield(batch, nil)
		}
		yield(nil, broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	other := arrow.NewSchema([]arrow.Field{{Name: "what", Type: arrow.BinaryTypes.String}}, nil)
	if _, err := writing.Rows(t.Context(), tb, other, records); err == nil {
		t.Error("a column is taken that the table lacks")
	}
}

func ids(t *testing.T, tb *table.Table) string {
	t.Helper()
	rows, err := tb.Scan().ToArrowTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	var all []string
	for _, chunk := range rows.Column(0).Data().Chunks() {
		for i := range chunk.Len() {
			all = append(all, chunk.ValueStr(i))
		}
	}
	return fmt.Sprint(all)
}
