package merging_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/lake/writing"
	"catchment/internal/warehouse/shape"
)

var (
	speedRows    = flag.Int("merging.rows", 0, "how many rows TestSpeed fills a table with; 0 leaves it out")
	speedChanges = flag.Int("merging.changes", 10_000, "how many changes it merges then")
)

// TestSpeed fills a table by a first run, and merges spread changes into it, thrice.
func TestSpeed(t *testing.T) {
	if *speedRows == 0 {
		t.Skip("-merging.rows says how many")
	}
	b := newBench(t)
	b.widen(25)
	most := peak(t)
	begin := time.Now()
	b.speed("first", 1, *speedRows)
	t.Logf("first run of %d rows: %v", *speedRows, time.Since(begin).Round(time.Millisecond))
	for n := range 3 {
		begin = time.Now()
		b.speed(fmt.Sprint("changes", n), *speedRows / *speedChanges, *speedChanges)
		t.Logf("%d changes: %v", *speedChanges, time.Since(begin).Round(time.Millisecond))
	}
	t.Logf("memory: %d MiB at most", most()>>20)
}

// widen gives the tables further columns of text.
func (b *bench) widen(to int) {
	for n := len(b.table.Columns); n < to; n++ {
		name := fmt.Sprint("text", n)
		b.table.Columns = append(b.table.Columns, shape.Column{Name: name, Field: name, Kind: shape.Text})
	}
	for name, ours := range map[string][]shape.Column{"final": columns.Final(), "stage": columns.Staging()} {
		name := map[string]table.Identifier{"final": finalName, "stage": stageName}[name]
		must(b.t, b.lake.Catalog.DropTable(b.t.Context(), name))
		_, err := b.lake.Make(b.t.Context(), name, tables.Making{Schema: columns.Schema(b.table.Columns, ours)})
		must(b.t, err)
	}
}

// peak watches the memory that is in use.
func peak(t *testing.T) func() uint64 {
	stop, done := make(chan bool), make(chan uint64)
	go func() {
		var most uint64
		for {
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.Sys-m.HeapReleased)
		}
	}()
	return func() uint64 { close(stop); return <-done }
}

// speed stages so many records, of every so many'th key, in pages, and merges them.
func (b *bench) speed(attempt string, every, n int) {
	b.t.Helper()
	b.seq++
	readAt := int(b.seq) * 100
	build := func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		change := &tables.Change{}
		const page = 125_000
		for from := 0; from < n; from += page {
			schema, err := writing.Schema(t)
			must(b.t, err)
			files, err := writing.Rows(ctx, t, schema, func(yield func(arrow.RecordBatch, error) bool) {
				made := array.NewRecordBuilder(memory.DefaultAllocator, schema)
				for i := from; i < min(n, from+page); i++ {
					b.fill(made, attempt, i*every, readAt)
					if i%8192 == 8191 && !yield(made.NewRecordBatch(), nil) {
						return
					}
				}
				yield(made.NewRecordBatch(), nil)
			})
			must(b.t, err)
			change.Rows = append(change.Rows, files...)
		}
		return change, nil
	}
	_, err := b.lake.Commit(b.t.Context(), stageName, build)
	must(b.t, err)
	begin := time.Now()
	known := []versions.Job{{Name: "job", Op: warehouse.Put, Columns: shape.ColumnNames(b.table),
		ReadAt: at(readAt)}}
	r, did := b.mergeStaged(attempt, warehouse.Merge{Policy: gone.Flag}, int64(n), known)
	b.t.Logf("merge alone: %v, %d files come, %d go; %+v", time.Since(begin).Round(time.Millisecond), len(r.Rows),
		len(r.Gone), did.Counts)
}

// fill adds a record.
func (b *bench) fill(to *array.RecordBuilder, attempt string, i, readAt int) {
	for c, field := range to.Schema().Fields() {
		switch f := to.Field(c).(type) {
		case *array.StringBuilder:
			switch field.Name {
			case "id":
				f.Append(fmt.Sprintf("001%012dAAA", i))
			case columns.Attempt:
				f.Append(attempt)
			case columns.Op:
				f.Append(string(warehouse.Put))
			case columns.Job:
				f.Append("job")
			default:
				f.Append(fmt.Sprint("value ", (i*31+c*7)%10_007, " of ", c, " at ", readAt))
			}
		case *array.BooleanBuilder:
			f.Append(false)
		case *array.Int64Builder:
			f.Append(int64(i))
		case *array.TimestampBuilder:
			if field.Name == columns.At {
				f.AppendNull()
			} else {
				f.Append(arrow.Timestamp(at(readAt).UnixMicro()))
			}
		}
	}
}
