package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/platform"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Dialect is the dialect of DuckDB 1.5.
func Dialect() *dialect.Dialect {
	return &dialect.Dialect{
		Name: "duckdb",
		Types: []dialect.ColumnType{
			{Kind: shape.Text, Name: "VARCHAR", Stored: "VARCHAR"},
			{Kind: shape.Bool, Name: "BOOLEAN", Stored: "BOOLEAN", Load: dialect.CastLoad},
			{Kind: shape.Int, Name: "INTEGER", Stored: "INTEGER", Load: dialect.CastLoad},
			{Kind: shape.Long, Name: "BIGINT", Stored: "BIGINT", Load: dialect.CastLoad},
			{Kind: shape.Decimal, Name: "DECIMAL(38,%d)", Stored: "DECIMAL", Load: dialect.CastLoad},
			{Kind: shape.Date, Name: "DATE", Stored: "DATE", Load: dialect.CastLoad},
			{Kind: shape.Time, Name: "TIME", Stored: "TIME", Load: dialect.CastLoad},
			{Kind: shape.Timestamp, Name: "TIMESTAMPTZ", Stored: "TIMESTAMP WITH TIME ZONE", Load: dialect.CastLoad},
		},
		Digits: 38,
		Room: room.Limits{NUL: true, Digits: 38, Whole: 38, Fraction: 38,
			Dates: room.Years{First: -290_307, Last: 5_881_579}, Stamps: room.Years{First: -290_307, Last: 294_246}},
		Enforces:  true,
		Retypes:   true,
		Unplayed:  true,
		Targets:   true,
		Distincts: true,

		// a row that is deleted is fetched by itself for the index of the key, twice; to fetch one
		// value of a compressed column, all before it are decoded (ADR 0035)
		KeysStored: " USING COMPRESSION uncompressed",

		Promotion: promotion(),

		TransactionalDDL: true,

		Memory: "memory_limit",
		RowID:  "rowid",
		System: "rowid", // a column of that name would hide it

		PagesPerLoad: 4, // it reads each file by one thread
	}
}

// duckLine is the longest record, in bytes, that read_csv may meet. A page has no
// record that is half as long; it may grow where what is no text is replaced.
const duckLine = 2 * platform.RecordAtMost

// duckNarrow is how many digits DuckDB parses by machine words. Its parser of
// wider decimals takes ten times as long.
const duckNarrow = 18

// readCSV is the statement by which DuckDB loads pages that lie in files, and
// its parameters; paths[i] holds c.Pages[i]. All of them are gzipped or none.
//
// read_csv guesses nothing: neither types, nor where in the middle of a file a
// record might start (parallel); files are read side by side all the same. It
// yields texts only, since it would turn a timestamp that it can't parse into
// NULL without a word; CAST fails on one.
func readCSV(c sql.Copy, paths []string, gzip bool) (string, []any) {
	d := Dialect()
	b := &dialect.Binds{Dialect: d}
	var names, values []string
	for _, col := range c.Columns {
		names = append(names, d.Quote(col.Name))
		values = append(values, castOf(col, "CAST"))
	}
	names = append(names, d.List("", []string{own.Op, own.Attempt, own.Job, own.ReadAt, own.Seq}))
	values = append(values, b.Text(string(c.Op)), b.Text(c.Attempt), b.Text(c.Job),
		b.Value(c.ReadAt, shape.Timestamp), "p.seq")
	if c.Lasts {
		at := values[len(values)-2] // as of its reading
		if i := slices.IndexFunc(c.Columns, func(col dialect.CopyColumn) bool { return col.Name == c.Stamp }); i >= 0 {
			at = "coalesce(" + values[i] + ", " + at + ")"
		}
		names, values = append(names, d.Quote(own.At)), append(values, at)
	}

	seqs := make([]string, len(paths))
	for i, path := range paths {
		seqs[i] = fmt.Sprintf("(%s, %d)", dialect.Literal(path), c.Pages[i].Seq)
	}
	return dialect.Fill(`INSERT INTO {staging} ({names})
SELECT {values}
FROM {csv} r
JOIN (VALUES {seqs}) p (file, seq) ON p.file = r._catchment_file`, dialect.Holes{
		"staging": c.Into, "names": strings.Join(names, ", "), "values": strings.Join(values, ", "),
		"csv": fromCSV(c.Columns, paths, gzip), "seqs": strings.Join(seqs, ", "),
	}), b.Args
}

// castOf is the value of a column of a file, as its table wants it: by CAST, or by
// TRY_CAST, which makes NULL of what CAST refuses.
func castOf(col dialect.CopyColumn, cast string) string {
	value := "r." + Dialect().Quote(col.Name)
	if Dialect().Of(col.Kind).Load == "" {
		return value
	}
	if col.Kind == shape.Decimal && col.Whole+col.Fract <= duckNarrow {
		value = fmt.Sprintf("%s(%s AS DECIMAL(%d,%d))", cast, value, duckNarrow, col.Fract)
	}
	return cast + "(" + value + " AS " + col.Type + ")"
}

// fromCSV is the table of what files hold, as texts.
func fromCSV(cols []dialect.CopyColumn, paths []string, gzip bool) string {
	var types, files []string
	for _, col := range cols {
		types = append(types, dialect.Literal(col.Name)+": 'VARCHAR'")
	}
	for _, path := range paths {
		files = append(files, dialect.Literal(path))
	}
	compression := "none"
	if gzip {
		compression = "gzip"
	}
	return dialect.Fill(`read_csv([{files}],
	columns = {{types}},
	auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', nullstr = '',
	strict_mode = true, null_padding = false, ignore_errors = false, parallel = false,
	max_line_size = {longest}, buffer_size = {longest}, compression = '{compression}', filename = '_catchment_file')`,
		dialect.Holes{"files": strings.Join(files, ", "), "types": strings.Join(types, ", "),
			"longest": fmt.Sprint(duckLine), "compression": compression})
}
