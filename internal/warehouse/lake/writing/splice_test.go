package writing_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/writing"
)

// onDisk is a file of Parquet with rows of some ids, and what it says of itself.
func onDisk(t *testing.T, tb *table.Table, ids ...string) ([]byte, *file.Reader) {
	t.Helper()
	schema, records := batches(t, tb, ids)
	files, err := writing.Rows(t.Context(), tb, schema, records)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(strings.TrimPrefix(files[0].FilePath(), "file://"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := file.NewParquetReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return text, r
}

// breaks is a file that can't be read.
type breaks struct{ err error }

func (b breaks) ReadAt([]byte, int64) (int, error) { return 0, b.err }

// TestSpliceDamaged copies from files that break, or end too early: the error says so, and no file is left.
func TestSpliceDamaged(t *testing.T) {
	t.Parallel()
	_, tb := made(t, false, nil)
	text, from := onDisk(t, tb, "a", "b")
	all, err := writing.Schema(tb)
	if err != nil {
		t.Fatal(err)
	}
	var fields []arrow.Field
	for i := range from.MetaData().Schema.NumColumns() {
		field, _ := all.FieldsByName(from.MetaData().Schema.Column(i).Name())
		fields = append(fields, field...)
	}
	schema := arrow.NewSchema(fields, nil)
	form, err := writing.FormOf(schema)
	if err != nil {
		t.Fatal(err)
	}
	broken, damaged := errors.New("broken"), errors.New("damaged")
	for _, c := range []struct {
		name string
		file io.ReaderAt
		want []error
	}{
		{"whole", bytes.NewReader(text), nil},
		{"breaks", breaks{broken}, []error{damaged, broken}},
		{"ends early", bytes.NewReader(text[:20]), []error{damaged, io.ErrUnexpectedEOF}},
	} {
		before := filesOf(t, tb)
		closed := false
		s := &writing.Splice{Rows: 2, Values: make([]arrow.Array, schema.NumFields()),
			Close: func() error { closed = true; return nil }}
		for i := range schema.NumFields() {
			chunk := writing.Chunk{File: c.file, Meta: from.MetaData(), Column: i,
				Damaged: func(err error) error { return errors.Join(damaged, err) }}
			if !form.Takes(i, chunk) {
				t.Fatalf("column %d isn't taken", i)
			}
			s.Copied = append(s.Copied, chunk)
		}
		_, err := writing.Pieces(t.Context(), tb, schema, func(yield func(writing.Piece, error) bool) {
			yield(writing.Piece{Group: s}, nil)
		})
		for _, want := range c.want {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", c.name, err, want)
			}
		}
		if left := filesOf(t, tb) - before; !closed || (err == nil) != (c.want == nil) || (left == 1) != (err == nil) {
			t.Errorf("%s: %d files are left, closed %v, %v", c.name, left, closed, err)
		}
	}
}

// filesOf counts the files in a table's folder.
func filesOf(t *testing.T, tb *table.Table) int {
	t.Helper()
	all, err := os.ReadDir(strings.TrimPrefix(tb.Location(), "file://") + "/data")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
