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
// Who is about to delete records asks for a proof instead: each record by itself is held against its
// row and its files, Verifier.Prove, as far as the flow can be proven at all, Verifier.Provable.
//
// Start at Verifier.Flow, or at prove.go. read.go brings the reading, suspects.go asks again
// about what seems to differ, repair.go mends it, reread.go does so for whoever knows the records, quick.go takes
// a sample instead, bodies.go looks after the bodies of files, subject.go knows what is compared, leave.go
// tells the control table, and certificate.go writes down what was proven.
//
// Files, from the top: prove.go, batch.go, documents.go, readback.go, differing.go, glance.go, proof.go,
// provable.go, reread.go, verify.go, leave.go, certificate.go, cost.go, repair.go, suspects.go,
// again.go, read.go, progress.go, quick.go, bodies.go, picked.go, shelf.go, moves.go, subject.go, result.go.
package verify

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/mover"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A Verifier compares flows. Its fields are set once.
type Verifier struct {
	Org       *salesforce.Client
	Warehouse warehouse.Warehouse
	Control   *control.Control
	Stage     blob.Store
	Movers    mover.Set
	Secret    func(reference string) (string, error) // the salts of flows; needed to repair one that has a salt
	Options   Options
}

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

	Stop     <-chan struct{} // closed: a job isn't waited for any more
	Progress Hearer          // may be nil

	// Archived looks, before a repair, whether the warehouse still knows what of a table was archived, and has it
	// know that again where it came back from a backup, with a note for the user. It may be nil.
	Archived func(ctx context.Context, f warehouse.Fence, t shape.Table) (note string, err error)
}

// Flow compares one flow. It holds the flow's lease meanwhile, so that no run
// changes the table between the reading and the comparison.
func (v *Verifier) Flow(ctx context.Context, fl flow.Flow) (Result, error) {
	w := &verification{
		Verifier: v, flow: fl,
		res: Result{Object: fl.Object, Method: Stamps, Where: fl.Where, Deletes: string(fl.Deletes)},
	}
	if v.Options.Method != "" {
		w.res.Method = v.Options.Method
	}
	if fl.Wrong != nil {
		return w.res, fl.Wrong
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
	err = errors.Join(err, w.leave(context.WithoutCancel(ctx), err))
	return w.res, errors.Join(err, w.held.Close(ctx))
}

// A verification is one flow that is held and compared.
type verification struct {
	*Verifier
	flow    flow.Flow
	held    *lease.Lease
	mark    warehouse.Mark
	subject *subject
	res     Result
}

// compare makes sure that there is something to compare, and does so by the
// method that was asked for.
func (w *verification) compare(ctx context.Context) error {
	if err := w.Warehouse.Migrate(ctx); err != nil { // there may be no table of ours yet
		return err
	}
	if err := w.claim(ctx); err != nil {
		return err
	}
	w.res.AsOf, w.res.Grade = w.mark.Watermark, w.mark.Grade
	w.res.Generation, w.res.Table = w.mark.Generation, w.mark.Table
	if err := w.describe(ctx); err != nil {
		return err
	}
	if err := spare(ctx, w.Org, w.Options.Reserve); err != nil {
		return err
	}
	var err error
	if w.Options.Repair && w.Options.Archived != nil {
		if w.res.Note, err = w.Options.Archived(ctx, w.held.Fence(), w.subject.source.Table); err != nil {
			return err
		}
	}
	if w.res.ReadAt, err = w.Org.ServerTime(ctx); err != nil {
		return err
	}
	condition, err := w.Warehouse.Inspect(ctx, w.subject.judged, w.mark, w.res.ReadAt)
	switch {
	case err != nil:
		return err
	case condition == shape.Dropped || condition == shape.Foreign:
		return plan.Fixf("load it anew with: catchment run --full "+w.flow.Object,
			"table %s is %s", w.mark.Table, condition)
	}
	key, err := w.Warehouse.Key(ctx, w.subject.judged)
	if err == nil && key.Nameless > 0 { // which no Id can name
		err = key.Err(w.subject.judged)
	}
	if err != nil {
		return err
	}
	if w.res.Method == Counts {
		err = w.quick(ctx)
	} else if err = w.exact(ctx); err == nil {
		err = w.settle(ctx)
	}
	if err == nil {
		err = w.bodies(ctx)
	}
	if err != nil {
		return err
	}
	w.res.EndedAt, err = w.Org.ServerTime(ctx)
	return err
}

// claim reads how far the flow is complete, and puts the lease's fence into
// the warehouse. A flow that was never consolidated can't be compared, nor one
// of another org (invariant 13).
func (w *verification) claim(ctx context.Context) error {
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
		return plan.Fixf("name the org, or the warehouse, that belong together",
			"the warehouse holds a copy of org %s, not of %s", mark.Org, org)
	}
	if w.mark, _, err = w.held.Claim(ctx, mark.Table, org); err != nil {
		return err
	}
	_, _, err = w.held.Recall(ctx, w.mark)
	return err
}

