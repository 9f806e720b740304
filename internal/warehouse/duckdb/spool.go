package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// spoolOf is where spools go: the one folder beside the database that DuckDB may read.
func spoolOf(folder string) string { return filepath.Join(folder, "catchment-pages") }

// A spool keeps copies of pages that read_csv can't open where they are.
type spool struct {
	dir  string                 // where its own folder goes
	in   func(path string) bool // which files read_csv can open
	made string                 // that folder, "" before the first copy
	n    int
}

// path is where the page's file is, after copying it where need be.
func (s *spool) path(ctx context.Context, p warehouse.Page) (string, error) {
	if p.Path != "" && s.in(p.Path) {
		return p.Path, nil
	}
	if s.made == "" {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return "", plan.Fixf("make the folder of the database writable", "spool pages: %w", err)
		}
		made, err := os.MkdirTemp(s.dir, "of-")
		if err != nil {
			return "", plan.Fixf("make the folder of the database writable", "spool pages: %w", err)
		}
		s.made = made
	}
	s.n++
	path := filepath.Join(s.made, strconv.Itoa(s.n)+".csv")
	if err := copyTo(ctx, path, p); err != nil {
		return "", fmt.Errorf("spool page %s: %w", p.Key, err)
	}
	return path, nil
}

func copyTo(ctx context.Context, path string, p warehouse.Page) (err error) {
	r, err := p.Read(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- a name of ours
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, r)
	return err
}

// remove deletes the copies, and the folder that they were in unless another load has its own
// there.
func (s *spool) remove() error {
	if s.made == "" {
		return nil
	}
	err := os.RemoveAll(s.made)
	_ = os.Remove(s.dir)
	return err
}
