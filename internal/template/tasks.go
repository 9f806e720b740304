package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/schema"
)

// operators are those that AppFlow has for Salesforce, by type of task.
func operators(task string) []string {
	switch task {
	case "Filter":
		return []string{"PROJECTION", "LESS_THAN", "CONTAINS", "GREATER_THAN", "BETWEEN", "LESS_THAN_OR_EQUAL_TO",
			"GREATER_THAN_OR_EQUAL_TO", "EQUAL_TO", "NOT_EQUAL_TO"}
	case "Map", "Map_all", "Truncate", "Passthrough", "Merge", "Partition":
		return []string{"NO_OP"}
	case "Mask":
		return []string{"MASK_ALL", "MASK_FIRST_N", "MASK_LAST_N", "NO_OP"}
	case "Validate":
		return []string{"VALIDATE_NON_NULL", "VALIDATE_NON_ZERO", "VALIDATE_NON_NEGATIVE", "VALIDATE_NUMERIC", "NO_OP"}
	case "Arithmetic":
		return []string{"ADDITION", "MULTIPLICATION", "DIVISION", "SUBTRACTION", "NO_OP"}
	}
	return nil
}

func taskTypes() []string {
	return []string{"Arithmetic", "Filter", "Map", "Map_all", "Mask", "Merge", "Partition", "Passthrough",
		"Truncate", "Validate"}
}

// A task is one task, read.
type task struct {
	line       int
	kind       string
	operator   string
	fields     []string
	to         string
	properties *Value // key to value, as a map
}

func (t task) property(key string) string { return textOf(t.properties.find(key)) }

// tasks reads what a flow does with its fields.
func (c *carrier) tasks() {
	if len(c.d.tasks) == 0 {
		c.problem(c.d.Line, c.flow, "has no Tasks")
		return
	}
	for _, one := range c.d.tasks {
		if t, ok := c.task(one); ok {
			c.apply(t)
		}
	}
	switch {
	case c.f.all:
		c.f.Fields = nil
		return
	case !c.f.mapped: // what is projected is copied
		for _, name := range c.f.projection {
			c.add(c.d.Line, name)
		}
	}
	c.f.Exclude = nil
	if len(c.f.Fields) == 0 {
		c.problem(c.d.Line, c.flow, "maps no field: it has neither a Map nor a Map_all")
	}
}

// apply does one task.
func (c *carrier) apply(t task) {
	switch t.kind {
	case "Filter":
		c.filter(t)
	case "Map":
		if len(t.fields) == 1 && t.fields[0] == "*" {
			c.mapAll(t)
			return
		}
		c.mapTask(t)
	case "Map_all":
		c.mapAll(t)
	case "Mask":
		c.mask(t)
	case "Truncate":
		c.truncate(t)
	case "Validate":
		c.validate(t)
	case "Merge", "Arithmetic":
		how := "put together of " + strings.Join(t.fields, ", ")
		if t.kind == "Arithmetic" {
			how = fmt.Sprintf("computed from %s (%s)", strings.Join(t.fields, ", "), strings.ToLower(t.operator))
		}
		c.note(t.line, "%s is %s: make a view of the table, which has these fields", t.to, how)
		for _, name := range t.fields {
			c.add(t.line, name)
		}
	case "Partition":
		c.note(t.line, "files are not partitioned: rows go into one table")
	case "Passthrough":
		c.note(t.line, "Passthrough is not carried over")
	}
}

// mapAll takes every field over, but those that it excludes.
func (c *carrier) mapAll(t task) {
	c.f.all, c.f.mapped = true, true
	if t.property("INCLUDE_NEW_FIELDS") == "false" {
		c.note(t.line, "fields that are new in Salesforce are copied too, which AppFlow was told not to do")
	}
	for name := range strings.SplitSeq(strings.Trim(t.property("EXCLUDE_SOURCE_FIELDS_LIST"), "[]"), ",") {
		name = strings.Trim(strings.TrimSpace(name), `"'`)
		switch {
		case name == "":
		case !schema.IsName(name):
			c.note(t.line, "%q is no field of the object itself: not excluded", name)
		case leads(name):
			c.note(t.line, "%s can't be excluded: rows are told apart by it", name)
		default:
			addOnce(&c.f.Exclude, name)
		}
	}
}

