package replicate

import (
	"context"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/replicate/window"
	"catchment/internal/source"
	"catchment/internal/warehouse/many"
)

// Most flows of a large org have nothing new when a run comes by, and the steps would do the same for each of them:
// find that its tables fit, that nothing is to be read, and move its mark. list does that for all of them in one go. Of
// a flow that is left out, or whose note of it is lost, the steps do what is to be done.

// A still is an attempt that has nothing to read.
type still struct {
	attempt control.Attempt
	source  *source.Source
}

// isStill tells whether an attempt that has just begun has nothing to read, and nothing to look after: the logs name no
// record, and nothing else is planned.
func isStill(a control.Attempt, c window.Changes) bool {
	nothing := c.Changed == 0 && len(c.Updated) == 0 && len(c.Deleted) == 0 && c.Unseen == ""
	alone := len(a.Parts) == 1 && a.Part(control.Main) != nil && a.Again == nil && a.Remade == ""
	return nothing && alone && !a.From.IsZero() && quiet(a)
}

// settle consolidates the attempts together that have nothing to read.
func settle(ctx context.Context, l *listing) error {
	in := many.Of(l.Warehouse)
	if in == nil || l.Options.Elsewhere != nil || l.roles.Detacher != nil { // somebody else consolidates
		return nil
	}
	var all []*settling
	for _, one := range l.still {
		all = append(all, &settling{attemptStep: &attemptStep{Replicator: l.Replicator, attempt: one.attempt,
			source: one.source}})
	}
	err := each(all, func(_ int, s *settling) (err error) {
		s.ready, err = s.prepared(ctx)
		return err
	})
	var moves []many.Move
	for _, s := range all {
		if s.ready {
			moves = append(moves, s.move)
		}
	}
	if err != nil || len(moves) == 0 {
		return context.Cause(ctx)
	}
	counts, err := in.MoveEach(ctx, moves)
	if err != nil {
		return context.Cause(ctx)
	}
	_ = each(all, func(_ int, s *settling) error {
		moved, ok := counts[s.attempt.ID]
		if !ok {
			return nil
		}
		if err := consolidated(ctx, s.attemptStep, s.memory, moved); err != nil {
			return err
		}
		return s.save(ctx)
	})
	return context.Cause(ctx)
}

// A settling is an attempt on its way to be consolidated with others.
type settling struct {
	*attemptStep
	ready  bool
	move   many.Move
	memory recall.Memory
}

// prepared tells whether only the mark has to be moved, and how.
func (s *settling) prepared(ctx context.Context) (bool, error) {
	if fits, err := isPrepared(ctx, s.attemptStep); err != nil || !fits {
		return false, err
	}
	m, memory, err := s.merge(ctx)
	s.move, s.memory = many.Move{Fence: s.fence(), Merge: m}, memory
	return err == nil && m.Quiet() && memory.Rejected.Records == 0, err
}
