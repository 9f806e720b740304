package verify

import (
	"bytes"
	"context"

	"catchment/internal/flow"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/value"
	"catchment/internal/warehouse"
)

// A repair treats what it reads as a run does: a mask is applied before anything
// is stored, and a record that breaks a rule is kept apart.

// line is one record as texts, in the order of a header.
type line []string

// Value gives a text as it is now.
func (l line) Value(column int) []byte { return []byte(l[column]) }

// Set gives a column another text.
func (l line) Set(column int, v []byte) { l[column] = string(v) }

// A treating is what a flow asks of the records of one page. Nil changes nothing
// and keeps everything.
type treating struct {
	flow   flow.Flow
	header []string
	values *value.Treating
	text   bytes.Buffer // of the page of rejected records
	out    *page.Writer // nil where there are none
}

// treat begins to treat a page.
func (w *visit) treat(header []string) (*treating, error) {
	values, err := w.treatment.For(header)
	if err != nil {
		return nil, err
	}
	return &treating{flow: w.flow, header: header, values: values}, nil
}

// record changes a record, and tells whether it stays in the page.
func (t *treating) record(r line) (bool, error) {
	if t == nil {
		return true, nil
	}
	check, broken := t.values.Broken(r)
	id := t.of(r, "Id")
	if broken && t.flow.Invalid == flow.Refuse {
		return false, plan.Fixf("mend the record in Salesforce, or set invalid: reject for this flow",
			"field %s of record %s breaks the rule %s", check.Field, id, check)
	}
	t.values.Change(r)
	if !broken {
		return true, nil
	}
	if t.out == nil {
		t.out = page.NewWriter(&t.text, warehouse.RejectedHeader())
	}
	whole, err := value.JSON(t.header, r)
	if err != nil {
		return false, err
	}
	return false, t.out.Write([]string{t.flow.Object, id, t.of(r, "SystemModstamp"), check.Field, check.String(), whole})
}

func (t *treating) of(r line, field string) string {
	for i, name := range t.header {
		if name == field {
			return r[i]
		}
	}
	return ""
}

// rejected stores the page of rejected records, nil where there are none.
func (t *treating) rejected(ctx context.Context, w *visit) (*warehouse.Page, error) {
	if t == nil || t.out == nil {
		return nil, nil
	}
	if err := t.out.Flush(); err != nil {
		return nil, err
	}
	p, err := w.store(ctx, &t.text, false, -1)
	return &p, err
}
