package replicate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// A merge may take longer than a process that waits for it lives: a Lambda
// function has 15 minutes. Where the warehouse goes on by itself (it is a
// warehouse.Detacher), the merge is a statement whose id stands in the
// attempt. Whoever comes next, of whichever runner, finds it there and waits
// for it instead of beginning a second one.

// How long one call waits for a merge before it lets the runner wait, and how
// long that is at least.
const (
	mergePatience = 20 * time.Second
	mergeAgain    = 10 * time.Second
)

// elsewhereAgain is how long somebody else is left alone before they are asked
// again.
const elsewhereAgain = 30 * time.Second

// consolidateDetached gets on with the statement that consolidates an attempt,
// and tells whether it is over, or there is none. Whatever it has left undone
// is then to be done by the step itself, which the locks keep away from it.
func (s *attemptStep) consolidateDetached(ctx context.Context) (ended bool, err error) {
	a := &s.attempt
	if s.Options.Elsewhere != nil && a.Statement == "" {
		ended, err := s.Options.Elsewhere(ctx, s.merging())
		if err != nil && plan.ClassOf(err) == plan.Fix {
			a.Merges++ // the next run has it begun anew
		}
		if err != nil || !ended {
			s.wait = elsewhereAgain
			return false, err
		}
	}
	detacher := s.roles.Detacher
	if detacher == nil { // where one was begun by another way to the warehouse, the locks make the step wait
		a.Statement = ""
		return true, nil
	}
	if a.Statement == "" {
		if began, err := s.beginDetached(ctx); err != nil || !began {
			return true, err
		}
	}
	ended, err = detacher.Ended(ctx, a.Statement, cmp.Or(s.Options.MergeWait, mergePatience))
	if !ended {
		s.wait = mergeAgain
		return false, err
	}
	a.Statement = ""
	if err == nil {
		return true, nil
	}
	a.Merges++ // another try is another statement
	if plan.ClassOf(err) == plan.Bug {
		return true, nil // it says less than the step will: such as that too much would be deleted
	}
	return true, fmt.Errorf("consolidate %s: %w", a.Flow, err)
}

// beginDetached begins the statement, unless there is no such way or no need.
// The token is made of what is in the attempt before: who was killed before the
// id was written down gets the same statement again.
func (s *attemptStep) beginDetached(ctx context.Context) (bool, error) {
	a := &s.attempt
	if pages, _, _ := a.Sums(); pages == 0 && !a.Complete { // nothing to merge takes no time
		return false, nil
	}
	if done, err := s.Warehouse.Consolidated(ctx, a.ID); err != nil || done {
		return false, err
	}
	p := s.procedure()
	var err error
	if p.Merge, _, err = s.merge(ctx); err != nil {
		return false, err
	}
	id, err := s.roles.Detacher.Begin(ctx, s.fence(), p, s.merging())
	if err != nil || id == "" {
		return false, err
	}
	a.Statement = id
	return true, s.save(ctx)
}

// merging names the try at consolidating the attempt.
func (s *attemptStep) merging() string { return fmt.Sprintf("%s/%d", s.attempt.ID, s.attempt.Merges) }

// procedure is the consolidation of the flow's table, for records as this
// attempt has read them: patches bring what its main part doesn't carry.
func (s *attemptStep) procedure() warehouse.Procedure {
	p := warehouse.Procedure{Table: s.source.Table, Policy: gone.Policy(s.source.Flow.Deletes)}
	i := slices.IndexFunc(s.attempt.Parts, func(p *control.Part) bool { return p.Op == string(warehouse.Put) })
	if i < 0 {
		return p
	}
	for _, c := range s.source.Table.Columns {
		if !slices.ContainsFunc(s.attempt.Parts[i].Fields,
			func(name string) bool { return strings.EqualFold(name, c.Field) }) {
			p.Patched = append(p.Patched, c.Name)
		}
	}
	return p
}
