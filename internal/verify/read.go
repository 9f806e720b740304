package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"time"

	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/warehouse"
)

// read makes a job and brings its pages into the reading, a few at a time, so
// that no more of them lie in the blob store. It tells how many records there
// are, by Salesforce's own count (invariant 6).
func (w *visit) read(ctx context.Context, r *warehouse.Reading) (int64, error) {
	request := mover.Request{Object: w.object.Name,
		SOQL: salesforce.Select{Fields: fieldsOf(w.judged), From: w.object.Name, Where: w.conditions()}.String()}
	pager := w.Movers["bulk"]
	job, err := pager.Create(ctx, request)
	if errors.Is(err, mover.ErrUnsupported) {
		pager = w.Movers["rest"]
		job, err = pager.Create(ctx, request)
		if salesforce.StatusOf(err) == http.StatusRequestURITooLong {
			err = plan.Fixf("compare its stamps: the same without --digest; or exclude fields that nobody needs",
				"%d fields of %s are more than one REST query can name, and Bulk doesn't read the object: %w", len(fieldsOf(w.judged)), w.object.Name, err)
		}
	}
	if err != nil {
		return 0, err
	}
	// Also for who doesn't want to wait any more. A job that stays behind is
	// deleted by Salesforce after seven days.
	defer func() { _ = pager.Drop(context.WithoutCancel(ctx), job) }()
	w.res.ReadAt = job.ReadAt
	if job, err = w.wait(ctx, pager, job); err != nil {
		return 0, err
	}
	return job.Records, w.fetch(ctx, pager, job, r)
}

// wait polls the job until it is done.
func (w *visit) wait(ctx context.Context, pager mover.Pager, job mover.Job) (mover.Job, error) {
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 30*time.Second) {
		var err error
		if job, err = pager.Poll(ctx, job); err != nil || job.Done {
			return job, err
		}
		if err := w.renew(ctx); err != nil {
			return job, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return job, context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// fetch brings the job's pages into the reading, and counts them against what
// Salesforce says it sent.
func (w *visit) fetch(ctx context.Context, pager mover.Pager, job mover.Job, r *warehouse.Reading) error {
	var records int64
	var waiting []warehouse.Page
	defer func() { w.forget(ctx, waiting) }()
	load := func() error {
		if err := r.Add(ctx, waiting); err != nil {
			return err
		}
		w.forget(ctx, waiting)
		waiting = nil
		return nil
	}
	for p, err := range pager.Pages(ctx, job) {
		if err != nil {
			return err
		}
		if err := w.renew(ctx); err != nil {
			return err
		}
		stored, err := w.fetchPage(ctx, p)
		if err != nil {
			return fmt.Errorf("page %s: %w", p.Name, err)
		}
		records += stored.Rows
		if len(waiting) > 0 && waiting[0].Gzip != stored.Gzip {
			if err := load(); err != nil {
				return err
			}
		}
		if waiting = append(waiting, stored); len(waiting) >= w.Warehouse.PagesPerLoad() {
			if err := load(); err != nil {
				return err
			}
		}
	}
	if records != job.Records {
		return plan.Failf(plan.Retry, "try again", "the pages of job %s hold %d records, Salesforce counts %d", job.ID, records, job.Records)
	}
	return load()
}

func (w *visit) fetchPage(ctx context.Context, p mover.Page) (warehouse.Page, error) {
	body, err := p.Open(ctx)
	if err != nil {
		return warehouse.Page{}, err
	}
	defer body.Close()
	return w.store(ctx, body, body.Gzip, body.Records)
}

// store puts a page into the blob store and looks at it on the way. records is
// what the server counts, or -1.
func (w *visit) store(ctx context.Context, text io.Reader, gzip bool, records int64) (warehouse.Page, error) {
	w.pages++
	p := warehouse.Page{Key: path.Join(w.lease.Flow, w.lease.Run, "verify", fmt.Sprintf("%05d.csv", w.pages)), Seq: w.pages, Gzip: gzip}
	if gzip {
		p.Key += ".gz"
	}
	in := page.Check(text, gzip, records, w.decimal)
	defer in.Close()
	if _, err := w.Stage.Put(ctx, p.Key, in); err != nil {
		return p, err
	}
	shape := in.Shape()
	p.Header, p.Rows, p.Digest = shape.Header, shape.Records, shape.Digest
	for _, d := range shape.Digits {
		p.Digits = append(p.Digits, warehouse.Digits{Field: d.Column, Whole: d.Whole, Fraction: d.Fraction})
	}
	p.Path, p.URL = w.Stage.Where(p.Key)
	p.Open = func(ctx context.Context) (io.ReadCloser, error) { return w.Stage.Open(ctx, p.Key) }
	if shape.NUL != nil && !w.Warehouse.KeepsNUL() {
		p.Path, p.URL, p.Gzip = "", "", false // only through Open, with the bytes replaced
		p.Open = func(ctx context.Context) (io.ReadCloser, error) {
			stored, err := w.Stage.Open(ctx, p.Key)
			if err != nil {
				return nil, err
			}
			return page.WithoutNUL(stored, gzip)
		}
	}
	return p, nil
}

// decimal tells which columns of a page are measured.
func (w *visit) decimal(field string) bool {
	for _, c := range w.table.Columns {
		if c.Field == field {
			return c.Kind == warehouse.Decimal
		}
	}
	return false
}

// forget removes pages that are loaded. Those that stay behind after a failure
// here are found by the next run's drop.
func (w *visit) forget(ctx context.Context, pages []warehouse.Page) {
	for _, p := range pages {
		_ = w.Stage.Delete(context.WithoutCancel(ctx), p.Key)
		if p.Rejected != nil {
			_ = w.Stage.Delete(context.WithoutCancel(ctx), p.Rejected.Key)
		}
	}
}
