package oversql

import (
	"context"
	"math/rand/v2"
	"regexp"
	"sync"

	"catchment/internal/warehouse/sql"
)

// Conflicts cancels every third transaction or so at a statement of it, or at its
// end, by chance; never two in a row, and so a patient client gets on.
func Conflicts(inner sql.Driver, seed uint64) sql.Driver {
	return &conflicts{passing: passing{inner}, dice: rand.New(rand.NewPCG(seed, 0))}
}

type conflicts struct {
	passing
	mu     sync.Mutex
	dice   *rand.Rand
	spared bool
}

// at is the statement that is cancelled, of those that are left.
func (d *conflicts) at() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.spared = !d.spared && d.dice.IntN(2) == 0; d.spared {
		return d.dice.IntN(12)
	}
	return 1 << 30
}

func (d *conflicts) cancelling(f func(sql.Tx) error) func(sql.Tx) error {
	left := d.at()
	return func(tx sql.Tx) error {
		if err := f(cancelledTx{tx, &left}); err != nil {
			return err
		}
		if left < 12 {
			return errCancelled
		}
		return nil
	}
}

func (d *conflicts) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.passing.Tx(ctx, d.cancelling(f))
}

func (d *conflicts) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	if f != nil {
		f = d.cancelling(f)
	}
	return d.passing.Prepared(ctx, ddl, f)
}

type cancelledTx struct {
	sql.Tx
	left *int
}

func (t cancelledTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if *t.left--; *t.left == -1 {
		return 0, errCancelled
	}
	return t.Tx.Exec(ctx, sql, args...)
}

func (t cancelledTx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	if *t.left--; *t.left == -1 {
		return nil, errCancelled
	}
	return t.Tx.Load(ctx, c)
}

// Overlaps cancels a transaction that writes into a table into which another one
// writes that is still open, whichever rows they touch.
func Overlaps(inner sql.Driver) sql.Driver {
	return &overlaps{passing: passing{inner}, writes: map[string]*overlap{}}
}

type overlaps struct {
	passing
	mu     sync.Mutex
	writes map[string]*overlap // by table
}

// An overlap is one transaction that is open.
type overlap struct {
	sql.Tx
	driver *overlaps
}

func (d *overlaps) Tx(ctx context.Context, f func(sql.Tx) error) error {
	o := &overlap{driver: d}
	defer o.end()
	return d.passing.Tx(ctx, func(tx sql.Tx) error { o.Tx = tx; return f(o) })
}

func (d *overlaps) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	if f == nil {
		return d.passing.Prepared(ctx, ddl, nil)
	}
	o := &overlap{driver: d}
	defer o.end()
	return d.passing.Prepared(ctx, ddl, func(tx sql.Tx) error { o.Tx = tx; return f(o) })
}

func (o *overlap) end() {
	o.driver.mu.Lock()
	defer o.driver.mu.Unlock()
	for table, by := range o.driver.writes {
		if by == o {
			delete(o.driver.writes, table)
		}
	}
}

// into takes note of a table that is written.
func (o *overlap) into(table string) error {
	o.driver.mu.Lock()
	defer o.driver.mu.Unlock()
	if by := o.driver.writes[table]; by != nil && by != o {
		return errCancelled
	}
	o.driver.writes[table] = o
	return nil
}

var written = regexp.MustCompile(`^(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|ALTER TABLE) ("[^"]+"\."[^"]+")`)

func (o *overlap) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if m := written.FindStringSubmatch(sql); m != nil {
		if err := o.into(m[1]); err != nil {
			return 0, err
		}
	}
	return o.Tx.Exec(ctx, sql, args...)
}

func (o *overlap) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	if err := o.into(c.Into); err != nil {
		return nil, err
	}
	return o.Tx.Load(ctx, c)
}
