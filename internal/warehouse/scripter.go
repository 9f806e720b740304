package warehouse

// A Scripter writes down, as SQL to read, what a warehouse is told to do. It needs
// no connection.
type Scripter interface {
	// Name is what the SQL is called.
	Name() string
	// Script is what a run does to one table.
	Script(o Options, t Table, p Policy) string
	// Procedures makes the procedures of some tables; it is "" where there are none.
	Procedures(o Options, ps []Procedure) (string, error)
	// Call is the statement that calls them.
	Call(o Options) string
}

// NewScripter makes the Scripter of a dialect.
func NewScripter(d *Dialect) Scripter { return scripter{d} }

type scripter struct{ d *Dialect }

func (s scripter) Name() string { return s.d.Name }

func (s scripter) Script(o Options, t Table, p Policy) string { return Script(s.d, o, t, p) }

func (s scripter) Procedures(o Options, ps []Procedure) (string, error) {
	if s.d.Clock == "" { // it has no procedures
		return "", nil
	}
	return ProcedureScript(s.d, o, ps)
}

func (s scripter) Call(o Options) string {
	return "CALL " + s.d.Table(o.Staging, "consolidated_of_tables") + "()"
}
