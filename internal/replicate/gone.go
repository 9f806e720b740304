package replicate

import (
	"context"
	"errors"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/replicate/deletes"
	"catchment/internal/replicate/reading"
	"catchment/internal/warehouse"
)

// What is loaded is held against what Salesforce's logs say has changed, and against
// what a sweep has seen (package deletes). What turns out to be gone becomes a part of
// the attempt: a page of Ids to delete, for each reason one.

// reconcile accounts for the Ids that an attempt should have brought, and for the rows
// that its sweep saw otherwise. It isn't done where it found something to read first. It
// may be repeated: what it found the last time is found anew.
func (s *attemptStep) reconcile(ctx context.Context) (done bool, err error) {
	if err := s.onlyParts(ctx); err != nil {
		return false, err
	}
	found := deletes.Findings{}
	sweep, swept, err := s.sweep(ctx)
	if err != nil {
		return false, err
	}
	if swept {
		if more, err := s.readReturned(ctx, sweep); err != nil || more {
			return false, err
		}
		found, err = s.deletes.Swept(ctx, s.source, s.attempt, sweep)
		if err != nil {
			return false, s.unlessSound(ctx, sweepPart, err)
		}
	}
	if err := s.account(ctx, found); err != nil {
		return false, s.unlessSound(ctx, control.Main, err)
	}
	if !s.Options.AllowDeletes {
		err := s.deletes.Vanished(ctx, s.source, found)
		if err != nil {
			return false, s.readAgain(ctx, sweepPart, err)
		}
	}
	return true, s.loadFindings(ctx, found)
}

// sweep is what is known of the attempt's sweep, if it has one.
func (s *attemptStep) sweep(ctx context.Context) (deletes.Sweep, bool, error) {
	jobs, err := reading.Jobs(s.attempt.Reading(sweepPart))
	if err != nil || len(jobs) == 0 {
		return deletes.Sweep{}, false, err
	}
	began, err := sweptAt(&s.attempt)
	if err != nil {
		return deletes.Sweep{}, false, err
	}
	row, err := s.Control.Flow(ctx, s.attempt.Flow)
	return deletes.Sweep{Jobs: jobs, Began: began, Before: row.SweptAt}, true, err
}

// sweptAt is when every row was held against all Ids, or the zero time where an
// attempt didn't do that.
func sweptAt(a *control.Attempt) (time.Time, error) {
	parts := a.Reading(sweepPart)
	if len(parts) == 0 && (a.Complete || a.From.IsZero()) {
		parts = a.Reading(control.Main)
	}
	var first time.Time
	for _, p := range parts {
		if len(p.Job) == 0 {
			return time.Time{}, nil
		}
		job, err := reading.JobOf(*p)
		if err != nil {
			return time.Time{}, err
		}
		if first.IsZero() || job.ReadAt.Before(first) {
			first = job.ReadAt
		}
	}
	return first, nil
}

// readReturned lets the records be read that the sweep found there and the table lacks,
// and tells whether there are any.
func (s *attemptStep) readReturned(ctx context.Context, sweep deletes.Sweep) (bool, error) {
	if readsFound(s.attempt) {
		return false, nil
	}
	ids, err := s.deletes.Returned(ctx, s.source, s.attempt.ID, sweep)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	s.note("%d records are there again that the table didn't have; the first is %s", len(ids), ids[0])
	row, err := s.Control.Flow(ctx, s.attempt.Flow)
	if err != nil {
		return false, err
	}
	parts, read := foundOf(s.attempt, s.source.Object.Name, ids, setting(s.source, row))
	s.attempt.Add(parts...)
	if read < len(ids) {
		return true, s.sweepNext(ctx)
	}
	return true, nil
}

// sweepNext lets the next attempt sweep.
func (s *attemptStep) sweepNext(ctx context.Context) error {
	if s.source.Flow.Sweep.Off() {
		return nil
	}
	_, err := s.Control.UpdateFlow(ctx, s.attempt.Flow, func(f *control.FlowRow) { f.SweptAt = time.Time{} })
	return err
}

