package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"catchment/internal/lease"
	"catchment/internal/mover"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/soql"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
)

// A download brings what is compared of all records, by one job.
type download struct {
	movers  mover.Set
	parents *parents.Pager
	subject *subject
	held    *lease.Lease
	shelf   *shelf
	atOnce  int   // pages that the warehouse takes at a time
	records int64 // that the pages hold, as Salesforce counts each of them
	blanks  int64 // records with a value that no column takes
	stop    <-chan struct{}
	hearer  Hearer
}

// read makes a job and brings its pages into the reading, a few at a time, so
// that no more of them lie in the blob store. The job tells how many records
// there are, by Salesforce's own count (invariant 6).
func (d *download) read(ctx context.Context, r warehouse.Reading) (mover.Job, error) {
	object, fields := d.subject.source.Object.Name, fieldsOf(d.subject.judged)
	query := soql.Select{Fields: fields, From: object, Where: d.subject.conditions()}
	request := mover.Request{
		Object: object, SOQL: query.String(), Fields: fields, Described: d.subject.source.Object,
	}
	pager := d.pager(len(request.SOQL))
	job, err := pager.Create(ctx, request)
	if errors.Is(err, mover.ErrUnsupported) {
		pager, _ = d.movers.Pager(d.movers.Everything())
		job, err = pager.Create(ctx, request)
		if fault.StatusOf(err) == http.StatusRequestURITooLong {
			err = plan.Fixf("compare its stamps: the same without --digest; or exclude fields that nobody needs",
				"%d fields of %s are more than one REST query can name, and Bulk doesn't read the object: %w",
				len(fields), object, err)
		}
	}
	if err != nil {
		return job, err
	}
	// Also for who doesn't want to wait any more. A job that stays behind is
	// deleted by Salesforce after seven days.
	defer func() { _ = pager.Drop(context.WithoutCancel(ctx), job) }()
	if job, err = d.wait(ctx, pager, job); err != nil {
		return job, err
	}
	err = d.fetch(ctx, pager, job, r)
	job.Records = d.records
	return job, err
}

// pager finds what reads a query of so many bytes.
func (d *download) pager(query int) mover.Pager {
	if d.subject.source.Parent != "" {
		return d.parents
	}
	pager, _ := d.movers.Pager(d.movers.For(mover.Amount{Records: mover.Uncounted, Query: query}))
	return pager
}

// wait polls the job until it is done.
func (d *download) wait(ctx context.Context, pager mover.Pager, job mover.Job) (mover.Job, error) {
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 30*time.Second) {
		var err error
		if job, err = pager.Poll(ctx, job); err != nil || job.Done {
			return job, err
		}
		if err := d.held.Renew(ctx); err != nil {
			return job, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return job, context.Cause(ctx)
		case <-d.stop:
			timer.Stop()
			return job, plan.ErrStopped
		case <-timer.C:
		}
	}
}

// fetch brings the job's pages into the reading, and counts them against what
// Salesforce says it sent. Pages come while the warehouse takes those before.
func (d *download) fetch(ctx context.Context, pager mover.Pager, job mover.Job, r warehouse.Reading) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	batches := make(chan []warehouse.Page) // nothing waits in it: one batch comes while the other is taken
	var taking sync.WaitGroup
	taking.Go(func() {
		for pages := range batches {
			if err := d.take(ctx, r, pages); err != nil {
				fail(err)
			}
		}
	})
	if err := d.bring(ctx, pager, job, batches); err != nil {
		fail(err)
	}
	close(batches)
	taking.Wait()
	return context.Cause(ctx) // of the two, what was first
}

// take has the reading take pages, which the shelf needs no more then.
func (d *download) take(ctx context.Context, r warehouse.Reading, pages []warehouse.Page) error {
	defer d.shelf.forget(ctx, pages)
	add := func(pages []warehouse.Page) error { return r.Add(ctx, pages) }
	if err := d.shelf.load(ctx, pages, add); err != nil {
		return err
	}
	for _, p := range pages {
		shown, _ := d.shelf.find(p.Key)
		d.blanks += shown.row.Blanks
	}
	return nil
}

// bring stores the job's pages, and hands on as many as the warehouse takes at a time.
func (d *download) bring(
	ctx context.Context, pager mover.Pager, job mover.Job, batches chan<- []warehouse.Page,
) error {
	var records int64
	var waiting []warehouse.Page
	defer func() { d.shelf.forget(ctx, waiting) }()
	hand := func() error {
		select {
		case batches <- waiting:
			waiting = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for p, err := range pager.Pages(ctx, job) {
		if err != nil {
			return err
		}
		if err := d.held.Renew(ctx); err != nil {
			return err
		}
		stored, err := d.fetchPage(ctx, p)
		if err != nil {
			return fmt.Errorf("page %s: %w", p.Name, err)
		}
		records += stored.Rows
		d.hearer.tell(Progress{
			Flow: d.held.Flow(), Doing: Reading, Records: records,
			Of: max(job.Records, 0), Known: job.Records != mover.Uncounted,
		})
		if len(waiting) > 0 && waiting[0].Gzip != stored.Gzip {
			if err := hand(); err != nil {
				d.shelf.forget(ctx, []warehouse.Page{stored})
				return err
			}
		}
		if waiting = append(waiting, stored); len(waiting) >= d.atOnce {
			if err := hand(); err != nil {
				return err
			}
		}
	}
	d.records = records
	if job.Records != mover.Uncounted && records != job.Records {
		return plan.Failf(plan.Retry, "try again", "the pages of job %s hold %d records, Salesforce counts %d",
			job.ID, records, job.Records)
	}
	return hand()
}

func (d *download) fetchPage(ctx context.Context, p mover.Page) (warehouse.Page, error) {
	body, err := p.Open(ctx)
	if err != nil {
		return warehouse.Page{}, err
	}
	defer body.Close()
	return d.shelf.stage(ctx, d.shelf.compared(), body.Gzip, stage.Incoming{Reader: body, Records: body.Records})
}
