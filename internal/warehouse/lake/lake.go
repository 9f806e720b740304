// Package lake is a warehouse of Apache Iceberg tables: open files that any engine reads, written by one static
// binary.
//
//   - salesforce_incremental.<table>, the stage: every version of a record as it was read, appended, partitioned by
//     the day of the reading. It stays after a consolidation, as history.
//   - salesforce.<table>, the final table: one row of each record, sorted by key, with position deletes, which every
//     engine reads. It is the truth: its newest snapshot carries the flow's mark.
//
// There is no transaction over two tables. So the stage commits first, by attempt; then rows, deletes and mark are
// one snapshot of the final table, or nothing is. Whatever else has to be known, tombstones and rejected records,
// is written before that snapshot under the number that it will have, and counts once it is there.
//
// Files, from the top: lake.go, standing.go.
package lake

import (
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// A site is where the tables are. Each role of the warehouse is a site.
type site struct {
	*tables.Lake
	warehouse.Options
	scratch string // a folder for what has no room in memory
}

// final and stage name the two tables of a flow.
func (s *site) final(t shape.Table) table.Identifier { return tables.Name(s.Schema, t.Name) }
func (s *site) stage(t shape.Table) table.Identifier { return tables.Name(s.Staging, t.Name) }

// own names one of our own tables.
func (s *site) own(name string) table.Identifier { return tables.Name(s.Staging, name) }
