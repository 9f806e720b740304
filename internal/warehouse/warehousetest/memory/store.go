package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// A store has the newest picture of the tables, and lets one at a time make
// another.
type store struct {
	writing sync.Mutex
	newest  atomic.Pointer[picture]
}

// A picture is all tables as they were at one moment. It never changes.
type picture map[place]*table

// A place is where a table is.
type place struct{ schema, table string }

// A table is columns in order, and rows in any.
type table struct {
	columns []column
	rows    []row
}

// A column is what a table has for a field.
type column struct {
	name  string
	kind  shape.Kind
	scale int // a decimal is shown with so many digits behind the point at least
}

// A row is values by the names of their columns. Two values are equal where
// their texts are, and a later moment has the greater text. Null isn't there:
// it reads as "", which is less than any moment.
type row map[string]string

func (t *table) copy() *table {
	rows := make([]row, len(t.rows))
	for i, r := range t.rows {
		rows[i] = maps.Clone(r)
	}
	return &table{columns: slices.Clone(t.columns), rows: rows}
}

// find tells where a column is, less than 0 for nowhere.
func (t *table) find(name string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return strings.EqualFold(c.name, name) })
}

func (t *table) column(name string) (column, error) {
	i := t.find(name)
	if i < 0 {
		return column{}, fmt.Errorf("the table has no column %s", name)
	}
	return t.columns[i], nil
}

// add adds a row.
func (t *table) add(v values) { t.rows = append(t.rows, v.row()) }

// remove removes rows, and tells how many.
func (t *table) remove(which func(row) bool) int64 {
	before := len(t.rows)
	t.rows = slices.DeleteFunc(t.rows, which)
	return int64(before - len(t.rows))
}

// where lists the rows of which something holds.
func (t *table) where(holds func(row) bool) []row {
	var found []row
	for _, r := range t.rows {
		if holds(r) {
			found = append(found, r)
		}
	}
	return found
}

// A process is the store as one process of Catchment has it open.
type process struct {
	*store
	warehouse.Options
	fault warehousetest.Fault
	spent bool // a fault that comes only once has come
}

// An operation is one look at the tables, or one change of them. It changes
// copies, and leaves all of them behind together, or nothing.
type operation struct {
	*process
	tables picture        // as the operation sees them
	copied map[place]bool // those that are copies
	steps  int            // that were done
	loaded bool           // pages are among what it leaves
	err    error          // what went wrong first: then it leaves nothing
}

// What faults say.
var (
	errFault     = errors.New("connection reset")
	errCancelled = errors.New("cancelled for the sake of another transaction")
)

// view looks at one picture of the tables.
func (p *process) view(ctx context.Context, what string, look func(*operation)) error {
	o := &operation{process: p, tables: *p.newest.Load()}
	look(o)
	if err := errors.Join(context.Cause(ctx), o.err); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// seen is a view of one thing.
func seen[T any](ctx context.Context, p *process, what string, look func(*operation) T) (T, error) {
	var it T
	err := p.view(ctx, what, func(o *operation) { it = look(o) })
	return it, err
}

// write does one operation: for whoever holds a flow, or for anybody where there is
// no fence.
func (p *process) write(ctx context.Context, what string, f *warehouse.Fence, change func(*operation) error) error {
	err := p.once(ctx, f, change)
	if errors.Is(err, errCancelled) { // nothing was left behind, so it is done anew
		err = p.once(ctx, f, change)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// once does an operation and makes its picture the newest.
func (p *process) once(ctx context.Context, f *warehouse.Fence, change func(*operation) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.writing.Lock()
	defer p.writing.Unlock()
	o := &operation{process: p, tables: maps.Clone(*p.newest.Load()), copied: map[place]bool{}}
	if f != nil {
		if err := o.hold(*f); err != nil {
			return err
		}
	}
	err := change(o)
	if o.err != nil { // all that came later came of it
		return o.err
	}
	if err != nil {
		return err
	}
	p.newest.Store(&o.tables) // the commit
	twice := p.fault.Kind == warehousetest.Twice && o.loaded && !p.spent
	if twice || p.fault.Kind == warehousetest.LostAnswer {
		p.spent = true
		return errFault
	}
	return nil
}

// step is where an operation may break off.
func (o *operation) step() {
	n := o.steps
	o.steps++
	switch {
	case o.fault.Kind == warehousetest.Fails && n >= o.fault.At:
		o.fail(errFault)
	case o.fault.Kind == warehousetest.Cancelled && n == o.fault.At && !o.spent:
		o.spent = true
		o.fail(errCancelled)
	}
}

// fail has the operation leave nothing. It may go on: nobody sees what it does.
func (o *operation) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

func (o *operation) has(schema, name string) bool { return o.tables[place{schema, name}] != nil }

// look is a table to read.
func (o *operation) look(schema, name string) *table {
	if t := o.tables[place{schema, name}]; t != nil {
		return t
	}
	o.fail(fmt.Errorf("there is no table %s.%s", schema, name))
	return &table{}
}

// change is a table to write. Each time is a step.
func (o *operation) change(schema, name string) *table {
	o.step()
	at, t := place{schema, name}, o.look(schema, name)
	if !o.copied[at] {
		t = t.copy()
		o.tables[at], o.copied[at] = t, true
	}
	return t
}

// create makes a table, and is a step.
func (o *operation) create(schema, name string, columns []column) *table {
	o.step()
	if o.has(schema, name) {
		o.fail(fmt.Errorf("there is a table %s.%s already", schema, name))
	}
	at, t := place{schema, name}, &table{columns: slices.Clone(columns)}
	o.tables[at], o.copied[at] = t, true
	return t
}

// own is one of our own tables beside staging, to read.
func (o *operation) own(name string) *table { return o.look(o.Staging, name) }

// changeOwn is such a table to write.
func (o *operation) changeOwn(name string) *table { return o.change(o.Staging, name) }

// The two tables of a flow, to read.
func (o *operation) staging(t shape.Table) *table { return o.look(o.Staging, t.Name) }
func (o *operation) final(t shape.Table) *table   { return o.look(o.Schema, t.Name) }
