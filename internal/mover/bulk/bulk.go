// Package bulk reads objects by Bulk API 2.0 query jobs.
//
// A job belongs to Salesforce: any process can go on with it as long as
// Salesforce keeps it, seven days after it was done. Its pages can be opened
// in any order, several at once, and again.
//
// The package leaves HTTP and the classes of its errors to salesforce. Start
// at New; what a failed job means is in failed.go.
package bulk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
)

// A Pager reads objects by query jobs.
type Pager struct{ org *salesforce.Client }

var _ mover.Pager = (*Pager)(nil)

// New makes a Pager that reads from org.
func New(org *salesforce.Client) *Pager { return &Pager{org: org} }

// Traits are those of a job of the Bulk API: many records in few calls, slow to
// begin. Create and about three polls come beside the pages. Before version 47 there
// are no such jobs to be made.
func (p *Pager) Traits() mover.Traits {
	return mover.Traits{
		Outlives: true, Plain: true, Closed: !p.org.Has(platform.BulkQueries),
		Cost: mover.Cost{Jobs: 1, Calls: 4, Page: 100_000, List: 5},
	}
}

// Create posts a queryAll job: what was deleted or archived is in.
func (p *Pager) Create(ctx context.Context, r mover.Request) (mover.Job, error) {
	j, err := p.org.CreateQueryJob(ctx, r.SOQL, true)
	if unsupported(err) {
		return mover.Job{}, fmt.Errorf("%s: %w: %w", r.Object, mover.ErrUnsupported, err)
	}
	if err != nil {
		return mover.Job{}, fmt.Errorf("%s: %w", r.Object, mover.WithoutColumn(overloaded(err, fault.CodeOf(err)),
			fault.MessageOf(err)))
	}
	return mover.Job{ID: j.ID, Version: j.Version, ReadAt: j.ServerDate, Request: r}, nil
}

// unsupported tells whether Bulk refused the object, or the user Bulk. No list of those
// objects can be complete, so the answer decides (help 000383508). An org or a user
// without Bulk gets 403, with FUNCTIONALITY_NOT_ENABLED or FORBIDDEN; what else comes
// with 403 holds for REST as well.
func unsupported(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return false
	}
	switch e.Status {
	case http.StatusForbidden:
		return e.Code == "FORBIDDEN" || e.Code == "" || notByBulk(e.Code+" "+e.Message)
	case http.StatusBadRequest:
		return notByBulk(e.Code + " " + e.Message)
	}
	return false
}

// Poll asks how far the job is.
func (p *Pager) Poll(ctx context.Context, j mover.Job) (mover.Job, error) {
	q, err := p.org.QueryJob(ctx, j.ID)
	if err != nil {
		return j, gone(err)
	}
	switch q.State {
	case salesforce.UploadComplete, salesforce.InProgress:
		j.Records = q.Records
		return j, nil
	case salesforce.JobComplete:
		j.Records, j.Done = q.Records, true
		return j, nil
	case salesforce.Aborted:
		return j, fmt.Errorf("job %s was aborted: %w", j.ID, mover.ErrGone)
	case salesforce.Failed:
		return j, failed(j, q.Error)
	}
	return j, plan.Strangef("job %s is in a state that the guide doesn't know", j.ID)
}

// gone marks a 404: the job was deleted, or its seven days are over.
func gone(err error) error {
	if fault.StatusOf(err) == http.StatusNotFound {
		return fmt.Errorf("%w: %w", mover.ErrGone, err)
	}
	return err
}

// Pages lists the pages of a completed job. Where the org lists result pages,
// five come with each call, and can be opened at once; else one leads to the
// next. A page's name is its place in the job.
func (p *Pager) Pages(ctx context.Context, j mover.Job) iter.Seq2[mover.Page, error] {
	return func(yield func(mover.Page, error) bool) {
		job := queryJob(j)
		urls, next, err := p.org.ResultPages(ctx, job, "")
		if fault.StatusOf(err) == http.StatusNotFound {
			// Before version 58 there are no result pages. Where the job itself is
			// gone, the first page says so.
			p.chain(ctx, j, yield)
			return
		}
		results, lists := mover.NewTrail(j.ID, j.Records), mover.NewTrail(j.ID, j.Records)
		for n := 1; ; {
			if err != nil {
				yield(mover.Page{}, gone(err))
				return
			}
			for _, url := range urls {
				if err := results.Step(url); err != nil {
					yield(mover.Page{}, err)
					return
				}
				if !yield(mover.Page{Name: pageName(n), Open: p.opener(job, url)}, nil) {
					return
				}
				n++
			}
			if next == "" {
				return
			}
			if err = lists.Step(next); err == nil {
				urls, next, err = p.org.ResultPages(ctx, job, next)
			}
		}
	}
}

// Drop deletes the job and its results.
func (p *Pager) Drop(ctx context.Context, j mover.Job) error {
	return p.org.DeleteQueryJob(ctx, queryJob(j))
}

func queryJob(j mover.Job) salesforce.QueryJob {
	return salesforce.QueryJob{ID: j.ID, Version: j.Version}
}

func pageName(n int) string { return fmt.Sprintf("%05d", n) }

// opener opens the page at url, as often as it is asked to.
func (p *Pager) opener(job salesforce.QueryJob, url string) func(context.Context) (*mover.Body, error) {
	return func(ctx context.Context) (*mover.Body, error) {
		r, err := p.org.Results(ctx, job, url)
		if err != nil {
			return nil, gone(err)
		}
		return &mover.Body{ReadCloser: r.ReadCloser, Gzip: r.Gzip, Records: r.Records}, nil
	}
}
