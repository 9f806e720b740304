package writing

import (
	"context"
	"encoding/binary"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// magic begins and ends a file of Parquet.
const magic = "PAR1"

// groups are the row groups of a file. The library's own writer would do, but for what dictionaries cost there, and
// that it takes no column as another file has it.
type groups struct {
	to         *counted
	schema     *schema.Schema
	properties *parquet.WriterProperties
	file       *metadata.FileMetaDataBuilder
	filters    metadata.FileBloomFilterBuilder
	ended      int16
	open       *group // nil for none
	columns    []*column
	hand       hand
}

// A group is a row group that is being written.
type group struct {
	meta    *metadata.RowGroupMetaDataBuilder
	filters map[string]metadata.BloomFilterBuilder
	rows    int64
}

// A hand writes one column after the other.
type hand struct {
	ctx    context.Context // it has buffers of pqarrow
	levels []int16         // scratch: of each row, 1 where it has a value
}

func newGroups(of *arrow.Schema, to *counted, properties *parquet.WriterProperties) (*groups, error) {
	form, err := formOf(of, properties)
	if err != nil {
		return nil, err
	}
	g := &groups{to: to, schema: form, properties: properties,
		file:    metadata.NewFileMetadataBuilder(form, properties, nil),
		filters: metadata.FileBloomFilterBuilder{Schema: form},
		hand:    hand{ctx: pqarrow.NewArrowWriteContext(context.Background(), nil)}}
	for range form.NumColumns() {
		g.columns = append(g.columns, &column{})
	}
	_, err = io.WriteString(to, magic)
	return g, err
}

// formOf is how Parquet has columns.
func formOf(of *arrow.Schema, properties *parquet.WriterProperties) (*schema.Schema, error) {
	return pqarrow.ToParquet(of, properties, pqarrow.DefaultWriterProps())
}

// write adds rows, to the next row group where the one that is open is full.
func (g *groups) write(batch arrow.RecordBatch) error {
	for from := int64(0); from < batch.NumRows(); {
		if g.open != nil && (g.open.rows >= groupRows || g.bytes() >= groupBytes) {
			if err := g.end(); err != nil {
				return err
			}
		}
		if g.open == nil {
			if err := g.begin(); err != nil {
				return err
			}
		}
		rows := min(batch.NumRows()-from, groupRows-g.open.rows)
		if err := g.add(batch, from, rows); err != nil {
			return err
		}
		from += rows
		g.open.rows += rows
	}
	return nil
}

// bytes is how many the open row group has already.
func (g *groups) bytes() (n int64) {
	for _, c := range g.columns {
		n += c.to.TotalBytesWritten()
	}
	return n
}

// next is the row group that comes next.
func (g *groups) next() *group {
	next := &group{meta: g.file.AppendRowGroup(), filters: map[string]metadata.BloomFilterBuilder{}}
	g.filters.AppendRowGroup(next.meta, next.filters)
	return next
}

// begin begins a row group of which all columns are written at once.
func (g *groups) begin() error {
	g.open = g.next()
	for i, c := range g.columns {
		if err := g.beginColumn(g.open, i, c); err != nil {
			return err
		}
	}
	return nil
}

// beginColumn begins the next column of a row group. What is written of it is held until it ends.
func (g *groups) beginColumn(of *group, i int, c *column) error {
	meta := of.meta.NextColumnChunk()
	path := meta.Descr().Path()
	pages, err := parquetfile.NewPageWriter(g.to, g.properties.CompressionFor(path),
		g.properties.CompressionLevelFor(path), meta, g.ended, int16(i), // #nosec G115 -- a table has few columns
		memory.DefaultAllocator, true, nil, nil)
	if err != nil {
		return err
	}
	to := parquetfile.NewColumnChunkWriter(meta, pages, g.properties)
	of.filters[path] = to.GetBloomFilter()
	c.begin(to)
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
	for _, c := range g.columns {
		if err := c.to.Close(); err != nil {
			return err
		}
	}
	of := g.open
	g.open = nil
	return g.finish(of)
}

// finish has the file say that it has a row group.
func (g *groups) finish(of *group) error {
	of.meta.SetNumRows(int(of.rows))
	err := of.meta.Finish(0, g.ended)
	g.ended++
	return err
}

// close ends the file, and tells what it says of itself.
func (g *groups) close() (*metadata.FileMetaData, error) {
	if err := g.end(); err != nil {
		return nil, err
	}
	if err := g.filters.WriteTo(g.to); err != nil {
		return nil, err
	}
	says, err := g.file.Snapshot()
	if err != nil {
		return nil, err
	}
	n, err := says.WriteTo(g.to, nil)
	if err != nil {
		return nil, err
	}
	if err := binary.Write(g.to, binary.LittleEndian, uint32(n)); err != nil { // #nosec G115 -- it is short
		return nil, err
	}
	_, err = io.WriteString(g.to, magic)
	return says, err
}
