package parents_test

import (
	"testing"

	"catchment/internal/parents"
	"catchment/internal/plan"
)

// Flows that are read by what others bring come behind them, and the others stay as they were.
func TestLast(t *testing.T) {
	t.Parallel()
	items := []plan.Task{{Flow: "ContentDocumentLink"}, {Flow: "Contact"}, {Flow: "ContentDocument"}, {Flow: "Account"}}
	order := ""
	for _, item := range parents.Last(items) {
		order += item.Flow + " "
	}
	if order != "Contact ContentDocument Account ContentDocumentLink " {
		t.Error(order)
	}
}
