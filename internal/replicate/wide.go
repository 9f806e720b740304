package replicate

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"catchment/internal/control"
	"catchment/internal/warehouse"
)

// uriLimit is how long a query may be once it is written into a URI: Salesforce
// takes 16,384 bytes, headers included.
const uriLimit = 14_000

// divide splits a part that is too wide for one URI into groups of columns. The
// first stays what it was; the others patch the rows that it makes. All of them
// read the same records, so what changes between two of them is torn: reread
// mends that.
func divide(p control.Part, taken int) []control.Part {
	if len(p.IDs) > 0 || len(url.QueryEscape(p.SOQL)) <= uriLimit {
		return []control.Part{p}
	}
	list := strings.Join(p.Columns, ", ")
	before, after, found := strings.Cut(p.SOQL, list)
	if !found {
		return []control.Part{p}
	}
	always, others := apart(p.Columns)
	var groups []control.Part
	for len(others) > 0 {
		one := p
		n := 1
		soql := func(n int) string {
			return before + strings.Join(append(slices.Clone(always), others[:n]...), ", ") + after
		}
		for n < len(others) && len(url.QueryEscape(soql(n+1))) <= uriLimit {
			n++
		}
		one.Columns, one.SOQL = append(slices.Clone(always), others[:n]...), soql(n)
		if others = others[n:]; len(groups) > 0 {
			taken++
			one.Name, one.Follows, one.Op = fmt.Sprintf("%s-columns-%d", p.Name, taken), p.Name, string(warehouse.Patch)
			one.Job, one.Jobs = nil, 0
		}
		groups = append(groups, one)
	}
	return groups
}

// divide puts the groups of a part that is read by REST into the attempt.
func (v *visit) divide(p *control.Part) *control.Part {
	groups := divide(*p, len(v.attempt.Parts))
	if len(groups) == 1 {
		return p
	}
	name := p.Name
	*p = groups[0]
	v.attempt.Parts = append(v.attempt.Parts, groups[1:]...)
	v.note("object %s is too wide for one query: it is read in %d groups of columns", v.source.object.Name, len(groups))
	return v.attempt.Part(name)
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
		keys, err := r.Warehouse.Torn(ctx, v.source.table, a.ID, first, further)
		if err != nil {
			return false, err
		}
		torn = append(torn, keys...)
	}
	if len(torn) == 0 {
		return false, nil
	}
	columns := allColumns(*a)
	a.Parts = append(a.Parts, control.Part{Name: rereadName, Op: string(warehouse.Put), Mover: "rest", Override: true, Columns: columns,
		IDs: slices.Compact(slices.Sorted(slices.Values(torn))), SOQL: queryFor(v.source.object.Name, columns, "", "", a.From)})
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
		for _, c := range p.Columns {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}
