// Package rest reads objects by REST queries, and hands their records on as
// pages of the very form that Bulk API 2.0 gives. It is for few records, and
// for objects and fields that Bulk refuses.
//
// A job lives in the process that made it: it holds its first answer, 2,000
// records at most and fewer of wide ones, and the URL of the next. In another process, or after
// Drop, a job is mover.ErrGone. Each page is one answer, held in memory as long
// as somebody holds the Page, so it can be opened again without a call.
//
// The package leaves HTTP to salesforce, and the one text of each value to
// schema.Type.Canonical. Start at New.
package rest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"sync"

	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
)

// A Pager reads objects by REST queries.
type Pager struct {
	org *salesforce.Client

	mu   sync.Mutex
	jobs map[string]*reading
}

var _ mover.Pager = (*Pager)(nil)

// New makes a Pager that reads from org.
func New(org *salesforce.Client) *Pager {
	return &Pager{org: org, jobs: map[string]*reading{}}
}

// answer is how many records one answer holds at most.
const answer = 2000

// Traits are those of a query that is answered at once: one call for each answer, where
// a Bulk job takes some more and waits. The answers come one after the other, so two are
// as many as anybody should wait for who could have a job instead. The query stands in
// the URI: Salesforce takes 16,384 bytes with the headers, and quoting may triple a byte.
func (p *Pager) Traits() mover.Traits {
	return mover.Traits{
		Answers: 2, Query: 4000, IDs: salesforce.CollectionAtMost,
		Cost: mover.Cost{Page: answer},
	}
}

// A reading is one job: what the first answer brought.
type reading struct {
	columns []column
	batch   salesforce.Batch
	text    []byte // the first page
}

