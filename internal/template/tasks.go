package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	properties *node // key to value, as a map
}

func (t task) property(key string) string { return optional(t.properties.get(key)) }

// tasks reads what a flow does with its fields.
func (im *importer) tasks(f *Flow, n *node, line int) {
	if n == nil || n.kind != sequence || len(n.list) == 0 {
		im.problem(line, im.flow, "has no Tasks")
		return
	}
	all := false
	for _, one := range n.list {
		t, ok := im.task(one)
		if !ok {
			continue
		}
		switch t.kind {
		case "Filter":
			im.filter(f, t)
		case "Map":
			im.mapTask(f, t)
		case "Map_all":
			all = true
			for name := range strings.SplitSeq(strings.Trim(t.property("EXCLUDE_SOURCE_FIELDS_LIST"), "[]"), ",") {
				if name = strings.Trim(strings.TrimSpace(name), `"`); name != "" {
					im.add(&f.Exclude, t.line, name)
				}
			}
		case "Mask":
			im.mask(f, t)
		case "Truncate":
			im.truncate(f, t)
		case "Validate":
			im.validate(f, t)
		case "Merge":
			im.note(t.line, "%s is put together of %s: make a view of the table", t.to, strings.Join(t.fields, ", "))
		case "Arithmetic":
			im.note(t.line, "%s is computed from %s (%s): make a view of the table", t.to, strings.Join(t.fields, ", "),
				strings.ToLower(t.operator))
		case "Partition":
			im.note(t.line, "files are not partitioned: rows go into one table")
		case "Passthrough":
			im.note(t.line, "Passthrough is not carried over")
		}
	}
	if all {
		f.Fields = nil
		return
	}
	if len(f.Fields) == 0 {
		f.Fields = f.projection
	}
	f.Exclude = nil
	if len(f.Fields) == 0 {
		im.problem(n.line, im.flow, "maps no field: it has neither a Map nor a Map_all")
	}
}

// task reads one task and refuses what AppFlow would refuse.
func (im *importer) task(n *node) (task, bool) {
	t := task{line: n.line, properties: keyed(n.get("TaskProperties"))}
	var ok bool
	if t.kind, ok = im.text(n.get("TaskType"), "TaskType"); !ok {
		if n.get("TaskType") == nil {
			im.problem(n.line, im.flow, "a task has no TaskType")
		}
		return t, false
	}
	if !slices.Contains(taskTypes(), t.kind) {
		im.problem(n.get("TaskType").line, im.flow, "%q is no type of task; AppFlow has %s", t.kind,
			strings.Join(taskTypes(), ", "))
		return t, false
	}
	t.operator = "NO_OP"
	if o := n.get("ConnectorOperator", "Salesforce"); o != nil {
		if t.operator, ok = im.text(o, "ConnectorOperator"); !ok {
			return t, false
		}
		if !slices.Contains(operators(t.kind), t.operator) {
			im.problem(o.line, im.flow, "AppFlow has no operator %q for Salesforce in a task of type %s; it has %s",
				t.operator, t.kind, strings.Join(operators(t.kind), ", "))
			return t, false
		}
	}
	t.to = optional(n.get("DestinationField"))
	if list := n.get("SourceFields"); list != nil && list.kind == sequence {
		for _, v := range list.list {
			name, ok := im.text(v, "SourceFields")
			if !ok {
				return t, false
			}
			t.fields = append(t.fields, name)
		}
	}
	return t, true
}

// keyed makes a map of a list of Key and Value, and leaves a map as it is:
// templates that were made from API answers have one.
func keyed(n *node) *node {
	if n == nil || n.kind != sequence {
		return n
	}
	out := &node{line: n.line, kind: mapping}
	for _, one := range n.list {
		if key := one.get("Key"); key != nil && key.kind == scalar && one.get("Value") != nil {
			out.pairs = append(out.pairs, pair{key.text, key.line, one.get("Value")})
		}
	}
	return out
}

// add puts a field into a list, once.
func (im *importer) add(list *[]string, line int, name string) bool {
	if !nameRE.MatchString(name) {
		im.note(line, "%q is no field of the object itself: left out", name)
		return false
	}
	if !slices.ContainsFunc(*list, func(have string) bool { return strings.EqualFold(have, name) }) {
		*list = append(*list, name)
	}
	return true
}