// describe finds what of the flow can be compared.
func (w *verification) describe(ctx context.Context) error {
	find := source.Finder{Describe: w.Org.Describe, Columns: w.Warehouse.Adapt, Refuses: parents.Refuses(w.Org)}
	if w.Options.Repair { // what it reads is stored
		find.Secret = w.Secret
	}
	src, err := find.Source(ctx, w.flow)
	if err != nil {
		return err
	}
	row, err := w.Control.Flow(ctx, w.flow.Object)
	if err != nil {
		return err
	}
	for _, c := range row.Retired {
		src.Remember(c.Column, c.Field)
	}
	table, err := w.Warehouse.Stored(ctx, src.Table)
	if err != nil {
		return err
	}
	w.subject, w.res.LeftOut = newSubject(src, table, w.res.Method)
	for _, c := range w.subject.judged.Columns {
		w.res.Columns = append(w.res.Columns, c.Name)
	}
	return nil
}

// quick takes a sample.
func (w *verification) quick(ctx context.Context) (err error) {
	s := sampler{
		org: w.Org, evidence: w.Warehouse, subject: w.subject, held: w.held,
		watermark: w.mark.Watermark, named: w.Options.Sample,
	}
	w.res.Grade, w.res.Sampled = sampleGrade, &s.seen
	w.tell(Counting)
	if w.res.Difference, err = s.compare(ctx); err != nil {
		return err
	}
	return w.doubt(ctx)
}

