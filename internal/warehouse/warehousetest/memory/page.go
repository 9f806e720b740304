package memory

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// take adds the records of a page to the table, each with what own says of it.
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
	for _, record := range all {
		r := maps.Clone(own)
		if err := r.fill(columns, record); err != nil {
			return fmt.Errorf("page %s: %w", p.Key, err)
		}
		t.rows = append(t.rows, r)
	}
	return nil
}

// fill sets the values of a record. An empty one is null.
func (r row) fill(columns []column, record []string) error {
	if len(record) != len(columns) {
		return errShort
	}
	for i, c := range columns {
		if record[i] == "" {
			continue
		}
		value, err := c.take(record[i])
		if err != nil {
			return err
		}
		r[c.name] = value
	}
	return nil
}

// content is what a page holds, wherever it lies.
func content(ctx context.Context, p warehouse.Page) (string, error) {
	from, err := p.Read(ctx)
	if err != nil {
		return "", err
	}
	defer from.Close()
	b, err := io.ReadAll(from)
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

// value is one value at the beginning of a text, quoted or not, and what ends it.
var value = regexp.MustCompile(`^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)`)

// records splits a page into its records. (encoding/csv makes \n of a \r\n that is
// part of a value.)
func records(text string) ([][]string, error) {
	var all [][]string
	var record []string
	for text != "" || record != nil {
		m := value.FindStringSubmatch(text)
		if m == nil {
			return nil, errQuotes
		}
		record = append(record, strings.ReplaceAll(m[1], `""`, `"`)+m[2])
		if m[3] != "," {
			all, record = append(all, record), nil
		}
		text = text[len(m[0]):]
	}
	return all, nil
}
