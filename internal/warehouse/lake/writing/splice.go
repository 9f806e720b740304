package writing

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// Rows that are written as another file of ours has them needn't be unpacked and packed again: the columns of a row
// group don't know which file they are in. What a file says of them at its end is written anew.

// A Splice is a row group of which each column has values, or is copied.
type Splice struct {
	Rows   int64
	Values []arrow.Array // of each column of the schema, nil where it is copied
	Copied []Chunk       // of each column
	Close  func() error  // of the files that columns are copied from
}

// Release lets go of the values, and closes the files.
func (s *Splice) Release() {
	for _, values := range s.Values {
		if values != nil {
			values.Release()
		}
	}
	_ = s.Close() // they were only read
}

// A Chunk is the column of a row group in a file.
type Chunk struct {
	File          io.ReaderAt
	Meta          *metadata.FileMetaData // what the file says of itself
	Group, Column int
	Damaged       func(error) error // is why the column can't be read, to people
}

// of is what a chunk is of.
func (c Chunk) of() *schema.Column { return c.Meta.Schema.Column(c.Column) }

// A Form is what columns of a table are like in files that we write.
type Form struct {
	columns *schema.Schema
	by      string
}

// FormOf is the form of rows of a schema.
func FormOf(of *arrow.Schema) (Form, error) {
	properties := parquet.NewWriterProperties(kind{arrow: of}.parquet(make([]arrow.Array, of.NumFields()))...)
	columns, err := formOf(of, properties)
	return Form{columns: columns, by: properties.CreatedBy()}, err
}

// Takes tells whether a column can be copied from a file: we have written it, and it is alike there.
func (f Form) Takes(column int, from Chunk) bool {
	says, err := from.Meta.RowGroup(from.Group).ColumnChunk(from.Column)
	return err == nil && from.Meta.GetCreatedBy() == f.by && says.Compression() == compress.Codecs.Zstd &&
		alike(f.columns.Column(column), from.of())
}

// alike tells whether two columns keep values of one type in one way. How long a value is counts where all are as long.
func alike(a, b *schema.Column) bool {
	fixed := a.PhysicalType() == parquet.Types.FixedLenByteArray
	return a.PhysicalType() == b.PhysicalType() && a.LogicalType().Equals(b.LogicalType()) &&
		(!fixed || a.TypeLength() == b.TypeLength()) &&
		a.MaxDefinitionLevel() == b.MaxDefinitionLevel() && a.MaxRepetitionLevel() == b.MaxRepetitionLevel()
}

// splice writes a row group.
func (g *groups) splice(s *Splice) error {
	if err := g.end(); err != nil {
		return err
	}
	next := g.next()
	next.rows = s.Rows
	for i, c := range g.columns {
		var err error
		if s.Values[i] == nil {
			err = g.copy(next, s.Copied[i])
		} else {
			err = g.column(next, i, c, s.Values[i])
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", g.schema.Column(i).Name(), err)
		}
	}
	return g.finish(next)
}

// column writes all values of a row group's next column.
func (g *groups) column(of *group, i int, c *column, values arrow.Array) error {
	if err := g.beginColumn(of, i, c); err != nil {
		return err
	}
	if err := c.write(&g.hand, values); err != nil {
		return err
	}
	if err := c.end(&g.hand); err != nil {
		return err
	}
	return c.to.Close()
}

// copy copies a row group's next column.
func (g *groups) copy(of *group, from Chunk) error {
	says, err := from.Meta.RowGroup(from.Group).ColumnChunk(from.Column)
	if err != nil {
		return err
	}
	to := of.meta.NextColumnChunk()
	if g.properties.BloomFilterEnabledFor(to.Descr().Path()) {
		return errors.New("it has a filter, which isn't copied")
	}
	first := says.DataPageOffset()
	info := metadata.ChunkMetaInfo{NumValues: says.NumValues(), IndexPageOffset: -1, DataPageOffset: g.to.Tell(),
		CompressedSize: says.TotalCompressedSize(), UncompressedSize: says.TotalUncompressedSize()}
	if says.HasDictionaryPage() {
		info.DictPageOffset = g.to.Tell()
		info.DataPageOffset += says.DataPageOffset() - says.DictionaryPageOffset()
		first = says.DictionaryPageOffset()
	}
	if err := g.copyBytes(from, first, info.CompressedSize); err != nil {
		return err
	}
	if err := to.Finish(info, says.HasDictionaryPage(), false, metadata.EncodingStats{}); err != nil {
		return err
	}
	is, was := to.Contents().MetaData, from.Meta.RowGroups[from.Group].Columns[from.Column].MetaData
	is.Encodings, is.EncodingStats, is.Statistics = was.Encodings, was.EncodingStats, was.Statistics
	return nil
}

// copyBytes copies so many bytes, from a place on.
func (g *groups) copyBytes(from Chunk, first, size int64) error {
	source := &heard{from: io.NewSectionReader(from.File, first, size)}
	n, err := io.Copy(g.to, source)
	switch {
	case source.err != nil:
		return from.Damaged(source.err)
	case err == nil && n != size:
		return from.Damaged(io.ErrUnexpectedEOF)
	}
	return err
}

// heard is a reader that remembers why it couldn't read on.
type heard struct {
	from io.Reader
	err  error
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		h.err = err
	}
	return n, err
}
