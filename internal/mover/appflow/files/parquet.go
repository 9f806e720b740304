package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"catchment/internal/schema"
)

// A parquetRows is a file of Parquet. Its end says where its columns are, so it lies on the
// disk while it is read; of each column only a part is in memory.
type parquetRows struct {
	disk   *os.File
	file   *parquetfile.Reader
	stream pqarrow.RecordReader
	fields []schema.Field
	at     []int // of the fields among the columns of a batch
	batch  arrow.RecordBatch
	row    int
	came   int64
	values []string
}

// batchRows is how many rows are decoded at once, and buffer what is read at once of a column.
const (
	batchRows = 1024
	buffer    = 256 << 10
)

func openParquet(ctx context.Context, from io.ReadCloser, fields []schema.Field) (rows, error) {
	defer from.Close()
	disk, err := os.CreateTemp("", "catchment-appflow-*.parquet")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(disk.Name()) // it goes with its last reader, whatever becomes of this process
	f := &parquetRows{disk: disk, fields: fields, values: make([]string, len(fields))}
	if _, err = io.Copy(disk, from); err == nil {
		err = f.open(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// open reads what the file says of itself.
func (f *parquetRows) open(ctx context.Context) (err error) {
	defer recovered(&err)
	properties := parquet.NewReaderProperties(memory.DefaultAllocator)
	properties.BufferedStreamEnabled, properties.BufferSize = true, buffer
	f.file, err = parquetfile.NewParquetReader(f.disk, parquetfile.WithReadProps(properties))
	if err != nil {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	said := f.file.MetaData().Schema
	columns := make([]string, said.NumColumns())
	for i := range columns {
		if path := said.Column(i).ColumnPath(); len(path) == 1 { // a part of a value is no column of ours
			columns[i] = path[0]
		}
	}
	leaves, err := places(columns, f.fields)
	if err != nil {
		return err
	}
	reader, err := pqarrow.NewFileReader(f.file, pqarrow.ArrowReadProperties{BatchSize: batchRows},
		memory.DefaultAllocator)
	if err == nil {
		f.stream, err = reader.GetRecordReader(ctx, leaves, nil)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	names := make([]string, f.stream.Schema().NumFields())
	for i, column := range f.stream.Schema().Fields() {
		names[i] = column.Name
	}
	f.at, err = places(names, f.fields)
	return err
}

func (f *parquetRows) next() (values []string, err error) {
	defer recovered(&err)
	for f.batch == nil || f.row == int(f.batch.NumRows()) {
		f.row = 0
		f.batch, err = f.stream.Read() // the stream lets go of the one before
		switch {
		case err == io.EOF && f.came != f.file.NumRows():
			return nil, fmt.Errorf("%w: it has %d rows, and says that they are %d", errUnfit, f.came, f.file.NumRows())
		case err == io.EOF:
			return nil, io.EOF
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errUnfit, err)
		}
	}
	for i, at := range f.at {
		raw, known := textOf(f.batch.Column(at), f.row)
		if !known {
			return nil, fmt.Errorf("%w: the column %s has the type %s", errUnfit, f.fields[i].Name,
				f.batch.Column(at).DataType())
		}
		f.values[i] = text(f.fields[i].Type, raw)
	}
	f.row++
	f.came++
	return f.values, nil
}

func (f *parquetRows) Close() error {
	if f.stream != nil {
		f.stream.Release()
	}
	if f.file != nil {
		return f.file.Close() // with the file below
	}
	return f.disk.Close()
}

// recovered makes an error of a panic over what a file holds.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: it can't be read: %v", errUnfit, p)
	}
}

// textOf writes a value without losing anything of it; known is false for what no field of
// Salesforce is. NULL and an empty text are both "": Salesforce has no empty text.
func textOf(column arrow.Array, row int) (text string, known bool) {
	if column.IsNull(row) {
		return "", true
	}
	switch c := column.(type) {
	case *array.String:
		return c.Value(row), true
	case *array.LargeString:
		return c.Value(row), true
	case *array.Binary: // without the word that it is UTF-8
		return string(c.Value(row)), true
	case *array.Boolean:
		return strconv.FormatBool(c.Value(row)), true
	case *array.Int8, *array.Int16, *array.Int32, *array.Int64,
		*array.Uint8, *array.Uint16, *array.Uint32, *array.Uint64:
		return column.ValueStr(row), true
	case *array.Float32:
		return strconv.FormatFloat(float64(c.Value(row)), 'f', -1, 32), true
	case *array.Float64:
		return strconv.FormatFloat(c.Value(row), 'f', -1, 64), true
	case *array.Decimal128:
		return decimalOf(c.Value(row).BigInt(), c.DataType())
	case *array.Decimal256:
		return decimalOf(c.Value(row).BigInt(), c.DataType())
	case *array.Date32:
		return c.Value(row).ToTime().Format("2006-01-02"), true
	case *array.Timestamp:
		return moment(c.Value(row).ToTime(c.DataType().(*arrow.TimestampType).Unit)), true
	case *array.Time32:
		return c.Value(row).ToTime(c.DataType().(*arrow.Time32Type).Unit).Format("15:04:05.000Z"), true
	case *array.Time64:
		return c.Value(row).ToTime(c.DataType().(*arrow.Time64Type).Unit).Format("15:04:05.000Z"), true
	}
	return "", false
}

// decimalOf writes all digits of a decimal.
func decimalOf(digits *big.Int, t arrow.DataType) (text string, known bool) {
	scale := t.(arrow.DecimalType).GetScale()
	if scale < 0 { // Parquet has none (format, "DECIMAL")
		return "", false
	}
	of := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(digits, of).FloatString(int(scale)), true
}
