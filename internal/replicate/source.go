package replicate

import (
	"context"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// describe looks at a flow's object as it is now, and keeps that for the steps
// that come after list.
func (r *Replicator) describe(ctx context.Context, fl flow.Flow) (*source.Source, error) {
	find := source.Finder{Describe: r.describeObject, Columns: r.Warehouse.Adapt, Secret: r.Options.Secret}
	src, err := find.Source(ctx, fl)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sources[fl.Object] = src
	return src, nil
}

// source finds what list described, or describes it anew in a process that
// did not list.
func (r *Replicator) source(ctx context.Context, name string) (*source.Source, error) {
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

// inBulk tells whether Bulk can read any of some columns beside those that every
// query has. Where the flow's rules decide on whole records, one query has to read
// all of them.
func inBulk(src *source.Source, columns []string) bool {
	_, others := reading.Apart(columns)
	alone := slices.ContainsFunc(others, src.ByREST)
	carried := slices.ContainsFunc(others, func(c string) bool { return !src.ByREST(c) })
	return !alone || carried && len(src.Treatment.Checks) == 0
}

// narrow is a part that reads some fields of every record, as patches.
func narrow(src *source.Source, name string, fields []string) control.Part {
	columns := []string{"Id"}
	if f, ok := src.Object.Field("SystemModstamp"); ok {
		columns = append(columns, f.Name)
	}
	columns = append(columns, fields...)
	return control.Part{
		Name: name, Op: string(warehouse.Patch),
		Query: queryFor(src.Object.Name, columns, src.Flow.Where, "", time.Time{}),
	}
}

// An unstamped is what rows lack that no stamp tells of: fields that are new or
// came back, and values that change by themselves.
type unstamped struct {
	motion
	stale
}

// clearFrom is the generation from which on nothing of a flow may be in clear
// that it masks or drops: the one that the change of its settings began.
func clearFrom(src *source.Source, row control.FlowRow, way course) int64 {
	if way.rebuild && src.Guards() && row.Fingerprint != flow.Fingerprint(src.Flow) {
		return way.generation
	}
	return row.ClearFrom
}
