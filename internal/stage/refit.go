package stage

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"catchment/internal/control"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/room"
)

// refusedAtMost is how many records of a page a warehouse may refuse one by one, for
// reasons of its own: each costs a load.
const refusedAtMost = 100

// Refit answers a warehouse that couldn't load some pages as they were shown to it:
// where it says which values it has no room for, or which record it refuses, the pages'
// rows come back so that these stay out, and again is true. Their rows are to be
// saved before the pages are loaded. Any other error comes back as it is.
func (w Way) Refit(
	ctx context.Context, rows []control.PageRow, refusal error,
) (refitted []control.PageRow, again bool, err error) {
	refitted = slices.Clone(rows)
	if tight, ok := errors.AsType[*room.Tight](refusal); ok {
		for i := range refitted {
			if again, err = w.narrow(ctx, &refitted[i], tight.Room, again); err != nil {
				return rows, false, err
			}
		}
	} else if refused := refusals.Of(refusal); refused != nil {
		if again, err = w.refuse(ctx, refitted, refused); err != nil {
			return rows, false, err
		}
	}
	if !again {
		return rows, false, refusal
	}
	return refitted, true, nil
}

// narrow has a page keep out what columns have no room for, and tells whether that
// changes anything, or something was changed before.
func (w Way) narrow(ctx context.Context, row *control.PageRow, room []room.Digits, before bool) (bool, error) {
	changed := false
	for _, d := range room {
		if !slices.ContainsFunc(row.Header, func(f string) bool { return strings.EqualFold(f, d.Field) }) {
			continue
		}
		narrow := control.Digits{Column: d.Field, Whole: d.Whole, Fraction: d.Fraction}
		i := slices.IndexFunc(row.Room, func(known control.Digits) bool { return known.Column == d.Field })
		switch {
		case i < 0:
			row.Room, changed = append(slices.Clone(row.Room), narrow), true
		case d.Whole < row.Room[i].Whole || d.Fraction < row.Room[i].Fraction:
			row.Room = slices.Clone(row.Room)
			row.Room[i], changed = narrow, true
		}
	}
	if !changed {
		return before, nil
	}
	return true, w.recount(ctx, row)
}

// refuse finds the record that a warehouse refuses, and has its page keep it out.
func (w Way) refuse(ctx context.Context, rows []control.PageRow, refused *refusals.Value) (bool, error) {
	i := slices.IndexFunc(rows, func(row control.PageRow) bool { return row.Key == refused.Page })
	if i < 0 || refused.ID == "" { // nobody knows which record it is
		return false, nil
	}
	row := &rows[i]
	field := refused.Column
	for _, c := range w.Source.Table.Columns {
		if strings.EqualFold(c.Name, refused.Column) {
			field = c.Field
		}
	}
	if len(row.Refused) >= refusedAtMost {
		return false, plan.Fixf("exclude the field in the flow, or mend the records in Salesforce",
			"page %s: more than %d records were refused, the last in field %s of record %s: %s",
			row.Key, refusedAtMost, field, refused.ID, refused.Why)
	}
	if slices.ContainsFunc(row.Refused, func(known control.Refused) bool { return known.Key == refused.ID }) {
		return false, nil // it was shown to nobody
	}
	row.Refused = append(slices.Clone(row.Refused), control.Refused{Key: refused.ID, Column: field, Why: refused.Why})
	return true, w.recount(ctx, row)
}

// recount counts what stays in a page and what doesn't, by what its row says now.
func (w Way) recount(ctx context.Context, row *control.PageRow) error {
	stored, err := w.Store.Open(ctx, row.Key)
	if err != nil {
		return err
	}
	text, s := w.sifted(stored, row.Gzip, *row)
	defer text.Close()
	in := page.Check(text, false, -1, w.lookOf(*row))
	defer in.Close()
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	row.Rejected += s.rejected - row.Misfits
	row.Records, row.Misfits, row.Blanks = s.kept, s.rejected, s.blanks
	row.Digits = digitsOf(in.Shape())
	return nil
}

// digitsOf is what is known of a page's numbers.
func digitsOf(shape page.Shape) []control.Digits {
	var all []control.Digits
	for _, d := range shape.Digits {
		all = append(all, control.Digits(d))
	}
	return all
}
