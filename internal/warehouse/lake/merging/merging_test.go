package merging_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
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

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/merging"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/lake/writing"
	"catchment/internal/warehouse/shape"
)

// A bench is a lake on a folder with the two tables of a flow.
type bench struct {
	t     testing.TB
	lake  *tables.Lake
	table shape.Table
	seq   int64
}

var (
	finalName = tables.Name("salesforce", "account")
	stageName = tables.Name("salesforce_incremental", "account")
)

func newBench(t testing.TB) *bench {
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
	pause := func(context.Context, time.Duration) error { return nil }
	b := &bench{t: t, lake: &tables.Lake{Catalog: c, Pause: pause}}
	b.table = shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text},
		{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "name", Field: "Name", Kind: shape.Text},
		{Name: "employees", Field: "Employees", Kind: shape.Long},
	}}
	order, err := table.NewSortOrder(1, []table.SortField{{SourceIDs: []int{1}, Transform: iceberg.IdentityTransform{},
		Direction: table.SortASC, NullOrder: table.NullsFirst}})
	must(t, err)
	for name, ours := range map[string][]shape.Column{finalName[0]: columns.Final(), stageName[0]: columns.Staging()} {
		_, err := b.lake.Make(t.Context(), tables.Name(name, "account"),
			tables.Making{Schema: columns.Schema(b.table.Columns, ours), Order: order,
				Properties: iceberg.Properties{"write.parquet.bloom-filter-enabled.column.id": "true"}})
		must(t, err)
	}
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A job is staged versions: "id,deleted,minute,name,employees", in order of their ids.
type job struct {
	op     warehouse.Op
	readAt int
	fields []string
	lines  []string
}

var all = []string{"id", "isdeleted", "systemmodstamp", "name", "employees"}

// at is a moment in minutes.
func at(minutes int) time.Time { return time.Date(2026, 3, 1, 0, minutes, 0, 0, time.UTC) }

// stage adds the versions of a job to the stage table.
func (b *bench) stage(attempt, name string, j job) {
	b.t.Helper()
	build := func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		schema, err := writing.Schema(t)
		if err != nil {
			return nil, err
		}
		made := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for _, line := range j.lines {
			values := map[string]string{columns.Attempt: attempt, columns.Op: string(j.op), columns.Job: name}
			for i, value := range strings.Split(line, ",") {
				values[j.fields[i]] = value
			}
			for i, field := range schema.Fields() {
				must(b.t, b.append(made.Field(i), field.Name, values[field.Name], j.readAt))
			}
		}
		files, err := writing.Rows(ctx, t, schema, func(yield func(arrow.RecordBatch, error) bool) {
			yield(made.NewRecordBatch(), nil)
		})
		return &tables.Change{Rows: files}, err
	}
	_, err := b.lake.Commit(b.t.Context(), stageName, build)
	must(b.t, err)
}

func (b *bench) append(to array.Builder, name, value string, readAt int) error {
	switch {
	case name == columns.ReadAt:
		to.(*array.TimestampBuilder).Append(arrow.Timestamp(at(readAt).UnixMicro()))
	case name == columns.Seq:
		to.(*array.Int64Builder).Append(b.seq)
	case value == "":
		to.AppendNull()
	case name == "systemmodstamp":
		var minute int
		if _, err := fmt.Sscan(value, &minute); err != nil {
			return err
		}
		to.(*array.TimestampBuilder).Append(arrow.Timestamp(at(minute).UnixMicro()))
	default:
		return to.AppendValueFromString(value)
	}
	return nil
}

// merge stages jobs and merges them, and tells what was done.
func (b *bench) merge(attempt string, m warehouse.Merge, jobs ...job) (*merging.Result, versions.Tally) {
	b.t.Helper()
	var known []versions.Job
	n := int64(0)
	for i, j := range jobs {
		b.seq++
		name := fmt.Sprint(attempt, "-", i)
		b.stage(attempt, name, j)
		known = append(known, versions.Job{Name: name, Op: j.op, Columns: j.fields, ReadAt: at(j.readAt)})
		if j.op != warehouse.Seen {
			n += int64(len(j.lines))
		}
	}
	return b.mergeStaged(attempt, m, n, known)
}

