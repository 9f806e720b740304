package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// patterns are what read_csv takes for wildcards in the name of a file.
const patterns = "*?["

// A spool keeps copies of pages that read_csv can't open where they are.
type spool struct {
	dir  string // where its own folder goes
	made string // that folder, "" before the first copy
	n    int
}

// path is where the page's file is, after copying it where need be.
func (s *spool) path(ctx context.Context, p warehouse.Page) (string, error) {
	if p.Path != "" && !strings.ContainsAny(p.Path, patterns) {
		return p.Path, nil
	}
	if s.made == "" {
		made, err := os.MkdirTemp(s.dir, "catchment-pages-")
		if err != nil {
			return "", plan.Fixf("make the folder of the database writable", "spool pages: %w", err)
		}
		s.made = made
	}
	s.n++
	path := filepath.Join(s.made, strconv.Itoa(s.n)+".csv")
	if strings.ContainsAny(path, patterns) {
		return "", plan.Fixf("keep the database in a folder without * ? or [ in its name",
			"spool pages: DuckDB can't read files in %s", s.dir)
	}
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
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, r)
	return err
}

// remove deletes the copies.
func (s *spool) remove() error {
	if s.made == "" {
		return nil
	}
	return os.RemoveAll(s.made)
}
