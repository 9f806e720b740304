package salesforce_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

func TestUsedUp(t *testing.T) {
	tests := []struct {
		used, most int64
		reserve    int
		want       bool
	}{
		{0, 0, 40, false}, // nobody has said anything yet
		{60, 100, 40, true}, {59, 100, 40, false}, {100, 100, 40, true}, {120, 100, 40, true},
		{100, 100, 0, false}, // nothing is set aside: Salesforce itself says when it is enough
		{1, 100, 99, true}, {5999, 10_000, 40, false},
	}
	for _, test := range tests {
		if got := (salesforce.Limit{Max: test.most,
			Remaining: test.most - test.used}).UsedUp(test.reserve); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// Record counts are asked in one call, about some objects by their names, and about all
// where there are too many of them for a URI.
func TestRecordCounts(t *testing.T) {
	o := newOrg(t)
	var asked []string
	o.handle("GET /services/data/v66.0/limits/recordCount", func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		answer(w, 200, `{"sObjects":[{"count":3,"name":"Account"},{"count":10,"name":"Contact"}]}`)
	})
	counts, err := o.RecordCounts(t.Context(), []string{"Account", "Contact", "Nothing__c"})
	if err != nil || !maps.Equal(counts, map[string]int64{"Account": 3, "Contact": 10}) {
		t.Errorf("%v, %v", counts, err)
	}
	var many []string
	for n := range 201 {
		many = append(many, fmt.Sprintf("Object_%d__c", n))
	}
	if _, err := o.RecordCounts(t.Context(), many); err != nil {
		t.Error(err)
	}
	if len(asked) != 2 || asked[0] != "sObjects=Account,Contact,Nothing__c" || asked[1] != "" {
		t.Errorf("asked for %q", asked)
	}
}

// Who lacks the permission is told so.
func TestRecordCountsRefused(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/limits/recordCount", refusal(403, "INSUFFICIENT_ACCESS", "not you"))
	_, err := o.RecordCounts(t.Context(), []string{"Account"})
	want(t, err, plan.Fix, "INSUFFICIENT_ACCESS")
}
