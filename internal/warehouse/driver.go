package warehouse

import "context"

// A Driver connects to one kind of warehouse. It keeps no SQL of its own
// beside what opens a session: everything else comes from its Dialect.
type Driver interface {
	// Dialect is the SQL that the warehouse speaks.
	Dialect() *Dialect

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

// Scan reads the columns of one row into pointers, as database/sql does.
type Scan func(dest ...any) error

// A Copy is pages on their way into a table, which has a column for each of
// Columns and our own columns of a staging table.
type Copy struct {
	Into    string // the table's name, quoted
	Columns []CopyColumn
	Op      Op
	Attempt string
	Job     string
	ReadAt  any // time.Time, or nil
	Pages   []Page
}

// A CopyColumn is one column of the pages' header, in that order.
type CopyColumn struct {
	Name  string
	Kind  Kind
	Type  string // as the table has it
	Whole int    // the digits that a Decimal's values have at most
	Fract int
}

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
