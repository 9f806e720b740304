package syntax

import (
	"strconv"
	"strings"
)

// String prints q as canonical SOQL: keywords in upper case, single spaces,
// no parentheses without need. Parsing it again gives the same tree.
func (q *Query) String() string {
	var b strings.Builder
	q.print(&b)
	return b.String()
}

func (q *Query) print(b *strings.Builder) {
	b.WriteString("SELECT ")
	for i, item := range q.Select {
		if i > 0 {
			b.WriteString(", ")
		}
		printItem(b, item)
	}
	b.WriteString(" FROM ")
	printSource(b, q.From)
	for _, parent := range q.Parents {
		b.WriteString(", ")
		printSource(b, parent)
	}
	if q.Scope != "" {
		b.WriteString(" USING SCOPE " + q.Scope)
	}
	if q.Where != nil {
		b.WriteString(" WHERE ")
		printCondition(b, q.Where)
	}
	if q.With != "" {
		b.WriteString(" WITH " + q.With)
	}
	for i, c := range q.Categories {
		b.WriteString([]string{" WITH DATA CATEGORY ", " AND "}[min(i, 1)] + c.Group + " " + c.Selector + " ")
		if len(c.Names) == 1 {
			b.WriteString(c.Names[0])
		} else {
			b.WriteString("(" + strings.Join(c.Names, ", ") + ")")
		}
	}
	q.printGroups(b)
	q.printTail(b)
}

func printSource(b *strings.Builder, s Source) {
	b.WriteString(s.Name.String() + spaced(s.Alias))
}

func (q *Query) printGroups(b *strings.Builder) {
	for i, e := range q.GroupBy {
		b.WriteString([]string{" GROUP BY ", ", "}[min(i, 1)])
		if i == 0 && q.Subtotals != "" {
			b.WriteString(q.Subtotals + "(")
		}
		b.WriteString(e.String())
	}
	if q.Subtotals != "" {
		b.WriteByte(')')
	}
	if q.Having != nil {
		b.WriteString(" HAVING ")
		printCondition(b, q.Having)
	}
}

func (q *Query) printTail(b *strings.Builder) {
	for i, o := range q.OrderBy {
		b.WriteString([]string{" ORDER BY ", ", "}[min(i, 1)] + o.By.String())
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

// String prints the call with its arguments.
func (c Call) String() string {
	args := make([]string, len(c.Args))
	for i, arg := range c.Args {
		args[i] = arg.String()
	}
	return c.Function + "(" + strings.Join(args, ", ") + ")"
}

// String gives the name with its dots.
func (n Name) String() string { return strings.Join(n.Parts, ".") }

func printItem(b *strings.Builder, item Item) {
	switch item := item.(type) {
	case FieldItem:
		b.WriteString(item.Name.String() + spaced(item.Alias))
	case CallItem:
		b.WriteString(item.Call.String() + spaced(item.Alias))
	case QueryItem:
		printNested(b, item.Query)
	case TypeofItem:
		printTypeof(b, item)
	case CountItem:
		b.WriteString("COUNT()")
	case FieldsItem:
		b.WriteString("FIELDS(" + item.Group + ")")
	}
}

// spaced sets a space before an alias.
func spaced(alias string) string {
	if alias == "" {
		return ""
	}
	return " " + alias
}

func printNested(b *strings.Builder, q *Query) {
	b.WriteByte('(')
	q.print(b)
	b.WriteByte(')')
}

func printTypeof(b *strings.Builder, item TypeofItem) {
	b.WriteString("TYPEOF " + item.Relationship.String())
	for _, c := range item.Cases {
		b.WriteString(" WHEN " + c.Object + " THEN ")
		printNames(b, c.Fields)
	}
	if item.Else != nil {
		b.WriteString(" ELSE ")
		printNames(b, item.Else)
	}
	b.WriteString(" END")
}

func printNames(b *strings.Builder, names []Name) {
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(n.String())
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
	b.WriteString(c.Left.String() + " " + string(c.Op) + " ")
	if c.Query != nil {
		printNested(b, c.Query)
		return
	}
	if !c.Op.TakesList() {
		b.WriteString(c.Values[0].String())
		return
	}
	for i, v := range c.Values {
		b.WriteString([]string{"(", ", "}[min(i, 1)] + v.String())
	}
	b.WriteByte(')')
}

// TakesList tells whether the right side of op stands in parentheses.
func (op Op) TakesList() bool {
	return op == In || op == NotIn || op == Includes || op == Excludes
}
