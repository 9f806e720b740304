// Package memory is a warehouse of maps, without SQL and without a disk. It
// stands in no program: tests import it, to prove that the roles of package
// warehouse ask for nothing that only SQL has, and whoever is about to write
// another warehouse reads it to see what they do ask for.
//
// Begin at store.go: what tables are, and how all that an operation changes is
// seen at once or never. value.go and page.go read what Salesforce writes, own.go
// lists our own tables. Then each role has a file: marks.go, shape.go, load.go,
// consolidate.go (with merge.go, the order of versions, and gone.go, deletes),
// evidence.go (with reading.go and judge.go, comparisons), landed.go, erase.go.
package memory

import (
	"maps"
	"slices"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// New makes an empty warehouse.
func New() warehousetest.Subject {
	s := &subject{store: &store{}}
	s.newest.Store(&picture{})
	return s
}

// A subject is the store, as somebody sees it who goes behind Catchment's back.
type subject struct{ *store }

// Open makes a Warehouse over the store.
func (s *subject) Open(o warehouse.Options, f warehousetest.Fault) warehouse.Warehouse {
	p := &process{store: s.store, Options: o, fault: f}
	return everything{marks{p}, shaper{p}, loader{p}, merger{p}, asker{p}, lands{p}, eraser{p}}
}

// Each role does its part of the contract, for the same process.
type (
	marks  struct{ *process }
	shaper struct{ *process }
	loader struct{ *process }
	merger struct{ *process }
	asker  struct{ *process }
	lands  struct{ *process }
	eraser struct{ *process }
)

// everything is the roles that a warehouse of maps has.
type everything struct {
	marks
	shaper
	loader
	merger
	asker
	lands
	eraser
}

// Name is what this kind of warehouse is called.
func (everything) Name() string { return "memory" }

// Close has nothing to end.
func (everything) Close() error { return nil }

// Traits says that nothing here has a limit, but also that no key is enforced.
func (s *subject) Traits() warehousetest.Traits { return warehousetest.Traits{} }

// Tables lists the tables of a side.
func (s *subject) Tables(_ testing.TB, side warehousetest.Side) []string {
	var names []string
	for at := range *s.newest.Load() {
		if at.schema == string(side) {
			names = append(names, at.table)
		}
	}
	slices.Sort(names)
	return names
}

// Columns lists the columns of a table, none where there is no table.
func (s *subject) Columns(_ testing.TB, side warehousetest.Side, name string) []string {
	t := (*s.newest.Load())[place{string(side), name}]
	if t == nil {
		return nil
	}
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

// Look reads all rows of a table.
func (s *subject) Look(t testing.TB, side warehousetest.Side, name string) []warehousetest.Row {
	t.Helper()
	var all []warehousetest.Row
	s.do(t, func(o *operation) error {
		has := o.look(string(side), name)
		for _, r := range has.rows {
			shown := warehousetest.Row{}
			for _, c := range has.columns {
				shown[c.name] = nil
				if text, ok := r[c.name]; ok {
					text = c.show(text)
					shown[c.name] = &text
				}
			}
			all = append(all, shown)
		}
		return nil
	})
	return all
}

// Insert adds rows to a table.
func (s *subject) Insert(t testing.TB, side warehousetest.Side, name string, rows ...warehousetest.Row) {
	t.Helper()
	s.do(t, func(o *operation) error {
		into := o.change(string(side), name)
		for _, values := range rows {
			r := row{}
			if err := into.set(r, values); err != nil {
				return err
			}
			into.rows = append(into.rows, r)
		}
		return nil
	})
}

// Update sets columns of all rows of a table.
func (s *subject) Update(t testing.TB, side warehousetest.Side, name string, to warehousetest.Row) {
	t.Helper()
	s.do(t, func(o *operation) error {
		in := o.change(string(side), name)
		for _, r := range in.rows {
			if err := in.set(r, to); err != nil {
				return err
			}
		}
		return nil
	})
}

// Delete removes the rows with some ids, or all.
func (s *subject) Delete(t testing.TB, side warehousetest.Side, name string, ids ...string) {
	t.Helper()
	s.do(t, func(o *operation) error {
		o.change(string(side), name).remove(func(r row) bool {
			return len(ids) == 0 || slices.Contains(ids, r["id"])
		})
		return nil
	})
}

// Drop removes a table.
func (s *subject) Drop(t testing.TB, side warehousetest.Side, name string) {
	t.Helper()
	s.do(t, func(o *operation) error {
		o.look(string(side), name)
		delete(o.tables, place{string(side), name})
		return nil
	})
}

// Make makes a table of text columns.
func (s *subject) Make(t testing.TB, side warehousetest.Side, name string, columns ...string) {
	t.Helper()
	s.do(t, func(o *operation) error {
		var all []column
		for _, c := range columns {
			all = append(all, column{name: c, kind: shape.Text})
		}
		o.create(string(side), name, all)
		return nil
	})
}

// Copy makes another table with the rows of a table.
func (s *subject) Copy(t testing.TB, side warehousetest.Side, name, to string) {
	t.Helper()
	s.do(t, func(o *operation) error {
		from := o.look(string(side), name)
		o.create(string(side), to, from.columns).rows = from.copy().rows
		return nil
	})
}

// Rename gives a table another name.
func (s *subject) Rename(t testing.TB, side warehousetest.Side, name, to string) {
	t.Helper()
	s.Copy(t, side, name, to)
	s.Drop(t, side, name)
}

// do is one operation of somebody who holds no flow.
func (s *subject) do(t testing.TB, what func(*operation) error) {
	t.Helper()
	if err := (&process{store: s.store}).once(t.Context(), nil, what); err != nil {
		t.Fatal(err)
	}
}

// set writes values into a row of the table.
func (t *table) set(r row, values warehousetest.Row) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		c, err := t.column(name)
		if err != nil {
			return err
		}
		if values[name] == nil {
			delete(r, name)
			continue
		}
		if r[name], err = c.take(*values[name]); err != nil {
			return err
		}
	}
	return nil
}
