package replicate

import (
	"context"
	"errors"
	"slices"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/replicate/deletes"
	"catchment/internal/replicate/reading"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
)

// load brings the parts' pages into the blob store and from there into staging, both
// at once: while pages load, the next ones come down. A page that is stored or loaded
// already is not fetched or loaded again. What is loaded is then held against what
// Salesforce's logs say.
func (s *attemptStep) load(ctx context.Context) error {
	if proven, err := proven(ctx, s); err != nil || proven {
		return err
	}
	if err := s.dropFindings(ctx); err != nil {
		return err
	}
	finished, err := s.finished(ctx)
	if err != nil || !finished {
		return err
	}
	for place, p := range s.attempt.Parts {
		if reading.Nothing.Is(*p) || p.Loaded {
			continue
		}
		if len(p.Job) == 0 { // what it completes was read anew just now: the next call makes another
			return nil
		}
		if err := s.loadPart(ctx, place, p); err != nil || !p.Loaded {
			return err // the next call goes on from here
		}
	}
	if more, err := s.reread(ctx); err != nil || more {
		return err // the next call reads that
	}
	r := &reconciliation{attemptStep: s, found: deletes.Findings{}}
	if done, err := r.run(ctx); err != nil || !done {
		return err
	}
	if err := s.keptOut(ctx); err != nil {
		return err
	}
	if proved, err := prove(ctx, s); err != nil || !proved {
		return err
	}
	if err := seal(ctx, s); err != nil {
		return err
	}
	s.attempt.State = control.Loaded
	return nil
}

// prove has parts merged whose keys nobody has counted: that proves that each of their records came
// once. Where one didn't, they are counted after all, and judged as any other part.
func prove(ctx context.Context, s *attemptStep) (done bool, err error) {
	m, _, err := s.merge(ctx)
	if err != nil || len(m.Unproven) == 0 {
		return err == nil, err
	}
	if err := s.looked(ctx); err != nil {
		return false, err
	}
	m.AllowDeletes = s.Options.AllowDeletes
	if err := s.save(ctx); err != nil { // who dies behind the merge has to know that it was to be one
		return false, err
	}
	if _, err = s.Warehouse.Consolidate(ctx, s.fence(), m); !errors.Is(err, warehouse.ErrUncounted) {
		return err == nil, err
	}
	s.counting = true
	for place, p := range s.attempt.Parts {
		if !p.Unproven {
			continue
		}
		p.Unproven, p.Loaded = false, false
		if err := s.loadPart(ctx, place, p); err != nil || !p.Loaded {
			return false, err
		}
	}
	return true, nil
}

// proven tells whether a call before has merged the attempt in prove, and died before that was
// noted: nothing of it is in staging any more.
func proven(ctx context.Context, s *attemptStep) (bool, error) {
	if !slices.ContainsFunc(s.attempt.Parts, func(p *control.Part) bool { return p.Unproven }) {
		return false, nil
	}
	done, err := s.Warehouse.Consolidated(ctx, s.attempt.ID)
	if done {
		s.attempt.State = control.Loaded
	}
	return done, err
}

// seal lets others consolidate the attempt. One that has nothing to merge isn't worth that.
func seal(ctx context.Context, s *attemptStep) error {
	if quiet(s.attempt) {
		return nil
	}
	m, _, err := s.merge(ctx)
	if err != nil {
		return err
	}
	return s.Warehouse.Seal(ctx, s.fence(), m)
}

func (s *attemptStep) loadPart(ctx context.Context, place int, p *control.Part) error {
	job, err := s.jobOf(p)
	if err != nil {
		return err
	}
	return job.load(ctx, int64(place))
}

// reread plans to read the records again that changed between two groups of columns.
// It tells whether there are any.
func (s *attemptStep) reread(ctx context.Context) (bool, error) {
	a := &s.attempt
	if a.Part(rereadPart) != nil {
		return false, nil
	}
	first, err := reading.Jobs(a.Reading(control.Main))
	if err != nil || len(first) == 0 {
		return false, err
	}
	var torn []string
	for _, p := range a.Parts {
		if p.Follows != control.Main || p.Planned() != p.Name {
			continue
		}
		further, err := reading.Jobs(a.Reading(p.Name))
		if err != nil {
			return false, err
		}
		if len(further) == 0 {
			continue
		}
		keys, err := s.Warehouse.Torn(ctx, s.source.Table, a.ID, first, further)
		if err != nil {
			return false, err
		}
		torn = append(torn, keys...)
	}
	if len(torn) == 0 {
		return false, nil
	}
	a.Add(rereadOf(*a, s.source.Object.Name, torn, s.Movers.ByIDs()))
	return true, nil
}

// rejectsNamed is how many records a run names that it kept out.
const rejectsNamed = 3

// keptOut tells of the records that the attempt kept out. Where the flow wants that, it
// fails before anything of it is merged: once they are mended in Salesforce, or their
// columns are, other jobs read them.
func (s *attemptStep) keptOut(ctx context.Context) error {
	n := s.attempt.Rejected()
	if n == 0 {
		return nil
	}
	first, err := s.Warehouse.Rejects(ctx, s.attempt.ID, rejectsNamed)
	if err != nil {
		return err
	}
	named := evidence.Named(first, n)
	if s.source.Flow.Rejects != flow.Refuse {
		s.note("%s %s kept out, all others are copied: %s; see _catchment_rejected in the staging schema: "+
			"what is mended is copied", plural.Of(n, "record"), plural.Word(n, "was", "were"), named)
		return nil
	}
	why := plan.Fixf("mend them in Salesforce, exclude the field, or set rejects: keep, which copies the others",
		"%s can't be copied: %s", plural.Of(n, "record"), named)
	for _, p := range s.attempt.Parts {
		if p.Rejected == 0 || len(p.Job) == 0 {
			continue
		}
		job, err := s.jobOf(p)
		if err != nil {
			return errors.Join(why, err)
		}
		if err := job.restart(ctx, errRejects); err != nil {
			return errors.Join(why, err)
		}
	}
	return why
}

// errRejects is why the jobs of an attempt are given up that kept records out.
var errRejects = errors.New("records of it can't be copied")
