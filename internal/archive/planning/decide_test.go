package planning_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/planning"
	"catchment/internal/policy"
	"catchment/internal/schema"
)

// A sketch is a graph in words: "A>b" has b go with A, "A!x" has x stand against the delete of A, and "A.x" has x
// point to A. Capitals are roots, of the object Root; what begins with d is a document, all else a Child.
func sketch(t *testing.T, words string, objects map[string]closure.Object) *closure.Graph {
	t.Helper()
	g := closure.NewGraph()
	for _, name := range []string{"Root", "Child", closure.Document} {
		o := objects[name]
		o.Object.Name, o.Copied = name, true
		g.AddObject(o)
	}
	add := func(id string) int {
		switch {
		case id == strings.ToUpper(id):
			return g.Add(closure.Node{ID: id, Object: 0, Root: true, Along: objects["Root"].Along})
		case id[0] == 'd':
			return g.Add(closure.Node{ID: id, Object: 2})
		}
		return g.Add(closure.Node{ID: id, Object: 1})
	}
	for _, word := range strings.Fields(words) {
		at := strings.IndexAny(word, ">!.")
		if at < 0 {
			add(word)
			continue
		}
		parent, id := add(word[:at]), word[at+1:]
		by := closure.Relation{Parent: g.Of(parent).Name, Child: "Child", Field: "ParentId", Effect: closure.Takes}
		switch {
		case word[at] == '!':
			by.Effect = closure.Forbids
			g.Point(parent, id, by)
		case word[at] == '.':
			by.Effect = closure.Empties
			g.Point(parent, id, by)
		default:
			child := add(id)
			by.Child = g.Of(child).Name
			g.Lead(parent, child, by)
		}
	}
	return g
}

