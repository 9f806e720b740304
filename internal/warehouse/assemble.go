package warehouse

// Assemble is a warehouse of SQL with all roles that a driver has.
func Assemble(d Driver, o Options) Warehouse {
	c := New(d, o)
	basic := basics{c, c.Erasing(), c.Landing()}
	// A procedure makes temporary tables in its transaction, and tables are adopted in one with their rows.
	if c.marks.d.Clock == "" || !c.marks.d.TransactionalDDL {
		return basic
	}
	called := withProcedures{basic, c.Procedural(), c.Adopting()}
	if b, ok := d.(Background); ok {
		return withBackground{called, c.Detaching(b)}
	}
	return called
}

type basics struct {
	*Core
	*Erasing
	*Landing
}

type withProcedures struct {
	basics
	*Procedural
	*Adopting
}

type withBackground struct {
	withProcedures
	*Detaching
}
