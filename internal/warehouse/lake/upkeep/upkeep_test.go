package upkeep_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
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
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/upkeep"
	"catchment/internal/warehouse/lake/writing"
	"catchment/internal/warehouse/shape"
)

var name = tables.Name("salesforce", "account")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made is a lake on a folder, with a table of a text, which is the key, and a number.
func made(t *testing.T) *tables.Lake {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	must(t, err)
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	t.Cleanup(func() { must(t, db.Close()) })
	c, err := catalog.NewCatalog("lake", db, catalog.SQLite, iceberg.Properties{"sql.driver": "sqlite",
		"sql.dialect": "sqlite", "init_catalog_tables": "true", "warehouse": "file://" + t.TempDir()})
	must(t, err)
	lake := &tables.Lake{Catalog: c, Pause: func(context.Context, time.Duration) error { return nil }}
	_, err = lake.Make(t.Context(), name, tables.Making{Schema: columns.Schema(
		[]shape.Column{{Name: "id", Kind: shape.Text}, {Name: "n", Kind: shape.Long}}, nil)})
	must(t, err)
	return lake
}

// commit makes one snapshot.
func commit(
	t *testing.T, lake *tables.Lake, build func(context.Context, *table.Table) (*tables.Change, error),
) *table.Table {
	t.Helper()
	after, err := lake.Commit(t.Context(), name, build)
	must(t, err)
	return after
}

// put replaces rows by others, as a merge does: what was there is dead by its position.
func put(t *testing.T, lake *tables.Lake, values map[string]int64) {
	t.Helper()
	commit(t, lake, func(ctx context.Context, of *table.Table) (*tables.Change, error) {
		keys, dead := slices.Sorted(maps.Keys(values)), map[string][]int64{}
		each(t, of, rows.Query{Keys: keys, Positions: true}, func(b rows.Batch, i int) {
			dead[b.File[i]] = append(dead[b.File[i]], b.Position[i])
		})
		schema, err := writing.Schema(of)
		must(t, err)
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for _, key := range keys {
			builder.Field(0).(*array.StringBuilder).Append(key)
			builder.Field(1).(*array.Int64Builder).Append(values[key])
		}
		record := builder.NewRecordBatch()
		c := &tables.Change{}
		all := func(yield func(arrow.RecordBatch, error) bool) { yield(record, nil) }
		c.Rows, err = writing.Rows(ctx, of, schema, all)
		must(t, err)
		c.Deletes, err = writing.Positions(ctx, of, dead)
		return c, err
	})
}

// each goes through rows.
func each(t *testing.T, of *table.Table, q rows.Query, look func(rows.Batch, int)) {
	t.Helper()
	q.Key, q.Columns = []string{"id"}, []string{"n"}
	c, err := rows.Open(t.Context(), of, q)
	must(t, err)
	defer func() { must(t, c.Close()) }()
	for {
		b, err := c.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(t, err)
		for i := range b.Keys {
			look(b, i)
		}
	}
}

// holds proves that a table has these rows, each once.
func holds(t *testing.T, of *table.Table, want map[string]int64) {
	t.Helper()
	got, n := map[string]int64{}, 0
	each(t, of, rows.Query{}, func(b rows.Batch, i int) {
		got[b.Keys[i]] = b.Record.Column(0).(*array.Int64).Value(i)
		n++
	})
	if n != len(want) || !maps.Equal(got, want) {
		t.Fatalf("%d rows of %d keys, not %d", n, len(got), len(want))
	}
}

// TestUpkeep merges at random, and looks after the table now and then: it stays small, and has the same rows.
func TestUpkeep(t *testing.T) {
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G115 -- it is no secret
	lake, want := made(t), map[string]int64{}
	bounds := upkeep.Usual()
	bounds.Files, bounds.Deletes, bounds.Manifests, bounds.Small = 4, 3, 6, 4<<10
	for n := range 40 {
		values := map[string]int64{}
		for range 1 + random.IntN(200) {
			key := fmt.Sprintf("%04d", random.IntN(1500))
			values[key] = int64(n)
			want[key] = int64(n)
		}
		put(t, lake, values)
		after := commit(t, lake, func(ctx context.Context, of *table.Table) (*tables.Change, error) {
			return upkeep.Compaction(ctx, upkeep.Table{Table: of, Key: []string{"id"}, Bounds: bounds,
				Scratch: t.TempDir()})
		})
		for _, f := range tables.ForeignOf(after, 0) {
			if !f.Replaces() {
				t.Fatalf("upkeep is said to be somebody else's: %v", f)
			}
		}
	}
	after, err := lake.Find(t.Context(), name)
	must(t, err)
	holds(t, after, want)
	_, err = lake.Expire(t.Context(), name, 2, 0)
	must(t, err)
	after, err = lake.Find(t.Context(), name)
	must(t, err)
	holds(t, after, want)
	c, err := upkeep.Count(t.Context(), after)
	must(t, err)
	t.Logf("%+v", c)
	if c.Deletes >= bounds.Deletes || c.Snapshots != 2 || c.Files > 12 {
		t.Errorf("after 40 merges there are %+v", c)
	}
}

