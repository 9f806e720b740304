// Package register is the register of files of a lake: which bodies are copied. It is the table _catchment_files,
// beside the final tables.
//
// Its lines are sorted by the Ids of files. What is written is one snapshot, with one small file of lines; those that
// they come in the place of die by their positions. So a batch costs the same, however many lines there are, and
// upkeep makes few files of many. What waits is found by going past a table's rows and the lines side by side, both in
// order of the Ids.
//
// The register has no fence of its own: each try of a commit looks whether the flow is still held, and is built anew
// where somebody else has written meanwhile.
//
// Files, from the top: waiting.go, write.go, read.go, line.go.
package register

import (
	"context"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// A Register is the bodies.Register of a lake.
type Register struct {
	Lake    *tables.Lake
	Name    table.Identifier                             // of the register's table
	Final   func(shape.Table) table.Identifier           // names the final table of a flow
	Held    func(context.Context, warehouse.Fence) error // refuses who doesn't hold a flow
	Tend    func(context.Context) error                  // makes few files of many
	Scratch string                                       // the folder for what has no room in memory
}
