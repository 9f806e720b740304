package dialect

// A Promotion is how a dialect makes a staged table the final one, where that holds no row yet:
// the first reading of an object is written once then, and not once more (ADR 0033).
//
// A first reading that lies Apart is staged in a table of its own, which is in the schema of final tables from the
// start and has all columns of a final one that a load can fill in: where no table can be moved into
// another schema. Stamp, Freeze, Move and Rights are for those that don't, and so is a savepoint to take
// back what was tried.
//
// {table}, {column} and {schema} are quoted names; {from} and {to} are names of tables as texts.
type Promotion struct {
	Least int64 // rows that a first page has, or it isn't worth it
	Apart bool
	// Stamp defines a column of {type} by which a staged table has from its load on what a final
	// row says of its {version}; Freeze then makes it one like any other.
	Stamp  string
	Freeze string
	Lock   string // keeps everybody from a {table} until the transaction ends; "" where nobody else can write
	Move   string // brings a {table} into another {schema}
	// Others counts what others have made of the tables that are called $3 in the schemas $1, of final
	// tables, and $2, of staging, and would be lost, or would come along. Where the reading lies apart, that is
	// table $2 of schema $1 alone.
	Others string
	Rights string // gives whoever may do something with {from} the same right to {to}, and nobody else
}
