package evidence

import (
	"context"

	"catchment/internal/warehouse/archived"
)

// Batch reads back what is written of a batch: what became of its records where it is settled, else
// its intent. Of an erased record nothing is left that could be told.
func (w *Writer) Batch(ctx context.Context, number int64) (lines []Line, settled bool, err error) {
	of := step{kindSettled, number}
	if settled = w.Settled(number); !settled {
		of.kind = kindIntent
	}
	lines, err = w.lines(ctx, of)
	return lines, settled, err
}

// Part reads back a part of what ended without a delete, as Kept tells.
func (w *Writer) Part(ctx context.Context, part int64) ([]Line, error) {
	return w.lines(ctx, step{kindKept, part})
}

// lines reads the records of a sheet.
func (w *Writer) lines(ctx context.Context, of step) (lines []Line, err error) {
	_, err = (&walk{plan: w.plan, sheet: w.done[of], free: true, each: func(f frame, s said) error {
		if f.Erased != "" {
			return nil
		}
		line, err := lineOf(f, s)
		lines = append(lines, line)
		return err
	}}).read(ctx, w.store)
	return lines, spoiled(err)
}

// lineOf is the line of a record whose parts were written.
func lineOf(f frame, s said) (Line, error) {
	of, err := f.record()
	if err != nil {
		return Line{}, err
	}
	return Line{Object: s.Object, Level: s.Level, ID: of.ID, Outcome: archived.State(s.As), Reason: s.Reason,
		Outside: s.Type == typeBack, Stamp: of.Stamp, Row: of.Row, Bodies: of.Bodies, Job: s.Job, ProvenAt: s.Proven,
		EndedAt: s.Ended}, nil
}
