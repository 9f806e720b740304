// Package parents reads the records of an object that Salesforce lets a user read only where a query
// names their parents: ContentDocumentLink, without the permission Query All Files, by the documents
// that the copy has.
//
// A Pager asks for the records of so many parents at a time, by REST, and each of these lists is one
// page. Beside the Ids no condition is allowed, so all records are read each time. A job holds nothing:
// which parents there are the warehouse says, whenever the pages are listed, and a page is called
// after the parents that it asks for. So another process goes on where one died. Where the
// parents have changed meanwhile, so have the pages, and who counts them has to read anew.
//
// Start at Refuses and New.
package parents

import (
	"context"

	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/soql"
)

// Refuses finds out, by asking for one record, whether an org refuses to let an object be read where
// a query names no parents: describe doesn't tell.
func Refuses(org *salesforce.Client) func(ctx context.Context, object string) (bool, error) {
	return func(ctx context.Context, object string) (bool, error) {
		q := soql.Select{Fields: []string{"Id"}, From: object, Limit: 1}
		_, err := org.QueryBatch(ctx, q.String(), true, func(salesforce.Record) error { return nil })
		if fault.IsFiltered(err) {
			return true, nil
		}
		return false, err
	}
}
