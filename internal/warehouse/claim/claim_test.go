package claim_test

import (
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/claim"
)

const mine, yours = "00D000000000001AAA", "00D000000000002AAA"

func marks(flows map[string]string) (all []warehouse.Mark) {
	for flow, org := range flows {
		all = append(all, warehouse.Mark{Flow: flow, Table: strings.ToLower(flow), Org: org})
	}
	return all
}

func TestEnter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		marks   []warehouse.Mark
		refused string
	}{
		{"nobody's", nil, ""},
		{"mine", marks(map[string]string{"Account": mine}), ""},
		{"ours", marks(map[string]string{"Account": mine, "Contact": yours}), ""},
		{"yours", marks(map[string]string{"Case": yours, "Account": yours}),
			yours + " (Account, Case), not of " + mine},
		{"many", marks(map[string]string{"A": yours, "B": yours, "C": yours, "D": yours, "E": yours, "F": yours,
			"G": yours}),
			yours + " (A, B, C, D, E and 2 more)"},
		{"of two others", marks(map[string]string{"Case": yours, "Account": "00D000000000003AAA"}),
			yours + " (Case) and 00D000000000003AAA (Account)"},
	} {
		err := claim.Enter(c.marks, mine)
		if (err != nil) != (c.refused != "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if hint := plan.HintOf(err); err != nil &&
			(!strings.Contains(err.Error(), c.refused) || !strings.Contains(hint, "--new-org")) {
			t.Errorf("%s: %v, hint %q", c.name, err, hint)
		}
	}
}
