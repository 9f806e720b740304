package files_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"catchment/internal/mover"
	"catchment/internal/schema"
)

// written makes a file of Parquet, each of whose columns is filled twice: with a value, and
// with NULL.
func written(t *testing.T, columns []arrow.Field, rows int, fill func(i, row int, b array.Builder)) string {
	t.Helper()
	s := arrow.NewSchema(columns, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	for row := range rows {
		for i := range columns {
			fill(i, row, b.Field(i))
		}
	}
	var to bytes.Buffer
	w, err := pqarrow.NewFileWriter(s, &to, parquet.NewWriterProperties(parquet.WithMaxRowGroupLength(700)),
		pqarrow.DefaultWriterProps())
	if err == nil {
		err = w.WriteBuffered(b.NewRecordBatch())
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return to.String()
}

// Columns of every type that a field may be written in come through without loss, and so
// does NULL.
func TestParquetTypes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	money, err := decimal128.FromString("-12345678901234567.0089", 38, 4)
	if err != nil {
		t.Fatal(err)
	}
	text := func(value string) func(array.Builder) {
		return func(b array.Builder) { b.(*array.StringBuilder).Append(value) }
	}
	whole := func(value int64) func(array.Builder) {
		return func(b array.Builder) { b.(*array.Int64Builder).Append(value) }
	}
	number := func(value float64) func(array.Builder) {
		return func(b array.Builder) { b.(*array.Float64Builder).Append(value) }
	}
	moment := func(value int64) func(array.Builder) {
		return func(b array.Builder) { b.(*array.TimestampBuilder).Append(arrow.Timestamp(value)) }
	}
	const stamp = "2026-01-02T03:04:05.678Z"
	columns := []struct {
		kind schema.Type
		of   arrow.DataType
		put  func(array.Builder)
		want string
	}{
		{schema.ID, arrow.BinaryTypes.String, text("1"), "1"},
		{schema.String, arrow.BinaryTypes.String, text("a\"b\r\n€"), "a\"\"b\r\n€"},
		{schema.String, arrow.BinaryTypes.String, text(""), ""},
		{schema.String, arrow.BinaryTypes.Binary,
			func(b array.Builder) { b.(*array.BinaryBuilder).Append([]byte("x")) }, "x"},
		{schema.Boolean, arrow.FixedWidthTypes.Boolean,
			func(b array.Builder) { b.(*array.BooleanBuilder).Append(true) }, "true"},
		{schema.Int, arrow.PrimitiveTypes.Int32,
			func(b array.Builder) { b.(*array.Int32Builder).Append(-7) }, "-7"},
		{schema.Int, arrow.PrimitiveTypes.Int64, whole(1 << 40), "1099511627776"},
		{schema.Double, arrow.PrimitiveTypes.Float64, number(0.1), "0.1"},
		{schema.Double, arrow.PrimitiveTypes.Float64, number(1e21), "1000000000000000000000"},
		{schema.Currency, &arrow.Decimal128Type{Precision: 38, Scale: 4},
			func(b array.Builder) { b.(*array.Decimal128Builder).Append(money) }, "-12345678901234567.0089"},
		{schema.Date, arrow.FixedWidthTypes.Date32,
			func(b array.Builder) { b.(*array.Date32Builder).Append(arrow.Date32FromTime(at)) }, "2026-01-02"},
		{schema.Date, arrow.BinaryTypes.String, text("2026-03-01"), "2026-03-01"},
		{schema.DateTime, &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, moment(at.UnixMilli()),
			stamp},
		{schema.DateTime, &arrow.TimestampType{Unit: arrow.Microsecond}, moment(at.UnixMicro()), stamp},
		{schema.DateTime, &arrow.TimestampType{Unit: arrow.Nanosecond}, moment(at.UnixNano()), stamp},
		{schema.DateTime, arrow.PrimitiveTypes.Int64, whole(at.UnixMilli()), stamp},
		{schema.Time, arrow.FixedWidthTypes.Time32ms,
			func(b array.Builder) { b.(*array.Time32Builder).Append(3_723_004) }, "01:02:03.004Z"},
	}
	f := newFolder(t)
	f.Fields = nil
	var fields []arrow.Field
	var want, null []string
	for i, c := range columns {
		name := fmt.Sprintf("F%d", i)
		f.Fields = append(f.Fields, schema.Field{Name: name, Type: c.kind})
		fields = append(fields, arrow.Field{Name: name, Type: c.of, Nullable: true})
		want, null = append(want, `"`+c.want+`"`), append(null, `""`)
	}
	f.put("contacts/e1/a", written(t, fields, 2, func(i, row int, b array.Builder) {
		if row == 1 {
			b.AppendNull()
		} else {
			columns[i].put(b)
		}
	}))
	got, err := f.only()
	if all := strings.Join(want, ",") + "\n" + strings.Join(null, ",") + "\n"; err != nil || got != all {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, all)
	}
}

