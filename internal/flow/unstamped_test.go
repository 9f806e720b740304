package flow

import (
	"testing"

	"catchment/internal/schema"
)

func TestUnstamped(t *testing.T) {
	o := schema.Object{Name: "ContractLineItem",
		Fields: []schema.Field{{Name: "Id"}, {Name: "Status"}, {Name: "F__c", Calculated: true}, {Name: "Rank__c"}}}
	got := Unstamped(Flow{RefreshFields: []string{"rank__c"}}, o, o.Fields)
	if len(got) != 3 || got[0].Name != "Status" || got[1].Name != "F__c" || got[2].Name != "Rank__c" {
		t.Errorf("%v", got)
	}
	for _, object := range []string{"Task", "Event"} {
		o := schema.Object{Name: object, Fields: []schema.Field{{Name: "Id"}, {Name: "IsArchived"}}}
		if got := Unstamped(Flow{}, o, o.Fields); len(got) != 1 || got[0].Name != "IsArchived" {
			t.Errorf("%s: %v", object, got)
		}
	}
	o.Name = "Contact"
	if got := Unstamped(Flow{}, o, o.Fields); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestRefreshOfFlows(t *testing.T) {
	f := parse(t, "  - object: A\n  - object: B\n    refresh: off\n  - object: C\n    refresh: sample\n"+
		"    refresh_fields: [Rank__c]\ndefaults: {refresh: 1d}\n")
	for i, want := range []string{"24h0m0s", "off", "sample"} {
		if got := f.Flows[i].Refresh.String(); got != want {
			t.Errorf("flow %d: %s, want %s", i, got, want)
		}
	}
	if len(f.Flows[2].RefreshFields) != 1 {
		t.Errorf("%v", f.Flows[2].RefreshFields)
	}
}
