package postgres

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/sql"
)

// Load sends the pages one after the other. COPY itself tells how many rows
// each of them brought.
func (t *tx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	rows := make([]int64, len(c.Pages))
	for i, p := range c.Pages {
		if _, err := t.Exec(ctx, copyConstants(c, p)); err != nil {
			return nil, err
		}
		var err error
		if rows[i], err = t.copyPage(ctx, c, p); err != nil {
			return nil, fmt.Errorf("load page %s: %w", p.Key, err)
		}
	}
	if _, err := t.Exec(ctx, copyNoConstants(c)); err != nil {
		return nil, err
	}
	return rows, nil
}

func (t *tx) copyPage(ctx context.Context, c sql.Copy, p warehouse.Page) (n int64, err error) {
	stored, err := p.Read(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	source := &source{r: stored}
	if p.Gzip {
		z, err := gzip.NewReader(bufio.NewReaderSize(stored, 1<<16))
		if err != nil {
			return 0, plan.Failf(plan.Bug, "", "unpack: %w", err)
		}
		source.r = z
	}
	if gathered(c) {
		source.r = gather(source.r, c.Columns)
	}
	tag, err := t.conn.PgConn().CopyFrom(ctx, source, copyText(c))
	if source.err != nil {
		return 0, source.err // what PostgreSQL says of it is only a consequence
	}
	if err != nil {
		err = t.driver.classify(ctx, err)
		if refused := refusals.Of(err); refused != nil {
			refused.Page = p.Key
		}
		return 0, err
	}
	return tag.RowsAffected(), nil
}

// A source remembers why it couldn't be read to its end.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
