package terraform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"catchment/internal/template"
)

// mostTurns is how often a resource or a block may be there.
const mostTurns = 500

// A shape is what is read of a block of an aws_appflow_flow: its arguments, and the
// blocks within.
type shape struct {
	arguments string // with blanks between
	blocks    map[string]shape
}

// flowShape is an aws_appflow_flow, without what tells Catchment nothing.
func flowShape() shape {
	format := shape{arguments: "file_type preserve_source_data_typing", blocks: map[string]shape{
		"prefix_config":      {arguments: "prefix_type prefix_format path_prefix_hierarchy"},
		"aggregation_config": {arguments: "aggregation_type target_file_size"},
	}}
	s3 := shape{"bucket_name bucket_prefix", map[string]shape{"s3_output_format_config": format}}
	errors := map[string]shape{"error_handling_config": {arguments: "bucket_name"}}
	return shape{
		arguments: "name kms_arn flow_status",
		blocks: map[string]shape{
			"metadata_catalog_config": {},
			"source_flow_config": {
				arguments: "connector_type connector_profile_name",
				blocks: map[string]shape{
					"incremental_pull_config": {arguments: "datetime_type_field_name"},
					"source_connector_properties": {blocks: map[string]shape{"salesforce": {
						arguments: "object data_transfer_api enable_dynamic_field_update include_deleted_records",
					}}},
				},
			},
			"destination_flow_config": {
				arguments: "connector_type",
				blocks: map[string]shape{"destination_connector_properties": {blocks: map[string]shape{
					"redshift": {"object", errors}, "snowflake": {"object", errors}, "salesforce": {"object", errors},
					"s3": s3,
				}}},
			},
			"task": {
				arguments: "task_type destination_field source_fields task_properties",
				blocks:    map[string]shape{"connector_operator": {arguments: "salesforce"}},
			},
			"trigger_config": {
				arguments: "trigger_type",
				blocks: map[string]shape{"trigger_properties": {blocks: map[string]shape{"scheduled": {
					arguments: "schedule_expression data_pull_mode first_execution_from schedule_end_time " +
						"schedule_offset schedule_start_time timezone",
				}}}},
			},
		},
	}
}

// flowBlock reads a resource that is a flow, as often as it says it is there.
func (m *module) flowBlock(s section) {
	b := s.block
	m.at(s.file, strings.Join(b.Labels, "."))
	instances, ok := m.instances(b)
	if !ok {
		return
	}
	for _, one := range instances {
		m.at(s.file, strings.Join(b.Labels, ".")+one.key)
		var properties *template.Value
		if b.Labels[0] == "awscc_appflow_flow" { // as CloudFormation has it
			properties, ok = m.arguments(b, one.names)
		} else {
			properties, ok = m.block(b, flowShape(), one.names)
		}
		if ok {
			m.Flow(template.Found{Resource: m.flow, Line: b.DefRange.Start.Line, Properties: properties})
		}
	}
}

// An instance is a resource that a count or a for_each makes.
type instance struct {
	key   string // as it is written behind its name
	names names
}

func (m *module) instances(b *hcl.Block) ([]instance, bool) {
	content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "count"}, {Name: "for_each"},
	}})
	if a := content.Attributes["for_each"]; a != nil {
		return m.forEach(a)
	}
	a := content.Attributes["count"]
	if a == nil {
		return []instance{{}}, true
	}
	line, got := a.Range.Start.Line, m.read(a.Expr, nil)
	n := 1
	if text, why, known := got.Plain(); why != "" {
		m.Note(line, "how often it is there can't be told (%s): taken once", why)
	} else if _, err := fmt.Sscan(text, &n); !known || err != nil || n < 0 || n > mostTurns {
		m.Problem(line, "its count is no number up to %d", mostTurns)
		return nil, false
	}
	if n == 0 {
		m.Note(line, "its count is 0: left out")
	}
	var all []instance
	for i := range n {
		index := cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(i))})
		all = append(all, instance{fmt.Sprintf("[%d]", i), names{"count": index}})
	}
	return all, true
}

func (m *module) forEach(a *hcl.Attribute) ([]instance, bool) {
	var all []instance
	turns, why := m.turns(a.Expr, nil)
	if why != "" {
		m.Problem(a.Range.Start.Line, "its for_each can't be told: %s", why)
		return nil, false
	}
	for _, t := range turns {
		all = append(all, instance{fmt.Sprintf("[%q]", t.key), names{"each": t.value}})
	}
	return all, true
}

