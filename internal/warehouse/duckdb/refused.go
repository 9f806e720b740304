package duckdb

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

var (
	csvLine   = regexp.MustCompile(`CSV Error on Line: (\d+)`)
	csvFile   = regexp.MustCompile(`(?m)^  file = (.+)$`)
	csvColumn = regexp.MustCompile(`casting from source column ([A-Za-z0-9_]+)`)
)

// refusedValue tells which value or record DuckDB has refused, nil where a message
// is about something else. What it calls a line is a row of the file: the header
// is one, and a record is one, however many line breaks its values hold.
func refusedValue(kind, message string) *refusals.Value {
	r := &refusals.Value{Why: "a value was refused (" + kind + ")"}
	if m := csvLine.FindStringSubmatch(message); m != nil {
		if line, err := strconv.ParseInt(m[1], 10, 64); err == nil && line > 1 {
			r.Record = line - 1
		}
	}
	if m := csvFile.FindStringSubmatch(message); m != nil {
		r.Page = m[1] // until place knows better
	}
	if m := csvColumn.FindStringSubmatch(message); m != nil {
		r.Column = m[1]
	}
	if r.Record == 0 && r.Column == "" {
		return nil
	}
	if strings.Contains(message, "out of range") {
		r.Why = "a value is out of range (" + kind + ")"
	}
	if strings.Contains(message, "not utf-8") {
		r.Why = "a text isn't UTF-8 (" + kind + ")"
	}
	return r
}

// place finds the page and the record of a refused value. A CAST that fails names
// its column alone, so each page is asked for the first value that can't be cast.
// A question that fails adds nothing.
func (t *tx) place(ctx context.Context, refused *refusals.Value, c sql.Copy, paths []string, gzip bool) {
	file := slices.Index(paths, refused.Page)
	refused.Page = ""
	switch {
	case file >= 0:
		refused.Page = c.Pages[file].Key
	case len(c.Pages) == 1:
		refused.Page = c.Pages[0].Key
	}
	column := slices.IndexFunc(c.Columns, func(col dialect.CopyColumn) bool { return col.Name == refused.Column })
	if refused.Record > 0 || column < 0 {
		return
	}
	for i, path := range paths {
		var record int64
		err := t.driver.View(ctx, func(tx sql.Tx) error {
			return tx.Query(ctx, func(scan sql.Scan) error { return scan(&record) },
				uncastable(c.Columns, column, path, gzip))
		})
		if err == nil && record > 0 {
			refused.Page, refused.Record = c.Pages[i].Key, record
			return
		}
	}
}

// uncastable is the query for the number of the first record of a file whose value
// of a column can't be cast. DuckDB keeps the order of a file.
func uncastable(cols []dialect.CopyColumn, column int, path string, gzip bool) string {
	return dialect.Fill(`SELECT n
FROM (SELECT row_number() OVER () AS n, r.{column} IS NOT NULL AND {value} IS NULL AS refused
	FROM {csv} r)
WHERE refused
ORDER BY n
LIMIT 1`, dialect.Holes{
		"column": Dialect().Quote(cols[column].Name), "value": castOf(cols[column], "TRY_CAST"),
		"csv": fromCSV(cols, []string{path}, gzip),
	})
}