// mergeStaged merges what is staged of an attempt.
func (b *bench) mergeStaged(
	attempt string, m warehouse.Merge, n int64, known []versions.Job,
) (*merging.Result, versions.Tally) {
	b.t.Helper()
	var result *merging.Result
	var rules *versions.Rules
	build := func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		stage, err := b.lake.Find(ctx, stageName)
		if err != nil {
			return nil, err
		}
		rules = &versions.Rules{Parts: versions.PartsOf(known, m, "isdeleted"), Policy: m.Policy, Complete: m.Complete,
			Absent: gone.Purged, ReadAt: versions.ReadAt(known, at(1000)), Now: versions.At(at(1000)), Tells: true}
		result, err = merging.Do(ctx, merging.Task{Table: b.table, Final: t, Stage: stage, Attempt: attempt, Rows: n,
			Rules: rules, Forget: m.Forget, Scratch: b.t.TempDir()})
		if err != nil {
			return nil, err
		}
		return &tables.Change{Rows: result.Rows, Deletes: result.Deletes, Gone: result.Gone,
			Left: result.Left, Settled: result.Settled}, nil
	}
	_, err := b.lake.Commit(b.t.Context(), finalName, build)
	must(b.t, err)
	return result, rules.Tally
}

// rows are the rows of the final table, as "id|deleted|name|employees|reason".
func (b *bench) rows() []string {
	b.t.Helper()
	t, err := b.lake.Find(b.t.Context(), finalName)
	must(b.t, err)
	cursor, err := rows.Open(b.t.Context(), t, rows.Query{Key: []string{"id"},
		Columns: []string{"id", "isdeleted", "name", "employees", columns.Reason}})
	must(b.t, err)
	var lines []string
	for {
		batch, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			must(b.t, cursor.Close())
			return lines
		}
		must(b.t, err)
		for i := range int(batch.Record.NumRows()) {
			var values []string
			for _, column := range batch.Record.Columns() {
				if column.IsNull(i) {
					values = append(values, "~")
				} else {
					values = append(values, column.ValueStr(i))
				}
			}
			lines = append(lines, strings.Join(values, "|"))
		}
	}
}

