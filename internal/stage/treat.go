package stage

import (
	"context"
	"errors"
	"io"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/value"
)

// A treating is one page on its way through a flow's treatment. It is checked as
// it came, and again as it is stored.
type treating struct {
	io.Reader
	came, stays *page.Checked
	rejects     rejects
}

// treat opens a page as the flow wants it.
func (w Way) treat(ctx context.Context, row control.PageRow, in Incoming) *treating {
	t := &treating{rejects: rejects{store: w.Store, key: rejectedKey(row.Key)}}
	treatment := w.Source.Treatment
	if in.Patch != nil {
		treatment = treatment.Of(in.Patch)
	}
	t.came = page.Check(unpacked(in, row.Gzip), false, in.Records, nil)
	edited := page.Rewrite(t.came, func(header []string) (page.Edit, error) {
		one, err := treatment.For(header)
		if err != nil {
			return nil, plan.Fixf("let the flow copy fewer fields, so that one reading holds all that it checks",
				"%w", err)
		}
		t.rejects.sieve = w.newSieve(row, header)
		return func(r *page.Record) (bool, error) { return t.record(ctx, r, one, w.Source.Flow) }, nil
	})
	t.stays = page.Check(edited, false, -1, w.look)
	t.Reader = t.stays
	if row.Gzip {
		t.Reader = page.Pack(t.stays)
	}
	return t
}

// record changes one record, and tells whether it stays in the page.
func (t *treating) record(ctx context.Context, r *page.Record, one *value.Treating, fl flow.Flow) (bool, error) {
	check, broken := one.Broken(r)
	if broken && fl.Invalid == flow.Refuse {
		return false, plan.Fixf("mend the record in Salesforce, or set invalid: reject for this flow",
			"%w: field %s of record %s breaks the rule %s", ErrUnfit, check.Field, t.rejects.sieve.keyOf(r), check)
	}
	one.Change(r)
	if broken {
		return false, t.rejects.add(ctx, r, check)
	}
	return true, nil
}

// Read ends with io.EOF only when the rejected records are stored, so a page
// that is in the blob store has them beside it.
func (t *treating) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err == io.EOF {
		if rerr := t.rejects.end(); rerr != nil {
			return n, rerr
		}
	}
	return n, err
}

// Shape is what the stored page holds, once Read has returned io.EOF.
func (t *treating) Shape() page.Shape { return t.stays.Shape() }

// Close ends what was left in the middle.
func (t *treating) Close() error {
	return errors.Join(t.rejects.abort(), t.came.Close(), t.stays.Close())
}
