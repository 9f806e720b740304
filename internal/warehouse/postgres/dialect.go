package postgres

import (
	"fmt"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Dialect is the dialect of PostgreSQL 15 and later.
func Dialect() *dialect.Dialect {
	return &dialect.Dialect{
		Name: "postgres",
		Types: []dialect.ColumnType{ // COPY makes each of them of its text
			{Kind: shape.Text, Name: "TEXT", Stored: "TEXT"},
			{Kind: shape.Bool, Name: "BOOLEAN", Stored: "BOOLEAN"},
			{Kind: shape.Int, Name: "INTEGER", Stored: "INTEGER"},
			{Kind: shape.Long, Name: "BIGINT", Stored: "BIGINT"},
			{Kind: shape.Decimal, Name: "NUMERIC", Stored: "NUMERIC"},
			{Kind: shape.Date, Name: "DATE", Stored: "DATE"},
			{Kind: shape.Time, Name: "TIME", Stored: "TIME WITHOUT TIME ZONE"},
			{Kind: shape.Timestamp, Name: "TIMESTAMPTZ", Stored: "TIMESTAMP WITH TIME ZONE"},
		},
		Room: room.Limits{Whole: 131_072, Fraction: 16_383, // PostgreSQL documentation, "Numeric Types"
			Dates: room.Years{First: 1, Last: 5_874_896}, Stamps: room.Years{First: 1, Last: 294_275}},
		Grantee:    "%s",
		Granted:    dialect.GrantedByACL,
		Savepoints: true,
		Place:      "ctid",
		Bytewise:   ` COLLATE "C"`,
		Locks:      true,
		Enforces:   true,
		Retypes:    true,
		Targets:    true,
		Distincts:  true,

		TransactionalDDL: true,

		LongestName: 63,
		Clock:       "clock_timestamp()",
		Unlogged:    "UNLOGGED ",
		RowID:       "ctid",
		Views:       dialect.ViewsByDependency,
		Encoding: "SELECT pg_catalog.pg_encoding_to_char(encoding) FROM pg_catalog.pg_database " +
			"WHERE datname = current_database()",
		Schemas: dialect.SchemasByName,
		Rights:  dialect.RightsByACL,
		System:  "tableoid xmin cmin xmax cmax ctid",

		PagesPerLoad: 1, // COPY takes one after the other, each in one go
	}
}

// copyText is the statement by which PostgreSQL takes one page as it comes.
// Salesforce has no empty texts: both an empty field and a quoted one are null.
// PostgreSQL skips the header and goes by the order that c has.
func copyText(c sql.Copy) string {
	names := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		names[i] = col.Name
	}
	list := Dialect().List("", names)
	return fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT csv, HEADER true, NULL '', FORCE_NULL (%s), ENCODING 'UTF8')",
		c.Into, list, list)
}

// copyConstants is the statement that makes PostgreSQL fill in what all rows
// of page p have in common, while it copies them: column defaults. Filling
// them in afterwards would write each row twice, and adding them to the text
// would have it parsed a million times.
func copyConstants(c sql.Copy, p warehouse.Page) string {
	d := Dialect()
	values := []string{dialect.Literal(string(c.Op)), dialect.Literal(c.Attempt), dialect.Literal(c.Job),
		d.Moment(c.ReadAt), fmt.Sprint(p.Seq)}
	set := make([]string, len(values))
	for i, name := range own.Loaded() {
		set[i] = "ALTER COLUMN " + d.Quote(name) + " SET DEFAULT " + values[i]
	}
	return "ALTER TABLE " + c.Into + " " + strings.Join(set, ", ")
}

// copyNoConstants takes the defaults away again, so that a row that somebody
// else puts into staging isn't taken for one of ours.
func copyNoConstants(c sql.Copy) string {
	d := Dialect()
	var drop []string
	for _, name := range own.Loaded() {
		drop = append(drop, "ALTER COLUMN "+d.Quote(name)+" DROP DEFAULT")
	}
	return "ALTER TABLE " + c.Into + " " + strings.Join(drop, ", ")
}
