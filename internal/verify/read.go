package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// A reading is one fresh look at an object: a job, and its pages in the blob
// store. Its lease is renewed as it goes on.
type reading struct {
	*Verifier
	lease control.Lease
	pager mover.Pager
	job   mover.Job
	pages []warehouse.Page
}

// read makes a job and brings its pages into the blob store. What it returns
// has to be cleared, also where it failed.
func (v *Verifier) read(ctx context.Context, lease control.Lease, r mover.Request) (*reading, error) {
	d := &reading{Verifier: v, lease: lease, pager: v.Movers["bulk"]}
	var err error
	if d.job, err = d.pager.Create(ctx, r); errors.Is(err, mover.ErrUnsupported) {
		d.pager = v.Movers["rest"]
		d.job, err = d.pager.Create(ctx, r)
	}
	if err != nil {
		return d, err
	}
	if err := d.wait(ctx); err != nil {
		return d, err
	}
	return d, d.fetch(ctx)
}

// wait polls the job until it is done.
func (d *reading) wait(ctx context.Context) error {
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 30*time.Second) {
		var err error
		if d.job, err = d.pager.Poll(ctx, d.job); err != nil || d.job.Done {
			return err
		}
		if d.lease, err = d.Control.Renew(ctx, d.lease); err != nil {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// fetch stores the job's pages, and counts them against what Salesforce says
// it sent (invariant 6).
func (d *reading) fetch(ctx context.Context) error {
	var records int64
	for p, err := range d.pager.Pages(ctx, d.job) {
		if err != nil {
			return err
		}
		if d.lease, err = d.Control.Renew(ctx, d.lease); err != nil {
			return err
		}
		stored, err := d.store(ctx, p)
		if err != nil {
			return fmt.Errorf("page %s: %w", p.Name, err)
		}
		records += stored.Rows
	}
	if records != d.job.Records {
		return plan.Failf(plan.Retry, "try again", "the pages of job %s hold %d records, Salesforce counts %d", d.job.ID, records, d.job.Records)
	}
	return nil
}

func (d *reading) store(ctx context.Context, p mover.Page) (warehouse.Page, error) {
	body, err := p.Open(ctx)
	if err != nil {
		return warehouse.Page{}, err
	}
	defer body.Close()
	out := warehouse.Page{Key: path.Join(d.lease.Flow, d.lease.Run, "verify", p.Name+".csv"), Seq: int64(len(d.pages) + 1), Gzip: body.Gzip}
	if body.Gzip {
		out.Key += ".gz"
	}
	in := page.Check(body, body.Gzip, body.Records, nil)
	defer in.Close()
	if _, err := d.Stage.Put(ctx, out.Key, in); err != nil {
		return out, err
	}
	shape := in.Shape()
	out.Header, out.Rows, out.Digest = shape.Header, shape.Records, shape.Digest
	out.Path, out.URL = d.Stage.Where(out.Key)
	out.Open = func(ctx context.Context) (io.ReadCloser, error) { return d.Stage.Open(ctx, out.Key) }
	d.pages = append(d.pages, out)
	return out, nil
}

// clear removes the pages and the job, also for who doesn't want to wait any
// more. Pages that stay behind after a failure here are found by the next run's
// drop, a job by Salesforce after seven days; the comparison is not the worse
// for it.
func (d *reading) clear(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	if d.job.ID != "" {
		_ = d.pager.Drop(ctx, d.job)
	}
	for _, p := range d.pages {
		_ = d.Stage.Delete(ctx, p.Key)
	}
}
