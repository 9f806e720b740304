// Package verify answers one question: does the warehouse say what the org
// says?
//
// It reads Id, SystemModstamp and IsDeleted of every record by one Bulk query
// and lets the warehouse compare, so that its memory doesn't grow with the
// table. Only what is stamped before the watermark is judged: the rest is
// pending. It changes no record and no row.
//
// Start at Verifier.Flow.
package verify

import (
	"context"
	"errors"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
)

// A Verifier compares flows. Its fields are set once.
type Verifier struct {
	Org       *salesforce.Client
	Warehouse *warehouse.Warehouse
	Control   *control.Control
	Stage     blob.Store
	Movers    map[string]mover.Pager // by name: bulk, rest
	Options   Options
}

// Options are the settings of one comparison.
type Options struct {
	Run    string // names this comparison in leases and in the blob store
	Holder string
	Alone  bool // a lock proves that every other holder is dead
	Sample int  // how many Ids to name of each kind of difference
}

// A Result is what one flow's comparison found.
type Result struct {
	Object string
	warehouse.Difference
	AsOf  time.Time // the watermark: what is stamped later was not judged
	Grade string
}

// Differs tells whether the warehouse says something else than the org.
func (r Result) Differs() bool {
	return r.Missing+r.Extra+r.Stale+r.Duplicates > 0
}

// Flow compares one flow. It holds the flow's lease meanwhile, so that no run
// changes the table between the reading and the comparison.
func (v *Verifier) Flow(ctx context.Context, fl flow.Flow) (Result, error) {
	res := Result{Object: fl.Object}
	var dead func(string) bool
	if v.Options.Alone {
		dead = func(string) bool { return true }
	}
	lease, err := v.Control.Acquire(ctx, fl.Object, v.Options.Run, v.Options.Holder, dead)
	if err != nil {
		return res, err
	}
	res, err = v.compare(ctx, lease, fl)
	return res, errors.Join(err, v.Control.Release(context.WithoutCancel(ctx), lease))
}

func (v *Verifier) compare(ctx context.Context, lease control.Lease, fl flow.Flow) (Result, error) {
	res := Result{Object: fl.Object}
	if err := v.Warehouse.Migrate(ctx); err != nil { // there may be no table of ours yet
		return res, err
	}
	mark, err := v.mark(ctx, fl.Object)
	if err != nil {
		return res, err
	}
	res.AsOf, res.Grade = mark.Watermark, mark.Grade
	o, err := v.Org.Describe(ctx, fl.Object)
	if err != nil {
		return res, err
	}
	table, err := judged(fl, o)
	if err != nil {
		return res, err
	}
	if table, _, err = v.Warehouse.Adapt(ctx, table); err != nil {
		return res, err
	}
	condition, err := v.Warehouse.Inspect(ctx, table, mark)
	switch {
	case err != nil:
		return res, err
	case condition == warehouse.Dropped || condition == warehouse.Foreign:
		return res, plan.Fixf("load it anew with: catchment run --full "+fl.Object, "table %s is %s", mark.Table, condition)
	}
	reading, err := v.read(ctx, lease, mover.Request{Object: o.Name, SOQL: queryOf(fl, table)})
	defer reading.clear(ctx)
	if err != nil {
		return res, err
	}
	res.Difference, err = v.Warehouse.Compare(ctx, warehouse.Comparison{
		Table: table, Policy: warehouse.Policy(fl.Deletes), Before: mark.Watermark, Pages: reading.pages, Sample: v.Options.Sample,
	})
	return res, err
}

// mark reads how far the flow is complete. One that was never consolidated
// can't be compared, nor one of another org (invariant 13).
func (v *Verifier) mark(ctx context.Context, object string) (warehouse.Mark, error) {
	org, err := v.Org.Org(ctx)
	if err != nil {
		return warehouse.Mark{}, err
	}
	mark, found, err := v.Warehouse.Mark(ctx, object)
	switch {
	case err != nil:
		return mark, err
	case !found || mark.Watermark.IsZero():
		return mark, plan.Fixf("copy it first with: catchment run "+object, "%s was never copied", object)
	case mark.Org != org:
		return mark, plan.Fixf("name the org, or the warehouse, that belong together", "the warehouse holds a copy of org %s, not of %s", mark.Org, org)
	}
	return mark, nil
}

// queryOf reads the columns of a table from every record of the flow.
func queryOf(fl flow.Flow, table warehouse.Table) string {
	q := salesforce.Select{From: table.Object}
	for _, c := range table.Columns {
		q.Fields = append(q.Fields, c.Field)
	}
	if fl.Where != "" {
		q.Where = append(q.Where, salesforce.Raw(fl.Where))
	}
	return q.String()
}

// judged is the part of a flow's table that is compared.
func judged(fl flow.Flow, o schema.Object) (warehouse.Table, error) {
	var fields []schema.Field
	for _, name := range []string{"Id", "SystemModstamp", "IsDeleted"} {
		if f, ok := o.Field(name); ok {
			fields = append(fields, f)
		}
	}
	return warehouse.TableFor(o, fields, fl.Naming == flow.Snake)
}
