package encode

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/store"
)

// An XML turns rows into records of the partner SOAP API: the columns of JSON,
// in elements that have the Id first, whether it was asked for or not.
type XML struct{ *JSON }

// NewXML makes an XML for the columns of a result.
func NewXML(r *query.Result) XML { return XML{NewJSON("", r)} }

// AppendRow writes one record.
func (w XML) AppendRow(dst []byte, r *store.Row) []byte {
	w.root = r
	dst = append(dst, `<records xsi:type="sf:sObject">`...)
	dst = w.appendFields(dst, r, w.nodes, false)
	return append(dst, `</records>`...)
}

// AppendGroup writes a group of a grouped statement.
func (w XML) AppendGroup(dst []byte, r *query.Result, g soql.Group) []byte {
	dst = append(dst, `<records xsi:type="sf:sObject"><sf:type>AggregateResult</sf:type><sf:Id xsi:nil="true"/>`...)
	for _, c := range r.Bound.Columns {
		dst = appendElement(dst, "sf:"+c.Alias, []byte(c.Value(g, r.Clock)))
	}
	return append(dst, `</records>`...)
}

// appendFields writes what stands within a record.
func (w XML) appendFields(dst []byte, r *store.Row, nodes []*jsonNode, common bool) []byte {
	typ, id := r.Object.Name(), ""
	if common {
		typ = "Name"
	}
	for _, node := range nodes {
		if node.key == "Id" {
			id = r.Text(r.Object.Sys.ID)
		}
	}
	dst = appendElement(dst, "sf:type", []byte(typ))
	dst = appendElement(dst, "sf:Id", []byte(id))
	for _, node := range nodes {
		dst = w.appendNode(dst, r, node, common)
	}
	return dst
}

func (w XML) appendNode(dst []byte, r *store.Row, node *jsonNode, common bool) []byte {
	name := "sf:" + node.key
	switch {
	case node.computed != nil:
		w.value = append(w.value[:0], node.computed.Value(w.root, w.clock)...)
	case node.children != nil:
		parent, ok := r.Parent(r.Object.LookupOf(node.key))
		if !ok {
			return appendElement(dst, name, nil)
		}
		return w.appendParent(dst, name, parent, node.children, node.common)
	case node.cases != nil:
		return w.appendTypeof(dst, r, node)
	case node.kids != nil:
		return node.appendXMLKids(dst, r)
	case common:
		w.value = r.AppendCommon(w.value[:0], node.key)
	case node.kind == "address":
		return w.appendCompound(dst, r, node, strings.TrimSuffix(node.key, "Address"), addressParts())
	case node.kind == "location":
		return w.appendCompound(dst, r, node, strings.TrimSuffix(node.key, "__c"), locationParts())
	default:
		w.value = r.AppendValue(w.value[:0], r.Object.Place(node.key))
	}
	return appendElement(dst, name, w.value)
}

func (w XML) appendParent(dst []byte, name string, parent *store.Row, nodes []*jsonNode, common bool) []byte {
	dst = append(dst, `<`+name+` xsi:type="sf:sObject">`...)
	dst = w.appendFields(dst, parent, nodes, common)
	return append(dst, `</`+name+`>`...)
}

// appendTypeof writes what the TYPEOF has for the object that the lookup leads
// to, nil where it has nothing.
func (w XML) appendTypeof(dst []byte, r *store.Row, node *jsonNode) []byte {
	name := "sf:" + node.key
	parent, ok := r.Parent(r.Object.LookupOf(node.key))
	if !ok {
		return appendElement(dst, name, nil)
	}
	if fields, ok := node.cases[parent.Object.Name()]; ok {
		return w.appendParent(dst, name, parent, fields, false)
	}
	if fields, ok := node.cases["Name"]; ok {
		return w.appendParent(dst, name, parent, fields, true)
	}
	return appendElement(dst, name, nil)
}

// appendXMLKids writes the children of a record as an answer of their own; nil
// where it has none.
func (n *jsonNode) appendXMLKids(dst []byte, r *store.Row) []byte {
	name := "sf:" + n.key
	places := n.kids.Places[r.Text(r.Object.Sys.ID)]
	if len(places) == 0 {
		return appendElement(dst, name, nil)
	}
	dst = append(dst, `<`+name+` xsi:type="QueryResult"><done>true</done><queryLocator xsi:nil="true"/>`...)
	at := r.Snap.Row(n.kids.Object)
	for _, place := range places {
		at.Move(place)
		dst = XML{n.nested}.AppendRow(dst, at)
	}
	dst = append(dst, `<size>`...)
	dst = strconv.AppendInt(dst, int64(len(places)), 10)
	return append(dst, `</size></`+name+`>`...)
}

// appendCompound puts a compound value together from its components.
func (w XML) appendCompound(dst []byte, r *store.Row, node *jsonNode, stem string, parts []part) []byte {
	from, filled := len(dst), false
	dst = append(dst, `<sf:`+node.key+` xsi:type="`+node.kind+`">`...)
	for _, part := range parts {
		w.value = r.AppendValue(w.value[:0], r.Object.Place(stem+part.suffix))
		filled = filled || len(w.value) > 0
		dst = appendElement(dst, part.key, w.value)
	}
	if !filled {
		return appendElement(dst[:from], "sf:"+node.key, nil)
	}
	return append(dst, `</sf:`+node.key+`>`...)
}

// appendElement writes an element of text; nil where there is none.
func appendElement(dst []byte, name string, text []byte) []byte {
	if len(text) == 0 {
		return append(dst, `<`+name+` xsi:nil="true"/>`...)
	}
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, text) // a buffer takes everything
	dst = append(dst, `<`+name+`>`...)
	dst = append(dst, escaped.Bytes()...)
	return append(dst, `</`+name+`>`...)
}
