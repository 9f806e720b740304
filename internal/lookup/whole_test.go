package lookup

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Each group fits into a query, and together they are all fields, in order.
func TestGroupsOf(t *testing.T) {
	var wide []string
	for i := range 900 {
		wide = append(wide, fmt.Sprintf("A_field_with_a_long_name_%d__c", i))
	}
	for _, test := range []struct {
		fields []string
		groups int
	}{{[]string{"Id"}, 1}, {wide[:100], 1}, {wide, 5}, {[]string{strings.Repeat("x", 2*fieldsAtMost), "Id"}, 2}} {
		groups := groupsOf(test.fields)
		if len(groups) != test.groups || !slices.Equal(slices.Concat(groups...), test.fields) {
			t.Errorf("%d fields: %d groups, want %d", len(test.fields), len(groups), test.groups)
		}
		for _, g := range groups {
			if n := len(strings.Join(g, ", ")); n > fieldsAtMost && len(g) > 1 {
				t.Errorf("a group of %d characters", n)
			}
		}
	}
}
