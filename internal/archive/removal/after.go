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

// close proves from the bin what was deleted, brings back what shouldn't have gone, and settles
// the batch.
func (b *batch) close(ctx context.Context) error {
	if err := b.proveBinned(ctx); err != nil {
		return err
	}
	strays, err := b.strays(ctx)
	if err != nil {
		return err
	}
	if err := b.bringBack(ctx, strays); err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	for _, e := range b.entries {
		if e.ruling.reason == whyUnbound {
			return plan.Fixf("delete the others by hand, or plan anew without "+b.object+"; what was deleted has its copy",
				"records of %s don't go to the recycle bin: they can't be proven there, nor brought back", b.object)
		}
	}
	for _, s := range strays {
		if s.parent == "" {
			return plan.Fixf("look at the triggers and flows of the org that run when a "+b.object+" is deleted; they are "+
				"brought back, but each batch would take others", "%s outside the plan went with a batch of %s",
				s.Object, b.object)
		}
	}
	return nil
}

// proveBinned proves from the bin what was deleted.
func (b *batch) proveBinned(ctx context.Context) error {
	gone := b.with(fateGone)
	if len(gone) == 0 {
		return nil
	}
	verdicts, err := b.verdicts(ctx, b.held, idsOf(gone), archive.Bin)
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

// A stray is a record outside the plan that went with a batch.
type stray struct {
	journal.Outside
	parent string // the record of the batch that took it along, "" where none is known
}

// strays finds what went with the batch and isn't of the plan: what hung on its records, and
// what the org's own code deleted in the user's name since the batch began.
func (b *batch) strays(ctx context.Context) (all []stray, err error) {
	if len(b.deleted()) == 0 {
		return nil, nil
	}
	if all, err = b.straysBelow(ctx); err != nil {
		return nil, err
	}
	names, fields, err := b.relatives(ctx)
	if err != nil {
		return nil, err
	}
	objects, err := b.known.describeEach(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		more, err := b.straysOf(ctx, object, fields[object.Name])
		if err != nil {
			return nil, err
		}
		for _, s := range more {
			if !slices.ContainsFunc(all, func(o stray) bool { return o.ID == s.ID }) {
				all = append(all, s)
			}
		}
	}
	return all, nil
}

// deleted are the records of the batch that are out of the org now.
func (b *batch) deleted() (some []*entry) {
	for _, e := range b.entries {
		if e.ruling.state == archived.Deleted || e.ruling.state == archived.Changed && e.ruling.reason != whyRevived {
			some = append(some, e)
		}
	}
	return some
}

// straysBelow finds what hung on the batch's records and went along. What was in the bin before
// isn't meant.
func (b *batch) straysBelow(ctx context.Context) (all []stray, err error) {
	relations, err := b.relations(ctx, b.object)
	if err != nil {
		return nil, err
	}
	asker := hanging.Asker{Org: b.Org, Relations: relations, Describe: b.known.describe, Before: b.spare}
	var some []hanging.Child
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		lines, err := b.childLines(ctx, some)
		for _, c := range some {
			if line, planned := lines[c.ID]; !planned || line.State != archived.Deleted && line.State != archived.Posted {
				all = append(all, stray{journal.Outside{Object: c.Object, ID: c.ID,
					Reason: "it went along by " + c.Field}, c.Parent})
			}
		}
		some = some[:0]
		return err
	}
	err = asker.Each(ctx, idsOf(b.deleted()), func(c hanging.Child) error {
		if !c.Binned || b.binned[c.ID] {
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

// straysOf finds what of an object was deleted in the user's name since the batch began.
func (b *batch) straysOf(ctx context.Context, object schema.Object, fields []string) (all []stray, err error) {
	for _, needed := range []string{"IsDeleted", "SystemModstamp", "LastModifiedById"} {
		if _, has := object.Field(needed); !has {
			return nil, nil
		}
	}
	q := soql.Select{Fields: append([]string{"Id"}, fields...), From: object.Name, Where: []soql.Condition{
		"IsDeleted = true", soql.Since("SystemModstamp", b.begun), soql.In("LastModifiedById", []string{b.user})}}
	var found []hanging.Child
	for record, err := range b.Org.Query(ctx, q.String(), true) {
		if err != nil {
			return nil, fmt.Errorf("look what went with a batch, %s: %w", object.Name, err)
		}
		child := hanging.Child{Relation: hanging.Relation{Object: object.Name}}
		if child.ID, err = record.Text("Id"); err != nil {
			return nil, err
		}
		if b.byID[child.ID] != nil || b.binned[child.ID] {
			continue
		}
		for _, field := range fields {
			parent, err := record.Text(field)
			if err != nil {
				return nil, err
			}
			if b.byID[parent] != nil {
				child.Parent, child.Field = parent, field
			}
		}
		found = append(found, child)
	}
	for some := range slices.Chunk(found, archive.BatchAtMost) {
		lines, err := b.childLines(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			if line, planned := lines[c.ID]; planned && line.State == archived.Deleted {
				continue
			}
			reason := "the org's own code deleted it"
			if c.Parent != "" {
				reason += ", by " + c.Field
			}
			all = append(all, stray{journal.Outside{Object: c.Object, ID: c.ID, Reason: reason}, c.Parent})
		}
	}
	return all, nil
}
