package replicate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/replicate/reading"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// errStopping ends the listing of pages after the stop signal.
var errStopping = errors.New("stopping")

// lists is how the pages of a job that is done are listed.
type lists func(context.Context, mover.Job) iter.Seq2[mover.Page, error]

// A loading is one call of load, for the pages of one part's job.
type loading struct {
	*paging
	way     stage.Way
	place   int64 // of the part in its attempt
	listing lists
	result  mover.Job // it is done
	readAt  time.Time
	again   bool                       // several executions may bring a record: the newest version counts
	before  int64                      // records of the parts that are loaded
	stored  map[string]control.PageRow // by page name: known when the call began
	placed  map[int64]string           // their names, by place
	ready   chan control.PageRow       // stored, waiting for the warehouse
	total   reading.Result
	came    atomic.Int64 // records of the pages so far
}

func (j *paging) newLoading(ctx context.Context, place int64, job mover.Job, listing lists) (*loading, error) {
	job.Request = j.request()
	pages, err := j.Control.Pages(ctx, j.attempt.ID)
	if err != nil {
		return nil, err
	}
	flow, err := j.Control.Flow(ctx, j.attempt.Flow)
	if err != nil {
		return nil, err
	}
	l := &loading{
		paging: j, place: place, listing: listing, result: job, readAt: latest(job.ReadAt, flow.Looked),
		way: stage.Way{Store: j.Stage, Source: j.source, Room: j.Warehouse.Room(),
			Texts: stage.NewTexts(j.Stage, j.quota.Beside)},
		stored: map[string]control.PageRow{}, placed: map[int64]string{},
		ready: make(chan control.PageRow, j.Warehouse.PagesPerLoad()),
	}
	_, l.before, _ = j.attempt.Sums()
	for _, first := range j.attempt.Reading(j.part.Follows) { // two servers' clocks may differ
		if len(first.Job) == 0 {
			continue
		}
		earlier, err := reading.JobOf(*first)
		if err != nil {
			return nil, err
		}
		l.readAt = latest(l.readAt, earlier.ReadAt)
	}
	for _, p := range pages {
		if p.Job == job.ID {
			l.stored[p.Name], l.placed[p.Seq] = p, p.Name
		}
	}
	return l, nil
}

