// Package adoption is the words for tables that somebody else made and filled: what
// stands in them, and what may be let pass when they are taken over. What is done with
// them is the warehouse's business.
package adoption

// A Taking says how tables are taken over.
type Taking struct {
	IDs       []string // the columns that hold Ids
	Unstamped bool     // also a table without a stamp: any row of a record may be the one that stays
	Unread    bool     // also values that can't be read: they are left out
}

// A Table is one that is taken over.
type Table struct {
	Name    string // schema.table
	Kept    string // what it is called afterwards
	Rows    int64
	Unknown []string         // columns that the flow has no field for; they are kept
	Stamp   string           // the column that tells the newest row of a record, "" where there is none
	Unread  map[string]int64 // columns with values that can't be read, and how many; the old table keeps them
}
