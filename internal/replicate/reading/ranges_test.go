package reading

import (
	"catchment/internal/control"
	"catchment/internal/schema"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

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
		id, err := schema.ID18(string(b))
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
		parts := []control.Part{{Name: control.Main, Query: control.Query{Object: "Account", Fields: []string{"Id"}},
			Job: []byte("{}"), Jobs: 3, Loaded: true, Records: 9}}
		for range 1 + dice.IntN(6) {
			at := dice.IntN(len(parts))
			inside := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !holds(parts[at], id) })
			if len(inside) == 0 {
				continue
			}
			pivots, err := Pivots(inside[0], inside[len(inside)-1], 2+dice.IntN(6))
			if err != nil {
				t.Fatal(err)
			}
			if len(pivots) == 0 {
				if inside[0] != inside[len(inside)-1] {
					t.Fatalf("nothing between %s and %s", inside[0], inside[len(inside)-1])
				}
				continue
			}
			more, err := Ranges(&parts[at], pivots, len(parts))
			if err != nil {
				t.Fatal(err)
			}
			ranges := append([]control.Part{parts[at]}, more...)
			if !holds(ranges[0], inside[0]) || !holds(ranges[len(ranges)-1], inside[len(inside)-1]) {
				t.Fatalf("an end is empty: %+v of %s", ranges, inside)
			}
			parts = append(parts, more...)
		}
		names := map[string]bool{}
		for _, p := range parts {
			if names[p.Name] || p.Planned() != control.Main || p.Job != nil && len(parts) > 1 && p.Splits > 0 ||
				p.Splits > 0 && (p.Loaded || p.Records > 0) {
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
	return (p.Least == "" || id[:idLength] >= p.Least[:idLength]) &&
		(p.Below == "" || id[:idLength] < p.Below[:idLength])
}

func TestSOQL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		where        []string
		least, below string
		want         string
	}{
		{nil, "", "", "SELECT Id, Name FROM A"},
		{nil, "001", "", "SELECT Id, Name FROM A WHERE Id >= '001'"},
		{nil, "001", "002", "SELECT Id, Name FROM A WHERE Id >= '001' AND Id < '002'"},
		{[]string{"(x = 1 OR y = 2)", "z = 3"}, "", "002",
			"SELECT Id, Name FROM A WHERE (x = 1 OR y = 2) AND z = 3 AND Id < '002'"},
	} {
		q := control.Query{Object: "A", Fields: []string{"Id", "Name"}, Where: test.where, Least: test.least,
			Below: test.below}
		if got := SOQL(q); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	sample := control.Query{Object: "A", Fields: []string{"Id"}, Least: "001", OrderBy: "Id", Limit: 2000}
	if got, want := SOQL(sample), "SELECT Id FROM A WHERE Id >= '001' ORDER BY Id LIMIT 2000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Each range of a reading gets a second half of its columns; together they have
// all of them.
func TestHalved(t *testing.T) {
	t.Parallel()
	columns := strings.Fields("Id SystemModstamp A B C D E")
	p := control.Part{Name: control.Main, Op: "put", Jobs: 2, Job: []byte("{}"),
		Query: control.Query{Object: "X", Fields: columns, Where: []string{"SystemModstamp >= 2026-01-01T00:00:00Z"}}}
	more, err := Ranges(&p, []string{"001a", "001b"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var a control.Attempt
	a.Add(append([]control.Part{p}, more...)...)
	a.Add(control.Part{Name: "backfill", Query: p.Query})
	if err := Halves(&a, control.Main); err != nil {
		t.Fatal(err)
	}
	parts := a.Parts
	if len(parts) != 7 || parts[3].Name != "backfill" || len(parts[3].Fields) != 7 {
		t.Fatalf("%+v", parts)
	}
	for i := range 3 {
		first, second := parts[i], parts[i+4]
		if first.Least != second.Least || first.Below != second.Below || second.Follows != control.Main ||
			second.Op != "patch" || first.Op != "put" {
			t.Errorf("%+v and %+v", first, second)
		}
		if got := strings.Join(first.Fields, " ") + "; " +
			strings.Join(second.Fields, " "); got != "Id SystemModstamp A B; Id SystemModstamp C D E" {
			t.Error(got)
		}
		if !strings.HasPrefix(SOQL(second.Query), "SELECT Id, SystemModstamp, C, D, E FROM X WHERE") ||
			second.Planned() != parts[4].Name {
			t.Errorf("%+v", second)
		}
	}
	if err := Halves(&a, parts[4].Planned()); err != nil { // a group of columns that is still too wide
		t.Fatal(err)
	}
	parts = a.Parts
	if len(parts) != 10 || parts[9].Follows != control.Main || parts[4].Follows != control.Main {
		t.Errorf("%+v", parts)
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		where, cursor string
		from          time.Time
		want          string
	}{
		{"", "SystemModstamp", time.Time{}, "SELECT Id, Name FROM Account"},
		{"", "", noon, "SELECT Id, Name FROM Account"},
		{"", "SystemModstamp", noon, "SELECT Id, Name FROM Account WHERE SystemModstamp >= 2026-01-02T12:00:00Z"},
		{"A = 1 OR B = 2", "CreatedDate", noon,
			"SELECT Id, Name FROM Account WHERE (A = 1 OR B = 2) AND CreatedDate >= 2026-01-02T12:00:00Z"},
	}
	for _, test := range tests {
		if got := SOQL(Query("Account", []string{"Id", "Name"}, test.where, test.cursor, test.from)); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
