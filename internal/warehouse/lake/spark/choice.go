package spark

import (
	"fmt"

	"catchment/internal/merger"
)

// From what size on Spark is taken to be quicker than we are. These are careful guesses: at what was measured, up to
// 1,000,000 rows on two cores, we were (docs/howto/lake.md).
const (
	sparkStaged = 5_000_000 // versions, where the table is large as well
	sparkRows   = 50_000_000
	sparkBytes  = 64 << 30
)

// A Size is what a merge has to do.
type Size struct {
	Staged int64 // versions
	Rows   int64 // of the final table
	Bytes  int64 // of its files
}

// Choose tells who merges, and why.
func Choose(s merger.Merger, size Size) (merger.Who, string) {
	if s.By != merger.Auto {
		return s.By, "warehouse.merge says so"
	}
	what := fmt.Sprintf("%d versions into %d rows of %d MB", size.Staged, size.Rows, size.Bytes>>20)
	large := size.Rows >= sparkRows || size.Bytes >= sparkBytes
	if size.Staged >= sparkStaged || large && size.Staged >= sparkStaged/5 {
		return merger.Spark, what + " are quicker there"
	}
	return merger.Go, what + " are quicker here"
}
