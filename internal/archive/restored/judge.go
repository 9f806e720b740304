package restored

import (
	"context"
	"slices"
	"strings"
	"time"

	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// rowsAtOnce is how many rows are held in memory.
const rowsAtOnce = 200

// judge tells the lines whose rows have to be marked from the others, and notes in each what its row
// is worth.
func (l *look) judge(ctx context.Context, ended []archived.Line) (marked, others []archived.Line, err error) {
	for some := range slices.Chunk(ended, rowsAtOnce) {
		rows, err := l.rows(ctx, some)
		if err != nil {
			return nil, nil, err
		}
		for _, line := range some {
			row, has := rows[line.ID]
			switch {
			case line.State != archived.Deleted:
				others = append(others, line)
			case !has:
				line.Reason = NoRow
				others = append(others, line)
				l.found.Absent++
			case l.cameBack(row, line):
				others = append(others, line)
			default:
				if row.Reason != string(gone.Archived) && archived.Digest(l.was.Columns, row) != line.Digest {
					line.Reason = OtherRow
					l.found.Other++
				}
				marked = append(marked, line)
				l.found.Marked++
			}
		}
	}
	return marked, others, nil
}

// rows reads the rows of some lines, by their Ids, in the columns that were stored.
func (l *look) rows(ctx context.Context, lines []archived.Line) (map[string]archived.Row, error) {
	if len(l.was.Columns) == 0 { // there was no table
		return nil, nil
	}
	ids := make([]string, len(lines))
	for i, line := range lines {
		ids[i] = line.ID
	}
	found, err := l.ledger.Rows(ctx, l.was, ids)
	rows := map[string]archived.Row{}
	for _, row := range found {
		rows[row.ID] = row
	}
	return rows, err
}

// cameBack tells whether a row lives in a version that is later than the delete: somebody has
// undeleted its record since, and the ledger alone was lost.
func (l *look) cameBack(row archived.Row, line archived.Line) bool {
	i := slices.IndexFunc(l.was.Columns, func(c shape.Column) bool {
		return strings.EqualFold(c.Field, "SystemModstamp")
	})
	if row.Reason != "" || i < 0 || row.Values[i] == nil {
		return false
	}
	stamp, err := time.Parse(time.RFC3339, *row.Values[i])
	return err == nil && stamp.After(line.EndedAt)
}
