// Package source says what is copied of a flow's object: it meets the flow with
// what describe says, and is the one place that decides on fields, columns,
// names and treatments.
//
// The way is always the same: describe, choose the fields, make the table, name
// its columns as the flow wants them, adapt it to the table that the warehouse
// has, and find the salt. A command that only looks stops earlier, and never
// goes another way. What is done with a source is left to the verbs.
//
// Start at Finder.Source.
package source

import (
	"context"
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/value"
	"catchment/internal/warehouse/shape"
)

// A Source is what is copied of one object: the flow's settings, what describe
// says of the object now, and the table that follows from both.
type Source struct {
	Flow      flow.Flow
	Object    schema.Object
	Fields    []schema.Field  // that are copied
	Skipped   []flow.Skipped  // that are not, and why
	Table     shape.Table     // with the columns' names as the warehouse has them
	Past      shape.Past      // the table as earlier runs left it
	Left      []Left          // columns that fields left behind
	Treatment value.Treatment // of the values on their way
	Cursor    string          // the field that tells what changed; "" where the object is read whole each time

	Refused bool   // the org lets this user read the object only where a query names records or their parents
	Parent  string // the field of the parents whose Ids are named then, of those that the copy has; "" where none are

	index schema.Index // of Object
}

// Of meets a flow with what describe says of its object, as if the warehouse
// were empty.
func Of(fl flow.Flow, o schema.Object) (*Source, error) {
	if !o.Queryable {
		return nil, plan.Fixf("leave it out of catchment.yaml", "object %s can't be queried", o.Name)
	}
	fields, skipped, err := fl.Choose(o)
	if err != nil {
		return nil, err
	}
	table, err := shape.TableFor(o, fields, fl.Naming == flow.Snake)
	if err != nil {
		return nil, err
	}
	if table, err = table.Renamed(fl.Rename); err != nil {
		return nil, err
	}
	return &Source{
		Flow: fl, Object: o, Fields: fields, Skipped: skipped, Table: table,
		Treatment: fl.Treatment(fields), Cursor: o.Cursor().Field, index: o.Index(),
	}, nil
}

// A Finder finds sources. What it lacks is left out: without Columns the table
// is as the first run would make it, without Secret a treatment has no salt, and without
// Refuses every object is read as its describe says.
type Finder struct {
	Describe func(ctx context.Context, object string) (schema.Object, error)
	Columns  func(context.Context, shape.Table) (shape.Table, shape.Past, error) // Warehouse.Adapt
	Secret   func(reference string) (string, error)
	Refuses  func(ctx context.Context, object string) (bool, error) // to be read without naming parents; may be nil
}

// Source looks at a flow's object as it is now. It changes nothing.
func (f Finder) Source(ctx context.Context, fl flow.Flow) (*Source, error) {
	if fl.Wrong != nil {
		return nil, fl.Wrong
	}
	o, err := f.Describe(ctx, fl.Object)
	if err != nil {
		return nil, err
	}
	if why := unlike(o, fl.Object); why != "" { // its table would be another one's
		return nil, plan.Strangef("describe %s: %s", fl.Object, why)
	}
	s, err := Of(fl, o)
	if err != nil {
		return nil, err
	}
	if len(s.Fields) == 0 { // an attempt to read none would be stuck
		return nil, plan.Fixf("let the flow copy at least one field that the user may see",
			"describe %s: there is no field to copy", fl.Object)
	}
	if err := s.meetRefusal(ctx, f); err != nil {
		return nil, err
	}
	if f.Columns != nil {
		if s.Table, s.Past, err = f.Columns(ctx, s.Table); err != nil {
			return nil, err
		}
		s.settle()
	}
	if f.Secret != nil && fl.Salted() {
		if s.Treatment.Salt, err = f.Secret(fl.Salt); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// unlike says why an answer can't be the describe of an object, or "".
func unlike(o schema.Object, object string) string {
	if o.Name == "" {
		return "the answer names no object"
	}
	if !strings.EqualFold(o.Name, object) {
		return "the answer is about another object"
	}
	return ""
}

// Names is the fields that a whole record has here. Those that the flow's rules
// look at come first: where a reading is divided into groups of columns, the first
// group is the one that decides on a record.
func (s *Source) Names() []string {
	var checked, others []string
	for _, f := range s.Fields {
		if slices.ContainsFunc(s.Treatment.Checks,
			func(c value.Check) bool { return strings.EqualFold(c.Field, f.Name) }) {
			checked = append(checked, f.Name)
		} else {
			others = append(others, f.Name)
		}
	}
	return append(checked, others...)
}

// Replicates tells whether Salesforce's logs of changes speak of the object.
func (s *Source) Replicates() bool {
	return s.Object.Replicateable && s.Cursor == "SystemModstamp"
}

// ByREST tells whether only REST gives the values of a field.
func (s *Source) ByREST(field string) bool {
	f, ok := s.index.Field(field)
	return ok && !f.Type.InBulk()
}

// StoredIn tells whether a table has the columns that all these fields have now. What
// has another one since can't be loaded into a table that was made before.
func (s *Source) StoredIn(t shape.Table, fields []string) bool {
	return !slices.ContainsFunc(s.Table.Columns, func(c shape.Column) bool {
		return slices.Contains(fields, c.Field) && !HasColumn(t, c.Name)
	})
}

// Carries tells whether the table still has all these fields: an attempt that
// reads one which vanished meanwhile can't be loaded.
func (s *Source) Carries(fields []string) bool {
	return !slices.ContainsFunc(fields, func(name string) bool {
		return !slices.ContainsFunc(s.Fields, func(f schema.Field) bool { return f.Name == name })
	})
}

// Column finds the column of a field, by the field's name in a page's header.
func (s *Source) Column(field string) (shape.Column, bool) {
	for _, c := range s.Table.Columns {
		if c.Field == field {
			return c, true
		}
	}
	return shape.Column{}, false
}

// IDColumns is the columns that hold Ids.
func (s *Source) IDColumns() []string {
	var names []string
	for _, c := range s.Table.Columns {
		if f, ok := s.index.Field(c.Field); ok && (f.Type == schema.ID || f.Type == schema.Reference) {
			names = append(names, c.Name)
		}
	}
	return names
}
