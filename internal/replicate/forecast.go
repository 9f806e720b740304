package replicate

import (
	"context"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
)

// A Forecast is what a run would do with one flow.
type Forecast struct {
	Object  string
	Window  Window
	Why     string // first, incremental, relative, rebuild or snapshot
	Mover   string
	Records int64 // that the run would read
	Total   int64 // that the org holds, deleted ones in the recycle bin included
	Calls   int64 // API calls, about
	Jobs    int64 // Bulk query jobs
	Storage int64 // bytes of data storage that the records take in the org
	Skipped []flow.Skipped
	Paused  bool
}

// Forecast looks at a flow as list would, and changes nothing: no lease, no
// attempt, no table.
func (r *Replicator) Forecast(ctx context.Context, fl flow.Flow) (Forecast, error) {
	f := Forecast{Object: fl.Object}
	object, err := r.Org.Describe(ctx, fl.Object)
	if err != nil {
		return f, err
	}
	src, err := sourceOf(fl, object)
	if err != nil {
		return f, err
	}
	f.Skipped = src.skipped
	row, err := r.Control.Flow(ctx, fl.Object)
	if err != nil {
		return f, err
	}
	f.Paused = row.Paused || fl.Paused
	mark, way, err := r.foresee(ctx, src, row)
	if err != nil {
		return f, err
	}
	if f.Window, _, err = r.window(ctx, src, mark, way.from); err != nil {
		return f, err
	}
	count := func(from Window) (int64, error) {
		return r.Org.Count(ctx, queryFor(object.Name, []string{"COUNT()"}, fl.Where, src.cursor, from.From), true)
	}
	if f.Total, err = count(Window{}); err != nil {
		return f, err
	}
	f.Storage = f.Total * schema.StorageBytes(object.Name)
	f.Records, f.Why = f.Total, "first"
	switch {
	case way.rebuild:
		f.Why = "rebuild"
	case src.cursor == "":
		f.Why = "snapshot"
	case !way.from.IsZero():
		f.Why = "incremental"
		if fl.Window.Last > 0 {
			f.Why = "relative"
		}
		if f.Records, err = count(f.Window); err != nil {
			return f, err
		}
	}
	f.cost(fl, src, row)
	return f, nil
}

func (r *Replicator) foresee(ctx context.Context, src *source, row control.FlowRow) (warehouse.Mark, course, error) {
	mark, _, err := r.Warehouse.Mark(ctx, src.flow.Object)
	if err != nil {
		return mark, course{}, err
	}
	old, open, err := r.Control.Open(ctx, src.flow.Object)
	if err != nil {
		return mark, course{}, err
	}
	way, err := r.course(ctx, src, facts{row: row, mark: mark, pending: open && old.Full})
	return mark, way, err
}

// recordsPerPage is about what Salesforce puts into one page of a Bulk result.
const recordsPerPage = 100_000

// cost estimates the API calls: describe, getDeleted and a count for a flow
// that has run before, getUpdated where something changed, then what its mover
// needs.
func (f *Forecast) cost(fl flow.Flow, src *source, row control.FlowRow) {
	setting, changed := string(fl.Mover), int64(-1)
	if row.Mover != "" {
		setting = row.Mover
	}
	f.Calls = 2
	if f.Why == "incremental" || f.Why == "relative" {
		changed = f.Records
		f.Calls += 1 + min(changed, 1)
	}
	f.Mover = moverFor(setting, changed, queryFor(fl.Object, src.names(), fl.Where, src.cursor, f.Window.From))
	switch f.Mover {
	case "rest":
		f.Calls += f.Records/restAtMost + 1
	case "bulk":
		pages := f.Records/recordsPerPage + 1
		f.Jobs = 1
		f.Calls += 4 + pages/5 + 1 + pages // create, about three polls, lists of pages, pages, and delete
	}
}
