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
}

func newResolver(root *node, given map[string]string) *resolver {
	r := &resolver{parameters: map[string]*node{}, mappings: root.get("Mappings"), conditions: root.get("Conditions")}
	for name, value := range map[string]string{"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"} {
		r.parameters[name] = &node{kind: scalar, text: value}
	}
	if ps := root.get("Parameters"); ps != nil {
		for _, p := range ps.pairs {
			if value := p.value.get("Default"); value != nil && value.kind == scalar {
				r.parameters[p.key] = value
			}
		}
	}
	for name, value := range given {
		r.parameters[name] = &node{kind: scalar, text: value}
	}
	return r
}

func unsure(line int, why string) *node { return &node{line: line, kind: unknown, text: why} }

// resolve does every function in a value. It makes a new tree; nil stands for
// AWS::NoValue.
func (r *resolver) resolve(n *node) *node {
	if n == nil {
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > 4*deepest {
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
		for _, p := range n.pairs {
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
				out.list = append(out.list, &node{line: n.line, kind: scalar, text: part})
			}
			return out
		}
	case "FindInMap":
		if a, b, c := r.item(n.arg, 0), r.item(n.arg, 1), r.item(n.arg, 2); a != nil && b != nil && c != nil {
			if got := r.mappings.get(a.text, b.text, c.text); got != nil {
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
		return &node{line: n.line, kind: v.kind, text: v.text}
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
		return v.text
	})
	if missing != nil {
		return missing
	}
	return &node{line: n.line, kind: scalar, text: strings.ReplaceAll(out, "${!", "${")}
}

func (r *resolver) join(n *node, list []*node, sep string) *node {
	texts := make([]string, len(list))
	for i, v := range list {
		if v.kind != scalar {
			return v
		}
		texts[i] = v.text
	}
	return &node{line: n.line, kind: scalar, text: strings.Join(texts, sep)}
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
	if n == nil || n.kind != function || r.depth > 4*deepest {
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
