package template

import (
	"fmt"
	"maps"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyfunction "github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// A result is what an expression comes to, or why nobody can tell it here.
type result struct {
	value cty.Value
	why   string
	open  bool // a variable had a part in it
}

// Names are what stands for a value within a block: each, count, and what a
// dynamic block goes through.
type names map[string]cty.Value

func (n names) with(name string, value cty.Value) names {
	out := maps.Clone(n)
	if out == nil {
		out = names{}
	}
	out[name] = value
	return out
}

// loopRE finds what goes through a list within an expression.
var loopRE = regexp.MustCompile(`[\[{]~?\s*for\b|%\{~?\s*for\b|\[\s*\*\s*\]|\.\s*\*`)

// What an expression may come to: a list of fields, not more.
const (
	mostParts   = 5000
	mostNumbers = 4096 // bits
	loopCosts   = 5000
)

// worked works an expression out: with variables that have a value, locals that
// are made of such, and a few functions. All else is known only to Terraform.
func (m *module) worked(e hcl.Expression, within names) result {
	text := m.textOf(e)
	m.left -= 1 + len(text)/longestName
	if loops := len(loopRE.FindAll(text, 2)); loops > 1 {
		return result{why: "it has a loop within a loop, which is not read here"}
	} else if loops == 1 {
		m.left -= loopCosts
	}
	if m.left < 0 {
		return result{why: "the files make too much of it"}
	}
	variables, locals := map[string]cty.Value{}, map[string]cty.Value{}
	out := result{}
	for _, t := range e.Variables() {
		got, name, home := m.named(t, within)
		if got.why != "" {
			return got
		}
		out.open = out.open || got.open
		switch home {
		case "var":
			variables[name] = got.value
		case "local":
			locals[name] = got.value
		}
	}
	ctx := &hcl.EvalContext{Functions: functions(), Variables: map[string]cty.Value{
		"var": cty.ObjectVal(variables), "local": cty.ObjectVal(locals)}}
	maps.Copy(ctx.Variables, within)
	value, diags := e.Value(ctx)
	if diags.HasErrors() {
		return result{why: "it can't be worked out: " + diags[0].Summary + ": " + diags[0].Detail}
	}
	out.value = value
	size, ok := measured(value, 0)
	if m.left -= size; !ok || size > mostParts || m.left < 0 {
		return result{why: "it comes to more than is read here"}
	}
	return out
}

// named finds what a name stands for.
func (m *module) named(t hcl.Traversal, within names) (got result, name, home string) {
	home = t.RootName()
	if _, ok := within[home]; ok {
		return result{}, "", ""
	}
	if len(t) > 1 {
		if a, ok := t[1].(hcl.TraverseAttr); ok {
			name = a.Name
		}
	}
	switch home {
	case "var":
		if got, ok := m.variables[name]; ok {
			return got, name, home
		}
		return result{why: "there is no variable " + name + "; name the file that declares it as well"}, name, home
	case "local":
		return m.local(name), name, home
	}
	full := home
	for _, step := range t[1:] {
		if a, ok := step.(hcl.TraverseAttr); ok {
			full += "." + a.Name
		}
	}
	return result{why: full + " is known only to Terraform"}, "", home
}

// local works a local out, once.
func (m *module) local(name string) result {
	l := m.locals[name]
	switch {
	case l == nil:
		return result{why: "there is no local." + name + "; name the file that has it as well"}
	case l.known != nil:
		return *l.known
	case l.busy:
		return result{why: "local." + name + " is made of itself"}
	}
	l.busy = true
	got := m.worked(l.made, nil)
	l.busy, l.known = false, &got
	return got
}

// textOf is an expression as it is written.
func (m *module) textOf(e hcl.Expression) []byte {
	at := e.Range()
	src := m.source[at.Filename]
	if at.Start.Byte < 0 || at.End.Byte > len(src) || at.Start.Byte > at.End.Byte {
		return nil
	}
	return src[at.Start.Byte:at.End.Byte]
}

// measured counts the parts of a value. It isn't ok where a part is too long.
func measured(v cty.Value, depth int) (size int, ok bool) {
	switch {
	case depth > deepest:
		return 0, false
	case v.IsNull() || !v.IsKnown():
		return 1, true
	case v.Type() == cty.String:
		return 1 + len(v.AsString())/longestName, len(v.AsString()) <= longestText
	case v.Type() == cty.Number:
		bits := v.AsBigFloat().MantExp(nil)
		return 1, bits < mostNumbers && bits > -mostNumbers
	case !v.CanIterateElements():
		return 1, true
	}
	for _, part := range v.Elements() {
		more, ok := measured(part, depth+1)
		if size += more + 1; !ok || size > mostParts {
			return size, false
		}
	}
	return size + 1, true
}

// functions are those of Terraform's that files of flows are written with. None
// of them makes much of little.
func functions() map[string]ctyfunction.Function {
	return map[string]ctyfunction.Function{
		"coalesce": stdlib.CoalesceFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc,
		"contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
		"flatten": stdlib.FlattenFunc, "join": stdlib.JoinFunc, "jsonencode": stdlib.JSONEncodeFunc,
		"keys": stdlib.KeysFunc, "length": stdlib.LengthFunc, "lookup": stdlib.LookupFunc, "lower": stdlib.LowerFunc,
		"merge": stdlib.MergeFunc, "sort": stdlib.SortFunc, "split": stdlib.SplitFunc, "title": stdlib.TitleFunc,
		"tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap":  stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"toset":  stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),
		"trimspace": stdlib.TrimSpaceFunc, "upper": stdlib.UpperFunc, "values": stdlib.ValuesFunc,
	}
}