// latest is the later of two moments of the org. What is read is never older than what the
// flow has looked at before: the Date of one answer has whole seconds, that of another what
// has passed since, and clocks of two servers differ.
func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// run fetches pages, several at once, and loads them as they come.
func (l *loading) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer l.quota.Leave(stage.Folder(l.attempt.Flow, l.attempt.ID))
	defer l.way.Texts.Close()
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
// warehouse loads it while the others follow. Each that has come lets two more begin, so that the
// second isn't one of many either.
func (l *loading) fetchAll(ctx context.Context, cancel context.CancelCauseFunc) error {
	var fetchers sync.WaitGroup
	err := func() error {
		seq, begin := int64(0), make(chan struct{}, cap(l.slots))
		begin <- struct{}{}
		for p, err := range l.listing(ctx, l.result) {
			if err != nil {
				return err
			}
			if l.stopping() {
				return errStopping
			}
			seq++
			row, known := l.stored[p.Name]
			at := l.place*pagesAtMost + seq
			if err := reading.SamePages(l.result.ID, p.Name, l.placed[at], known && row.Seq != at); err != nil {
				return err
			}
			if !known {
				row = control.PageRow{Attempt: l.attempt.ID, Job: l.result.ID, Name: p.Name, Seq: at}
			}
			select {
			case <-begin:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			select {
			case l.slots <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			fetchers.Go(func() {
				defer func() { <-l.slots }()
				defer more(begin, 2)
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

// more lets n more begin, as far as there is room for them.
func more(begin chan<- struct{}, n int) {
	for range n {
		select {
		case begin <- struct{}{}:
		default:
			return
		}
	}
}

func (l *loading) fetchOne(ctx context.Context, p mover.Page, row control.PageRow, known bool) error {
	if !known {
		if err := l.quota.Enter(ctx); err != nil {
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
	if came := l.came.Add(row.Records + row.Rejected); l.counted() && came > l.result.Records {
		return mover.Circle("job %s was to bring %d records, and brings more", l.result.ID, l.result.Records)
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
	b := warehouse.Batch{Table: l.source.Table, Attempt: l.attempt.ID, Job: l.result.ID, ReadAt: l.readAt,
		Op: warehouse.Op(l.part.Op), Reason: gone.Reason(l.part.Reason), Override: l.part.Override}
	rows, err := l.loadFitting(ctx, b, rows)
	if err != nil {
		return err
	}
	for _, row := range rows {
		l.total.Pages++
		l.total.Records += row.Records
		l.total.Rejected += row.Rejected
		l.total.Bytes += row.Bytes
		l.quota.Done(row.Key)
		l.way.Texts.Drop(row.Key)
		if row.Loaded {
			continue
		}
		row.Loaded = true
		if err := l.Control.SavePage(ctx, row); err != nil {
			return err
		}
	}
	of, known := reading.Expected(l.attempt.Parts)
	l.progress(Progress{Flow: l.attempt.Flow, Step: Load, Records: l.before + l.total.Records,
		Of: of - l.total.Rejected, Known: known, Bytes: l.total.Bytes, Mover: l.part.Mover})
	return nil
}

// loadFitting loads pages without the records that the warehouse has no room for, or
// refuses, and gives the pages' rows as they were loaded.
func (l *loading) loadFitting(
	ctx context.Context, b warehouse.Batch, rows []control.PageRow,
) ([]control.PageRow, error) {
	for {
		b.Pages = nil
		for _, row := range rows {
			b.Pages = append(b.Pages, l.way.Page(row))
		}
		_, err := l.Warehouse.Load(ctx, l.fence(), b)
		if err == nil {
			return rows, nil
		}
		again := false
		if rows, again, err = l.way.Refit(ctx, rows, stage.Named(ctx, b.Pages, err)); !again {
			return nil, err
		}
		for _, row := range rows { // before any row of them is in the warehouse
			if err := l.Control.SavePage(ctx, row); err != nil {
				return nil, err
			}
		}
	}
}

// account holds what was loaded against what Salesforce says it sent and what
// the warehouse says it has (invariant 6). What doesn't add up is read again by
// another job: the pages of this one are stored, and stay what they are.
func (l *loading) account(ctx context.Context) error {
	if came := l.total.Records + l.total.Rejected; l.counted() && came != l.result.Records {
		return plan.Failf(plan.Retry, "", "%w: the pages of job %s hold %d records, Salesforce counts %d",
			reading.ErrUnsound, l.result.ID, came, l.result.Records)
	}
	pages, rows, err := l.Warehouse.Staged(ctx, l.attempt.ID, l.result.ID)
	if err != nil {
		return err
	}
	if pages != l.total.Pages || rows != l.total.Records {
		return plan.Failf(plan.Retry, "",
			"%w: the warehouse has %d pages with %d rows of job %s, loaded were %d with %d",
			reading.ErrUnsound, pages, rows, l.result.ID, l.total.Pages, l.total.Records)
	}
	keys, err := l.keys(ctx, rows)
	if err != nil {
		return err
	}
	if err := l.accountRejected(ctx); err != nil {
		return err
	}
	switch {
	case keys < rows && l.again:
		l.note("%s", newest(rows, keys))
	case keys != rows:
		if err := l.doubles(ctx, rows, keys); err != nil {
			return err
		}
	}
	return reading.Finish(l.part, l.total)
}

// counted tells whether Salesforce has said how many records the job brings. Where it hasn't, it says
// so of each page, which is held against that as it comes.
func (l *loading) counted() bool { return l.result.Records != mover.Uncounted }

// keys counts the different records that were loaded. Where the merge is going to prove that each
// came once, it is as many as there are rows until that says otherwise.
func (l *loading) keys(ctx context.Context, rows int64) (int64, error) {
	p := l.part
	p.Unproven = false
	if asked := warehouse.RolesOf(l.Warehouse).Proves; asked != nil && !l.counting {
		proves, err := asked(ctx, l.source.Table)
		if err != nil || proves {
			p.Unproven = proves
			return rows, err
		}
	}
	return l.Warehouse.Keys(ctx, l.source.Table, l.attempt.ID, l.result.ID)
}

// fetch stores one page as it comes off the wire and notes what it holds.
func (l *loading) fetch(ctx context.Context, p mover.Page, row control.PageRow) (control.PageRow, error) {
	body, err := p.Open(ctx)
	if err != nil {
		return row, err
	}
	defer body.Close()
	row.Gzip = body.Gzip
	row.Key = stage.Key(l.attempt.Flow, row.Attempt, row.Job, row.Name, row.Gzip)
	in := stage.Incoming{Reader: body, Records: body.Records}
	if op := warehouse.Op(l.part.Op); op != "" && op != warehouse.Put {
		in.Patch = l.part.Fields
	}
	row, size, err := l.way.Put(ctx, row, in)
	if size > 0 { // also of a page that can't be copied as it is
		l.quota.Stored(row.Key, size)
	}
	return row, err
}

// accountRejected counts what was rejected against what the warehouse keeps of
// it, each record once (invariant 6).
func (l *loading) accountRejected(ctx context.Context) error {
	if l.total.Rejected == 0 && !l.source.Treated() {
		return nil
	}
	kept, err := l.Warehouse.Rejected(ctx, l.attempt.ID, l.result.ID)
	if err != nil {
		return err
	}
	if kept != l.total.Rejected {
		return plan.Failf(plan.Retry, "",
			"%w: %d records of job %s were rejected, the warehouse keeps %d different ones",
			reading.ErrUnsound, l.total.Rejected, l.result.ID, kept)
	}
	return nil
}

// doubles deals with a job that brought keys more than once: it is nil where the
// loading may go on.
func (l *loading) doubles(ctx context.Context, rows, keys int64) error {
	found, err := l.Warehouse.Repeated(ctx, l.source.Table, l.attempt.ID, l.result.ID)
	if err != nil {
		return err
	}
	before := l.part.Doubles
	l.part.Doubles = &control.Doubles{Job: l.result.ID, Rows: found.Rows, Keys: found.Keys}
	switch reading.JudgeDoubles(found, rows-keys, l.result.ID, before) {
	case reading.Refused:
		return plan.Fixf("exclude the object with exclude_objects, or take its flow away, and tell Salesforce",
			"%w: two jobs brought %d records of %s that have the key of another one and other values: %s",
			stage.ErrUnfit, found.Differing, l.source.Object.Name, found.Names())
	case reading.OneEach:
		l.note("%s came more than once, alike in all fields, and %s one row each: %s", plural.Of(found.Rows, "record"),
			plural.Word(found.Rows, "is", "are"), found.Names())
		return nil
	}
	return plan.Failf(plan.Retry, "", "%w: the pages of job %s hold %d records, but only %d different ones",
		reading.ErrUnsound, l.result.ID, rows, keys)
}
