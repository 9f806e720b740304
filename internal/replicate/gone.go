package replicate

import (
	"context"
	"errors"
	"slices"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/plural"
	"catchment/internal/replicate/deletes"
	"catchment/internal/replicate/reading"
	"catchment/internal/warehouse/gone"
)

// What is loaded is held against what Salesforce's logs say has changed, and against
// what a sweep has seen (package deletes). What turns out to be gone becomes a part of
// the attempt: a page of Ids to delete, for each reason one.

// A reconciliation is one go at that.
type reconciliation struct {
	*attemptStep
	found deletes.Findings
}

// run accounts for the Ids that the attempt should have brought, and for the rows that
// its sweep saw otherwise. It isn't done where it found something to read first. It may
// be repeated: what it found the last time is found anew.
func (r *reconciliation) run(ctx context.Context) (done bool, err error) {
	if err := r.onlyParts(ctx); err != nil {
		return false, err
	}
	sweep, swept, err := r.sweep(ctx)
	if err != nil {
		return false, err
	}
	if swept {
		if more, err := r.readReturned(ctx, sweep); err != nil || more {
			return false, err
		}
		if r.found, err = r.deletes.Swept(ctx, r.source, r.attempt, sweep); err != nil {
			return false, r.readAgainIfUnsound(ctx, sweepPart, err)
		}
	}
	if err := r.account(ctx); err != nil {
		return false, r.readAgainIfUnsound(ctx, control.Main, err)
	}
	if err := r.gone(ctx); err != nil {
		return false, err
	}
	if !r.Options.AllowDeletes {
		if err := r.deletes.Vanished(ctx, r.source, r.found); err != nil {
			return false, r.readAgain(ctx, sweepPart, err)
		}
	}
	return true, r.stage(ctx)
}

// sweep is what is known of the attempt's sweep, if it has one.
func (r *reconciliation) sweep(ctx context.Context) (deletes.Sweep, bool, error) {
	jobs, err := reading.Jobs(r.attempt.Reading(sweepPart))
	if err != nil || len(jobs) == 0 {
		return deletes.Sweep{}, false, err
	}
	began, err := readAt(r.attempt.Reading(sweepPart))
	if err != nil {
		return deletes.Sweep{}, false, err
	}
	row, err := r.Control.Flow(ctx, r.attempt.Flow)
	return deletes.Sweep{Jobs: jobs, Began: began, Before: row.SweptAt}, true, err
}

// readReturned lets the records be read that the sweep found there and the table lacks,
// and tells whether there are any.
func (r *reconciliation) readReturned(ctx context.Context, sweep deletes.Sweep) (bool, error) {
	if readsFound(r.attempt) {
		return false, nil
	}
	ids, err := r.deletes.Returned(ctx, r.source, r.attempt.ID, sweep)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	r.note("%s %s there again that the table didn't have; the first is %s", plural.Of(len(ids), "record"),
		plural.Word(len(ids), "is", "are"), ids[0])
	row, err := r.Control.Flow(ctx, r.attempt.Flow)
	if err != nil {
		return false, err
	}
	parts, read := foundOf(r.Movers, r.attempt, r.source.Object.Name, ids, setting(r.source, row))
	r.attempt.Add(parts...)
	if read < len(ids) {
		return true, r.sweepNext(ctx, "more records are there again than a run reads by their Ids")
	}
	return true, nil
}

// sweepNext lets the next attempt sweep, since more records were found than this one
// reads by their Ids. Until then there are doubts about the watermark.
func (r *reconciliation) sweepNext(ctx context.Context, why string) error {
	since, err := r.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	d := unseen(r.source, since, why)
	d.Kind, d.Attempt = recall.RecordsUnread, r.attempt.ID
	r.attempt.Doubt(d)
	return nil
}

// account adds what the logs name, the main part didn't bring, and is gone.
func (r *reconciliation) account(ctx context.Context) error {
	a, src := &r.attempt, r.source
	if a.Part(control.Main) == nil || a.From.IsZero() || !src.Replicates() || len(src.Table.Key) != 1 {
		return nil
	}
	c, err := r.windows.Changes(ctx, a.ID, src, a.From)
	if err != nil {
		return err
	}
	suspected, err := r.deletes.Account(ctx, src, *a, c, r.found)
	if suspected > deletes.AskedAtMost {
		r.note("%d changed records didn't come, and only %d were asked about: a sweep finds out about the others",
			suspected, deletes.AskedAtMost)
		err = errors.Join(err, r.sweepNext(ctx, "more changed records didn't come than a run asks about by their Ids"))
	}
	return err
}

// gone finds out what became of records that were kept out, and that didn't come when
// they were read again.
func (r *reconciliation) gone(ctx context.Context) error {
	a := &r.attempt
	if a.Again == nil || a.Again.Refused {
		return nil
	}
	absent := slices.Clone(a.Again.Unmet)
	for _, p := range a.Reading(againPart) {
		came, err := r.deletes.Brought(ctx, r.source, a.ID, *p)
		if err != nil {
			return err
		}
		absent = append(absent, slices.DeleteFunc(slices.Clone(p.IDs), func(id string) bool { return came[id] })...)
	}
	if len(absent) == 0 {
		return nil
	}
	return r.deletes.Gone(ctx, r.source, *a, absent, r.found)
}

// readAgainIfUnsound gives up a reading where why says that its result is unsound.
func (r *reconciliation) readAgainIfUnsound(ctx context.Context, name string, why error) error {
	if errors.Is(why, reading.ErrUnsound) {
		return r.readAgain(ctx, name, why)
	}
	return why
}

// readAgain gives up the result of a reading that is loaded already.
func (r *reconciliation) readAgain(ctx context.Context, name string, why error) error {
	for _, p := range r.attempt.Reading(name) {
		if len(p.Job) == 0 {
			continue
		}
		job, err := r.jobOf(p)
		if err != nil {
			return errors.Join(why, err)
		}
		if err := job.restart(ctx, why); err != nil {
			return err
		}
	}
	return why
}

// stage stages the Ids that are gone, a part for each reason.
func (r *reconciliation) stage(ctx context.Context) error {
	for _, traits := range gone.Reasons() {
		ids := r.found.Of(traits.Reason)
		if len(ids) == 0 {
			continue
		}
		if traits.Sight {
			r.note("%s %s out of this user's sight, and not in Salesforce's delete log; the first is %s",
				plural.Of(len(ids), "record"), plural.Word(len(ids), "is", "are"), ids[0])
		}
		at, err := r.Org.ServerTime(ctx)
		if err != nil {
			return err
		}
		p := goneOf(traits.Reason)
		if err := reading.SetJob(&p, r.deletedIDs.Hold(ids, at)); err != nil {
			return err
		}
		place := len(r.attempt.Parts)
		r.attempt.Add(p)
		if err := r.loadPart(ctx, place, r.attempt.Parts[place]); err != nil {
			return err
		}
	}
	return nil
}

// dropFindings forgets what an earlier call has found.
func (s *attemptStep) dropFindings(ctx context.Context) error {
	if !slices.ContainsFunc(s.attempt.Parts, isFinding) {
		return nil
	}
	s.attempt.Parts = slices.DeleteFunc(s.attempt.Parts, isFinding)
	return s.keepJobs(ctx)
}

func isFinding(p *control.Part) bool { return reading.Findings.Is(*p) }

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
