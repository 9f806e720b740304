package template

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"catchment/internal/schema"
)

// isStamp names the fields that tell when a record came or changed.
func isStamp(field string) bool {
	return slices.Contains([]string{"systemmodstamp", "lastmodifieddate", "createddate"}, strings.ToLower(field))
}

// filter makes a condition of a where.
func (c *carrier) filter(t task) {
	if t.operator == "PROJECTION" {
		c.f.projection = append(c.f.projection, t.fields...)
		return
	}
	if t.operator == "NO_OP" {
		c.problem(t.line, c.flow, "a task of type Filter needs a ConnectorOperator")
		return
	}
	name, ok := c.one(t)
	if !ok {
		return
	}
	if !schema.IsName(name) {
		c.problem(t.line, c.flow, "the filter on %q: that is no field of the object itself", name)
		return
	}
	condition, err := soql(name, t)
	if isStamp(name) && isWindow(t) {
		c.window(t, name, condition)
		return
	}
	if err != nil {
		c.problem(t.line, c.flow, "the filter on %s: %v", name, err)
		return
	}
	if isStamp(name) {
		c.note(t.line, "the filter on %s chooses records, in each run and in verify; if it was the window "+
			"of a run, take it out of where: the watermark does that", name)
	}
	c.f.Where = append(c.f.Where, condition)
}

// isWindow tells the window of a run from a choice of records: a span from one
// moment to another, as is written anew for each run, or a moment that the file
// leaves open.
func isWindow(t task) bool {
	bound := func(name string) bool {
		n := t.properties.find(name)
		return n != nil && (n.open || n.kind == unknown)
	}
	return t.operator == "BETWEEN" || bound("VALUE")
}

// window tells of the window of a run. Where it is a span that the file tells, it
// may have been a choice of records all the same, and this is how to have it.
func (c *carrier) window(t task, name, condition string) {
	or := ""
	if days := spanOf(t); days > 0 {
		or = fmt.Sprintf("; to read what changed in the last days again each time, add: window: {last: %dd}", days)
	}
	if condition != "" && !t.properties.find("LOWER_BOUND").isOpen() && t.operator == "BETWEEN" {
		or += `; to copy no other records, add: where: "` + condition + `"`
	}
	c.note(t.line, "the filter on %s is the window of a run, and is not carried over: "+
		"a run reads everything the first time, then what has changed since the watermark%s", name, or)
}

// spanOf is how many days a window has, 0 where nobody can tell.
func spanOf(t task) int {
	const day = 24 * 60 * 60 * 1000
	lower, err := strconv.ParseInt(t.property("LOWER_BOUND"), 10, 64)
	if err != nil || lower < 0 {
		return 0
	}
	upper, err := strconv.ParseInt(t.property("UPPER_BOUND"), 10, 64)
	if err != nil || upper <= lower || upper-lower > 366*day {
		return 0
	}
	return int((upper - lower + day - 1) / day)
}

// soql writes a filter as a condition.
func soql(name string, t task) (string, error) {
	value := func(key string) (string, error) {
		n := t.properties.find(key)
		switch {
		case n != nil && n.kind == unknown:
			return "", fmt.Errorf("%s: %s", key, n.text)
		case n == nil || n.kind != scalar:
			return "", fmt.Errorf("has no %s", key)
		}
		return literal(t.property("DATA_TYPE"), n.text)
	}
	if t.operator == "BETWEEN" { // whose bounds are left out
		lower, err := value("LOWER_BOUND")
		if err != nil {
			return "", err
		}
		upper, err := value("UPPER_BOUND")
		if err != nil {
			return "", err
		}
		return name + " > " + lower + " AND " + name + " < " + upper, nil
	}
	if t.properties.find("VALUE") == nil && t.properties.find("VALUES") != nil {
		return several(name, t)
	}
	v, err := value("VALUE")
	if err != nil {
		return "", err
	}
	if t.operator == "CONTAINS" {
		text, ok := strings.CutPrefix(v, "'")
		if !ok {
			return "", errors.New("CONTAINS goes with texts")
		}
		return name + " LIKE '%" + strings.NewReplacer(`%`, `\%`, `_`, `\_`).Replace(strings.TrimSuffix(text, "'")) +
			"%'", nil
	}
	return name + " " + sign(t.operator) + " " + v, nil
}

// several writes a filter of more than one value.
func several(name string, t task) (string, error) {
	n := t.properties.find("VALUES")
	if n.kind != scalar || t.operator != "EQUAL_TO" && t.operator != "NOT_EQUAL_TO" {
		return "", errors.New("VALUES goes with EQUAL_TO and NOT_EQUAL_TO")
	}
	var list []string
	for v := range strings.SplitSeq(n.text, ",") {
		text, err := literal(t.property("DATA_TYPE"), strings.TrimSpace(v))
		if err != nil {
			return "", err
		}
		list = append(list, text)
	}
	not := ""
	if t.operator == "NOT_EQUAL_TO" {
		not = "NOT "
	}
	return name + " " + not + "IN (" + strings.Join(list, ", ") + ")", nil
}

func sign(operator string) string {
	return map[string]string{"EQUAL_TO": "=", "NOT_EQUAL_TO": "!=", "LESS_THAN": "<", "LESS_THAN_OR_EQUAL_TO": "<=",
		"GREATER_THAN": ">", "GREATER_THAN_OR_EQUAL_TO": ">="}[operator]
}

// literal writes a value as SOQL. AppFlow's moments are milliseconds since 1970.
func literal(dataType, value string) (string, error) {
	switch strings.ToLower(dataType) {
	case "datetime", "date":
		ms, err := strconv.ParseInt(value, 10, 64)
		if err != nil || ms < -62_135_596_800_000 || ms > 253_402_300_799_999 {
			return "", errors.New("a moment is a number of milliseconds since 1970")
		}
		if strings.EqualFold(dataType, "date") {
			return time.UnixMilli(ms).UTC().Format(time.DateOnly), nil
		}
		return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z"), nil
	case "boolean":
		if value != "true" && value != "false" {
			return "", errors.New("a boolean is true or false")
		}
		return value, nil
	case "int", "integer", "long", "double", "currency", "percent", "number", "decimal", "float":
		if !numberRE.MatchString(value) {
			return "", errors.New("that is no number")
		}
		return value, nil
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value) + "'", nil
}
