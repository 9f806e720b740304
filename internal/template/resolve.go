package template

import (
	"regexp"
	"strconv"
	"strings"
)

// A resolver does the functions of a template: with the parameters that were
// given, else their defaults. What depends on AWS stays unknown.
type resolver struct {
	parameters map[string]*node // given or default
	mappings   *node
	conditions *node
	depth      int
	left       int // how many nodes it may still make
}

func newResolver(root *node, given map[string]string) *resolver {
	r := &resolver{parameters: map[string]*node{}, mappings: root.find("Mappings"),
		conditions: root.find("Conditions"), left: mostNodes}
	for name, value := range map[string]string{"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"} {
		r.parameters[name] = &node{kind: scalar, text: value}
	}
	if ps := root.find("Parameters"); ps != nil {
		for _, p := range ps.pairs {
			value := p.value.find("Default")
			if text, ok := given[p.key]; ok {
				value = &node{line: p.line, kind: scalar, text: text}
			}
			if value != nil && value.kind == scalar {
				r.parameters[p.key] = parameter(value, textOf(p.value.find("Type")))
			}
		}
	}
	return r
}

// parameter is the value of a parameter, which may be a list of texts.
func parameter(value *node, kind string) *node {
	if kind != "CommaDelimitedList" && !strings.HasPrefix(kind, "List<") {
		return &node{line: value.line, kind: scalar, text: value.text, open: true}
	}
	out := &node{line: value.line, kind: sequence, open: true}
	for text := range strings.SplitSeq(value.text, ",") {
		out.list = append(out.list, &node{line: value.line, kind: scalar, text: strings.TrimSpace(text), open: true})
	}
	return out
}

// asFunction makes a function of a map that is the long form of one.
func asFunction(n *node) *node {
	if n.kind != mapping || len(n.pairs) != 1 {
		return n
	}
	p := n.pairs[0]
	name, ok := strings.CutPrefix(p.key, "Fn::")
	if ok && !strings.HasPrefix(p.key, loopPrefix) || p.key == "Ref" ||
		p.key == "Condition" && p.value.kind == scalar {
		return &node{line: p.line, kind: function, call: name, arg: p.value}
	}
	return n
}

