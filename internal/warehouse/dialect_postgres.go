package warehouse

import (
	"fmt"
	"strings"
)

// Postgres is the dialect of PostgreSQL 15 and later.
func Postgres() *Dialect {
	return &Dialect{
		Name: "postgres",
		Types: []ColumnType{ // COPY makes each of them of its text
			{Kind: Text, Name: "TEXT", Stored: "TEXT"},
			{Kind: Bool, Name: "BOOLEAN", Stored: "BOOLEAN"},
			{Kind: Int, Name: "INTEGER", Stored: "INTEGER"},
			{Kind: Long, Name: "BIGINT", Stored: "BIGINT"},
			{Kind: Decimal, Name: "NUMERIC", Stored: "NUMERIC"},
			{Kind: Date, Name: "DATE", Stored: "DATE"},
			{Kind: Time, Name: "TIME", Stored: "TIME WITHOUT TIME ZONE"},
			{Kind: Timestamp, Name: "TIMESTAMPTZ", Stored: "TIMESTAMP WITH TIME ZONE"},
		},
		Grantee:    "%s",
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

		PagesPerLoad: 1, // COPY takes one after the other, each in one go
	}
}

// CopyText is the statement by which PostgreSQL takes one page as it comes.
// Salesforce has no empty texts: both an empty field and a quoted one are null.
// PostgreSQL skips the header and goes by the order that c has.
func (c Copy) CopyText() string {
	names := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		names[i] = col.Name
	}
	list := Postgres().list("", names)
	return fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT csv, HEADER true, NULL '', FORCE_NULL (%s), ENCODING 'UTF8')",
		c.Into, list, list)
}

// CopyConstants is the statement that makes PostgreSQL fill in what all rows
// of page p have in common, while it copies them: column defaults. Filling
// them in afterwards would write each row twice, and adding them to the text
// would have it parsed a million times.
func (c Copy) CopyConstants(p Page) string {
	d := Postgres()
	values := []string{literal(string(c.Op)), literal(c.Attempt), literal(c.Job), d.moment(c.ReadAt), fmt.Sprint(p.Seq)}
	set := make([]string, len(values))
	for i, name := range copyConstants() {
		set[i] = "ALTER COLUMN " + d.Quote(name) + " SET DEFAULT " + values[i]
	}
	return "ALTER TABLE " + c.Into + " " + strings.Join(set, ", ")
}

// CopyNoConstants takes the defaults away again, so that a row that somebody
// else puts into staging isn't taken for one of ours.
func (c Copy) CopyNoConstants() string {
	d := Postgres()
	var drop []string
	for _, name := range copyConstants() {
		drop = append(drop, "ALTER COLUMN "+d.Quote(name)+" DROP DEFAULT")
	}
	return "ALTER TABLE " + c.Into + " " + strings.Join(drop, ", ")
}

func copyConstants() []string { return []string{colOp, colAttempt, colJob, colReadAt, colSeq} }
