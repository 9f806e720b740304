package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/body"
	"catchment/internal/control"
	"catchment/internal/control/verified"
	"catchment/internal/flow"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
)

// An obstacle is why no record of a flow can be proven, and what to do.
type obstacle struct{ why, hint string }

// Obstacles are all that there are of a flow.
type obstacles []obstacle

func (o *obstacles) add(hint, format string, args ...any) {
	*o = append(*o, obstacle{fmt.Sprintf(format, args...), hint})
}

// err is nil where there are none.
func (o obstacles) err(object string) error {
	if len(o) == 0 {
		return nil
	}
	var whys, hints []string
	for _, one := range o {
		whys = append(whys, one.why)
		hints = append(hints, one.hint)
	}
	return plan.Fixf(strings.Join(hints, "; "), "copies of %s can't be proven: %s", object, strings.Join(whys, "; "))
}

// Provable implements archive.Prover.
func (v *Verifier) Provable(ctx context.Context, fl flow.Flow, after time.Time) error {
	if fl.Wrong != nil {
		return fl.Wrong
	}
	fl, err := v.asRead(ctx, fl)
	if err != nil {
		return err
	}
	why := unprovable(fl)
	if _, ok := archived.Of(v.Warehouse); !ok {
		why.add("copy into a warehouse that has one", "this warehouse keeps no ledger of what was archived")
	}
	row, err := v.Control.Flow(ctx, fl.Object)
	if err != nil {
		return err
	}
	if fl.Paused || row.Paused {
		why.add("let it run with: catchment resume "+fl.Object, "the flow is paused")
	}
	if err := v.Warehouse.Migrate(ctx); err != nil { // there may be no table of ours yet
		return err
	}
	mark, found, err := v.Warehouse.Mark(ctx, fl.Object)
	switch {
	case err != nil:
		return err
	case !found || mark.Watermark.IsZero():
		why.add("copy it first with: catchment run "+fl.Object, "it was never copied")
		return why.err(fl.Object)
	}
	if err := v.current(ctx, fl, row, mark, &why); err != nil {
		return err
	}
	if err := v.graded(ctx, fl, row, after, &why); err != nil {
		return err
	}
	return why.err(fl.Object)
}

// asRead is a flow without the fields that Salesforce refused to read, which describe shows all the same.
func (v *Verifier) asRead(ctx context.Context, fl flow.Flow) (flow.Flow, error) {
	row, err := v.Control.Flow(ctx, fl.Object)
	fl.Withheld, _ = row.WithheldFields(time.Time{})
	return fl, err
}

// unprovable is what of a flow's own settings keeps its copies from being equal to records. Fields
// that it leaves out are no obstacle here: a plan tells what of them is lost.
func unprovable(fl flow.Flow) obstacles {
	var why obstacles
	if fl.Where != "" {
		why.add("take where out of the flow", "it is filtered by where, and what the filter leaves out has no copy")
	}
	if len(fl.Changes) > 0 {
		names := make([]string, len(fl.Changes))
		for i, c := range fl.Changes {
			names[i] = c.Field
		}
		why.add("copy the field as it is, or leave it out of the flow: plan then tells what is lost",
			"it masks or cuts values of %s", strings.Join(names, ", "))
	}
	if of, isFile := body.Of(fl.Object); isFile && fl.Bodies == "" {
		why.add("set bodies: all for the flow", "it copies no bodies of %s", of.Object)
	}
	return why
}

// current tells whether the table is the one that the flow is known by, and nothing is under way.
func (v *Verifier) current(
	ctx context.Context, fl flow.Flow, row control.FlowRow, mark warehouse.Mark, why *obstacles,
) error {
	run := "run it first with: catchment run " + fl.Object
	org, err := v.Org.Org(ctx)
	if err != nil {
		return err
	}
	if mark.Org != org {
		why.add("name the org, or the warehouse, that belong together", "the warehouse holds a copy of another org")
		return nil
	}
	if _, open, err := v.Control.Open(ctx, fl.Object); err != nil {
		return err
	} else if open {
		why.add(run, "a run of it isn't finished")
	}
	find := source.Finder{Describe: v.Org.Describe, Columns: v.Warehouse.Adapt, Refuses: parents.Refuses(v.Org)}
	src, err := find.Source(ctx, fl)
	if err != nil {
		return err
	}
	if err := v.columns(ctx, src, why); err != nil {
		return err
	}
	latest, err := v.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	condition, err := v.Warehouse.Inspect(ctx, src.Table, mark, mark.Latest(row.Looked, latest))
	if err != nil {
		return err
	}
	switch {
	case condition == shape.Fewer, condition == shape.Ahead:
		why.add("mend it with: catchment verify --repair "+fl.Object, "somebody else changed table %s: rows are %s",
			mark.Table, condition)
	case condition != shape.Intact:
		why.add("load it anew with: catchment run --full "+fl.Object, "table %s is %s", mark.Table, condition)
	case row.Watermark.After(mark.Watermark), row.Generation < mark.Generation:
		why.add("load it anew with: catchment run --full "+fl.Object,
			"the warehouse has less than the control table remembers: one of the two came back from a backup")
	case row.Generation != mark.Generation,
		strings.TrimSuffix(row.Fingerprint, "-by-parents") != flow.Fingerprint(src.Flow):
		why.add(run, "the flow was changed, and its table isn't made anew yet")
	}
	return nil
}

// columns tells whether the table has a column for each field. One that was dropped is told of otherwise.
func (v *Verifier) columns(ctx context.Context, src *source.Source, why *obstacles) error {
	table, err := v.Warehouse.Stored(ctx, src.Table)
	if err != nil || len(table.Columns) == 0 {
		return err
	}
	for _, c := range src.Table.Columns {
		if !source.HasColumn(table, c.Name) {
			why.add("run it first with: catchment run "+src.Flow.Object, "field %s has no column in the copy yet",
				c.Field)
		}
	}
	return nil
}

// graded tells whether the copy may claim to be complete. What is kept out of it is told of each
// record.
func (v *Verifier) graded(
	ctx context.Context, fl flow.Flow, row control.FlowRow, after time.Time, why *obstacles,
) error {
	for _, d := range row.Doubts {
		why.add(d.Hint, "%s", d.Why)
	}
	if row.Proof == "proven" || len(row.Doubts) > 0 {
		return nil
	}
	whole, err := v.wholeSince(ctx, fl.Object, after)
	if err == nil && !whole {
		why.add("read it whole with: catchment run --full "+fl.Object+", or compare it whole with: catchment verify "+
			fl.Object, "it is only graded %s, and wasn't read whole since the records changed last", row.Proof)
	}
	return err
}

// wholeSince tells whether every record that was stamped before a moment, and more, was read by one
// reading: a run's, or that of a verify which left no difference.
func (v *Verifier) wholeSince(ctx context.Context, object string, after time.Time) (bool, error) {
	found, err := v.Control.Verified().All(ctx)
	if err != nil {
		return false, err
	}
	agrees := func(r verified.Row) bool {
		return r.Object == object && r.Compared != string(Counts) && r.Remaining == 0 && r.AsOf.After(after)
	}
	if slices.ContainsFunc(found, agrees) {
		return true, nil
	}
	attempts, err := v.Control.Attempts(ctx, object)
	return slices.ContainsFunc(attempts, func(a control.Attempt) bool {
		whole := a.Complete || a.From.IsZero()
		return whole && a.To.After(after) && !a.Reached[control.Consolidated].IsZero()
	}), err
}
