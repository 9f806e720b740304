package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
)

// An apart says how a record and its row differ.
type apart struct {
	why     string
	columns []string // that differ; nil where it isn't about columns
}

func (a apart) String() string {
	if len(a.columns) == 0 {
		return a.why
	}
	return a.why + ": " + strings.Join(a.columns, ", ")
}

// compare has the warehouse hold a glance against the rows, and says of each record that differs
// what does. Formulas that differ are refreshed by this very reading, and judged again.
func (p *proof) compare(ctx context.Context, l glance, readAt time.Time) (_ map[string]apart, err error) {
	if len(l.pages) == 0 {
		return nil, nil
	}
	r, err := p.Warehouse.Reading(ctx, p.held.Fence(), evidence.Comparison{
		Table: p.subject.judged, Policy: gone.Flag, Part: true, Deleted: p.in == archive.Bin,
		Formulas: p.subject.unstamped(), Stamp: p.subject.stamp(),
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	pages := l.pages
	err = p.shelf.load(ctx, pages, func(fit []warehouse.Page) error {
		pages = fit
		return r.Add(ctx, fit)
	})
	if err != nil {
		return nil, err
	}
	aside, err := p.shelf.aside(ctx, pages)
	if err != nil {
		return nil, err
	}
	records := int64(l.records() - len(aside))
	d, err := p.judge(ctx, r, records)
	if err == nil && len(d.FormulaIDs) > 0 && p.in == archive.Live {
		if err = p.refresh(ctx, pages, d.FormulaIDs, readAt); err == nil {
			d, err = p.judge(ctx, r, records)
		}
	}
	if err != nil {
		return nil, err
	}
	return p.apart(ctx, d, aside)
}

// judge judges all records of a reading: none may be left out.
func (p *proof) judge(ctx context.Context, r warehouse.Reading, records int64) (evidence.Difference, error) {
	if err := r.Judge(ctx, records); err != nil {
		return evidence.Difference{}, err
	}
	d, err := r.Difference(ctx, lookup.PerCall)
	if err == nil && (d.Source != records || d.Pending+d.Unjudged+d.Extra > 0) {
		err = plan.Failf(plan.Retry, "try again", "%d records were read to be compared, and %d of them were",
			records, d.Source)
	}
	return d, err
}

// refresh writes over the rows of some records what was read of them: only columns that move
// without a stamp differ.
func (p *proof) refresh(ctx context.Context, pages []warehouse.Page, ids []string, readAt time.Time) error {
	call, err := p.Control.NewRunID()
	if err != nil {
		return err
	}
	fresh, err := p.shelf.pick(ctx, pages, ids)
	defer func() { p.shelf.forget(ctx, fresh) }()
	if err != nil {
		return err
	}
	attempt := fmt.Sprintf("%s-%s-prove", p.held.Flow(), call)
	m := mender{inquiry: inquiry{asker: p.asker()}, merger: p.Warehouse, control: p.Control}
	return m.write(ctx, warehouse.Mending{
		Policy: gone.Policy(p.flow.Deletes),
		Batches: []warehouse.Batch{{
			Table: p.subject.table, Attempt: attempt, Job: attempt + "-read", Op: warehouse.Put,
			ReadAt: readAt, Pages: fresh,
		}},
	}, nil)
}

// apart turns what the warehouse found into what is said of each record.
func (p *proof) apart(ctx context.Context, d evidence.Difference, aside map[string]string) (map[string]apart, error) {
	all := map[string]apart{}
	each := func(ids []string, why apart) {
		for _, id := range ids {
			all[id] = why
		}
	}
	each(d.MissingIDs, apart{why: "the copy has no row of it"})
	each(d.StaleIDs, apart{why: "changed", columns: []string{p.subject.stamp()}})
	for i, id := range d.WrongIDs {
		all[id] = apart{why: "differs", columns: d.WrongColumns[i]}
	}
	for i, id := range d.FormulaIDs {
		all[id] = apart{why: "differs", columns: d.FormulaColumns[i]}
	}
	each(d.DuplicateIDs, apart{why: "the copy has more rows of it than one"})
	out, err := p.out(ctx, slices.Concat(d.RejectedIDs, d.OutdatedIDs))
	for _, why := range []map[string]string{out, aside} {
		for id, text := range why {
			all[id] = apart{why: "kept aside: " + text}
		}
	}
	return all, err
}

// outAtMost is how many of the records that are kept out are named, to find why.
const outAtMost = 5000

// out says why records were kept out when they were last copied.
func (p *proof) out(ctx context.Context, ids []string) (map[string]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, err := p.Warehouse.Out(ctx, p.subject.table, warehouse.Merge{}, outAtMost)
	why := map[string]string{}
	for _, id := range ids {
		why[id] = "one of many"
	}
	for _, r := range out.First {
		if _, asked := why[r.ID]; asked {
			why[r.ID] = r.Field + ": " + r.Rule
		}
	}
	return why, err
}
