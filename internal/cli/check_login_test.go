package cli

import (
	"slices"
	"testing"

	"catchment/internal/flow"
)

func TestUnseenOf(t *testing.T) {
	const data, users, files = "View All Data", "View All Users", "Query All Files"
	flows := []flow.Flow{{Object: "Account"}, {Object: "Contact"}, {Object: "User"}, {Object: "ContentVersion"}}
	for _, tt := range []struct{ missing, seen, want []string }{
		{nil, nil, nil},
		{[]string{data}, nil, []string{"Account", "Contact"}},
		{[]string{data}, []string{"Contact"}, []string{"Account"}},
		{[]string{users, files}, nil, []string{"User", "ContentVersion"}},
		{[]string{data, users, files}, []string{"Account", "Contact"}, []string{"User", "ContentVersion"}},
		{[]string{data, users, files}, []string{"Account", "Contact", "User", "ContentVersion"}, nil},
	} {
		if got := unseenOf(flows, tt.missing, tt.seen); !slices.Equal(got, tt.want) {
			t.Errorf("lacks %v, sees all of %v: %v, want %v", tt.missing, tt.seen, got, tt.want)
		}
	}
}
