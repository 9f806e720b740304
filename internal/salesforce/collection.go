package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/salesforce/wire"
)

// CollectionAtMost is how many records one call of Collect may ask for (REST
// API guide, "Get Multiple Records with Fields Using sObject Collections").
const CollectionAtMost = 2000

// ErrLarge says that an answer was more than is taken of one: fewer records, or fewer fields, are less.
var ErrLarge = wire.ErrLarge

// Collect reads the records with these Ids, 2,000 at most, by one call, and
// hands each that was answered to each, as they arrive. What Salesforce doesn't
// answer is deleted, purged, or out of this user's sight: only a queryAll by
// its Id tells which. A version without platform.Collections takes more calls.
func (c *Client) Collect(ctx context.Context, object string, ids, fields []string, each func(Record) error) error {
	if len(ids) > CollectionAtMost {
		return plan.Failf(plan.Bug, "", "collect %s: %d Ids at once", object, len(ids))
	}
	if !c.Has(platform.Collections) {
		return c.collectByQuery(ctx, object, ids, fields, each)
	}
	body, err := json.Marshal(map[string][]string{"ids": ids, "fields": fields})
	if err != nil {
		return fmt.Errorf("collect %s: %w", object, err)
	}
	r := &wire.Request{
		Method: http.MethodPost,
		Path:   c.api.Path("composite", "sobjects", object),
		Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
		Body:   body,
	}
	n := 0
	_, err = c.api.Read(ctx, r, func(d *wire.Decoder) error {
		return d.Array(func() error {
			var one *Record // null is a record that isn't there
			if n++; n > len(ids) {
				return fmt.Errorf("more than %d answers to as many Ids", len(ids))
			}
			if err := d.Value(&one); err != nil || one == nil {
				return err
			}
			if err := each(*one); err != nil {
				return eachError{err}
			}
			return nil
		})
	})
	if refused, ok := errors.AsType[eachError](err); ok {
		return refused.error
	}
	if err != nil {
		return fmt.Errorf("collect %s: %w", object, err)
	}
	if n != len(ids) {
		return plan.Strangef("collect %s: %d answers to %d Ids", object, n, len(ids))
	}
	return nil
}
