package removal

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/archive"
	"catchment/internal/archive/removal/hanging"
	"catchment/internal/archive/removal/journal"
	"catchment/internal/plan"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
	"catchment/internal/warehouse/archived"
)

// An aftermath is what has to be done once a batch was posted.
type aftermath struct{ *batch }

// close proves from the bin what was deleted, brings back what shouldn't have gone, and settles
// the batch.
func (a *aftermath) close(ctx context.Context) error {
	if err := a.proveBinned(ctx); err != nil {
		return err
	}
	if err := a.proveEscort(ctx); err != nil {
		return err
	}
	strays, err := a.strays(ctx)
	if err != nil {
		return err
	}
	if err := a.bringBack(ctx, strays); err != nil {
		return err
	}
	if err := a.settleEscort(ctx); err != nil {
		return err
	}
	if err := a.settle(ctx); err != nil {
		return err
	}
	for _, e := range a.entries {
		if e.ruling.reason == whyUnbound {
			return plan.Fixf("delete the others by hand, or plan anew without "+a.object+
				"; what was deleted has its copy", "records of %s don't go to the recycle bin: they can't be proven "+
				"there, nor brought back", a.object)
		}
	}
	for _, s := range a.backs {
		if s.Parent == "" && !s.Own {
			return plan.Fixf("look at the triggers and flows of the org that run when a "+a.object+
				" is deleted; what they took is brought back, but each batch would take more",
				"records of %s outside the plan went with a batch of %s", s.Object, a.object)
		}
	}
	return nil
}

// proveBinned proves from the bin what was deleted.
func (a *aftermath) proveBinned(ctx context.Context) error {
	gone := a.with(fateGone)
	if len(gone) == 0 {
		return nil
	}
	verdicts, err := a.verdicts(ctx, a.held[a.object], idsOf(gone), archive.Bin)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		gone[i].ruling = ruleBin(v)
		if len(gone[i].bodies) == 0 {
			gone[i].bodies = v.Bodies
		}
	}
	return nil
}

// strays finds what else went with the batch and isn't of the plan: what hung on its records, and
// what the org's own code deleted in the user's name since the batch began.
func (a *aftermath) strays(ctx context.Context) (all []journal.Back, err error) {
	if len(a.deleted()) == 0 {
		return nil, nil
	}
	if all, err = a.straysBelow(ctx); err != nil {
		return nil, err
	}
	names, fields, err := a.relatives(ctx)
	if err != nil {
		return nil, err
	}
	objects, err := a.known.describeEach(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		more, err := a.straysOf(ctx, object, fields[object.Name])
		if err != nil {
			return nil, err
		}
		for _, s := range more {
			if !slices.ContainsFunc(all, func(o journal.Back) bool { return o.ID == s.ID }) {
				all = append(all, s)
			}
		}
	}
	return all, nil
}

// deleted are the records of the batch that are out of the org now.
func (a *aftermath) deleted() (some []*entry) {
	for _, e := range a.entries {
		if e.ruling.state == archived.Deleted || e.ruling.state == archived.Changed && e.ruling.reason != whyRevived {
			some = append(some, e)
		}
	}
	return some
}

// straysBelow finds what hung on the batch's records and went along. What was in the bin before
// isn't meant.
func (a *aftermath) straysBelow(ctx context.Context) (all []journal.Back, err error) {
	relations, err := a.relations(ctx, a.object)
	if err != nil {
		return nil, err
	}
	asker := hanging.Asker{Org: a.Org, Relations: relations, Describe: a.known.describe, Before: a.spare}
	var some []hanging.Child
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		strayed, err := a.strayed(ctx, some)
		for _, c := range some {
			if why, has := strayed[c.ID]; has {
				all = append(all, journal.Back{Object: c.Object, ID: c.ID, Parent: c.Parent,
					Reason: why + "it went along by " + c.Field})
			}
		}
		some = some[:0]
		return err
	}
	err = asker.Each(ctx, idsOf(a.deleted()), func(c hanging.Child) error {
		if !c.Binned || a.binned[c.ID] {
			return nil
		}
		if len(some) > 0 && (len(some) == archive.BatchAtMost || some[0].Object != c.Object) {
			if err := flush(); err != nil {
				return err
			}
		}
		some = append(some, c)
		return nil
	})
	if err == nil {
		err = flush()
	}
	return all, err
}

