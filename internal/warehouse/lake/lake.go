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
// is written before that snapshot under the number that it will have, and counts once it is there. The ledger of
// archives comes after it: a row is marked before its line says so.
//
// Files, from the top: lake.go, maintain.go, eraser.go, shaper.go, prepare.go, describe.go, inspect.go, reading.go,
// sightings.go, evidence.go, out.go, marks.go, rebind.go, registry.go, mend.go, handing.go, merger.go,
// consolidation.go, finish.go, keepout.go, loader.go, widen.go, staged.go, rejected.go, standing.go.
package lake

import (
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	who "catchment/internal/merger"
	"catchment/internal/waiting"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/listing"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/register"
	"catchment/internal/warehouse/lake/spark"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// A Place is where a lake is.
type Place struct {
	Catalog catalog.Catalog // of the tables; it knows where their files are
	Scratch string          // a folder of this machine for what has no room in memory
	Engine  spark.Catalog   // how Spark reaches the catalog; without a name, it can't
	Close   func() error    // nil where there is nothing to end
}

// New opens the lake of a place.
func New(p Place, o warehouse.Options) warehouse.Warehouse {
	if o.Pause == nil {
		o.Pause = waiting.For
	}
	s := &site{Lake: &tables.Lake{Catalog: p.Catalog, Pause: o.Pause}, Options: o, scratch: p.Scratch}
	e := &everything{marks{s}, shaper{s}, loader{s}, merger{s}, asker{s}, rejections{s}, eraser{s}, keeper{s}, p}
	if o.Merge.By == who.Spark || o.Merge.By == who.Auto {
		s.engine = &engine{Jobs: spark.Jobs{Folder: p.Scratch, Settings: o.Merge}, catalog: p.Engine}
		return handing{e}
	}
	return e
}

// everything is the roles that a lake has.
type everything struct {
	marks
	shaper
	loader
	merger
	asker
	rejections
	eraser
	keeper
	place Place
}

// Name is what this kind of warehouse is called.
func (*everything) Name() string { return "lake" }

// Archived is the ledger of what left Salesforce.
func (e *everything) Archived() archived.Ledger { return e.merger.archives() }

// Close ends what the place has opened.
func (e *everything) Close() error {
	if e.place.Close == nil {
		return nil
	}
	return e.place.Close()
}

// Bodies is the register of files.
func (e *everything) Bodies() bodies.Register { return e.marks.files() }

// Catalog lists the files of the copy.
func (e *everything) Catalog() bodies.Catalog {
	s := e.marks.site
	return &listing.Catalog{Lake: s.Lake, Schema: s.Schema, Scratch: s.scratch}
}

// A site is where the tables are. Each role of the warehouse is a site.
type site struct {
	*tables.Lake
	warehouse.Options
	scratch string  // a folder for what has no room in memory
	engine  *engine // that merges for us, nil for none
}

// final and stage name the two tables of a flow.
func (s *site) final(t shape.Table) table.Identifier { return tables.Name(s.Schema, t.Name) }
func (s *site) stage(t shape.Table) table.Identifier { return tables.Name(s.Staging, t.Name) }

// own names one of our own tables, and beside one of those that are among the final tables.
func (s *site) own(name string) table.Identifier    { return tables.Name(s.Staging, name) }
func (s *site) beside(name string) table.Identifier { return tables.Name(s.Schema, name) }

// files is the register of files.
func (s *site) files() *register.Register {
	return &register.Register{Lake: s.Lake, Name: s.beside(own.Files), Final: s.final, Held: s.fenced,
		Tend: keeper{s}.tendFiles, Scratch: s.scratch}
}
