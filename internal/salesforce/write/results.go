package write

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
	"catchment/internal/salesforce/write/refusal"
)

// A resultKind is one of the three lists of results that a job has.
type resultKind struct {
	resource string
	own      []string // columns that Salesforce puts before those of the rows
	outcome  func(s *sheet, own []string, id string) (Outcome, bool)
}

// resultKinds are all three (Bulk API 2.0 guide, "Get Job Successful Record Results" and its neighbours). None
// is promised to be in the order of the rows.
func resultKinds() []resultKind {
	return []resultKind{
		{"successfulResults", []string{"sf__Id"}, succeeded},
		{"failedResults", []string{"sf__Error"}, refused},
		{"unprocessedrecords", nil, unprocessed},
	}
}

func succeeded(s *sheet, own []string, id string) (Outcome, bool) {
	made, flaw := ownID(own[0], s.prefix)
	if flaw != nil || s.verb == Delete && made != id {
		return Outcome{}, false
	}
	return Outcome{ID: made, State: Done}, true
}

func refused(_ *sheet, own []string, id string) (Outcome, bool) {
	return failed(0, id, refusal.OfRow(own[0])), true
}

func unprocessed(_ *sheet, _ []string, id string) (Outcome, bool) {
	return failed(0, id, refusal.Refusal{Code: "UNPROCESSED", Reason: refusal.Unprocessed}), true
}

// triesOfResults is how often a list of results is read.
const triesOfResults = 3

// results takes all results of a job that has ended, each for the row that it repeats. What can't be read is
// an error; what could be is taken all the same.
func (w *Writer) results(ctx context.Context, job Job, s *sheet) error {
	var problems error
	for _, kind := range resultKinds() {
		var read []rowResult
		var err error
		for range triesOfResults {
			if read, err = w.readResults(ctx, job, s, kind); err == nil || context.Cause(ctx) != nil {
				break
			}
		}
		for _, r := range read {
			if !s.take(r.key, r.outcome) && err == nil {
				err = plan.Strangef("it has a row that nobody sent")
			}
		}
		if err != nil {
			problems = errors.Join(problems, fmt.Errorf("%s of job %s: %w", kind.resource, job.ID, err))
		}
	}
	return problems
}

// A rowResult is a result, and what tells its row.
type rowResult struct {
	key     rowKey
	outcome Outcome
}

// readResults reads one list, up to where it is cut.
func (w *Writer) readResults(ctx context.Context, job Job, s *sheet, kind resultKind) ([]rowResult, error) {
	resp, err := w.api.Send(ctx, &wire.Request{Method: http.MethodGet, Path: job.path(kind.resource),
		Header: http.Header{"Accept": {"text/csv"}}, Pages: true})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.ContentLength != 0 && (err != nil || media != "text/csv") {
		return nil, plan.Strangef("the answer isn't CSV")
	}
	return s.read(resp.Body, kind)
}

// besideRow is how much of a result may be Salesforce's own: the Id, and what it says of an error.
const besideRow = 8 << 10

// read reads a list of results. It can't be larger than the rows of the sheet are, with something beside each.
func (s *sheet) read(from io.Reader, kind resultKind) (read []rowResult, err error) {
	most := int64(s.csv.Len()) + int64(len(s.sent)+1)*besideRow
	text := &io.LimitedReader{R: from, N: most}
	begun := bufio.NewReader(text)
	rows := page.NewReader(begun)
	if _, err := begun.Peek(1); err == io.EOF { // no results may be no text at all
		return nil, nil
	}
	header, err := rows.Header()
	if err != nil {
		return nil, unquoted(err)
	}
	own, ownOK := places(header, kind.own)
	columns, ok := places(header, s.table.Columns)
	if !ok || !ownOK {
		return nil, plan.Strangef("the results lack a column")
	}
	values, said := make([][]byte, len(columns)), make([]string, len(own))
	for {
		row, err := rows.Next()
		switch {
		case text.N == 0:
			return read, plan.Strangef("the results are larger than what was sent")
		case err == io.EOF:
			return read, nil
		case err != nil:
			return read, unquoted(err)
		case len(read) == len(s.sent):
			return read, plan.Strangef("there are more results than rows")
		}
		for i, at := range columns {
			values[i] = row[at]
		}
		for i, at := range own {
			said[i] = string(row[at])
		}
		if r, ok := s.resultOf(kind, values, said); ok {
			read = append(read, r)
		}
	}
}

// resultOf makes a result of one row, unless that says what can't be.
func (s *sheet) resultOf(kind resultKind, values [][]byte, own []string) (r rowResult, ok bool) {
	id := ""
	if s.verb == Delete {
		if id, ok = fullID(string(values[0])); !ok {
			return r, false
		}
		values = [][]byte{[]byte(id)}
	}
	r.key = keyOf(values)
	r.outcome, ok = kind.outcome(s, own, id)
	return r, ok
}

// places finds columns in a header, whose names know no case.
func places(header, names []string) (at []int, all bool) {
	for _, name := range names {
		i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(h, name) })
		if i < 0 {
			return nil, false
		}
		at = append(at, i)
	}
	return at, true
}

// unquoted is an error of the CSV, without what it may quote. That of a line that broke stays.
func unquoted(err error) error {
	if _, ok := errors.AsType[*plan.Failure](err); ok {
		return err
	}
	if plan.ClassOf(err) == plan.Retry {
		return err
	}
	return plan.Strangef("the results aren't the CSV of the guide")
}
