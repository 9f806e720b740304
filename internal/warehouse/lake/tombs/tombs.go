// Package tombs is the tombstones of a lake: what is remembered of rows that were removed, so that no late page
// brings one back. They are lines of one small table, _catchment_tombstone.
//
// A line and the snapshot of the final table that it belongs to can't be written at once. So the lines come first,
// each with the number of its try, and count once the final table says that this try was the one that was committed.
// Afterwards Settle takes their numbers away, and the older lines of the same records with them: a line without a
// number counts for good. What a try that failed has left never counts, and goes when a newer holder of the flow
// settles.
//
// Files, from the top: settle.go, cursor.go, tombs.go.
package tombs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
)

// The columns of the table beside those that every table has.
const (
	ofTable = "table_name"
	key     = "record_key"
	reason  = "reason"
	removed = "removed_at"
	number  = "number"
)

// A Line is what becomes of the tombstone of a record. Without a reason, what was remembered doesn't hold any more.
type Line struct {
	Key string
	versions.Tomb
}

// A Yard is the tombstones of a final table.
type Yard struct {
	Lake    *tables.Lake
	Name    table.Identifier // of the table of tombstones
	Of      string           // the name of the final table
	Scratch string
}

// here tells of the lines of the yard.
func (y Yard) here() iceberg.BooleanExpression {
	return iceberg.EqualTo(iceberg.Reference(ofTable), y.Of)
}

// Bury writes lines ahead of the snapshot that they belong to, in the place of the same ones that a try before may have
// left. They count where its standing has the number that is returned.
func (y Yard) Bury(ctx context.Context, f warehouse.Fence, lines []Line, now time.Time) (int64, error) {
	try := tryOf(f, lines)
	_, err := y.Lake.Commit(ctx, y.Name, func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		c := &tables.Change{}
		_, files, err := y.keysOf(ctx, t, iceberg.NewAnd(y.here(), iceberg.EqualTo(iceberg.Reference(number), try)))
		if err != nil {
			return nil, err
		}
		stay := func(group []*written) []*written {
			return slices.DeleteFunc(group, func(w *written) bool { return w.try == try })
		}
		if err := y.anew(ctx, t, c, files, stay); err != nil {
			return nil, err
		}
		fresh, err := own.Write(ctx, t, y.rows(lines, try, now))
		c.Rows = append(c.Rows, fresh...)
		return c, err
	})
	return try, err
}

// rows are lines as the table has them.
func (y Yard) rows(lines []Line, try int64, now time.Time) iter.Seq[own.Row] {
	return func(yield func(own.Row) bool) {
		for _, l := range lines {
			row := y.row(&written{Line: l, removed: versions.At(now), try: try})
			if !yield(row) {
				return
			}
		}
	}
}

// below is how many bits of a try's number are its own. Those above them are the fence of who tried.
const below = 31

// tryOf is the number of a try: the same where one holder of the flow writes the same lines, and no other's.
func tryOf(f warehouse.Fence, lines []Line) int64 {
	sum := sha256.New()
	for _, l := range lines {
		fmt.Fprintf(sum, "%q %d %d %q\n", l.Key, l.At, l.ReadAt, l.Reason)
	}
	return f.Number<<below | int64(binary.LittleEndian.Uint32(sum.Sum(nil))>>1) | 1
}

// older tells whether a try was made by a holder of the flow before this one.
func older(try int64, f warehouse.Fence) bool { return try>>below < f.Number }

// reasonOf is a text as a reason.
func reasonOf(text string) gone.Reason { return gone.Reason(text) }
