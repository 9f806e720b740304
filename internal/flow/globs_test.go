package flow

import (
	"slices"
	"testing"

	"catchment/internal/schema"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		object, name string
		want         bool
	}{
		{"Account", "account", true}, {"Account", "Accounts", false}, {"*", "anything at all/[]", true},
		{"Acc*", "Account", true}, {"acc*", "ACCOUNTSHARE", true}, {"Acc*", "MyAccount", false},
		{"*__c", "Invoice__c", true}, {"*__c", "Invoice", false}, {"?ask", "Task", true}, {"?ask", "ask", false},
		{"*a*", "Case", true}, {"A*t", "Account", true}, {"A*t", "Accounts", false}, {"**", "Case", true},
	} {
		if got := (Flow{Object: c.object}).Matches(c.name); got != c.want {
			t.Errorf("%s, %s: %v", c.object, c.name, got)
		}
	}
}

// orgOf is an org with objects of these names.
func orgOf(names ...string) []schema.Object {
	var all []schema.Object
	for _, name := range names {
		all = append(all, object(name))
	}
	return all
}

// Each object has one flow: its own, else that of the first pattern, else that of "*"; wherever they
// stand.
func TestResolvePatterns(t *testing.T) {
	t.Parallel()
	f := parse(t, "  - {object: \"*\", deletes: ignore, exclude_objects: [\"T*\"]}\n"+
		"  - {object: \"Sales_*\", deletes: remove, exclude_objects: [\"*_Log__c\"]}\n"+
		"  - {object: \"s*__c\", deletes: flag, mover: rest}\n"+
		"  - {object: sales_own__c, mover: bulk}\n")
	org := orgOf("Account", "Sales_A__c", "Sales_Own__c", "Sales_Log__c", "Site__c", "Task", "Topic", "AccountShare",
		"Sales_A__Share")
	flows, err := Resolve(f, org)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, fl := range flows {
		got[fl.Object] = string(fl.Deletes) + " " + string(fl.Mover)
	}
	want := map[string]string{"Sales_Own__c": "flag bulk", "Sales_A__c": "remove auto", "Sales_Log__c": "flag rest",
		"Site__c": "flag rest", "Account": "ignore auto"}
	if len(got) != len(want) || len(flows) != len(want) {
		t.Errorf("%v", got)
	}
	for object, flow := range want {
		if got[object] != flow {
			t.Errorf("%s: %s, want %s", object, got[object], flow)
		}
	}
	var left []string
	for _, names := range f.StarLeaves(org) {
		left = append(left, names...)
	}
	if !slices.Equal(left, []string{"AccountShare", "Sales_A__Share"}) {
		t.Errorf("left out: %v", left)
	}
}

// An object that was copied and is gone fails the flow that its pattern made of it, and no other.
func TestResolvePatternOfWhatIsGone(t *testing.T) {
	t.Parallel()
	f := parse(t, "  - {object: \"Sales_*\"}\n")
	flows, err := Resolve(f, orgOf("Sales_A__c", "Account"), schema.Object{Name: "Sales_B__c"},
		schema.Object{Name: "Other__c"})
	if err != nil || !slices.Equal(resolved(flows), []string{"Sales_A__c", "Sales_B__c"}) ||
		flows[0].Wrong != nil || flows[1].Wrong == nil {
		t.Errorf("%v, %v", flows, err)
	}
}

// A pattern that takes nothing may be a slip of the pen.
func TestResolvePatternsThatTakeNothing(t *testing.T) {
	t.Parallel()
	f := parse(t, "  - {object: \"Salse_*\"}\n  - {object: \"*share\"}\n"+
		"  - {object: \"Acc*\", exclude_objects: [\"Contact*\", \"Z*\"]}\n")
	_, err := Resolve(f, orgOf("Account", "AccountShare", "Contact", "Sales_A__c"))
	wantProblems(t, err,
		`catchment.yaml:6:14: flows[0].object: the org has no object like "Salse_*" that this user can see`,
		`catchment.yaml:7:14: flows[1].object: a pattern leaves out what "*share" matches, as AccountShare: `+leftHanging,
		`catchment.yaml:8:52: flows[2].exclude_objects[1]: the org has no object "Z*" that this user can see`)
}
