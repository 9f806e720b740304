package standing

import "testing"

// A flow is that of its own name, else of the first pattern, else of "*".
func TestNamedByPatterns(t *testing.T) {
	t.Parallel()
	h := history{View: View{Wanted: []Wanted{
		{Object: "*"}, {Object: "Sales_*", Paused: true}, {Object: "S*"}, {Object: "Sales_A__c"},
	}}}
	for object, want := range map[string][2]bool{
		"Sales_A__c": {true, false}, "Sales_B__c": {true, true}, "Site__c": {true, false}, "Account": {true, false},
	} {
		wanted, paused := h.named(object)
		if wanted != want[0] || paused != want[1] {
			t.Errorf("%s: wanted %v, paused %v", object, wanted, paused)
		}
	}
	h.Wanted = h.Wanted[1:]
	if wanted, _ := h.named("Account"); wanted {
		t.Error("Account is wanted by no pattern")
	}
}
