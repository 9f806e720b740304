package lakes

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
)

// A Snapshot is one of a final table, and what it says of the flow; or the one before it, where it says nothing itself.
type Snapshot struct {
	ID         int64
	Grade      string // "" where the flow has nothing yet
	Until      time.Time
	Generation string
	Attempt    string // the last one that was merged
}

// Snapshots lists those that a final table still has, the oldest first; none where there is no table.
func (l *Lake) Snapshots(name string) (all []Snapshot, err error) {
	t, err := l.find(final, name)
	if t == nil || err != nil {
		return nil, err
	}
	var one Snapshot
	for _, s := range t.Metadata().Snapshots() {
		one.ID = s.SnapshotID
		if s.Summary != nil && s.Summary.Properties["catchment.standing"] != "" {
			says, err := standIn(s.Summary.Properties["catchment.standing"])
			if err != nil {
				return nil, err
			}
			if one.Until, err = time.Parse(time.RFC3339, says.Mark.Watermark); err != nil {
				return nil, err
			}
			one.Grade, one.Attempt, one.Generation = says.Mark.Grade, says.Mark.Attempt, *says.column("generation")
		}
		all = append(all, one)
	}
	return all, nil
}

// At reads columns of a final table as it was in a snapshot, by iceberg-go's own scan.
func (l *Lake) At(name string, snapshot int64, of ...string) ([][]*string, error) {
	t, err := l.find(final, name)
	if err != nil {
		return nil, err
	}
	return scan(t, of, table.WithSnapshotID(snapshot))
}

// InOrder reads them as our own merges do: in the order of the Ids.
func (l *Lake) InOrder(name string, snapshot int64, of ...string) (all [][]*string, err error) {
	t, err := l.find(final, name)
	if err != nil {
		return nil, err
	}
	cursor, err := rows.Open(context.Background(), t, rows.Query{Key: []string{"id"}, Columns: of, Snapshot: snapshot,
		Scratch: l.in.Scratch})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cursor.Close()) }()
	for {
		b, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, textsOf(b.Record, len(of))...)
	}
}

// textsOf reads the rows of a record.
func textsOf(record arrow.RecordBatch, width int) (all [][]*string) {
	for i := range int(record.NumRows()) {
		row := make([]*string, width)
		for c := range row {
			if text, is := columns.Text(record.Column(c), i); is {
				row[c] = &text
			}
		}
		all = append(all, row)
	}
	return all
}

// Versions counts the versions in a flow's stage table, by attempt, and there by job, page and Id.
func (l *Lake) Versions(name string) (map[string]map[string]int, error) {
	t, err := l.find(staging, name)
	if t == nil || err != nil {
		return nil, err
	}
	staged, err := scan(t, []string{columns.Attempt, columns.Job, columns.Seq, "id"})
	all := map[string]map[string]int{}
	for _, row := range staged {
		words := make([]string, len(row))
		for i, text := range row {
			if text != nil {
				words[i] = *text
			}
		}
		if all[words[0]] == nil {
			all[words[0]] = map[string]int{}
		}
		all[words[0]][strings.Join(words[1:], " ")]++
	}
	return all, err
}
