package redshift

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

// A LongText says what becomes of a text of more than redshiftText bytes.
type LongText string

// The policies for long texts.
const (
	FailLongText     LongText = "fail"     // the load fails, and names the column: the record is kept aside before that
	TruncateLongText LongText = "truncate" // cut off at the border of a character, and reported
	SuperLongText    LongText = "super"    // fields that may hold one become SUPER columns
)

// redshiftText is the most bytes that a VARCHAR column has room for (Amazon
// Redshift Database Developer Guide, Character types).
const redshiftText = 65535

// Dialect is the dialect of Amazon Redshift. Its keys are not enforced and
// VARCHAR counts bytes; transactions see one picture (SNAPSHOT isolation is
// what new databases have).
//
// No key is declared: the planner trusts a declared one, and a query that
// looks for duplicates would be answered without looking.
func Dialect(long LongText) *dialect.Dialect {
	d := &dialect.Dialect{
		Name: "redshift",
		// COPY doesn't take the zone that Salesforce writes behind a time, and nobody
		// documents what it makes of a decimal's exponent.
		Types: []dialect.ColumnType{
			{Kind: shape.Text, Name: "VARCHAR(%d)", Stored: "character varying"},
			{Kind: shape.Bool, Name: "BOOLEAN", Stored: "boolean"},
			{Kind: shape.Int, Name: "INTEGER", Stored: "integer"},
			{Kind: shape.Long, Name: "BIGINT", Stored: "bigint"},
			{Kind: shape.Decimal, Name: "DECIMAL(38,%d)", Stored: "numeric", Load: dialect.CastLoad, Room: 64},
			{Kind: shape.Date, Name: "DATE", Stored: "date"},
			{Kind: shape.Time, Name: "TIME", Stored: "time without time zone",
				Load: "CAST(replace({text}, 'Z', '') AS {type})", Room: 64},
			{Kind: shape.Timestamp, Name: "TIMESTAMPTZ", Stored: "timestamp with time zone"},
		},
		Digits: 38,
		// Database Developer Guide, "Numeric types". A DATE holds later years, but nobody
		// documents that COPY reads those of more than four digits.
		Room: room.Limits{Digits: 38, Whole: 38, Fraction: 37,
			Dates: room.Years{First: 1, Last: 9999}, Stamps: room.Years{First: 1, Last: 9999}},
		Grantee:   "ROLE %s",
		Granted:   grantedToRole,
		LockFirst: true,

		TransactionalDDL: true,

		LongestName: 127,
		LongestText: redshiftText,
		// Staging and final rows of a key lie on one slice, so that a merge moves
		// no rows between nodes; what changed last lies together.
		Keyed: "DISTSTYLE KEY DISTKEY (%s) SORTKEY (%s)",
		// GETDATE has whole seconds only.
		Clock: "CAST(SYSDATE AS TIMESTAMPTZ)",
		// Late-binding views depend on nothing.
		Views:   dialect.ViewsByDependency,
		Schemas: dialect.SchemasByName,

		PagesPerLoad: 1, // each has a COPY of its own, whose rows are counted
	}
	if long == FailLongText {
		d.Room.Text = redshiftText
	}
	if long == TruncateLongText {
		d.Room.Cut = redshiftText
	}
	if long == SuperLongText {
		d.Wide = "SUPER"
	}
	return d
}

// grantedToRole counts what a role was given to read a table (Amazon Redshift Database
// Developer Guide, SVV_RELATION_PRIVILEGES). What this user may not see there counts
// as not given, and is given again.
const grantedToRole = `SELECT count(*) FROM svv_relation_privileges
WHERE namespace_name = $1 AND relation_name = $2 AND privilege_type = 'SELECT'
	AND identity_type = 'role' AND identity_name = $3`

// redshiftCopy is the temporary table that takes a page before staging does.
const redshiftCopy = `"_catchment_copy"`

// A pageCopy is the statements by which Redshift loads one page: COPY into
// a temporary table, and from there into staging, with our own columns.
type pageCopy struct {
	sql.Copy
	Page     warehouse.Page
	Manifest string // s3://bucket/key of the manifest, which names the page alone
	Role     string // the ARN of the IAM role that reads the bucket, or "default"
	Region   string // of the bucket, "" where it is the cluster's
	Truncate bool   // texts that are too long are cut off
}

// Make makes the temporary table. Its texts are as wide as staging's, so that
// a longer one fails the COPY; where COPY cuts off, they are of the full width,
// and a column that is narrower fails the INSERT.
func (c pageCopy) Make() string {
	d := Dialect(FailLongText)
	defs := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		kind, typ := col.Type, d.Of(col.Kind)
		switch {
		case col.Kind == shape.Text && c.Truncate && col.Type != "SUPER":
			kind = d.Type(shape.Text, 0)
		case typ.Load != "":
			kind = d.Type(shape.Text, typ.Room)
		}
		defs[i] = d.Quote(col.Name) + " " + kind
	}
	return "CREATE TEMP TABLE " + redshiftCopy + " (" + strings.Join(defs, ", ") + ")"
}

// Drop drops the temporary table.
func (c pageCopy) Drop() string { return "DROP TABLE " + redshiftCopy }

