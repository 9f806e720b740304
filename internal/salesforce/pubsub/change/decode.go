package change

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/twmb/avro"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/schema"
)

// Decode reads an event that was written by the schema. of is what describe says of the event's object; an event of
// another one is an error, and so is one that isn't what its schema says. No error repeats a value, and what
// could be read before it stands in the Delta: whoever knows the Ids can read the records.
func (s *Schema) Decode(payload []byte, of *Object) (Delta, error) {
	r, err := s.read(payload)
	if err != nil {
		return Delta{}, err
	}
	d := Delta{Header: r.header, Kind: r.kind()}
	if !strings.EqualFold(d.Entity, of.name) {
		return Delta{}, plan.Strangef("an event is of %s, and not of %s", printable.Line(d.Entity), of.name)
	}
	if d.Kind != Wild && d.Kind != Overflow {
		if d.IDs, err = recordIDs(r.ids); err != nil {
			return Delta{}, err
		}
	}
	if d.Kind == Create || d.Kind == Undelete || d.Kind == Update {
		e := event{Schema: s, raw: r, of: of, kind: d.Kind}
		d.Fields, err = e.fields()
	}
	return d, err
}

// A raw is an event as Avro has it.
type raw struct {
	header                 Header
	ids                    []string
	changed, nulled, diffs []string
	values                 map[string]any
}

// read takes the bytes of an event apart.
func (s *Schema) read(payload []byte) (raw, error) {
	var decoded any
	rest, err := s.avro.Decode(payload, &decoded)
	if _, short := errors.AsType[*avro.ShortBufferError](err); short {
		return raw{}, plan.Strangef("the event is cut short")
	}
	values, isRecord := decoded.(map[string]any)
	if err != nil || len(rest) > 0 || !isRecord {
		return raw{}, plan.Strangef("the event isn't what its schema says")
	}
	header, _ := values[headerName].(map[string]any)
	p := parts{values: header}
	r := raw{values: values, header: Header{
		Entity: p.text("entityName"), Type: p.text("changeType"), Origin: p.text("changeOrigin"),
		Transaction: p.text("transactionKey"), Sequence: int(p.number("sequenceNumber")),
		At: time.UnixMilli(p.number("commitTimestamp")).UTC(), Commit: p.number("commitNumber"),
		User: p.text("commitUser"),
	}}
	r.ids, r.changed = p.texts("recordIds"), p.texts("changedFields")
	r.nulled, r.diffs = p.texts("nulledFields"), p.texts("diffFields")
	if p.lacks != "" {
		return raw{}, plan.Strangef("the header of an event has no %s", p.lacks)
	}
	return r, nil
}

// parts reads a header, and remembers what it lacked.
type parts struct {
	values map[string]any
	lacks  string
}

func (p *parts) text(name string) string {
	text, ok := p.values[name].(string)
	p.need(ok, name)
	return text
}

func (p *parts) number(name string) int64 {
	switch n := p.values[name].(type) {
	case int32:
		return int64(n)
	case int64:
		return n
	}
	p.need(false, name)
	return 0
}

func (p *parts) texts(name string) []string {
	list, ok := p.values[name].([]any)
	texts := make([]string, 0, len(list))
	for _, one := range list {
		text, is := one.(string)
		ok = ok && is
		texts = append(texts, text)
	}
	p.need(ok, name)
	return texts
}

func (p *parts) need(ok bool, name string) {
	if !ok && p.lacks == "" {
		p.lacks = name
	}
}

// kind is what befell the records. What this version doesn't know may be anything: the records have to be read.
func (r raw) kind() Kind {
	if r.header.Type == "GAP_OVERFLOW" {
		return Overflow
	}
	if slices.ContainsFunc(r.ids, func(id string) bool { return strings.HasSuffix(id, "*") }) {
		return Wild
	}
	switch r.header.Type {
	case "CREATE":
		return Create
	case "UPDATE":
		return Update
	case "DELETE":
		return Delete
	case "UNDELETE":
		return Undelete
	}
	return Gap
}

