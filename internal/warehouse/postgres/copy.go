package postgres

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/postgres/tuple"
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

// copyPage sends a page in the way that costs the server less. Where that isn't possible, or fails for what the
// page holds, the page goes as the text that it is: what the server says of that is what counts.
func (t *tx) copyPage(ctx context.Context, c sql.Copy, p warehouse.Page) (int64, error) {
	if !t.driver.asTuples(c, p) {
		return t.sendPage(ctx, c, p, false)
	}
	if _, err := t.Exec(ctx, "SAVEPOINT catchment_page"); err != nil {
		return 0, err
	}
	n, err := t.sendPage(ctx, c, p, true)
	if err == nil {
		_, err = t.Exec(ctx, "RELEASE SAVEPOINT catchment_page")
		return n, err
	}
	if !errors.Is(err, errOtherWay) {
		return 0, err
	}
	t.driver.texts.Store(c.Into, c.Attempt)
	if _, err := t.Exec(ctx, "ROLLBACK TO SAVEPOINT catchment_page"); err != nil {
		return 0, err
	}
	return t.sendPage(ctx, c, p, false)
}

// errOtherWay says that a page has to go as its text.
var errOtherWay = errors.New("the page can't go as tuples")

// sendPage sends a page, as tuples or as its text, and tells how many rows it brought.
func (t *tx) sendPage(ctx context.Context, c sql.Copy, p warehouse.Page, tuples bool) (n int64, err error) {
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
	var sent io.Reader = source
	var turned *tuple.Reader
	if tuples {
		turned = tuple.New(source, typesOf(c))
		sent = turned
	}
	lent := &lent{r: sent}
	tag, err := t.conn.PgConn().CopyFrom(ctx, lent, copyText(c, tuples))
	lent.takeBack()
	if source.err != nil {
		return 0, source.err // what PostgreSQL says of it is only a consequence
	}
	if tuples && (turned.Err() != nil || refusesData(err)) {
		return 0, errOtherWay
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

// refusesData tells whether the server refuses what it was sent (PostgreSQL documentation, appendix A, class 22).
func refusesData(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code[:2] == "22"
}

// asTuples tells whether a page is to go as tuples: not where one of its attempt couldn't before.
func (d *driver) asTuples(c sql.Copy, p warehouse.Page) bool {
	attempt, known := d.texts.Load(c.Into)
	return p.Rows >= d.tuples && !gathered(c) && tuple.Takes(typesOf(c)) && !(known && attempt == c.Attempt)
}

// typesOf are the types of a copy's columns, as the dialect calls them.
func typesOf(c sql.Copy) []string {
	types := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		types[i] = col.Type
	}
	return types
}

// A lent reader is read by pgx, in a goroutine that goes on for a while where the connection is lost.
type lent struct {
	mu   sync.Mutex
	r    io.Reader
	back bool
}

// errTakenBack is what a goroutine gets that reads on.
var errTakenBack = errors.New("the copy has ended")

func (l *lent) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.back {
		return 0, errTakenBack
	}
	return l.r.Read(b)
}

// takeBack waits for a read that is under way, and lets no other begin.
func (l *lent) takeBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.back = true
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
