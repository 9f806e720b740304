package template

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A node is one value of a template, with its line. A function of
// CloudFormation is a node too, in its short form (!Ref) as in its long one.
type node struct {
	line  int
	kind  kind
	text  string // of a scalar
	pairs []pair // of a map, in order
	list  []*node
	call  string // of a function: "Ref", "Sub"
	arg   *node
}

type pair struct {
	key   string
	line  int
	value *node
}

type kind int

const (
	empty kind = iota
	scalar
	mapping
	sequence
	function
	unknown // what nobody can tell before the stack exists; text says why
)

// get finds a value of a map, nil where there is none.
func (n *node) get(names ...string) *node {
	for _, name := range names {
		if n == nil || n.kind != mapping {
			return nil
		}
		i := slices.IndexFunc(n.pairs, func(p pair) bool { return p.key == name })
		if i < 0 {
			return nil
		}
		n = n.pairs[i].value
	}
	return n
}

// The most that a template may hold, so that no file can use up the machine.
const (
	longestTemplate = 1 << 20
	deepest         = 100
)

// tree reads a template. JSON is YAML as well, but for its tabs.
func tree(text []byte) (*node, error) {
	if len(text) > longestTemplate {
		return nil, errors.New("is longer than a template may be (1 MB)")
	}
	text = bytes.TrimPrefix(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\uFEFF"))
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		text = bytes.ReplaceAll(text, []byte("\t"), []byte(" ")) // in JSON no text holds one
	}
	if nesting(text) > deepest {
		return nil, fmt.Errorf("is nested more than %d levels deep", deepest)
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, message := 1, "is not YAML, nor JSON"
		var at yaml.Error
		if errors.As(err, &at) {
			message += ": " + at.GetMessage()
			if t := at.GetToken(); t != nil && t.Position != nil {
				line = max(t.Position.Line, 1)
			}
		}
		return nil, &lineError{line, message}
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	if len(docs) != 1 {
		return nil, fmt.Errorf("holds %d documents; a template is one", len(docs))
	}
	return convert(docs[0].Body, 0)
}

// nesting is about how deep the brackets and blanks of a text go, before any
// parser follows them.
func nesting(text []byte) int {
	depth, most := 0, 0
	for _, c := range text {
		switch c {
		case '{', '[':
			depth++
			most = max(most, depth)
		case '}', ']':
			depth = max(depth-1, 0)
		}
	}
	for line := range bytes.Lines(text) {
		rest := bytes.TrimLeft(line, " -?!")
		most = max(most, (len(line)-len(rest))/2)
	}
	return most
}

// A lineError says what is wrong with the text of a file.
type lineError struct {
	line int
	text string
}

func (e *lineError) Error() string { return e.text }

// convert makes a node of what the parser found.
func convert(n ast.Node, depth int) (*node, error) {
	out := &node{line: lineOf(n)}
	if depth > deepest {
		return nil, &lineError{out.line, fmt.Sprintf("is nested more than %d levels deep", deepest)}
	}
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return out, nil
	case *ast.MappingNode:
		return convertMap(out, n.Values, depth)
	case *ast.MappingValueNode:
		return convertMap(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.kind = sequence
		for _, v := range n.Values {
			one, err := convert(v, depth+1)
			if err != nil {
				return nil, err
			}
			out.list = append(out.list, one)
		}
	case *ast.TagNode:
		arg, err := convert(n.Value, depth+1)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(n.Start.Value, "!")
		if strings.HasPrefix(name, "!") { // !!str and its like change nothing that matters here
			return arg, nil
		}
		out.kind, out.call, out.arg = function, name, arg
	case *ast.StringNode:
		out.kind, out.text = scalar, n.Value
	case *ast.LiteralNode:
		out.kind, out.text = scalar, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		out.kind, out.text = scalar, n.GetToken().Value
	default:
		return nil, &lineError{out.line, "has an anchor, an alias or a merge, which CloudFormation doesn't take"}
	}
	return out, nil
}

func convertMap(out *node, values []*ast.MappingValueNode, depth int) (*node, error) {
	out.kind = mapping
	for _, v := range values {
		value, err := convert(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		key := v.Key.GetToken().Value
		if s, ok := v.Key.(*ast.StringNode); ok {
			key = s.Value
		}
		line := lineOf(v.Key)
		if value.line == 0 || value.kind == empty {
			value.line = line
		}
		out.pairs = append(out.pairs, pair{key, line, value})
	}
	if len(out.pairs) > 0 {
		out.line = out.pairs[0].line
	}
	if len(out.pairs) == 1 {
		p := out.pairs[0]
		if name, ok := strings.CutPrefix(p.key, "Fn::"); ok || p.key == "Ref" ||
			p.key == "Condition" && p.value.kind == scalar {
			return &node{line: p.line, kind: function, call: name, arg: p.value}, nil
		}
	}
	return out, nil
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}
