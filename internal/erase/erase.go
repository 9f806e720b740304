package replicate

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// An Erased is what was removed of some records in one flow.
type Erased struct {
	Object string
	warehouse.Erased
	Pages int64 // stored pages that held them
}

// Erase removes every trace of records that were deleted in Salesforce for
// good: rows, staged versions, stored pages, and the rows of history flows that
// tell of them. The warehouse's log names their Ids, never a value, and a
// tombstone keeps late pages from bringing them back.
//
// What it does last in each flow is the transaction that also writes the log:
// where that line is missing, the erasure has to be done again, and may be.
// Records that Salesforce still has are refused, since they would come back.
func (r *Replicator) Erase(ctx context.Context, run string, fl flow.Flow, ids []string) ([]Erased, error) {
	r.Steps()
	org, err := r.Org.Org(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.Control.Bind(ctx, org); err != nil {
		return nil, err
	}
	if err := r.Warehouse.Migrate(ctx); err != nil {
		return nil, err
	}
	src, err := r.describe(ctx, fl)
	if err != nil {
		return nil, err
	}
	if len(src.table.Key) != 1 {
		return nil, plan.Fixf("delete its rows in the warehouse", "records of %s have no Id", fl.Object)
	}
	if err := r.stillThere(ctx, src, ids); err != nil {
		return nil, err
	}
	history, err := r.historyOf(ctx, src)
	if err != nil {
		return nil, err
	}
	var all []Erased
	for _, h := range history { // first, since the record's own line in the log ends the matter
		e, err := r.eraseFrom(ctx, run, org, h, ids)
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	e, err := r.eraseFrom(ctx, run, org, trail{src, src.table.Key[0]}, ids)
	if err != nil {
		return all, err
	}
	return append(all, e), nil
}

// stillThere refuses Ids of records that Salesforce has.
func (r *Replicator) stillThere(ctx context.Context, src *source, ids []string) error {
	suspects := make([]suspect, len(ids))
	for i, id := range ids {
		suspects[i] = suspect{id: id, held: true}
	}
	if err := r.examine(ctx, src, suspects); err != nil {
		return err
	}
	for _, s := range suspects {
		switch {
		case s.deleted:
			return plan.Fixf("empty it from the recycle bin first, or hard-delete it by Bulk", "record %s of %s is in Salesforce's recycle bin", s.id, src.flow.Object)
		case s.found:
			return plan.Fixf("delete it in Salesforce for good first, else the next run brings it back", "record %s of %s is still in Salesforce", s.id, src.flow.Object)
		}
	}
	return nil
}

// A trail is a flow that tells of records: by which column.
type trail struct {
	src    *source
	column string
}

// historyOf finds the flow that tells the history of an object, if there is one
// and it was ever copied.
func (r *Replicator) historyOf(ctx context.Context, src *source) ([]trail, error) {
	flows, err := r.Flows(ctx)
	if err != nil {
		return nil, err
	}
	name, lookup := historyName(src.object.Name)
	for _, fl := range flows {
		if !strings.EqualFold(fl.Object, name) {
			continue
		}
		if _, known, err := r.Warehouse.Mark(ctx, fl.Object); err != nil || !known {
			return nil, err
		}
		h, err := r.describe(ctx, fl)
		if err != nil {
			return nil, err
		}
		for _, c := range h.table.Columns {
			if strings.EqualFold(c.Field, lookup) {
				return []trail{{h, c.Name}}, nil
			}
		}
		return nil, plan.Fixf("copy it, or delete the rows in the warehouse by hand", "flow %s lacks the field %s: its rows can't be told apart", fl.Object, lookup)
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
func (r *Replicator) eraseFrom(ctx context.Context, run, org string, t trail, ids []string) (e Erased, err error) {
	e.Object = t.src.flow.Object
	var dead func(string) bool
	if r.Options.Alone {
		dead = func(string) bool { return true }
	}
	lease, err := r.Control.Acquire(ctx, e.Object, run, r.Options.Holder, dead)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, r.Control.Release(context.WithoutCancel(ctx), lease)) }()
	if _, _, err := r.claim(ctx, &lease, t.src, org); err != nil {
		return e, err
	}
	if _, err := r.Warehouse.Prepare(ctx, warehouse.Fence{Flow: lease.Flow, Number: lease.Fence}, t.src.table); err != nil {
		return e, err
	}
	if err := r.giveUpOpen(ctx, &lease); err != nil {
		return e, err
	}
	if e.Pages, err = r.erasePages(ctx, e.Object, ids); err != nil {
		return e, err
	}
	e.Erased, err = r.Warehouse.Erase(ctx, warehouse.Fence{Flow: lease.Flow, Number: lease.Fence},
		warehouse.Erasure{Table: t.src.table, Column: t.column, Values: ids, Pages: e.Pages})
	return e, err
}

// giveUpOpen abandons the open attempt of a flow, and drops its jobs.
func (r *Replicator) giveUpOpen(ctx context.Context, lease *control.Lease) error {
	a, open, err := r.Control.Open(ctx, lease.Flow)
	if err != nil {
		return err
	}
	if open {
		if err := r.abandon(ctx, lease, a, "records were erased"); err != nil {
			return err
		}
	}
	attempts, err := r.Control.Attempts(ctx, lease.Flow)
	if err != nil {
		return err
	}
	ctx, calls := counted(ctx)
	for _, a := range attempts {
		if a.State == control.Consolidated || a.State == control.Abandoned {
			if err := r.dropAttempt(ctx, a, calls); err != nil {
				return err
			}
		}
	}
	return nil
}

// erasePages deletes the stored pages of a flow that hold one of the Ids. They
// are whole pages, since a page is never changed (invariant 3); what else they
// hold is in the warehouse, or is read again.
func (r *Replicator) erasePages(ctx context.Context, flow string, ids []string) (int64, error) {
	var n int64
	for info, err := range r.Stage.List(ctx, flow+"/") {
		if err != nil {
			return n, err
		}
		holds, err := r.holdsAny(ctx, info.Key, ids)
		if err != nil {
			return n, err
		}
		if !holds {
			continue
		}
		if err := r.Stage.Delete(ctx, info.Key); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (r *Replicator) holdsAny(ctx context.Context, key string, ids []string) (bool, error) {
	f, err := r.Stage.Open(ctx, key)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var text io.Reader = f
	if strings.HasSuffix(key, ".gz") {
		if text, err = gzip.NewReader(f); err != nil {
			return false, fmt.Errorf("unpack %s: %w", key, err)
		}
	}
	holds, err := containsAny(text, ids)
	if err != nil {
		return false, fmt.Errorf("search %s: %w", key, err)
	}
	return holds, nil
}

// containsAny searches a text of any length, in a buffer of one size.
func containsAny(text io.Reader, words []string) (bool, error) {
	longest := 0
	for _, w := range words {
		longest = max(longest, len(w))
	}
	buf := make([]byte, 1<<20)
	kept := 0
	for {
		n, err := text.Read(buf[kept:])
		seen := buf[:kept+n]
		for _, w := range words {
			if bytes.Contains(seen, []byte(w)) {
				return true, nil
			}
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		tail := seen[max(0, len(seen)-longest+1):] // a word may be cut
		kept = copy(buf, tail)
	}
}
