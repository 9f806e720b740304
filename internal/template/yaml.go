package template

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// longestYAML is what CloudFormation takes of a template: its parser is slow.
const longestYAML = 1 << 20

// readYAML reads the documents of a file in YAML.
func readYAML(text []byte) ([]*node, error) {
	if len(text) > longestYAML {
		return nil, errors.New("is longer than a template in YAML may be (1 MB)")
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
	var docs []*node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		root, err := convert(d.Body, 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, root)
	}
	return docs, nil
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
	return asFunction(out), nil
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}
