package replicate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"sync"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// load brings the job's pages into the blob store and from there into staging,
// both at once: while pages load, the next ones come down. A page that is
// stored or loaded already is not fetched or loaded again.
func (r *Replicator) load(ctx context.Context, v *visit) error {
	finished, err := r.finished(ctx, v)
	if err != nil || !finished {
		return err
	}
	if v.attempt.Mover == "none" {
		v.attempt.State = control.Loaded
		return nil
	}
	pager, job, err := r.job(v)
	if err != nil {
		return err
	}
	l, err := r.newLoading(ctx, v, job)
	if err != nil {
		return err
	}
	switch err := l.run(ctx, pager); {
	case errors.Is(err, mover.ErrGone):
		return r.replaceJob(ctx, v, pager, job)
	case errors.Is(err, errStopping):
		return nil // the next call goes on from here
	case err != nil:
		return err
	}
	if err = l.account(ctx); errors.Is(err, errUnsound) {
		return r.giveUpJob(ctx, v, pager, job, err)
	}
	return err
}

// errUnsound says that a job's result doesn't add up.
var errUnsound = errors.New("the result doesn't add up")

// errStopping ends the listing of pages after the stop signal.
var errStopping = errors.New("stopping")

// A loading is one call of load.
type loading struct {
	*Replicator
	v      *visit
	job    mover.Job
	stored map[string]control.PageRow // by page name: known when the call began
	ready  chan control.PageRow       // stored, waiting for the warehouse
	total  tally
}

// A tally counts pages and what is in them.
type tally struct{ pages, records, bytes int64 }

func (r *Replicator) newLoading(ctx context.Context, v *visit, job mover.Job) (*loading, error) {
	pages, err := r.Control.Pages(ctx, v.attempt.ID)
	if err != nil {
		return nil, err
	}
	l := &loading{Replicator: r, v: v, job: job, stored: map[string]control.PageRow{},
		ready: make(chan control.PageRow, r.Warehouse.PagesPerLoad())}
	for _, p := range pages {
		if p.Job == job.ID {
			l.stored[p.Name] = p
		}
	}
	return l, nil
}

// run fetches pages, several at once, and loads them as they come.
func (l *loading) run(ctx context.Context, pager mover.Pager) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer l.gate.leave(path.Join(l.v.attempt.Flow, l.v.attempt.ID))
	var loader sync.WaitGroup
	var loadErr error
	loader.Go(func() {
		if loadErr = l.loadReady(ctx); loadErr != nil {
			cancel(loadErr)
			for range l.ready { // let the fetchers go
			}
		}
	})
	fetchErr := l.fetchAll(ctx, cancel, pager)
	close(l.ready)
	loader.Wait()
	if loadErr != nil {
		return loadErr
	}
	return fetchErr
}

// fetchAll lists the job's pages and fetches those that aren't stored. The
// first comes down alone: it is here sooner than one of many would be, and the
// warehouse loads it while the others follow.
func (l *loading) fetchAll(ctx context.Context, cancel context.CancelCauseFunc, pager mover.Pager) error {
	var fetchers sync.WaitGroup
	err := func() error {
		seq, first := int64(0), make(chan struct{})
		for p, err := range pager.Pages(ctx, l.job) {
			if err != nil {
				return err
			}
			if l.stopping() {
				return errStopping
			}
			seq++
			row, known := l.stored[p.Name]
			if !known {
				row = control.PageRow{Attempt: l.v.attempt.ID, Job: l.job.ID, Name: p.Name, Seq: seq}
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
	b := warehouse.Batch{Table: l.v.source.table, Attempt: l.v.attempt.ID, Job: l.job.ID, ReadAt: l.job.ReadAt}
	for _, row := range rows {
		b.Pages = append(b.Pages, l.page(row))
	}
	if _, err := l.Warehouse.Load(ctx, l.v.fence(), b); err != nil {
		return err
	}
	for _, row := range rows {
		l.total.pages++
		l.total.records += row.Records
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
	l.progress(Progress{Flow: l.v.attempt.Flow, Step: Load, Records: l.total.records, Of: l.job.Records,
		Bytes: l.total.bytes, Mover: l.v.attempt.Mover})
	return nil
}

// page shows a stored page to the warehouse.
func (l *loading) page(row control.PageRow) warehouse.Page {
	return stagedPage(l.Stage, row, l.Warehouse.KeepsNUL())
}

func stagedPage(stage blob.Store, row control.PageRow, keepsNUL bool) warehouse.Page {
	p := warehouse.Page{Key: row.Key, Seq: row.Seq, Header: row.Header, Rows: row.Records, Digest: row.Digest, Gzip: row.Gzip}
	p.Path, p.URL = stage.Where(row.Key)
	p.Open = func(ctx context.Context) (io.ReadCloser, error) { return stage.Open(ctx, row.Key) }
	for _, d := range row.Digits {
		p.Digits = append(p.Digits, warehouse.Digits{Field: d.Column, Whole: d.Whole, Fraction: d.Fraction})
	}
	if row.NULs > 0 && !keepsNUL {
		p.Path, p.URL, p.Gzip = "", "", false // only through Open, with the bytes replaced
		p.Open = func(ctx context.Context) (io.ReadCloser, error) { return openWithoutNUL(ctx, stage, row) }
	}
	return p
}

// account holds what was loaded against what Salesforce says it sent and what
// the warehouse says it has (invariant 6). What doesn't add up is read again by
// another job: the pages of this one are stored, and stay what they are.
func (l *loading) account(ctx context.Context) error {
	if l.total.records != l.job.Records {
		return plan.Failf(plan.Retry, "", "%w: the pages of job %s hold %d records, Salesforce counts %d",
			errUnsound, l.job.ID, l.total.records, l.job.Records)
	}
	pages, rows, err := l.Warehouse.Staged(ctx, l.v.attempt.ID)
	if err != nil {
		return err
	}
	if pages != l.total.pages || rows != l.total.records {
		return plan.Failf(plan.Retry, "", "%w: the warehouse has %d pages with %d rows of attempt %s, loaded were %d with %d",
			errUnsound, pages, rows, l.v.attempt.ID, l.total.pages, l.total.records)
	}
	keys, err := l.Warehouse.Keys(ctx, l.v.source.table, l.v.attempt.ID)
	if err != nil {
		return err
	}
	if keys != rows {
		return plan.Failf(plan.Retry, "", "%w: the pages of job %s hold %d records, but only %d different ones",
			errUnsound, l.job.ID, rows, keys)
	}
	a := &l.v.attempt
	a.Pages, a.Records, a.Bytes = pages, rows, l.total.bytes
	if err := l.Warehouse.Counted(ctx, l.v.fence(), l.v.merge()); err != nil {
		return err
	}
	a.State = control.Loaded
	return nil
}

// pageKey names a page in the blob store. It contains the job: a new job of
// the same attempt reads something else.
func pageKey(flow, attempt, job, name string, gzip bool) string {
	key := path.Join(flow, attempt, job, name+".csv")
	if gzip {
		key += ".gz"
	}
	return key
}
