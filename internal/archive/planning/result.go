package planning

import (
	"cmp"
	"slices"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/forecast"
	"catchment/internal/archive/manifest"
	"catchment/internal/body"
)

// A result is what was found and decided, as a plan lists it.
type result struct {
	graph   *closure.Graph
	decided Decisions
	live    map[string]int64 // records that the org has of an object
	content map[int]int64    // lengths of texts, of records that take what they say
}

// going lists the records that go in order of their Ids, by their objects' places.
func (r *result) going() [][]int {
	going := make([][]int, len(r.graph.Objects))
	for n, node := range r.graph.Nodes {
		if r.decided.Fates[n] == manifest.In {
			going[node.Object] = append(going[node.Object], n)
		}
	}
	for _, nodes := range going {
		slices.SortFunc(nodes, func(a, b int) int { return cmp.Compare(r.graph.Nodes[a].ID, r.graph.Nodes[b].ID) })
	}
	return going
}

// of lists the Ids of an object's records that go.
func (r *result) of(object string, going [][]int) []string {
	for at, o := range r.graph.Objects {
		if o.Name == object {
			return r.graph.IDs(going[at])
		}
	}
	return nil
}

// objects says what the plan does to each object at each level, in the order of a plan.
func (r *result) objects() []manifest.Object {
	type place struct{ object, level int }
	lines := map[place]*manifest.Object{}
	content := map[place]int64{}
	for n, node := range r.graph.Nodes {
		o := r.graph.Objects[node.Object]
		if !o.Copied {
			continue
		}
		at := place{node.Object, node.Level}
		line := lines[at]
		if line == nil {
			line = &manifest.Object{Type: manifest.TypeObject, Object: o.Name, Level: node.Level, Prefix: o.KeyPrefix,
				Live: r.live[o.Name]}
			lines[at] = line
		}
		switch r.decided.Fates[n] {
		case manifest.In:
			line.In++
			line.Files += node.Size
			content[at] += r.content[n]
		case manifest.Held:
			line.Held++
		default:
			line.Blocked++
		}
	}
	var all []manifest.Object
	for at, line := range lines {
		line.Bytes = forecast.Bytes(line.Object, line.In, content[at])
		all = append(all, *line)
	}
	sortObjects(all)
	return all
}

// end adds up what the plan does.
func (r *result) end(objects []manifest.Object, binned, perDay int64) manifest.End {
	end := manifest.End{Type: manifest.TypeEnd, Clears: int64(len(r.clears()))}
	along := map[string]int64{}
	for n, node := range r.graph.Nodes {
		if r.decided.Fates[n] != manifest.In {
			continue
		}
		if node.Root {
			end.Roots++
		}
		if node.Along {
			along[r.graph.Of(n).Name]++
		}
	}
	var groups []forecast.Group
	var deletes int64
	for _, o := range objects {
		end.In, end.Held, end.Blocked = end.In+o.In, end.Held+o.Held, end.Blocked+o.Blocked
		end.Bytes, end.Files = end.Bytes+o.Bytes, end.Files+o.Files
		g := forecast.Group{Records: o.In, Along: along[o.Object] > 0}
		if of, isFile := body.Of(o.Object); isFile && of.Checksum == "" {
			g.Bodies = o.In // the others are held against the checksum that a query gives
		}
		if !g.Along {
			deletes += o.In
		}
		groups = append(groups, g)
	}
	end.Calls = forecast.Calls(groups)
	end.Days = forecast.Days(deletes, perDay)
	end.Bin = forecast.Bin(binned, end.In, perDay)
	return end
}

// order is the places of the graph's records as a plan lists them: deepest level first, then by object and Id.
func (r *result) order() []int {
	var all []int
	for n := range r.graph.Nodes {
		if r.graph.Of(n).Copied {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b int) int {
		x, y := r.graph.Nodes[a], r.graph.Nodes[b]
		return cmp.Or(cmp.Compare(y.Level, x.Level), cmp.Compare(r.graph.Of(a).Name, r.graph.Of(b).Name),
			cmp.Compare(x.ID, y.ID))
	})
	return all
}

// A way is the record that takes another along, and the field that leads there.
type way struct {
	parent int
	field  string
}

// parents picks, for each record, who takes it along: of those that go with it the deepest.
func (r *result) parents() map[int]way {
	by := map[int]way{}
	rank := func(n, child int) (bool, int, string) {
		node := r.graph.Nodes[n]
		return r.decided.Fates[n] == r.decided.Fates[child], node.Level, node.ID
	}
	for _, w := range r.graph.Ways {
		field := r.graph.Relations[w.Relation].Field
		old, there := by[w.Child]
		if !there {
			by[w.Child] = way{w.Parent, field}
			continue
		}
		same, level, id := rank(w.Parent, w.Child)
		sameOld, levelOld, idOld := rank(old.parent, w.Child)
		deeper := cmp.Or(cmp.Compare(level, levelOld), cmp.Compare(idOld, id), cmp.Compare(old.field, field)) > 0
		if same && !sameOld || same == sameOld && deeper {
			by[w.Child] = way{w.Parent, field}
		}
	}
	return by
}

// record is the line of one record.
func (r *result) record(n int, by map[int]way) manifest.Record {
	node := r.graph.Nodes[n]
	line := manifest.Record{
		Type: manifest.TypeRecord, Object: r.graph.Of(n).Name, ID: node.ID, Level: node.Level, Stamp: node.Stamp,
		Size: node.Size, Along: node.Along, Fate: r.decided.Fates[n], Reason: r.decided.Reasons[n],
	}
	if root := r.decided.Roots[n]; root >= 0 {
		line.Root = r.graph.Nodes[root].ID
	}
	if w, ok := by[n]; ok {
		line.Parent, line.By = r.graph.Nodes[r.taker(n, by)].ID, w.field
	}
	return line
}

// taker is the record whose delete takes another along: where that only goes along itself, the one above.
func (r *result) taker(n int, by map[int]way) int {
	taker := by[n].parent
	for range len(r.graph.Nodes) { // a circle ends, too
		up, ok := by[taker]
		if !ok || !r.graph.Nodes[n].Along || !r.graph.Nodes[taker].Along {
			break
		}
		taker = up.parent
	}
	return taker
}

// clears lists the lookups that Salesforce would empty, of records that stay.
func (r *result) clears() []manifest.Clear {
	var all []manifest.Clear
	for _, l := range r.graph.Loose {
		child, there := r.graph.Find(l.ID)
		stays := !there || r.decided.Fates[child] != manifest.In
		if r.decided.Fates[l.Parent] != manifest.In || !stays {
			continue
		}
		by := r.graph.Relations[l.Relation]
		all = append(all, manifest.Clear{Type: manifest.TypeClear, Object: by.Child, ID: l.ID, Field: by.Field,
			Value: r.graph.Nodes[l.Parent].ID})
	}
	slices.SortFunc(all, func(a, b manifest.Clear) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Field, b.Field))
	})
	return all
}

// sortObjects puts lines into the order of a plan.
func sortObjects(all []manifest.Object) {
	slices.SortFunc(all, func(a, b manifest.Object) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.Object, b.Object))
	})
}
