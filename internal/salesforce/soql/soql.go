// Package soql writes queries. What they are about is left to who asks.
package soql

import (
	"strconv"
	"strings"
	"time"
)

// A Select is one SOQL query. All conditions have to hold.
type Select struct {
	Fields  []string
	From    string
	Where   []Condition
	GroupBy string // REST answers 2,000 groups at most, and no locator for more
	OrderBy string // switches the chunking of a Bulk job off
	Limit   int    // 0 is none; switches the chunking of a Bulk job off
}

// String writes the query.
func (s Select) String() string {
	var b strings.Builder
	b.WriteString("SELECT " + strings.Join(s.Fields, ", ") + " FROM " + s.From)
	for i, c := range s.Where {
		if i == 0 {
			b.WriteString(" WHERE ")
		} else {
			b.WriteString(" AND ")
		}
		b.WriteString(string(c))
	}
	if s.GroupBy != "" {
		b.WriteString(" GROUP BY " + s.GroupBy)
	}
	if s.OrderBy != "" {
		b.WriteString(" ORDER BY " + s.OrderBy)
	}
	if s.Limit > 0 {
		b.WriteString(" LIMIT " + strconv.Itoa(s.Limit))
	}
	return b.String()
}

// A Condition is one part of a WHERE.
type Condition string

// Raw takes a condition as the user wrote it, in parentheses: an OR in it
// can't swallow the conditions beside it.
func Raw(where string) Condition { return Condition("(" + where + ")") }

// Since asks for records whose field is t or later.
func Since(field string, t time.Time) Condition {
	return Condition(field + " >= " + datetime(t))
}

// Before asks for records whose field is earlier than t.
func Before(field string, t time.Time) Condition {
	return Condition(field + " < " + datetime(t))
}

// From asks for records whose field is value or comes after it.
func From(field, value string) Condition { return Condition(field + " >= " + quote(value)) }

// Below asks for records whose field comes before value.
func Below(field, value string) Condition { return Condition(field + " < " + quote(value)) }

// In asks for records whose field is one of values.
func In(field string, values []string) Condition {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return Condition(field + " IN (" + strings.Join(quoted, ",") + ")")
}

// datetime writes a datetime literal, in UTC and cut to the second: stamps have no
// more than that.
func datetime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// quote writes a string literal (SOQL reference, "Quoted String Escape
// Sequences").
func quote(text string) string {
	return "'" + strings.NewReplacer(
		`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`,
	).Replace(text) + "'"
}