// exact compares record by record, asks again about what seems to differ, and
// mends that where it was asked to.
func (w *verification) exact(ctx context.Context) (err error) {
	c, err := w.comparison(ctx)
	if err != nil {
		return err
	}
	r, err := w.Warehouse.Reading(ctx, w.held.Fence(), c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	shelf := &shelf{store: w.Stage, source: w.subject.source, room: w.Warehouse.Room(), held: w.held}
	d := download{
		movers: w.Movers, parents: parents.New(w.Org, w.Warehouse), subject: w.subject, held: w.held, shelf: shelf,
		atOnce: w.Warehouse.PagesPerLoad(), stop: w.Options.Stop, hearer: w.Options.Progress,
	}
	w.tell(Asking)
	job, err := d.read(ctx, r)
	if err != nil {
		return err
	}
	w.res.ReadAt = job.ReadAt
	w.tell(Comparing)
	if err := r.Judge(ctx, job.Records); err != nil {
		return err
	}
	asked := inquiry{asker: asker{org: w.Org, subject: w.subject, held: w.held, shelf: shelf}, reading: r}
	if err := asked.confirm(ctx, &w.res, w.Options.Sample); err != nil {
		return err
	}
	if err := w.doubt(ctx); err != nil {
		return err
	}
	if w.Options.Repair {
		w.tell(Repairing)
		m := mender{inquiry: asked, merger: w.Warehouse, control: w.Control, allowDeletes: w.Options.AllowDeletes}
		if err := m.repair(ctx, &w.res); err != nil {
			return err
		}
	}
	w.leaveOutBlanks(d.blanks)
	if err := w.keptOut(ctx); err != nil {
		return err
	}
	w.leaveOutAlone()
	if w.Options.Sets {
		w.res.SourceSet, w.res.WarehouseSet, err = r.Sets(ctx)
	}
	return err
}

// tell tells what the comparison is at whoever wants to hear it.
func (w *verification) tell(doing Doing) {
	w.Options.Progress.tell(Progress{Flow: w.flow.Object, Doing: doing})
}

// leaveOutBlanks says that values which no column takes were compared as if they were
// empty. Most are of records that are kept out, and so differ by their stamps.
func (w *verification) leaveOutBlanks(n int64) {
	if n > 0 && w.res.Method == Values {
		w.res.LeftOut = append(w.res.LeftOut, LeftOut{"(values)",
			fmt.Sprintf("%s %s a value that no column takes, which was compared as if it were empty",
				plural.Of(n, "record"), plural.Word(n, "holds", "hold"))})
	}
}

// keptOut names what is kept out of the rows that are old, and has the grade say how much
// is: a repair may have brought some of it.
func (w *verification) keptOut(ctx context.Context) error {
	row, err := w.Control.Flow(ctx, w.flow.Object)
	if err != nil || w.res.Outdated == 0 && row.Rejected.Records == 0 {
		return err
	}
	out, err := w.Warehouse.Out(ctx, w.subject.table, warehouse.Merge{}, keptOutNamed)
	if err != nil {
		return err
	}
	w.res.KeptOut = out.First[:min(int64(len(out.First)), out.Rows)]
	if out.Records == row.Rejected.Records && out.Rows == row.Rejected.Rows {
		return nil
	}
	row, err = w.held.Remember(ctx, func(m *recall.Memory) {
		if m.Rejected.Records, m.Rejected.Rows = out.Records, out.Rows; out.Records == 0 {
			m.Rejected = recall.Rejected{}
		}
	})
	w.res.Grade = row.Grade
	return err
}

// keptOutNamed is how many records are named whose row is old since a newer version of
// them was kept out.
const keptOutNamed = 3

// leaveOutAlone says that IsDeleted was not compared where a row is gone and the org
// returns no record: of purged ones, and of those out of sight or out of the filter.
func (w *verification) leaveOutAlone() {
	f, ok := w.subject.source.Object.Field("IsDeleted")
	if n := w.res.Alone; ok && n > 0 && w.res.Method == Values {
		w.res.LeftOut = append(w.res.LeftOut, LeftOut{f.Name,
			fmt.Sprintf("%s %s gone, and the org returns no record to hold %s against", plural.Of(n, "row"),
				plural.Word(n, "is", "are"), plural.Word(n, "it", "them"))})
	}
}

// doubt remembers that rows are known to be wrong, until they are known to be right. Those
// whose newer version was kept out are known already: the grade says how many there are.
func (w *verification) doubt(ctx context.Context) error {
	if failing(w.res.Difference) == w.res.Outdated && len(w.res.Lost) == 0 {
		return nil
	}
	values := w.res.Method == Values && w.res.Wrong > 0
	row, err := w.held.Remember(ctx, func(m *recall.Memory) {
		if values {
			m.Doubt(recall.Doubt{
				Kind: recall.ValuesWrong, Since: w.res.ReadAt, Why: "a verify found values that differ from the org's",
				Hint: "mend it with: catchment verify --digest --repair " + w.held.Flow(),
			})
		}
		if !values || failing(w.res.Difference) > w.res.Wrong+w.res.Outdated || len(w.res.Lost) > 0 {
			m.Doubt(recall.Doubt{
				Kind: recall.RowsWrong, Since: w.res.ReadAt, Why: "a verify found rows that differ from the org",
				Hint: "mend it with: catchment verify --repair " + w.held.Flow(),
			})
		}
	})
	if w.res.Grade != sampleGrade {
		w.res.Grade = row.Grade
	}
	return err
}

// settle forgets what there was to doubt, once all rows are known to be right; stamps
// say nothing of values. The mark then counts them as they are: rows that somebody
// took away, and that no record lacks, would be missed for ever.
func (w *verification) settle(ctx context.Context) error {
	if w.res.Remaining()+w.res.Unjudged > w.res.Outdated {
		return nil
	}
	rows, err := w.Warehouse.Recount(ctx, w.held.Fence(), w.subject.table)
	if err != nil {
		return err
	}
	row, err := w.Control.UpdateFlow(ctx, w.held.Flow(), func(f *control.FlowRow) { f.Rows = rows })
	if err != nil || len(row.Doubts) == 0 {
		return err
	}
	row, err = w.held.Remember(ctx, func(m *recall.Memory) {
		if w.res.Method == Values {
			m.Settle("", recall.ValuesWrong)
		}
		m.Settle("", recall.DeletesUnseen, recall.RecordsUnread, recall.RowsWrong)
	})
	w.res.Grade = row.Grade
	return err
}

// comparison says what the warehouse is to compare, and how. How much can be
// judged depends on what the object tells of its records' changes.
func (w *verification) comparison(ctx context.Context) (evidence.Comparison, error) {
	c := evidence.Comparison{
		Table: w.subject.judged, Policy: gone.Policy(w.flow.Deletes), Before: w.mark.Watermark, Clock: w.res.ReadAt,
		Formulas: w.subject.formulas(), Stamp: w.subject.stamp(),
	}
	row, err := w.Control.Flow(ctx, w.flow.Object)
	if w.res.Method == Values {
		c.Retired = w.subject.retired(row.Retired)
	}
	if err != nil || c.Stamp != "" {
		return c, err
	}
	w.res.UnjudgedWhy = "no field tells when its records change, so nobody knows whether these did since the last run"
	c.Snapshot = &evidence.Snapshot{ReadAt: row.SweptAt, Born: w.subject.born()}
	return c, err
}
