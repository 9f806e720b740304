// Package verify answers one question: does the warehouse say what the org
// says?
//
// It reads Id, SystemModstamp and IsDeleted of every record by one Bulk query
// and lets the warehouse compare, so that its memory doesn't grow with the
// table. Only what is stamped before the watermark is judged: the rest is
// pending. It changes nothing in either place.
//
// Start at Verifier.Flow.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
)

// A Verifier compares flows. Its fields are set once.
type Verifier struct {
	Org       *salesforce.Client
	Warehouse *warehouse.Warehouse
	Control   *control.Control
	Stage     blob.Store
	Movers    map[string]mover.Pager // by name: bulk, rest
	Options   Options
}

// Options are the settings of one comparison.
type Options struct {
	Run    string // names this comparison in leases and in the blob store
	Holder string
	Alone  bool // a lock proves that every other holder is dead
	Sample int  // how many Ids to name of each kind of difference
}

// A Result is what one flow's comparison found.
type Result struct {
	Object string
	warehouse.Difference
	AsOf  time.Time // the watermark: what is stamped later was not judged
	Grade string
}

// Differs tells whether the warehouse says something else than the org.
func (r Result) Differs() bool {
	return r.Missing+r.Extra+r.Stale+r.Duplicates > 0
}

// Flow compares one flow. It holds the flow's lease meanwhile, so that no run
// changes the table between the reading and the comparison.
func (v *Verifier) Flow(ctx context.Context, fl flow.Flow) (Result, error) {
	res := Result{Object: fl.Object}
	var dead func(string) bool
	if v.Options.Alone {
		dead = func(string) bool { return true }
	}
	lease, err := v.Control.Acquire(ctx, fl.Object, v.Options.Run, v.Options.Holder, dead)
	if err != nil {
		return res, err
	}
	res, err = v.compare(ctx, fl, res)
	return res, errors.Join(err, v.Control.Release(context.WithoutCancel(ctx), lease))
}

func (v *Verifier) compare(ctx context.Context, fl flow.Flow, res Result) (Result, error) {
	mark, found, err := v.Warehouse.Mark(ctx, fl.Object)
	if err != nil {
		return res, err
	}
	if !found || mark.Watermark.IsZero() {
		return res, plan.Fixf("copy it first with: catchment run "+fl.Object, "%s was never copied", fl.Object)
	}
	res.AsOf, res.Grade = mark.Watermark, mark.Grade
	o, err := v.Org.Describe(ctx, fl.Object)
	if err != nil {
		return res, err
	}
	table, err := judged(fl, o)
	if err != nil {
		return res, err
	}
	if condition, err := v.Warehouse.Inspect(ctx, table, mark); err != nil || condition == warehouse.Dropped || condition == warehouse.Foreign {
		if err == nil {
			err = plan.Fixf("load it anew with: catchment run --full "+fl.Object, "table %s is %s", mark.Table, condition)
		}
		return res, err
	}
	names := make([]string, len(table.Columns))
	for i, c := range table.Columns {
		names[i] = c.Field
	}
	q := salesforce.Select{Fields: names, From: o.Name}
	if fl.Where != "" {
		q.Where = append(q.Where, salesforce.Raw(fl.Where))
	}
	pages, clear, err := v.read(ctx, mover.Request{Object: o.Name, SOQL: q.String()})
	defer clear()
	if err != nil {
		return res, err
	}
	res.Difference, err = v.Warehouse.Compare(ctx, warehouse.Comparison{
		Table: table, Policy: warehouse.Policy(fl.Deletes), Before: mark.Watermark, Pages: pages, Sample: v.Options.Sample,
	})
	return res, err
}

// judged is the part of a flow's table that is compared.
func judged(fl flow.Flow, o schema.Object) (warehouse.Table, error) {
	var fields []schema.Field
	for _, name := range []string{"Id", "SystemModstamp", "IsDeleted"} {
		if f, ok := o.Field(name); ok {
			fields = append(fields, f)
		}
	}
	return warehouse.TableFor(o, fields, fl.Naming == flow.Snake)
}

// read brings the reading into the blob store. clear removes it again, and the
// job with it.
func (v *Verifier) read(ctx context.Context, r mover.Request) (pages []warehouse.Page, clear func(), err error) {
	pager := v.Movers["bulk"]
	clear = func() {}
	job, err := pager.Create(ctx, r)
	if errors.Is(err, mover.ErrUnsupported) {
		pager = v.Movers["rest"]
		job, err = pager.Create(ctx, r)
	}
	if err != nil {
		return nil, clear, err
	}
	prefix := path.Join(r.Object, v.Options.Run, "verify")
	clear = func() {
		// What stays behind after a failure here is found by the next drop;
		// the comparison itself is not the worse for it.
		ctx := context.WithoutCancel(ctx)
		_ = pager.Drop(ctx, job)
		for _, p := range pages {
			_ = v.Stage.Delete(ctx, p.Key)
		}
	}
	if job, err = wait(ctx, pager, job); err != nil {
		return nil, clear, err
	}
	var records int64
	for p, err := range pager.Pages(ctx, job) {
		if err != nil {
			return pages, clear, err
		}
		stored, err := v.store(ctx, prefix, p)
		if err != nil {
			return pages, clear, fmt.Errorf("page %s: %w", p.Name, err)
		}
		stored.Seq = int64(len(pages) + 1)
		pages = append(pages, stored)
		records += stored.Rows
	}
	if records != job.Records {
		return pages, clear, plan.Failf(plan.Retry, "try again", "the pages of job %s hold %d records, Salesforce counts %d", job.ID, records, job.Records)
	}
	return pages, clear, nil
}

func wait(ctx context.Context, pager mover.Pager, job mover.Job) (mover.Job, error) {
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 30*time.Second) {
		var err error
		if job, err = pager.Poll(ctx, job); err != nil || job.Done {
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

func (v *Verifier) store(ctx context.Context, prefix string, p mover.Page) (warehouse.Page, error) {
	body, err := p.Open(ctx)
	if err != nil {
		return warehouse.Page{}, err
	}
	defer body.Close()
	out := warehouse.Page{Key: path.Join(prefix, p.Name+".csv"), Gzip: body.Gzip}
	if body.Gzip {
		out.Key += ".gz"
	}
	in := page.Check(body, body.Gzip, body.Records, nil)
	defer in.Close()
	if _, err := v.Stage.Put(ctx, out.Key, in); err != nil {
		return out, err
	}
	shape := in.Shape()
	out.Header, out.Rows, out.Digest = shape.Header, shape.Records, shape.Digest
	out.Path, out.URL = v.Stage.Where(out.Key)
	out.Open = func(ctx context.Context) (io.ReadCloser, error) { return v.Stage.Open(ctx, out.Key) }
	return out, nil
}
