package verify

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
)

// repairAtMost is how many records are mended by their Ids; a full reading of
// more is cheaper.
const repairAtMost = 50_000

// A mender writes over rows what the org says of their records.
type mender struct {
	inquiry
	merger       warehouse.Merger
	control      *control.Control
	allowDeletes bool // past the stop before a mass delete
}

// repair mends what differs, so many records at a time, and reads each of them
// once more. It ends when nothing is left, or when what is left stays so.
func (m mender) repair(ctx context.Context, res *Result) error {
	found := differing(res.Difference)
	if found > repairAtMost {
		return plan.Fixf("load it anew with: catchment run --full "+m.held.Flow(),
			"%d records differ: that is more than a repair reads one by one", found)
	}
	res.mended = true
	if err := m.letGo(ctx, res.Lost); err != nil {
		return err
	}
	if err := m.unstamp(ctx); err != nil {
		return err
	}
	now := res.Difference
	for round := 1; differing(now) > 0; round++ {
		suspects, err := m.reading.Ask(ctx, askAtMost)
		if err != nil {
			return err
		}
		if err := m.mend(ctx, round, suspects); err != nil {
			return err
		}
		if err := m.lookAgain(ctx, suspects); err != nil {
			return err
		}
		after, err := m.reading.Difference(ctx, 0)
		if err != nil {
			return err
		}
		stuck := differing(after) >= differing(now)
		now = after
		if stuck {
			break
		}
	}
	res.left = failing(now)
	res.Repaired = found - differing(now)
	return nil
}

// letGo takes files out of the table that are lost: whoever reads it, to mend it, too, would stop there.
func (m mender) letGo(ctx context.Context, lost []evidence.LostFile) error {
	reading, is := m.reading.(evidence.Salvage)
	if !is || len(lost) == 0 {
		return nil
	}
	if err := m.held.Renew(ctx); err != nil {
		return err
	}
	return reading.LetGo(ctx)
}

// unstamp takes back stamps that nobody can have read, in every row: one without a
// difference, such as that of a deleted record, would keep off what comes later.
func (m mender) unstamp(ctx context.Context) error {
	clock, err := m.org.ServerTime(ctx)
	if err != nil {
		return err
	}
	return m.merger.Unstamp(ctx, m.held.Fence(), m.subject.table, clock)
}

// mend reads records whole, treats them as the flow wants it, and writes them over
// their rows, by one transaction.
// A crash before it leaves everything as it was, one after it leaves nothing to
// do (invariant 2).
func (m mender) mend(ctx context.Context, round int, suspects []evidence.Suspect) error {
	// What is read below is as new as this, at least.
	readAt, err := m.org.ServerTime(ctx)
	if err != nil {
		return err
	}
	look, err := m.again(ctx, idsOf(suspects), fieldsOf(m.subject.table), m.shelf.mended())
	pages := slices.Clone(look.live)
	defer func() { m.shelf.forget(ctx, pages) }()
	if err != nil {
		return err
	}
	fl := m.subject.source.Flow
	mending := warehouse.Mending{
		Policy: gone.Policy(fl.Deletes), AbsentReason: gone.AbsentReason(fl.Where),
		AllowDeletes: m.allowDeletes,
	}
	attempt := fmt.Sprintf("%s-%s-repair-%d", m.held.Flow(), m.held.Run(), round)
	add := func(name string, op warehouse.Op, pages []warehouse.Page) {
		if len(pages) > 0 {
			mending.Batches = append(mending.Batches, warehouse.Batch{
				Table: m.subject.table, Attempt: attempt, Job: attempt + "-" + name, Op: op,
				ReadAt: readAt, Pages: pages,
			})
		}
	}
	add("read", warehouse.Put, look.live)
	deleted, gone := known(look, suspects)
	if len(deleted) > 0 {
		p, err := m.statePage(ctx, deleted, m.subject.table)
		if err != nil {
			return err
		}
		pages = append(pages, p)
		add("deleted", warehouse.Put, []warehouse.Page{p})
	}
	if len(gone) > 0 {
		p, err := m.idPage(ctx, gone)
		if err != nil {
			return err
		}
		pages = append(pages, p)
		add("gone", warehouse.Delete, []warehouse.Page{p})
	}
	return m.write(ctx, mending, suspects)
}

// idPage stores Ids as a page.
func (m mender) idPage(ctx context.Context, ids []string) (warehouse.Page, error) {
	return m.shelf.write(ctx, m.shelf.compared(), []string{"Id"}, func(write func([]string) error) error {
		for _, id := range ids {
			if err := write([]string{id}); err != nil {
				return err
			}
		}
		return nil
	})
}

// write has the warehouse mend its rows.
func (m mender) write(ctx context.Context, mending warehouse.Mending, suspects []evidence.Suspect) error {
	if err := m.held.Renew(ctx); err != nil {
		return err
	}
	if slices.ContainsFunc(suspects, func(s evidence.Suspect) bool { return s.How == "duplicate" }) {
		if err := m.merger.Distinct(ctx, m.held.Fence(), m.subject.table); err != nil {
			return err
		}
	}
	if len(mending.Batches) == 0 {
		return nil
	}
	looked, err := m.org.ServerTime(ctx)
	if err != nil {
		return err
	}
	// Before the rows: one that was read later than anybody remembers would look wrong.
	if _, err := m.control.UpdateFlow(ctx, m.held.Flow(), func(f *control.FlowRow) { f.Looked = looked }); err != nil {
		return err
	}
	var counts warehouse.Counts
	var pages []warehouse.Page
	for _, b := range mending.Batches {
		pages = append(pages, b.Pages...)
	}
	err = m.shelf.load(ctx, pages, func(pages []warehouse.Page) (err error) {
		for i, b := range mending.Batches {
			mending.Batches[i].Pages, pages = pages[:len(b.Pages)], pages[len(b.Pages):]
		}
		counts, err = m.merger.Mend(ctx, m.held.Fence(), mending)
		return err
	})
	if err != nil {
		var pages []warehouse.Page
		for _, b := range mending.Batches {
			pages = append(pages, b.Pages...)
		}
		return stage.Named(ctx, pages, err)
	}
	_, err = m.control.UpdateFlow(ctx, m.held.Flow(), func(f *control.FlowRow) { f.Rows = counts.Rows })
	return err
}

// known picks, of what a look found deleted or gone, the records that have a
// row. One that was missing here and is deleted by now has none to flag: its
// delete is stamped past the watermark, and the next run brings it whole.
func known(l look, suspects []evidence.Suspect) (deleted []state, gone []string) {
	missing := map[string]bool{}
	for _, s := range suspects {
		missing[s.ID] = missing[s.ID] || s.How == "missing"
	}
	for _, s := range l.states {
		if !missing[s.id] {
			deleted = append(deleted, s)
		}
	}
	for _, id := range l.gone {
		if !missing[id] {
			gone = append(gone, id)
		}
	}
	return deleted, gone
}
