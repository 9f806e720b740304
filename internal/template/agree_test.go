package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"catchment/internal/flow"
	"catchment/internal/template"
)

// A drawn is a flow as somebody meant it, before it is written in any form.
type drawn struct {
	object   string
	fields   []string          // empty for all
	exclude  []string          // of all
	renamed  map[string]string // the column of a field
	filters  map[string]string // what the text of a field has to be
	masked   map[string]int    // how many of the first characters are hidden
	deletes  bool
	api      string
	schedule string
}

func draw(t *rapid.T) drawn {
	all := []string{"Id", "Name", "Phone", "Industry", "Own__c", "SystemModstamp", "Description"}
	some := func(label string, of []string) []string {
		return slices.DeleteFunc(slices.Clone(of), func(name string) bool { return !rapid.Bool().Draw(t, label+" "+name) })
	}
	d := drawn{object: rapid.SampledFrom([]string{"Account", "Own__c"}).Draw(t, "object"),
		renamed: map[string]string{}, filters: map[string]string{}, masked: map[string]int{},
		deletes: rapid.Bool().Draw(t, "deletes"),
		api:     rapid.SampledFrom([]string{"", "AUTOMATIC", "BULKV2", "REST_SYNC"}).Draw(t, "api"),
		schedule: rapid.SampledFrom([]string{"", "rate(15minutes)", "rate(1hours)", "cron(30 5 ? * MON-FRI *)"}).
			Draw(t, "schedule")}
	mappable := all
	if d.fields = some("field", all); len(d.fields) == 0 {
		d.exclude = some("exclude", []string{"Fax", "Site"})
	} else {
		mappable = d.fields
	}
	for _, name := range some("renamed", mappable) {
		if name != "Id" && name != "SystemModstamp" {
			d.renamed[name] = "their_" + strings.ToLower(name)
		}
	}
	for _, name := range some("filtered", []string{"Industry", "Phone"}) {
		d.filters[name] = rapid.StringMatching(`[A-Za-z0-9 '\\%_.ü-]{1,12}`).Draw(t, "value")
	}
	for _, name := range some("masked", mappable) {
		if name == "Phone" || name == "Description" {
			d.masked[name] = rapid.IntRange(1, 9).Draw(t, "hidden")
		}
	}
	return d
}

type object = map[string]any

// described writes a flow as describe-flow tells it.
func (d drawn) described() object {
	salesforce := object{"object": d.object, "includeDeletedRecords": d.deletes}
	if d.api != "" {
		salesforce["dataTransferApi"] = d.api
	}
	trigger := object{"triggerType": "OnDemand"}
	if d.schedule != "" {
		trigger = object{"triggerType": "Scheduled", "triggerProperties": object{"Scheduled": object{
			"scheduleExpression": d.schedule, "dataPullMode": "Incremental"}}}
	}
	return object{
		"flowName": "drawn", "triggerConfig": trigger, "tasks": d.tasks(),
		"sourceFlowConfig": object{"connectorType": "Salesforce", "sourceConnectorProperties": object{"Salesforce": salesforce}},
		"destinationFlowConfigList": []any{object{"connectorType": "Redshift", "destinationConnectorProperties": object{
			"Redshift": object{"object": "s." + strings.ToLower(d.object), "intermediateBucketName": "between"}}}},
	}
}

func (d drawn) tasks() []any {
	var tasks []any
	add := func(kind, operator, to string, properties object, fields ...string) {
		task := object{"taskType": kind, "sourceFields": fields, "taskProperties": properties,
			"connectorOperator": object{"Salesforce": operator}}
		if to != "" {
			task["destinationField"] = to
		}
		tasks = append(tasks, task)
	}
	if len(d.fields) > 0 {
		add("Filter", "PROJECTION", "", object{}, d.fields...)
	} else {
		list, _ := json.Marshal(append([]string{}, d.exclude...))
		add("Map_all", "NO_OP", "", object{"EXCLUDE_SOURCE_FIELDS_LIST": string(list)})
	}
	for _, name := range slices.Sorted(maps.Keys(d.filters)) {
		add("Filter", "EQUAL_TO", "", object{"DATA_TYPE": "string", "VALUE": d.filters[name]}, name)
	}
	mapped := d.fields
	if len(mapped) == 0 {
		mapped = slices.Sorted(maps.Keys(d.renamed))
	}
	for _, name := range mapped {
		to := d.renamed[name]
		if to == "" {
			to = strings.ToLower(name)
		}
		add("Map", "NO_OP", to, object{"SOURCE_DATA_TYPE": "string", "DESTINATION_DATA_TYPE": "string"}, name)
	}
	for _, name := range slices.Sorted(maps.Keys(d.masked)) {
		add("Mask", "MASK_FIRST_N", d.renamed[name], object{"MASK_LENGTH": fmt.Sprint(d.masked[name]), "MASK_VALUE": "*"},
			name)
	}
	return tasks
}

