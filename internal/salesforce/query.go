package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	return c.batch(ctx, c.queryPath(soql, all), each)
}

// NextBatch does the same for the answer at next. It may be repeated.
func (c *Client) NextBatch(ctx context.Context, next string, each func(Record) error) (Batch, error) {
	path, err := wire.LocalPath(next)
	if err != nil {
		return Batch{}, err
	}
	return c.batch(ctx, path, each)
}

// Query yields the records of a query. Fewer records than Salesforce counted
// are an error (invariant 6).
func (c *Client) Query(ctx context.Context, soql string, all bool) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		each := func(r Record) error {
			if !yield(r, nil) {
				return errEnough
			}
			return nil
		}
		var read int64
		b, err := c.QueryBatch(ctx, soql, all, each)
		for ; err == nil; b, err = c.NextBatch(ctx, b.Next, each) {
			read += b.Records
			if b.Next != "" {
				continue
			}
			if read != b.Total {
				err = plan.Failf(plan.Retry, "", "query: %d records of %d came", read, b.Total)
				break
			}
			return
		}
		if !errors.Is(err, errEnough) {
			yield(Record{}, err)
		}
	}
}

// Count gives the number of records that a SELECT COUNT() finds.
func (c *Client) Count(ctx context.Context, soql string, all bool) (int64, error) {
	var answer countAnswer
	if _, err := c.api.Get(ctx, c.queryPath(soql, all), &answer); err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return answer.read()
}

func (c *Client) queryPath(soql string, all bool) string {
	resource := "query"
	if all {
		resource = "queryAll"
	}
	return c.api.Path(resource) + "?q=" + url.QueryEscape(soql)
}

func (c *Client) batch(ctx context.Context, path string, each func(Record) error) (Batch, error) {
	r := &wire.Request{Method: http.MethodGet, Path: path}
	resp, err := c.api.Send(ctx, r)
	if err != nil {
		return Batch{}, fmt.Errorf("query: %w", err)
	}
	defer resp.Body.Close()
	b, done, err := decodeBatch(resp.Body, each)
	refused, isEach := errors.AsType[eachError](err)
	switch {
	case isEach:
		return Batch{}, refused.error
	case err != nil:
		return Batch{}, fmt.Errorf("query: %w", r.BadJSON(err))
	case done != (b.Next == ""):
		return Batch{}, plan.Failf(plan.Bug, "", "query: the answer names no next one, and isn't the last")
	}
	b.ServerDate, err = wire.Date(resp.Header)
	return b, err
}

// eachError marks an error of the function that takes the records, which isn't
// one of the answer.
type eachError struct{ error }

// decodeBatch reads an answer token by token, whatever the order of its keys.
func decodeBatch(text io.Reader, each func(Record) error) (b Batch, done bool, err error) {
	d := json.NewDecoder(text)
	if err := delim(d, '{'); err != nil {
		return b, false, err
	}
	seen := map[json.Token]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return b, false, err
		}
		if seen[key] {
			return b, false, errors.New("a key stands there twice")
		}
		seen[key] = true
		switch key {
		case "totalSize":
			err = d.Decode(&b.Total)
		case "done":
			err = d.Decode(&done)
		case "nextRecordsUrl":
			err = d.Decode(&b.Next)
		case "records":
			b.Records, err = decodeRecords(d, each)
		default:
			var skipped json.RawMessage
			err = d.Decode(&skipped)
		}
		if err != nil {
			return b, false, err
		}
	}
	if err := delim(d, '}'); err != nil {
		return b, false, err
	}
	if !seen["totalSize"] || !seen["done"] || !seen["records"] {
		return b, false, errors.New("totalSize, done or records is missing")
	}
	if _, err := d.Token(); err == nil {
		return b, false, errors.New("there is more behind its end")
	} else if err != io.EOF {
		return b, false, err
	}
	return b, done, nil
}

func decodeRecords(d *json.Decoder, each func(Record) error) (int64, error) {
	if err := delim(d, '['); err != nil {
		return 0, err
	}
	var n int64
	for d.More() {
		var r Record
		if err := d.Decode(&r); err != nil {
			return n, err
		}
		n++
		if err := each(r); err != nil {
			return n, eachError{err}
		}
	}
	return n, delim(d, ']')
}

// delim takes one bracket.
func delim(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err == io.EOF { // the decoder says so where the text ends between tokens
		err = io.ErrUnexpectedEOF
	}
	if err == nil && t != want {
		err = errors.New("no " + want.String() + " where one belongs")
	}
	return err
}
