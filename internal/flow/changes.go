package flow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"catchment/internal/body"
	"catchment/internal/schema"
	"catchment/internal/value"
)

// Invalid says what becomes of a record that breaks a check.
type Invalid string

// The ways with an invalid record.
const (
	Reject Invalid = "reject" // it goes to the table of rejected records, with the reason
	Refuse Invalid = "fail"   // the run fails, and names it

	keep Invalid = "keep" // of a run that kept a record out: all others are copied, and it warns
)

// Changed tells whether the values of a field are changed on their way into
// the warehouse, by a mask or a cut: what the org says of it and what the
// warehouse holds are not the same text.
func (fl Flow) Changed(field string) bool {
	return slices.ContainsFunc(fl.Changes, func(c value.Change) bool { return strings.EqualFold(c.Field, field) })
}

// Treated tells whether the records of a flow have to be decoded on their way.
func (fl Flow) Treated() bool { return len(fl.Changes)+len(fl.Checks) > 0 }

// Treatment is what a flow asks of the values of the fields that it copies. What
// "*" names and this object doesn't have is left out. The salt is another's to
// fetch.
func (fl Flow) Treatment(fields []schema.Field) value.Treatment {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return value.Treatment{Changes: fl.Changes, Checks: fl.Checks}.Of(names)
}

// Salted tells whether a flow needs its salt.
func (fl Flow) Salted() bool {
	return fl.Salt != "" && slices.ContainsFunc(fl.Changes, func(c value.Change) bool { return c.Mask == value.SHA256 })
}

// treatment is what of a flow's changes decides which values its table has.
type treatment struct {
	Changes []value.Change    `json:",omitempty"`
	Checks  []value.Check     `json:",omitempty"`
	Rename  map[string]string `json:",omitempty"`
	Drop    []string          `json:",omitempty"`
	Invalid Invalid           `json:",omitempty"`
	Salt    string            `json:",omitempty"` // the reference: a digest of the secret itself could be guessed at
}

// treatment is nil where nothing is asked.
func (fl Flow) treatment() *treatment {
	if !fl.Treated() && len(fl.Rename)+len(fl.Drop) == 0 {
		return nil
	}
	t := &treatment{Rename: map[string]string{}, Drop: folded(fl.Drop)}
	for field, column := range fl.Rename {
		t.Rename[strings.ToLower(field)] = column
	}
	for _, c := range fl.Changes {
		c.Field = strings.ToLower(c.Field)
		t.Changes = append(t.Changes, c)
	}
	for _, c := range fl.Checks {
		c.Field = strings.ToLower(c.Field)
		t.Checks = append(t.Checks, c)
	}
	slices.SortStableFunc(t.Changes, func(a, b value.Change) int { return cmp.Compare(a.Field, b.Field) })
	slices.SortStableFunc(t.Checks, func(a, b value.Check) int { return cmp.Compare(a.Field, b.Field) })
	if len(t.Checks) > 0 {
		t.Invalid = fl.Invalid
	}
	if fl.Salted() {
		t.Salt = fl.Salt
	}
	return t
}

// treated checks what a flow asks of its fields' values against the object.
// Where the flow came out of "*" it may name fields that this object doesn't
// have.
func (fl Flow) treated(o schema.Object, chosen map[string]bool) []problem {
	var problems []problem
	each := func(key, name string, wrong func(schema.Field) string) {
		f, ok := o.Field(name)
		text := ""
		switch {
		case !ok && fl.star:
		case !ok:
			text = fmt.Sprintf("%s has no field %q that this user can see%s", o.Name, name, meant(name, namesOf(o)))
		case !chosen[f.Name] && !fl.star:
			text = f.Name + " is not copied by this flow"
		default:
			text = wrong(f)
		}
		if text != "" {
			problems = append(problems, fl.problem(key+"."+name, "%s", text))
		}
	}
	for _, c := range fl.Changes {
		if c.Mask != "" {
			each("mask", c.Field, fl.unchangeable(o))
		}
		if c.Truncate > 0 {
			each("truncate", c.Field, fl.unchangeable(o))
		}
	}
	problems = append(problems, fl.uncovered(o, chosen)...)
	for _, field := range slices.Sorted(maps.Keys(fl.Rename)) {
		each("rename", field, func(f schema.Field) string {
			if leads(f.Name) {
				return f.Name + " keeps its name: other tools and Catchment itself look for it"
			}
			return ""
		})
	}
	_, named := o.Field("Id")
	for _, c := range fl.Checks {
		each("validate", c.Field, func(f schema.Field) string {
			if !named {
				return o.Name + " has no Id, which a rejected record is known by"
			}
			if c.Rule == value.NotNegative && !f.Type.Number() {
				return fmt.Sprintf("%s is of type %s; not_negative goes with int, long, double, currency and percent",
					f.Name, f.Type)
			}
			return ""
		})
	}
	return problems
}

// uncovered reports compound fields that would be copied in clear while the flow
// hides one of their parts: an address holds the street.
func (fl Flow) uncovered(o schema.Object, chosen map[string]bool) []problem {
	hides := func(field string) bool {
		return fl.Changed(field) || slices.ContainsFunc(fl.Drop, func(name string) bool {
			return strings.EqualFold(name, field)
		})
	}
	hidden := map[string]string{} // the first hidden part, by the compound field that it is of
	for _, part := range o.Fields {
		if part.CompoundField != "" && hidden[part.CompoundField] == "" && hides(part.Name) {
			hidden[part.CompoundField] = part.Name
		}
	}
	var problems []problem
	for _, f := range o.Fields {
		part := hidden[f.Name]
		if !chosen[f.Name] || !f.Type.Compound() || fl.Changed(f.Name) || part == "" {
			continue
		}
		key, names := "include", fl.Include
		if len(fl.Fields) > 0 {
			key, names = "fields", fl.Fields
		}
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, f.Name) })
		problems = append(problems,
			fl.problem(index(key, i),
				"%s holds %s, which this flow masks, cuts or drops: mask %[1]s too, or leave it out", f.Name, part))
	}
	return problems
}

func namesOf(o schema.Object) []string {
	names := make([]string, len(o.Fields))
	for i, f := range o.Fields {
		names[i] = f.Name
	}
	return names
}

// leads tells the fields that consolidation goes by.
func leads(field string) bool {
	return field == "Id" || field == "SystemModstamp" || field == "IsDeleted" || field == "MasterRecordId"
}

// unchangeable says why the values of a field have to stay as they are, or "".
func (fl Flow) unchangeable(o schema.Object) func(schema.Field) string {
	of, isFile := body.Of(o.Name)
	return func(f schema.Field) string {
		if fl.Bodies != "" && isFile && slices.Contains(of.Needed(), f.Name) {
			return f.Name + " can't be changed: bodies are read and checked by it"
		}
		return unmaskable(f)
	}
}

// unmaskable says why the values of a field can't be masked or cut, or "". What
// isn't a text has a column that takes no masked value.
func unmaskable(f schema.Field) string {
	if !f.Type.Text() {
		return fmt.Sprintf("%s is of type %s, and only texts can be masked or cut; "+
			"to keep it out of the warehouse: drop: [%s]", f.Name, f.Type, f.Name)
	}
	if leads(f.Name) {
		return f.Name + " can't be changed: rows are told apart by it"
	}
	return ""
}
