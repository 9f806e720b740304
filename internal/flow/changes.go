package flow

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

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
			each("mask", c.Field, unmaskable)
		}
		if c.Truncate > 0 {
			each("truncate", c.Field, unmaskable)
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

// fieldMap reads a map whose keys are API names of fields, each once.
func fieldMap(read func(r *reader, at, field string, n ast.Node)) reading {
	return func(r *reader, at string, n ast.Node) {
		list, ok := r.entries(at, n)
		if !ok {
			return
		}
		lines := map[string]int{}
		for _, e := range list {
			name := e.Key.GetToken().Value
			lower, full := strings.ToLower(name), at+"."+name
			switch {
			case !schema.IsName(name):
				r.problem(e.Key, at, "%q is not the API name of a field", name)
			case lines[lower] > 0:
				r.problem(e.Key, full, "stands here again; the first is in line %d", lines[lower])
			default:
				lines[lower] = where(e.Key).line
				r.seen[full] = where(e.Value)
				read(r, full, name, e.Value)
			}
		}
	}
}

// change finds the change of a field in a list, or adds one.
func change(list *[]value.Change, field string) *value.Change {
	for i := range *list {
		if strings.EqualFold((*list)[i].Field, field) {
			return &(*list)[i]
		}
	}
	*list = append(*list, value.Change{Field: field})
	return &(*list)[len(*list)-1]
}

// hidden is what a fixed mask shows where nothing else is given.
const hidden = "***"

// masks reads Email: sha256, Phone: fixed, SSN__c: {first: 3}.
func masks(dst *[]value.Change) reading {
	const allowed = "sha256, fixed, {fixed: TEXT}, {first: N}, {last: N}"
	return fieldMap(func(r *reader, at, field string, n ast.Node) {
		c := value.Change{}
		switch n.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			found := r.mapping(at, n, []key{
				{"fixed", plain(&c.Text)},
				{"first", parsed(&c.N, parseLength)},
				{"last", parsed(&c.N, parseLength)},
			})
			if len(found) != 1 {
				if found != nil {
					r.problem(n, at, "wants one of %s", allowed)
				}
				return
			}
			for name := range found {
				c.Mask = value.Mask(name)
			}
		default:
			var word value.Mask
			choiceOf(&word, allowed, value.SHA256, value.Fixed)(r, at, n)
			c.Mask, c.Text = word, hidden
		}
		if c.Mask == value.SHA256 {
			c.Text = ""
		}
		old := change(dst, field)
		c.Field, c.Truncate = old.Field, old.Truncate
		*old = c
	})
}

// choiceOf is choice with a text of its own for what is allowed.
func choiceOf[T ~string](dst *T, allowed string, words ...T) reading {
	return func(r *reader, at string, n ast.Node) {
		s, ok := r.text(at, n)
		if ok && !slices.Contains(words, T(s)) {
			r.problem(n, at, "%q is not one of %s", s, allowed)
		} else if ok {
			*dst = T(s)
		}
	}
}

// cuts reads Description: 200.
func cuts(dst *[]value.Change) reading {
	return fieldMap(func(r *reader, at, field string, n ast.Node) {
		var length int
		if parsed(&length, parseLength)(r, at, n); length > 0 {
			change(dst, field).Truncate = length
		}
	})
}

// parseLength reads a number of characters.
func parseLength(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 131_072 {
		return 0, fmt.Errorf("%q is not a number of characters, from 1 to 131072", s)
	}
	return n, nil
}

var columnRE = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// renames reads Email: contact_email.
func renames(dst *map[string]string) reading {
	return fieldMap(func(r *reader, at, field string, n ast.Node) {
		var column string
		checked(&column, func(s string) string {
			if !columnRE.MatchString(s) || strings.HasPrefix(s, "_catchment_") {
				return fmt.Sprintf("%q is not a column name of small letters, digits and _; "+
					"those that begin with _catchment_ are taken", s)
			}
			return ""
		})(r, at, n)
		for other, taken := range *dst {
			if column != "" && taken == column {
				r.problem(n, at, "%q is the column of %s already", column, other)
				return
			}
		}
		if column == "" {
			return
		}
		if *dst == nil {
			*dst = map[string]string{}
		}
		(*dst)[field] = column
	})
}

// checks reads Email: not_null, Amount: not_negative, Phone: {pattern: RE}, or
// a list of those.
func checks(dst *[]value.Check) reading {
	return fieldMap(func(r *reader, at, field string, n ast.Node) {
		one := func(r *reader, at string, n ast.Node) {
			if c := check(r, at, n); c.Rule != "" {
				c.Field = field
				*dst = append(*dst, c)
			}
		}
		if _, ok := n.(*ast.SequenceNode); ok {
			r.sequence(at, n, one)
			return
		}
		one(r, at, n)
	})
}

func check(r *reader, at string, n ast.Node) value.Check {
	const allowed = "not_null, not_negative, {pattern: RE}"
	var c value.Check
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		r.mapping(at, n, []key{{"pattern", parsed(&c.Pattern, func(s string) (string, error) {
			if _, err := regexp.Compile(s); err != nil || s == "" {
				return "", errors.New("is not a regular expression (RE2), as in ^[+0-9 ]+$")
			}
			return s, nil
		})}})
		if c.Pattern != "" {
			c.Rule = value.Pattern
		}
	default:
		choiceOf(&c.Rule, allowed, value.NotNull, value.NotNegative)(r, at, n)
	}
	return c
}
