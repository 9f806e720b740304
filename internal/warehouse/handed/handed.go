// Package handed is what a warehouse may tell whose merges can be handed to another engine: who would do one, and why.
package handed

import (
	"context"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A Foreteller has the role.
type Foreteller interface {
	// WhoMerges says in words who would merge so many records into a table, and why. It changes nothing.
	WhoMerges(ctx context.Context, t shape.Table, policy gone.Policy, records int64) (string, error)
}

// Of asks a warehouse whether it has the role.
func Of(w warehouse.Warehouse) (Foreteller, bool) {
	f, ok := w.(Foreteller)
	return f, ok
}
