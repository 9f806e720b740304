package replicate

import (
	"context"
	"slices"

	"catchment/internal/control"
	"catchment/internal/replicate/reading"
	"catchment/internal/warehouse"
)

// divide puts the groups of a part that one query can't read into the attempt.
func (v *visit) divide(p *control.Part) *control.Part {
	groups := []control.Part{*p}
	switch {
	case p.Mover == "bulk" && inBulk(v.source, p.Fields):
		groups = reading.Beside(*p, v.source.ByREST)
	case p.Mover == "bulk":
		groups[0].Mover = "rest"
	}
	if groups[0].Mover == "rest" {
		groups = reading.Groups(groups[0], len(v.attempt.Parts))
		if len(groups) > 1 {
			v.note("object %s is too wide for one query: it is read in %d groups of columns", v.source.Object.Name, len(groups))
		}
	}
	name := p.Name
	*p = groups[0]
	v.attempt.Parts = append(v.attempt.Parts, groups[1:]...)
	return v.attempt.Part(name)
}

// waits tells whether a part has to wait for the one that it completes: what
// REST reads beside Bulk is read as soon as Bulk is done, so that few records
// change between the two.
func (v *visit) waits(p *control.Part) (bool, error) {
	if p.Mover != "rest" {
		return false, nil
	}
	for _, first := range v.attempt.Reading(p.Follows) {
		done, err := isDone(first)
		if err != nil || first.Mover == "bulk" && !done {
			return true, err
		}
	}
	return false, nil
}

// completed tells whether further parts patched the rows that the main part
// made.
func completed(a control.Attempt) bool {
	return slices.ContainsFunc(a.Parts, func(p control.Part) bool {
		return p.Follows == control.Main && p.Op == string(warehouse.Patch)
	})
}

// rereadName is the part that reads torn records again, as a whole.
const rereadName = "reread"

// reread plans to read the records again that changed between two groups of
// columns, by their Ids: the fields stand in the body of that call. It tells
// whether there are any.
func (r *Replicator) reread(ctx context.Context, v *visit) (bool, error) {
	a := &v.attempt
	if a.Part(rereadName) != nil {
		return false, nil
	}
	first, err := jobsOf(a.Reading(control.Main))
	if err != nil || len(first) == 0 {
		return false, err
	}
	var torn []string
	for i := range a.Parts {
		p := &a.Parts[i]
		if p.Follows != control.Main || p.Planned() != p.Name {
			continue
		}
		further, err := jobsOf(a.Reading(p.Name))
		if err != nil {
			return false, err
		}
		if len(further) == 0 {
			continue
		}
		keys, err := r.Warehouse.Torn(ctx, v.source.Table, a.ID, first, further)
		if err != nil {
			return false, err
		}
		torn = append(torn, keys...)
	}
	if len(torn) == 0 {
		return false, nil
	}
	a.Parts = append(a.Parts, control.Part{
		Name: rereadName, Op: string(warehouse.Put), Mover: "rest", Override: true,
		Query: control.Query{
			Object: v.source.Object.Name, Fields: allColumns(*a), IDs: slices.Compact(slices.Sorted(slices.Values(torn))),
		},
	})
	return true, nil
}

// jobsOf names the jobs of some parts.
func jobsOf(parts []*control.Part) ([]string, error) {
	var ids []string
	for _, p := range parts {
		if len(p.Job) == 0 {
			continue
		}
		job, err := jobOf(p)
		if err != nil {
			return nil, err
		}
		ids = append(ids, job.ID)
	}
	return ids, nil
}

// allColumns is what the main part and the groups that follow it read together.
func allColumns(a control.Attempt) []string {
	var all []string
	for _, p := range a.Parts {
		if p.Planned() != control.Main && p.Follows != control.Main {
			continue
		}
		for _, c := range p.Fields {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}
