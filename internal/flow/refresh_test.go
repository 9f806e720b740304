package flow

import (
	"testing"
	"time"

	"catchment/internal/schema"
)

func TestRefresh(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for text, due := range map[string][3]bool{ // never refreshed, an hour ago, a day ago
		"off": {}, "sample": {}, "1d": {true, false, true}, "1h": {true, true, true}, "25h": {true, false, false},
		"30 11 * * *": {true, true, true}, "0 10 * * *": {true, false, true},
	} {
		r, err := parseRefresh(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]bool{r.Due(time.Time{}, noon, time.UTC), r.Due(noon.Add(-time.Hour), noon, time.UTC), r.Due(noon.Add(-24*time.Hour), noon, time.UTC)}; got != due {
			t.Errorf("%s: due %v, want %v", text, got, due)
		}
		if again, err := parseRefresh(r.String()); err != nil || again != r {
			t.Errorf("%s: written as %s, read as %v, %v", text, r, again, err)
		}
	}
	for _, text := range []string{"", "10m", "daily", "-1d"} {
		if _, err := parseRefresh(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	o := schema.Object{Name: "ContractLineItem", Fields: []schema.Field{{Name: "Id"}, {Name: "Status"}, {Name: "F__c", Calculated: true}, {Name: "Rank__c"}}}
	got := Unstamped(Flow{RefreshFields: []string{"rank__c"}}, o, o.Fields)
	if len(got) != 3 || got[0].Name != "Status" || got[1].Name != "F__c" || got[2].Name != "Rank__c" {
		t.Errorf("%v", got)
	}
	o.Name = "Contact"
	if got := Unstamped(Flow{}, o, o.Fields); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestRefreshOfFlows(t *testing.T) {
	f := parse(t, "  - object: A\n  - object: B\n    refresh: off\n  - object: C\n    refresh: sample\n    refresh_fields: [Rank__c]\ndefaults: {refresh: 1d}\n")
	for i, want := range []string{"24h0m0s", "off", "sample"} {
		if got := f.Flows[i].Refresh.String(); got != want {
			t.Errorf("flow %d: %s, want %s", i, got, want)
		}
	}
	if len(f.Flows[2].RefreshFields) != 1 {
		t.Errorf("%v", f.Flows[2].RefreshFields)
	}
}
