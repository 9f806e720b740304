package merging_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/tables"
)

// many is how many rows a job has whose row group is large enough to be copied beside others.
const many = 20_000

// linesOf are records of so many ids from one on.
func linesOf(first, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("%06d,false,10,name %d,%d", first+i, i%7, i)
	}
	return lines
}

// TestSplices copies the columns of staged row groups into the first files of a table, where all of their rows stay.
func TestSplices(t *testing.T) {
	t.Parallel()
	put := func(lines []string) job { return job{op: warehouse.Put, readAt: 100, fields: all, lines: lines} }
	deleted := linesOf(0, many)
	deleted[5] = "000005,true,10,gone,"
	unnumbered := linesOf(0, many)
	for i, line := range unnumbered {
		unnumbered[i] = line[:len(line)-len(fmt.Sprint(i))-1]
	}
	for _, c := range []struct {
		name   string
		policy gone.Policy
		jobs   []job
		copied []bool // of each row group
		rows   int
		lacks  string // a row that isn't there
		has    string // one that is
	}{
		{"one after the other", gone.Flag, []job{put(linesOf(many, many)), put(linesOf(0, many))}, []bool{true, true},
			2 * many, "", "020001|false|name 1|1|~"},
		{"one that is small", gone.Flag, []job{put(linesOf(0, 10))}, []bool{true}, 10, "", "000009|false|name 2|9|~"},
		{"a deleted record is there", gone.Flag, []job{put(deleted)}, []bool{true}, many, "",
			"000005|true|gone|~|soft"},
		{"a deleted record isn't there", gone.Remove, []job{put(deleted), put(linesOf(many, many))},
			[]bool{false, true}, 2*many - 1, "000005|false|name 5|5|~", "000006|false|name 6|6|~"},
		{"a record comes twice", gone.Flag, []job{put(slices.Insert(linesOf(0, many), 6, "000005,false,11,again,")),
			put(linesOf(many, many))}, []bool{false, true}, 2 * many, "000005|false|name 5|5|~",
			"000005|false|again|~|~"},
		{"two that lie between each other", gone.Flag, []job{put(linesOf(0, many)), put(linesOf(many-1, many))},
			[]bool{false}, 2*many - 1, "", "000001|false|name 1|1|~"},
		{"many that are small", gone.Flag, []job{put(linesOf(0, 10)), put(linesOf(10, 10))}, []bool{false}, 20, "",
			"000011|false|name 1|1|~"},
		{"a column that no page had", gone.Flag, []job{{op: warehouse.Put, readAt: 100, fields: all[:4],
			lines: unnumbered}}, []bool{true}, many, "", "000011|false|name 4|~|~"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			_, did := b.merge("a1", warehouse.Merge{Policy: c.policy, Complete: true}, c.jobs...)
			got := b.rows()
			if len(got) != c.rows || !slices.IsSorted(got) || int(did.Counts.Inserted) != c.rows {
				t.Errorf("%d rows, want %d; %+v", len(got), c.rows, did.Counts)
			}
			if slices.Contains(got, c.lacks) || !slices.Contains(got, c.has) {
				t.Errorf("there is %q, or %q isn't there", c.lacks, c.has)
			}
			staged, final := b.column(stageName, "name"), b.column(finalName, "name")
			copied := make([]bool, len(final))
			for i, chunk := range final {
				copied[i] = slices.ContainsFunc(staged, func(of []byte) bool { return bytes.Equal(of, chunk) })
			}
			if !slices.Equal(copied, c.copied) {
				t.Errorf("%v are copied, want %v", copied, c.copied)
			}
			b.merge("a2", warehouse.Merge{Policy: gone.Flag}, job{op: warehouse.Put, readAt: 200, fields: all,
				lines: []string{"000007,false,20,later,"}})
			if got := b.rows(); !slices.Contains(got, "000007|false|later|~|~") || len(got) != c.rows {
				t.Errorf("a merge after that: %d rows, and it isn't in them", len(got))
			}
		})
	}
}

// column is what a table's files have of a column, row group by row group, as bytes.
func (b *bench) column(name table.Identifier, column string) (chunks [][]byte) {
	b.t.Helper()
	t, err := b.lake.Find(b.t.Context(), name)
	must(b.t, err)
	files, _, err := tables.Files(b.t.Context(), t)
	must(b.t, err)
	fs, err := t.FS(b.t.Context())
	must(b.t, err)
	for _, f := range files {
		from, err := fs.Open(f.FilePath())
		must(b.t, err)
		r, err := file.NewParquetReader(from)
		must(b.t, err)
		leaf := r.MetaData().Schema.ColumnIndexByName(column)
		for i := range r.NumRowGroups() {
			chunk, err := r.MetaData().RowGroup(i).ColumnChunk(leaf)
			must(b.t, err)
			first := chunk.DataPageOffset()
			if chunk.HasDictionaryPage() {
				first = chunk.DictionaryPageOffset()
			}
			bytes := make([]byte, chunk.TotalCompressedSize())
			_, err = from.ReadAt(bytes, first)
			must(b.t, err)
			chunks = append(chunks, bytes)
		}
		must(b.t, r.Close())
	}
	return chunks
}
