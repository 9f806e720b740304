package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/refusals"
)

// Named adds to a warehouse's refusal of a value which record of its page that
// is. Warehouses know lines or ordinals at most; only the page knows the Id. It
// gives err back as it is where nothing was refused, or nobody can tell more.
func Named(ctx context.Context, pages []warehouse.Page, err error) error {
	refused := refusals.Of(err)
	if refused == nil {
		return err
	}
	line := refused.Line
	if at := slices.IndexFunc(pages, func(p warehouse.Page) bool { return p.Key == refused.Page }); at >= 0 {
		if lookErr := name(ctx, pages[at], refused); lookErr != nil {
			err = errors.Join(err, lookErr)
		}
	}
	if refused.Record > 0 {
		who := cmp.Or(refused.ID, fmt.Sprint(refused.Record))
		if line == 0 && refused.Line > 0 { // else the warehouse has said so
			who += fmt.Sprintf(", which ends on line %d", refused.Line)
		}
		if !strings.Contains(err.Error(), refused.Page) {
			who += " of page " + refused.Page
		}
		err = fmt.Errorf("%w; it is the record %s", err, who)
	}
	if plan.ClassOf(err) != plan.Bug {
		return err
	}
	return plan.Fixf("mend the value in Salesforce, or exclude the field in the flow", "%w", err)
}

// name finds the record, and its other place, in the text that the warehouse got.
func name(ctx context.Context, p warehouse.Page, refused *refusals.Value) (err error) {
	if refused.Line == 0 && refused.Record == 0 {
		return nil
	}
	stored, err := p.Read(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	text := unpacked(stored, p.Gzip)
	if refused.Record == 0 {
		refused.Record, refused.ID, err = page.At(text, refused.Line)
		return err
	}
	refused.Line, refused.ID, err = page.LineOf(text, refused.Record)
	return err
}
