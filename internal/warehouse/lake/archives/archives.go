// Package archives is what became of records that were to leave Salesforce, on a lake: an archived.Ledger.
//
// Its lines are in _catchment_archive, beside the final tables: one line of each plan and record, in files that are
// sorted by object, Id and plan. A line that changes is written anew, and the one before dies by its position, in one
// snapshot. So each write is a small file or two, and after some of them small files become one.
//
// There is no transaction over two tables. Settle marks the rows first, and then has the lines say so; a row is marked
// only where a line of its record is there already. Who dies in between leaves rows that are marked and lines that are
// Posted, as they were: every merge leaves such rows alone, and whoever carries on with the plan settles them again.
//
// Files, from the top: archives.go, settle.go, mark.go, write.go, hide.go, tally.go, read.go, rows.go, line.go.
package archives

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// A Place is the lake, as far as a ledger uses it.
type Place struct {
	Lake    *tables.Lake
	Schema  string // the namespace of the final tables, and of the ledger
	Scratch string
	Now     func() time.Time
	// Fenced refuses whoever doesn't hold a flow.
	Fenced func(context.Context, warehouse.Fence) error
	// Amend changes rows of a final table for who holds its flow, by one snapshot, with which its mark says that they
	// were written.
	Amend func(context.Context, warehouse.Fence, shape.Table, Amender) (*table.Table, error)
	// Tidy has few small files be made of many, of the ledger or of the final table of a flow.
	Tidy func(ctx context.Context, f warehouse.Fence, name string) error
}

// An Amender says how rows of a final table change, by the table as it is. Nothing to change is nil.
type Amender func(ctx context.Context, final *table.Table) (*Amendment, error)

// An Amendment is a change of rows that were written and read at some moments.
type Amendment struct {
	tables.Change
	Written, Read time.Time
}

// A Ledger is the lines of one lake.
type Ledger struct{ at Place }

// New is the ledger of a place.
func New(at Place) *Ledger { return &Ledger{at} }

var _ archived.Ledger = (*Ledger)(nil)

// name is that of the ledger's table.
func (l *Ledger) name() table.Identifier { return tables.Name(l.at.Schema, own.Archive) }

// final is a final table, as it is now.
func (l *Ledger) final(ctx context.Context, name string) (*table.Table, error) {
	return l.at.Lake.Find(ctx, tables.Name(l.at.Schema, name))
}

// each goes through rows of a table, a batch at a time, until look says that it has enough.
func (l *Ledger) each(ctx context.Context, t *table.Table, q rows.Query, look func(rows.Batch) error) error {
	q.Scratch = l.at.Scratch
	return rows.Each(ctx, t, q, look)
}

// named says what was being done where it failed.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
