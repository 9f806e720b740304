package removal

import (
	"context"
	"slices"

	"catchment/internal/archive"
	"catchment/internal/archive/closure"
	"catchment/internal/archive/removal/hanging"
	"catchment/internal/plan"
	"catchment/internal/warehouse/archived"
)

// An exam is the last look at records before they are posted.
type exam struct {
	*batch
	first bool // of the batch: what lies in the bin by now isn't its doing
}

// examine decides, right before records are posted, which of them may go: no hold keeps them,
// their roots are as they were planned, their copies are equal, and nothing hangs on them that
// the plan doesn't take along. In the
// first look at a batch it also notes what lies in the bin.
func (x *exam) examine(ctx context.Context, entries []*entry) error {
	if err := x.examineRoots(ctx, entries); err != nil {
		return err
	}
	if err := x.examineCopies(ctx, standing(entries)); err != nil {
		return err
	}
	if err := x.examineEscort(ctx); err != nil {
		return err
	}
	if err := x.examineFiles(ctx, standing(entries)); err != nil {
		return err
	}
	return x.examineChildren(ctx, standing(entries))
}

// standing are the entries that didn't end.
func standing(entries []*entry) []*entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e *entry) bool { return e.ruling.fate == fateEnded })
}

func (x *exam) examineRoots(ctx context.Context, entries []*entry) error {
	var roots []string
	for _, e := range entries {
		roots = append(roots, e.record.Root)
	}
	slices.Sort(roots)
	kept, err := x.warden.roots(ctx, slices.Compact(roots))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if rule, is := kept[e.record.Root]; is {
			e.ruling = rule
		}
	}
	return nil
}

func (x *exam) examineCopies(ctx context.Context, entries []*entry) error {
	if len(entries) == 0 {
		return nil
	}
	verdicts, err := x.verdicts(ctx, x.held[x.object], idsOf(entries), archive.Live)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		e := entries[i]
		e.ruling = ruleLive(v, e.record.Stamp, x.ours(v.Stamp, v.Author))
		if e.ruling.fate == fateOpen {
			e.line.Stamp, e.line.Digest, e.bodies = v.Stamp, v.Digest, v.Bodies
		}
	}
	return nil
}

// examineChildren keeps records on which something hangs that isn't deleted already: it came
// after the plan, or the plan kept it.
func (x *exam) examineChildren(ctx context.Context, entries []*entry) error {
	if len(entries) == 0 {
		return nil
	}
	relations, err := x.relations(ctx, x.object)
	if err != nil {
		return err
	}
	asker := hanging.Asker{Org: x.Org, Relations: relations, Describe: x.known.describe, Before: x.spare}
	var some []hanging.Child
	flush := func() error {
		err := x.judgeChildren(ctx, some)
		some = some[:0]
		return err
	}
	err = asker.Each(ctx, idsOf(entries), func(c hanging.Child) error {
		if len(some) > 0 && (len(some) == archive.BatchAtMost || some[0].Object != c.Object) {
			if err := flush(); err != nil {
				return err
			}
		}
		some = append(some, c)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// judgeChildren decides by some children, all of one object.
func (x *exam) judgeChildren(ctx context.Context, some []hanging.Child) error {
	if len(some) == 0 {
		return nil
	}
	lines, err := x.childLines(ctx, some)
	if err != nil {
		return err
	}
	for _, c := range some {
		line, planned := lines[c.ID]
		if c.Binned {
			if x.first && !(planned && line.State == archived.Deleted) {
				x.binned[c.ID] = true
			}
			continue
		}
		if e := x.byID[c.Parent]; e != nil && e.ruling.fate != fateEnded {
			x.judgeChild(e, c, line, planned)
		}
	}
	return nil
}

// childLines gives the lines that the plan has of some children, all of one object.
func (b *batch) childLines(ctx context.Context, some []hanging.Child) (map[string]archived.Line, error) {
	var ids []string
	for _, c := range some {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return b.linesOf(ctx, some[0].Object, slices.Compact(ids))
}

// judgeChild decides on a record by a living one that hangs on it.
func (x *exam) judgeChild(e *entry, c hanging.Child, line archived.Line, planned bool) {
	going := planned && !line.State.Ended()
	where := c.Object + "." + c.Field
	switch {
	case going && x.takes(c.ID):
	case c.Effect == closure.Empties && x.paper.clears[clearOf(c.Object, c.ID, c.Field)]:
	case c.Effect == closure.Empties && going && x.force:
	case c.Effect == closure.Empties && going:
		e.ruling = ruling{fate: fateDeferred}
	case c.Effect == closure.Empties && planned:
		e.ruling = ruling{fateEnded, archived.Changed, "a record that is kept refers to it by " + where}
	case c.Effect == closure.Empties:
		e.ruling = ruling{fateEnded, archived.Changed, "a record refers to it by " + where +
			", which the plan doesn't know of"}
	case planned: // also what goes along with a record that was kept: a link with its document
		e.ruling = ruling{fateEnded, archived.Changed, "a record below it was kept, by " + where}
	default:
		e.ruling = ruling{fateEnded, archived.Changed, "a record hangs on it by " + where +
			", which the plan doesn't know of"}
	}
}

// relatives are the objects whose records may go when those of the batch do: those of the plan,
// and those that hang on them.
func (b *batch) relatives(ctx context.Context) (names []string, fields map[string][]string, err error) {
	relations, err := b.relations(ctx, b.object)
	if err != nil {
		return nil, nil, err
	}
	fields = map[string][]string{}
	add := func(object string) {
		if !slices.ContainsFunc(names, func(n string) bool { return sameObject(n, object) }) {
			names = append(names, object)
		}
	}
	for _, object := range b.paper.going(-1) {
		add(object)
	}
	for _, r := range relations {
		add(r.Object)
		fields[r.Object] = append(fields[r.Object], r.Field)
	}
	if len(names) == 0 {
		err = plan.Failf(plan.Bug, "", "a plan without objects")
	}
	return names, fields, err
}