// Create sends the query with queryAll and keeps its first answer, so the job is
// done at once. Salesforce keeps the rest behind a cursor, for two days.
func (p *Pager) Create(ctx context.Context, r mover.Request) (mover.Job, error) {
	columns, err := p.columns(ctx, r)
	if err != nil {
		return mover.Job{}, unsupported(r.Object, err)
	}
	j := &reading{columns: columns}
	j.batch, j.text, err = encode(columns, func(each func(salesforce.Record) error) (salesforce.Batch, error) {
		if len(r.IDs) > 0 {
			return p.collect(ctx, r, columns, each)
		}
		return p.org.QueryBatch(ctx, r.SOQL, true, each)
	})
	if err != nil {
		return mover.Job{}, unsupported(r.Object, err)
	}
	job := mover.Job{ID: "rest-" + rand.Text(), Version: p.org.Version(), ReadAt: j.batch.ServerDate, Request: r,
		Done: true, Records: j.batch.Total}
	if len(r.IDs) == 0 {
		job.Answer = j.batch.Records
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs[job.ID] = j
	return job, nil
}

// collect reads records by their Ids. The names of the fields stand in the body
// of the call, so there may be as many as there are.
func (p *Pager) collect(
	ctx context.Context, r mover.Request, columns []column, each func(salesforce.Record) error,
) (salesforce.Batch, error) {
	var batch salesforce.Batch
	fields := make([]string, len(columns))
	for i, c := range columns {
		fields[i] = c.name
	}
	var err error
	if batch.ServerDate, err = p.org.ServerTime(ctx); err != nil {
		return batch, err
	}
	for ids := range slices.Chunk(r.IDs, salesforce.CollectionAtMost) {
		err := p.org.Collect(ctx, r.Object, ids, fields, func(one salesforce.Record) error {
			batch.Records++
			return each(one)
		})
		if err != nil {
			return batch, err
		}
	}
	batch.Total = batch.Records
	return batch, nil
}

// unsupported marks what REST can't read at all.
func unsupported(object string, err error) error {
	if fault.CodeOf(err) == "INVALID_TYPE_FOR_OPERATION" {
		return fmt.Errorf("%s: %w: %w", object, mover.ErrUnsupported, err)
	}
	return fmt.Errorf("%s: %w", object, mover.WithoutColumn(overloaded(err), fault.MessageOf(err)))
}

// overloaded marks the failure of a query that was more than Salesforce can
// answer.
func overloaded(err error) error {
	if over := mover.Overload(fault.CodeOf(err)); over != nil {
		return fmt.Errorf("%w: %w", over, err)
	}
	return err
}

// Poll finds every job of this process done.
func (p *Pager) Poll(_ context.Context, j mover.Job) (mover.Job, error) {
	r, err := p.reading(j)
	if err != nil {
		return j, err
	}
	j.Done, j.Records = true, r.batch.Total
	return j, nil
}

func (p *Pager) reading(j mover.Job) (*reading, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.jobs[j.ID]
	if !ok {
		return nil, fmt.Errorf("REST job %s isn't of this process: %w", j.ID, mover.ErrGone)
	}
	return r, nil
}

// Pages gives the first answer, then asks for one after the other. Fewer
// records than Salesforce counted are an error (invariant 6): the job is as good as gone.
func (p *Pager) Pages(ctx context.Context, j mover.Job) iter.Seq2[mover.Page, error] {
	return func(yield func(mover.Page, error) bool) {
		r, err := p.reading(j)
		if err != nil {
			yield(mover.Page{}, err)
			return
		}
		batch, text := r.batch, r.text
		read, trail := int64(0), mover.NewTrail(j.ID, r.batch.Total)
		for n := 1; ; n++ {
			if read += batch.Records; read > r.batch.Total {
				yield(mover.Page{}, mover.Circle("the query of %s was to bring %d records, and brings more",
					j.Request.Object, r.batch.Total))
				return
			}
			if !yield(pageOf(n, batch, text), nil) {
				return
			}
			if batch.Next == "" {
				break
			}
			next := batch.Next
			if err := trail.Step(next); err != nil {
				yield(mover.Page{}, err)
				return
			}
			batch, text, err = encode(r.columns, func(each func(salesforce.Record) error) (salesforce.Batch, error) {
				return p.org.NextBatch(ctx, next, each)
			})
			if err != nil {
				yield(mover.Page{}, expired(err))
				return
			}
		}
		if read != r.batch.Total {
			yield(mover.Page{}, fewer(j, read))
		}
	}
}

// fewer says that answers brought fewer records than Salesforce had counted. A record that
// is purged before its answer is made is left out of it, and the same cursor would leave it
// out again: another query counts, and reads, what is there by then.
func fewer(j mover.Job, read int64) error {
	return plan.Failf(plan.Retry, salesforce.LessHint, "REST query of %s: %d records of %d came: %w", j.Request.Object,
		read, j.Records, mover.ErrGone)
}

// expired marks a cursor that Salesforce has dropped.
func expired(err error) error {
	if fault.CodeOf(err) == "INVALID_QUERY_LOCATOR" || fault.StatusOf(err) == http.StatusNotFound {
		return fmt.Errorf("%w: %w", mover.ErrGone, err)
	}
	return overloaded(err)
}

// Drop forgets the job. Salesforce holds nothing but a cursor, which expires.
func (p *Pager) Drop(_ context.Context, j mover.Job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.jobs, j.ID)
	return nil
}

func pageOf(n int, batch salesforce.Batch, text []byte) mover.Page {
	return mover.Page{
		Name: fmt.Sprintf("%05d", n),
		Open: func(ctx context.Context) (*mover.Body, error) {
			if err := context.Cause(ctx); err != nil {
				return nil, err
			}
			return &mover.Body{ReadCloser: io.NopCloser(bytes.NewReader(text)), Records: batch.Records}, nil
		},
	}
}

// encode writes the records that ask yields as a page in the form of Bulk.
func encode(
	columns []column, ask func(func(salesforce.Record) error) (salesforce.Batch, error),
) (salesforce.Batch, []byte, error) {
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.name
	}
	var text bytes.Buffer
	w := page.NewWriter(&text, header)
	record := make([]string, len(columns))
	batch, err := ask(func(r salesforce.Record) error {
		for i, c := range columns {
			raw, err := r.Text(c.name)
			if err != nil {
				return plan.Strangef("field %s: %w", c.name, err)
			}
			if record[i], err = c.typ.Canonical(raw); err != nil { // who loads the page keeps the record aside
				record[i] = raw
			}
		}
		return w.Write(record)
	})
	if err == nil {
		err = w.Flush()
	}
	return batch, text.Bytes(), err
}
