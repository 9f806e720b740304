package deployment_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"catchment/internal/plan"
)

// A document is a template as CloudFormation reads it. Its functions are maps of one
// key, as its JSON writes them.
type document map[string]any

func read(t *testing.T, text []byte) document {
	t.Helper()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := valueOf(t, file.Docs[0].Body).(map[string]any)
	return d
}

func valueOf(t *testing.T, n ast.Node) any {
	t.Helper()
	switch n := n.(type) {
	case *ast.MappingNode:
		m := map[string]any{}
		for _, v := range n.Values {
			key, _ := valueOf(t, v.Key).(string)
			if _, twice := m[key]; twice {
				t.Fatalf("key %s stands there twice", key)
			}
			m[key] = valueOf(t, v.Value)
		}
		return m
	case *ast.MappingValueNode:
		key, _ := valueOf(t, n.Key).(string)
		return map[string]any{key: valueOf(t, n.Value)}
	case *ast.SequenceNode:
		all := []any{}
		for _, v := range n.Values {
			all = append(all, valueOf(t, v))
		}
		return all
	case *ast.TagNode:
		name := strings.TrimPrefix(n.Start.Value, "!")
		if name != "Ref" && name != "Condition" {
			name = "Fn::" + name
		}
		return map[string]any{name: valueOf(t, n.Value)}
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case nil:
		return nil
	default:
		return n.String()
	}
}

// resources are those of a type, by their logical IDs.
func (d document) resources(kind string) map[string]map[string]any {
	found := map[string]map[string]any{}
	all, _ := d["Resources"].(map[string]any)
	for name, r := range all {
		if r, _ := r.(map[string]any); r["Type"] == kind {
			found[name], _ = r["Properties"].(map[string]any)
		}
	}
	return found
}

// A granted is one action on one resource.
type granted struct{ action, on string }

func (g granted) String() string { return g.action + " on " + g.on }

// rights are what a role may do, conditions of the template taken as true.
func (d document) rights(t *testing.T, role string) []granted {
	t.Helper()
	r, ok := d.resources("AWS::IAM::Role")[role]
	if !ok {
		t.Fatalf("there is no role %s in %v", role, slices.Sorted(maps.Keys(d.resources("AWS::IAM::Role"))))
	}
	var all []granted
	inline, _ := r["Policies"].([]any)
	for _, p := range inline {
		all = append(all, statements(t, p)...)
	}
	attached, _ := r["ManagedPolicyArns"].([]any)
	if len(attached) > 10 {
		t.Errorf("%s has %d policies, and IAM takes ten", role, len(attached))
	}
	for _, a := range attached {
		if name, ok := refTo(chosen(a)); ok {
			all = append(all, statements(t, d.resources("AWS::IAM::ManagedPolicy")[name])...)
		}
	}
	return all
}

// refTo tells what a Ref names.
func refTo(v any) (name string, ok bool) {
	m, _ := v.(map[string]any)
	name, ok = m["Ref"].(string)
	return name, ok
}

// statements reads the policy document that stands in p.
func statements(t *testing.T, p any) []granted {
	t.Helper()
	properties, _ := p.(map[string]any)
	doc, _ := properties["PolicyDocument"].(map[string]any)
	list, ok := doc["Statement"].([]any)
	if !ok || len(list) == 0 {
		t.Fatalf("a policy without statements: %v", p)
	}
	var all []granted
	for _, s := range list {
		s, _ := chosen(s).(map[string]any)
		if s["Effect"] != "Allow" {
			continue
		}
		for _, action := range textsOf(s["Action"]) {
			for _, on := range textsOf(s["Resource"]) {
				all = append(all, granted{action, on})
			}
		}
	}
	return all
}

// chosen is what an If gives where its condition is true.
func chosen(v any) any {
	m, _ := v.(map[string]any)
	if branches, ok := m["Fn::If"].([]any); ok {
		return branches[1]
	}
	return v
}

// textsOf is one text or several, as they stand in the template.
func textsOf(v any) []string {
	switch v := chosen(v).(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, textsOf(one)...)
		}
		return all
	case map[string]any:
		for name, of := range v {
			if name == "Fn::Sub" {
				return textsOf(of)
			}
			return []string{fmt.Sprintf("%s:%v", name, of)} // this parser takes service:Action apart
		}
	}
	return nil
}

// textOf is all that stands in a value, and the hint of an error.
func textOf(v any) string {
	if err, ok := v.(error); ok {
		return err.Error() + " " + plan.HintOf(err)
	}
	return fmt.Sprint(v)
}
