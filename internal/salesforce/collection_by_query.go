package salesforce

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/salesforce/soql"
)

// soqlAtMost is how long a query may be that stands in a URI: of 16,384 bytes with the
// headers, and quoting may triple a character.
const soqlAtMost = 5000

// collectByQuery is Collect by queries that name the Ids.
func (c *Client) collectByQuery(
	ctx context.Context, object string, ids, fields []string, each func(Record) error,
) error {
	q := soql.Select{Fields: fields, From: object, Where: []soql.Condition{soql.In("Id", nil)}}
	atOnce := max(1, (soqlAtMost-len(q.String()))/len(`'001000000000000AAA',`))
	for some := range slices.Chunk(ids, atOnce) {
		q.Where[0] = soql.In("Id", some)
		for r, err := range c.Query(ctx, q.String(), false) {
			if err != nil {
				return fmt.Errorf("collect %s: %w", object, err)
			}
			if err := each(r); err != nil {
				return err
			}
		}
	}
	return nil
}
