package dialect

// A Promotion is how a dialect makes a staged table the final one, where that holds no row yet:
// the first reading of an object is written once then, and not once more (ADR 0033).
//
// {table}, {column} and {schema} are quoted names; {from} and {to} are names of tables as texts.
type Promotion struct {
	Least int64 // rows that a first page has, or it isn't worth it
	// Stamp defines a column of {type} by which a staged table has from its load on what a final
	// row says of its {version}; Freeze then makes it one like any other.
	Stamp  string
	Freeze string
	Lock   string // keeps everybody from a {table} until the transaction ends
	Move   string // brings a {table} into another {schema}
	// Others counts what others have made of the tables that are called $3 in the schemas $1, of final
	// tables, and $2, of staging, and would be lost, or would come along.
	Others string
	Rights string // gives whoever may do something with {from} the same right to {to}, and nobody else
}
