// Package restored finds out that a warehouse came back from a backup that is older than an
// archive, and has it know again what was archived.
//
// Such a warehouse has rows of records that Salesforce has no more, and no word of why. A run
// would take them for deleted by somebody, and under deletes: remove the last copy would be gone.
// What became of each record stands in the evidence, which lies in the blob store. So that an
// ordinary run needn't read that, the archive leaves a small blob for each batch and object, and
// a run asks the ledger for the last of them alone.
//
// Start at Watch.Look.
package restored

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive/evidence"
	"catchment/internal/blob"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
)

// The reasons of lines that tell less than they would had the warehouse never come back from a backup.
const (
	NoRow    = "the warehouse came back from a backup, and has no row of it"
	OtherRow = "the warehouse came back from a backup, and its row isn't the one that was proven"
)

// A Watch looks at a warehouse with the eyes of a blob store.
type Watch struct {
	Store     blob.Store
	Warehouse warehouse.Warehouse
}

// Found is what the warehouse knows again of a table.
type Found struct {
	Marked int64 // rows that say archived, as they were proven
	Other  int64 // of them those that aren't as they were proven
	Absent int64 // records whose row isn't there
	Open   int64 // records of which it isn't settled yet what became of them
}

// Note is what the user should hear, "" where there is nothing.
func (f Found) Note() string {
	if f == (Found{}) {
		return ""
	}
	note := fmt.Sprintf("the warehouse came back from a backup that is older than an archive: %d rows of it are "+
		"marked as archived again", f.Marked)
	if f.Open > 0 {
		note += fmt.Sprintf(", and %d records wait for catchment archive run", f.Open)
	}
	if f.Absent+f.Other > 0 {
		note += fmt.Sprintf("; %d archived records have no row any more, and the rows of %d aren't as they were "+
			"proven: bring the warehouse back from a newer backup, or the records out of Salesforce's recycle bin "+
			"within 15 days", f.Absent, f.Other)
	}
	return note
}

// Look has the warehouse know again which records of a table were archived, where it has forgotten
// that. The flow is held. Where nothing was archived, that costs a list of blobs, and two questions
// to the ledger otherwise. It may be repeated, after any crash.
func (w Watch) Look(ctx context.Context, f warehouse.Fence, t shape.Table) (found Found, err error) {
	ledger, ok := archived.Of(w.Warehouse)
	if !ok {
		return found, nil
	}
	keys, err := w.keys(ctx, t.Object)
	if err != nil || len(keys) == 0 {
		return found, err
	}
	l := &look{Watch: w, ledger: ledger, fence: f, table: t, books: map[string]*evidence.Writer{},
		roots: map[string]bool{}, sent: map[string]bool{}}
	lost, err := l.forgotten(ctx, keys)
	if err != nil || len(lost) == 0 {
		return found, err
	}
	// The columns that the rows have had: Prepare may add some.
	if l.was, err = w.Warehouse.Stored(ctx, t); err != nil {
		return found, err
	}
	if _, err := w.Warehouse.Prepare(ctx, f, t); err != nil {
		return found, err
	}
	slices.Reverse(lost) // the oldest first: who knows the last one knows all
	for _, s := range lost {
		if err := l.reopen(ctx, s); err != nil {
			return found, l.failed(s, err)
		}
	}
	if err := l.stayed(ctx); err != nil {
		return found, err
	}
	for _, s := range lost {
		if err := l.settle(ctx, s); err != nil {
			return found, l.failed(s, err)
		}
	}
	return l.found, nil
}

// A look is one at a table.
type look struct {
	Watch
	ledger archived.Ledger
	fence  warehouse.Fence
	table  shape.Table
	was    shape.Table                 // as far as it was stored
	books  map[string]*evidence.Writer // by plan
	roots  map[string]bool             // plans of which the table has roots
	sent   map[string]bool             // plans and objects: whether something was sent
	found  Found
}

