package planning

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"catchment/internal/archive/closure"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/schema"
)

// A hold is one of the policy's, with the Ids of its file.
type hold struct {
	policy.Hold
	ids map[string]bool
}

// why is what a hold says of a record.
func (h hold) why() string {
	if h.File != "" {
		return "the file " + h.File + " holds it"
	}
	return "it meets the hold " + h.Where
}

// readHolds reads the files of the policy's holds.
func (m *making) readHolds() ([]hold, error) {
	var all []hold
	for _, h := range m.policy.Hold {
		one := hold{Hold: h}
		if h.File != "" {
			text, err := m.ReadFile(h.File)
			if err != nil {
				return nil, plan.Fixf("have it there, one Id a line; or take it out of hold",
					"policy %s: the file of a hold can't be read: %w", m.policy.Name, err)
			}
			if one.ids, err = idsOf(h.File, string(text)); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// idsOf reads Ids, one a line. Empty lines, and those that begin with #, are passed over.
func idsOf(file, text string) (map[string]bool, error) {
	ids := map[string]bool{}
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, err := schema.ID18(line)
		if err != nil || !schema.IsName("x"+line) {
			return nil, plan.Fixf("write one Id of Salesforce, of 15 or 18 characters, on each line",
				"%s: line %d is no Id", file, i+1)
		}
		ids[id] = true
	}
	return ids, nil
}

// holdsOn tells whether a file of a hold names a record that may be one of an object. A history has no prefix,
// and is held with its record.
func (m *making) holdsOn(o schema.Object) bool {
	return slices.ContainsFunc(m.holds, func(h hold) bool {
		for id := range h.ids {
			if o.KeyPrefix != "" && strings.HasPrefix(id, o.KeyPrefix) {
				return true
			}
		}
		return false
	})
}

// hold finds what is held of some roots, and of what was added to the graph with them.
func (m *making) hold(ctx context.Context, o closure.Object, some []closure.Root, seen int) error {
	ids := map[string]bool{} // the conditions are about any record of the roots' object
	for _, root := range some {
		ids[root.ID] = true
	}
	for n := seen; n < len(m.graph.Nodes); n++ {
		if m.graph.Of(n).Name == o.Name {
			ids[m.graph.Nodes[n].ID] = true
		}
		if f := m.graph.Behind(n); f != nil { // a document that stays is held by what hangs on it
			m.holdBy(n, f.ID)
		}
		m.holdBy(n, m.graph.Nodes[n].ID)
	}
	return m.meeting(ctx, o, ids, func(id, why string) {
		if n, ok := m.graph.Find(id); ok && m.held[n] == "" {
			m.held[n] = why
		}
	})
}

// holdBy holds a record where a file names an Id.
func (m *making) holdBy(n int, id string) {
	for _, h := range m.holds {
		if h.ids[id] && m.held[n] == "" {
			m.held[n] = h.why()
		}
	}
}

// meeting tells of some records of the roots' object which meet the condition of a hold.
func (m *making) meeting(
	ctx context.Context, o closure.Object, ids map[string]bool, each func(id, why string),
) error {
	sorted := slices.Sorted(maps.Keys(ids))
	for _, h := range m.holds {
		if h.Where == "" {
			continue
		}
		finder := lookup.Finder{Org: m.Org, Object: o.Object, Where: h.Where}
		for record, err := range finder.Records(ctx, sorted, []string{"Id"}) {
			if err != nil {
				return fmt.Errorf("ask for what the hold %q keeps: %w", h.Where, err)
			}
			id, err := record.Text("Id")
			if err != nil {
				return err
			}
			each(id, h.why())
		}
	}
	return nil
}

// holdShared finds what would go along with a root and hangs on another record of the same object that is held,
// though the policy doesn't choose that.
func (m *making) holdShared(ctx context.Context, o closure.Object) error {
	if len(m.holds) == 0 {
		return nil
	}
	others, err := m.others(ctx, o)
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	for id, nodes := range others {
		ids[id] = true
		for _, h := range m.holds {
			if h.ids[id] {
				m.holdFor(nodes, id, h.why())
			}
		}
	}
	return m.meeting(ctx, o, ids, func(id, why string) { m.holdFor(others[id], id, why) })
}

// holdFor holds records for one that they hang on.
func (m *making) holdFor(nodes []int, id, why string) {
	for _, n := range nodes {
		if m.held[n] == "" {
			m.held[n] = "it goes with " + id + ", too: " + why
		}
	}
}

// others lists the records of the roots' object that aren't in the graph and would take some of it along, and
// which.
func (m *making) others(ctx context.Context, o closure.Object) (map[string][]int, error) {
	relations, err := m.reader.Takers(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	others := map[string][]int{}
	for _, relation := range relations {
		nodes, child := m.graph.Beside(relation)
		if len(nodes) == 0 {
			continue
		}
		finder := lookup.Finder{Org: m.Org, Object: child.Object, Where: relation.Field + " != null"}
		for record, err := range finder.Records(ctx, m.graph.IDs(nodes), []string{"Id", relation.Field}) {
			if err != nil {
				return nil, err
			}
			id, err := record.Text("Id")
			if err != nil {
				return nil, err
			}
			to, err := record.Text(relation.Field)
			if err != nil {
				return nil, err
			}
			n, asked := m.graph.Find(id)
			if _, there := m.graph.Find(to); asked && !there && strings.HasPrefix(to, o.KeyPrefix) {
				others[to] = append(others[to], n)
			}
		}
	}
	return others, nil
}