// nodeOf makes a node of what an expression comes to.
func nodeOf(got result, line int) *node {
	if got.why != "" {
		return unsure(line, got.why)
	}
	out := &node{line: line, open: got.open, kind: scalar}
	switch v := got.value; {
	case v == cty.NilVal || v.IsNull():
		out.kind = empty
	case !v.IsWhollyKnown():
		return unsure(line, "it is known only to Terraform")
	case v.Type() == cty.String:
		out.text = v.AsString()
	case v.Type() == cty.Number:
		out.text = v.AsBigFloat().Text('f', -1)
	case v.Type() == cty.Bool:
		out.text = fmt.Sprint(v.True())
	case v.Type().IsObjectType() || v.Type().IsMapType():
		out.kind = mapping
		for key, part := range v.Elements() {
			out.pairs = append(out.pairs, pair{key.AsString(), line, nodeOf(result{value: part, open: got.open}, line)})
		}
	case v.CanIterateElements():
		out.kind = sequence
		for _, part := range v.Elements() {
			out.list = append(out.list, nodeOf(result{value: part, open: got.open}, line))
		}
	}
	return out
}

// read makes a node of an expression: of a list or a map part by part, so that
// each has its line, and one that is unknown leaves the others known.
func (m *module) read(e hcl.Expression, within names) *node {
	line := e.Range().Start.Line
	if m.left--; m.left < 0 {
		return unsure(line, "the files make too much of it")
	}
	if pairs, diags := hcl.ExprMap(e); !diags.HasErrors() {
		out := &node{line: line, kind: mapping}
		for _, p := range pairs {
			key := nodeOf(m.worked(p.Key, within), p.Key.Range().Start.Line)
			if key.kind != scalar {
				return unsure(key.line, "the name of a value: "+key.text)
			}
			out.pairs = append(out.pairs, pair{key.text, key.line, m.read(p.Value, within)})
		}
		return out
	}
	if parts, diags := hcl.ExprList(e); !diags.HasErrors() {
		out := &node{line: line, kind: sequence}
		for _, one := range parts {
			out.list = append(out.list, m.read(one, within))
		}
		return out
	}
	return nodeOf(m.worked(e, within), line)
}