var idRE = regexp.MustCompile(`^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$`)

func recordIDs(given []string) ([]string, error) {
	if len(given) == 0 {
		return nil, plan.Strangef("an event names no record")
	}
	ids := make([]string, len(given))
	for i, id := range given {
		if !idRE.MatchString(id) {
			return nil, plan.Strangef("an event names a record by what is no Id")
		}
		var err error
		if ids[i], err = schema.ID18(id); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// An event is one whose fields are being read.
type event struct {
	*Schema
	raw
	of   *Object
	kind Kind

	changes, nulls, differs marks
	all                     []Field
}

// fields are what the event says of them.
func (e *event) fields() (_ []Field, err error) {
	for _, bitmap := range []struct {
		name string
		from []string
		into *marks
	}{
		{"changedFields", e.changed, &e.changes}, {"nulledFields", e.nulled, &e.nulls},
		{"diffFields", e.diffs, &e.differs},
	} {
		if *bitmap.into, err = e.marks(bitmap.name, bitmap.from); err != nil {
			return nil, err
		}
	}
	for at := 1; at < len(e.columns); at++ {
		if e.kind == Update && !e.touched(at) {
			continue
		}
		value := e.values[e.columns[at].name]
		nested, isRecord := value.(map[string]any)
		if isRecord || value == nil && e.isCompound(at) {
			e.compound(at, nested)
			continue
		}
		e.single(at, value)
	}
	return e.all, nil
}

// touched tells whether an update says anything of a field.
func (e *event) touched(at int) bool {
	return e.changes.touches(at) || e.nulls.touches(at) || e.differs.touches(at)
}

// isCompound tells whether an empty field is one of several parts. The name of an account may be a text or
// several parts; describe has parts of it in an org with person accounts.
func (e *event) isCompound(at int) bool {
	c := e.columns[at]
	if len(c.parts) == 0 {
		return false
	}
	f, known := e.of.fields.Field(c.name)
	return !known || f.Type.Compound() || e.changes.parts[at] != nil || e.nulls.parts[at] != nil ||
		e.differs.parts[at] != nil
}

// single reads a field of one value.
func (e *event) single(at int, value any) {
	name := e.columns[at].name
	f, known := e.of.fields.Field(name)
	if !known {
		f.Name = name
	}
	e.add(f, known, value, said{e.changes.has(at), e.nulls.has(at), e.differs.has(at)})
}

// compound reads a field that has parts, each of which describe knows as a field, too. What is put together from
// them, and is a field itself, has to be read.
func (e *event) compound(at int, values map[string]any) {
	c, before := e.columns[at], len(e.all)
	for i, part := range c.parts {
		says := said{e.changes.hasPart(at, i), e.nulls.hasPart(at, i), e.differs.hasPart(at, i)}
		if e.kind == Update && says == (said{}) {
			continue
		}
		f, known := e.of.part(c.name, part)
		if !known {
			f.Name = c.name + "." + part
		}
		e.add(f, known, values[part], says)
	}
	if f, known := e.of.fields.Field(c.name); known && len(e.all) > before {
		e.all = append(e.all, Field{Name: f.Name, State: Read, Why: Compound})
	}
}

// said is what the bitmaps say of a field.
type said struct{ changed, nulled, differs bool }

// add adds what the event says of a field.
func (e *event) add(f schema.Field, known bool, value any, says said) {
	field := Field{Name: f.Name, State: Read}
	switch {
	case says.differs:
		field.Why = Diff
	case value == nil && e.kind != Update:
		// A new record has nothing where the event has nothing, and of formulas an event isn't sure.
		if e.kind == Create || !known || f.Calculated {
			return
		}
		field.State = Null
	case !known:
		field.Why = Unknown
	case value == nil && says.nulled, value == "" && !says.nulled:
		field.State = Null
	case value == nil, says.nulled:
		field.Why = Unclear
	default:
		field.Value, field.Why = textOf(value, f)
		if field.Why == "" {
			field.State = Set
		}
	}
	e.all = append(e.all, field)
}
