package soql

import (
	"testing"

	"catchment/internal/fakeorg/soql/syntax"
)

// FuzzParse proves that no statement makes the package panic, and that what
// is printed reads back as the same statement.
func FuzzParse(f *testing.F) {
	for _, file := range statementFiles(f) {
		statements(f, file, func(statement, _ string) { f.Add(statement) }, func(string) {})
	}
	schema := newTestSchema()
	f.Fuzz(func(t *testing.T, text string) {
		q, err := syntax.Parse(text)
		if err != nil {
			return
		}
		printed := q.String()
		if len(printed) > syntax.MaxStatement {
			return // escapes can make a statement longer than it may be
		}
		again, err := syntax.Parse(printed)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", text, printed, err)
		}
		if got := again.String(); got != printed {
			t.Fatalf("%q prints as %q, then as %q", text, printed, got)
		}
		bound, err := Bind(q, schema)
		if err != nil {
			return
		}
		for _, value := range []string{"", "true", "é;\xff", "12.5E3", "2026-01-02T03:04:05.000Z"} {
			bound.Filter(noon(), make([]Set, len(bound.Inner))...)(sameRecord(value))
			evaluate(bound, sameRecord(value))
		}
		bound.Range("Id")
	})
}

// evaluate asks everything of a statement that can be asked with one record.
func evaluate(b *Bound, r Record) {
	if b.Grouped {
		groups := b.Groups(noon())
		groups.Add(r)
		groups.Add(sameRecord("a"))
		for _, g := range groups.All() {
			for _, c := range b.Columns {
				c.Value(g, noon())
			}
		}
		return
	}
	b.Compare(r, sameRecord("a"))
	for _, c := range b.Columns {
		switch {
		case c.Child != nil:
			evaluate(c.Child.Bound, r)
		case c.Path != nil:
			c.Value(r, noon())
		}
	}
}
