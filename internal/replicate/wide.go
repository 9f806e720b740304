package replicate

import (
	"cmp"
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
	always, others := apart(p.Columns)
	if len(others) == 0 {
		return []control.Part{p}
	}
	fits := func(n int) bool {
		one, ok := selecting(p, append(slices.Clone(always), others[:n]...))
		return ok && len(url.QueryEscape(one.SOQL)) <= uriLimit
	}
	var groups []control.Part
	for len(others) > 0 {
		n := 1
		for n < len(others) && fits(n+1) {
			n++
		}
		one, ok := selecting(p, append(slices.Clone(always), others[:n]...))
		if !ok {
			return []control.Part{p}
		}
		if others = others[n:]; len(groups) > 0 {
			taken++
			one = following(p, one, fmt.Sprintf("%s-columns-%d", p.Name, taken))
		}
		groups = append(groups, one)
	}
	return groups
}

// beside takes the fields out of a part that Bulk can't carry: another part
// reads them by REST, and patches the rows that the first one makes.
func beside(p control.Part, byREST func(field string) bool) []control.Part {
	bulk := slices.DeleteFunc(slices.Clone(p.Columns), byREST)
	if len(bulk) == len(p.Columns) {
		return []control.Part{p}
	}
	always, _ := apart(bulk)
	rest := slices.DeleteFunc(slices.Clone(p.Columns), func(c string) bool { return !byREST(c) })
	first, ok := selecting(p, bulk)
	further, also := selecting(p, append(always, rest...))
	if !ok || !also {
		return []control.Part{p}
	}
	further = following(p, further, p.Name+"-by-rest")
	further.Mover = "rest"
	return []control.Part{first, further}
}

// selecting is p with other columns.
func selecting(p control.Part, columns []string) (control.Part, bool) {
	before, after, found := strings.Cut(p.SOQL, strings.Join(p.Columns, ", "))
	p.SOQL, p.Columns = before+strings.Join(columns, ", ")+after, columns
	return p, found
}

// following makes one a part that completes what p reads.
func following(p, one control.Part, name string) control.Part {
	one.Name, one.Follows, one.Op = name, cmp.Or(p.Follows, p.Name), string(warehouse.Patch)
	one.Job, one.Jobs = nil, 0
	return one
}

// divide puts the groups of a part that one query can't read into the attempt.
func (v *visit) divide(p *control.Part) *control.Part {
	groups := []control.Part{*p}
	switch {
	case p.Mover == "bulk" && inBulk(v.source, p.Columns):
		groups = beside(*p, v.source.ByREST)
	case p.Mover == "bulk":
		groups[0].Mover = "rest"
	}
	if groups[0].Mover == "rest" {
		groups = divide(groups[0], len(v.attempt.Parts))
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
	columns := allColumns(*a)
	a.Parts = append(a.Parts, control.Part{Name: rereadName, Op: string(warehouse.Put), Mover: "rest", Override: true, Columns: columns,
		IDs: slices.Compact(slices.Sorted(slices.Values(torn))), SOQL: queryFor(v.source.Object.Name, columns, "", "", a.From)})
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
