package planning

import (
	"cmp"
	"fmt"
	"slices"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/manifest"
)

// A group is records that go together or not at all.
type group struct {
	first  string // Id of its first root; of its first record, where it is a document's
	nodes  []int
	needs  map[int]bool // of a document: the sets of all that it is linked to
	of     map[int]bool // the sets of documents that need it
	kept   verdict
	counts map[string]int64
	isFile bool
}

// group puts together what goes together.
func (d *decider) group() {
	g := d.Graph
	d.records = reached(g)
	d.sets = make([]int, len(g.Nodes))
	for n := range d.sets {
		d.sets[n] = n
	}
	for _, w := range g.Ways {
		if d.records[w.Parent] == d.records[w.Child] {
			d.unite(w.Parent, w.Child)
		}
	}
	for _, s := range g.Stands {
		if child, ok := g.Find(s.ID); ok && d.records[child] == d.records[s.Parent] {
			d.unite(child, s.Parent)
		}
	}
	d.groups = map[int]*group{}
	for n := range g.Nodes {
		set := d.set(n)
		one := d.groups[set]
		if one == nil {
			one = &group{needs: map[int]bool{}, of: map[int]bool{}, counts: map[string]int64{}, isFile: !d.records[n]}
			d.groups[set] = one
		}
		one.nodes = append(one.nodes, n)
		if g.Of(n).Copied {
			one.counts[g.Of(n).Name]++
		}
		if first := g.Nodes[n].Root || one.isFile; first && (one.first == "" || g.Nodes[n].ID < one.first) {
			one.first = g.Nodes[n].ID
		}
	}
	for _, w := range g.Ways {
		if d.records[w.Parent] && !d.records[w.Child] {
			file, of := d.set(w.Child), d.set(w.Parent)
			d.groups[file].needs[of], d.groups[of].of[file] = true, true
		}
	}
}

// reached tells which records are found without a document between.
func reached(g *closure.Graph) []bool {
	below := make([][]int, len(g.Nodes))
	for _, w := range g.Ways {
		below[w.Parent] = append(below[w.Parent], w.Child)
	}
	is := make([]bool, len(g.Nodes))
	var open []int
	for n := range g.Nodes {
		if g.Nodes[n].Root {
			is[n], open = true, append(open, n)
		}
	}
	for len(open) > 0 {
		n := open[len(open)-1]
		open = open[:len(open)-1]
		for _, child := range below[n] {
			if !is[child] && g.Of(child).Name != closure.Document {
				is[child], open = true, append(open, child)
			}
		}
	}
	return is
}

// set is the set that a record is in.
func (d *decider) set(n int) int {
	for d.sets[n] != n {
		d.sets[n] = d.sets[d.sets[n]]
		n = d.sets[n]
	}
	return n
}

// unite makes one set of two.
func (d *decider) unite(a, b int) { d.sets[d.set(a)] = d.set(b) }

// spread lets what keeps one record keep all that go with it; what keeps a document keeps what it hangs on.
func (d *decider) spread() {
	for set, g := range d.groups {
		for _, n := range g.nodes {
			if v, kept := d.own[n]; kept && (g.kept.weaker(v) || g.kept.fate == v.fate && d.before(v.by, g.kept.by)) {
				d.groups[set].kept = v
			}
		}
	}
	for _, g := range d.groups {
		if !g.isFile || g.kept.fate == "" {
			continue
		}
		for set := range g.needs {
			on := d.groups[set]
			if on.kept.weaker(g.kept) || on.kept.fate == g.kept.fate && d.before(g.kept.by, on.kept.by) {
				on.kept = g.kept
			}
		}
	}
}

// before orders records by their Ids.
func (d *decider) before(a, b int) bool {
	return d.Graph.Nodes[a].ID < d.Graph.Nodes[b].ID
}

// take lets groups go as far as the policy's caps have room, in order of their first roots.
func (d *decider) take() {
	var order []int
	for set, g := range d.groups {
		if !g.isFile {
			order = append(order, set)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(d.groups[a].first, d.groups[b].first) })
	d.taken = map[string]int64{}
	for _, set := range order {
		g := d.groups[set]
		if g.kept.fate != "" {
			continue
		}
		counts := d.with(set)
		if why := d.full(counts); why != "" {
			g.kept = verdict{fate: manifest.Blocked, reason: why, by: -1, capped: true}
			continue
		}
		g.kept.fate = manifest.In
		for object, n := range counts {
			d.taken[object] += n
			d.total += n
		}
	}
	for _, g := range d.groups {
		if g.isFile && g.kept.fate == "" && d.complete(g, -1) {
			g.kept.fate = manifest.In
		} else if g.isFile && g.kept.fate == "" {
			g.kept = verdict{fate: manifest.Blocked, reason: "it hangs on records that stay, too", by: -1}
		}
	}
}

// with counts a group's records, and those of the documents that could go once it does.
func (d *decider) with(set int) map[string]int64 {
	counts := map[string]int64{}
	add := func(g *group) {
		for object, n := range g.counts {
			counts[object] += n
		}
	}
	add(d.groups[set])
	for file := range d.groups[set].of {
		if g := d.groups[file]; g.kept.fate == "" && d.complete(g, set) {
			add(g)
		}
	}
	return counts
}

// complete tells whether all that a document hangs on goes, once one more group does.
func (d *decider) complete(file *group, more int) bool {
	for set := range file.needs {
		if set != more && d.groups[set].kept.fate != manifest.In {
			return false
		}
	}
	return true
}

// full says which cap has no room for some more records, or "".
func (d *decider) full(counts map[string]int64) string {
	var more int64
	objects := make([]string, 0, len(counts))
	for object, n := range counts {
		more += n
		objects = append(objects, object)
	}
	if most := d.Policy.Cap.Records; most > 0 && d.total+more > most {
		return fmt.Sprintf("a plan of this policy has %d records at most (cap.records): "+
			"the next plan, made once this one was carried out, goes on", most)
	}
	slices.Sort(objects)
	for _, object := range objects {
		live, known := d.Live[object]
		share, taken := d.Policy.Cap.Share, d.taken[object]+counts[object]
		if share > 0 && known && taken*100 > live*int64(share) {
			return fmt.Sprintf("a plan of this policy takes %d %% of the live records of %s at most (cap.share)",
				share, object)
		}
	}
	return ""
}
