// Package encode writes records as the APIs do: as REST's JSON and as Bulk's CSV.
package encode

import (
	"strconv"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/store"
)

// FlushAt is how much of an answer is put together before it is sent.
const FlushAt = 64 << 10

// A JSON turns rows into REST records: null where Bulk has an empty
// field, numbers with the digits that are stored, parents as objects.
type JSON struct {
	version string
	clock   soql.Clock
	nodes   []*jsonNode
	value   []byte     // scratch
	root    *store.Row // the record that is being written
}

// A jsonNode is one key of a record: a field, a parent with keys of its own,
// something computed, the records of a nested query, or what a TYPEOF shows.
type jsonNode struct {
	key      string
	kind     string // the type of the field; empty for a parent
	common   bool   // a parent behind a polymorphic lookup
	children []*jsonNode

	computed *soql.Column
	kids     *query.Kids
	nested   *JSON                  // of kids
	cases    map[string][]*jsonNode // of a TYPEOF, by object; Name is the ELSE
}

// NewJSON makes a JSON for the columns of a result.
func NewJSON(version string, r *query.Result) *JSON {
	w := &JSON{version: version, clock: r.Clock}
	for _, c := range r.Bound.Columns {
		switch {
		case c.Child != nil:
			kids := r.Kids[c.Child]
			w.nodes = append(w.nodes, &jsonNode{key: c.Child.Name, kids: kids, nested: NewJSON(version, kids.Result)})
		case c.Typeof != nil:
			w.nodes = append(w.nodes, typeofNode(c.Typeof))
		case c.Alias != "":
			w.nodes = append(w.nodes, &jsonNode{key: c.Alias, kind: c.Type, computed: c})
		default:
			addColumn(&w.nodes, c)
		}
	}
	return w
}

// addColumn adds the node of a field, and those of the parents before it.
func addColumn(level *[]*jsonNode, c *soql.Column) {
	for _, hop := range c.Path.Hops {
		parent := nodeFor(level, hop.Field.Relationship)
		parent.common = len(hop.Targets) > 1
		level = &parent.children
	}
	node := nodeFor(level, c.Path.Field.Name)
	node.kind = c.Type
	if c.Computed() {
		node.computed = c
	}
}

func typeofNode(t *soql.Typeof) *jsonNode {
	node := &jsonNode{key: t.Hop.Field.Relationship, cases: map[string][]*jsonNode{}}
	add := func(fields soql.TypeofFields) {
		var level []*jsonNode
		for _, c := range fields.Columns {
			addColumn(&level, c)
		}
		node.cases[fields.Object] = level[0].children // level has the relationship itself, and nothing else
	}
	for _, fields := range t.Cases {
		add(fields)
	}
	if t.Else != nil {
		add(*t.Else)
	}
	return node
}

// NewRecord makes a JSON for named fields of an object.
func NewRecord(version string, fields []*describe.Field) *JSON {
	w := &JSON{version: version}
	for _, f := range fields {
		w.nodes = append(w.nodes, &jsonNode{key: f.Name, kind: f.Type})
	}
	return w
}

// nodeFor finds the node of a key, or makes one behind the others.
func nodeFor(level *[]*jsonNode, key string) *jsonNode {
	for _, node := range *level {
		if node.key == key {
			return node
		}
	}
	node := &jsonNode{key: key}
	*level = append(*level, node)
	return node
}

// AppendRow writes one record.
func (w *JSON) AppendRow(dst []byte, r *store.Row) []byte {
	w.root = r
	return w.appendObject(dst, r, w.nodes, false)
}

func (w *JSON) appendObject(dst []byte, r *store.Row, nodes []*jsonNode, common bool) []byte {
	name := r.Object.Name()
	dst = append(dst, `{"attributes":{"type":"`...)
	if common {
		dst = append(dst, "Name"...)
	} else {
		dst = append(dst, name...)
	}
	dst = append(dst, `","url":"/services/data/`...)
	dst = append(dst, w.version...)
	dst = append(dst, `/sobjects/`...)
	dst = append(dst, name...)
	dst = append(dst, '/')
	dst = r.AppendValue(dst, r.Object.Sys.ID)
	dst = append(dst, `"}`...)
	for _, node := range nodes {
		dst = appendKey(dst, node.key)
		if common && node.children == nil && node.computed == nil {
			w.value = r.AppendCommon(w.value[:0], node.key)
			dst = w.appendTyped(dst, node.kind)
		} else {
			dst = w.appendNode(dst, r, node)
		}
	}
	return append(dst, '}')
}

