package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// A shape is what is read of a block of an aws_appflow_flow: its arguments, and the
// blocks within.
type shape struct {
	arguments string // with blanks between
	blocks    map[string]shape
}

// flowShape is an aws_appflow_flow, without what tells Catchment nothing.
func flowShape() shape {
	errors := map[string]shape{"error_handling_config": {arguments: "bucket_name"}}
	return shape{
		arguments: "name kms_arn flow_status",
		blocks: map[string]shape{
			"metadata_catalog_config": {},
			"source_flow_config": {
				arguments: "connector_type",
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
func (im *importer) flowBlock(m *module, s section) {
	b := s.block
	im.flow = strings.Join(b.Labels, ".")
	instances, ok := im.instances(m, b)
	if !ok {
		return
	}
	for _, one := range instances {
		im.flow = strings.Join(b.Labels, ".") + one.key
		var properties *node
		if b.Labels[0] == "awscc_appflow_flow" { // as CloudFormation has it
			properties, ok = im.arguments(m, b.Body, one.names)
		} else {
			properties, ok = im.block(m, b.Body, flowShape(), one.names)
		}
		if ok {
			im.take(found{resource: im.flow, line: b.DefRange.Start.Line, properties: properties})
		}
	}
}

// An instance is a resource that a count or a for_each makes.
type instance struct {
	key   string // as it is written behind its name
	names names
}

func (im *importer) instances(m *module, b *hcl.Block) ([]instance, bool) {
	content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "count"}, {Name: "for_each"},
	}})
	if a := content.Attributes["for_each"]; a != nil {
		return im.forEach(m, a)
	}
	a := content.Attributes["count"]
	if a == nil {
		return []instance{{}}, true
	}
	line, got := a.Range.Start.Line, m.read(a.Expr, nil)
	n := 1
	if got.kind == unknown {
		im.note(line, "how often it is there can't be told (%s): taken once", got.text)
	} else if _, err := fmt.Sscan(textOf(got), &n); err != nil || n < 0 || n > mostPairs {
		im.problem(line, im.flow, "its count is no number up to %d", mostPairs)
		return nil, false
	}
	if n == 0 {
		im.note(line, "its count is 0: left out")
	}
	var all []instance
	for i := range n {
		index := cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(i))})
		all = append(all, instance{fmt.Sprintf("[%d]", i), names{"count": index}})
	}
	return all, true
}

func (im *importer) forEach(m *module, a *hcl.Attribute) ([]instance, bool) {
	var all []instance
	turns, why := m.turns(a.Expr, nil)
	if why != "" {
		im.problem(a.Range.Start.Line, im.flow, "its for_each can't be told: %s", why)
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
	case v.LengthInt() > mostPairs:
		return nil, fmt.Sprintf("it has more than %d entries", mostPairs)
	}
	var out []round
	for key, value := range v.Elements() {
		if v.Type().IsSetType() {
			key = value
		}
		text := nodeOf(result{value: key}, 0)
		out = append(out, round{text.text, cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})})
	}
	return out, ""
}

// block makes a node of a block: a block within is a list, since it may come again.
func (im *importer) block(m *module, body hcl.Body, of shape, within names) (*node, bool) {
	schema := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "dynamic", LabelNames: []string{"type"}}}}
	for name := range strings.FieldsSeq(of.arguments) {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	for name := range of.blocks {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name})
	}
	content, _, diags := body.PartialContent(schema)
	if diags.HasErrors() {
		im.problem(rangeLine(diags[0].Subject), im.flow, "%s: %s", diags[0].Summary, diags[0].Detail)
		return nil, false
	}
	out := &node{line: body.MissingItemRange().Start.Line, kind: mapping}
	for name := range strings.FieldsSeq(of.arguments) {
		if a := content.Attributes[name]; a != nil {
			out.pairs = append(out.pairs, pair{name, a.Range.Start.Line, m.read(a.Expr, within)})
		}
	}
	for _, b := range content.Blocks {
		if !im.inner(m, out, b, of, within) {
			return nil, false
		}
	}
	return out, true
}

// inner adds a block to the one that it stands in.
func (im *importer) inner(m *module, out *node, b *hcl.Block, of shape, within names) bool {
	if m.left--; m.left < 0 {
		im.problem(b.DefRange.Start.Line, im.flow, "its blocks make too much")
		return false
	}
	if b.Type == "dynamic" {
		return im.dynamic(m, out, b, of, within)
	}
	value, ok := im.block(m, b.Body, of.blocks[b.Type], within)
	if !ok {
		return false
	}
	value.line = b.DefRange.Start.Line
	list := out.find(b.Type)
	if list == nil {
		list = &node{line: value.line, kind: sequence}
		out.pairs = append(out.pairs, pair{b.Type, value.line, list})
	}
	list.list = append(list.list, value)
	return true
}

// dynamic adds the blocks that a dynamic one stands for.
func (im *importer) dynamic(m *module, out *node, b *hcl.Block, of shape, within names) bool {
	line, kind := b.DefRange.Start.Line, b.Labels[0]
	if _, ok := of.blocks[kind]; !ok {
		return true
	}
	content, _, diags := b.Body.PartialContent(&hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "for_each", Required: true}, {Name: "iterator"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "content"}},
	})
	if diags.HasErrors() {
		im.problem(rangeLine(diags[0].Subject), im.flow, "%s: %s", diags[0].Summary, diags[0].Detail)
		return false
	}
	turns, why := m.turns(content.Attributes["for_each"].Expr, within)
	if why != "" {
		im.problem(line, im.flow, "the for_each of its blocks %s can't be told: %s", kind, why)
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
			if !im.inner(m, out, &made, of, within.with(name, t.value)) {
				return false
			}
		}
	}
	return true
}

// arguments makes a node of a block that has arguments alone.
func (im *importer) arguments(m *module, body hcl.Body, within names) (*node, bool) {
	attributes, diags := body.JustAttributes()
	if diags.HasErrors() {
		im.problem(rangeLine(diags[0].Subject), im.flow, "%s: %s", diags[0].Summary, diags[0].Detail)
		return nil, false
	}
	out := &node{line: body.MissingItemRange().Start.Line, kind: mapping}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		if name != "for_each" && name != "count" {
			out.pairs = append(out.pairs, pair{name, a.Range.Start.Line, m.read(a.Expr, within)})
		}
	}
	return out, true
}