// template writes it as CloudFormation has it: capitals, lists of Key and Value, no
// Scheduled in between.
func (d drawn) template() object {
	var capitals func(v any) any
	capitals = func(v any) any {
		switch v := v.(type) {
		case object:
			out := object{}
			for key, value := range v {
				if key == "taskProperties" {
					list := []any{}
					properties, _ := value.(object)
					for _, name := range slices.Sorted(maps.Keys(properties)) {
						list = append(list, object{"Key": name, "Value": properties[name]})
					}
					out["TaskProperties"] = list
					continue
				}
				if nested, ok := value.(object); ok && key == "triggerProperties" {
					value = nested["Scheduled"]
				}
				out[strings.ToUpper(key[:1])+key[1:]] = capitals(value)
			}
			return out
		case []any:
			out := []any{}
			for _, one := range v {
				out = append(out, capitals(one))
			}
			return out
		}
		return v
	}
	return object{"Resources": object{"Drawn": object{"Type": "AWS::AppFlow::Flow", "Properties": capitals(d.described())}}}
}

// terraform writes it as a resource in Terraform's JSON.
func (d drawn) terraform() object {
	names := map[string]string{"flowName": "name", "destinationFlowConfigList": "destination_flow_config", "tasks": "task"}
	var snakes func(v any) any
	snakes = func(v any) any {
		switch v := v.(type) {
		case object:
			out := object{}
			for key, value := range v {
				name := names[key]
				if name == "" {
					name = snake(key)
				}
				if key == "taskProperties" {
					out[name] = value
					continue
				}
				out[name] = snakes(value)
			}
			return out
		case []any:
			out := []any{}
			for _, one := range v {
				out = append(out, snakes(one))
			}
			return out
		case string: // in Terraform a text is a template
			return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(v)
		}
		return v
	}
	return object{"resource": object{"aws_appflow_flow": object{"drawn": snakes(d.described())}}}
}

func snake(key string) string {
	var b strings.Builder
	for i, c := range key {
		if c >= 'A' && c <= 'Z' && i > 0 {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(c)))
	}
	return b.String()
}

// hcl writes Terraform's JSON in its other language.
func hcl(b *strings.Builder, of object) {
	for _, key := range slices.Sorted(maps.Keys(of)) {
		switch v := of[key].(type) {
		case object:
			if key == "task_properties" {
				b.WriteString(key + " = {\n")
				hcl(b, v)
			} else {
				b.WriteString(key + " {\n")
				hcl(b, v)
			}
			b.WriteString("}\n")
		case []any:
			for _, one := range v {
				block, _ := one.(object)
				b.WriteString(key + " {\n")
				hcl(b, block)
				b.WriteString("}\n")
			}
		default:
			text, _ := json.Marshal(v)
			fmt.Fprintf(b, "%s = %s\n", key, strings.NewReplacer(`\u0026`, "&").Replace(string(text)))
		}
	}
}

// However a flow is written, it becomes the same, and what it was meant to be.
func TestFormsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		in := func(name string, v any) string {
			text, ok := v.(string)
			if !ok {
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				text = string(b)
			}
			im, err := template.Import([]template.File{{Name: name, Text: []byte(text)}}, nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if len(im.Flows) != 1 {
				t.Fatalf("%d flows in %s", len(im.Flows), text)
			}
			if want := cronOf(d.schedule); im.Flows[0].Schedule != want {
				t.Fatalf("schedule %q, want %q", im.Flows[0].Schedule, want)
			}
			return string(im.YAML())
		}
		got := in("t.json", d.described())
		var b strings.Builder
		resource := d.terraform()["resource"].(object)["aws_appflow_flow"].(object)["drawn"].(object)
		b.WriteString("resource \"aws_appflow_flow\" \"drawn\" {\n")
		hcl(&b, resource)
		b.WriteString("}\n")
		for name, v := range map[string]any{"t.template": d.template(), "t.tf.json": d.terraform(), "t.tf": b.String()} {
			if other := in(name, v); other != got {
				t.Fatalf("%s: %s\ndescribe-flow: %s", name, other, got)
			}
		}
		d.holds(t, got)
	})
}

func cronOf(schedule string) string {
	return map[string]string{"rate(15minutes)": "*/15 * * * *", "rate(1hours)": "0 * * * *",
		"cron(30 5 ? * MON-FRI *)": "30 5 * * MON-FRI"}[schedule]
}

// holds compares a flow as Catchment reads it with what was meant.
func (d drawn) holds(t *rapid.T, yaml string) {
	f, err := flow.Parse("t", []byte(head+yaml), flow.Warehouses{})
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	got := f.Flows[0]
	deletes, mover := flow.Flag, flow.Auto
	if !d.deletes {
		deletes = flow.Ignore
	}
	switch d.api {
	case "BULKV2":
		mover = flow.Bulk
	case "REST_SYNC":
		mover = flow.REST
	}
	var where []string
	for _, name := range slices.Sorted(maps.Keys(d.filters)) {
		where = append(where, name+" = '"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(d.filters[name])+"'")
	}
	sorted := func(names []string) string { return fmt.Sprint(slices.Sorted(slices.Values(names))) }
	if got.Object != d.object || sorted(got.Fields) != sorted(d.fields) || sorted(got.Exclude) != sorted(d.exclude) ||
		got.Where != strings.Join(where, " AND ") || got.Deletes != deletes || got.Mover != mover ||
		!maps.Equal(got.Rename, d.renamed) || len(got.Changes) != len(d.masked) {
		t.Fatalf("%+v became\n%s", d, yaml)
	}
	for _, c := range got.Changes {
		if c.N != d.masked[c.Field] {
			t.Fatalf("%+v became\n%s", d, yaml)
		}
	}
}
