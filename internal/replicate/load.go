package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
)

// load brings the parts' pages into the blob store and from there into
// staging, both at once: while pages load, the next ones come down. A page that
// is stored or loaded already is not fetched or loaded again.
func (r *Replicator) load(ctx context.Context, v *visit) error {
	if err := r.dropFindings(ctx, v); err != nil {
		return err
	}
	finished, err := r.finished(ctx, v)
	if err != nil || !finished {
		return err
	}
	for i := range v.attempt.Parts {
		p := &v.attempt.Parts[i]
		if p.Mover == noMover || p.Loaded {
			continue
		}
		if len(p.Job) == 0 { // what it completes was read anew just now: the next call makes another
			return nil
		}
		if err := r.loadPart(ctx, v, int64(i), p); err != nil || !p.Loaded {
			return err // the next call goes on from here
		}
	}
	if more, err := r.reread(ctx, v); err != nil || more {
		return err // the next call reads that
	}
	if done, err := r.reconcile(ctx, v); err != nil || !done {
		return err
	}
	if err := r.Warehouse.Counted(ctx, v.fence(), v.merge()); err != nil {
		return err
	}
	v.attempt.State = control.Loaded
	return nil
}

// loadPart loads one part, as far as it gets.
func (r *Replicator) loadPart(ctx context.Context, v *visit, place int64, p *control.Part) error {
	if r.lander(p) != nil {
		l, err := r.landing(v, p)
		if err != nil {
			return err
		}
		return l.load(ctx, place)
	}
	if err := r.onlyParts(ctx, v); err != nil { // a job that was given up may have left rows
		return err
	}
	l, err := r.newLoading(ctx, v, place, p)
	if err != nil {
		return err
	}
	switch err := l.run(ctx); {
	case errors.Is(err, mover.ErrGone):
		return r.loadAnother(ctx, v, place, p)
	case overload(err):
		return r.relieve(ctx, v, p, err)
	case errors.Is(err, errStopping):
		return nil
	case errors.Is(err, stage.ErrUnfit): // once it is mended in Salesforce, another job has to read it
		return r.giveUpJob(ctx, v, p, err)
	case err != nil:
		return err
	}
	if err = l.account(ctx); errors.Is(err, errUnsound) {
		return r.giveUpJob(ctx, v, p, err)
	}
	return err
}

// loadAnother replaces a job that is gone. One that is done as soon as it is
// made, as REST's are, is loaded by this very call: it lives in this process,
// and the next call may come to another.
func (r *Replicator) loadAnother(ctx context.Context, v *visit, place int64, p *control.Part) error {
	if err := r.replaceJob(ctx, v, p); err != nil {
		return err
	}
	if _, job, err := r.job(p); err != nil || !job.Done {
		return err
	}
	return r.loadPart(ctx, v, place, p)
}

// errUnsound says that a job's result doesn't add up.
var errUnsound = errors.New("the result doesn't add up")

// errStopping ends the listing of pages after the stop signal.
var errStopping = errors.New("stopping")

// A loading is one call of load, for one part.
type loading struct {
	*Replicator
	v      *visit
	part   *control.Part
	way    stage.Way
	place  int64 // of the part in its attempt
	pager  mover.Pager
	job    mover.Job
	readAt time.Time
	before int64                      // records of the parts that are loaded
	stored map[string]control.PageRow // by page name: known when the call began
	ready  chan control.PageRow       // stored, waiting for the warehouse
	total  tally
}

// pagesAtMost bounds the pages of a part: their places in the attempt follow
// those of the part before.
const pagesAtMost = 10_000_000

// A tally counts pages and what is in them.
type tally struct{ pages, records, rejected, bytes int64 }

func (r *Replicator) newLoading(ctx context.Context, v *visit, place int64, p *control.Part) (*loading, error) {
	pager, job, err := r.job(p)
	if err != nil {
		return nil, err
	}
	pages, err := r.Control.Pages(ctx, v.attempt.ID)
	if err != nil {
		return nil, err
	}
	l := &loading{Replicator: r, v: v, part: p, place: place, pager: pager, job: job, readAt: job.ReadAt,
		way:    stage.Way{Store: r.Stage, Source: v.source, KeepsNUL: r.Warehouse.KeepsNUL()},
		stored: map[string]control.PageRow{}, ready: make(chan control.PageRow, r.Warehouse.PagesPerLoad())}
	_, l.before, _ = v.attempt.Sums()
	for _, first := range v.attempt.Reading(p.Follows) { // two servers' clocks may differ
		if len(first.Job) == 0 {
			continue
		}
		of, err := jobOf(first)
		if err != nil {
			return nil, err
		}
		if of.ReadAt.After(l.readAt) {
			l.readAt = of.ReadAt
		}
	}
	for _, p := range pages {
		if p.Job == job.ID {
			l.stored[p.Name] = p
		}
	}
	return l, nil
}

// run fetches pages, several at once, and loads them as they come.
func (l *loading) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer l.gate.leave(stage.Folder(l.v.attempt.Flow, l.v.attempt.ID))
	var loader sync.WaitGroup
	loader.Go(func() {
		if err := l.loadReady(ctx); err != nil {
			cancel(err)
			for range l.ready { // let the fetchers go
			}
		}
	})
	err := l.fetchAll(ctx, cancel)
	close(l.ready)
	loader.Wait()
	if first := context.Cause(ctx); first != nil { // what the others say is only its consequence
		return first
	}
	return err
}

