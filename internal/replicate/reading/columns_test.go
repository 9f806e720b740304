package reading

import (
	"catchment/internal/control"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	part := func(op string, fields int) control.Part {
		columns := []string{"Id"}
		for n := range fields {
			columns = append(columns, fmt.Sprintf("A_field_with_a_name_that_is_long_%03d__c", n))
		}
		columns = append(columns, "IsDeleted", "SystemModstamp")
		where := []string{"(Name = 'a, b')", "SystemModstamp >= 2026-01-01T00:00:00Z"}
		return control.Part{Name: "main", Op: op, Mover: "rest", Jobs: 3,
			Query: control.Query{Object: "Wide__c", Fields: columns, Where: where}}
	}
	for fields, want := range map[int]int{0: 1, 10: 1, 300: 1, 400: 2, 800: 3} {
		p := part("put", fields)
		groups := Groups(&p, 2)
		groups = append([]control.Part{p}, groups...)
		if len(groups) != want {
			t.Errorf("%d fields: %d groups, want %d", fields, len(groups), want)
		}
		var all []string
		for i, g := range groups {
			if len(url.QueryEscape(SOQL(g.Query))) > uriLimit {
				t.Errorf("%d fields, group %d: a query of %d bytes", fields, i, len(url.QueryEscape(SOQL(g.Query))))
			}
			if !strings.HasPrefix(SOQL(g.Query), "SELECT "+strings.Join(g.Fields, ", ")+
				" FROM Wide__c WHERE (Name = 'a, b')") {
				t.Errorf("%d fields, group %d: %s", fields, i, SOQL(g.Query))
			}
			for _, must := range []string{"Id", "IsDeleted", "SystemModstamp"} {
				if !slices.Contains(g.Fields, must) {
					t.Errorf("%d fields, group %d lacks %s", fields, i, must)
				}
			}
			if i == 0 && (g.Name != "main" || g.Op != "put" || g.Follows != "" || g.Jobs != 3) {
				t.Errorf("the first group: %+v", g)
			}
			if i > 0 && (g.Name != fmt.Sprintf("main-columns-%d", i+2) || g.Op != "patch" ||
				g.Follows != "main" || g.Jobs != 0) {
				t.Errorf("group %d: %s %s %s %d", i, g.Name, g.Op, g.Follows, g.Jobs)
			}
			all = append(all, g.Fields...)
		}
		slices.Sort(all)
		if all, want := slices.Compact(all), part("put", fields).Fields; len(all) != len(want) {
			t.Errorf("%d fields: %d of %d columns are read", fields, len(all), len(want))
		}
	}
	byID := part("put", 800)
	byID.IDs = []string{"a0I000000000001AAA"}
	if got := Groups(&byID, 1); len(got) > 0 {
		t.Errorf("read by Id in %d groups", len(got)+1)
	}
}

// A field that Salesforce refuses goes out of every part that reads it, and out of what was
// there for it alone.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	a := control.Attempt{}
	job := []byte(`{"id":"750","done":true}`)
	a.Add(
		control.Part{Name: control.Main, Op: "put", Mover: "bulk", Job: job, Jobs: 3, Loaded: true, Records: 7,
			Query: control.Query{Fields: []string{"Id", "A", "B"}}},
		control.Part{Name: "backfill", Op: "patch", Mover: "bulk",
			Query: control.Query{Fields: []string{"Id", "SystemModstamp", "A"}}},
		control.Part{Name: "sweep", Op: "seen", Mover: "bulk", Query: control.Query{Fields: []string{"Id"}}, Job: job},
		control.Part{Name: "idle", Op: "patch", Mover: string(Nothing),
			Query: control.Query{Fields: []string{"Id", "A"}}},
	)
	obsolete, err := LeaveOut(&a, "A")
	if err != nil || len(obsolete) != 2 || len(obsolete[0].Job) == 0 || len(obsolete[0].Fields) != 3 {
		t.Errorf("%+v, %v", obsolete, err)
	}
	main := a.Part(control.Main)
	if strings.Join(main.Fields, " ") != "Id B" || main.Loaded || len(main.Job) > 0 || main.Jobs != 1 ||
		main.Records > 0 {
		t.Errorf("main: %+v", main)
	}
	if p := a.Part("backfill"); !Nothing.Is(*p) {
		t.Errorf("backfill: %+v", p)
	}
	if p := a.Part("sweep"); len(p.Job) == 0 {
		t.Errorf("sweep: %+v", p)
	}
}
