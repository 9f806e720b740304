// Package wanted is what a control table says of what is to be copied: a row for each
// object, with the key of a template where the defaults won't do. Who adds a row has the next
// run copy the object; who removes it, no more.
//
// Rows are written by catchment flows push, and by people with the tools of their table, so
// nothing of them is trusted: one that can't be read says so in its own place, and hides no
// other. What a template says, and whether the object exists, is left to flow; project brings
// the two together. Start at Rows.All.
package wanted

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// kind is written down in every control table, and by people: it never changes.
const kind = "wanted"

// A Row says that an object is to be copied.
type Row struct {
	Object   string  `json:"-"`                 // an API name, or "*"; it is the row's key
	Template string  `json:"template,omitzero"` // its key in the stage; "" for the object with the defaults
	Paused   bool    `json:"paused,omitzero"`   // runs leave it out
	Window   *Window `json:"window,omitempty"`  // in the place of the template's
	Wrong    error   `json:"-"`                 // why nobody can read the row
}

// A Window is a relative time frame, in the words of catchment.yaml.
type Window struct {
	Last string `json:"last"`
	Zone string `json:"zone,omitzero"`
}

// same tells whether two rows want the same.
func (r Row) same(o Row) bool {
	if r.Wrong != nil || o.Wrong != nil || (r.Window == nil) != (o.Window == nil) {
		return false
	}
	windows := r.Window == nil || *r.Window == *o.Window
	return windows && r.Object == o.Object && r.Template == o.Template && r.Paused == o.Paused
}

// Rows are those of a control table.
type Rows struct{ table versioned.Table }

// In is the rows of t.
func In(t versioned.Table) Rows { return Rows{t} }

// All lists the rows in order of their objects, the wrong ones among them.
func (r Rows) All(ctx context.Context) ([]Row, error) {
	var all []Row
	for stored, err := range r.table.List(ctx, kind, "") {
		if other, ok := errors.AsType[*versioned.Unreadable](err); ok {
			all = append(all, Row{Object: other.Key.ID, Wrong: err})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the control rows: %w", err)
		}
		all = append(all, read(stored))
	}
	return all, nil
}

// read makes a Row of what is stored. It repeats nothing of what it can't read.
func read(stored versioned.Row) Row {
	row := Row{Object: stored.Key.ID}
	d := json.NewDecoder(bytes.NewReader(stored.Data))
	d.DisallowUnknownFields()
	err := d.Decode(&row)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something stands behind its end")
		}
	}
	if err != nil {
		row = Row{Object: stored.Key.ID, Wrong: plan.Fixf(
			`its data is JSON as {"template": "templates/x.yaml", "paused": true, "window": {"last": "1d"}}, each key `+
				"of which may be missing; write it anew with: catchment flows push",
			"control row %s: %w", printable.Line(stored.Key.ID), printable.Error(err))}
	}
	return row
}

// Put writes a row in the place of the object's old one, and tells whether they differ.
func (r Rows) Put(ctx context.Context, row Row) (changed bool, err error) {
	return r.change(ctx, row.Object, func(old versioned.Row, is bool) (bool, error) {
		if is && read(old).same(row) {
			return false, nil
		}
		data, err := json.Marshal(row)
		if err != nil {
			return false, err
		}
		old.Key, old.Data = versioned.Key{Kind: kind, ID: row.Object}, printable.JSON(data)
		_, err = r.table.Put(ctx, old)
		return true, err
	})
}

// Remove takes the row of an object away, and tells whether there was one.
func (r Rows) Remove(ctx context.Context, object string) (bool, error) {
	return r.change(ctx, object, func(old versioned.Row, is bool) (bool, error) {
		if !is {
			return false, nil
		}
		return true, r.table.Delete(ctx, old)
	})
}

// change reads the row of an object and lets do act on it, again where somebody else was
// faster.
func (r Rows) change(
	ctx context.Context, object string, do func(old versioned.Row, is bool) (bool, error),
) (bool, error) {
	done := false
	err := versioned.Anew(func() error {
		old, err := r.table.Get(ctx, versioned.Key{Kind: kind, ID: object})
		is := err == nil
		if is || errors.Is(err, versioned.ErrNotFound) {
			done, err = do(old, is)
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("write control row %s: %w", printable.Line(object), err)
	}
	return done, nil
}

// Objects are those of rows.
func Objects(rows []Row) []string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Object
	}
	return slices.Sorted(slices.Values(names))
}
