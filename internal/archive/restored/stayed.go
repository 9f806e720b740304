package restored

import (
	"context"
	"strings"

	"catchment/internal/archive/evidence"
	"catchment/internal/warehouse/archived"
)

// lineOf is the ledger's line of what evidence tells of a record.
func lineOf(s sending, t evidence.Line) archived.Line {
	return archived.Line{Plan: s.Plan, Object: t.Object, ID: t.ID, Level: t.Level, State: t.Outcome, Reason: t.Reason,
		Stamp: t.Stamp, Digest: t.Row, Batch: s.Batch, ProvenAt: t.ProvenAt, EndedAt: t.EndedAt}
}

// stayed writes the lines of records that ended without a delete into the ledger, of plans that are
// finished: the others get theirs when they go on.
func (l *look) stayed(ctx context.Context) error {
	for name, book := range l.books {
		if !book.Finished() {
			continue
		}
		for part := int64(1); book.Kept(part); part++ {
			told, err := book.Part(ctx, part)
			if err != nil {
				return err
			}
			var lines []archived.Line
			for _, t := range told {
				ours, err := l.writes(ctx, name, t.Object)
				if err != nil {
					return err
				}
				if ours {
					lines = append(lines, lineOf(sending{Plan: name}, t))
				}
			}
			if err := l.ledger.Write(ctx, l.fence, lines); err != nil {
				return err
			}
		}
	}
	return nil
}

// writes tells whether the lines of an object are written by who looks at this table: its own, and
// in the root's name those of objects of which nothing was sent, at which nobody will look.
func (l *look) writes(ctx context.Context, plan, object string) (bool, error) {
	if strings.EqualFold(object, l.table.Object) || !l.roots[plan] {
		return strings.EqualFold(object, l.table.Object), nil
	}
	if known, is := l.sent[plan+" "+object]; is {
		return !known, nil
	}
	keys, err := l.keys(ctx, object)
	if err != nil {
		return false, err
	}
	known := false
	for _, key := range keys {
		s, err := l.read(ctx, key)
		if err != nil {
			return false, err
		}
		known = known || s.Plan == plan
	}
	l.sent[plan+" "+object] = known
	return !known, nil
}
