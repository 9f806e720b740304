package rehydrate

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"catchment/internal/schema"
	"catchment/internal/source"
)

// object is one whose records refer to others; those that they can't be made without end in a mark.
func object(name string, refers ...string) *subject {
	o := schema.Object{Name: name}
	for _, to := range refers {
		to, needed := strings.CutSuffix(to, "!")
		o.Fields = append(o.Fields, schema.Field{Name: to + "Id", Type: schema.Reference, ReferenceTo: []string{to},
			Createable: true, Nillable: !needed})
	}
	return &subject{name: name, src: &source.Source{Object: o}}
}

func TestParentsFirst(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		objects []*subject // in order of their levels
		want    string
	}{
		"by level":         {[]*subject{object("A"), object("B", "A"), object("C", "B")}, "A B C"},
		"against level":    {[]*subject{object("A", "B"), object("B", "C"), object("C")}, "C B A"},
		"itself":           {[]*subject{object("A", "A"), object("B", "B", "A")}, "A B"},
		"a circle":         {[]*subject{object("A", "B"), object("B", "A!"), object("C", "B")}, "A B C"},
		"a circle of need": {[]*subject{object("A", "B!"), object("B", "A!")}, "A B"},
		"files": {[]*subject{object("ContentDocument", "ContentVersion"),
			object("ContentDocumentLink", "ContentDocument!"), object("ContentVersion", "ContentDocument")},
			"ContentVersion ContentDocument ContentDocumentLink"},
	} {
		level := func(s *subject) int { return slices.Index(test.objects, s) }
		var got []string
		for _, s := range parentsFirst(test.objects, level) {
			got = append(got, s.name)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestAlong(t *testing.T) {
	t.Parallel()
	records := map[string]placed{"r": {}, "a": {parent: "r"}, "b": {parent: "a"}, "s": {}, "c": {parent: "s"},
		"x": {parent: "y"}, "y": {parent: "x"}, "z": {parent: "elsewhere"}}
	for asked, want := range map[string]string{"r": "a b r", "a": "a b", "b": "b", "s c": "c s", "x": "x y", "y": "x y",
		"z": "z", "elsewhere": "z", "nobody": "", "r s": "a b c r s"} {
		names := map[string]bool{}
		for _, name := range strings.Fields(asked) {
			names[name] = true
		}
		if got := strings.Join(along(records, names), " "); got != want {
			t.Errorf("%s: %q, want %q", asked, got, want)
		}
	}
}

// Of those that can't be told apart each gets one, and nobody gets one of which nobody can tell.
func TestSettleTwins(t *testing.T) {
	t.Parallel()
	a, b := &attempt{id: "a"}, &attempt{id: "b"}
	for name, test := range map[string]struct {
		found     []string
		strangers int
		made      string
		unclear   int
	}{
		"both":                     {[]string{"2", "1"}, 0, "a1 b2", 0},
		"one":                      {[]string{"1"}, 0, "a1", 0},
		"one, and a stranger":      {[]string{"1"}, 1, "a1", 1},
		"none":                     {nil, 0, "", 0},
		"none, but strangers":      {nil, 2, "", 2},
		"more than were asked for": {[]string{"1", "2", "3"}, 0, "", 2},
	} {
		f := settleTwins(map[string][]*attempt{"x": {a, b}}, map[string][]string{"x": test.found}, test.strangers)
		var made []string
		for _, one := range slices.SortedFunc(maps.Keys(f.made), func(a, b *attempt) int {
			return strings.Compare(a.id, b.id)
		}) {
			made = append(made, one.id+f.made[one])
		}
		if strings.Join(made, " ") != test.made || len(f.unclear) != test.unclear {
			t.Errorf("%s: %v, %d unclear", name, made, len(f.unclear))
		}
	}
}