// task reads one task and refuses what AppFlow would refuse.
func (c *carrier) task(n *Value) (task, bool) {
	t := task{line: n.line, properties: keyed(n.find("TaskProperties"))}
	kind := n.find("TaskType")
	if kind == nil {
		c.problem(n.line, c.flow, "a task has no TaskType")
		return t, false
	}
	var ok bool
	if t.kind, ok = c.text(kind, "TaskType"); !ok {
		return t, false
	}
	if !slices.Contains(taskTypes(), t.kind) {
		c.problem(kind.line, c.flow, "%q is no type of task; AppFlow has %s", t.kind, strings.Join(taskTypes(), ", "))
		return t, false
	}
	t.operator = "NO_OP"
	if o := single(n.find("ConnectorOperator")).find("Salesforce"); o != nil {
		if t.operator, ok = c.text(o, "ConnectorOperator"); !ok {
			return t, false
		}
		if !slices.Contains(operators(t.kind), t.operator) {
			c.problem(o.line, c.flow, "AppFlow has no operator %q for Salesforce in a task of type %s; it has %s",
				t.operator, t.kind, strings.Join(operators(t.kind), ", "))
			return t, false
		}
	}
	t.to = textOf(n.find("DestinationField"))
	fields := n.find("SourceFields")
	if fields != nil && fields.kind != sequence {
		_, ok := c.text(fields, "SourceFields")
		t.fields = []string{textOf(fields)}
		return t, ok
	}
	if fields != nil {
		for _, v := range fields.list {
			name, ok := c.text(v, "SourceFields")
			if !ok && v.kind != empty {
				return t, false
			}
			if name != "" {
				t.fields = append(t.fields, name)
			}
		}
	}
	return t, true
}

// keyed makes a map of a list of Key and Value, as templates have it, and leaves a
// map as it is, as the API has it.
func keyed(n *Value) *Value {
	if !n.isList() {
		return n
	}
	out := &Value{line: n.line, kind: mapping}
	for _, one := range n.list {
		if key, value := one.find("Key"), one.find("Value"); value != nil && textOf(key) != "" {
			out.pairs = append(out.pairs, pair{key.text, key.line, value})
		}
	}
	return out
}

// add has a field copied.
func (c *carrier) add(line int, name string) bool {
	switch {
	case c.f.byEvents && (name == "ChangeEventHeader" || name == "ReplayId"):
		return false // of the event, not of the record
	case !schema.IsName(name):
		c.note(line, "%q is no field of the object itself, and is left out; where the object has it under "+
			"a name of its own, as it has BillingAddress.City as BillingCity, add that to fields", name)
		return false
	}
	addOnce(&c.f.Fields, name)
	return true
}

func addOnce(list *[]string, name string) {
	if !slices.ContainsFunc(*list, func(have string) bool { return strings.EqualFold(have, name) }) {
		*list = append(*list, name)
	}
}

// leads tells the fields that consolidation goes by, which keep their names and
// values.
func leads(name string) bool {
	return slices.ContainsFunc([]string{"Id", "SystemModstamp", "IsDeleted", "MasterRecordId"},
		func(one string) bool { return strings.EqualFold(one, name) })
}

func (c *carrier) one(t task) (string, bool) {
	if len(t.fields) != 1 {
		c.problem(t.line, c.flow, "a task of type %s has one source field, this one has %d", t.kind, len(t.fields))
		return "", false
	}
	return t.fields[0], true
}

