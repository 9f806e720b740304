package duckdb

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"

	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/sql"
)

type tx struct {
	conn   *stdsql.Conn
	driver *driver
	loads  bool                   // staged rows are written
	seen   map[string][]columnNow // the columns of tables, by name, as this transaction sees them
}

// What is staged is read once and is gone soon, unless it becomes the final table: it is packed as quickly as it
// goes. To look for what many texts have in common takes a good part of a load.
const (
	packQuickly = "SET GLOBAL disabled_compression_methods = 'fsst'"
	packWell    = "RESET GLOBAL disabled_compression_methods"
)

func (t *tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	t.forget(query)
	r, err := t.conn.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, t.driver.classify(ctx, err)
	}
	return r.RowsAffected()
}

func (t *tx) Query(ctx context.Context, each func(sql.Scan) error, query string, args ...any) (err error) {
	rows, err := t.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return t.driver.classify(ctx, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return t.driver.classify(ctx, err)
	}
	return nil
}

// Load gives read_csv the files of all pages at once, since one statement over
// many files keeps all cores busy, and counts by seq what each page brought.
func (t *tx) Load(ctx context.Context, c sql.Copy) (_ []int64, err error) {
	if !t.loads && !c.Lasts {
		if _, err := t.Exec(ctx, packQuickly); err != nil {
			return nil, err
		}
		t.loads = true
	}
	spool := spool{dir: spoolOf(t.driver.o.Spool), in: t.driver.reads}
	defer func() { err = errors.Join(err, spool.remove()) }()
	for _, gzip := range []bool{false, true} {
		part := c
		part.Pages = nil
		var paths []string
		for _, p := range c.Pages {
			if p.Gzip != gzip {
				continue
			}
			path, err := spool.path(ctx, p)
			if err != nil {
				return nil, err
			}
			paths, part.Pages = append(paths, path), append(part.Pages, p)
		}
		if len(paths) == 0 {
			continue
		}
		query, args := readCSV(part, paths, gzip)
		if _, err := t.Exec(ctx, query, args...); err != nil {
			if refused := refusals.Of(err); refused != nil {
				t.place(ctx, refused, part, paths, gzip)
			}
			return nil, fmt.Errorf("load %d pages from %s on: %w", len(paths), part.Pages[0].Key, err)
		}
	}
	return t.loaded(ctx, c)
}

// loaded counts the rows of each page.
func (t *tx) loaded(ctx context.Context, c sql.Copy) ([]int64, error) {
	bySeq := map[int64]int64{}
	query, args := c.CountBySeq(Dialect())
	err := t.Query(ctx, func(scan sql.Scan) error {
		var seq, n int64
		if err := scan(&seq, &n); err != nil {
			return err
		}
		bySeq[seq] = n
		return nil
	}, query, args...)
	if err != nil {
		return nil, err
	}
	rows := make([]int64, len(c.Pages))
	for i, p := range c.Pages {
		rows[i] = bySeq[p.Seq]
	}
	return rows, nil
}
