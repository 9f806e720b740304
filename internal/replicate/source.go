package replicate

import (
	"context"
	"slices"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/value"
	"catchment/internal/warehouse"
)

// A source is what a run knows of one flow: its settings, what describe says
// of the object now, and the table that follows from both.
type source struct {
	flow      flow.Flow
	object    schema.Object
	fields    []schema.Field
	skipped   []flow.Skipped
	table     warehouse.Table
	past      warehouse.Past  // the table as earlier runs left it
	treatment value.Treatment // of the values on their way
	motion    motion
	stale     stale
	cursor    string // "" where the object is read whole each time
}

func sourceOf(fl flow.Flow, o schema.Object) (*source, error) {
	if !o.Queryable {
		return nil, plan.Fixf("leave it out of catchment.yaml", "object %s can't be queried", o.Name)
	}
	fields, skipped, err := flow.Fields(fl, o)
	if err != nil {
		return nil, err
	}
	table, err := warehouse.TableFor(o, fields, fl.Naming == flow.Snake)
	if err == nil {
		table, err = table.Renamed(fl.Rename)
	}
	if err != nil {
		return nil, err
	}
	return &source{flow: fl, object: o, fields: fields, skipped: skipped, table: table, treatment: fl.Treatment(fields), cursor: o.Cursor().Field}, nil
}

// describe looks at a flow's object as it is now.
func (r *Replicator) describe(ctx context.Context, fl flow.Flow) (*source, error) {
	o, err := r.describeObject(ctx, fl.Object)
	if err != nil {
		return nil, err
	}
	src, err := sourceOf(fl, o)
	if err != nil {
		return nil, err
	}
	if src.table, src.past, err = r.Warehouse.Adapt(ctx, src.table); err != nil {
		return nil, err
	}
	src.settle()
	if fl.Salted() {
		if src.treatment.Salt, err = r.Options.Secret(fl.Salt); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sources[fl.Object] = src
	return src, nil
}

// source finds what list described, or describes it anew in a process that
// did not list.
func (r *Replicator) source(ctx context.Context, name string) (*source, error) {
	r.mu.Lock()
	src := r.sources[name]
	r.mu.Unlock()
	if src != nil {
		return src, nil
	}
	flows, err := r.Flows(ctx)
	if err != nil {
		return nil, err
	}
	for _, fl := range flows {
		if fl.Object == name {
			return r.describe(ctx, fl)
		}
	}
	return nil, plan.Fixf("put it back to finish what is open", "flow %s is not in the configuration any more", name)
}

// names is the fields that a whole record has here. Those that the flow's rules
// look at come first: where a reading is divided into groups of columns, the first
// group is the one that decides on a record.
func (s *source) names() []string {
	var checked, others []string
	for _, f := range s.fields {
		if slices.ContainsFunc(s.treatment.Checks, func(c value.Check) bool { return strings.EqualFold(c.Field, f.Name) }) {
			checked = append(checked, f.Name)
		} else {
			others = append(others, f.Name)
		}
	}
	return append(checked, others...)
}

// byREST tells whether only REST gives the values of a field.
func (s *source) byREST(field string) bool {
	f, ok := s.object.Field(field)
	return ok && !f.Type.InBulk()
}

// inBulk tells whether Bulk can read any of some columns beside those that every
// query has. Where the flow's rules decide on whole records, one query has to read
// all of them.
func (s *source) inBulk(columns []string) bool {
	_, others := apart(columns)
	alone := slices.ContainsFunc(others, s.byREST)
	carried := slices.ContainsFunc(others, func(c string) bool { return !s.byREST(c) })
	return !alone || carried && len(s.treatment.Checks) == 0
}

// narrow is a part that reads some fields of every record, as patches.
func (s *source) narrow(name string, fields []string) control.Part {
	columns := []string{"Id"}
	if f, ok := s.object.Field("SystemModstamp"); ok {
		columns = append(columns, f.Name)
	}
	columns = append(columns, fields...)
	return control.Part{Name: name, Op: string(warehouse.Patch), Columns: columns,
		SOQL: queryFor(s.object.Name, columns, s.flow.Where, "", time.Time{})}
}

// carries tells whether the table still has all these columns: an attempt that
// reads a field which vanished meanwhile can't be loaded.
func (s *source) carries(fields []string) bool {
	return !slices.ContainsFunc(fields, func(name string) bool {
		return !slices.ContainsFunc(s.fields, func(f schema.Field) bool { return f.Name == name })
	})
}