// Rows of several groups, in columns of another order, with one more.
func TestParquetOfManyRows(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	texts := func(names ...string) (fields []arrow.Field) {
		for _, name := range names {
			fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
		}
		return fields
	}
	fill := func(i, row int, b array.Builder) {
		b.(*array.StringBuilder).Append([]string{"", "extra", fmt.Sprint("n", row), fmt.Sprint(row)}[i])
	}
	f.put("contacts/e1/a", written(t, texts("Seen", "More", "NAME", "Id"), 3000, fill))
	got, err := f.only()
	if err != nil || strings.Count(got, "\n") != 3000 || !strings.HasPrefix(got, "\"0\",\"n0\",\"\"\n") ||
		!strings.HasSuffix(got, "\"2999\",\"n2999\",\"\"\n") {
		t.Errorf("%d lines, %v, %.80q", strings.Count(got, "\n"), err, got)
	}
	f.put("contacts/e1/a", written(t, texts("Seen", "More", "Nome", "Id"), 1, fill))
	if _, err := f.only(); err == nil || !strings.Contains(err.Error(), "the column Name is missing") {
		t.Error(err)
	}
	list := []arrow.Field{{Name: "Id", Type: arrow.BinaryTypes.String}, {Name: "Seen", Type: arrow.BinaryTypes.String},
		{Name: "Name", Type: arrow.ListOf(arrow.BinaryTypes.String)}}
	f.put("contacts/e1/a", written(t, list, 1, func(i, _ int, b array.Builder) {
		if i < 2 {
			b.(*array.StringBuilder).Append("")
			return
		}
		b.(*array.ListBuilder).Append(true)
		b.(*array.ListBuilder).ValueBuilder().(*array.StringBuilder).Append("a")
	}))
	if _, err := f.only(); err == nil || !strings.Contains(err.Error(), "the column Name is missing") {
		t.Error(err)
	}
}

// A file that was damaged at any place is an error, or whole, and never a panic.
func TestDamagedParquet(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	texts := arrow.BinaryTypes.String
	fields := []arrow.Field{{Name: "Id", Type: texts}, {Name: "Name", Type: texts}, {Name: "Seen", Type: texts}}
	whole := []byte(written(t, fields, 3, func(_, row int, b array.Builder) {
		b.(*array.StringBuilder).Append(fmt.Sprint(row))
	}))
	for at := 4; at < len(whole); at++ {
		for _, bits := range []byte{0x01, 0x80, 0xff} {
			damaged := bytes.Clone(whole)
			damaged[at] ^= bits
			f.put("contacts/e1/a", string(damaged))
			got, err := f.only()
			if err == nil && strings.Count(got, "\n") != 3 || err != nil && !errors.Is(err, mover.ErrFailed) {
				t.Errorf("byte %d, bits %x: %q, %v", at, bits, got, err)
			}
		}
	}
}
