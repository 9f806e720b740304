package project

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/schema"
	"catchment/internal/warehouse/shape"
)

// Flows meets the configuration with the org, and keeps those that were named.
func (p *Project) Flows(ctx context.Context, names []string) ([]flow.Flow, error) {
	if p.Objects == nil {
		var err error
		if p.Objects, err = p.Org.Objects(ctx); err != nil {
			return nil, err
		}
	}
	file, err := p.flowFile(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := p.rows(ctx)
	if err != nil {
		return nil, err
	}
	all, err := flow.Resolve(file, p.Objects, copied(rows)...)
	withhold(all, rows)
	if err == nil {
		err = oneTableEach(p.File.Name, all)
	}
	if err == nil && !p.Org.Has(platform.BulkQueries) {
		err = noneByBulk(p.File.Name, p.Org.Version(), all)
	}
	if err != nil || len(names) == 0 && len(p.Without) == 0 {
		return all, err
	}
	at, err := Choose(all, names)
	if err != nil {
		return nil, err
	}
	var out []int
	if len(p.Without) > 0 {
		if out, err = Choose(all, p.Without); err != nil {
			return nil, err
		}
	}
	var chosen []flow.Flow
	for _, place := range at {
		if !slices.Contains(out, place) {
			chosen = append(chosen, all[place])
		}
	}
	if len(chosen) == 0 {
		return nil, plan.Fixf("leave out fewer of them, with --exclude", "no flow is left of %s",
			strings.Join(FlowNames(all), ", "))
	}
	return chosen, nil
}

// Choose finds the flows that were named, or match a pattern, by their places, each once; all
// where no name was given.
func Choose(flows []flow.Flow, names []string) (at []int, err error) {
	for i := range flows {
		if len(names) == 0 {
			at = append(at, i)
		}
	}
	for _, name := range names {
		found := called(flows, name)
		if len(found) == 0 {
			return nil, NoFlow(FlowNames(flows), name)
		}
		for _, i := range found {
			if !slices.Contains(at, i) { // named once is enough
				at = append(at, i)
			}
		}
	}
	return at, nil
}

// called finds the flow of a name, or those that a pattern matches.
func called(flows []flow.Flow, name string) (at []int) {
	i := slices.IndexFunc(flows, func(f flow.Flow) bool { return strings.EqualFold(f.Object, name) })
	if i >= 0 {
		return []int{i}
	}
	named := flow.Flow{Object: name}
	for i, f := range flows {
		if named.Pattern() && named.Matches(f.Object) {
			at = append(at, i)
		}
	}
	return at
}

// NoFlow says that no flow copies an object; known are those that one does.
func NoFlow(known []string, name string) error {
	return plan.Fixf("the flows are: "+strings.Join(known, ", "), "no flow copies an object %s", name)
}

// rows are what is remembered of flows, as far as the control table is open to tell.
func (p *Project) rows(ctx context.Context) ([]control.FlowRow, error) {
	if p.Control == nil {
		return nil, nil
	}
	return p.Control.Flows(ctx)
}

// copied is the objects that were copied before.
func copied(rows []control.FlowRow) []schema.Object {
	var all []schema.Object
	for _, row := range rows {
		if !row.Watermark.IsZero() {
			all = append(all, schema.Object{Name: row.Object, Label: row.Label, KeyPrefix: row.KeyPrefix})
		}
	}
	return all
}

// withhold tells the flows which fields Salesforce refused to read: no verb asks for them.
func withhold(flows []flow.Flow, rows []control.FlowRow) {
	for i := range flows {
		for _, row := range rows {
			if row.Object == flows[i].Object {
				flows[i].Withheld, _ = row.WithheldFields(time.Time{})
			}
		}
	}
}

// oneTableEach refuses flows whose objects would share a table: FooBar__c and
// Foo_Bar__c are both foo_bar__c in snake case. Of control rows it is the second one alone.
func oneTableEach(file string, flows []flow.Flow) error {
	taken := map[string]flow.Flow{}
	var clashes []string
	for i, f := range flows {
		if f.Wrong != nil && f.Row != "" { // it takes no table
			continue
		}
		name := shape.TableName(f.Object, f.Naming == flow.Snake)
		if other, ok := taken[name]; ok && f.Row != "" {
			flows[i].Wrong = plan.Fixf("give one of the two a template with `naming: lower`, or take its row out",
				"control row %s: %s and %s would share the table %s", f.Row, other.Object, f.Object, name)
			continue
		} else if ok {
			clashes = append(clashes, fmt.Sprintf("%s:%d: %s and %s would share the table %s", file, f.Line,
				other.Object, f.Object, name))
			continue
		}
		taken[name] = f
	}
	if len(clashes) == 0 {
		return nil
	}
	return plan.Fixf("give one of the two a flow with `naming: lower`, or leave it out", "%s",
		strings.Join(clashes, "\n"))
}

// noneByBulk refuses flows that ask for Bulk, in an API version that has no Bulk queries;
// of control rows each alone.
func noneByBulk(file, version string, flows []flow.Flow) error {
	var wrong []string
	for i, f := range flows {
		switch {
		case f.Mover != flow.Bulk || f.Wrong != nil:
		case f.Row != "":
			flows[i].Wrong = plan.Fixf(bulkSince(),
				"control row %s: %s has mover: bulk, and API version %s has no Bulk queries", f.Row, f.Object, version)
		default:
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s has mover: bulk, and API version %s has no Bulk queries",
				file, f.Line, f.Object, version))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return plan.Fixf(bulkSince(), "%s", strings.Join(wrong, "\n"))
}

func bulkSince() string {
	return "set org.api_version to " + platform.BulkQueries.Since() + " or later, or mover: auto"
}

// FlowNames are the objects of flows.
func FlowNames(flows []flow.Flow) []string {
	names := make([]string, len(flows))
	for i, f := range flows {
		names[i] = f.Object
	}
	return names
}
