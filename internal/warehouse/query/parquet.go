package query

import "context"

// A Table is one of a warehouse that keeps its rows in Parquet files.
type Table struct {
	Name    string
	Columns []Column
	Files   []File   // with its rows, some of which are gone
	Gone    []string // paths of files that say which: the columns file_path and pos, as Iceberg has them
}

// A Column has the number by which files know it, whatever it was called when they were written.
type Column struct {
	Number int
	Name   string
	Type   string // in the words of the SQL that the statement is of
}

// A File is on this machine.
type File struct {
	Path    string
	Address string // by which Gone tells of it
}

// Tables gives the tables that a statement may be about. Of others it gives the columns alone. What it
// has put on this machine it takes away again when it is done.
type Tables func(ctx context.Context, statement string) (tables []Table, done func() error, err error)
