// Package foreign reads values that stand as texts, or as numbers, in the tables of
// others: it writes the SQL that tells which can be read, and that reads them. adopt asks
// before it moves rows, and while it moves them.
//
// AppFlow may have written moments as milliseconds since 1970: so do Salesforce's first
// Bulk API, as JSON, and its change events. Start at Of.
package foreign

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// A Reading says how values of a kind are written in somebody else's texts, and how they
// are read. A value that is neither empty nor as it says can't be read.
type Reading struct {
	Says    string // what such a value is
	pattern string // a regular expression; anchored, since not everybody looks for a part
	epoch   bool   // milliseconds since 1970 are understood, too
	since   string // SQL of a {text} of that many milliseconds
	read    string // SQL of a {text} that the pattern matches
}

// Of is how texts of a kind are read, for those that CAST doesn't understand
// everywhere, or makes another value of.
func Of(k shape.Kind) (Reading, bool) {
	r, ok := map[shape.Kind]Reading{
		shape.Bool: {Says: "boolean", pattern: "(true|t|1|false|f|0|TRUE|FALSE|True|False|T|F)",
			read: "lower({text}) IN ('true', 't', '1')"},
		shape.Time: {Says: "time of day", pattern: clockPattern + "Z?",
			read: "CAST(replace({text}, 'Z', '') AS {type})"},
		shape.Date: {Says: "date", pattern: dayPattern + "([T ]" + clockPattern + zonePattern + ")?", epoch: true,
			since: "CAST(TIMESTAMP '1970-01-01' + {ms} AS {type})", read: "CAST(substring({text}, 1, 10) AS {type})"},
		shape.Timestamp: {Says: "time", pattern: dayPattern + "([T ]" + clockPattern + zonePattern + ")?", epoch: true,
			since: "TIMESTAMPTZ '1970-01-01' + {ms}", read: "CAST(replace({text}, '+0000', 'Z') AS {type})"},
	}[k]
	return r, ok
}

// Patterns of what Salesforce, AppFlow and warehouses write. Salesforce's dates lie
// between 1700 and 4000; those of other years, and a 30 February, are no dates.
const (
	dayPattern = "([1-4][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|" +
		"02-(0[1-9]|1[0-9]|2[0-8]))|([1-4][0-9](0[48]|[2468][048]|[13579][26])|(1[26]|2[048]|3[26]|4[048])00)-02-29)"
	clockPattern = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
	zonePattern  = "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?"
	// Fewer digits may be seconds, or a day without its hyphens.
	epochPattern = "-?[0-9]{11,14}([.]0+)?"
)

// matches is SQL that tells whether a text is as a pattern says, as a whole. A colon
// begins a parameter on some ways to a warehouse, so that it is no part of a literal.
func matches(text, pattern string) string {
	parts := strings.Split("^("+pattern+")$", ":")
	for i, part := range parts {
		parts[i] = dialect.Literal(part)
	}
	return text + " ~ (" + strings.Join(parts, " || chr(58) || ") + ")"
}

// Unreadable is SQL that is true where a text can't be read. An empty one can: it is
// no value, which only a stamp may not be.
func (r Reading) Unreadable(text string, needed bool) string {
	fits := matches(text, r.pattern)
	if r.epoch {
		fits = "(" + fits + " OR " + matches(text, epochPattern) + ")"
	}
	if needed {
		return "NOT coalesce(" + fits + ", false)"
	}
	return "NOT (" + fits + " OR " + text + " = '')"
}

// Value is SQL of the value of a {text}, as a {type}; NULL where it can't be read.
func (r Reading) Value() string {
	sql := "CASE"
	if r.epoch {
		ms := "CAST(split_part({text}, '.', 1) AS BIGINT) * INTERVAL '0.001 seconds'"
		sql += " WHEN " + matches("{text}", epochPattern) + " THEN " + strings.ReplaceAll(r.since, "{ms}", ms)
	}
	return sql + " WHEN " + matches("{text}", r.pattern) + " THEN " + r.read + " END"
}

// LongID is an Id with the three characters that say which of its letters are
// capitals: each stands for five of them, from the right (Salesforce, "ID Field
// Type"). An Id that has 18 stays.
func LongID(text string) string {
	var ends strings.Builder
	for chunk := range 3 {
		var bits []string
		for i := range 5 {
			bits = append(bits,
				fmt.Sprintf("CASE WHEN strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ', substring(%s, %d, 1)) > 0 "+
					"THEN %d ELSE 0 END", text, 5*chunk+i+1, 1<<i))
		}
		fmt.Fprintf(&ends, " || substring('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + %s, 1)", strings.Join(bits, " + "))
	}
	return dialect.Fill("CASE WHEN length({id}) = 15 THEN {id}{ends} ELSE {id} END",
		dialect.Holes{"id": text, "ends": ends.String()})
}

// IsText tells whether a column of that type, told without its length, holds texts.
func IsText(bare string) bool {
	bare = strings.ToLower(bare)
	return strings.HasPrefix(bare, "char") || strings.HasPrefix(bare, "varchar") || bare == "text"
}

// IsNumber tells whether it holds numbers.
func IsNumber(bare string) bool {
	return slices.Contains([]string{"smallint", "integer", "bigint", "numeric", "decimal", "double", "double precision",
		"hugeint"}, strings.ToLower(bare))
}