// account adds to found what the logs name, the main part didn't bring, and is gone.
func (s *attemptStep) account(ctx context.Context, found deletes.Findings) error {
	a, src := &s.attempt, s.source
	if a.Part(control.Main) == nil || a.From.IsZero() || !src.Replicates() || len(src.Table.Key) != 1 {
		return nil
	}
	c, err := s.windows.Changes(ctx, a.ID, src, a.From)
	if err != nil {
		return err
	}
	suspected, err := s.deletes.Account(ctx, src, *a, c, found)
	if suspected > deletes.AskedAtMost {
		s.note("%d changed records didn't come, and only %d were asked about: a sweep finds out about the others",
			suspected, deletes.AskedAtMost)
		err = errors.Join(err, s.sweepNext(ctx))
	}
	return err
}

// unlessSound gives up a reading whose result is unsound, as why says.
func (s *attemptStep) unlessSound(ctx context.Context, name string, why error) error {
	if errors.Is(why, reading.ErrUnsound) {
		return s.readAgain(ctx, name, why)
	}
	return why
}

// readAgain gives up the result of a reading that is loaded already.
func (s *attemptStep) readAgain(ctx context.Context, name string, why error) error {
	for _, p := range s.attempt.Reading(name) {
		if len(p.Job) == 0 {
			continue
		}
		job, err := s.jobOf(p)
		if err != nil {
			return errors.Join(why, err)
		}
		if err := job.restart(ctx, why); err != nil {
			return err
		}
	}
	return why
}

// dropFindings forgets what an earlier call has found.
func (s *attemptStep) dropFindings(ctx context.Context) error {
	if !slices.ContainsFunc(s.attempt.Parts, isFinding) {
		return nil
	}
	s.attempt.Parts = slices.DeleteFunc(s.attempt.Parts, isFinding)
	return s.keepJobs(ctx)
}

func isFinding(p *control.Part) bool { return p.Mover == reading.Finding }

// onlyParts makes sure that nothing else is staged of an attempt than its parts: a
// process may have died before it noted what it had found, or before it had forgotten
// what a job brought that was given up.
func (s *attemptStep) onlyParts(ctx context.Context) error {
	staged, _, err := s.Warehouse.Staged(ctx, s.attempt.ID, "")
	if pages, _, _ := s.attempt.Sums(); err != nil || staged == pages {
		return err
	}
	return s.keepJobs(ctx)
}

// keepJobs removes what is staged of an attempt by other jobs than those of its parts.
func (s *attemptStep) keepJobs(ctx context.Context) error {
	keep, err := reading.Jobs(s.attempt.Parts)
	if err != nil {
		return err
	}
	if err := s.Warehouse.Discard(ctx, s.fence(), s.attempt.ID, keep...); err != nil {
		return err
	}
	return s.Control.DropPages(ctx, s.attempt.ID, keep...)
}

// loadFindings stages the Ids that are gone, a part for each reason.
func (s *attemptStep) loadFindings(ctx context.Context, found deletes.Findings) error {
	for _, traits := range warehouse.Reasons() {
		ids := found.Of(traits.Reason)
		if len(ids) == 0 {
			continue
		}
		if traits.Sight {
			s.note("%d records are out of this user's sight, and not in Salesforce's delete log; the first is %s",
				len(ids), ids[0])
		}
		at, err := s.Org.ServerTime(ctx)
		if err != nil {
			return err
		}
		p := goneOf(traits.Reason)
		if err := reading.SetJob(&p, s.deletedIDs.Hold(ids, at)); err != nil {
			return err
		}
		place := len(s.attempt.Parts)
		s.attempt.Add(p)
		if err := s.loadPart(ctx, place, s.attempt.Parts[place]); err != nil {
			return err
		}
	}
	return nil
}
