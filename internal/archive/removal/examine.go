package removal

import (
	"context"
	"slices"
	"strings"

	"catchment/internal/archive"
	"catchment/internal/archive/removal/hanging"
	"catchment/internal/plan"
	"catchment/internal/warehouse/archived"
)

// examine decides, right before records are posted, which of them may go: no hold keeps them,
// their roots are as they were planned, their copies are equal, and nothing hangs on them that
// the plan doesn't take along. In the first look at a batch it also notes what lies in the bin.
func (b *batch) examine(ctx context.Context, entries []*entry, first bool) error {
	if err := b.examineRoots(ctx, entries); err != nil {
		return err
	}
	if err := b.examineCopies(ctx, standing(entries)); err != nil {
		return err
	}
	return b.examineChildren(ctx, standing(entries), first)
}

// standing are the entries that didn't end.
func standing(entries []*entry) []*entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e *entry) bool { return e.ruling.fate == fateEnded })
}

func (b *batch) examineRoots(ctx context.Context, entries []*entry) error {
	var roots []string
	for _, e := range entries {
		roots = append(roots, e.record.Root)
	}
	slices.Sort(roots)
	kept, err := b.roots(ctx, slices.Compact(roots))
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

func (b *batch) examineCopies(ctx context.Context, entries []*entry) error {
	if len(entries) == 0 {
		return nil
	}
	verdicts, err := b.verdicts(ctx, b.held, idsOf(entries), archive.Live)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		e := entries[i]
		e.ruling = ruleLive(v, e.record.Stamp, b.ours(v.Stamp, v.Author))
		if e.ruling.fate == fateOpen {
			e.line.Stamp, e.line.Digest, e.bodies = v.Stamp, v.Digest, v.Bodies
		}
	}
	return nil
}

// examineChildren keeps records on which something hangs that isn't deleted already: it came
// after the plan, or the plan kept it.
func (b *batch) examineChildren(ctx context.Context, entries []*entry, first bool) error {
	if len(entries) == 0 {
		return nil
	}
	relations, err := b.relations(ctx, b.object)
	if err != nil {
		return err
	}
	asker := hanging.Asker{Org: b.Org, Relations: relations, Describe: b.known.describe, Before: b.spare}
	var some []hanging.Child
	flush := func() error {
		err := b.judgeChildren(ctx, some, first)
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
func (b *batch) judgeChildren(ctx context.Context, some []hanging.Child, first bool) error {
	if len(some) == 0 {
		return nil
	}
	lines, err := b.childLines(ctx, some)
	if err != nil {
		return err
	}
	for _, c := range some {
		line, planned := lines[c.ID]
		if c.Binned {
			if first && !(planned && line.State == archived.Deleted) {
				b.binned[c.ID] = true
			}
			continue
		}
		if e := b.byID[c.Parent]; e != nil && e.ruling.fate != fateEnded {
			b.judgeChild(e, c, line, planned)
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
	all, err := b.ledger.Lookup(ctx, b.paper.name, some[0].Object, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	lines := map[string]archived.Line{}
	for _, l := range all {
		lines[l.ID] = l
	}
	return lines, nil
}

// judgeChild decides on a record by a living one that hangs on it.
func (b *batch) judgeChild(e *entry, c hanging.Child, line archived.Line, planned bool) {
	going := planned && !line.State.Ended()
	where := c.Object + "." + c.Field
	switch {
	case c.Clears && b.paper.clears[clearKey(c.Object, c.ID, c.Field)]:
	case c.Clears && going && b.force:
	case c.Clears && going:
		e.ruling = ruling{fate: fateDeferred}
	case c.Clears && planned:
		e.ruling = ruling{fateEnded, archived.Changed, "a record that is kept refers to it by " + where}
	case c.Clears:
		e.ruling = ruling{fateEnded, archived.Changed, "a record refers to it by " + where +
			", which the plan doesn't know of"}
	case planned:
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
		if strings.EqualFold(object, version) || strings.EqualFold(object, link) {
			return // they go with their document
		}
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, object) }) {
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
