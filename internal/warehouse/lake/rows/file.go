package rows

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	iceio "github.com/apache/iceberg-go/io"

	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"catchment/internal/plan"
)

// The rows of a batch, and the bytes that they may have before they are made fewer.
const (
	batchRows  = 8 << 10
	batchBytes = 4 << 20
	leastRows  = 64
)

// buffer is what is read at once of a column.
const buffer = 256 << 10

// A parquetFile is a file that is open.
type parquetFile struct {
	rows *parquetfile.Reader
	from *listened
}

// openParquet opens a file. What it says of itself is read, and none of its rows.
func openParquet(ctx context.Context, files iceio.IO, path string) (*parquetFile, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	from, err := listen(files, path)
	if err != nil {
		return nil, err
	}
	rows, err := foot(from)
	if err != nil {
		return nil, errors.Join(from.because(err), from.Close())
	}
	return &parquetFile{rows: rows, from: from}, nil
}

// foot reads what a file says of itself.
func foot(from *listened) (rows *parquetfile.Reader, err error) {
	defer recovered(&err)
	properties := parquet.NewReaderProperties(memory.DefaultAllocator)
	properties.BufferedStreamEnabled, properties.BufferSize = true, buffer
	return parquetfile.NewParquetReader(from, parquetfile.WithReadProps(properties))
}

func (f *parquetFile) close() error { return f.rows.Close() }

// groups are the row groups of the file.
func (f *parquetFile) groups() int { return f.rows.NumRowGroups() }

func (f *parquetFile) group(i int) *metadata.RowGroupMetaData { return f.rows.MetaData().RowGroup(i) }

// leaves finds columns by their ids. A file without ids is one that somebody else has added: there, names count.
// A column that it lacks is -1.
func (f *parquetFile) leaves(ids []int, names []string) []int {
	schema := f.rows.MetaData().Schema
	byID, byName := map[int]int{}, map[string]int{}
	for i := range schema.NumColumns() {
		column := schema.Column(i)
		if path := column.ColumnPath(); len(path) != 1 {
			continue
		}
		byName[column.Name()] = i
		if id := int(column.SchemaNode().FieldID()); id >= 0 {
			byID[id] = i
		}
	}
	found := make([]int, len(ids))
	for i, id := range ids {
		leaf, has := byID[id]
		if len(byID) == 0 {
			leaf, has = byName[names[i]]
		}
		if !has {
			leaf = -1
		}
		found[i] = leaf
	}
	return found
}

// stream reads columns of some row groups, nil for all of them.
func (f *parquetFile) stream(ctx context.Context, leaves, groups []int) (s pqarrow.RecordReader, err error) {
	defer func() { err = f.from.because(err) }()
	defer recovered(&err)
	for _, leaf := range leaves {
		if leaf < 0 {
			return nil, errors.New("it lacks a column")
		}
	}
	properties := pqarrow.ArrowReadProperties{BatchSize: f.batch(leaves)}
	reader, err := pqarrow.NewFileReader(f.rows, properties, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	s, err = reader.GetRecordReader(ctx, leaves, groups)
	if err != nil {
		return nil, err
	}
	return careful{s, f.from}, nil
}

// batch is how many rows are read at once: fewer where they are long.
func (f *parquetFile) batch(leaves []int) int64 {
	var bytes, rows int64
	for i := range f.groups() {
		group := f.group(i)
		rows += group.NumRows()
		for _, leaf := range leaves {
			if chunk, err := group.ColumnChunk(leaf); err == nil {
				bytes += chunk.TotalUncompressedSize()
			}
		}
	}
	if bytes <= 0 || rows <= 0 {
		return batchRows
	}
	return max(leastRows, min(batchRows, batchBytes/(bytes/rows+1)))
}

// careful is a stream whose panics over a damaged file are errors.
type careful struct {
	pqarrow.RecordReader
	from *listened
}

func (s careful) Read() (record arrow.RecordBatch, err error) {
	defer func() { err = s.from.because(err) }()
	defer recovered(&err)
	return s.RecordReader.Read()
}

// recovered makes an error of a panic over what a file holds.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("it can't be read: %v", p)
	}
}

// foreignDeletes is the error of a table in which somebody has deleted rows in a way that we don't write.
func foreignDeletes(name string) error {
	return plan.Fixf("let the engine that wrote them rewrite the table's files, or read the object anew with "+
		"catchment run --full", "table %s has deletes of another kind than position deletes: somebody else wrote them",
		name)
}

// ended is the error of a stream that has come to its end, nil where it is the end.
func ended(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
