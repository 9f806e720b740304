package lease

import (
	"context"
	"fmt"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/warehouse"
)

// What is known of a flow's table stands twice: in the control table, where status
// reads it, and beside the mark, where it is as true as the mark. Where the two
// differ the mark's holds: a crash kept the control table from it, the control table
// or the warehouse is an older copy, or another configuration wrote the table.

// Recall gives what is remembered of a claimed flow, and what the user should know of
// who wrote its table last, if that was somebody else.
func (l *Lease) Recall(ctx context.Context, mark warehouse.Mark) (row control.FlowRow, news string, err error) {
	row, err = l.holder.Control.Flow(ctx, l.Flow())
	if err != nil {
		return row, "", err
	}
	newer, changed, err := Newer(row, mark)
	if err != nil || !changed {
		return row, "", err
	}
	self, err := l.holder.Control.Identity(ctx)
	if err != nil {
		return row, "", err
	}
	if newer.Writer.Control != self {
		news = newsOf(newer.Writer, row.Generation > 0)
	}
	row, err = l.holder.Control.UpdateFlow(ctx, l.Flow(), func(f *control.FlowRow) { f.Memory = newer.Memory })
	return row, news, err
}

// Newer is a flow's row with what is remembered beside its mark, where that was written
// by another consolidation than the row knows of, and tells whether it was.
func Newer(row control.FlowRow, mark warehouse.Mark) (control.FlowRow, bool, error) {
	if mark.Memory == "" {
		return row, false, nil
	}
	kept, err := recall.Parse(mark.Memory)
	if err != nil {
		return row, false, fmt.Errorf("the mark of %s: %w", mark.Flow, err)
	}
	if kept.Writer.Attempt == row.Writer.Attempt { // of all attempts only one has that id
		return row, false, nil
	}
	row.Memory = kept
	return row, true, nil
}

// newsOf tells of a table that another configuration wrote last.
func newsOf(by recall.Writer, both bool) string {
	who := fmt.Sprintf("%s, at %s UTC", by.Name, by.At.UTC().Format(time.DateTime))
	if !both {
		return "the control table knew nothing of this flow: it goes on from where the warehouse says that it is, by " +
			who
	}
	return "another configuration wrote this table since: " + who +
		"; both keep it right, and each pays for reading it: leave the flow to one of them"
}

// Remember changes what is remembered of a flow that was claimed, in the control
// table and beside the mark.
func (l *Lease) Remember(ctx context.Context, change func(*recall.Memory)) (control.FlowRow, error) {
	row, err := l.holder.Control.UpdateFlow(ctx, l.Flow(), func(f *control.FlowRow) {
		if f.Proof == "" && f.Grade != recall.Unproven {
			f.Proof = f.Grade // an older version wrote the row
		}
		change(&f.Memory)
		f.Grade = f.Memory.Grade()
	})
	if err != nil {
		return row, err
	}
	text, err := row.Memory.Text()
	if err != nil {
		return row, err
	}
	return row, l.holder.Warehouse.Remember(ctx, l.Fence(), text, row.Grade)
}
