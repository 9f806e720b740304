package project

import (
	"strings"
	"testing"

	"catchment/internal/flow"
	"catchment/internal/plan"
)

// Flows are chosen by names and by patterns, each once, in the order in which they were named.
func TestChoose(t *testing.T) {
	t.Parallel()
	var flows []flow.Flow
	for _, object := range []string{"Account", "Contact", "Campaign", "Invoice__c", "*"} {
		flows = append(flows, flow.Flow{Object: object})
	}
	for names, want := range map[string]string{
		"": "Account Contact Campaign Invoice__c *", "contact": "Contact", "C*": "Contact Campaign",
		"*__c Account account": "Invoice__c Account",
		"c*n*":                 "Contact Campaign", "*": "*", "???????": "Account Contact",
	} {
		at, err := Choose(flows, strings.Fields(names))
		var got []string
		for _, i := range at {
			got = append(got, flows[i].Object)
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v, want %s", names, got, err, want)
		}
	}
	for _, names := range []string{"Case", "Account Case", "X*"} {
		_, err := Choose(flows, strings.Fields(names))
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "the flows are: Account, Contact") {
			t.Errorf("%q: %v", names, err)
		}
	}
}
