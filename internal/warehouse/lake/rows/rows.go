// Package rows reads the live rows of a table of a lake in the order of their keys, whatever files they are in.
//
// A table is many data files, and position deletes that say which of their rows are dead. Files of ours are sorted
// by key; those that others have compacted may not be, which is looked at and never believed: what isn't sorted is
// sorted in scratch files. All are merged then, a batch of columns at a time. A file is opened when the order has
// come to its least key, and where more have to be open than memory has room for, they become one scratch file first.
//
// What is asked for is read and no more: files and row groups are left out by their statistics, and where some keys
// only are wanted, the key column is read first and the rest of a file only where it has one of them.
//
// Files, from the top: each.go, rows.go, groups.go, pile.go, merge.go, scratch.go, source.go, look.go, wanted.go,
// chosen.go, dead.go, file.go, lost.go, form.go, row.go, key.go.
package rows

import (
	"context"
	"errors"
	"fmt"
	ones "math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/tables"
)

// A Query says which rows are wanted.
type Query struct {
	Key     []string // the columns of the key, in whose order rows come
	Columns []string // those that a batch has, in this order
	Keys    []string // of the rows that are wanted, as KeysOf writes them, in order; nil for all
	After   string   // only rows are wanted whose keys follow this one; "" for all

	Where     iceberg.BooleanExpression // of the rows that are wanted; nil for all
	Files     map[string]bool           // of the rows that are wanted, by path; nil for all
	Tasks     []table.FileScanTask      // the files, where somebody has planned them already; nil where nobody has
	Without   map[string]bool           // files, of rows or of deletes, that are read as if the table didn't have them
	Snapshot  int64                     // 0 for the newest
	Dead      bool                      // rows that are deleted by their positions are wanted, too
	Positions bool                      // where each row is, is wanted too
	AnyOrder  bool                      // rows may come in any order: by file, and in it as they are there
	Scratch   string                    // the folder for what has no room in memory; "" for that of the system

	groups []int // row groups of the only file; nil for all
}

// A Batch is some rows.
type Batch struct {
	Record arrow.RecordBatch
	Keys   []string // of each row
	// Where each row is, if that was asked for.
	File     []string
	Position []int64
}

// A Cursor goes through rows. It isn't for more than one goroutine.
type Cursor struct {
	ctx     context.Context // of Open: Next has none, and is part of the same reading
	q       Query
	form    *form
	store   *store
	waiting []waiting // files that the order hasn't come to yet
	open    merge
	scratch *scratch
}

// Open finds the files that may have rows that are wanted. Close must follow.
func Open(ctx context.Context, t *table.Table, q Query) (*Cursor, error) {
	form, err := newForm(t, q)
	if err != nil {
		return nil, err
	}
	c := &Cursor{ctx: ctx, q: q, form: form, scratch: &scratch{folder: q.Scratch}}
	if t.CurrentSnapshot() == nil {
		return c, nil
	}
	tasks, err := planned(ctx, t, q, form)
	if err != nil {
		return nil, fmt.Errorf("files of %s: %w", nameOf(t), tables.Listing(t.Identifier(), err))
	}
	if c.store, err = newStore(ctx, t, tasks, q.Without); err != nil {
		return nil, err
	}
	c.waiting = queue(tasks, form, q)
	return c, nil
}

// Next is the next rows, io.EOF where there are no more.
func (c *Cursor) Next() (Batch, error) {
	p, err := c.next()
	if err != nil {
		return Batch{}, err
	}
	if c.form == nil { // of a pile
		return Batch{Record: p.record, Keys: p.keys, Position: p.positions}, nil
	}
	b := Batch{Record: c.form.shown(p.record), Keys: p.keys}
	if !c.q.Positions {
		return b, nil
	}
	b.Position, b.File = p.positions, make([]string, len(p.files))
	for i, file := range p.files {
		b.File[i] = c.store.paths[file]
	}
	return b, nil
}

// Dead counts the dead rows of a file that has rows which are wanted.
func (c *Cursor) Dead(file string) (n int64) {
	if c.store == nil {
		return 0
	}
	for _, word := range c.store.dead[file] {
		n += int64(ones.OnesCount64(word))
	}
	return n
}

// Close closes the files, and removes what was written to scratch.
func (c *Cursor) Close() error {
	return errors.Join(c.open.close(), c.scratch.close())
}

// nameOf names a table to people.
func nameOf(t *table.Table) string {
	name := t.Identifier()
	return name[0] + "." + name[len(name)-1]
}
