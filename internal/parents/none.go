package parents

import (
	"context"
	"errors"
	"slices"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
)

// errNone says that no object is copied whose records could be named.
var errNone = errors.New("the copy has no documents")

// none says what to do about that.
func none() error {
	return plan.Fixf("add a flow on ContentDocument or ContentVersion: links are read by the documents of the copy; "+
		"or give the user the permission Query All Files; or give the flow a where, as ContentDocumentId IN ('069...')",
		"Salesforce lets this user read ContentDocumentLink only by the Ids of documents: %w", errNone)
}

// Consolidated tells why no parents can be named where no flow of theirs has come to its end in this
// run: none ever has. A table may be there all the same, and be empty.
func Consolidated(ctx context.Context, w warehouse.Warehouse) error {
	marks, err := w.Marks(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(marks, func(m warehouse.Mark) bool {
		return slices.Contains(Flows(), m.Flow) && !m.Watermark.IsZero()
	}) {
		return nil
	}
	return none()
}

// Known tells why a run could name no parents: none of the flows that it may have brings them, and the
// warehouse, which may be nil, has none of earlier runs.
func Known(ctx context.Context, w warehouse.Warehouse, flows []string) error {
	if slices.ContainsFunc(Flows(), func(name string) bool { return slices.Contains(flows, name) }) {
		return nil
	}
	if w == nil {
		return none()
	}
	catalog, ok := bodies.CatalogOf(w)
	if !ok {
		return none()
	}
	_, copied, err := catalog.Documents(ctx, "", 1)
	if err == nil && !copied {
		err = none()
	}
	return err
}
