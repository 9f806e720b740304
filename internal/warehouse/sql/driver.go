package sql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql/dialect"
)

// A Driver connects to one kind of warehouse. It keeps no SQL of its own beside what
// opens a session, and what asks a Catalog: everything else comes from its Dialect.
type Driver interface {
	// Dialect is the SQL that the warehouse speaks.
	Dialect() *dialect.Dialect

	// Tx does f in one transaction: all of what f wrote, or nothing, can be
	// seen afterwards. When Tx fails, the transaction may still have been
	// committed (a lost answer), so whatever f does must bear a repeat. With
	// ErrConflict it was not, and f is done again at once: it begins with nothing
	// of what it gathered the first time. Errors carry their class, and no value
	// of a record.
	Tx(ctx context.Context, f func(Tx) error) error

	// View is Tx for reading, on one picture of the warehouse: nothing can be
	// written.
	View(ctx context.Context, f func(Tx) error) error

	// Close ends the sessions after the transactions that still run.
	Close() error
}

// A Tx is one transaction of a Driver. Parameters are $1, $2...
type Tx interface {
	// Exec does a statement and tells how many rows it touched.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)

	// Query calls each for every row of the answer.
	Query(ctx context.Context, each func(Scan) error, sql string, args ...any) error

	// Load puts pages into a table with the warehouse's own loader, and tells
	// how many rows each of them brought, in the order of c.Pages. That of a
	// Bringer takes the rows of pages that were brought before.
	Load(ctx context.Context, c Copy) ([]int64, error)
}

// A ledgerTx is a Tx as a ledger sees it, and a stream.
type ledgerTx struct{ Tx }

func (t ledgerTx) Query(
	ctx context.Context, each func(func(...any) error) error, sql string, args ...any,
) error {
	return t.Tx.Query(ctx, func(scan Scan) error { return each(scan) }, sql, args...)
}

// A Catalog is a Tx that has a shorter way to one table than information_schema, where
// a question about one of them looks at all: with hundreds of them that is most of what a
// run does. It answers the same.
type Catalog interface {
	// Columns are those of a table or a view, in their order; none where there is neither.
	Columns(ctx context.Context, schema, table string) ([]dialect.Stored, error)
	// Keyed tells whether a table has a primary key.
	Keyed(ctx context.Context, schema, table string) (bool, error)
}

// Scan reads the columns of one row into pointers, as database/sql does.
type Scan func(dest ...any) error

// A Copy is pages on their way into a table, which has a column for each of
// Columns and our own columns of a staging table.
type Copy struct {
	Into    string // the table's name, quoted
	Columns []dialect.CopyColumn
	Op      warehouse.Op
	Attempt string
	Job     string
	ReadAt  any // time.Time, or nil
	Pages   []warehouse.Page

	// Lasts says that the table is to become the final one: it is packed for good, and own.At is loaded as a
	// final row has it, from the column Stamp, or from ReadAt where that is null or "".
	Lasts bool
	Stamp string
}

// ID names a page on its way into its table. Each attempt brings it anew.
func (c Copy) ID(p warehouse.Page) string { return c.IDs() + "_" + short(p.Key) }

// IDs is how the IDs of all pages begin that an attempt brings for a table.
func (c Copy) IDs() string { return short(c.Into + "\n" + c.Attempt) }

// short is a digest that two names don't share.
func short(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:10])
}

// What no transaction of some warehouses can hold is done apart from it: DDL,
// which commits whatever is open or is refused there, and loads, which are jobs.
// Their dialects say so (TransactionalDDL, LoadsApart).

// A Preparer is a Driver whose DDL is no part of a transaction.
type Preparer interface {
	// Prepared does ddl in one session, each statement outside of any transaction,
	// and then f in a transaction of that session, as Tx does; f may be nil. The
	// temporary tables of ddl are there for f. They may stay as long as the session
	// does, and are empty then. When it fails, some of ddl may have been done.
	Prepared(ctx context.Context, ddl []string, f func(Tx) error) error
}

// A Bringer is a Driver whose loader is a job that no transaction can hold: it
// brings pages before the transaction whose Load takes them into their table.
type Bringer interface {
	// Bring loads each page of c into a place of its own, under its ID, as a whole
	// or not at all. What is there already stays: a repeat brings nothing twice.
	Bring(ctx context.Context, c Copy) error
	// Forget removes what was brought of the pages of c, if anything was, or where it
	// has none, of all pages of its attempt that were on their way into its table; a
	// Bring after it brings them anew. Only what makes the IDs need be there of c.
	Forget(ctx context.Context, c Copy) error
}

// A Background is a Driver whose warehouse goes on with a statement that nobody
// waits for, and can be asked about it later: by another process too, which
// knows nothing but its id.
type Background interface {
	// Detach begins a statement in a transaction of its own, and gives its id.
	// The same token means the same statement, as long as the warehouse remembers
	// it: a second call begins nothing. A text that is too long is ErrTooLong.
	Detach(ctx context.Context, token, sql string) (id string, err error)

	// Ended waits no longer than patience, and tells whether the statement is
	// over; one that the warehouse doesn't know, or doesn't tell this user of, is.
	// The error is the statement's. It goes on when ctx ends.
	Ended(ctx context.Context, id string, patience time.Duration) (bool, error)
}

// A Wire is a Driver whose statements go over a connection.
type Wire interface {
	// Agreed tells what a connection has agreed on.
	Agreed(ctx context.Context) (warehouse.Agreement, error)
}

// ErrNotBrought says that a Load found nothing of a page in its place. Bringers
// wrap it.
var ErrNotBrought = errors.New("a page was not brought, or was forgotten since")

// ErrTooLong says that a statement has more text than the way to the warehouse
// takes.
var ErrTooLong = errors.New("the statement is too long")

// ErrDuplicate says that a statement would have made a second row of a key.
// Drivers whose dialect has savepoints wrap it.
var ErrDuplicate = errors.New("a second row of one key")

// ErrTooWide says that a statement would have made a row that has more values than its
// table has room for. Drivers whose dialect has an overflow wrap it.
var ErrTooWide = errors.New("a record has more values than a row has room for")

// queryRow reads the first row of an answer and tells whether there was one.
func queryRow(ctx context.Context, tx Tx, dest []any, sql string, args ...any) (bool, error) {
	found := false
	err := tx.Query(ctx, func(scan Scan) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	}, sql, args...)
	return found, err
}

// count reads one number, and null as 0.
func count(ctx context.Context, tx Tx, sql string, args ...any) (int64, error) {
	var n *int64
	if _, err := queryRow(ctx, tx, []any{&n}, sql, args...); err != nil || n == nil {
		return 0, err
	}
	return *n, nil
}

// do executes statements in order.
func do(ctx context.Context, tx Tx, qs ...dialect.Statement) error {
	for _, q := range qs {
		if _, err := tx.Exec(ctx, q.SQL, q.Args...); err != nil {
			return err
		}
	}
	return nil
}
