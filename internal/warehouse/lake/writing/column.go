package writing

import (
	"context"
	"errors"
	"math/bits"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// A column of a row group that is being written.
type column struct {
	to     parquetfile.ColumnChunkWriter
	few    *few    // its texts, as long as they are few; nil where they aren't, or where it has none
	levels []int16 // scratch: of each row, 1 where it has a value
}

// A dictionary is an encoder of the library that takes one as a whole.
type dictionary interface{ PutDictionary(arrow.Array) error }

func newColumn(to parquetfile.ColumnChunkWriter) *column {
	c := &column{to: to}
	_, texts := to.(*parquetfile.ByteArrayColumnChunkWriter)
	if _, is := to.CurrentEncoder().(dictionary); is && texts {
		c.few = &few{places: map[string]int32{}}
	}
	return c
}

// optional tells whether there may be rows without a value.
func (c *column) optional() bool { return c.to.Descr().MaxDefinitionLevel() > 0 }

// write adds values.
func (c *column) write(ctx context.Context, values arrow.Array) error {
	texts, is := values.(*array.String)
	if c.few == nil || !is {
		return c.writeAll(ctx, values)
	}
	c.few.add(texts)
	if c.few.pay() {
		return nil
	}
	return c.without(ctx)
}

// without goes on without a dictionary.
func (c *column) without(ctx context.Context) error {
	all := c.few.all()
	defer all.Release()
	c.few = nil
	c.to.FallbackToPlain()
	return c.writeAll(ctx, all)
}

// writeAll adds values one by one.
func (c *column) writeAll(ctx context.Context, values arrow.Array) error {
	return pqarrow.WriteArrowToColumn(ctx, c.to, values, c.levelsOf(values), nil, c.optional())
}

// levelsOf tells of each row whether it has a value, as Parquet keeps that; nil where all do.
func (c *column) levelsOf(values arrow.Array) []int16 {
	if !c.optional() {
		return nil
	}
	c.levels = c.levels[:0]
	for i := range values.Len() {
		level := int16(1)
		if values.IsNull(i) {
			level = 0
		}
		c.levels = append(c.levels, level)
	}
	return c.levels
}

// end writes the dictionary and what refers to it.
func (c *column) end(ctx context.Context) error {
	if c.few == nil {
		return nil
	}
	if len(c.few.texts) == 0 {
		return c.without(ctx)
	}
	encoder, is := c.to.CurrentEncoder().(dictionary)
	if !is {
		return errors.New("a dictionary can't be written")
	}
	texts, indices := c.few.dictionary(), c.few.indices()
	defer texts.Release()
	defer indices.Release()
	c.few = nil
	if err := encoder.PutDictionary(texts); err != nil {
		return err
	}
	if stats := c.to.PageStatistics(); stats != nil {
		stats.IncNulls(int64(indices.NullN()))
		stats.IncNumValues(int64(indices.Len() - indices.NullN()))
		if err := stats.UpdateFromArrow(texts, false); err != nil {
			return err
		}
	}
	return c.to.WriteDictIndices(indices, c.levelsOf(indices), nil)
}

// few are texts of which many are the same: each is kept once.
type few struct {
	places map[string]int32
	texts  []string
	rows   []int32 // of each row the place of its text, absent for none
	last   int32   // the place of the text before
	nulls  int
	bytes  int  // of the texts, as a dictionary
	raw    int  // of the rows, without one
	empty  bool // there is a text without letters, which the library leaves out of statistics
}

const absent = -1

func (f *few) add(values *array.String) {
	for i := range values.Len() {
		if values.IsNull(i) {
			f.rows = append(f.rows, absent)
			f.nulls++
			continue
		}
		text := values.Value(i)
		f.raw += len(text) + lengthBytes
		f.rows = append(f.rows, f.place(text))
	}
}

// lengthBytes is what Parquet adds to each text.
const lengthBytes = 4

// place finds the place of a text.
func (f *few) place(text string) int32 {
	if len(f.texts) > 0 && f.texts[f.last] == text {
		return f.last
	}
	at, known := f.places[text]
	if !known {
		text = strings.Clone(text) // it lies in a batch
		at = int32(len(f.texts))   // #nosec G115 -- a row group has few rows
		f.places[text], f.texts = at, append(f.texts, text)
		f.bytes += len(text) + lengthBytes
		f.empty = f.empty || text == ""
	}
	f.last = at
	return at
}

// pay tells whether a dictionary is worth its while.
func (f *few) pay() bool {
	if f.empty || f.bytes > dictBytes {
		return false
	}
	width := bits.Len(uint(len(f.texts)))
	return f.raw == 0 || f.bytes+len(f.rows)*width/8 < f.raw
}

// dictionary is the texts, each once.
func (f *few) dictionary() *array.String {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues(f.texts, nil)
	return b.NewStringArray()
}

// indices are the places of the rows' texts.
func (f *few) indices() *array.Int32 {
	b := array.NewInt32Builder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(len(f.rows))
	for _, at := range f.rows {
		if at == absent {
			b.UnsafeAppendBoolToBitmap(false)
			continue
		}
		b.UnsafeAppend(at)
	}
	return b.NewInt32Array()
}

// all are the texts of the rows.
func (f *few) all() *array.String {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(len(f.rows))
	b.ReserveData(f.raw)
	for _, at := range f.rows {
		if at == absent {
			b.AppendNull()
			continue
		}
		b.Append(f.texts[at])
	}
	return b.NewStringArray()
}
