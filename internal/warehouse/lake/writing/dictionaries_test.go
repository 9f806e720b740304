package writing_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/writing"
	"catchment/internal/warehouse/shape"
)

// Kinds of texts, as they are in columns. What a file keeps as a dictionary goes by them.
var kinds = []struct {
	name       string
	text       func(r *rand.Rand, i int) string // "-" for no value
	dictionary bool                             // the first row group has one
}{
	{"same", func(*rand.Rand, int) string { return "put" }, true},
	{"few", func(r *rand.Rand, _ int) string { return fmt.Sprint("kind ", r.IntN(9)) }, true},
	{"half", func(r *rand.Rand, _ int) string { return []string{"-", "yes", "no"}[r.IntN(3)] }, true},
	{"none", func(*rand.Rand, int) string { return "-" }, false},
	{"each", func(_ *rand.Rand, i int) string { return fmt.Sprintf("%018d", i) }, false},
	{"later", func(_ *rand.Rand, i int) string { return strings.Repeat("x", i/2_000) + fmt.Sprint(i/3) }, false},
	{"empty", func(r *rand.Rand, _ int) string { return []string{"", "b"}[r.IntN(2)] }, false},
	{"long", func(r *rand.Rand, _ int) string {
		return strings.Repeat("long", r.IntN(40)) + fmt.Sprint(r.IntN(3))
	}, true},
}

// TestTexts writes columns of many kinds in batches of any size, and reads them back: each value is there, statistics
// bound all of them, and texts that are few are kept once.
func TestTexts(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G115 -- it is no secret
	of := []shape.Column{{Name: "id", Kind: shape.Text}, {Name: "sum", Kind: shape.Decimal, Scale: 2}}
	for _, kind := range kinds {
		of = append(of, shape.Column{Name: kind.name, Kind: shape.Text})
	}
	_, tb := madeOf(t, columns.Schema(of, nil), false, iceberg.Properties{
		"write.parquet.bloom-filter-enabled.column.few": "true"})
	want := make([][]string, len(kinds))
	files, err := writing.Rows(t.Context(), tb, textSchema(), textBatches(random, 100_000, want))
	if err != nil || len(files) != 1 || files[0].Count() != 100_000 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	file := open(t, files[0])
	for c, kind := range kinds {
		if got := textsOf(t, file, kind.name); !slices.Equal(got, want[c]) {
			t.Errorf("%s: %d values, not those that were written", kind.name, len(got))
		}
		chunk, err := file.MetaData().RowGroup(0).ColumnChunk(c)
		if err != nil {
			t.Fatal(err)
		}
		if has := slices.Contains(chunk.Encodings(), parquet.Encodings.RLEDict); has != kind.dictionary {
			t.Errorf("%s: encodings %v", kind.name, chunk.Encodings())
		}
		bounds(t, kind.name, chunk, want[c][:file.MetaData().RowGroup(0).NumRows()])
	}
}

// bounds looks whether statistics hold of values.
func bounds(t *testing.T, name string, chunk *metadata.ColumnChunkMetaData, values []string) {
	t.Helper()
	stats, err := chunk.Statistics()
	if err != nil {
		t.Fatal(err)
	}
	is := func(v string) bool { return v == "-" }
	nulls := len(values) - len(slices.DeleteFunc(slices.Clone(values), is))
	if stats.NullCount() != int64(nulls) || stats.NumValues() != int64(len(values)-nulls) {
		t.Errorf("%s: %d nulls and %d values", name, stats.NullCount(), stats.NumValues())
	}
	of, texts := stats.(*metadata.ByteArrayStatistics)
	some := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return is(v) || v == "" })
	if !texts || of.HasMinMax() != (len(some) > 0) {
		t.Fatalf("%s: bounds of %T", name, stats)
	}
	if len(some) > 0 && (string(of.Max()) != slices.Max(some) || string(of.Min()) > slices.Min(some)) {
		t.Errorf("%s: from %s to %s", name, of.Min(), of.Max())
	}
}

func textSchema() *arrow.Schema {
	var fields []arrow.Field
	for _, kind := range kinds {
		fields = append(fields, arrow.Field{Name: kind.name, Type: arrow.BinaryTypes.String})
	}
	return arrow.NewSchema(fields, nil)
}

// textBatches are rows of all kinds, and notes what is in them.
func textBatches(random *rand.Rand, rows int, want [][]string) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for from := 0; from < rows; {
			to := min(rows, from+1+random.IntN(12_000))
			b := array.NewRecordBuilder(memory.DefaultAllocator, textSchema())
			for i := from; i < to; i++ {
				for c, kind := range kinds {
					text := kind.text(random, i)
					want[c] = append(want[c], text)
					if text == "-" {
						b.Field(c).AppendNull()
					} else {
						b.Field(c).(*array.StringBuilder).Append(text)
					}
				}
			}
			if !yield(b.NewRecordBatch(), nil) {
				return
			}
			from = to
		}
	}
}

// open opens a file as anybody does.
func open(t *testing.T, f iceberg.DataFile) *parquetfile.Reader {
	t.Helper()
	file, err := parquetfile.OpenParquetFile(strings.TrimPrefix(f.FilePath(), "file://"), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}

// textsOf reads a column.
func textsOf(t *testing.T, file *parquetfile.Reader, name string) []string {
	t.Helper()
	reader, err := pqarrow.NewFileReader(file, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	all, err := reader.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer all.Release()
	var values []string
	for _, chunk := range all.Column(all.Schema().FieldIndices(name)[0]).Data().Chunks() {
		for i := range chunk.Len() {
			if chunk.IsNull(i) {
				values = append(values, "-")
			} else {
				values = append(values, chunk.(*array.String).Value(i))
			}
		}
	}
	return values
}
