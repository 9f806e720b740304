// Package verify answers one question: does the warehouse say what the org
// says? And where it doesn't, it can mend that.
//
// It reads Id, SystemModstamp and IsDeleted of every record by one Bulk query,
// or all values, into a table beside the final one, and lets the warehouse
// compare, so that its memory doesn't grow with the table. Only what is stamped
// before the watermark is judged: the rest is pending. What seems to differ is
// read again by its Id before it is reported, since an org doesn't stand still.
//
// A repair reads nothing but what differs, writes it under the flow's lease as
// a rebuild would, and reads it once more. Without one, no row is changed.
//
// Start at Verifier.Flow. read.go brings the reading, again.go asks again by
// Id, repair.go mends, quick.go takes a sample instead, certificate.go writes down what
// was proven.
package verify

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// A Verifier compares flows. Its fields are set once.
type Verifier struct {
	Org       *salesforce.Client
	Warehouse *warehouse.Warehouse
	Control   *control.Control
	Stage     blob.Store
	Movers    mover.Set
	Secret    func(reference string) (string, error) // the salts of flows; needed to repair one that has a salt
	Options   Options
}

// A Method is what is compared.
type Method string

// The methods.
const (
	Stamps Method = "stamps" // Id, SystemModstamp and IsDeleted of each record
	Values Method = "values" // all values of each record
	Counts Method = "counts" // how many records were stamped on each day: a sample
)

// Options are the settings of one comparison.
type Options struct {
	Run          string // names this comparison in leases and in the blob store
	Holder       string
	Alone        bool   // a lock proves that every other holder is dead
	Sample       int    // how many Ids to name of each kind of difference
	Method       Method // "" is Stamps
	Repair       bool   // mend what differs
	AllowDeletes bool   // past the stop before a mass delete
	Sets         bool   // digests of both sides, for a certificate
	Reserve      int    // hundredths of the org's daily API calls that are left to people
}

// A Result is what one flow's comparison found.
type Result struct {
	Object string
	Table  string
	warehouse.Difference

	Method     Method
	Columns    []string  // compared
	LeftOut    []LeftOut // not compared
	Where      string
	Deletes    string
	Generation int64     // of the table
	AsOf       time.Time // the watermark: what is stamped later was not judged
	Grade      string    // of the watermark; "sample" with Counts
	ReadAt     time.Time // the org's time when the reading began
	EndedAt    time.Time // the org's time when all was compared
	Calls      int64     // API calls

	UnjudgedWhy string // why Unjudged can't be judged

	Cleared     int64 // seemed to differ, and didn't when they were read again
	Unconfirmed int64 // of the differences: too many to read again
	Repaired    int64

	SourceSet, WarehouseSet warehouse.Set // with Options.Sets
	Sampled                 *Sampled      // with Counts

	mended bool
	left   int64 // differences after the repair
}

// A LeftOut is a field that was not compared, and why.
type LeftOut struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Differs tells whether the warehouse says something else than the org. A
// formula moves without a stamp, so one that differs is told, and no failure.
func (r Result) Differs() bool {
	return r.Missing+r.Extra+r.Stale+r.Wrong+r.Duplicates > 0
}

// Remaining is how many differences there are still, after a repair.
func (r Result) Remaining() int64 {
	n := r.Missing + r.Extra + r.Stale + r.Wrong + r.Duplicates
	if r.mended {
		n = r.left
	}
	return n
}

// A visit is the comparison of one flow on its way.
type visit struct {
	*Verifier
	flow   flow.Flow
	source *source.Source  // what is copied of it
	table  warehouse.Table // of the flow, as far as the final table has its columns
	judged warehouse.Table // the part of it that is compared
	held   *lease.Lease
	mark   warehouse.Mark
	res    Result
	pages  int64 // stored so far
}

// Flow compares one flow. It holds the flow's lease meanwhile, so that no run
// changes the table between the reading and the comparison.
func (v *Verifier) Flow(ctx context.Context, fl flow.Flow) (Result, error) {
	w := &visit{Verifier: v, flow: fl, res: Result{Object: fl.Object, Method: Stamps, Where: fl.Where, Deletes: string(fl.Deletes)}}
	if v.Options.Method != "" {
		w.res.Method = v.Options.Method
	}
	if fl.Vanished != nil {
		return w.res, fl.Vanished
	}
	var calls atomic.Int64
	ctx = salesforce.CountInto(ctx, &calls)
	holder := lease.Holder{
		Control: v.Control, Warehouse: v.Warehouse, Run: v.Options.Run, Name: v.Options.Holder, Alone: v.Options.Alone,
	}
	var err error
	if w.held, err = holder.Hold(ctx, fl.Object); err != nil {
		return w.res, err
	}
	err = w.compare(ctx)
	w.res.Calls = calls.Load()
	return w.res, errors.Join(err, w.held.Close(ctx))
}

