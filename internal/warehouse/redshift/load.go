package redshift

import (
	"context"
	"errors"
	"fmt"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// Load copies the pages one after the other: each into a temporary table by a
// COPY whose rows are counted, and from there into staging. COPY itself can't
// add our columns, and counts nothing by file.
func (t *tx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	rows := make([]int64, len(c.Pages))
	for i, p := range c.Pages {
		var err error
		if rows[i], err = t.loadPage(ctx, c, p); err != nil {
			return nil, fmt.Errorf("load page %s: %w", p.Key, err)
		}
	}
	return rows, nil
}

func (t *tx) loadPage(ctx context.Context, c sql.Copy, p warehouse.Page) (int64, error) {
	placed, err := t.driver.pages.bring(ctx, p, superColumns(c.Columns))
	if err != nil {
		return 0, err
	}
	defer placed.remove()
	r := pageCopy{Copy: c, Page: placed.page, Manifest: placed.manifest, Role: t.driver.place.role,
		Region: t.driver.place.region, Truncate: t.driver.place.text == TruncateLongText}
	if _, err := t.exec(ctx, r.Make()); err != nil {
		return 0, err
	}
	if _, err := t.exec(ctx, r.From()); err != nil {
		t.refused = refusedObject{url: placed.url, page: p.Key, rewritten: len(superColumns(c.Columns)) > 0}
		return 0, err
	}
	copied, err := t.number(ctx, r.Count())
	if err != nil {
		return 0, err
	}
	exponents, err := t.look(ctx, r)
	if err != nil {
		return 0, err
	}
	rows, err := t.exec(ctx, r.Insert(exponents))
	if err != nil {
		return 0, err
	}
	if rows != copied {
		return 0, plan.Failf(plan.Bug, "run it again; if it happens twice, report it",
			"COPY took %d rows, %d reached staging", copied, rows)
	}
	_, err = t.exec(ctx, r.Drop())
	return rows, err
}

// look asks what has to be known of the copied rows.
func (t *tx) look(ctx context.Context, r pageCopy) (exponents map[string]bool, err error) {
	query := r.Look()
	if query == "" {
		return nil, nil
	}
	n := r.Asked()
	counts, dest := make([]int64, n), make([]any, n)
	for i := range counts {
		dest[i] = &counts[i]
	}
	if err := t.query(ctx, func(scan sql.Scan) error { return scan(dest...) }, query); err != nil {
		return nil, err
	}
	exponents, cut := r.Seen(counts)
	for column, n := range cut {
		t.cuts = append(t.cuts, Cut{Page: r.Page.Key, Column: column, Texts: n})
	}
	return exponents, nil
}

func (t *tx) number(ctx context.Context, query string) (n int64, err error) {
	err = t.query(ctx, func(scan sql.Scan) error { return scan(&n) }, query)
	return n, err
}

// A refusedObject is what COPY has refused.
type refusedObject struct {
	url       string
	page      string // its key
	rewritten bool   // its texts became JSON, so its lines are not those of the page
}

// explain adds to a COPY's error which column of which line was refused, and
// why. Redshift keeps that in a view, beside the value itself, which is left
// there (invariant 9): the code says enough. A look that fails adds nothing.
func (d *driver) explain(ctx context.Context, from refusedObject, err error) error {
	object, at := from.url, refusals.Value{Page: from.page}
	var code int64
	found := false
	lookErr := d.View(ctx, func(tx sql.Tx) error {
		return tx.Query(ctx, func(scan sql.Scan) error {
			found = true
			return scan(&at.Column, &at.Line, &code)
		}, "SELECT trim(column_name), line_number, error_code FROM sys_load_error_detail WHERE trim(file_name) = $1 "+
			"ORDER BY start_time DESC LIMIT 1", object[:min(len(object), 256)])
	})
	if lookErr != nil || !found {
		return err
	}
	if from.rewritten {
		at.Line = 0
	}
	return refusedValue(err, at, code)
}

// tooLong is the code of a text that its column has no room for (Amazon
// Redshift Database Developer Guide, Load error reference).
const tooLong = 1204

func refusedValue(err error, at refusals.Value, code int64) error {
	if code == tooLong {
		at.Why = fmt.Sprintf("the text has more bytes than a column of Redshift can hold (%d)", code)
		return plan.Fixf("set text: truncate or text: super in the warehouse section of catchment.yaml, "+
			"or exclude the field in the flow; `catchment run --full` applies super", "%w: %w", &at, err)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	at.Why = fmt.Sprintf("a value was refused (%d)", code)
	return fmt.Errorf("%w: %w", &at, err)
}

// superColumns is the places of the columns that are of type SUPER.
func superColumns(cols []dialect.CopyColumn) []int {
	var at []int
	for i, c := range cols {
		if c.Type == "SUPER" {
			at = append(at, i)
		}
	}
	return at
}
