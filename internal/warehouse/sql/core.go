package sql

import "catchment/internal/warehouse"

// A core is the five roles that every warehouse has, over one driver. It may be
// used by several goroutines.
type core struct {
	*marks
	*shaper
	*loader
	*merger
	*asker
}

// newCore makes a Core; Migrate must have been called once before the rest.
func newCore(d Driver, o warehouse.Options) *core {
	at := &store{driver: d, d: d.Dialect(), o: o}
	shapes, loads := &shaper{at}, &loader{at}
	return &core{&marks{at}, shapes, loads, &merger{at, loads}, &asker{at}}
}

// Each role does its part of the contract, over the same store.
type (
	marks  struct{ *store }
	shaper struct{ *store }
	loader struct{ *store }
	merger struct {
		*store
		loads *loader
	}
	asker struct{ *store }
)

// Name is what the warehouse is called in words for people.
func (c *core) Name() string { return c.marks.d.Name }

// Close ends the sessions after the transactions that still run.
func (c *core) Close() error { return c.marks.driver.Close() }

// A detacher is a Detacher, over a driver that goes on in the background.
type detacher struct {
	*store
	calls      *installer
	background Background
}

// detacher is the role of a Detacher.
func (c *core) detacher(d Background) *detacher {
	return &detacher{c.marks.store, c.installer(), d}
}

// A installer has Procedures.
type installer struct {
	*store
	shapes *shaper
}

// installer is the role of Procedures.
func (c *core) installer() *installer { return &installer{c.marks.store, c.shaper} }

// A lander is Lands.
type lander struct {
	*store
	merges *merger
}

// lander is the role of Lands.
func (c *core) lander() *lander { return &lander{c.marks.store, c.merger} }

// An eraser is an Eraser.
type eraser struct{ *store }

// eraser is the role of an Eraser.
func (c *core) eraser() *eraser { return &eraser{c.marks.store} }

// An adopter is an Adopter.
type adopter struct {
	*store
	shapes *shaper
	merges *merger
}

// adopter is the role of an Adopter.
func (c *core) adopter() *adopter { return &adopter{c.marks.store, c.shaper, c.merger} }
