package evidence

import "context"

// A LostFile is a file of the final table that nobody can read any more, where a warehouse has its rows in files.
type LostFile struct {
	Path    string
	Missing bool  // there is none; else what is there isn't what the table says
	Rows    int64 // that it held, those included that were replaced since
	Deletes bool  // it told which rows of other files are dead: these are back
}

// A Salvage is what a Reading has, too, where the final table's files can get lost. Judge leaves out what is lost,
// and Difference tells it.
type Salvage interface {
	// LetGo takes what is lost out of the final table, so that the rest of it can be read and mended.
	LetGo(ctx context.Context) error
}
