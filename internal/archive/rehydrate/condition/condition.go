// Package condition is what the user writes to choose among archived records, by what their rows hold:
// comparisons of fields, joined by AND.
//
//	Name = 'Acme' AND ClosedDate < 2020-01-01 AND ParentId != null
//
// It is no SOQL, since no org is asked. Texts are compared as they are, capitals and all. Start at Parse.
package condition

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// A Condition is what a record has to meet.
type Condition struct{ parts []comparison }

// A comparison holds the value of a field against one that was written.
type comparison struct {
	field string
	how   string // one of operators
	value *string
}

// operators are those that there are; a longer one comes before its beginning.
func operators() []string { return []string{"!=", "<=", ">=", "=", "<", ">"} }

const hint = "write comparisons of fields, joined by AND: Name = 'Acme' AND ClosedDate < 2020-01-01"

// Parse reads a condition.
func Parse(text string) (Condition, error) {
	var c Condition
	rest := strings.TrimSpace(text)
	for {
		one, after, err := parseOne(rest)
		if err != nil {
			return Condition{}, err
		}
		c.parts = append(c.parts, one)
		if rest = strings.TrimSpace(after); rest == "" {
			return c, nil
		}
		word, behind, _ := strings.Cut(rest, " ")
		if !strings.EqualFold(word, "AND") {
			return Condition{}, plan.Fixf(hint, "the condition goes on after a comparison without AND")
		}
		rest = strings.TrimSpace(behind)
	}
}

// parseOne reads one comparison, and gives what stands behind it.
func parseOne(text string) (comparison, string, error) {
	end := strings.IndexAny(text, " =!<>")
	if end < 0 || !schema.IsName(text[:end]) {
		return comparison{}, "", plan.Fixf(hint, "a comparison doesn't begin with the name of a field")
	}
	one := comparison{field: text[:end]}
	rest := strings.TrimSpace(text[end:])
	at := slices.IndexFunc(operators(), func(o string) bool { return strings.HasPrefix(rest, o) })
	if at < 0 {
		return comparison{}, "", plan.Fixf(hint, "field %s isn't compared: it takes one of = != < <= > >=", one.field)
	}
	one.how = operators()[at]
	value, after, err := parseValue(strings.TrimSpace(rest[len(one.how):]))
	if err != nil {
		return comparison{}, "", err
	}
	if one.value = value; value == nil && one.how != "=" && one.how != "!=" {
		return comparison{}, "", plan.Fixf(hint, "field %s: null is neither more nor less than anything", one.field)
	}
	return one, after, nil
}

// parseValue reads a value: a text in quotes, or a word; the word null is no value.
func parseValue(text string) (value *string, rest string, err error) {
	if !strings.HasPrefix(text, "'") {
		word, rest, _ := strings.Cut(text, " ")
		switch {
		case word == "":
			return nil, "", plan.Fixf(hint, "a comparison lacks its value")
		case strings.EqualFold(word, "null"):
			return nil, rest, nil
		}
		return &word, rest, nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case c == '\'':
			said := b.String()
			return &said, text[i+1:], nil
		default:
			b.WriteByte(c)
		}
	}
	return nil, "", plan.Fixf(hint, "a text lacks its closing quote")
}

// Fields names the fields that are compared.
func (c Condition) Fields() []string {
	var names []string
	for _, p := range c.parts {
		names = append(names, p.field)
	}
	return names
}

// Check says why the condition can't be one of an object's rows, of which copied tells the fields.
func (c Condition) Check(copied func(field string) bool) error {
	for _, p := range c.parts {
		if !copied(p.field) {
			return plan.Fixf("name fields that the flow copies", "no row has the field %s", p.field)
		}
	}
	return nil
}

// Holds tells whether a record meets the condition. value gives what a field holds, nil for nothing, and its type.
func (c Condition) Holds(value func(field string) (*string, schema.Type)) bool {
	return !slices.ContainsFunc(c.parts, func(p comparison) bool {
		has, typ := value(p.field)
		return !p.holds(has, typ)
	})
}

// holds compares one value. Nothing is less or more than nothing.
func (p comparison) holds(has *string, typ schema.Type) bool {
	if has == nil || p.value == nil {
		same := has == nil && p.value == nil
		return p.how == "=" && same || p.how == "!=" && !same
	}
	order := compare(*has, *p.value, typ)
	switch p.how {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// compare orders two values of a type. What isn't of the type is compared as text.
func compare(a, b string, typ schema.Type) int {
	switch {
	case typ.Number():
		x, xok := new(big.Rat).SetString(a)
		y, yok := new(big.Rat).SetString(b)
		if xok && yok {
			return x.Cmp(y)
		}
	case typ == schema.DateTime:
		x, xok := moment(a)
		y, yok := moment(b)
		if xok && yok {
			return x.Compare(y)
		}
	case typ == schema.Boolean:
		a, b = strings.ToLower(a), strings.ToLower(b)
	case typ == schema.ID || typ == schema.Reference:
		a, b = full(a), full(b)
	}
	return strings.Compare(a, b)
}

// moment reads a date and time, or a day as its beginning.
func moment(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// full is an Id in 18 characters.
func full(id string) string {
	if long, err := schema.ID18(id); err == nil {
		return long
	}
	return id
}
