package template

import (
	"fmt"
	"regexp"
	"strings"

	"catchment/internal/schema"
)

// loopPrefix begins the key of a loop of AWS::LanguageExtensions, as in
// Fn::ForEach::Flows: [Object, [Account, Contact], {"${Object}Flow": {...}}].
const loopPrefix = "Fn::ForEach::"

// mostPairs is how many entries the loops of one map may make. CloudFormation
// itself takes 500 resources.
const mostPairs = 500

// unrolled are the entries of a map with those that its loops make in their
// place. Where a loop can't be unrolled, why says so.
func (r *resolver) unrolled(pairs []pair) (out []pair, why *Value) {
	for _, p := range pairs {
		if !strings.HasPrefix(p.key, loopPrefix) {
			out = append(out, p)
			continue
		}
		made, why := r.loop(p)
		if why == nil {
			made, why = r.unrolled(made)
		}
		if why != nil {
			return nil, why
		}
		if out = append(out, made...); len(out) > mostPairs {
			return nil, unsure(p.line, fmt.Sprintf("%s makes more than %d entries", p.key, mostPairs))
		}
	}
	return out, nil
}

// loop makes the entries of one loop.
func (r *resolver) loop(p pair) (made []pair, why *Value) {
	r.depth++
	defer func() { r.depth-- }()
	arg := p.value
	if r.depth > 4*deepest || !arg.isList() || len(arg.list) != 3 || arg.list[0].kind != scalar ||
		arg.list[2].kind != mapping {
		return nil, unsure(p.line, p.key+" is to be a name, a list and what is made of each")
	}
	over := r.resolve(arg.list[1])
	switch {
	case over == nil || over.kind == unknown:
		reason := "it is empty"
		if over != nil {
			reason = over.text
		}
		return nil, unsure(p.line, "the list of "+p.key+" can't be told: "+reason)
	case over.kind != sequence:
		return nil, unsure(p.line, "what "+p.key+" goes through is no list")
	}
	for _, one := range over.list {
		if one.kind != scalar || len(one.text) > schema.LongestName {
			return nil, unsure(p.line, "the list of "+p.key+" holds what is no name")
		}
		in := turn{name: arg.list[0].text, value: one}
		for _, body := range arg.list[2].pairs {
			value := r.turned(body.value, in)
			made = append(made, pair{in.text(body.key), body.line, value})
		}
		if r.left < 0 || len(made) > mostPairs {
			return nil, unsure(p.line, fmt.Sprintf("%s makes more than %d entries", p.key, mostPairs))
		}
	}
	return made, nil
}

// A turn is one turn of a loop: its name stands for a value.
type turn struct {
	name  string
	value *Value
}

var notPlainRE = regexp.MustCompile(`[^A-Za-z0-9]+`)

// text puts the value into a text: as it is, or letters and digits alone.
func (t turn) text(s string) string {
	s = strings.ReplaceAll(s, "${"+t.name+"}", t.value.text)
	return strings.ReplaceAll(s, "&{"+t.name+"}", notPlainRE.ReplaceAllString(t.value.text, ""))
}

// turned is what one turn makes of a value.
func (r *resolver) turned(n *Value, t turn) *Value {
	if n == nil {
		return nil
	}
	r.left -= 1 + len(n.text)/schema.LongestName
	out := *n
	switch {
	case r.left < 0:
		return unsure(n.line, "the loops make too much")
	case n.kind == function && n.call == "Ref" && n.arg != nil && n.arg.text == t.name:
		return &Value{line: n.line, kind: scalar, text: t.value.text}
	case n.kind == scalar:
		out.text = t.text(n.text)
	}
	out.arg = r.turned(n.arg, t)
	out.pairs, out.list = nil, nil
	for _, p := range n.pairs {
		out.pairs = append(out.pairs, pair{t.text(p.key), p.line, r.turned(p.value, t)})
	}
	for _, v := range n.list {
		out.list = append(out.list, r.turned(v, t))
	}
	return &out
}
