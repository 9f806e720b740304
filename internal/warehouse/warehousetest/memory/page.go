package memory

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// take adds the records of a page to the table. Each becomes a row of what own
// says, and the page's place.
func (t *table) take(ctx context.Context, p warehouse.Page, columns []column, own row) error {
	text, err := content(ctx, p)
	if err != nil {
		return fmt.Errorf("page %s: %w", p.Key, err)
	}
	all, err := records(text)
	if err != nil || len(all) == 0 {
		return fmt.Errorf("page %s: %w", p.Key, errors.Join(err, errShort))
	}
	all = all[1:] // the header
	if int64(len(all)) != p.Rows {
		return plan.Failf(plan.Bug, "run it again; if it happens twice, keep the page and report it",
			"page %s holds %d rows, the warehouse took %d of them", p.Key, p.Rows, len(all))
	}
	for _, values := range all {
		if len(values) != len(columns) {
			return fmt.Errorf("page %s: %w", p.Key, errShort)
		}
		r := record(map[string]any{colSeq: p.Seq})
		for name, value := range own {
			r[name] = value
		}
		for i, c := range columns {
			if values[i] == "" {
				continue
			}
			if r[c.name], err = c.take(values[i]); err != nil {
				return fmt.Errorf("page %s: %w", p.Key, err)
			}
		}
		t.rows = append(t.rows, r)
	}
	return nil
}

// content is what a page holds, wherever it lies.
func content(ctx context.Context, p warehouse.Page) (string, error) {
	var b []byte
	var err error
	if p.Path != "" {
		b, err = os.ReadFile(p.Path)
	} else {
		var from io.ReadCloser
		if from, err = p.Open(ctx); err != nil {
			return "", err
		}
		defer from.Close()
		b, err = io.ReadAll(from)
	}
	if err != nil || !p.Gzip {
		return string(b), err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	b, err = io.ReadAll(z)
	return string(b), err
}

var (
	errShort  = errors.New("a record lacks values")
	errQuotes = errors.New("a quote is where none may be")
)

// records splits a page. encoding/csv would make \n of the \r\n in a value.
func records(text string) ([][]string, error) {
	var all [][]string
	var record []string
	for text != "" {
		value, rest, err := field(text)
		if err != nil {
			return nil, err
		}
		record = append(record, value)
		if next, ok := strings.CutPrefix(rest, ","); ok && next != "" {
			text = next
			continue
		}
		next, ok := strings.CutPrefix(strings.TrimPrefix(rest, "\r"), "\n")
		switch {
		case rest == ",": // the page ends behind it
			record = append(record, "")
		case rest != "" && !ok:
			return nil, errQuotes
		}
		all, record = append(all, record), nil
		text = strings.TrimPrefix(next, ",")
	}
	return all, nil
}

// field reads one value, and what comes behind it.
func field(text string) (value, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ",\r\n\"")
		if end < 0 {
			return text, "", nil
		}
		return text[:end], text[end:], nil
	}
	text = text[1:]
	for {
		inside, behind, closed := strings.Cut(text, `"`)
		value += inside
		switch {
		case !closed:
			return "", "", errQuotes
		case !strings.HasPrefix(behind, `"`):
			return value, behind, nil
		}
		value += `"`
		text = behind[1:]
	}
}