func (im *importer) one(t task) (string, bool) {
	if len(t.fields) != 1 {
		im.problem(t.line, im.flow, "a task of type %s has one source field, this one has %d", t.kind, len(t.fields))
		return "", false
	}
	if !nameRE.MatchString(t.fields[0]) {
		im.note(t.line, "%q is no field of the object itself: left out", t.fields[0])
		return "", false
	}
	return t.fields[0], true
}

// mapTask takes a field over, under its column's name where that is another.
func (im *importer) mapTask(f *Flow, t task) {
	name, ok := im.one(t)
	if !ok || !im.add(&f.Fields, t.line, name) {
		return
	}
	to := t.to
	if f.toFiles || to == "" || strings.EqualFold(to, name) {
		return
	}
	if lower := strings.ToLower(to); columnRE.MatchString(lower) && name != "Id" && name != "SystemModstamp" &&
		name != "IsDeleted" && name != "MasterRecordId" {
		f.rename(name, lower)
		return
	}
	im.note(t.line, "%s goes into a column that can't be called %q: it is called %s", name, to, strings.ToLower(name))
}

// mask hides values, as AppFlow's own masks do.
func (im *importer) mask(f *Flow, t task) {
	name, ok := im.one(t)
	if !ok || !im.add(&f.Fields, t.line, name) {
		return
	}
	length, err := strconv.Atoi(t.property("MASK_LENGTH"))
	if sign := t.property("MASK_VALUE"); sign != "" && sign != "*" && t.operator != "MASK_ALL" {
		im.note(t.line, "%s is masked with *, not with %q", name, sign)
	}
	switch {
	case t.operator == "MASK_ALL":
		f.Masks = append(f.Masks, setting{name, "fixed"})
	case err != nil || length < 1 || length > 131_072:
		im.problem(t.line, im.flow, "the mask of %s has no MASK_LENGTH", name)
	case t.operator == "MASK_FIRST_N":
		f.Masks = append(f.Masks, setting{name, fmt.Sprintf("{first: %d}", length)})
	case t.operator == "MASK_LAST_N":
		f.Masks = append(f.Masks, setting{name, fmt.Sprintf("{last: %d}", length)})
	default:
		im.problem(t.line, im.flow, "the mask of %s has no operator", name)
	}
}

func (im *importer) truncate(f *Flow, t task) {
	name, ok := im.one(t)
	if !ok || !im.add(&f.Fields, t.line, name) {
		return
	}
	length, err := strconv.Atoi(t.property("TRUNCATE_LENGTH"))
	if err != nil || length < 1 || length > 131_072 {
		im.problem(t.line, im.flow, "the cut of %s has no TRUNCATE_LENGTH", name)
		return
	}
	f.Cuts = append(f.Cuts, setting{name, strconv.Itoa(length)})
}

// validate checks values. Whether a record that breaks a rule is kept apart, or
// stops the flow, is one setting for all rules of a flow.
func (im *importer) validate(f *Flow, t task) {
	name, ok := im.one(t)
	if !ok {
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
		im.problem(t.line, im.flow, "the check of %s has no operator", name)
		return
	}
	f.Checks = append(f.Checks, setting{name, rule})
	invalid := "reject"
	if strings.Contains(strings.ToLower(t.property("VALIDATION_ACTION")), "terminate") {
		invalid = "fail"
	}
	if f.Invalid != "" && f.Invalid != invalid {
		im.note(t.line, "one check drops the record and another ends the flow: all reject the record here")
		invalid = "reject"
	}
	f.Invalid = invalid
}

// trigger reads when a flow runs.
func (im *importer) trigger(f *Flow, n *node) {
	kind := optional(n.get("TriggerType"))
	switch kind {
	case "OnDemand", "":
		return
	case "Event":
		im.note(n.line, "it runs on change events; Catchment reads what has changed, as often as it is run")
		return
	case "Scheduled":
	default:
		im.problem(n.line, im.flow, "TriggerType %q is none of OnDemand, Scheduled and Event", kind)
		return
	}
	p := n.get("TriggerProperties")
	expression := p.get("ScheduleExpression")
	if cron := cronOf(optional(expression)); cron != "" {
		f.Schedule = cron
		im.note(expression.line, "its schedule %s is cron %q: run catchment by that, from cron or a timer",
			optional(expression), cron)
	} else if expression != nil {
		im.note(expression.line, "its schedule %q is not carried over", optional(expression))
	}
	if mode := p.get("DataPullMode"); optional(mode) == "Complete" {
		im.note(mode.line, "it reads everything each time; Catchment reads what has changed, and the table is the same")
	}
}
