package soql

import (
	"math/big"
	"regexp"
	"strings"
	"time"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/syntax"
)

// naive is a second implementation of WHERE, as plain as can be: it works on
// the parsed tree, with big.Rat, time.Time and regexp, and knows nothing of
// predicates, kinds or canonical texts.
type naive struct {
	types  map[string]string // describe types by field name
	record mapRecord
	clock  Clock
}

func (n naive) holds(c syntax.Condition) bool {
	switch c := c.(type) {
	case syntax.And:
		for _, t := range c.Terms {
			if !n.holds(t) {
				return false
			}
		}
		return true
	case syntax.Or:
		for _, t := range c.Terms {
			if n.holds(t) {
				return true
			}
		}
		return false
	case syntax.Not:
		return !n.holds(c.Term)
	}
	return n.compares(c.(syntax.Comparison))
}

func (n naive) compares(c syntax.Comparison) bool {
	field := c.Left.String()
	value, typ := n.record[field], n.types[field]
	if typ == "boolean" && value == "" {
		value = "false"
	}
	switch c.Op {
	case syntax.NotEqual:
		c.Op = syntax.Equal
		return !n.compares(c)
	case syntax.In, syntax.NotIn:
		found := false
		for _, v := range c.Values {
			found = found || n.one(typ, value, syntax.Equal, v)
		}
		return found == (c.Op == syntax.In)
	case syntax.Includes, syntax.Excludes:
		return naiveIncludes(value, c.Values) == (c.Op == syntax.Includes)
	case syntax.Like:
		return value != "" && naiveLike(c.Values[0].Text).MatchString(strings.ToUpper(value))
	}
	return n.one(typ, value, c.Op, c.Values[0])
}

// one compares a value with a literal by Equal or one of the four orders.
func (n naive) one(typ, value string, op syntax.Op, l literal.Literal) bool {
	if l.Kind == literal.Null && typ == "boolean" {
		l.Text = "false"
	} else if l.Kind == literal.Null || l.Text == "" {
		return op == syntax.Equal && value == ""
	}
	if value == "" {
		return false
	}
	if l.Kind == literal.Relative {
		return n.relative(typ, value, op, l)
	}
	return naiveOrder(op, naiveCompare(typ, value, l))
}

func naiveOrder(op syntax.Op, c int) bool {
	return map[syntax.Op]bool{syntax.Equal: c == 0, syntax.Less: c < 0, syntax.LessOrEqual: c <= 0,
		syntax.Greater: c > 0, syntax.GreaterOrEqual: c >= 0}[op]
}

func naiveCompare(typ, value string, l literal.Literal) int {
	switch typ {
	case "id", "reference":
		return strings.Compare(value[:15], l.Text[:15])
	case "int", "double", "currency", "percent":
		x, _ := new(big.Rat).SetString(value)
		y, _ := new(big.Rat).SetString(strings.TrimPrefix(l.Text, "USD"))
		return x.Cmp(y)
	case "datetime":
		x, _ := time.Parse(time.RFC3339, value)
		y, _ := time.Parse(time.RFC3339, l.Text)
		return x.Compare(y)
	case "boolean", "date", "time":
		return strings.Compare(value, l.Text)
	}
	return strings.Compare(strings.ToUpper(value), strings.ToUpper(l.Text))
}

// relative numbers the units through history instead of finding where they
// begin: a day is in LAST_N_WEEKS:2 if its week is the last or the one before.
func (n naive) relative(typ, value string, op syntax.Op, l literal.Literal) bool {
	layout := time.DateOnly
	if typ == "datetime" {
		layout = time.RFC3339
	}
	at, _ := time.ParseInLocation(layout, value, n.clock.Zone)
	number := func(t time.Time) int {
		t = t.In(n.clock.Zone)
		days := int(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400)
		months := t.Year()*12 + int(t.Month()) - 1
		switch {
		case strings.Contains(l.Text, "WEEK"):
			return (days + 4) / 7 // 1970-01-04 was a Sunday
		case strings.Contains(l.Text, "MONTH"):
			return months
		case strings.Contains(l.Text, "QUARTER"):
			return months / 3
		case strings.Contains(l.Text, "YEAR"):
			return t.Year()
		}
		return days
	}
	away := number(at) - number(n.clock.Now)
	lo, hi := naiveSpan(l)
	switch op {
	case syntax.Less:
		return away < lo
	case syntax.LessOrEqual:
		return away <= hi
	case syntax.Greater:
		return away > hi
	case syntax.GreaterOrEqual:
		return away >= lo
	}
	return lo <= away && away <= hi
}

// naiveSpan gives the first and the last unit that a relative date names.
func naiveSpan(l literal.Literal) (lo, hi int) {
	switch {
	case l.Text == "TODAY", strings.HasPrefix(l.Text, "THIS_"):
		return 0, 0
	case l.Text == "YESTERDAY":
		return -1, -1
	case l.Text == "TOMORROW":
		return 1, 1
	case l.Text == "LAST_90_DAYS":
		return -90, 0
	case l.Text == "NEXT_90_DAYS":
		return 1, 90
	case l.Text == "LAST_N_DAYS":
		return -l.N, 0
	case strings.HasPrefix(l.Text, "LAST_N_"):
		return -l.N, -1
	case strings.HasPrefix(l.Text, "NEXT_N_"):
		return 1, l.N
	case strings.HasSuffix(l.Text, "_AGO"):
		return -l.N, -l.N
	case strings.HasPrefix(l.Text, "LAST_"):
		return -1, -1
	}
	return 1, 1
}

func naiveIncludes(value string, sets []literal.Literal) bool {
	chosen := map[string]bool{}
	for _, v := range strings.Split(value, ";") {
		chosen[strings.ToUpper(v)] = value != ""
	}
	for _, set := range sets {
		all := true
		for _, v := range strings.Split(set.Text, ";") {
			all = all && chosen[strings.ToUpper(v)]
		}
		if all {
			return true
		}
	}
	return false
}

func naiveLike(pattern string) *regexp.Regexp {
	out, escaped := "", false
	for _, r := range strings.ToUpper(pattern) {
		switch {
		case r == '\\' && !escaped:
			escaped = true
			continue
		case r == '%' && !escaped:
			out += ".*"
		case r == '_' && !escaped:
			out += "."
		default:
			out += regexp.QuoteMeta(string(r))
		}
		escaped = false
	}
	return regexp.MustCompile("(?s)^" + out + "$")
}