func TestDecide(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	cascades := policy.Policy{Cascades: true}
	capped := func(c policy.Cap) policy.Policy { return policy.Policy{Cascades: true, Cap: c} }
	for name, tt := range map[string]struct {
		graph   string
		objects map[string]closure.Object
		policy  policy.Policy
		held    string // Ids
		alone   string
		unfit   map[string]string
		live    map[string]int64
		stamps  map[string]time.Time
		want    string // id=fate
		says    map[string]string
	}{
		"a root goes with all of its own": {
			graph: "A>b b>c B", policy: cascades, want: "A=in b=in c=in B=in",
		},
		"a hold on a child holds its root, and everything of that": {
			graph: "A>b b>c A>e B>f", policy: cascades, held: "c", want: "A=held b=held c=held e=held B=in f=in",
			says: map[string]string{"c": "on hold", "A": "it goes with c: on hold", "e": "it goes with c: on hold"},
		},
		"what two roots share keeps both": {
			graph: "A>x B>x B>y C", policy: cascades, alone: "A", want: "A=blocked x=blocked B=blocked y=blocked C=in",
			says: map[string]string{"B": "it goes with A: because"},
		},
		"a hold outweighs a block": {
			graph: "A>x B>x", policy: cascades, alone: "A", held: "B", want: "A=held B=held x=held",
			says: map[string]string{"A": "because", "x": "it goes with B: on hold"},
		},
		"what stands against it from outside keeps it": {
			graph: "A>b b!z B", policy: cascades, want: "A=blocked b=blocked B=in",
			says: map[string]string{"b": "records of Child stand against its delete (Child.ParentId); " +
				"to have them go, too: plus: [Child]"},
		},
		"what stands against it goes first where it goes": {
			graph: "A!b B>b", policy: cascades, want: "A=in b=in B=in",
		},
		"what stands against it and is kept keeps it": {
			graph: "A!b B>b", policy: cascades, held: "B", want: "A=held b=held B=held",
		},
		"a lookup that would be emptied keeps nothing": {
			graph: "A.z", policy: cascades, want: "A=in",
		},
		"GraxAccountCannotBeDeleted": {
			graph: "A>b B", policy: cascades, objects: map[string]closure.Object{"Root": {Stuck: true}},
			want: "A=blocked b=blocked B=blocked",
			says: map[string]string{"A": "records of Root can't be deleted by this user"},
		},
		"a child that can't be deleted": {
			graph: "A>b B", policy: cascades, objects: map[string]closure.Object{"Child": {Stuck: true}},
			want: "A=blocked b=blocked B=in",
		},
		"a root that only goes along": {
			graph: "A B", policy: cascades, objects: map[string]closure.Object{"Root": {Along: true}},
			want: "A=blocked B=blocked",
		},
		"a flow that can't be proven": {
			graph: "A>b B", policy: cascades, unfit: map[string]string{"Child": "it masks"},
			want: "A=blocked b=blocked B=in", says: map[string]string{"A": "it goes with b: it masks"},
		},
		"the newest stamp counts, wherever it is": {
			graph: "A>b B>c", policy: policy.Policy{Cascades: true, Untouched: 90 * 24 * time.Hour},
			stamps: map[string]time.Time{"b": now.Add(-89 * 24 * time.Hour), "c": now.Add(-90 * 24 * time.Hour)},
			want:   "A=held b=held B=in c=in", says: map[string]string{"b": "it was changed less than 90d ago"},
		},
		"GraxCascadeTakesMore": {
			graph: "A>b B", policy: policy.Policy{}, want: "A=blocked b=blocked B=in",
			says: map[string]string{"A": "records of Child would be deleted along (Child.ParentId); to have them go, " +
				"too: with: cascades"},
		},
		"what is named goes, too": {
			graph: "A>b", policy: policy.Policy{Plus: []string{"child"}}, want: "A=in b=in",
		},
		"a cap cuts between roots": {
			graph: "A>b A>c B>e B>f C>g", policy: capped(policy.Cap{Records: 5}),
			want: "A=in b=in c=in B=blocked e=blocked f=blocked C=in g=in",
			says: map[string]string{"e": "a plan of this policy has 5 records at most (cap.records): " +
				"the next plan, made once this one was carried out, goes on"},
		},
		"a share of what is live": {
			graph: "A B C", policy: capped(policy.Cap{Share: 40}), live: map[string]int64{"Root": 5},
			want: "A=in B=in C=blocked",
			says: map[string]string{
				"C": "a plan of this policy takes 40 % of the live records of Root at most (cap.share)",
			},
		},
		"a share of what goes along": {
			graph: "A>b B", policy: capped(policy.Cap{Share: 50}), live: map[string]int64{"Root": 9, "Child": 1},
			want: "A=blocked b=blocked B=in",
		},
		"a document goes with all that it hangs on": {
			graph: "A>d1 B>d1 d1>v", policy: cascades, want: "A=in B=in d1=in v=in",
		},
		"a document that is shared with what stays stays": {
			graph: "A>d1 B>d1 d1>v", policy: cascades, held: "A", want: "A=held B=in d1=blocked v=blocked",
			says: map[string]string{"v": "it hangs on records that stay, too"},
		},
		"a hold on a document holds what it hangs on": {
			graph: "A>d1 B>c c>d1 d1>v C", policy: cascades, held: "v",
			want: "A=held B=held c=held d1=held v=held C=in", says: map[string]string{"A": "it goes with v: on hold"},
		},
		"a link belongs to what it hangs on": {
			graph: "A>l B>m d1>l d1>m A>d1 B>d1", policy: cascades, held: "A",
			want: "A=held l=held B=in m=in d1=blocked",
		},
		"a document takes room, too": {
			graph: "A>d1 d1>v B>c", policy: capped(policy.Cap{Records: 4}), want: "A=in d1=in v=in B=blocked c=blocked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := sketch(t, tt.graph, tt.objects)
			c := planning.Case{Graph: g, Policy: tt.policy, Now: now, Unfit: tt.unfit, Live: tt.live,
				Held: map[int]string{}, Alone: map[int]string{}}
			for n := range g.Nodes {
				id := g.Nodes[n].ID
				g.Nodes[n].Stamp = tt.stamps[id]
				if slices.Contains(strings.Fields(tt.held), id) {
					c.Held[n] = "on hold"
				}
				if slices.Contains(strings.Fields(tt.alone), id) {
					c.Alone[n] = "because"
				}
			}
			d := planning.Decide(c)
			got, want := map[string]string{}, map[string]string{}
			for n, node := range g.Nodes {
				got[node.ID] = string(d.Fates[n])
				if says, ok := tt.says[node.ID]; ok && says != d.Reasons[n] {
					t.Errorf("%s: %q, not %q", node.ID, d.Reasons[n], says)
				}
				if (d.Reasons[n] == "") != (got[node.ID] == "in") {
					t.Errorf("%s is %s: %q", node.ID, got[node.ID], d.Reasons[n])
				}
			}
			for _, word := range strings.Fields(tt.want) {
				id, fate, _ := strings.Cut(word, "=")
				want[id] = fate
			}
			if !maps.Equal(got, want) {
				t.Errorf("%v, not %v", got, want)
			}
		})
	}
}

// Deep and wide, and in circles: it comes to an end.
func TestDecideOnLongWays(t *testing.T) {
	t.Parallel()
	g := closure.NewGraph()
	o := g.AddObject(closure.Object{Object: schema.Object{Name: "Thing"}, Copied: true})
	by := closure.Relation{Parent: "Thing", Child: "Thing", Field: "Up", Effect: closure.Takes}
	const n = 200_000
	for i := range n {
		g.Add(closure.Node{ID: fmt.Sprintf("%06d", i), Object: o, Root: i == 0})
		if i > 0 {
			g.Lead(i-1, i, by)
		}
	}
	g.Lead(n-1, 0, by)
	g.Lead(n-1, n/2, by)
	d := planning.Decide(planning.Case{Graph: g, Policy: policy.Policy{Cascades: true}})
	g.Levels()
	if d.Fates[n-1] != "in" || d.Roots[n-1] != 0 {
		t.Errorf("the last is %s", d.Fates[n-1])
	}
}