// From is the COPY. Salesforce has no empty texts: an empty field is null. A
// text that says \N is none, though COPY takes it for null unless it is told
// another word.
func (c pageCopy) From() string {
	d := Dialect(FailLongText)
	names := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		names[i] = col.Name
	}
	var b strings.Builder
	role := "default"
	if c.Role != "" && c.Role != role {
		role = dialect.Literal(c.Role)
	}
	fmt.Fprintf(&b, "COPY %s (%s)\nFROM %s\nIAM_ROLE %s", redshiftCopy, d.List("", names),
		dialect.Literal(c.Manifest), role)
	if c.Region != "" {
		b.WriteString("\nREGION " + dialect.Literal(c.Region))
	}
	b.WriteString("\nMANIFEST FORMAT AS CSV IGNOREHEADER 1 NULL AS ''")
	if c.Page.Gzip {
		b.WriteString(" GZIP")
	}
	if c.Truncate {
		b.WriteString(" TRUNCATECOLUMNS")
	}
	b.WriteString("\nDATEFORMAT 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF")
	return b.String()
}

// Count counts the rows of the last COPY of the session.
func (c pageCopy) Count() string { return "SELECT pg_last_copy_count()" }

// Look asks what has to be known of the rows before they go on: for each
// decimal whether it has exponents, and where texts are cut off, how many are
// so long that they may have been. It is "" where there is nothing to ask.
func (c pageCopy) Look() string {
	d := Dialect(FailLongText)
	var asks []string
	for _, col := range c.asked() {
		name := d.Quote(col.Name)
		if col.Kind == shape.Decimal {
			asks = append(asks, fmt.Sprintf("count(CASE WHEN upper(%s) LIKE '%%E%%' THEN 1 END)", name))
		} else {
			// The character at the border has up to four bytes.
			asks = append(asks, fmt.Sprintf("count(CASE WHEN octet_length(%s) > %d THEN 1 END)", name, redshiftText-4))
		}
	}
	if len(asks) == 0 {
		return ""
	}
	return "SELECT " + strings.Join(asks, ", ") + " FROM " + redshiftCopy
}

// Asked is how many numbers answer Look.
func (c pageCopy) Asked() int { return len(c.asked()) }

// asked is the columns that Look asks about, in order.
func (c pageCopy) asked() []dialect.CopyColumn {
	var cols []dialect.CopyColumn
	for _, col := range c.Columns {
		if col.Kind == shape.Decimal || col.Kind == shape.Text && c.Truncate &&
			col.Type == Dialect(FailLongText).Type(shape.Text, 0) {
			cols = append(cols, col)
		}
	}
	return cols
}

// Seen sorts an answer to Look: the decimals with exponents, and the texts
// that may have been cut off, by column.
func (c pageCopy) Seen(counts []int64) (exponents map[string]bool, cut map[string]int64) {
	exponents, cut = map[string]bool{}, map[string]int64{}
	for i, col := range c.asked() {
		switch {
		case counts[i] == 0:
		case col.Kind == shape.Decimal:
			exponents[col.Name] = true
		default:
			cut[col.Name] = counts[i]
		}
	}
	return exponents, cut
}

// Insert writes the page's rows into staging. Decimals of the columns in
// exponents are written out before they are cast.
func (c pageCopy) Insert(exponents map[string]bool) string {
	d := Dialect(FailLongText)
	var names, values []string
	for _, col := range c.Columns {
		value := "r." + d.Quote(col.Name)
		if exponents[col.Name] {
			value = writtenOut(value)
		}
		names, values = append(names, d.Quote(col.Name)), append(values, d.Loaded(col.Kind, value, col.Type))
	}
	names = append(names, d.List("", own.Loaded()))
	values = append(values, dialect.Literal(string(c.Op)), dialect.Literal(c.Attempt), dialect.Literal(c.Job),
		d.Moment(c.ReadAt),
		fmt.Sprint(c.Page.Seq))
	return dialect.Fill(`INSERT INTO {staging} ({names})
SELECT {values}
FROM {copy} r`, dialect.Holes{
		"staging": c.Into, "names": strings.Join(names, ", "), "values": strings.Join(values, ", "),
		"copy": redshiftCopy,
	})
}

// writtenOut is a decimal's text without its exponent, digit by digit: going
// through a float would round. -1.25E3 becomes -1250, 5E-2 becomes 0.05.
func writtenOut(v string) string {
	text := dialect.Holes{"text": v}
	mantissa := dialect.Fill("replace(split_part(upper({text}), 'E', 1), '-', '')", text)
	exponent := dialect.Fill("CAST(replace(split_part(upper({text}), 'E', 2), '+', '') AS INTEGER)", text)
	return dialect.Fill(`CASE WHEN upper({text}) LIKE '%E%'
	THEN CASE WHEN {text} LIKE '-%' THEN '-' ELSE '' END
		|| CASE WHEN {point} <= 0 THEN '0.' || repeat('0', -{point}) || {digits}
			WHEN {point} >= length({digits}) THEN {digits} || repeat('0', {point} - length({digits}))
			ELSE left({digits}, {point}) || '.' || substring({digits}, {point} + 1) END
	ELSE {text} END`, dialect.Holes{
		"text": v, "digits": "replace(" + mantissa + ", '.', '')",
		"point": "(length(split_part(" + mantissa + ", '.', 1)) + " + exponent + ")",
	})
}
