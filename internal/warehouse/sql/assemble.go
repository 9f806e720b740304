package sql

import "catchment/internal/warehouse"

// New is a warehouse of SQL with all roles that a driver has.
func New(d Driver, o warehouse.Options) warehouse.Warehouse {
	c := newCore(d, o)
	basic := basics{c, c.eraser(), c.lander()}
	// A procedure makes temporary tables in its transaction, and tables are adopted in one with their rows.
	if c.marks.d.Clock == "" || !c.marks.d.TransactionalDDL {
		return basic
	}
	called := withProcedures{basic, c.installer(), c.adopter()}
	if b, ok := d.(Background); ok {
		return withBackground{called, c.detacher(b)}
	}
	return called
}

type basics struct {
	*core
	*eraser
	*lander
}

type withProcedures struct {
	basics
	*installer
	*adopter
}

type withBackground struct {
	withProcedures
	*detacher
}
