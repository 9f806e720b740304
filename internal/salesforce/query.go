package salesforce

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
)

// A Batch is what one answer to a REST query says beside its records.
type Batch struct {
	Total      int64     // records of the whole query
	Records    int64     // of this answer
	Next       string    // the URL of the next answer, "" where this was the last; lives two days
	ServerDate time.Time // the Date of this answer
}

// errEnough ends the decoding of an answer whose reader has seen enough.
var errEnough = errors.New("enough")

// QueryBatch sends a query and hands the records of its first answer to each,
// as they arrive. With all it reads deleted and archived records too.
func (c *Client) QueryBatch(ctx context.Context, soql string, all bool, each func(Record) error) (Batch, error) {
	return c.batch(ctx, queryPath(c.api, soql, all), each)
}

// NextBatch does the same for the answer at next. It may be repeated.
func (c *Client) NextBatch(ctx context.Context, next string, each func(Record) error) (Batch, error) {
	path, err := wire.LocalPath(next)
	if err != nil {
		return Batch{}, err
	}
	return c.batch(ctx, path, each)
}

// Query yields the records of a query. Fewer records than Salesforce counted are an error
// (invariant 6), and so are more; answers that lead nowhere end it.
func (c *Client) Query(ctx context.Context, soql string, all bool) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		each := func(r Record) error {
			if !yield(r, nil) {
				return errEnough
			}
			return nil
		}
		way := listing{seen: map[string]bool{}}
		b, err := c.QueryBatch(ctx, soql, all, each)
		for err == nil {
			if err = way.took(b); err != nil || b.Next == "" {
				break
			}
			b, err = c.NextBatch(ctx, b.Next, each)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(Record{}, err)
		}
	}
}

// A listing follows the answers to one query.
type listing struct {
	seen    map[string]bool // URLs of the next answer
	records int64
	empty   int // answers without a record
}

// emptyAtMost is how many answers of one query may bring nothing.
const emptyAtMost = 10

// took judges whether the answers so far can be those to a query. A server that repeats
// itself, or brings more than it announced, would go on for ever.
func (l *listing) took(b Batch) error {
	l.records += b.Records
	if b.Records == 0 {
		l.empty++
	}
	switch {
	case l.records > b.Total:
		return plan.Strangef("query: %d records came, and %d were announced", l.records, b.Total)
	case b.Next == "" && l.records < b.Total:
		return plan.Failf(plan.Retry, LessHint, "query: %d records of %d came", l.records, b.Total)
	case b.Next != "" && l.seen[b.Next]:
		return plan.Strangef("query: an answer names a next one that was read already")
	case b.Next != "" && l.empty > emptyAtMost:
		return plan.Strangef("query: %d answers brought no record", l.empty)
	}
	l.seen[b.Next] = true
	return nil
}

// Count gives the number of records that a SELECT COUNT() finds.
func (c *Client) Count(ctx context.Context, soql string, all bool) (int64, error) {
	var answer countAnswer
	if _, err := c.api.Get(ctx, queryPath(c.api, soql, all), &answer); err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return answer.read()
}

// queryPath is where a query is sent.
func queryPath(api wire.API, soql string, all bool) string {
	resource := "query"
	if all {
		resource = "queryAll"
	}
	return api.Path(resource) + "?q=" + url.QueryEscape(soql)
}

func (c *Client) batch(ctx context.Context, path string, each func(Record) error) (Batch, error) {
	r := &wire.Request{Method: http.MethodGet, Path: path}
	var b Batch
	var done bool
	h, err := c.api.Read(ctx, r, func(d *wire.Decoder) (err error) {
		b, done, err = decodeBatch(d, each)
		return err
	})
	refused, isEach := errors.AsType[eachError](err)
	switch {
	case isEach:
		return Batch{}, refused.error
	case err != nil:
		return Batch{}, fmt.Errorf("query: %w", err)
	}
	if err := lastOrNext(&done, b.Next); err != nil {
		return Batch{}, fmt.Errorf("query: %w", err)
	}
	b.ServerDate, err = wire.Date(h)
	return b, err
}

// eachError marks an error of the function that takes the records, which isn't
// one of the answer.
type eachError struct{ error }

// decodeBatch reads an answer key by key, whatever their order.
func decodeBatch(d *wire.Decoder, each func(Record) error) (b Batch, done bool, err error) {
	seen := map[string]bool{}
	err = d.Object(func(key string) error {
		if seen[key] {
			return errors.New("a key stands there twice")
		}
		switch key {
		case "totalSize":
			err = d.Value(&b.Total)
		case "done":
			err = d.Value(&done)
		case "nextRecordsUrl":
			err = d.Value(&b.Next)
		case "records":
			b.Records, err = decodeRecords(d, each)
		default:
			return d.Skip()
		}
		seen[key] = true
		return err
	})
	if err == nil && !(seen["totalSize"] && seen["done"] && seen["records"]) {
		err = errors.New("totalSize, done or records is missing")
	}
	return b, done, err
}

func decodeRecords(d *wire.Decoder, each func(Record) error) (n int64, err error) {
	err = d.Array(func() error {
		var r Record
		if err := d.Value(&r.fields); err != nil { // by itself a Record reads its text three times more
			return err
		}
		n++
		if err := each(r); err != nil {
			return eachError{err}
		}
		return nil
	})
	return n, err
}

// LessHint is what to do about an answer that holds less than it says.
const LessHint = "the next try asks again; if it goes on, look for a proxy between, which may have cut the answer"
