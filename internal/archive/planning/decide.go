package planning

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/manifest"
	"catchment/internal/policy"
)

// A Case is all that decides on the records of a graph.
type Case struct {
	Graph  *closure.Graph
	Policy policy.Policy
	Now    time.Time         // by the org's clock
	Held   map[int]string    // what keeps a record, by its place in the graph
	Unfit  map[string]string // why no record of an object may go
	Alone  map[int]string    // why one record may not
	Live   map[string]int64  // records that the org has of an object
}

// Decisions are what became of the records of a graph, by their places there.
type Decisions struct {
	Fates   []manifest.Fate
	Reasons []string
	Roots   []int  // the first of the roots that a record goes with, by its Id; -1 for none
	Capped  []bool // it stays since the plan has no room for it
}

// Decide decides on each record. A root and all that hangs on it go together or not at all, and so do roots
// that share something. A document goes where all that it is linked to goes, and keeps nothing else here.
func Decide(c Case) Decisions {
	d := &decider{Case: c, own: map[int]verdict{}}
	d.judge()
	d.group()
	d.spread()
	d.take()
	return d.told()
}

// A verdict is what keeps a record.
type verdict struct {
	fate   manifest.Fate
	reason string
	by     int  // the record that it is about
	capped bool // it is about the plan's room, and about no record
}

// weaker tells whether another verdict outweighs this one: a hold does any block.
func (v verdict) weaker(than verdict) bool {
	return v.fate == "" || v.fate == manifest.Blocked && than.fate == manifest.Held
}

// A decider decides.
type decider struct {
	Case
	own     map[int]verdict // of single records
	records []bool          // a record is one that is found without a document between
	sets    []int           // a record's set, as its parent in the forest of sets
	groups  map[int]*group  // by their sets
	taken   map[string]int64
	total   int64
}

// judge finds what keeps single records.
func (d *decider) judge() {
	limit := d.Now.Add(-d.Policy.Untouched)
	for n := range d.Graph.Nodes {
		node, o := &d.Graph.Nodes[n], d.Graph.Of(n)
		switch {
		case d.Held[n] != "":
			d.own[n] = verdict{fate: manifest.Held, reason: d.Held[n], by: n}
		case d.Alone[n] != "":
			d.block(n, "%s", d.Alone[n])
		case d.Unfit[o.Name] != "":
			d.block(n, "%s", d.Unfit[o.Name])
		case o.Stuck:
			d.block(n, "records of %s can't be deleted by this user", o.Name)
		case node.Root && node.Along:
			d.block(n, "it goes with what it belongs to, and is never deleted by itself")
		case d.Policy.Untouched > 0 && node.Stamp.After(limit):
			why := "it was changed less than " + days(d.Policy.Untouched) + " ago"
			d.own[n] = verdict{fate: manifest.Held, reason: why, by: n}
		}
	}
	d.judgeWays()
	d.judgeFiles()
}

// block keeps a record, unless something does already.
func (d *decider) block(n int, format string, args ...any) {
	if _, there := d.own[n]; !there {
		d.own[n] = verdict{fate: manifest.Blocked, reason: fmt.Sprintf(format, args...), by: n}
	}
}

// judgeWays finds what stands against a delete, and what goes along though the policy doesn't say so.
func (d *decider) judgeWays() {
	for _, s := range d.Graph.Stands {
		r := d.Graph.Relations[s.Relation]
		if _, goes := d.Graph.Find(s.ID); !goes {
			d.block(s.Parent, "records of %s stand against its delete (%s); to have them go, too: plus: [%s]",
				r.Child, r, r.Child)
		}
	}
	if d.Policy.Cascades {
		return
	}
	for _, w := range d.Graph.Ways {
		r := d.Graph.Relations[w.Relation]
		along := d.Graph.Nodes[w.Child].Along || r.Child == closure.Document
		if r.Effect == closure.Takes && !along && !named(d.Policy.Plus, r.Child) {
			d.block(w.Parent, "records of %s would be deleted along (%s); to have them go, too: with: cascades",
				r.Child, r)
		}
	}
}

// judgeFiles finds documents that a delete would take though they can't go with it.
func (d *decider) judgeFiles() {
	for _, w := range d.Graph.Ways {
		f := d.Graph.Behind(w.Child)
		switch {
		case f == nil || f.Node >= 0:
		case !f.Seen():
			d.block(w.Parent, "a file hangs on it that this user can't see")
		case !f.Owned && d.Graph.All(f):
			d.block(w.Parent, "a file would be deleted along, which hangs on nothing else; "+
				"to have it go, too: files: all")
		}
	}
}

// told is what was decided, record by record.
func (d *decider) told() Decisions {
	out := Decisions{
		Fates: make([]manifest.Fate, len(d.sets)), Reasons: make([]string, len(d.sets)), Roots: rootsOf(d.Graph),
		Capped: make([]bool, len(d.sets)),
	}
	for n := range d.sets {
		kept := d.groups[d.set(n)].kept
		out.Fates[n], out.Reasons[n], out.Capped[n] = kept.fate, kept.reason, kept.capped
		own, has := d.own[n]
		_, about := d.own[kept.by]
		switch {
		case has:
			out.Reasons[n] = own.reason
		case about && kept.fate != manifest.In:
			out.Reasons[n] = "it goes with " + d.Graph.Nodes[kept.by].ID + ": " + kept.reason
		}
	}
	return out
}

// rootsOf finds the first root that leads to each record.
func rootsOf(g *closure.Graph) []int {
	below := make([][]int, len(g.Nodes))
	for _, w := range g.Ways {
		below[w.Parent] = append(below[w.Parent], w.Child)
	}
	of := make([]int, len(g.Nodes))
	var roots []int
	for n := range g.Nodes {
		of[n] = -1
		if g.Nodes[n].Root {
			roots = append(roots, n)
		}
	}
	slices.SortFunc(roots, func(a, b int) int { return cmp.Compare(g.Nodes[a].ID, g.Nodes[b].ID) })
	for _, root := range roots {
		open := []int{root}
		for len(open) > 0 {
			n := open[len(open)-1]
			open = open[:len(open)-1]
			if of[n] >= 0 {
				continue
			}
			of[n] = root
			open = append(open, below[n]...)
		}
	}
	return of
}
