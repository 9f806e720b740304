// Package pages makes rows of pages: the text of a page becomes Arrow batches of a table's columns, typed, exact,
// and in the order of the key.
//
// A page may be larger than memory. So it is read in runs: as many records as fit into a bounded buffer, sorted, and
// yielded in batches. A page of common size is one run. Each run is meant to become a file of its own.
//
// An empty field is null. A value that its column can't hold exactly is refused, never rounded: the error says where
// it stands, and never what it is. Whether pages are whole, and what they may hold, is left to stage.
//
// Start at Open. records.go has records as text, run.go their order, vectors.go columns as Arrow keeps them, values.go
// and decimal.go how a text becomes a value.
package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/shape"
)

// An Own is our own columns of a page's rows, the same in all of them.
type Own struct {
	Attempt string
	Op      warehouse.Op
	Job     string
	Seq     int64
	ReadAt  time.Time
}

// values are what our own columns of staging hold, by their names. The stamp of a row is its own.
func (o Own) values() map[string]any {
	values := map[string]any{
		columns.Attempt: o.Attempt, columns.Op: string(o.Op), columns.Job: o.Job, columns.Seq: o.Seq,
	}
	if !o.ReadAt.IsZero() {
		values[columns.ReadAt] = o.ReadAt.UnixMicro()
	}
	return values
}

// fieldStamp is the field by which a record's versions are ordered.
const fieldStamp = "SystemModstamp"

// A Reader reads a page in runs.
type Reader struct {
	page    warehouse.Page
	stored  io.Closer
	records *page.Reader
	run     *run
	rows    int64 // of all runs so far
	ended   bool

	schema  *arrow.Schema
	vectors []vector // one for each field of the schema
	keys    []keyColumn
}

// Open opens a page for rows of a schema, whose columns are those of t and some of ours. Columns that the page has
// no field for are null.
func Open(ctx context.Context, p warehouse.Page, t shape.Table, schema *arrow.Schema, own Own) (*Reader, error) {
	stored, err := p.Read(ctx)
	if err != nil {
		return nil, named(p, err)
	}
	text, err := page.OnlyText(stored, p.Gzip)
	if err != nil {
		return nil, named(p, err)
	}
	r := &Reader{page: p, stored: text, records: page.NewReader(text), schema: schema}
	if err := r.begin(t, own); err != nil {
		return nil, errors.Join(named(p, err), r.Close())
	}
	return r, nil
}

// begin reads the header, and finds where each column comes from.
func (r *Reader) begin(t shape.Table, own Own) error {
	header, err := r.records.Header()
	if err != nil {
		return err
	}
	r.run = newRun(len(header))
	at := make(map[string]int, len(header)) // where a column's field stands in the page
	for i, field := range header {
		c, ok := t.Column(field)
		if !ok || !r.schema.HasField(c.Name) {
			return plan.Failf(plan.Bug, "", "it has the field %s, for which table %s has no column", field, t.Name)
		}
		at[c.Name] = i
		if strings.EqualFold(field, fieldStamp) && r.schema.HasField(columns.At) {
			at[columns.At] = i
		}
	}
	constants := own.values()
	for _, f := range r.schema.Fields() {
		i, has := at[f.Name]
		if !has {
			i = nowhere
		}
		v, err := vectorOf(f, i, constants[f.Name])
		if err != nil {
			return err
		}
		r.vectors = append(r.vectors, v)
	}
	for _, name := range t.Key {
		if i, has := at[name]; has {
			c, _ := t.Named(name)
			r.keys = append(r.keys, keyColumn{field: i, kind: c.Kind})
		}
	}
	return nil
}

// Rows tells how many records were read so far.
func (r *Reader) Rows() int64 { return r.rows }

// Close ends the reading. No run of it is valid then.
func (r *Reader) Close() error {
	if r.run != nil {
		r.run.end()
		r.run = nil
	}
	return r.stored.Close()
}

// Next reads the next run, io.EOF after the last. It ends the run before it.
func (r *Reader) Next(ctx context.Context) (*Run, error) {
	if r.ended {
		return nil, io.EOF
	}
	r.run.reset()
	for !r.run.full() {
		if r.run.rows&0xfff == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		fields, err := r.records.Next()
		if errors.Is(err, io.EOF) {
			r.ended = true
			break
		}
		if err != nil {
			return nil, named(r.page, err)
		}
		r.run.add(fields)
	}
	first := r.rows
	r.rows += int64(r.run.rows)
	if r.run.rows == 0 {
		return nil, io.EOF
	}
	if err := r.run.sort(r.keys); err != nil {
		return nil, r.refused(err, first)
	}
	return &Run{of: r, first: first}, nil
}

// refused says where in the page a value stands that doesn't fit.
func (r *Reader) refused(err error, first int64) error {
	if misfit, ok := errors.AsType[*misfit](err); ok {
		column := misfit.column
		return named(r.page, &refusals.Value{Page: r.page.Key, Record: first + int64(misfit.row) + 1, Column: column,
			Why: "a value is no " + misfit.kind})
	}
	return named(r.page, err)
}

func named(p warehouse.Page, err error) error { return fmt.Errorf("page %s: %w", p.Key, err) }