// fetchAll lists the job's pages and fetches those that aren't stored. The
// first comes down alone: it is here sooner than one of many would be, and the
// warehouse loads it while the others follow.
func (l *loading) fetchAll(ctx context.Context, cancel context.CancelCauseFunc) error {
	var fetchers sync.WaitGroup
	err := func() error {
		seq, first := int64(0), make(chan struct{})
		for p, err := range l.pager.Pages(ctx, l.job) {
			if err != nil {
				return err
			}
			if l.stopping() {
				return errStopping
			}
			seq++
			row, known := l.stored[p.Name]
			if !known {
				row = control.PageRow{Attempt: l.v.attempt.ID, Job: l.job.ID, Name: p.Name, Seq: l.place*pagesAtMost + seq}
			}
			if seq == 2 {
				select {
				case <-first:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			select {
			case l.slots <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			fetched := func() {}
			if seq == 1 {
				fetched = func() { close(first) }
			}
			fetchers.Go(func() {
				defer func() { <-l.slots }()
				defer fetched()
				if err := l.fetchOne(ctx, p, row, known); err != nil {
					cancel(err)
				}
			})
		}
		return nil
	}()
	fetchers.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

func (l *loading) fetchOne(ctx context.Context, p mover.Page, row control.PageRow, known bool) error {
	if !known {
		if err := l.gate.enter(ctx); err != nil {
			return err
		}
		var err error
		if row, err = l.fetch(ctx, p, row); err != nil {
			return fmt.Errorf("page %s: %w", p.Name, err)
		}
		if err := l.Control.SavePage(ctx, row); err != nil {
			return err
		}
	}
	select {
	case l.ready <- row:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// loadReady gives pages to the warehouse: all that wait at the moment, so that
// it loads many at once when it is the slower side and keeps nobody waiting
// when it is the faster one.
func (l *loading) loadReady(ctx context.Context) error {
	for row := range l.ready {
		batch := []control.PageRow{row}
		for more := true; more && len(batch) < cap(l.ready); {
			select {
			case next, ok := <-l.ready:
				if more = ok; ok {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		for len(batch) > 0 { // one kind of page at a time
			n := 1
			for n < len(batch) && batch[n].Gzip == batch[0].Gzip && slices.Equal(batch[n].Header, batch[0].Header) {
				n++
			}
			if err := l.loadBatch(ctx, batch[:n]); err != nil {
				return err
			}
			batch = batch[n:]
		}
	}
	return nil
}

func (l *loading) loadBatch(ctx context.Context, rows []control.PageRow) error {
	b := warehouse.Batch{Table: l.v.source.Table, Attempt: l.v.attempt.ID, Job: l.job.ID, ReadAt: l.readAt,
		Op: warehouse.Op(l.part.Op), Reason: warehouse.Reason(l.part.Reason), Override: l.part.Override}
	for _, row := range rows {
		b.Pages = append(b.Pages, l.way.Page(row))
	}
	if _, err := l.Warehouse.Load(ctx, l.v.fence(), b); err != nil {
		return err
	}
	for _, row := range rows {
		l.total.pages++
		l.total.records += row.Records
		l.total.rejected += row.Rejected
		l.total.bytes += row.Bytes
		l.gate.done(row.Key)
		if row.Loaded {
			continue
		}
		row.Loaded = true
		if err := l.Control.SavePage(ctx, row); err != nil {
			return err
		}
	}
	l.progress(Progress{Flow: l.v.attempt.Flow, Step: Load, Records: l.before + l.total.records, Of: l.before + l.job.Records,
		Bytes: l.total.bytes, Mover: l.part.Mover})
	return nil
}

// account holds what was loaded against what Salesforce says it sent and what
// the warehouse says it has (invariant 6). What doesn't add up is read again by
// another job: the pages of this one are stored, and stay what they are.
func (l *loading) account(ctx context.Context) error {
	if came := l.total.records + l.total.rejected; came != l.job.Records {
		return plan.Failf(plan.Retry, "", "%w: the pages of job %s hold %d records, Salesforce counts %d",
			errUnsound, l.job.ID, came, l.job.Records)
	}
	pages, rows, err := l.Warehouse.Staged(ctx, l.v.attempt.ID, l.job.ID)
	if err != nil {
		return err
	}
	if pages != l.total.pages || rows != l.total.records {
		return plan.Failf(plan.Retry, "", "%w: the warehouse has %d pages with %d rows of job %s, loaded were %d with %d",
			errUnsound, pages, rows, l.job.ID, l.total.pages, l.total.records)
	}
	keys, err := l.Warehouse.Keys(ctx, l.v.source.Table, l.v.attempt.ID, l.job.ID)
	if err != nil {
		return err
	}
	if err := l.accountRejected(ctx); err != nil {
		return err
	}
	if keys != rows {
		return plan.Failf(plan.Retry, "", "%w: the pages of job %s hold %d records, but only %d different ones",
			errUnsound, l.job.ID, rows, keys)
	}
	l.part.Pages, l.part.Records, l.part.Rejected = pages, rows, l.total.rejected
	l.part.Bytes, l.part.Loaded = l.total.bytes, true
	return nil
}
