package change

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/twmb/avro"

	"catchment/internal/plan"
)

// Bounds of a schema: the largest objects have some 900 fields, in 300 kB, five levels deep.
const (
	schemaAtMost = 4 << 20 // bytes
	namesAtMost  = 20_000  // that are given
	nestedAtMost = 32      // levels of JSON
	nodesAtMost  = 50_000  // with each type written out wherever it is used
	levelsAtMost = 10      // of types in types
)

// headerName is the field that every change event begins with.
const headerName = "ChangeEventHeader"

// A Schema is one that events are written by. It may be used by many goroutines at once.
type Schema struct {
	avro    *avro.Schema
	columns []column // in the order of the schema: bitmaps count by it
}

// A column is one field of a schema.
type column struct {
	name  string
	parts []string // what a compound one is made of, in order
}

// ParseSchema reads a schema as GetSchema answers it.
func ParseSchema(text string) (*Schema, error) {
	if err := bounded(text); err != nil {
		return nil, err
	}
	parsed, err := avro.Parse(text)
	if err != nil { // which repeats what it was given
		return nil, plan.Strangef("the schema of the events isn't one of Avro")
	}
	root := parsed.Root()
	if root.Type != "record" || len(root.Fields) == 0 || root.Fields[0].Name != headerName {
		return nil, plan.Strangef("the schema isn't one of change events: it doesn't begin with a %s", headerName)
	}
	types := register{nodes: nodesAtMost}
	if err := types.spend(root, 0); err != nil {
		return nil, err
	}
	s := &Schema{avro: parsed}
	for i := range root.Fields {
		f := &root.Fields[i]
		c := column{name: f.Name}
		if record := types.record(&f.Type); record != nil {
			for _, part := range record.Fields {
				c.parts = append(c.parts, part.Name)
			}
		}
		s.columns = append(s.columns, c)
	}
	return s, nil
}

// bounded refuses the text of a schema that no org has, before a parser takes it apart.
func bounded(text string) error {
	if len(text) > schemaAtMost {
		return tooLarge("is larger than %d bytes", schemaAtMost)
	}
	depth, names := 0, 0
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return plan.Strangef("the schema of the events isn't JSON")
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		case "name":
			names++
		}
		switch {
		case depth > nestedAtMost:
			return tooLarge("is nested more than %d levels deep", nestedAtMost)
		case names > namesAtMost:
			return tooLarge("gives more than %d names", namesAtMost)
		}
	}
}

func tooLarge(what string, most int) error {
	return plan.Failf(plan.Fix, plan.NoOrg, "the schema of the events "+what, most)
}

// A register knows the types of a schema that have names, and how much of it may still be seen.
type register struct {
	named map[string]*avro.SchemaNode
	nodes int
}

// spend goes past a type as often as decoding does: types that name each other may be few and make a value of
// any size out of no bytes.
func (r *register) spend(n *avro.SchemaNode, level int) error {
	r.nodes--
	switch {
	case r.nodes < 0:
		return tooLarge("describes values of more than %d parts", nodesAtMost)
	case level > levelsAtMost:
		return tooLarge("has more than %d levels of types in types", levelsAtMost)
	}
	n = r.resolve(n)
	for i := range n.Fields {
		if err := r.spend(&n.Fields[i].Type, level+1); err != nil {
			return err
		}
	}
	for i := range n.Branches {
		if err := r.spend(&n.Branches[i], level+1); err != nil {
			return err
		}
	}
	for _, of := range []*avro.SchemaNode{n.Items, n.Values} {
		if of == nil {
			continue
		}
		if err := r.spend(of, level+1); err != nil {
			return err
		}
	}
	return nil
}

// resolve gives the type that a node names, or the node itself, which others may name later.
func (r *register) resolve(n *avro.SchemaNode) *avro.SchemaNode {
	if known, ok := r.named[n.Type]; ok {
		return known
	}
	if n.Name != "" && slices.Contains([]string{"record", "error", "enum", "fixed"}, n.Type) {
		if r.named == nil {
			r.named = map[string]*avro.SchemaNode{}
		}
		r.named[fullName(n)] = n
		if r.named[n.Name] == nil { // within a namespace a type may be named without it
			r.named[n.Name] = n
		}
	}
	return n
}

func fullName(n *avro.SchemaNode) string {
	if n.Namespace == "" || strings.Contains(n.Name, ".") {
		return n.Name
	}
	return n.Namespace + "." + n.Name
}

// record gives the record that a field may be, nil where it is none.
func (r *register) record(n *avro.SchemaNode) *avro.SchemaNode {
	n = r.resolve(n)
	if n.Type == "record" {
		return n
	}
	for i := range n.Branches {
		if branch := r.resolve(&n.Branches[i]); branch.Type == "record" {
			return branch
		}
	}
	return nil
}
