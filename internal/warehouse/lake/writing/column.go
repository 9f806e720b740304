package writing

import (
	"errors"
	"math/bits"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// A column of the row group that is being written.
type column struct {
	to    parquetfile.ColumnChunkWriter
	texts few  // its texts,
	few   bool // as long as they are few
}

// A dictionary is an encoder of the library that takes one as a whole.
type dictionary interface{ PutDictionary(arrow.Array) error }

// begin begins the column of another row group.
func (c *column) begin(to parquetfile.ColumnChunkWriter) {
	_, texts := to.(*parquetfile.ByteArrayColumnChunkWriter)
	_, takes := to.CurrentEncoder().(dictionary)
	c.to, c.few = to, texts && takes
	if c.few {
		c.texts.clear()
	}
}

// optional tells whether there may be rows without a value.
func (c *column) optional() bool { return c.to.Descr().MaxDefinitionLevel() > 0 }

// write adds values.
func (c *column) write(by *hand, values arrow.Array) error {
	texts, is := values.(*array.String)
	if !c.few || !is {
		return c.writeAll(by, values)
	}
	c.texts.add(texts)
	if c.texts.pay() {
		return nil
	}
	return c.without(by)
}

// without goes on without a dictionary.
func (c *column) without(by *hand) error {
	all := c.texts.all()
	defer all.Release()
	c.few = false
	c.to.FallbackToPlain()
	return c.writeAll(by, all)
}

// writeAll adds values one by one.
func (c *column) writeAll(by *hand, values arrow.Array) error {
	return pqarrow.WriteArrowToColumn(by.ctx, c.to, values, by.levelsOf(c, values), nil, c.optional())
}

// levelsOf tells of each row whether it has a value, as Parquet keeps that; nil where all do.
func (h *hand) levelsOf(c *column, values arrow.Array) []int16 {
	if !c.optional() {
		return nil
	}
	h.levels = h.levels[:0]
	for i := range values.Len() {
		level := int16(1)
		if values.IsNull(i) {
			level = 0
		}
		h.levels = append(h.levels, level)
	}
	return h.levels
}

// end writes the dictionary and what refers to it.
func (c *column) end(by *hand) error {
	if !c.few {
		return nil
	}
	if len(c.texts.texts) == 0 {
		return c.without(by)
	}
	encoder, is := c.to.CurrentEncoder().(dictionary)
	if !is {
		return errors.New("a dictionary can't be written")
	}
	texts, indices := c.texts.dictionary(), c.texts.indices()
	defer texts.Release()
	defer indices.Release()
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
	return c.to.WriteDictIndices(indices, by.levelsOf(c, indices), nil)
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

// clear forgets all of them.
func (f *few) clear() {
	if f.places == nil {
		f.places = map[string]int32{}
	}
	clear(f.places)
	clear(f.texts)
	*f = few{places: f.places, texts: f.texts[:0], rows: f.rows[:0]}
}

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

// indices are the places of the rows' texts. They are valid until more is added.
func (f *few) indices() arrow.Array {
	var valid *memory.Buffer
	if f.nulls > 0 {
		has := make([]byte, bitutil.BytesForBits(int64(len(f.rows))))
		for i, at := range f.rows {
			if at != absent {
				bitutil.SetBit(has, i)
			}
		}
		valid = memory.NewBufferBytes(has)
	}
	places := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(f.rows))
	data := array.NewData(arrow.PrimitiveTypes.Int32, len(f.rows), []*memory.Buffer{valid, places}, nil, f.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
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