// copied is the field of a task, copied, under its column's name where that is
// another.
func (c *carrier) copied(t task) (string, bool) {
	name, ok := c.one(t)
	if !ok || !c.add(t.line, name) {
		return "", false
	}
	column := strings.ToLower(t.to)
	switch {
	case column == "" || column == strings.ToLower(name):
	case leads(name) || !columnRE.MatchString(column) || strings.HasPrefix(column, "_catchment_"):
		c.note(t.line, "%s goes into a column that can't be called %q: it is called %s", name, t.to,
			strings.ToLower(name))
	default:
		c.f.Renames = append(c.f.Renames, setting{name, column, t.line})
	}
	return name, true
}

func (c *carrier) mapTask(t task) {
	c.f.mapped = true
	c.copied(t)
}

// changed is the field of a task that changes its values.
func (c *carrier) changed(t task) (string, bool) {
	name, ok := c.copied(t)
	if ok && leads(name) {
		c.note(t.line, "%s can't be changed: rows are told apart by it; it is copied as it is", name)
	}
	return name, ok && !leads(name)
}

// mask hides values, as AppFlow's own masks do.
func (c *carrier) mask(t task) {
	name, ok := c.changed(t)
	if !ok {
		return
	}
	length, err := strconv.Atoi(t.property("MASK_LENGTH"))
	if sign := t.property("MASK_VALUE"); sign != "" && sign != "*" && t.operator != "MASK_ALL" {
		c.note(t.line, "%s is masked with *, not with %q", name, sign)
	}
	switch {
	case t.operator == "MASK_ALL":
		c.f.Masks = append(c.f.Masks, setting{name, "fixed", t.line})
	case err != nil || length < 1 || length > 131_072:
		c.problem(t.line, c.flow, "the mask of %s has no MASK_LENGTH", name)
	case t.operator == "MASK_FIRST_N":
		c.f.Masks = append(c.f.Masks, setting{name, fmt.Sprintf("{first: %d}", length), t.line})
	case t.operator == "MASK_LAST_N":
		c.f.Masks = append(c.f.Masks, setting{name, fmt.Sprintf("{last: %d}", length), t.line})
	default:
		c.problem(t.line, c.flow, "the mask of %s has no operator", name)
	}
}

func (c *carrier) truncate(t task) {
	name, ok := c.changed(t)
	if !ok {
		return
	}
	length, err := strconv.Atoi(t.property("TRUNCATE_LENGTH"))
	if err != nil || length < 1 || length > 131_072 {
		c.problem(t.line, c.flow, "the cut of %s has no TRUNCATE_LENGTH", name)
		return
	}
	c.f.Cuts = append(c.f.Cuts, setting{name, strconv.Itoa(length), t.line})
}

// validate checks values. Whether a record that breaks a rule is kept apart, or
// stops the flow, is one setting for all rules of a flow. What is checked is
// copied, since a record is judged by what came of it.
func (c *carrier) validate(t task) {
	name, ok := c.one(t)
	if !ok || !c.add(t.line, name) {
		return
	}
	rule := ""
	switch t.operator {
	case "VALIDATE_NON_NULL":
		rule = "not_null"
	case "VALIDATE_NON_NEGATIVE":
		rule = "not_negative"
	case "VALIDATE_NUMERIC":
		rule = `{pattern: "^[+-]?[0-9]+([.][0-9]+)?$"}`
	case "VALIDATE_NON_ZERO":
		rule = `{pattern: "[1-9]"}`
	default:
		c.problem(t.line, c.flow, "the check of %s has no operator", name)
		return
	}
	c.f.Checks = append(c.f.Checks, setting{name, rule, t.line})
	invalid := "reject"
	if strings.Contains(strings.ToLower(t.property("VALIDATION_ACTION")), "terminate") {
		invalid = "fail"
	}
	if c.f.Invalid != "" && c.f.Invalid != invalid {
		c.note(t.line, "one check drops the record and another ends the flow: all reject the record here")
		invalid = "reject"
	}
	c.f.Invalid = invalid
}