func (w *visit) compare(ctx context.Context) error {
	if err := w.Warehouse.Migrate(ctx); err != nil { // there may be no table of ours yet
		return err
	}
	if err := w.claim(ctx); err != nil {
		return err
	}
	w.res.AsOf, w.res.Grade, w.res.Generation, w.res.Table = w.mark.Watermark, w.mark.Grade, w.mark.Generation, w.mark.Table
	if err := w.describe(ctx); err != nil {
		return err
	}
	if err := w.spare(ctx); err != nil {
		return err
	}
	condition, err := w.Warehouse.Inspect(ctx, w.judged, w.mark)
	switch {
	case err != nil:
		return err
	case condition == warehouse.Dropped || condition == warehouse.Foreign:
		return plan.Fixf("load it anew with: catchment run --full "+w.flow.Object, "table %s is %s", w.mark.Table, condition)
	}
	if w.res.ReadAt, err = w.Org.ServerTime(ctx); err != nil {
		return err
	}
	if w.res.Method == Counts {
		err = w.quick(ctx)
	} else {
		err = w.exact(ctx)
	}
	if err != nil {
		return err
	}
	w.res.EndedAt, err = w.Org.ServerTime(ctx)
	return err
}

// spare stops before a comparison where the org has no API calls left but those
// that are set aside for people (invariant 10). A run waits then; who verifies can
// do it later.
func (w *visit) spare(ctx context.Context) error {
	if !w.Org.Usage().UsedUp(w.Options.Reserve) {
		return nil
	}
	limits, err := w.Org.Limits(ctx) // since that answer may be old
	if l := limits["DailyApiRequests"]; err == nil && l.UsedUp(w.Options.Reserve) {
		err = plan.Failf(plan.Wait, "try again later; org.reserve in catchment.yaml says how much is left to people",
			"%d of the org's %d API calls of 24 hours are used, and %d%% are left to people", l.Max-l.Remaining, l.Max, w.Options.Reserve)
	}
	return err
}

// exact compares record by record, asks again about what seems to differ, and
// mends that where it was asked to.
func (w *visit) exact(ctx context.Context) (err error) {
	fence := w.held.Fence()
	c := warehouse.Comparison{Table: w.judged, Policy: warehouse.Policy(w.flow.Deletes), Before: w.mark.Watermark, Formulas: w.formulas(),
		Stamp: w.stamp(), Rules: len(w.source.Treatment.Checks) > 0}
	if c.Stamp == "" {
		if c.Snapshot, err = w.snapshot(ctx); err != nil {
			return err
		}
	}
	r, err := w.Warehouse.Reading(ctx, fence, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	records, err := w.read(ctx, r)
	if err != nil {
		return err
	}
	if err := r.Judge(ctx, records); err != nil {
		return err
	}
	if err := w.confirm(ctx, r); err != nil {
		return err
	}
	if w.Options.Repair {
		if err := w.repair(ctx, r, fence); err != nil {
			return err
		}
	}
	if w.Options.Sets {
		w.res.SourceSet, w.res.WarehouseSet, err = r.Sets(ctx)
	}
	return err
}

// claim reads how far the flow is complete, and puts the lease's fence into
// the warehouse. A flow that was never consolidated can't be compared, nor one
// of another org (invariant 13).
func (w *visit) claim(ctx context.Context) error {
	org, err := w.Org.Org(ctx)
	if err != nil {
		return err
	}
	mark, found, err := w.held.Mark(ctx)
	switch {
	case err != nil:
		return err
	case !found || mark.Watermark.IsZero():
		return plan.Fixf("copy it first with: catchment run "+w.flow.Object, "%s was never copied", w.flow.Object)
	case mark.Org != org:
		return plan.Fixf("name the org, or the warehouse, that belong together", "the warehouse holds a copy of org %s, not of %s", mark.Org, org)
	}
	w.mark, _, err = w.held.Claim(ctx, mark.Table, org)
	return err
}

// conditions is the flow's filter.
func (w *visit) conditions() []soql.Condition {
	if w.flow.Where == "" {
		return nil
	}
	return []soql.Condition{soql.Raw(w.flow.Where)}
}