func (l *look) failed(s sending, err error) error {
	return fmt.Errorf("have the warehouse know again what %s has archived of %s: %w", s.Plan, l.table.Object, err)
}

// forgotten are the sendings that the ledger lacks, the last one first. A warehouse is that of one
// moment: where it knows of one, it knows of those before it.
func (l *look) forgotten(ctx context.Context, keys []string) (lost []sending, err error) {
	for _, key := range slices.Backward(keys) {
		s, err := l.read(ctx, key)
		if err != nil {
			return nil, err
		}
		known, sent, err := l.knows(ctx, s)
		if err != nil || known {
			return lost, err
		}
		if sent {
			lost = append(lost, s)
		}
	}
	return lost, nil
}

// knows tells whether the ledger has what became of a sending, and else whether it was sent at all.
func (l *look) knows(ctx context.Context, s sending) (known, sent bool, err error) {
	has := func(state archived.State) (bool, error) {
		lines, err := l.ledger.Lines(ctx, archived.Query{Plan: s.Plan, Object: l.table.Object, Batch: s.Batch,
			State: state}, archived.Line{}, 1)
		return len(lines) > 0, err
	}
	some, err := has("")
	if err != nil {
		return false, false, err
	}
	open, err := has(archived.Posted)
	if err != nil || some && !open {
		return err == nil, false, err
	}
	book, err := l.book(ctx, s.Plan)
	if err != nil {
		return false, false, err
	}
	if some && !book.Settled(s.Batch) { // whoever carries out the plan settles it
		return true, false, nil
	}
	return false, book.Intended(s.Batch), nil
}

// book is the evidence of a plan.
func (l *look) book(ctx context.Context, name string) (*evidence.Writer, error) {
	if l.books[name] == nil {
		book, err := evidence.Open(ctx, l.Store, name)
		if err != nil {
			return nil, err
		}
		if book.Head().SHA256 == "" {
			return nil, plan.Fixf("put the folder archive/"+name+" back into the stage from a copy: it says which "+
				"rows of the warehouse are the last copy",
				"the warehouse doesn't know what %s has archived of %s, and the evidence of that is gone", name,
				l.table.Object)
		}
		l.books[name] = book
	}
	return l.books[name], nil
}

// told are the lines of a sending's records, as the evidence has them, and whether it is settled.
func (l *look) told(ctx context.Context, s sending) (lines []archived.Line, settled bool, err error) {
	book, err := l.book(ctx, s.Plan)
	if err != nil {
		return nil, false, err
	}
	told, settled, err := book.Batch(ctx, s.Batch)
	for _, t := range told {
		if !t.Outside && strings.EqualFold(t.Object, l.table.Object) {
			lines = append(lines, lineOf(s, t))
		}
	}
	return lines, settled, err
}

// reopen writes the lines of a sending as if it weren't settled yet: every merge leaves their rows
// alone from then on, and the next look begins anew where this one is ended.
func (l *look) reopen(ctx context.Context, s sending) error {
	lines, settled, err := l.told(ctx, s)
	if err != nil {
		return err
	}
	for i := range lines {
		lines[i].State, lines[i].Reason, lines[i].EndedAt = archived.Posted, "", time.Time{}
		l.roots[s.Plan] = l.roots[s.Plan] || lines[i].Level == 0
	}
	if !settled {
		l.found.Open += int64(len(lines))
	}
	return l.ledger.Write(ctx, l.fence, lines)
}

// settle writes what became of a sending, and marks the rows.
func (l *look) settle(ctx context.Context, s sending) error {
	lines, settled, err := l.told(ctx, s)
	if err != nil || !settled {
		return err
	}
	marked, others, err := l.judge(ctx, lines)
	if err != nil {
		return err
	}
	if err := l.ledger.Write(ctx, l.fence, others); err != nil {
		return err
	}
	return l.ledger.Settle(ctx, l.fence, l.table, marked)
}
