package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/soql"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
)

// read makes a job and brings its pages into the reading, a few at a time, so
// that no more of them lie in the blob store. It tells how many records there
// are, by Salesforce's own count (invariant 6).
func (w *visit) read(ctx context.Context, r *warehouse.Reading) (int64, error) {
	request := mover.Request{Object: w.source.Object.Name,
		SOQL: soql.Select{Fields: fieldsOf(w.judged), From: w.source.Object.Name, Where: w.conditions()}.String()}
	pager, _ := w.Movers.Pager(w.Movers.For(mover.Uncounted, len(request.SOQL)))
	job, err := pager.Create(ctx, request)
	if errors.Is(err, mover.ErrUnsupported) {
		pager, _ = w.Movers.Pager(w.Movers.Everything())
		job, err = pager.Create(ctx, request)
		if fault.StatusOf(err) == http.StatusRequestURITooLong {
			err = plan.Fixf("compare its stamps: the same without --digest; or exclude fields that nobody needs",
				"%d fields of %s are more than one REST query can name, and Bulk doesn't read the object: %w", len(fieldsOf(w.judged)), w.source.Object.Name, err)
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
		if err := w.held.Renew(ctx); err != nil {
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
		if err := w.held.Renew(ctx); err != nil {
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
	return w.stage(ctx, w.compared(), body.Gzip, stage.Incoming{Reader: body, Records: body.Records})
}

// compared is the way of pages that are only looked at.
func (w *visit) compared() stage.Way {
	way := w.mended()
	way.AsIs = true
	return way
}

// mended is the way of pages that a repair writes into the table.
func (w *visit) mended() stage.Way {
	return stage.Way{Store: w.Stage, Source: w.source, KeepsNUL: w.Warehouse.KeepsNUL()}
}

// stage stores a page as a run does, and shows it to the warehouse. A page that
// can't be copied as it is doesn't stay.
func (w *visit) stage(ctx context.Context, way stage.Way, gzip bool, in stage.Incoming) (warehouse.Page, error) {
	w.pages++
	row := control.PageRow{Seq: w.pages, Gzip: gzip}
	row.Key = stage.Key(w.held.Flow(), w.held.Run(), "verify", fmt.Sprintf("%05d", w.pages), gzip)
	row, _, err := way.Put(ctx, row, in)
	p := way.Page(row)
	if err != nil {
		w.forget(ctx, []warehouse.Page{p})
		return warehouse.Page{}, err
	}
	return p, nil
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
