package query

import "catchment/internal/plan"

// What a driver refuses, in the same words everywhere. Each says so after the engine did.

// Several is more than one statement.
func Several() error {
	return plan.Fixf("ask with one after the other: catchment query does one SELECT", "this is more than one statement")
}

// NoRows is a statement that isn't made to give rows.
func NoRows() error {
	return plan.Fixf("write a SELECT: catchment query changes nothing; what shall be changed or exported is done with "+
		"the warehouse's own tool, or in the form of --csv", "the statement gives no rows")
}

// Writes is a statement that gives rows, and would change something.
func Writes() error {
	return plan.Fixf("write a SELECT: catchment query changes nothing",
		"the statement would write, and a query only reads")
}

// Parameters is a statement with places for values.
func Parameters() error {
	return plan.Fixf("write the values into the statement", "the statement has parameters, and nobody gives them")
}

// Wrong is a statement that the warehouse doesn't understand, or finds no table for.
func Wrong(err error) error {
	return plan.Fixf("mend the statement; catchment sql prints the tables and columns of each flow", "%w", err)
}
