package writing

import (
	"context"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// groups are the row groups of a file. That of pqarrow would do, but for what dictionaries cost there.
type groups struct {
	to      *parquetfile.Writer
	open    parquetfile.BufferedRowGroupWriter // nil for none
	rows    int64                              // of the one that is open
	columns []*column
	hand    hand
}

// A hand writes one column after the other.
type hand struct {
	ctx    context.Context // it has buffers of pqarrow
	levels []int16         // scratch: of each row, 1 where it has a value
}

func newGroups(schema *arrow.Schema, to io.Writer, properties *parquet.WriterProperties) (*groups, error) {
	columns, err := pqarrow.ToParquet(schema, properties, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	w, err := parquetfile.NewParquetWriterWithError(to, columns.Root(), parquetfile.WithWriterProps(properties))
	return &groups{to: w, hand: hand{ctx: pqarrow.NewArrowWriteContext(context.Background(), nil)}}, err
}

// write adds rows, to the next row group where the one that is open is full.
func (g *groups) write(batch arrow.RecordBatch) error {
	for from := int64(0); from < batch.NumRows(); {
		if g.rows >= groupRows || g.open != nil && g.open.TotalBytesWritten() >= groupBytes {
			if err := g.end(); err != nil {
				return err
			}
		}
		if g.open == nil {
			if err := g.begin(); err != nil {
				return err
			}
		}
		rows := min(batch.NumRows()-from, groupRows-g.rows)
		if err := g.add(batch, from, rows); err != nil {
			return err
		}
		from += rows
		g.rows += rows
	}
	return nil
}

// begin begins a row group.
func (g *groups) begin() (err error) {
	if g.open, err = g.to.AppendBufferedRowGroupChecked(); err != nil {
		return err
	}
	for i := range g.open.NumColumns() {
		to, err := g.open.Column(i)
		if err != nil {
			return err
		}
		if i == len(g.columns) {
			g.columns = append(g.columns, &column{})
		}
		g.columns[i].begin(to)
	}
	return nil
}

// add adds rows of a batch to the row group that is open.
func (g *groups) add(batch arrow.RecordBatch, from, rows int64) error {
	for i, c := range g.columns {
		values := array.NewSlice(batch.Column(i), from, from+rows)
		err := c.write(&g.hand, values)
		values.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// end ends the row group that is open.
func (g *groups) end() error {
	if g.open == nil {
		return nil
	}
	for _, c := range g.columns {
		if err := c.end(&g.hand); err != nil {
			return err
		}
	}
	err := g.open.Close()
	g.open, g.rows = nil, 0
	return err
}

// close ends the file, and tells what it says of itself.
func (g *groups) close() (*metadata.FileMetaData, error) {
	if err := g.end(); err != nil {
		return nil, err
	}
	if err := g.to.Close(); err != nil {
		return nil, err
	}
	return g.to.FileMetadata()
}
