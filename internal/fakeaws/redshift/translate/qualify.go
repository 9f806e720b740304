package translate

import (
	"slices"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// qualify rewrites QUALIFY, which PostgreSQL lacks: the query becomes a
// subquery that has the condition as one more column, and a WHERE around it.
//
//	SELECT a, b AS c FROM t x QUALIFY row_number() OVER (ORDER BY b) = 1
//	SELECT q.a, q.c FROM (SELECT a AS a, b AS c, (row_number() ... = 1) AS qualified FROM t x) q WHERE q.qualified
func qualify(s lex.Statement) (lex.Statement, error) {
	for {
		at := slices.IndexFunc(s, func(t lex.Token) bool { return t.Is("qualify") })
		if at < 0 {
			return s, nil
		}
		start, end := scope(s, at)
		if start < 0 {
			return nil, failure.Near(s[at].Text)
		}
		one, err := qualified(s[start:at], s[at+1:end])
		if err != nil {
			return nil, err
		}
		out := append(slices.Clone(s[:start]), one...)
		s = append(out, s[end:]...)
	}
}

// scope is the SELECT that the QUALIFY at place i belongs to, and the end of
// its condition.
func scope(s lex.Statement, i int) (start, end int) {
	start, deep := -1, 0
	for j := i - 1; j >= 0 && start < 0 && deep >= 0; j-- {
		switch {
		case s[j].Is(")"):
			deep++
		case s[j].Is("("):
			deep--
		case deep == 0 && s[j].Is("select"):
			start = j
		}
	}
	for end, deep = i+1, 0; end < len(s); end++ {
		switch {
		case s[end].Is("("):
			deep++
		case s[end].Is(")"):
			if deep--; deep < 0 {
				return start, end
			}
		case deep == 0 && s[end].Is("order", "limit", "offset", "union", "intersect", "except", "minus"):
			return start, end
		}
	}
	return start, end
}

// An item is one column that a query gives.
type item struct {
	value lex.Statement
	name  string
	whole bool // value is a row: all its columns are meant
}

// qualified puts a query, cut off before QUALIFY, and its condition together.
func qualified(s, condition lex.Statement) (lex.Statement, error) {
	from := s.Find(1, "from")
	if from < 0 {
		return nil, failure.Near("qualify")
	}
	if _, end, err := s.ReferenceAt(from + 1); err == nil && end == len(s) {
		return nil, failure.Near(condition.At(0)) // QUALIFY is taken for the alias that is missing
	}
	first, distinct := 1, ""
	if s[1].Is("distinct") {
		first, distinct = 2, "DISTINCT "
	}
	items, err := itemsOf(s[first:from], s[from:])
	if err != nil {
		return nil, err
	}
	inner, outer := make([]string, 0, len(items)+1), make([]string, len(items))
	for i, it := range items {
		name := lex.Quote(it.name)
		inner = append(inner, it.value.String()+" AS "+name)
		if outer[i] = "q." + name; it.whole {
			outer[i] = "(q." + name + ").*"
		}
	}
	inner = append(inner, "("+withAliases(condition, items).String()+") AS qualified")
	all, err := lex.All("SELECT " + distinct + strings.Join(outer, ", ") + " FROM (SELECT " +
		strings.Join(inner, ", ") + " " + s[from:].String() + ") q WHERE q.qualified ")
	if err != nil {
		return nil, err
	}
	all[0].Gap = s[0].Gap
	return all, nil
}

// itemsOf reads a select list. A star is the rows of the relations in FROM.
func itemsOf(list, from lex.Statement) ([]item, error) {
	var items []item
	for _, part := range list.Commas() {
		n := len(part)
		switch {
		case n == 0:
			return nil, failure.Near(",")
		case n == 1 && part[0].Is("*"):
			names := relations(from)
			if len(names) == 0 {
				return nil, failure.Cannot("QUALIFY after SELECT * from what has no name")
			}
			for _, name := range names {
				items = append(items,
					item{lex.Statement{{Kind: lex.Quoted, Text: lex.Quote(name)}}, "row of " + name, true})
			}
		case n == 3 && part[1].Is(".") && part[2].Is("*"):
			items = append(items, item{part[:1], "row of " + part[0].Name(), true})
		default:
			value, name := named(part)
			items = append(items, item{value, name, false})
		}
	}
	return items, nil
}

// named tells a value from its name.
func named(s lex.Statement) (lex.Statement, string) {
	n := len(s)
	last := s[n-1]
	switch {
	case n > 2 && last.Named() && s[n-2].Is("as"):
		return s[:n-2], last.Name()
	case n > 1 && last.Named() && !last.Is("end", "null", "true", "false") &&
		(s[n-2].Kind != lex.Sign || s[n-2].Is(")")) && !s[n-2].Is("not", "is", "and", "or"):
		return s[:n-1], last.Name()
	case last.Named() && (n == 1 || n > 2 && s[n-2].Is(".")):
		return s, last.Name()
	case s[0].Named() && n > 1 && s[1].Is("("):
		return s, s[0].Name()
	}
	return s, "?column?"
}

// relations are the names by which FROM's relations are known.
func relations(s lex.Statement) []string {
	var names []string
	clause := s
	if end := s.Find(1, "where", "group", "having"); end > 0 {
		clause = s[:end]
	}
	for i := 0; i < len(clause); i++ {
		if clause[i].Is("(") {
			i = clause.Closing(i)
			continue
		}
		if !clause[i].Is("from", "join", ",") || i+1 >= len(clause) {
			continue
		}
		end, name := i+2, ""
		if clause[i+1].Is("(") {
			end = clause.Closing(i+1) + 1
		} else if t, after, err := clause.ReferenceAt(i + 1); err == nil {
			end, name = after, t.Name
		}
		if end < len(clause) && clause[end].Is("as") {
			end++
		}
		if end < len(clause) && clause[end].Named() &&
			!clause[end].Is("on", "join", "left", "inner", "cross", "full", "right", "natural", "using") {
			name = clause[end].Name()
		}
		if name != "" {
			names = append(names, name)
		}
		i = end - 1
	}
	return names
}

// withAliases writes what the names of columns stand for into a condition.
func withAliases(s lex.Statement, items []item) lex.Statement {
	var out lex.Statement
	for i, t := range s {
		at := -1
		if t.Named() && !(i > 0 && s[i-1].Is(".")) && !(i+1 < len(s) && s[i+1].Is("(", ".")) {
			at = slices.IndexFunc(items, func(it item) bool {
				return !it.whole && it.name == t.Name() &&
					!(len(it.value) == 1 || len(it.value) == 3 && it.value[1].Is("."))
			})
		}
		if at < 0 {
			out = append(out, t)
			continue
		}
		out = append(out, lex.Token{Kind: lex.Sign, Text: "(", Gap: true})
		out = append(out, items[at].value...)
		out = append(out, lex.Token{Kind: lex.Sign, Text: ")"})
	}
	return out
}
