package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/schema"
)

// A reader walks a YAML tree and collects every problem on its way, instead of
// stopping at the first.
type reader struct {
	file     string
	known    Warehouses
	problems []problem
	seen     map[string]position // of each value, by its key
	named    []string            // the variables that urls and paths name
}

// A reading reads the value n of the key called at into a place of its own.
type reading func(r *reader, at string, n ast.Node)

// later are keys and values of the design that this version doesn't have yet.
// They deserve another message than a slip of the pen.
func later() []string {
	return []string{"hash", "schedule", "stream"}
}

func (r *reader) problem(n ast.Node, at, format string, args ...any) {
	r.problems = append(r.problems, problem{r.file, where(n), at, fmt.Sprintf(format, args...)})
}

// problemAt makes the problem of a value that was read, by its key.
func (r *reader) problemAt(at, format string, args ...any) {
	r.problems = append(r.problems, problem{r.file, r.seen[at], at, fmt.Sprintf(format, args...)})
}

// under is a key below another one; the root has none.
func under(at, name string) string { return strings.TrimPrefix(at+"."+name, ".") }

// where tells where a node begins. The token of a block map is its first
// colon, so its first key is asked instead.
func where(n ast.Node) position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return where(m.Values[0])
		}
	case *ast.MappingValueNode:
		return where(m.Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return position{1, 1}
	}
	p := n.GetToken().Position
	return position{max(p.Line, 1), max(p.Column, 1)}
}

// entries returns the entries of a map; a key with nothing after it counts as
// an empty one, since that is what a commented-out section leaves.
func (r *reader) entries(at string, n ast.Node) (list []*ast.MappingValueNode, ok bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	case *ast.NullNode:
		return nil, true
	}
	r.problem(n, at, "wants a map, and this is %s", kind(n))
	return nil, false
}

// mapping reads a map whose keys are known, and returns the values that stand
// there by their keys; nil where this is no map.
func (r *reader) mapping(at string, n ast.Node, keys []key) map[string]ast.Node {
	list, ok := r.entries(at, n)
	if !ok {
		return nil
	}
	found := map[string]ast.Node{}
	for _, e := range list {
		if _, merges := e.Key.(*ast.MergeKeyNode); merges {
			r.problem(e.Key, at, "<< takes in an anchor, an alias or a tag, which are not allowed here")
			continue
		}
		name := e.Key.GetToken().Value
		full := under(at, name)
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		if i < 0 {
			r.problem(e.Key, at, "%s", unknownKey(at, name, namesOfKeys(keys)))
			continue
		}
		if first, twice := found[name]; twice {
			r.problem(e.Key, full, "stands here again; the first is in line %d", where(first).line)
			continue
		}
		found[name] = e.Value
		r.seen[full] = where(e.Value)
		keys[i].read(r, full, e.Value)
	}
	for _, k := range keys {
		if _, ok := found[k.name]; k.needed && !ok {
			r.missing(n, at, k.name)
		}
	}
	return found
}

// missing reports a key that a map must have and doesn't.
func (r *reader) missing(n ast.Node, at, name string) { r.problem(n, at, "key %q is missing", name) }

func namesOfKeys(keys []key) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.name
	}
	return all
}

// unknownKey says that a key isn't one of allowed. It repeats the key only
// where that can't be a secret (invariant 9): not beside secrets, where one may
// stand in the place of a key, and not where it is no word at all, since who
// forgets the blank in "token: x" makes a key of both.
func unknownKey(at, name string, allowed []string) string {
	if at == "org.login" || !wordRE.MatchString(name) {
		return unknown("this key", name, allowed)
	}
	return unknown(fmt.Sprintf("key %q", name), name, allowed)
}

var wordRE = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// unknown says of a subject that its name isn't one of allowed, and which one
// may have been meant.
func unknown(subject, name string, allowed []string) string {
	list := strings.Join(allowed, ", ")
	if slices.Contains(later(), name) {
		return subject + " is not in this version; allowed: " + list
	}
	return subject + " is not one of " + list + meant(name, allowed)
}

// sequence reads every element of a list.
func (r *reader) sequence(at string, n ast.Node, read reading) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(n, at, "wants a list, and this is %s", kind(n))
		return
	}
	for i, v := range list.Values {
		full := fmt.Sprintf("%s[%d]", at, i)
		r.seen[full] = where(v)
		read(r, full, v)
	}
}

// text returns the text of a scalar, numbers as they are written.
func (r *reader) text(at string, n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	r.problem(n, at, "wants a text, and this is %s", kind(n))
	return "", false
}

// kind says what a node is, never its value.
func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode, nil:
		return "empty"
	}
	return "an anchor, an alias or a tag, which are not allowed here"
}

// wrongName says why nobody can work with an API name, whoever gave it, or "": it stands
// in queries, in URLs and keys, and the table or the column is called after it.
func wrongName(name string) string {
	switch {
	case schema.IsName(name):
		return ""
	case len(name) > schema.LongestName:
		return fmt.Sprintf("it has %d characters, and no API name has more than %d", len(name), schema.LongestName)
	}
	return "it isn't made of letters, digits and _"
}
