package rest

import (
	"context"
	"regexp"
	"strings"

	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/schema"
)

// A column is one field of the query, with the type that its text depends on.
type column struct {
	name string // as Bulk's header would have it
	typ  schema.Type
}

// columns finds the fields of the query and their types. It asks describe for what the
// request doesn't tell of: the object, and those that relationships lead to.
func (p *Pager) columns(ctx context.Context, r mover.Request) ([]column, error) {
	names, err := selected(r.SOQL)
	if err != nil {
		return nil, err
	}
	known := describes{}
	if len(r.Described.Fields) > 0 {
		known[r.Object] = &r.Described
	}
	columns := make([]column, len(names))
	for i, name := range names {
		f, err := p.resolve(ctx, known, r.Object, name)
		if err != nil {
			return nil, err
		}
		columns[i] = column{name: name, typ: f.Type}
		if !strings.Contains(name, ".") {
			columns[i].name = f.Name
		}
	}
	return columns, nil
}

// describes are the objects that one Create has asked for.
type describes map[string]*schema.Object

// resolve finds the field that path leads to: Name, Owner.Name, and on.
func (p *Pager) resolve(ctx context.Context, known describes, object, path string) (schema.Field, error) {
	o, ok := known[object]
	if !ok {
		described, err := p.org.Describe(ctx, object)
		if err != nil {
			return schema.Field{}, err
		}
		o = &described
		known[object] = o
	}
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		if f, ok := o.Field(name); ok {
			return f, nil
		}
	}
	for _, f := range o.Fields {
		if !deeper || !strings.EqualFold(f.RelationshipName, name) {
			continue
		}
		// An owner may be a user or a queue: whichever has the field will do.
		for _, parent := range f.ReferenceTo {
			if found, err := p.resolve(ctx, known, parent, rest); err == nil || plan.ClassOf(err) != plan.Fix {
				return found, err
			}
		}
	}
	return schema.Field{}, plan.Fixf("check the fields of the flow: one was removed, or hidden from the user",
		"%s has no field %s", object, path)
}

// selected takes the field names out of a query. There are neither functions
// nor subqueries in it: Bulk has none either.
func selected(soql string) ([]string, error) {
	list := regexp.MustCompile(`(?is)^\s*SELECT\s+([\w.]+(?:\s*,\s*[\w.]+)*)\s+FROM\s`).FindStringSubmatch(soql)
	if list == nil {
		return nil, plan.Failf(plan.Bug, "", "a query that doesn't begin with SELECT, field names and FROM")
	}
	names := strings.Split(list[1], ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names, nil
}
