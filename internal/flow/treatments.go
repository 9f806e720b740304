package flow

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/value"
)

// change finds the change of a field in a list, or adds one.
func change(list *[]value.Change, field string) *value.Change {
	for i := range *list {
		if strings.EqualFold((*list)[i].Field, field) {
			return &(*list)[i]
		}
	}
	*list = append(*list, value.Change{Field: field})
	return &(*list)[len(*list)-1]
}

// hidden is what a fixed mask shows where nothing else is given.
const hidden = "***"

// masks reads Email: sha256, Phone: fixed, SSN__c: {first: 3}.
func masks(dst *[]value.Change) form {
	const allowed = "sha256, fixed, {fixed: TEXT}, {first: N}, {last: N}"
	detail := func(c *value.Change) []key {
		return []key{
			{name: "fixed", form: plain(&c.Text), about: "This text in its place"},
			{name: "first", form: length(&c.N), about: "So many stars in the place of its first characters"},
			{name: "last", form: length(&c.N), about: "So many stars in the place of its last characters"},
		}
	}
	one := mapOf(detail(new(value.Change)))
	one["type"], one["minProperties"], one["maxProperties"] = "object", 1, 1
	each := shape{"anyOf": []shape{oneOf(value.SHA256, value.Fixed), one}}
	return fieldMap(each, func(r *reader, at, field string, n ast.Node) {
		c := value.Change{}
		switch n.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			found := r.mapping(at, n, detail(&c))
			if len(found) != 1 {
				if found != nil {
					r.problem(n, at, "wants one of %s", allowed)
				}
				return
			}
			for name := range found {
				c.Mask = value.Mask(name)
			}
		default:
			var word value.Mask
			choiceOf(&word, allowed, value.SHA256, value.Fixed)(r, at, n)
			c.Mask, c.Text = word, hidden
		}
		if c.Mask == value.SHA256 {
			c.Text = ""
		}
		old := change(dst, field)
		c.Field, c.Truncate = old.Field, old.Truncate
		*old = c
	})
}

// choiceOf is choice with a text of its own for what is allowed.
func choiceOf[T ~string](dst *T, allowed string, words ...T) reading {
	return func(r *reader, at string, n ast.Node) {
		s, ok := r.text(at, n)
		if ok && !slices.Contains(words, T(s)) {
			r.problem(n, at, "%q is not one of %s", s, allowed)
		} else if ok {
			*dst = T(s)
		}
	}
}

// cuts reads Description: 200.
func cuts(dst *[]value.Change) form {
	return fieldMap(length(new(int)).shape, func(r *reader, at, field string, n ast.Node) {
		var characters int
		if length(&characters).read(r, at, n); characters > 0 {
			change(dst, field).Truncate = characters
		}
	})
}

// length is a number of characters.
func length(dst *int) form {
	return parsed(dst, wholeNumber(1, longestCut, `0*[1-9][0-9]{0,5}`), parseLength)
}

// longestCut is as long as a text of Salesforce is.
const longestCut = 131_072

// parseLength reads a number of characters.
func parseLength(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > longestCut {
		return 0, fmt.Errorf("%q is not a number of characters, from 1 to 131072", s)
	}
	return n, nil
}

var columnRE = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// renames reads Email: contact_email.
func renames(dst *map[string]string) form {
	const taken = "_catchment_"
	is := shape{"type": "string", "pattern": columnRE.String(), "not": shape{"type": "string", "pattern": "^" + taken}}
	return fieldMap(is, func(r *reader, at, field string, n ast.Node) {
		var column string
		checked(&column, is, func(s string) string {
			if !columnRE.MatchString(s) || strings.HasPrefix(s, taken) {
				return fmt.Sprintf("%q is not a column name of small letters, digits and _; "+
					"those that begin with _catchment_ are taken", s)
			}
			return ""
		}).read(r, at, n)
		for other, taken := range *dst {
			if column != "" && taken == column {
				r.problem(n, at, "%q is the column of %s already", column, other)
				return
			}
		}
		if column == "" {
			return
		}
		if *dst == nil {
			*dst = map[string]string{}
		}
		(*dst)[field] = column
	})
}

// checks reads Email: not_null, Amount: not_negative, Phone: {pattern: RE}, or
// a list of those.
func checks(dst *[]value.Check) form {
	rule := shape{"anyOf": []shape{oneOf(value.NotNull, value.NotNegative), mapOf(patternKey(new(value.Check)))}}
	each := shape{"anyOf": []shape{rule, {"type": "array", "items": rule}}}
	return fieldMap(each, func(r *reader, at, field string, n ast.Node) {
		one := func(r *reader, at string, n ast.Node) {
			if c := check(r, at, n); c.Rule != "" {
				c.Field = field
				*dst = append(*dst, c)
			}
		}
		if _, ok := n.(*ast.SequenceNode); ok {
			r.sequence(at, n, one)
			return
		}
		one(r, at, n)
	})
}

func check(r *reader, at string, n ast.Node) value.Check {
	const allowed = "not_null, not_negative, {pattern: RE}"
	var c value.Check
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		if r.mapping(at, n, patternKey(&c)); c.Pattern != "" {
			c.Rule = value.Pattern
		}
	default:
		choiceOf(&c.Rule, allowed, value.NotNull, value.NotNegative)(r, at, n)
	}
	return c
}

// patternKey is the only key of a check by a regular expression.
func patternKey(c *value.Check) []key {
	is := shape{"type": []string{"string", "number"}, "minLength": 1}
	return []key{{
		name: "pattern", needed: true, about: "A regular expression (RE2) that is found in the value",
		form: parsed(&c.Pattern, is, func(s string) (string, error) {
			if _, err := regexp.Compile(s); err != nil || s == "" {
				return "", errors.New("is not a regular expression (RE2), as in ^[+0-9 ]+$")
			}
			return s, nil
		}),
	}}
}
