package archives

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/own"
)

// The columns of the ledger, as lineAt reads them.
const (
	colPlan = iota
	colObject
	colID
	colLevel
	colState
	colReason
	colStamp
	colDigest
	colBatch
	colProvenAt
	colEndedAt
	colNewID
)

// names are those of the columns.
func names() []string {
	return []string{"plan", "object", "record_id", "level", "state", "reason", "stamp", "digest", "batch", "proven_at",
		"ended_at", "new_id"}
}

// lineAt reads a line of a record that has all columns.
func lineAt(record arrow.RecordBatch, i int) archived.Line {
	return archived.Line{
		Plan: textAt(record, colPlan, i), Object: textAt(record, colObject, i), ID: textAt(record, colID, i),
		Level: int(numberAt(record, colLevel, i)), State: archived.State(textAt(record, colState, i)),
		Reason: textAt(record, colReason, i), Stamp: momentAt(record, colStamp, i),
		Digest: textAt(record, colDigest, i), Batch: numberAt(record, colBatch, i),
		ProvenAt: momentAt(record, colProvenAt, i), EndedAt: momentAt(record, colEndedAt, i),
		NewID: textAt(record, colNewID, i),
	}
}

// textAt is a text of a record, "" for none.
func textAt(record arrow.RecordBatch, column, i int) string {
	of, is := record.Column(column).(*array.String)
	if !is || of.IsNull(i) {
		return ""
	}
	return of.Value(i)
}

// numberAt is a number of a record, 0 for none.
func numberAt(record arrow.RecordBatch, column, i int) int64 {
	switch of := record.Column(column).(type) {
	case *array.Int32:
		if of.IsValid(i) {
			return int64(of.Value(i))
		}
	case *array.Int64:
		if of.IsValid(i) {
			return of.Value(i)
		}
	}
	return 0
}

// momentAt is a moment of a record, the zero time for none.
func momentAt(record arrow.RecordBatch, column, i int) time.Time {
	of, is := record.Column(column).(*array.Timestamp)
	if !is || of.IsNull(i) {
		return time.Time{}
	}
	return time.UnixMicro(int64(of.Value(i))).UTC()
}

// rowOf is a line as the table has it.
func rowOf(l archived.Line) own.Row {
	row := own.Row{"plan": l.Plan, "object": l.Object, "record_id": l.ID, "level": strconv.Itoa(l.Level),
		"state": string(l.State), "batch": strconv.FormatInt(l.Batch, 10)}
	for column, text := range map[string]string{"reason": l.Reason, "digest": l.Digest, "new_id": l.NewID} {
		if text != "" {
			row[column] = text
		}
	}
	for column, at := range map[string]time.Time{"stamp": l.Stamp, "proven_at": l.ProvenAt, "ended_at": l.EndedAt} {
		if !at.IsZero() {
			row[column] = columns.Moment(at)
		}
	}
	return row
}

// A key tells a line from all others.
type key struct{ plan, object, id string }

func keyOf(l archived.Line) key { return key{l.Plan, l.Object, l.ID} }

// settledOn is lines as the table keeps them: of each plan and record the last one, in the order of the table, their
// moments in microseconds.
func settledOn(lines []archived.Line) []archived.Line {
	last := map[key]int{}
	var all []archived.Line
	for _, l := range lines {
		l.Stamp, l.ProvenAt, l.EndedAt = kept(l.Stamp), kept(l.ProvenAt), kept(l.EndedAt)
		if i, again := last[keyOf(l)]; again {
			all[i] = l
			continue
		}
		last[keyOf(l)] = len(all)
		all = append(all, l)
	}
	slices.SortFunc(all, compare)
	return all
}

// kept is a moment as a lake keeps it.
func kept(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Microsecond)
}

// compare is the order of lines.
func compare(a, b archived.Line) int {
	return cmp.Or(strings.Compare(a.Object, b.Object), strings.Compare(a.ID, b.ID), strings.Compare(a.Plan, b.Plan))
}

// idsOf are the Ids of lines, each once, in order.
func idsOf(lines []archived.Line) []string {
	ids := []string{}
	for _, l := range lines {
		ids = append(ids, l.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// distinct are the values that lines have of something, in order.
func distinct(lines []archived.Line, of func(archived.Line) string) []string {
	var all []string
	for _, l := range lines {
		all = append(all, of(l))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
