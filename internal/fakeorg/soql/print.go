package soql

import (
	"fmt"
	"strconv"
	"strings"
)

// String prints q as canonical SOQL: keywords in upper case, single spaces,
// no parentheses without need. Parsing it again gives the same tree.
func (q *Query) String() string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, item := range q.Select {
		if i > 0 {
			b.WriteString(", ")
		}
		printItem(&b, item)
	}
	b.WriteString(" FROM " + q.From.Name.String())
	if q.From.Alias != "" {
		b.WriteString(" " + q.From.Alias)
	}
	if q.Scope != "" {
		b.WriteString(" USING SCOPE " + q.Scope)
	}
	if q.Where != nil {
		b.WriteString(" WHERE ")
		printCondition(&b, q.Where)
	}
	if q.With != "" {
		b.WriteString(" WITH " + q.With)
	}
	q.printTail(&b)
	return b.String()
}

func (q *Query) printTail(b *strings.Builder) {
	for i, o := range q.OrderBy {
		b.WriteString([]string{" ORDER BY ", ", "}[min(i, 1)] + o.Field.String())
		if o.Desc {
			b.WriteString(" DESC")
		}
		if o.Nulls != NullsDefault {
			b.WriteString(" NULLS " + string(o.Nulls))
		}
	}
	if q.Limit >= 0 {
		b.WriteString(" LIMIT " + strconv.Itoa(q.Limit))
	}
	if q.Offset >= 0 {
		b.WriteString(" OFFSET " + strconv.Itoa(q.Offset))
	}
	if q.AllRows {
		b.WriteString(" ALL ROWS")
	}
	if len(q.For) > 0 {
		b.WriteString(" FOR " + strings.Join(q.For, ", "))
	}
	if len(q.Update) > 0 {
		b.WriteString(" UPDATE " + strings.Join(q.Update, ", "))
	}
}

// String gives the name with its dots.
func (n Name) String() string { return strings.Join(n.Parts, ".") }

func printItem(b *strings.Builder, item Item) {
	switch item := item.(type) {
	case FieldItem:
		b.WriteString(item.Name.String())
	case CountItem:
		b.WriteString("COUNT()")
	case FieldsItem:
		b.WriteString("FIELDS(" + item.Group + ")")
	}
}

func printCondition(b *strings.Builder, c Condition) {
	switch c := c.(type) {
	case And:
		printTerms(b, c.Terms, " AND ")
	case Or:
		printTerms(b, c.Terms, " OR ")
	case Not:
		b.WriteString("NOT ")
		printTerm(b, c.Term)
	case Comparison:
		printComparison(b, c)
	}
}

func printTerms(b *strings.Builder, terms []Condition, word string) {
	for i, t := range terms {
		if i > 0 {
			b.WriteString(word)
		}
		printTerm(b, t)
	}
}

// printTerm sets everything but a comparison in parentheses: SOQL has no
// precedence, and doesn't mix AND, OR and NOT at one level.
func printTerm(b *strings.Builder, c Condition) {
	if c, ok := c.(Comparison); ok {
		printComparison(b, c)
		return
	}
	b.WriteByte('(')
	printCondition(b, c)
	b.WriteByte(')')
}

func printComparison(b *strings.Builder, c Comparison) {
	b.WriteString(c.Field.String() + " " + string(c.Op) + " ")
	if !c.Op.takesList() {
		b.WriteString(c.Values[0].String())
		return
	}
	for i, v := range c.Values {
		b.WriteString([]string{"(", ", "}[min(i, 1)] + v.String())
	}
	b.WriteByte(')')
}

// takesList tells whether the right side of op stands in parentheses.
func (op Op) takesList() bool {
	return op == In || op == NotIn || op == Includes || op == Excludes
}

// String prints the literal as SOQL.
func (l Literal) String() string {
	switch l.Kind {
	case String, Pattern:
		return quote(l)
	case Relative:
		if l.N >= 0 {
			return l.Text + ":" + strconv.Itoa(l.N)
		}
	}
	return l.Text
}

// quote escapes what SOQL demands, and what would break a line. A pattern
// keeps its backslashes: they are part of its meaning.
func quote(l Literal) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range l.Text {
		switch {
		case r == '\\' && l.Kind == Pattern:
			b.WriteByte('\\')
		case r == '\\' || r == '\'':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
