package replicate

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/replicate/relief"
	"catchment/internal/warehouse/shape"
)

// jobOf finds what brings a part.
func (s *attemptStep) jobOf(p *control.Part) (partJob, error) {
	if s.lander(p) != nil {
		return s.landing(p)
	}
	return s.paging(p), nil
}

// create makes the tables fit and the jobs exist, one for each part.
func (s *attemptStep) create(ctx context.Context) error {
	if prepared, err := isPrepared(ctx, s); err != nil {
		return err
	} else if !prepared {
		if err := s.prepare(ctx); err != nil {
			return err
		}
	}
	for i := 0; i < len(s.attempt.Parts); i++ { // a part that one query can't read becomes several
		p := s.attempt.Parts[i]
		if early, err := reading.TooEarly(s.Movers, s.attempt, *p); err != nil {
			return err
		} else if early {
			continue
		}
		if err := s.createPart(ctx, p); err != nil {
			return err
		}
	}
	s.attempt.State = control.Created
	if !slices.ContainsFunc(s.attempt.Parts, func(p *control.Part) bool { return s.lander(p) != nil }) {
		s.attempt.State = control.Started // nothing else has to exist, and nobody has to start it
	}
	return nil
}

// isPrepared tells whether prepare would change nothing, and nobody is going to write:
// the attempt has nothing to read, and both the tables and what is written down of the
// object are as they should be.
func isPrepared(ctx context.Context, s *attemptStep) (bool, error) {
	a := &s.attempt
	main := a.Part(control.Main)
	if !s.source.Past.Fits || main == nil || len(a.Parts) > 1 || a.From.IsZero() || a.Full || a.Complete {
		return false, nil
	}
	described, err := isDescribed(ctx, s)
	if err != nil || !described {
		return false, err
	}
	if main.Mover == "" {
		if err := s.chooseMover(ctx, main); err != nil {
			return false, err
		}
	}
	return reading.Nothing.Is(*main), nil
}

// isDescribed tells whether the warehouse has what Salesforce says of the object, and notes
// what that is: the consolidation writes it down with the mark, as what it was told.
func isDescribed(ctx context.Context, s *attemptStep) (bool, error) {
	s.attempt.Described = describedAs(s.source)
	row, err := s.Control.Flow(ctx, s.attempt.Flow)
	return err == nil && s.source.Past.Fits && row.Described == s.attempt.Described, err
}

// prepare brings staging and final table up to what describe says.
func (s *attemptStep) prepare(ctx context.Context) error {
	changes, err := s.Warehouse.Prepare(ctx, s.fence(), s.source.Table)
	if err != nil {
		return errors.Join(err, s.doubtKey(ctx))
	}
	for _, c := range changes {
		switch c.What {
		case shape.Vanished:
			if why := s.source.WhyGone(c.Column); why != "" {
				s.note("column %s.%s %s", c.Table, c.Column, why)
			}
		case shape.Renamed:
			s.note("column %s.%s %s", c.Table, c.Column, c.Detail)
		case shape.Widened:
			s.note("column %s.%s is %s now", c.Table, c.Column, c.Detail)
		}
	}
	if described, err := isDescribed(ctx, s); err != nil || described {
		return err
	}
	return s.Warehouse.Describe(ctx, s.fence(), s.source.Object, s.source.Table)
}

// createPart makes the job of a part that has none.
func (s *attemptStep) createPart(ctx context.Context, p *control.Part) error {
	if p.Mover == "" {
		if err := s.chooseMover(ctx, p); err != nil {
			return err
		}
	}
	if reading.Nothing.Is(*p) || len(p.Job) > 0 {
		return nil
	}
	job, err := s.jobOf(p)
	if err == nil {
		err = job.create(ctx)
	}
	if class := plan.ClassOf(err); err != nil && p.Name == againPart && class != plan.Retry && class != plan.Wait {
		s.leaveOut(p, err)
		return nil
	}
	return err
}

// leaveOut gives up to read again what was kept out, where Salesforce refuses to read it by
// Ids: nobody else waits for that. It is tried once more when the next reading is due.
func (s *attemptStep) leaveOut(p *control.Part, why error) {
	p.Mover, p.IDs, s.attempt.Again.Refused = string(reading.Nothing), nil, true
	s.note("what is kept out can't be read again by its Ids (%v); to read everything: catchment run --full %s", why,
		s.attempt.Flow)
}

