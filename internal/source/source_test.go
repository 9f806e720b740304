package source_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/schedule"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/value"
	"catchment/internal/warehouse/shape"
)

func contact(context.Context, string) (schema.Object, error) {
	return schema.Object{
		Name: "Contact", Queryable: true, Replicateable: true,
		Fields: []schema.Field{
			{Name: "Id", Type: schema.ID}, {Name: "Email", Type: schema.String}, {Name: "Phone", Type: schema.String},
			{Name: "AccountId", Type: schema.Reference},
			{Name: "SystemModstamp", Type: schema.DateTime, Filterable: true},
		},
	}, nil
}

// past stands for a warehouse that has made a table before.
func past(columns ...string) func(context.Context, shape.Table) (shape.Table, shape.Past, error) {
	return func(_ context.Context, t shape.Table) (shape.Table, shape.Past, error) {
		p := shape.Past{Columns: columns}
		for _, c := range columns {
			p.Fields = append(p.Fields, shape.Known{Field: c, Column: c})
		}
		return t, p, nil
	}
}

func columns(t shape.Table) []string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}

func TestSource(t *testing.T) {
	t.Parallel()
	fl := flow.Flow{
		Object: "Contact", Drop: []string{"Phone"}, Rename: map[string]string{"email": "address"},
		Changes: []value.Change{{Field: "Email", Mask: value.SHA256}}, Salt: "env:SALT",
	}
	find := source.Finder{
		Describe: contact, Columns: past("id", "email", "phone", "gone"),
		Secret: func(reference string) (string, error) { return "salt of " + reference, nil },
	}
	s, err := find.Source(t.Context(), fl)
	if err != nil {
		t.Fatal(err)
	}
	if got := columns(s.Table); !slices.Contains(got, "address") || slices.Contains(got, "phone") {
		t.Errorf("columns %q", got)
	}
	if want := []string{"id", "address", "gone"}; !reflect.DeepEqual(s.Past.Columns, want) {
		t.Errorf("the past is %q, want %q: a renamed column is the same one, a dropped one doesn't count",
			s.Past.Columns, want)
	}
	if s.Treatment.Salt != "salt of env:SALT" || !s.Treated() || !s.Guards() || s.Unsalted() {
		t.Errorf("treatment %+v", s.Treatment)
	}
	if got := s.Guarded(); !slices.Contains(got, "phone") || !slices.Contains(got, "address") ||
		!slices.Contains(got, "email") {
		t.Errorf("guarded are %q: what a field had before, too", got)
	}
	if got := s.IDColumns(); !slices.Equal(got, []string{"id", "accountid"}) {
		t.Errorf("Ids are in %q", got)
	}
	if s.Cursor != "SystemModstamp" || !s.Replicates() || s.WhyGone("gone") == "" ||
		s.FormerColumn("address") != "email" {
		t.Errorf("%+v", s)
	}
}

// Who needs less stops earlier, on the same way.
func TestSourceWithLess(t *testing.T) {
	t.Parallel()
	fl := flow.Flow{Object: "Contact", Changes: []value.Change{{Field: "Email", Mask: value.SHA256}}, Salt: "env:SALT"}
	s, err := source.Finder{Describe: contact}.Source(t.Context(), fl)
	if err != nil || s.Treatment.Salt != "" || len(s.Past.Columns) != 0 || len(s.Table.Columns) != 5 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	nameless := func(context.Context, string) (schema.Object, error) { return schema.Object{}, nil }
	hidden := func(context.Context, string) (schema.Object, error) { return schema.Object{Name: "Contact"}, nil }
	of := func(name string, fields ...string) source.Finder {
		o := schema.Object{Name: name, Queryable: true}
		for _, f := range fields {
			o.Fields = append(o.Fields, schema.Field{Name: f, Type: schema.String})
		}
		return source.Finder{Describe: func(context.Context, string) (schema.Object, error) { return o, nil }}
	}
	tests := []struct {
		name  string
		find  source.Finder
		flow  flow.Flow
		class plan.Class
		says  string
	}{
		{"no name", source.Finder{Describe: nameless}, flow.Flow{}, plan.Bug, "names no object"},
		{"another name", of("Account"), flow.Flow{}, plan.Bug, "about another object"},
		{"no field", of("Contact"), flow.Flow{}, plan.Fix, "no field to copy"},
		{"not queryable", source.Finder{Describe: hidden}, flow.Flow{}, plan.Fix, "can't be queried"},
		{"a shared column", source.Finder{Describe: contact}, flow.Flow{Rename: map[string]string{"Email": "phone"}},
			plan.Fix, "share the column phone"},
		{"no salt", source.Finder{Describe: contact, Secret: func(string) (string, error) { return "", broken }},
			flow.Flow{Salt: "env:SALT", Changes: []value.Change{{Field: "Email", Mask: value.SHA256}}},
			plan.ClassOf(broken), "broken"},
	}
	for _, test := range tests {
		test.flow.Object = "Contact"
		_, err := test.find.Source(t.Context(), test.flow)
		if err == nil || plan.ClassOf(err) != test.class || !strings.Contains(err.Error(), test.says) ||
			plan.HintOf(err) == "" && !errors.Is(err, broken) {
			t.Errorf("%s: %v (hint: %s)", test.name, err, plan.HintOf(err))
		}
	}
}

