package closure

import (
	"time"

	"catchment/internal/schema"
)

// A Graph is what was found: records, and by which ways one leads to another. Its memory goes with
// the number of records; who walks bounds that.
type Graph struct {
	Objects   []*Object
	Relations []Relation
	Nodes     []Node
	Ways      []Way
	Stands    []Loose // records that stood against a delete when they were read
	Loose     []Loose // lookups that a delete would empty

	Unread  []Unread
	Counted []Relation // whose records have no copy and nothing below them: they aren't in the graph
	Files   []*File

	index map[string]int
	named map[string]int // objects by name
	kept  map[Relation]int
	files map[string]*File // by the Id of the document

	behind map[int]*File // by the place of a link
}

// An Object is one that has records in a graph.
type Object struct {
	schema.Object
	Along  bool   // its records go with their parents
	Stuck  bool   // its records stand against the delete of their parents
	Copied bool   // a flow copies it
	Stamp  string // the field that tells when a record changed; "" for none
}

// A Node is one record.
type Node struct {
	ID     string
	Object int // in Graph.Objects
	Level  int // 0 is a root; once Levels was called
	Root   bool
	Along  bool // this one goes with its parent, whatever the others of its object do
	Stamp  time.Time
	Size   int64 // of a file that takes storage
}

// A Way leads from a record to one that goes with it, both in Graph.Nodes.
type Way struct {
	Parent, Child int
	Relation      int // in Graph.Relations
}

// A Loose is a record that points to one of the graph, and needn't be in it.
type Loose struct {
	Parent   int // in Graph.Nodes
	Relation int
	ID       string
}

// An Unread is a relation whose records this user can't read.
type Unread struct {
	Relation
	Code string // of Salesforce's refusal
}

// A File is a document that hangs on records of a graph.
type File struct {
	ID    string
	Owner string
	Owned bool     // it is linked to its owner, too, so that it lives without any record
	On    []string // Ids of all else that it is linked to
	Node  int      // in Graph.Nodes; -1 as long as something that isn't there has it, too

	stamp time.Time
	wide  bool // it is linked to more than On has
}

// NewGraph makes an empty one.
func NewGraph() *Graph {
	return &Graph{index: map[string]int{}, named: map[string]int{}, kept: map[Relation]int{}, files: map[string]*File{},
		behind: map[int]*File{}}
}

// Find finds a record by its Id of 18 characters, or tells that it isn't in the graph.
func (g *Graph) Find(id string) (int, bool) {
	n, ok := g.index[id]
	return n, ok
}

// Of is the object of a record.
func (g *Graph) Of(n int) *Object { return g.Objects[g.Nodes[n].Object] }

// IDs are those of some records.
func (g *Graph) IDs(nodes []int) []string {
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = g.Nodes[n].ID
	}
	return ids
}

// Beside lists the records of a relation's child object that were found by other ways than by it. A link can be
// asked for by its record alone, and belongs to that.
func (g *Graph) Beside(r Relation) ([]int, Object) {
	at, there := g.named[r.Child]
	if !there || r.Child == Link {
		return nil, Object{}
	}
	by := map[int]bool{}
	for _, w := range g.Ways {
		if g.Relations[w.Relation] == r {
			by[w.Child] = true
		}
	}
	var nodes []int
	for n := range g.Nodes {
		if g.Nodes[n].Object == at && !by[n] {
			nodes = append(nodes, n)
		}
	}
	return nodes, *g.Objects[at]
}

// Weight is what a graph's memory goes with.
func (g *Graph) Weight() int { return len(g.Nodes) + len(g.Stands) + len(g.Loose) + len(g.Files) }

// AddObject adds an object, and gives its place.
func (g *Graph) AddObject(o Object) int {
	g.named[o.Name] = len(g.Objects)
	g.Objects = append(g.Objects, &o)
	return g.named[o.Name]
}

// Add adds a record, or finds it where it is there already.
func (g *Graph) Add(n Node) int {
	if at, ok := g.index[n.ID]; ok {
		return at
	}
	g.index[n.ID] = len(g.Nodes)
	g.Nodes = append(g.Nodes, n)
	return len(g.Nodes) - 1
}

// Lead adds a way from a record to one that goes with it. None leads to itself.
func (g *Graph) Lead(parent, child int, by Relation) {
	if parent != child {
		g.Ways = append(g.Ways, Way{parent, child, g.relation(by)})
	}
}

// Point adds a record that points to one of the graph, and stays: what stands against its delete, or what loses
// its lookup.
func (g *Graph) Point(parent int, id string, by Relation) {
	loose := Loose{parent, g.relation(by), id}
	if by.Effect == Forbids {
		g.Stands = append(g.Stands, loose)
	} else {
		g.Loose = append(g.Loose, loose)
	}
}

// relation is the place of a relation.
func (g *Graph) relation(r Relation) int {
	at, ok := g.kept[r]
	if !ok {
		at = len(g.Relations)
		g.kept[r], g.Relations = at, append(g.Relations, r)
	}
	return at
}

// A mark is how much there was.
type mark struct{ nodes, ways, stands, loose, files int }

func (g *Graph) mark() mark {
	return mark{len(g.Nodes), len(g.Ways), len(g.Stands), len(g.Loose), len(g.Files)}
}

// back takes out what came since.
func (g *Graph) back(m mark) {
	for i, n := range g.Nodes[m.nodes:] {
		delete(g.index, n.ID)
		delete(g.behind, m.nodes+i)
	}
	g.Nodes, g.Ways, g.Stands, g.Loose = g.Nodes[:m.nodes], g.Ways[:m.ways], g.Stands[:m.stands], g.Loose[:m.loose]
	for _, f := range g.Files[m.files:] {
		delete(g.files, f.ID)
	}
	g.Files = g.Files[:m.files]
	for _, f := range g.Files {
		if f.Node >= m.nodes {
			f.Node = -1
		}
	}
}

// Levels tells each record how deep it lies: one below the deepest of those that take it along. A
// way that leads back to where it came from makes nothing deeper.
func (g *Graph) Levels() {
	parents := g.parents()
	const unseen, open = -1, -2
	level := make([]int, len(g.Nodes))
	for i := range level {
		level[i] = unseen
	}
	// The way is kept in a stack of its own: it may be as long as there are records.
	type step struct{ node, next int }
	for start := range g.Nodes {
		if level[start] != unseen {
			continue
		}
		deepest := map[int]int{}
		stack := []step{{node: start}}
		level[start] = open
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next < len(parents[top.node]) {
				p := parents[top.node][top.next]
				top.next++
				switch level[p] {
				case unseen:
					level[p] = open
					stack = append(stack, step{node: p})
				case open: // a circle
				default:
					deepest[top.node] = max(deepest[top.node], level[p]+1)
				}
				continue
			}
			done := top.node
			level[done] = deepest[done]
			delete(deepest, done)
			stack = stack[:len(stack)-1]
			if len(stack) > 0 {
				below := stack[len(stack)-1].node
				deepest[below] = max(deepest[below], level[done]+1)
			}
		}
	}
	for i := range g.Nodes {
		g.Nodes[i].Level = level[i]
	}
}

// parents lists, for each record, those that have to go after it: who takes it along, and who it stands against.
func (g *Graph) parents() [][]int {
	all := make([][]int, len(g.Nodes))
	for _, w := range g.Ways {
		all[w.Child] = append(all[w.Child], w.Parent)
	}
	for _, s := range g.Stands {
		if child, ok := g.index[s.ID]; ok && child != s.Parent {
			all[child] = append(all[child], s.Parent)
		}
	}
	return all
}