// resolve does every function in a value. It makes a new tree; nil stands for
// AWS::NoValue.
func (r *resolver) resolve(n *node) *node {
	if n == nil {
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	if r.left--; r.left < 0 || r.depth > 4*deepest {
		return unsure(n.line, "its functions call each other without end")
	}
	switch n.kind {
	case function:
		return r.do(n)
	case sequence:
		out := &node{line: n.line, kind: sequence}
		for _, v := range n.list {
			if got := r.resolve(v); got != nil {
				out.list = append(out.list, got)
			}
		}
		return out
	case mapping:
		out := &node{line: n.line, kind: mapping}
		pairs, why := r.unrolled(n.pairs)
		if why != nil {
			return why
		}
		for _, p := range pairs {
			if got := r.resolve(p.value); got != nil {
				out.pairs = append(out.pairs, pair{p.key, p.line, got})
			}
		}
		return out
	}
	return n
}

func (r *resolver) do(n *node) *node {
	switch n.call {
	case "Ref":
		return r.ref(n)
	case "Sub":
		return r.sub(n)
	case "Join":
		if sep, list := r.item(n.arg, 0), r.item(n.arg, 1); sep != nil && list != nil && list.kind == sequence {
			return r.join(n, list.list, sep.text)
		}
	case "Select":
		if at, list := r.item(n.arg, 0), r.item(n.arg, 1); at != nil && list != nil && list.kind == sequence {
			if i, err := strconv.Atoi(at.text); err == nil && i >= 0 && i < len(list.list) {
				return list.list[i]
			}
		}
	case "Split":
		if sep, text := r.item(n.arg, 0), r.item(n.arg, 1); sep != nil && text != nil && text.kind == scalar &&
			sep.text != "" {
			out := &node{line: n.line, kind: sequence}
			for part := range strings.SplitSeq(text.text, sep.text) {
				out.list = append(out.list, &node{line: n.line, kind: scalar, text: part, open: text.open})
			}
			return out
		}
	case "FindInMap":
		if a, b, c := r.item(n.arg, 0), r.item(n.arg, 1), r.item(n.arg, 2); a != nil && b != nil && c != nil {
			if got := r.mappings.get(a.text).get(b.text).get(c.text); got != nil {
				return r.resolve(got)
			}
		}
	case "If":
		if n.arg.kind == sequence && len(n.arg.list) == 3 && n.arg.list[0].kind == scalar {
			yes, known := r.condition(n.arg.list[0].text)
			switch {
			case !known:
				return unsure(n.line, "it depends on condition "+n.arg.list[0].text)
			case yes:
				return r.resolve(n.arg.list[1])
			}
			return r.resolve(n.arg.list[2])
		}
	case "GetAtt", "ImportValue", "GetAZs", "Base64", "Cidr", "Transform":
		return unsure(n.line, n.call+" is known only to AWS")
	}
	return unsure(n.line, "the function "+n.call+" can't be read here")
}

// ref looks a parameter up.
func (r *resolver) ref(n *node) *node {
	if n.arg.text == "AWS::NoValue" {
		return nil
	}
	if v, ok := r.parameters[n.arg.text]; ok {
		return &node{line: n.line, kind: v.kind, text: v.text, list: v.list, open: v.open}
	}
	return unsure(n.line, n.arg.text+" has no value; give one with --parameter "+n.arg.text+"=VALUE")
}

var variableRE = regexp.MustCompile(`\$\{([^!{}][^{}]*)\}`)

// sub fills the variables of a text.
func (r *resolver) sub(n *node) *node {
	text, own := n.arg, (*node)(nil)
	if n.arg.kind == sequence && len(n.arg.list) == 2 {
		text, own = n.arg.list[0], n.arg.list[1]
	}
	if text.kind != scalar {
		return unsure(n.line, "Sub wants a text")
	}
	var missing *node
	open, long := false, 0
	out := variableRE.ReplaceAllStringFunc(text.text, func(m string) string {
		name := strings.TrimSpace(m[2 : len(m)-1])
		v := r.resolve(own.get(name))
		if v == nil {
			v = r.ref(&node{line: n.line, arg: &node{text: name}})
		}
		if v == nil || v.kind != scalar {
			missing = v
			if v == nil {
				missing = unsure(n.line, name+" is no text")
			}
			return ""
		}
		if long += len(v.text); long > longestText {
			missing = unsure(n.line, "it is longer than a text may be")
			return ""
		}
		open = open || v.open
		return v.text
	})
	if missing != nil {
		return missing
	}
	return &node{line: n.line, kind: scalar, text: strings.ReplaceAll(out, "${!", "${"), open: open}
}

func (r *resolver) join(n *node, list []*node, sep string) *node {
	texts, open, long := make([]string, len(list)), false, 0
	for i, v := range list {
		if v.kind != scalar {
			return v
		}
		if long += len(v.text) + len(sep); long > longestText {
			return unsure(n.line, "it is longer than a text may be")
		}
		texts[i], open = v.text, open || v.open
	}
	return &node{line: n.line, kind: scalar, text: strings.Join(texts, sep), open: open}
}

// item resolves one argument of a function.
func (r *resolver) item(n *node, i int) *node {
	if n == nil || n.kind != sequence || i >= len(n.list) {
		return nil
	}
	return r.resolve(n.list[i])
}

// condition tells whether a named condition holds, and whether that is known.
func (r *resolver) condition(name string) (yes, known bool) {
	c := r.conditions.get(name)
	if c == nil {
		return false, false
	}
	return r.holds(c)
}

func (r *resolver) holds(n *node) (yes, known bool) {
	r.depth++
	defer func() { r.depth-- }()
	if r.left--; n == nil || n.kind != function || r.left < 0 || r.depth > 4*deepest {
		return false, false
	}
	switch n.call {
	case "Condition":
		return r.condition(n.arg.text)
	case "Equals":
		a, b := r.item(n.arg, 0), r.item(n.arg, 1)
		if a == nil || b == nil || a.kind != scalar || b.kind != scalar {
			return false, false
		}
		return a.text == b.text, true
	case "Not":
		if n.arg.kind == sequence && len(n.arg.list) == 1 {
			yes, known := r.holds(n.arg.list[0])
			return !yes, known
		}
	case "And", "Or":
		if n.arg.kind != sequence {
			return false, false
		}
		all := n.call == "And"
		for _, one := range n.arg.list {
			yes, known := r.holds(one)
			if !known {
				return false, false
			}
			if yes != all {
				return yes, true
			}
		}
		return all, true
	}
	return false, false
}
