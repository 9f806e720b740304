package replicate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/salesforce"
)

func TestReliefFor(t *testing.T) {
	t.Parallel()
	columns := strings.Fields("Id SystemModstamp IsDeleted A B C D E F")
	part := func(change func(*control.Part)) control.Part {
		p := control.Part{Name: control.Main, Op: "put", Mover: "bulk", Columns: columns}
		change(&p)
		return p
	}
	tests := []struct {
		name string
		part control.Part
		why  error
		bulk bool
		key  bool
		want relief
	}{
		{"by Bulk", part(func(*control.Part) {}), mover.ErrTooLong, true, true, byRanges},
		{"by REST, which was only chosen", part(func(p *control.Part) { p.Mover = "rest" }), mover.ErrTooLong, true, true, byBulk},
		{"by REST, as the flow asks for", part(func(p *control.Part) { p.Mover = "rest" }), mover.ErrTooLong, false, true, byRanges},
		{"small already", part(func(p *control.Part) { p.Splits = splitsAtMost }), mover.ErrTooLong, true, true, noRelief},
		{"nearly", part(func(p *control.Part) { p.Splits = splitsAtMost - 1 }), mover.ErrTooLong, true, true, byRanges},
		{"without an Id", part(func(*control.Part) {}), mover.ErrTooLong, true, false, noRelief},
		{"a sweep", part(func(p *control.Part) { p.Name, p.Op = sweepPart, "seen" }), mover.ErrTooLong, true, true, byRanges},
		{"a sample", part(func(p *control.Part) { p.Name, p.Op, p.Mover = sampleName, "patch", "rest" }), mover.ErrTooLong, true, true, noRelief},
		{"a few Ids", part(func(p *control.Part) { p.IDs, p.Mover = []string{"003"}, "rest" }), mover.ErrTooLong, true, true, noRelief},
		{"too wide", part(func(*control.Part) {}), mover.ErrTooWide, true, true, byColumns},
		{"too wide, and split often", part(func(p *control.Part) { p.Splits = splitsAtMost }), mover.ErrTooWide, true, true, byColumns},
		{"too wide, and narrow", part(func(p *control.Part) { p.Columns = columns[:columnsAtLeast-1] }), mover.ErrTooWide, true, true, noRelief},
	}
	for _, test := range tests {
		if got := reliefFor(test.part, fmt.Errorf("job: %w", test.why), test.bulk, test.key); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if overload(errors.New("else")) || overload(nil) {
		t.Error("everything is an overload")
	}
}

// However often a part is split, each Id is in exactly one of its ranges, also
// Ids before the first and after the last that was seen.
func TestRangesCoverEverythingOnce(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	anID := func(width int) string {
		b := []byte("001000000000000")
		for i := idLength - width; i < idLength; i++ {
			b[i] = idDigits[dice.IntN(len(idDigits))]
		}
		id, err := salesforce.ID18(string(b))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	for range 300 {
		width := 1 + dice.IntN(12)
		ids := make([]string, 2+dice.IntN(40))
		for i := range ids {
			ids[i] = anID(width)
		}
		slices.Sort(ids)
		parts := []control.Part{{Name: control.Main, SOQL: "SELECT Id FROM Account", Job: []byte("{}"), Jobs: 3, Loaded: true, Records: 9}}
		for range 1 + dice.IntN(6) {
			at := dice.IntN(len(parts))
			inside := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !holds(parts[at], id) })
			if len(inside) == 0 {
				continue
			}
			pivots, err := pivotsBetween(inside[0], inside[len(inside)-1], 2+dice.IntN(6))
			if err != nil {
				t.Fatal(err)
			}
			if len(pivots) == 0 {
				if inside[0] != inside[len(inside)-1] {
					t.Fatalf("nothing between %s and %s", inside[0], inside[len(inside)-1])
				}
				continue
			}
			ranges := split(parts[at], pivots, len(parts))
			if !holds(ranges[0], inside[0]) || !holds(ranges[len(ranges)-1], inside[len(inside)-1]) {
				t.Fatalf("an end is empty: %+v of %s", ranges, inside)
			}
			parts = append(slices.Replace(parts, at, at+1, ranges[0]), ranges[1:]...)
		}
		names := map[string]bool{}
		for _, p := range parts {
			if names[p.Name] || p.Planned() != control.Main || p.Job != nil && len(parts) > 1 && p.Splits > 0 || p.Splits > 0 && (p.Loaded || p.Records > 0) {
				t.Fatalf("%+v", parts)
			}
			names[p.Name] = true
		}
		for _, id := range append(ids, anID(12), anID(1), anID(5)) {
			n := 0
			for _, p := range parts {
				if holds(p, id) {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%s is in %d of %+v", id, n, parts)
			}
		}
	}
}

// holds tells whether an Id is in a part's range, as SOQL compares Ids.
func holds(p control.Part, id string) bool {
	return (p.Least == "" || id[:idLength] >= p.Least[:idLength]) && (p.Below == "" || id[:idLength] < p.Below[:idLength])
}

func TestWithin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ soql, least, below, want string }{
		{"SELECT Id FROM A", "", "", "SELECT Id FROM A"},
		{"SELECT Id FROM A", "001", "", "SELECT Id FROM A WHERE Id >= '001'"},
		{"SELECT Id FROM A", "001", "002", "SELECT Id FROM A WHERE Id >= '001' AND Id < '002'"},
		{"SELECT Id FROM A WHERE (x = 1 OR y = 2)", "", "002", "SELECT Id FROM A WHERE (x = 1 OR y = 2) AND Id < '002'"},
	} {
		if got := within(control.Part{SOQL: test.soql, Least: test.least, Below: test.below}); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// Each range of a reading gets a second half of its columns; together they have
// all of them.
func TestHalved(t *testing.T) {
	t.Parallel()
	columns := strings.Fields("Id SystemModstamp A B C D E")
	p := control.Part{Name: control.Main, Op: "put", Columns: columns, Jobs: 2, Job: []byte("{}"),
		SOQL: "SELECT " + strings.Join(columns, ", ") + " FROM X WHERE SystemModstamp >= 2026-01-01T00:00:00Z"}
	parts := append(split(p, []string{"001a", "001b"}, 1), control.Part{Name: "backfill", Columns: columns, SOQL: p.SOQL})
	parts = halved(parts, control.Main)
	if len(parts) != 7 || parts[3].Name != "backfill" || len(parts[3].Columns) != 7 {
		t.Fatalf("%+v", parts)
	}
	for i := range 3 {
		first, second := parts[i], parts[i+4]
		if first.Least != second.Least || first.Below != second.Below || second.Follows != control.Main || second.Op != "patch" || first.Op != "put" {
			t.Errorf("%+v and %+v", first, second)
		}
		if got := strings.Join(first.Columns, " ") + "; " + strings.Join(second.Columns, " "); got != "Id SystemModstamp A B; Id SystemModstamp C D E" {
			t.Error(got)
		}
		if !strings.HasPrefix(second.SOQL, "SELECT Id, SystemModstamp, C, D, E FROM X WHERE") || second.Planned() != parts[4].Name {
			t.Errorf("%+v", second)
		}
	}
	parts = halved(parts, parts[4].Planned()) // a group of columns that is still too wide
	if len(parts) != 10 || parts[9].Follows != control.Main || parts[4].Follows != control.Main {
		t.Errorf("%+v", parts)
	}
}