// A round is what a for_each stands at: its key, and both as an object.
type round struct {
	key   string
	value cty.Value
}

// turns are what a for_each goes through.
func (m *module) turns(e hcl.Expression, within names) ([]round, string) {
	got := m.worked(e, within)
	v := got.value
	switch {
	case got.why != "":
		return nil, got.why
	case v == cty.NilVal || v.IsNull() || !v.IsWhollyKnown() || !v.CanIterateElements():
		return nil, "it is neither a map nor a set"
	case v.LengthInt() > mostTurns:
		return nil, fmt.Sprintf("it has more than %d entries", mostTurns)
	}
	var out []round
	for key, value := range v.Elements() {
		if v.Type().IsSetType() {
			key = value
		}
		text, _, _ := valueOf(result{value: key}, 0).Plain()
		out = append(out, round{text, cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})})
	}
	return out, ""
}

// block makes a value of a block: a block within is a list, since it may come again.
func (m *module) block(b *hcl.Block, of shape, within names) (*template.Value, bool) {
	schema := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "dynamic", LabelNames: []string{"type"}}}}
	for name := range strings.FieldsSeq(of.arguments) {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	for name := range of.blocks {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name})
	}
	content, _, diags := b.Body.PartialContent(schema)
	if diags.HasErrors() {
		m.Problem(rangeLine(diags[0].Subject), "%s: %s", diags[0].Summary, diags[0].Detail)
		return nil, false
	}
	out := template.Map(b.DefRange.Start.Line)
	for name := range strings.FieldsSeq(of.arguments) {
		if a := content.Attributes[name]; a != nil {
			out.Set(name, a.Range.Start.Line, m.read(a.Expr, within))
		}
	}
	for _, inner := range content.Blocks {
		if !m.inner(out, inner, of, within) {
			return nil, false
		}
	}
	return out, true
}

// inner adds a block to the one that it stands in.
func (m *module) inner(out *template.Value, b *hcl.Block, of shape, within names) bool {
	if m.left--; m.left < 0 {
		m.Problem(b.DefRange.Start.Line, "its blocks make too much")
		return false
	}
	if b.Type == "dynamic" {
		return m.dynamic(out, b, of, within)
	}
	value, ok := m.block(b, of.blocks[b.Type], within)
	if !ok {
		return false
	}
	out.Add(b.Type, value)
	return true
}

// dynamic adds the blocks that a dynamic one stands for.
func (m *module) dynamic(out *template.Value, b *hcl.Block, of shape, within names) bool {
	line, kind := b.DefRange.Start.Line, b.Labels[0]
	if _, ok := of.blocks[kind]; !ok {
		return true
	}
	content, _, diags := b.Body.PartialContent(&hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "for_each", Required: true}, {Name: "iterator"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "content"}},
	})
	if diags.HasErrors() {
		m.Problem(rangeLine(diags[0].Subject), "%s: %s", diags[0].Summary, diags[0].Detail)
		return false
	}
	turns, why := m.turns(content.Attributes["for_each"].Expr, within)
	if why != "" {
		m.Problem(line, "the for_each of its blocks %s can't be told: %s", kind, why)
		return false
	}
	name := kind
	if a := content.Attributes["iterator"]; a != nil {
		name = hcl.ExprAsKeyword(a.Expr)
	}
	for _, t := range turns {
		for _, c := range content.Blocks {
			made := *c
			made.Type, made.DefRange = kind, b.DefRange
			if !m.inner(out, &made, of, within.with(name, t.value)) {
				return false
			}
		}
	}
	return true
}

// arguments makes a value of a block that has arguments alone.
func (m *module) arguments(b *hcl.Block, within names) (*template.Value, bool) {
	attributes, diags := b.Body.JustAttributes()
	if diags.HasErrors() {
		m.Problem(rangeLine(diags[0].Subject), "%s: %s", diags[0].Summary, diags[0].Detail)
		return nil, false
	}
	out := template.Map(b.DefRange.Start.Line)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		if name != "for_each" && name != "count" {
			out.Set(name, a.Range.Start.Line, m.read(a.Expr, within))
		}
	}
	return out, true
}
