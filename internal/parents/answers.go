package parents

import (
	"bytes"
	"context"
	"io"

	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
)

// parentField is what parents are named by: the one object that is read so has no other.
const parentField = "ContentDocumentId"

// answers is the body of a page: the answers to one query, one behind the other. It holds one of them
// in memory, and asks for the next when that was read.
type answers struct {
	ctx     context.Context
	org     *salesforce.Client
	request mover.Request
	types   []schema.Type
	text    bytes.Buffer // of the answer that is being read
	next    string       // where the one after it is; "" for none
	trail   *mover.Trail
	total   int64 // records, as Salesforce counts them
	came    int64
}

// open sends the query of some parents, and gives its answers as a page in the form of Bulk.
func (p *Pager) open(ctx context.Context, j mover.Job, ids []string) (*mover.Body, error) {
	a := &answers{ctx: ctx, org: p.org, request: j.Request}
	for _, name := range j.Request.Fields {
		f, ok := j.Request.Described.Field(name)
		if !ok {
			return nil, plan.Failf(plan.Bug, "", "%s has no field %s", j.Request.Object, name)
		}
		a.types = append(a.types, f.Type)
	}
	q := soql.Select{
		Fields: j.Request.Fields, From: j.Request.Object, Where: []soql.Condition{soql.In(parentField, ids)},
	}
	first, err := a.take(true, func(each func(salesforce.Record) error) (salesforce.Batch, error) {
		return p.org.QueryBatch(ctx, q.String(), true, each)
	})
	if err != nil {
		return nil, err
	}
	a.total, a.trail = first.Total, mover.NewTrail(j.ID, first.Total)
	if err := a.count(); err != nil {
		return nil, err
	}
	return &mover.Body{ReadCloser: a, Records: first.Total}, nil
}

// Read reads what is there, and fetches the next answer where nothing is left of one.
func (a *answers) Read(into []byte) (int, error) {
	for a.text.Len() == 0 {
		if a.next == "" {
			return 0, io.EOF
		}
		if err := a.trail.Step(a.next); err != nil {
			return 0, err
		}
		at := a.next
		_, err := a.take(false, func(each func(salesforce.Record) error) (salesforce.Batch, error) {
			return a.org.NextBatch(a.ctx, at, each)
		})
		if err == nil {
			err = a.count()
		}
		if err != nil {
			return 0, err
		}
	}
	return a.text.Read(into)
}

// Close forgets the rest.
func (a *answers) Close() error {
	a.next = ""
	a.text.Reset()
	return nil
}

// count holds what came against what Salesforce counts (invariant 6).
func (a *answers) count() error {
	switch {
	case a.came > a.total:
		return mover.Circle("a query of %s was to bring %d records, and brings more", a.request.Object, a.total)
	case a.next == "" && a.came != a.total:
		return plan.Failf(plan.Retry, salesforce.LessHint, "a query of %s was to bring %d records, and brought %d",
			a.request.Object, a.total, a.came)
	}
	return nil
}

// take writes the records that ask yields as rows.
func (a *answers) take(
	first bool, ask func(func(salesforce.Record) error) (salesforce.Batch, error),
) (salesforce.Batch, error) {
	a.text.Reset()
	w := page.MoreWriter(&a.text, len(a.types))
	if first {
		w = page.NewWriter(&a.text, a.request.Fields)
	}
	record := make([]string, len(a.types))
	batch, err := ask(func(r salesforce.Record) error {
		for i, name := range a.request.Fields {
			raw, err := r.Text(name)
			if err != nil {
				return plan.Strangef("field %s: %w", name, err)
			}
			if record[i], err = a.types[i].Canonical(raw); err != nil { // who loads the page keeps the record aside
				record[i] = raw
			}
		}
		return w.Write(record)
	})
	if err == nil {
		err = w.Flush()
	}
	a.next, a.came = batch.Next, a.came+batch.Records
	return batch, err
}
