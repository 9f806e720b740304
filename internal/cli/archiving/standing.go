package archiving

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/report"
	"catchment/internal/plan"
	"catchment/internal/status"
	"catchment/internal/warehouse/archived"
)

// standingOf is how far a plan is, by the plan, its approvals and the ledger.
func standingOf(ctx context.Context, d *Desk, name string) (report.Standing, error) {
	o, err := readOutline(ctx, d.Stage, name, nil)
	if err != nil {
		return report.Standing{}, err
	}
	ledger, ok := archived.Of(d.Warehouse)
	if !ok {
		return report.Standing{}, noLedger(d)
	}
	tally, err := ledger.Tally(ctx, name)
	if err != nil {
		return report.Standing{}, err
	}
	approved, err := approvals(ctx, d, o)
	if err != nil {
		return report.Standing{}, err
	}
	s := standing(o, tally, approved, d.Now())
	if s.Reasons, err = troubles(ctx, ledger, name); err != nil {
		return s, err
	}
	if s.State != report.Cooling {
		return s, nil
	}
	until, err := cooled(ctx, ledger, o)
	s.Until = status.Moment(until)
	return s, err
}

func noLedger(d *Desk) error {
	return plan.Fixf("copy into a warehouse of another kind", "%s can't keep account of an archive",
		d.Warehouse.Name())
}

// troubles are why records changed or failed.
func troubles(ctx context.Context, ledger archived.Ledger, name string) (all []report.Reason, err error) {
	for _, state := range []archived.State{archived.Failed, archived.Changed} {
		why := whys{}
		err := eachLine(ctx, ledger, archived.Query{Plan: name, State: state}, func(line archived.Line) error {
			why.count(report.Reason{Fate: string(state), Object: line.Object, Reason: line.Reason},
				"catchment archive status "+name+" --ids FILE")
			return nil
		})
		if err != nil {
			return nil, err
		}
		all = append(all, why.list()...)
	}
	return all, nil
}

// cooled is when the first record may go of those that wait; zero where none does.
func cooled(ctx context.Context, ledger archived.Ledger, o outline) (first time.Time, err error) {
	cool, err := o.head.Policy.Cooling()
	if err != nil {
		return time.Time{}, err
	}
	waiting := archived.Query{Plan: o.name, State: archived.Proven}
	err = eachLine(ctx, ledger, waiting, func(line archived.Line) error {
		if at := line.ProvenAt.Add(cool); first.IsZero() || at.Before(first) {
			first = at
		}
		return nil
	})
	return first, err
}

// eachLine tells of the lines that a query finds, some at once.
func eachLine(ctx context.Context, ledger archived.Ledger, q archived.Query, tell func(archived.Line) error) error {
	for last := (archived.Line{}); ; {
		lines, err := ledger.Lines(ctx, q, last, archive.BatchAtMost)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if err := tell(line); err != nil {
				return err
			}
		}
		if len(lines) < archive.BatchAtMost {
			return nil
		}
		last = lines[len(lines)-1]
	}
}

// standing is how far a plan is.
func standing(o outline, tally []archived.Count, approved int, now time.Time) report.Standing {
	s := report.Standing{Plan: o.name, Policy: o.head.Policy.Name, Approve: max(o.head.Policy.Approve, 1),
		Approved: approved, Expires: o.head.ExpiresAt}
	var went, proven int64
	for _, c := range tally {
		l := levelOf(&s, c.Object, c.Level)
		l.Back += c.Back
		switch c.State {
		case archived.Proven:
			proven += c.Records
		case archived.Posted:
			went += c.Records
		case archived.Deleted:
			l.Deleted += c.Records
			went += c.Records
		case archived.Changed:
			l.Changed += c.Records
		case archived.Held:
			l.Held += c.Records
		case archived.Blocked:
			l.Blocked += c.Records
		case archived.Vanished:
			l.Vanished += c.Records
		case archived.Failed:
			l.Failed += c.Records
		}
	}
	for _, line := range o.objects {
		levelOf(&s, line.Object, line.Level).Selected += line.In + line.Held + line.Blocked
	}
	for i := range s.Levels {
		l := &s.Levels[i]
		l.Open = l.Selected - l.Deleted - l.Changed - l.Held - l.Blocked - l.Vanished - l.Failed
	}
	slices.SortFunc(s.Levels, func(a, b report.Level) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), strings.Compare(a.Object, b.Object))
	})
	s.Sum()
	s.State = stateOf(s, now, proven, went, len(tally) > 0)
	return s
}

// levelOf finds the line of an object at a level, and makes it where there is none.
func levelOf(s *report.Standing, object string, level int) *report.Level {
	i := slices.IndexFunc(s.Levels, func(l report.Level) bool {
		return l.Level == level && strings.EqualFold(l.Object, object)
	})
	if i < 0 {
		i = len(s.Levels)
		s.Levels = append(s.Levels, report.Level{Object: object, Level: level})
	}
	return &s.Levels[i]
}

// stateOf is a standing in one word. proven are the records that wait for their delete, went
// those that were posted or are gone; begun says that the ledger knows the plan.
func stateOf(s report.Standing, now time.Time, proven, went int64, begun bool) string {
	switch {
	case begun && s.Open == 0:
		return report.Done
	case !now.Before(s.Expires):
		return report.Expired
	case s.Approved < s.Approve:
		return report.Unapproved
	case !begun:
		return report.Approved
	case went > 0:
		return report.Deleting
	case proven < s.Open:
		return report.Copying
	}
	return report.Cooling
}
