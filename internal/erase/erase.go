// Package erase removes every trace of records that were deleted in Salesforce
// for good, as the law may ask for: rows, staged versions, stored pages, the bodies
// of files, and the rows of history flows that tell of them. The warehouse's log names their Ids,
// never a value, and a tombstone keeps late pages from bringing them back. What an archive proves stays, with
// digests in the place of Ids.
//
// It erases under the flow's lease. What an open attempt has brought is given up
// by whoever runs attempts; what is read afterwards can't hold the records any
// more. Start at Eraser.Erase; pages.go looks for Ids in stored pages, and
// bodies.go knows which bodies nobody else has.
package erase

import (
	"context"
	"errors"
	"strings"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/lookup"
	"catchment/internal/owner"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// An Eraser erases records. Its fields are set once.
type Eraser struct {
	Org       *salesforce.Client
	Warehouse warehouse.Warehouse
	Control   *control.Control
	Stage     blob.Store
	Holder    lease.Holder
	Flows     func(context.Context) ([]flow.Flow, error) // all that the configuration has

	// Evidence is what archives wrote down of records; nil for nothing.
	Evidence Evidence

	// Returns are records that archives are bringing back; nil for none.
	Returns Returns

	// GiveUp abandons the open attempt of a flow, and drops the jobs of all that
	// have ended: Salesforce may still keep the records in their results.
	GiveUp func(ctx context.Context, held *lease.Lease, why string) error
}

// Evidence is what archives keep in the blob store to prove what became of records.
type Evidence interface {
	// Redact has the evidence say nothing of who some records were: an Id gives way to its digest, and what
	// proves that nothing else was changed stays. It may be repeated.
	Redact(ctx context.Context, ids []string) error
}

// Returns are records on their way back into Salesforce: a call may have been stopped between what it sent and what
// it wrote down.
type Returns interface {
	// Forget has nothing that is open bring records of an object back, or speak of them. It refuses those that may
	// have come back as others, or did, until that is known and Salesforce has them no more. It takes the
	// object's lease by itself, and may be repeated.
	Forget(ctx context.Context, object string, ids []string) error
	// Open tells whether something that is open names one of some records.
	Open(ctx context.Context, ids []string) (bool, error)
}

// An Erased is what was removed of some records in one flow.
type Erased struct {
	Object string
	warehouse.Erased
	Pages  int64 // stored pages that held them
	Bodies int64 // bodies of files that are gone from the stage
	Shared int64 // bodies that other files have, too, and that stay for them
}

// Erase removes every trace of some records of a flow.
//
// What it does last in each flow is the transaction that also writes the log:
// where that line is missing, the erasure has to be done again, and may be.
// Records that Salesforce still has are refused, since they would come back.
func (e *Eraser) Erase(ctx context.Context, fl flow.Flow, ids []string) ([]Erased, error) {
	org, err := e.Org.Org(ctx)
	if err != nil {
		return nil, err
	}
	if err := (owner.Place{Control: e.Control, Warehouse: e.Warehouse}).Enter(ctx, org); err != nil {
		return nil, err
	}
	if warehouse.RolesOf(e.Warehouse).Eraser == nil {
		return nil, plan.Fixf("delete them there by hand", "%s can't erase records", e.Warehouse.Name())
	}
	src, err := e.source(ctx, fl)
	if err != nil {
		return nil, err
	}
	if len(src.Table.Key) != 1 {
		return nil, plan.Fixf("delete its rows in the warehouse", "records of %s have no Id", fl.Object)
	}
	if err := e.stillThere(ctx, src, ids); err != nil {
		return nil, err
	}
	if e.Returns != nil {
		if err := e.Returns.Forget(ctx, src.Object.Name, ids); err != nil {
			return nil, err
		}
	}
	trails, err := e.historyOf(ctx, src)
	if err != nil {
		return nil, err
	}
	// last, since the record's own line in the log ends the matter
	trails = append(trails, trail{src, src.Table.Key[0]})
	var all []Erased
	for _, t := range trails {
		one, err := e.eraseFrom(ctx, org, t, ids)
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
	return all, nil
}

// source looks at a flow's object as it is now. What is erased needs no salt.
func (e *Eraser) source(ctx context.Context, fl flow.Flow) (*source.Source, error) {
	return source.Finder{Describe: e.Org.Describe, Columns: e.Warehouse.Adapt}.Source(ctx, fl)
}

// stillThere refuses Ids of records that Salesforce has.
func (e *Eraser) stillThere(ctx context.Context, src *source.Source, ids []string) error {
	states, err := lookup.Finder{Org: e.Org, Object: src.Object}.States(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		state, found := states[id]
		switch {
		case state.Deleted:
			return plan.Fixf("empty it from the recycle bin first, or hard-delete it by Bulk",
				"record %s of %s is in Salesforce's recycle bin", id, src.Flow.Object)
		case found:
			return plan.Fixf("delete it in Salesforce for good first, else the next run brings it back",
				"record %s of %s is still in Salesforce", id, src.Flow.Object)
		}
	}
	return nil
}

// A trail is a flow that tells of records: by which column.
type trail struct {
	src    *source.Source
	column string
}

// historyOf finds the flow that tells the history of an object, if there is one
// and it was ever copied.
func (e *Eraser) historyOf(ctx context.Context, src *source.Source) ([]trail, error) {
	flows, err := e.Flows(ctx)
	if err != nil {
		return nil, err
	}
	name, lookup := historyName(src.Object.Name)
	for _, fl := range flows {
		if !strings.EqualFold(fl.Object, name) {
			continue
		}
		if _, known, err := e.Warehouse.Mark(ctx, fl.Object); err != nil || !known {
			return nil, err
		}
		h, err := e.source(ctx, fl)
		if err != nil {
			return nil, err
		}
		for _, c := range h.Table.Columns {
			if strings.EqualFold(c.Field, lookup) {
				return []trail{{h, c.Name}}, nil
			}
		}
		return nil, plan.Fixf("copy it, or delete the rows in the warehouse by hand",
			"flow %s lacks the field %s: its rows can't be told apart", fl.Object, lookup)
	}
	return nil, nil
}

// historyName is the object that tells what was changed in another one, and its
// lookup to that.
func historyName(object string) (name, lookup string) {
	if base, custom := strings.CutSuffix(object, "__c"); custom {
		return base + "__History", "ParentId"
	}
	return object + "History", object + "Id"
}

// eraseFrom removes the traces of records in one flow, under its lease: no run
// is under way meanwhile, and what one left open is given up, with its job in
// Salesforce, which may still hold the records.
func (e *Eraser) eraseFrom(ctx context.Context, org string, t trail, ids []string) (erased Erased, err error) {
	erased.Object = t.src.Flow.Object
	held, err := e.Holder.Hold(ctx, erased.Object)
	if err != nil {
		return erased, err
	}
	defer func() { err = errors.Join(err, held.Close(ctx)) }()
	if _, _, err := held.Claim(ctx, t.src.Table.Name, org); err != nil {
		return erased, err
	}
	if _, err := e.Warehouse.Prepare(ctx, held.Fence(), t.src.Table); err != nil {
		return erased, err
	}
	if err := e.noneReturns(ctx, ids); err != nil {
		return erased, err
	}
	if err := e.GiveUp(ctx, held, "records were erased"); err != nil {
		return erased, err
	}
	if erased.Pages, err = e.erasePages(ctx, erased.Object, ids); err != nil {
		return erased, err
	}
	if err := e.eraseBodies(ctx, held, ids, &erased); err != nil {
		return erased, err
	}
	if e.Evidence != nil && t.column == t.src.Table.Key[0] { // the records themselves, not their history
		if err := e.Evidence.Redact(ctx, ids); err != nil {
			return erased, err
		}
	}
	erased.Erased, err = warehouse.RolesOf(e.Warehouse).Eraser.Erase(ctx, held.Fence(),
		warehouse.Erasure{Table: t.src.Table, Column: t.column, Values: ids, Pages: erased.Pages})
	return erased, err
}

// noneReturns refuses records that began to come back again meanwhile. The flow is held: nobody begins now.
func (e *Eraser) noneReturns(ctx context.Context, ids []string) error {
	if e.Returns == nil {
		return nil
	}
	open, err := e.Returns.Open(ctx, ids)
	if err == nil && open {
		err = plan.Failf(plan.Retry, "do the same again", "some of the records are being brought back into Salesforce")
	}
	return err
}
