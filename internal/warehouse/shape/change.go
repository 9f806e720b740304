package shape

// A Change is one thing that Prepare did to a table, or found in it.
type Change struct {
	Table  string
	Column string // "" for the table itself
	What   string // Created, Added, Widened, Renamed or Vanished
	Detail string
}

// What a Change is.
const (
	Created  = "created"
	Added    = "added"
	Widened  = "widened"
	Renamed  = "renamed"
	Vanished = "vanished" // the table has a column that it gets no values for: it keeps those that it has
)

// A Condition is what somebody else did to a final table.
type Condition string

// The conditions of a final table.
const (
	Absent   Condition = "absent"   // never made
	Intact   Condition = "intact"   // as the mark left it
	Fewer    Condition = "fewer"    // rows were deleted behind our back; verify will name them
	Ahead    Condition = "ahead"    // a row is stamped, or was read, later than we have looked
	Dropped  Condition = "dropped"  // made once, gone now
	Emptied  Condition = "emptied"  // no row left
	Restored Condition = "restored" // its rows are older than the mark: a backup came back
	Foreign  Condition = "foreign"  // not ours: lacks our columns, or has others of the same name
)

// A Past is what a flow's tables were before: the columns of the final table,
// none where there isn't one yet, the fields that were ever copied there, and how
// the Ids of the object began when it was described last, "" where nobody knows.
type Past struct {
	Columns   []string
	Fields    []Known
	KeyPrefix string
	Retyped   []string            // columns that Prepare gives another type where they are, which rewrites the table
	Held      map[string][]string // those that would get one, if these views didn't use them
	Fits      bool                // the final table has its key, and the columns that it should have and no other
	Folded    bool                // the table's name is that of a view, over rows that keep some columns in one
}

// A Known is what the warehouse remembers of a field that it has copied, also
// of one that is gone since.
type Known struct {
	Field, Column, Label, Type string
	Length, Precision, Scale   int
	Calculated                 bool
}
