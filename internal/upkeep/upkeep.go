// Package upkeep has the words for what a warehouse keeps beside the rows of its final tables, for who keeps its
// files few, and for what a table is made of. It does nothing itself.
package upkeep

import "time"

// History says how long versions stay that were merged. Without either, all do, for good.
type History struct {
	Off  bool          // they go as soon as they are merged
	Keep time.Duration // they go, by the days on which they were read, once these are so long over
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
	ByNobody  Keeper = "off"     // but for who does it by hand
)

// A Census is what a table is made of.
type Census struct {
	Files     int   `json:"files"`
	Deletes   int   `json:"deletes"` // files that say which rows of the others are deleted
	Bytes     int64 `json:"bytes"`   // of both
	Snapshots int   `json:"snapshots"`
}

// A Table is what one of the tables of a flow was made of, at a moment.
type Table struct {
	Name string `json:"name"` // with its schema
	Census
}
