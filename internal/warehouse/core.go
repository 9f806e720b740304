package warehouse

// A Core is the five roles that every warehouse has, over one driver. It may be
// used by several goroutines.
type Core struct {
	*marks
	*shaper
	*loader
	*merger
	*asker
}

// New makes a Core; Migrate must have been called once before the rest.
func New(d Driver, o Options) *Core {
	at := &store{driver: d, d: d.Dialect(), o: o}
	shapes, loads := &shaper{at}, &loader{at}
	return &Core{&marks{at}, shapes, loads, &merger{at, loads}, &asker{at}}
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
func (c *Core) Name() string { return c.marks.d.Name }

// Close ends the sessions after the transactions that still run.
func (c *Core) Close() error { return c.marks.driver.Close() }

// A Detaching is a Detacher, over a driver that goes on in the background.
type Detaching struct {
	*store
	calls      *Procedural
	background Background
}

// Detaching is the role of a Detacher.
func (c *Core) Detaching(d Background) *Detaching {
	return &Detaching{c.marks.store, c.Procedural(), d}
}

// A Procedural has Procedures.
type Procedural struct {
	*store
	shapes *shaper
}

// Procedural is the role of Procedures.
func (c *Core) Procedural() *Procedural { return &Procedural{c.marks.store, c.shaper} }

// A Landing is Lands.
type Landing struct {
	*store
	merges *merger
}

// Landing is the role of Lands.
func (c *Core) Landing() *Landing { return &Landing{c.marks.store, c.merger} }

// An Erasing is an Eraser.
type Erasing struct{ *store }

// Erasing is the role of an Eraser.
func (c *Core) Erasing() *Erasing { return &Erasing{c.marks.store} }

// An Adopting is an Adopter.
type Adopting struct {
	*store
	shapes *shaper
	merges *merger
}

// Adopting is the role of an Adopter.
func (c *Core) Adopting() *Adopting { return &Adopting{c.marks.store, c.shaper, c.merger} }