// What changes without a stamp is complete as of the last sweep or refresh, and who
// has neither is told what to write.
func TestAsOf(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	weekly, daily := schedule.Sweep{Every: 7 * 24 * time.Hour}, schedule.Refresh{Every: 24 * time.Hour}
	const through = "its where goes through Account: records enter and leave it without a stamp; " +
		"complete as of the last "
	const values = "may hold old values of what changes without a stamp: Phone; complete as of the last refresh, "
	for name, test := range map[string]struct {
		flow flow.Flow
		want []string
		hint string
	}{
		"stamped": {flow: flow.Flow{Where: "Phone != null"}},
		"swept": {
			flow: flow.Flow{Where: "Account.Name != null", Sweep: weekly},
			want: []string{through + "sweep, 2026-03-01T12:00:00Z"},
		},
		"never swept": {
			flow: flow.Flow{Where: "Account.Name != null"},
			want: []string{through + "sweep, 2026-03-01T12:00:00Z"}, hint: "sweep: 7d",
		},
		"deletes are ignored": {
			flow: flow.Flow{Where: "Account.Name != null", Sweep: weekly, Deletes: flow.Ignore},
			want: []string{through + "reading of everything, 2026-03-01T12:00:00Z"}, hint: "deletes: flag",
		},
		"refreshed": {
			flow: flow.Flow{RefreshFields: []string{"Phone"}, Refresh: daily},
			want: []string{values + "none yet"},
		},
		"sampled": {
			flow: flow.Flow{RefreshFields: []string{"Phone"}, Refresh: schedule.Refresh{Sample: true}},
			want: []string{values + "none yet"}, hint: "refresh: 1d",
		},
		"both": {
			flow: flow.Flow{Where: "Phone != null", RefreshFields: []string{"Phone"}, Refresh: daily, Sweep: weekly},
			want: []string{"its where goes by Phone: records enter and leave it without a stamp; " +
				"complete as of the last sweep, 2026-03-01T12:00:00Z", values + "none yet"},
		},
	} {
		test.flow.Object = "Contact"
		s, err := source.Finder{Describe: contact}.Source(t.Context(), test.flow)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range s.AsOf(noon, time.Time{}) {
			got = append(got, a.String())
			if a.Planned != (test.hint == "") || !strings.Contains(a.Hint, test.hint) {
				t.Errorf("%s: planned %v, hint %q", name, a.Planned, a.Hint)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q", name, got)
		}
		s.Cursor = ""
		if got := s.AsOf(noon, noon); got != nil {
			t.Errorf("%s, of an object that each run reads whole: %v", name, got)
		}
	}
}

// An object of many fields is met in a time that grows as they do, and not with their square: one
// of 16,000 takes as long as 160 of 100, and would take 160 times as long. The two are done in turn,
// several times, so that it doesn't matter what else the machine does.
func TestWideObjectsAreLinear(t *testing.T) {
	few, many := wide(100), wide(16_000)
	least := 1e9
	for range 5 {
		began := time.Now()
		for range 160 {
			meet(t, few)
		}
		between := time.Now()
		meet(t, many)
		least = min(least, float64(time.Since(between))/float64(between.Sub(began)))
	}
	if least > 4 {
		t.Errorf("one object of 16,000 fields takes %.1f times as long as 160 of 100", least)
	}
}

// wide is an object of n fields.
func wide(n int) schema.Object {
	o := schema.Object{Name: "Wide__c", Queryable: true, Updateable: true}
	for i := range n {
		o.Fields = append(o.Fields, schema.Field{Name: fmt.Sprintf("Field%d__c", i), Type: schema.String,
			Length: 80, Filterable: true})
	}
	for _, name := range []string{"Id", "SystemModstamp"} {
		o.Fields = append(o.Fields, schema.Field{Name: name, Type: schema.ID, Filterable: true})
	}
	return o
}

// meet does with an object what a run does before it reads one.
func meet(t *testing.T, o schema.Object) {
	t.Helper()
	s, err := source.Of(flow.Flow{Object: o.Name, Deletes: flow.Flag, Drop: []string{"Field1__c"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Table.Columns {
		s.Past.Columns = append(s.Past.Columns, c.Name)
		s.Past.Fields = append(s.Past.Fields, shape.Known{Field: c.Field, Column: c.Name, Type: "currency"})
	}
	if changed := len(s.Redescribed()); changed != len(o.Fields)-1 {
		t.Fatalf("%d columns of %d fields", changed, len(o.Fields))
	}
	if ids := s.IDColumns(); len(ids) != 2 {
		t.Fatalf("Ids are in %v", ids)
	}
	for _, f := range s.Fields {
		if s.ByREST(f.Name) {
			t.Fatalf("%s by REST", f.Name)
		}
	}
}
