package warehouse

import (
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A Scripter writes down, as SQL to read, what a warehouse is told to do. It needs
// no connection.
type Scripter interface {
	// Name is what the SQL is called.
	Name() string
	// Script is what a run does to one table.
	Script(o Options, t shape.Table, p gone.Policy) string
	// Procedures makes the procedures of some tables; it is "" where there are none.
	Procedures(o Options, ps []Procedure) (string, error)
	// Ready makes what a first run would find missing, as one transaction that can be executed
	// as it stands.
	Ready(o Options, ps []Procedure) (string, error)
	// Call is the statement that calls them.
	Call(o Options) string
}