// chooseMover decides by how much there is to read. What the main part reads is
// counted by Salesforce; the narrow ones read every record, about as many as
// the table has rows.
func (s *attemptStep) chooseMover(ctx context.Context, p *control.Part) error {
	much := mover.Amount{Records: mover.Uncounted}
	row, err := s.Control.Flow(ctx, s.attempt.Flow)
	if err != nil {
		return err
	}
	setting := setting(s.source, row)
	if p.Name != control.Main && s.Movers.Traits(setting).Lands { // it reads whole records only
		setting = ""
	}
	switch {
	case p.Name != control.Main && row.Rows > 0:
		much.Records = row.Rows
	case p.Name == control.Main && !s.attempt.From.IsZero():
		c, err := s.windows.Changes(ctx, s.attempt.ID, s.source, s.attempt.From)
		if err != nil {
			return err
		}
		much.Records = c.Changed
	}
	if p.Name == control.Main {
		much.Answer = row.Answer
	}
	p.Mover = moverFor(s.Movers, setting, much, p.Query)
	return s.avoidBulk(ctx, p, row)
}

// avoidBulk has REST read a part at once whose object Bulk couldn't read lately, where its
// records are few enough.
func (s *attemptStep) avoidBulk(ctx context.Context, p *control.Part, row control.FlowRow) error {
	if !s.Movers.Traits(p.Mover).Plain || row.FailedAt.IsZero() {
		return nil
	}
	now, err := s.Org.ServerTime(ctx)
	if err != nil || !row.FailedLately(now) {
		return err
	}
	if held := s.heldRecords(ctx, row); held >= 0 && held <= s.fewRecords()*timesFew {
		p.Failed, p.Mover = []string{p.Mover}, s.Movers.Everything()
	}
	return nil
}

// ready waits for what has to exist before the jobs can be started: nothing for
// Bulk and REST, the flows for those that land.
func (s *attemptStep) ready(ctx context.Context) error {
	all := true
	err := s.eachLanding(func(l *landing) error {
		made, err := l.made(ctx)
		all = all && made
		return err
	})
	if err == nil && all {
		s.attempt.State = control.Ready
	}
	s.wait = landWaitLeast
	return err
}

// start sets the jobs off: all flows of the run exist by now. Bulk and REST
// start by themselves.
func (s *attemptStep) start(ctx context.Context) error {
	if err := s.eachLanding(func(l *landing) error { return l.start(ctx) }); err != nil {
		return err
	}
	s.attempt.State = control.Started
	return nil
}

// done waits for the jobs to finish.
func (s *attemptStep) done(ctx context.Context) error {
	if waits, err := awaitParents(ctx, s); err != nil || waits {
		return err
	}
	finished, err := s.finished(ctx)
	if err == nil && finished {
		s.attempt.State = control.Extracted
	}
	return err
}

// awaitParents lets what is read by its parents wait until the run has copied these, as long as a job
// may take.
func awaitParents(ctx context.Context, s *attemptStep) (waits bool, err error) {
	main := s.attempt.Part(control.Main)
	if main == nil || !reading.ByParents.Is(*main) {
		return false, nil
	}
	now, err := parents.StandingOf(ctx, s.Control, s.attempt.Flow)
	if err != nil {
		return false, err
	}
	if now.Waits && s.Options.Now().Sub(s.attempt.Created) < cmp.Or(s.Options.JobTime, jobTime) {
		s.wait = reading.PollWait(0)
		if now.Trouble {
			s.wait = parents.Pause
		}
		return true, nil
	}
	if !now.Fresh || now.Waits {
		if err := parents.Consolidated(ctx, s.Warehouse); err != nil {
			return false, err
		}
		s.note("its records are read by the documents that the copy has from earlier runs: " +
			"this one has no flow of documents, or that has failed")
	}
	return false, nil
}

// finished asks whether every part has its result.
func (s *attemptStep) finished(ctx context.Context) (bool, error) {
	all, tooMuch, alone := true, error(nil), false
	for _, p := range s.attempt.Parts { // what one is split into is asked for by the next call
		if p.GivenUp && alone { // nothing has helped it before, nor the one that is tried now
			all = false
			continue
		}
		one, err := s.partFinished(ctx, p)
		if alone = alone || p.GivenUp && !one; one {
			p.GivenUp = false
		}
		switch {
		// the others' results are good all the same, and the next run needs to know whose aren't
		case relief.TooMuch(err):
			tooMuch = cmp.Or(tooMuch, err)
		case err != nil:
			return false, err
		}
		all = all && one
	}
	return all && tooMuch == nil, tooMuch
}

func (s *attemptStep) partFinished(ctx context.Context, p *control.Part) (bool, error) {
	if reading.Nothing.Is(*p) || p.Loaded {
		return true, nil
	}
	job, err := s.jobOf(p)
	if err != nil {
		return false, err
	}
	return job.finished(ctx)
}
