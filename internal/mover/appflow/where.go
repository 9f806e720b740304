package appflow

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"catchment/internal/schema"
)

// A condition is one comparison of a where, as a Filter of AppFlow takes it.
type condition struct {
	field, operator, dataType, value string
}

// comparisonRE is one comparison of SOQL: a field, a sign and a literal.
var comparisonRE = regexp.MustCompile(
	`(?is)^\s*([A-Za-z][A-Za-z0-9_]*)\s*(<=|>=|!=|<>|=|<|>|\bLIKE\b)\s*('(?:[^'\\]|\\.)*'|[A-Za-z0-9_:.+-]+)\s*`)

var andRE = regexp.MustCompile(`(?i)^AND\b\s*`)

// conditionsOf reads a where that is comparisons joined by AND: more than that
// AppFlow's filters can't say.
func conditionsOf(where string, fields []schema.Field) ([]condition, error) {
	var out []condition
	for rest := strings.TrimSpace(where); rest != ""; {
		m := comparisonRE.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("it takes comparisons of a field with a value, joined by AND")
		}
		c, err := conditionOf(m[1], strings.ToUpper(m[2]), m[3], fields)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
		rest = rest[len(m[0]):]
		if rest == "" {
			break
		}
		and := andRE.FindString(rest)
		if and == "" || len(and) == len(rest) {
			return nil, fmt.Errorf("it takes comparisons of a field with a value, joined by AND")
		}
		rest = rest[len(and):]
	}
	return out, nil
}

func operatorOf(sign string) string {
	return map[string]string{"=": "EQUAL_TO", "!=": "NOT_EQUAL_TO", "<>": "NOT_EQUAL_TO", "<": "LESS_THAN",
		"<=": "LESS_THAN_OR_EQUAL_TO",
		">":  "GREATER_THAN", ">=": "GREATER_THAN_OR_EQUAL_TO", "LIKE": "CONTAINS"}[sign]
}

func conditionOf(name, sign, literal string, fields []schema.Field) (condition, error) {
	o := schema.Object{Fields: fields}
	f, ok := o.Field(name)
	if !ok {
		return condition{}, fmt.Errorf("it compares %s, which the flow doesn't copy", name)
	}
	c := condition{field: f.Name, operator: operatorOf(sign), dataType: dataType(f.Type)}
	text, quoted := strings.CutPrefix(literal, "'")
	if quoted {
		text = unescape(strings.TrimSuffix(text, "'"))
	}
	switch {
	case f.Type == schema.DateTime, f.Type == schema.Date:
		layout := time.RFC3339
		if f.Type == schema.Date {
			layout = time.DateOnly
		}
		at, err := time.Parse(layout, literal)
		if err != nil {
			return c, fmt.Errorf("it compares %s with a moment that is not written out", f.Name)
		}
		c.value = millis(at)
	case f.Type == schema.Boolean:
		yes, err := strconv.ParseBool(strings.ToLower(literal))
		if err != nil || sign != "=" && sign != "!=" {
			return c, fmt.Errorf("%s can be true or false", f.Name)
		}
		c.value = strconv.FormatBool(yes)
	case f.Type.Number():
		if _, err := strconv.ParseFloat(literal, 64); err != nil || sign == "LIKE" {
			return c, fmt.Errorf("%s is a number", f.Name)
		}
		c.value = literal
	default:
		if !quoted || text == "" {
			return c, fmt.Errorf("it compares %s with something else than a text", f.Name)
		}
		c.value = text
	}
	if sign == "LIKE" {
		inner := strings.Trim(c.value, "%")
		if c.value != "%"+inner+"%" || strings.ContainsAny(inner, "%_") || inner == "" {
			return c, fmt.Errorf("of LIKE it knows '%%text%%' only")
		}
		c.value = inner
	}
	return c, nil
}

// unescape reads the inside of a SOQL text.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\n`, "\n", `\r`, "\r", `\t`, "\t", `\%`, "%",
		`\_`, "_").Replace(s)
}