func (b *bench) has(what string, want ...string) {
	b.t.Helper()
	if got := b.rows(); !slices.Equal(got, want) {
		b.t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestDo merges attempts of every operation, and reads the table by what was committed.
func TestDo(t *testing.T) {
	b := newBench(t)
	_, did := b.merge("a1", warehouse.Merge{Policy: gone.Flag},
		job{op: warehouse.Put, readAt: 100, fields: all, lines: []string{
			"1,false,10,one,", "2,false,10,two,2", "3,false,10,three,3"}},
		job{op: warehouse.Put, readAt: 101, fields: all, lines: []string{"2,false,11,zwei,", "4,true,10,four,4"}})
	b.has("first", "1|false|one|~|~", "2|false|zwei|~|~", "3|false|three|3|~", "4|true|four|4|soft")
	if want := (warehouse.Counts{Staged: 5, Inserted: 4}); did.Counts != want {
		t.Errorf("counts %+v", did.Counts)
	}

	r, did := b.merge("a2", warehouse.Merge{Policy: gone.Flag},
		job{op: warehouse.Put, readAt: 200, fields: []string{"id", "systemmodstamp", "name"},
			lines: []string{"3,20,drei"}},
		job{op: warehouse.Patch, readAt: 201, fields: []string{"id", "employees"}, lines: []string{"1,7", "2,", "3,3"}})
	b.has("a part, and a patch", "1|false|one|7|~", "2|false|zwei|~|~", "3|false|drei|3|~", "4|true|four|4|soft")
	if len(r.Gone) != 1 || len(r.Deletes) != 0 || did.Counts.Patched != 1 {
		t.Errorf("half of the file is dead: %d files are gone, %d deletes, %+v", len(r.Gone), len(r.Deletes),
			did.Counts)
	}

	b.merge("a3", warehouse.Merge{Policy: gone.Flag},
		job{op: warehouse.Seen, readAt: 300, fields: []string{"id"}, lines: []string{"1", "3", "4"}},
		job{op: warehouse.Delete, readAt: 300, fields: []string{"id"}, lines: []string{"1"}})
	b.has("gone", "1|true|one|7|purged", "2|true|zwei|~|purged", "3|false|drei|3|~", "4|true|four|4|soft")

	r, _ = b.merge("a4", warehouse.Merge{Policy: gone.Remove, Complete: true},
		job{op: warehouse.Put, readAt: 400, fields: all, lines: []string{"1,false,30,uno,1"}})
	b.has("removed", "1|false|uno|1|~", "2|true|zwei|~|purged", "4|true|four|4|soft")
	if len(r.Burials) != 1 || r.Burials[0].Key != "3" || r.Burials[0].Tomb.Reason != gone.Purged {
		t.Errorf("burials %+v", r.Burials)
	}

	b.merge("a5", warehouse.Merge{Policy: gone.Flag, Forget: []string{"employees"}})
	b.has("forgotten", "1|false|uno|~|~", "2|true|zwei|~|purged", "4|true|four|~|soft")
}

// TestFewOfMany changes some rows of many: those stay in their file and are dead there.
func TestFewOfMany(t *testing.T) {
	b := newBench(t)
	var lines, changed []string
	for i := range 5000 {
		lines = append(lines, fmt.Sprintf("%06d,false,10,name %d,%d", i, i, i))
		if i%100 == 0 {
			changed = append(changed, fmt.Sprintf("%06d,false,20,changed,", i))
		}
	}
	b.merge("a1", warehouse.Merge{Policy: gone.Flag}, job{op: warehouse.Put, readAt: 100, fields: all, lines: lines})
	for n := range 3 {
		r, did := b.merge(fmt.Sprint("b", n), warehouse.Merge{Policy: gone.Flag},
			job{op: warehouse.Put, readAt: 200 + n, fields: all, lines: changed})
		if len(r.Gone) != min(n, 1) || did.Counts.Updated != 50 { // what the merge before has added is dead as a whole
			t.Errorf("merge %d: %d files are gone, %d deletes, %+v", n, len(r.Gone), len(r.Deletes), did.Counts)
		}
		got := b.rows()
		if len(got) != 5000 || got[100] != "000100|false|changed|~|~" || got[101] != "000101|false|name 101|101|~" {
			t.Fatalf("%d rows, %s, %s", len(got), got[100], got[101])
		}
	}
}

// TestRewriteWhileOthersDie has files go, and what was dead in them, while rows of another file die that stays.
func TestRewriteWhileOthersDie(t *testing.T) {
	b := newBench(t)
	lines := func(from, to, step int, name string, minute int) (all []string) {
		for i := from; i < to; i += step {
			all = append(all, fmt.Sprintf("%06d,false,%d,%s,", i, minute, name))
		}
		return all
	}
	put := func(attempt string, readAt int, lines []string) *merging.Result {
		r, _ := b.merge(attempt, warehouse.Merge{Policy: gone.Flag},
			job{op: warehouse.Put, readAt: readAt, fields: all, lines: lines})
		return r
	}
	put("a1", 100, lines(0, 1000, 1, "a", 10))
	put("a2", 101, lines(1000, 1100, 1, "b", 10))
	put("a3", 102, lines(1000, 1005, 1, "c", 11)) // dead in the second file, which stays
	r := put("a4", 103, append(lines(0, 1000, 100, "d", 12), lines(1010, 1100, 2, "d", 12)...))
	if len(r.Gone) != 1 || len(r.Settled) != 2 || len(r.Deletes) != 2 || len(r.Left) != 1 {
		t.Errorf("%d files go, %d of deletes, and %d come; what is left is in %d", len(r.Gone), len(r.Settled),
			len(r.Deletes), len(r.Left))
	}
	t1, err := b.lake.Find(t.Context(), finalName)
	must(t, err)
	if _, deletes, err := tables.Files(t.Context(), t1); len(deletes) != 1 || err != nil {
		t.Errorf("%d files of deletes stay, %v", len(deletes), err)
	}
	for try := range 2 {
		got, named := b.rows(), map[string]int{}
		for _, line := range got {
			named[strings.Split(line, "|")[2]]++
		}
		if want := map[string]int{"a": 990, "b": 50, "c": 5, "d": 55}; !maps.Equal(named, want) {
			t.Errorf("try %d: %v, want %v", try, named, want)
		}
		b.back() // in the snapshot below, the rows are the same
	}
}

// back has the final table be what it was before its newest snapshot.
func (b *bench) back() {
	b.t.Helper()
	t, err := b.lake.Find(b.t.Context(), finalName)
	must(b.t, err)
	tx := t.NewTransaction()
	must(b.t, tx.RollbackToSnapshot(*t.CurrentSnapshot().ParentSnapshotID))
	_, err = tx.Commit(b.t.Context())
	must(b.t, err)
}
