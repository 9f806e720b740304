package warehouse

// An Adoption says what is in the tables that are to be taken over, and what
// was made of it.
type Adoption struct {
	Table   string
	Sources []Adopted
	Rows    int64  // in all of them
	Keys    int64  // different records
	Short   int64  // rows whose Id has 15 characters
	After   int64  // rows of the final table once it was adopted
	Counts  Counts // of that consolidation
}

// An Adopted is one table that is taken over.
type Adopted struct {
	Name    string // schema.table
	Kept    string // what it is called afterwards
	Rows    int64
	Unknown []string // columns that the flow has no field for; they are kept
}