func appendKey(dst []byte, key string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

func (w *JSON) appendNode(dst []byte, r *store.Row, node *jsonNode) []byte {
	switch {
	case node.children != nil:
		parent, ok := r.Parent(r.Object.LookupOf(node.key))
		if !ok {
			return append(dst, "null"...)
		}
		return w.appendObject(dst, parent, node.children, node.common)
	case node.cases != nil:
		return w.appendTypeof(dst, r, node)
	case node.kids != nil:
		return node.appendKids(dst, r)
	case node.computed != nil:
		w.value = append(w.value[:0], node.computed.Value(w.root, w.clock)...)
		return w.appendTyped(dst, node.kind)
	case node.kind == "address":
		return w.appendCompound(dst, r, strings.TrimSuffix(node.key, "Address"), addressParts())
	case node.kind == "base64":
		return w.appendBytesURL(dst, r, node.key)
	case node.kind == "location":
		return w.appendCompound(dst, r, strings.TrimSuffix(node.key, "__c"), locationParts())
	}
	return w.appendField(dst, r, r.Object.Place(node.key), node.kind)
}

// appendTypeof writes what the TYPEOF has for the object that the lookup
// leads to; null where it has nothing.
func (w *JSON) appendTypeof(dst []byte, r *store.Row, node *jsonNode) []byte {
	parent, ok := r.Parent(r.Object.LookupOf(node.key))
	if !ok {
		return append(dst, "null"...)
	}
	if fields, ok := node.cases[parent.Object.Name()]; ok {
		return w.appendObject(dst, parent, fields, false)
	}
	if fields, ok := node.cases["Name"]; ok {
		return w.appendObject(dst, parent, fields, true)
	}
	return append(dst, "null"...)
}

// appendKids writes the children of a record as an answer of their own; null
// where it has none.
func (n *jsonNode) appendKids(dst []byte, r *store.Row) []byte {
	places := n.kids.Places[r.Text(r.Object.Sys.ID)]
	if len(places) == 0 {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"totalSize":`...)
	dst = strconv.AppendInt(dst, int64(len(places)), 10)
	dst = append(dst, `,"done":true,"records":[`...)
	at := r.Snap.Row(n.kids.Object)
	for i, place := range places {
		if i > 0 {
			dst = append(dst, ',')
		}
		at.Move(place)
		dst = n.nested.AppendRow(dst, at)
	}
	return append(dst, `]}`...)
}

// AppendGroup writes a group of a grouped statement.
func (w *JSON) AppendGroup(dst []byte, r *query.Result, g soql.Group) []byte {
	dst = append(dst, `{"attributes":{"type":"AggregateResult"}`...)
	for _, c := range r.Bound.Columns {
		dst = appendKey(dst, c.Alias)
		w.value = append(w.value[:0], c.Value(g, r.Clock)...)
		dst = w.appendTyped(dst, c.Type)
	}
	return append(dst, '}')
}

func (w *JSON) appendField(dst []byte, r *store.Row, field int, kind string) []byte {
	w.value = r.AppendValue(w.value[:0], field)
	return w.appendTyped(dst, kind)
}

// appendTyped writes the scratch value in the form of its type.
func (w *JSON) appendTyped(dst []byte, kind string) []byte {
	if len(w.value) == 0 {
		return append(dst, "null"...)
	}
	switch kind {
	case "boolean", "int", "double", "currency", "percent":
		return append(dst, w.value...)
	case "datetime":
		dst = append(dst, '"')
		dst = append(dst, w.value[:len(w.value)-1]...) // without the Z
		return append(dst, `+0000"`...)
	}
	return halves.AppendJSON(dst, w.value)
}

// appendBytesURL writes where the content of a base64 field is to be had.
func (w *JSON) appendBytesURL(dst []byte, r *store.Row, key string) []byte {
	if r.Text(r.Object.Place(key)) == "" {
		return append(dst, "null"...)
	}
	url := "/services/data/" + w.version + "/sobjects/" + r.Object.Name() + "/" + r.Text(r.Object.Sys.ID) + "/" + key
	return halves.AppendJSON(dst, []byte(url))
}

// A part is a component of a compound value: its key, and what the field that
// holds it is called behind the name that all share.
type part struct{ key, suffix string }

func addressParts() []part {
	return []part{
		{"city", "City"}, {"country", "Country"}, {"geocodeAccuracy", "GeocodeAccuracy"},
		{"latitude", "Latitude"}, {"longitude", "Longitude"}, {"postalCode", "PostalCode"},
		{"state", "State"}, {"street", "Street"},
	}
}

func locationParts() []part {
	return []part{{"latitude", "__Latitude__s"}, {"longitude", "__Longitude__s"}}
}

// appendCompound puts a compound value together from its components.
func (w *JSON) appendCompound(dst []byte, r *store.Row, stem string, parts []part) []byte {
	from, filled := len(dst), false
	for i, part := range parts {
		dst = append(dst, "{,"[min(i, 1)], '"')
		dst = append(dst, part.key...)
		dst = append(dst, '"', ':')
		kind := "string"
		if part.key == "latitude" || part.key == "longitude" {
			kind = "double"
		}
		dst = w.appendField(dst, r, r.Object.Place(stem+part.suffix), kind)
		filled = filled || len(w.value) > 0
	}
	if !filled {
		return append(dst[:from], "null"...)
	}
	return append(dst, '}')
}