// TestDeletesBecomeOne has files of deletes become one, of data files that are as new as any, and stay as they are.
func TestDeletesBecomeOne(t *testing.T) {
	lake, want := made(t), map[string]int64{}
	bounds := upkeep.Usual()
	bounds.Files, bounds.Deletes = 1000, 3
	for n := range int64(9) {
		values := map[string]int64{}
		for key := range 100 + 10*n {
			if n == 0 || key%(n+20) == 0 { // never so many that a file is worn
				values[fmt.Sprintf("%04d", key)], want[fmt.Sprintf("%04d", key)] = n, n
			}
		}
		put(t, lake, values)
		after := commit(t, lake, func(ctx context.Context, of *table.Table) (*tables.Change, error) {
			return upkeep.Compaction(ctx, upkeep.Table{Table: of, Key: []string{"id"}, Bounds: bounds,
				Scratch: t.TempDir()})
		})
		holds(t, after, want)
		c, err := upkeep.Count(t.Context(), after)
		must(t, err)
		if c.Deletes >= bounds.Deletes || c.Files != int(n)+1 {
			t.Errorf("after %d merges there are %+v", n+1, c)
		}
	}
}

// TestWornFiles has a large file go of which more than half is dead, and no other.
func TestWornFiles(t *testing.T) {
	lake, want := made(t), map[string]int64{}
	bounds := upkeep.Usual()
	bounds.Small, bounds.Deletes = 1, 1000 // nothing is small
	for n, replaced := range []int{1000, 400, 700} {
		values := map[string]int64{}
		for key := range replaced {
			values[fmt.Sprintf("%04d", key)], want[fmt.Sprintf("%04d", key)] = int64(n), int64(n)
		}
		put(t, lake, values)
		after := commit(t, lake, func(ctx context.Context, of *table.Table) (*tables.Change, error) {
			return upkeep.Compaction(ctx, upkeep.Table{Table: of, Key: []string{"id"}, Bounds: bounds,
				Scratch: t.TempDir()})
		})
		holds(t, after, want)
		rows := int64(0)
		data, _, err := tables.Files(t.Context(), after)
		must(t, err)
		for _, file := range data {
			rows += file.Count()
		}
		if dead := rows - int64(len(want)); (dead > 0) != (n == 1) {
			t.Errorf("after %d merges %d rows are dead", n+1, dead)
		}
	}
}

// TestSweep removes what no snapshot names, once it is old enough, and nothing else.
func TestSweep(t *testing.T) {
	lake, want := made(t), map[string]int64{"a": 1, "b": 2}
	put(t, lake, want)
	of, err := lake.Find(t.Context(), name)
	must(t, err)
	data := strings.TrimPrefix(of.Location(), "file://") + "/data"
	old := time.Now().Add(-1000 * time.Hour)
	must(t, os.WriteFile(data+"/young.parquet", []byte("x"), 0o600))
	must(t, os.WriteFile(data+"/old.parquet", []byte("x"), 0o600))
	files, err := os.ReadDir(data)
	must(t, err)
	for _, file := range files {
		if file.Name() != "young.parquet" {
			must(t, os.Chtimes(data+"/"+file.Name(), old, old))
		}
	}
	bounds := upkeep.Bounds{} // never younger than a day, whatever it says
	for _, dry := range []bool{true, false} {
		found, err := upkeep.Sweep(t.Context(), of, bounds, dry)
		must(t, err)
		if found != (upkeep.Orphans{Files: 1, Bytes: 1}) {
			t.Errorf("found %+v", found)
		}
	}
	left, err := os.ReadDir(data)
	must(t, err)
	if len(left) != len(files)-1 {
		t.Errorf("%d files of %d are left", len(left), len(files))
	}
	holds(t, of, want)
}
