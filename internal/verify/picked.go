package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"catchment/internal/page"
	"catchment/internal/warehouse"
)

// aside says which records pages keep out of the warehouse, and for which field and rule.
func (s *shelf) aside(ctx context.Context, pages []warehouse.Page) (map[string]string, error) {
	aside := map[string]string{}
	for _, p := range pages {
		if p.Rejected == nil {
			continue
		}
		err := eachRecord(ctx, *p.Rejected, func(header []string, values [][]byte) error {
			texts := map[string]string{}
			for i, name := range header {
				if name != "record" { // which has values
					texts[name] = string(values[i])
				}
			}
			aside[texts["record_key"]] = texts["field"] + ": " + texts["rule"]
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return aside, nil
}

// pick stores some records of pages as pages of their own.
func (s *shelf) pick(ctx context.Context, pages []warehouse.Page, ids []string) ([]warehouse.Page, error) {
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var picked []warehouse.Page
	for _, p := range pages {
		at := slices.Index(p.Header, "Id")
		one, err := s.write(ctx, s.mended(), p.Header, func(write func([]string) error) error {
			record := make([]string, len(p.Header))
			return eachRecord(ctx, p, func(_ []string, values [][]byte) error {
				if at < 0 || !wanted[string(values[at])] {
					return nil
				}
				for i, value := range values {
					record[i] = string(value)
				}
				return write(record)
			})
		})
		if err != nil {
			return picked, err
		}
		picked = append(picked, one)
	}
	return picked, nil
}

// eachRecord reads a page as the warehouse is shown it.
func eachRecord(ctx context.Context, p warehouse.Page, each func(header []string, values [][]byte) error) error {
	stored, err := p.Read(ctx)
	if err != nil {
		return err
	}
	defer stored.Close()
	text := page.NewReader(stored)
	if p.Gzip {
		text = page.NewReader(page.Unpack(stored))
	}
	header, err := text.Header()
	if err != nil {
		return err
	}
	for {
		values, err := text.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = each(header, values)
		}
		if err != nil {
			return fmt.Errorf("page %s: %w", p.Key, err)
		}
	}
}
