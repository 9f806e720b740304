// Package upkeep has the words for what a warehouse keeps beside the rows of its final tables, and for who
// keeps its files few. It does nothing itself.
package upkeep

import "time"

// History says how long versions stay that were merged.
type History struct {
	All  bool          // for good
	Keep time.Duration // so long, where it isn't for good; 0: not at all
}

// Maintain says who keeps the files of a warehouse few, and what they are kept to.
type Maintain struct {
	By        Keeper
	Snapshots time.Duration // how long a table can be read as it was before
	Orphans   time.Duration // how old a file is that no snapshot names, when it is removed
}

// A Keeper does it. Two that do it at once are in each other's way.
type Keeper string

// The keepers of files.
const (
	ByUs      Keeper = "catchment"
	ByService Keeper = "service" // of whoever serves the catalog
	ByNobody  Keeper = "off"
)