// strayed tells which of some records in the bin, all of one object, weren't to go by the plan, and what has to be
// said of each before how it went.
func (a *aftermath) strayed(ctx context.Context, some []hanging.Child) (map[string]string, error) {
	lines, err := a.childLines(ctx, some)
	if err != nil {
		return nil, err
	}
	twice, err := a.wentTwice(ctx, some, lines)
	if err != nil {
		return nil, err
	}
	why := map[string]string{}
	for _, c := range some {
		line, planned := lines[c.ID]
		switch {
		case !planned || !a.goes(line):
			why[c.ID] = ""
		case twice[c.ID]:
			why[c.ID] = whyTwice
		}
	}
	return why, nil
}

// goes tells whether the plan has it that a record is deleted by now.
func (a *aftermath) goes(l archived.Line) bool {
	return l.State == archived.Deleted || l.State == archived.Posted ||
		l.State == archived.Proven && a.paper.goesAlong(l.Object)
}

// ofOthers tells which records, all of one object, other plans delete: those go at the same time
// and in the same user's name.
func (a *aftermath) ofOthers(ctx context.Context, some []hanging.Child) (map[string]bool, error) {
	plans, err := a.ledger.Plans(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range some {
		ids = append(ids, c.ID)
	}
	others := map[string]bool{}
	for _, name := range plans {
		if name == a.paper.name {
			continue
		}
		lines, err := a.ledger.Lookup(ctx, name, some[0].Object, ids)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			if l.State == archived.Posted || l.State == archived.Deleted {
				others[l.ID] = true
			}
		}
	}
	return others, nil
}

// straysOf finds what of an object was deleted in the user's name since the batch began.
func (a *aftermath) straysOf(
	ctx context.Context, object schema.Object, fields []string,
) (all []journal.Back, err error) {
	for _, needed := range []string{"IsDeleted", "SystemModstamp", "LastModifiedById"} {
		if _, has := object.Field(needed); !has {
			return nil, nil
		}
	}
	q := soql.Select{Fields: append([]string{"Id"}, fields...), From: object.Name, Where: []soql.Condition{
		"IsDeleted = true", soql.Since("SystemModstamp", a.begun), soql.In("LastModifiedById", []string{a.user})}}
	var found []hanging.Child
	for record, err := range a.Org.Query(ctx, q.String(), true) {
		if err != nil {
			return nil, fmt.Errorf("look what went with a batch, %s: %w", object.Name, err)
		}
		child := hanging.Child{Relation: hanging.Relation{Object: object.Name}, Stamp: a.begun} // or later
		if child.ID, err = record.Text("Id"); err != nil {
			return nil, err
		}
		if a.byID[child.ID] != nil || a.binned[child.ID] {
			continue
		}
		for _, field := range fields {
			parent, err := record.Text(field)
			if err != nil {
				return nil, err
			}
			if a.byID[parent] != nil {
				child.Parent, child.Field = parent, field
			}
		}
		found = append(found, child)
	}
	for some := range slices.Chunk(found, archive.BatchAtMost) {
		strayed, err := a.strayed(ctx, some)
		if err != nil {
			return nil, err
		}
		others, err := a.ofOthers(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			why, has := strayed[c.ID]
			if !has || others[c.ID] {
				continue
			}
			reason := why + "the org's own code deleted it"
			if c.Parent != "" {
				reason += ", by " + c.Field
			}
			all = append(all, journal.Back{Object: c.Object, ID: c.ID, Parent: c.Parent, Reason: reason})
		}
	}
	return all, nil
}
