package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/salesforce/wire"
	"catchment/internal/schema"
)

// Objects lists the objects that the user may see, without their fields.
func (c *Client) Objects(ctx context.Context) ([]schema.Object, error) {
	var objects []schema.Object
	r := &wire.Request{Method: http.MethodGet, Path: c.api.Path("sobjects")}
	_, err := c.api.Read(ctx, r, func(d *wire.Decoder) error {
		return d.Object(func(key string) error {
			if key != "sobjects" {
				return d.Skip()
			}
			return elements(d, objectsAtMost, &objects)
		})
	})
	if err != nil {
		return nil, c.noVersion(ctx, fmt.Errorf("list objects: %w", err))
	}
	return objects, nil
}

// DescribeKin describes an object with what hangs on its records: relationships may be
// thousands, so that Describe leaves them out.
func (c *Client) DescribeKin(ctx context.Context, object string) (schema.Object, error) {
	var o schema.Object
	r := &wire.Request{Method: http.MethodGet, Path: c.api.Path("sobjects", object, "describe")}
	_, err := c.api.Read(ctx, r, func(d *wire.Decoder) error { return readKin(d, &o) })
	if err != nil {
		return schema.Object{}, fmt.Errorf("describe %s: %w", object, err)
	}
	return o, nil
}

// Describe tells what an object is made of.
func (c *Client) Describe(ctx context.Context, object string) (schema.Object, error) {
	o, _, err := c.DescribeSince(ctx, object, time.Time{})
	return o, err
}

// DescribeSince describes an object if it changed since then. That permissions
// changed isn't promised to show: describe in full once a day.
func (c *Client) DescribeSince(
	ctx context.Context, object string, since time.Time,
) (o schema.Object, changed bool, err error) {
	r := &wire.Request{Method: http.MethodGet, Path: c.api.Path("sobjects", object, "describe"), Header: http.Header{}}
	if !since.IsZero() {
		r.Header.Set("If-Modified-Since", since.UTC().Format(http.TimeFormat))
	}
	_, err = c.api.Read(ctx, r, func(d *wire.Decoder) error { return readDescribe(d, &o) })
	if errors.Is(err, wire.ErrNotModified) {
		return schema.Object{}, false, nil
	}
	if err != nil {
		return schema.Object{}, false, fmt.Errorf("describe %s: %w", object, err)
	}
	return o, true, nil
}

// What a list may have, of which each element takes more memory than its text: no org comes
// near. An object has 900 custom fields at most (Salesforce Help, "Custom Fields Allowed Per
// Object"), accounts show those of contacts too, and the widest has a few hundred of its own;
// getUpdated and getDeleted tell of 600,000 records (REST API guide).
const (
	objectsAtMost = 50_000
	fieldsAtMost  = 5_000
	choicesAtMost = 500_000 // values of picklists, and objects that fields refer to, of one object
	changesAtMost = 600_000
	kinAtMost     = 100_000 // relationships of one object: every other one may point to users a few times
)

// tooMany says that a list has more than is taken.
func tooMany(most int) error {
	return plan.Failf(plan.Fix, plan.NoOrg, "a list in the answer has more than %d elements", most)
}

// elements reads a list of at most so many.
func elements[T any](d *wire.Decoder, most int, into *[]T) error {
	return d.Array(func() error {
		var one T
		if len(*into) == most {
			return tooMany(most)
		}
		err := d.Value(&one)
		*into = append(*into, one)
		return err
	})
}

// readDescribe reads a description field by field, and holds nothing of the rest, which is
// most of it.
func readDescribe(d *wire.Decoder, o *schema.Object) error { return readParts(d, o, nil) }

// readKin reads it with its relationships.
func readKin(d *wire.Decoder, o *schema.Object) error {
	return readParts(d, o, func() error { return elements(d, kinAtMost, &o.Children) })
}

// readParts reads a description, and has the relationships read by who wants them.
func readParts(d *wire.Decoder, o *schema.Object, children func() error) error {
	into, names, choices := parts(o), map[string]bool{}, 0
	return d.Object(func(key string) error {
		if part, ok := into[key]; ok {
			return d.Value(part)
		}
		if key == "childRelationships" && children != nil {
			return children()
		}
		if key != "fields" {
			return d.Skip()
		}
		return d.Array(func() error {
			var f schema.Field
			if len(o.Fields) == fieldsAtMost {
				return tooMany(fieldsAtMost)
			}
			err := d.Value(&f)
			name := strings.ToLower(f.Name)
			if err == nil && names[name] { // no query may name it twice, and no table have it twice
				return plan.Failf(plan.Fix, plan.NoOrg, "field %s stands twice in the answer", printable.Line(f.Name))
			}
			names[name] = true
			if choices += len(f.PicklistValues) + len(f.ReferenceTo); choices > choicesAtMost {
				return tooMany(choicesAtMost)
			}
			o.Fields = append(o.Fields, f)
			return err
		})
	})
}

// parts are what an object has besides its fields, by the names that they have in JSON.
func parts(o *schema.Object) map[string]any {
	return map[string]any{
		"name": &o.Name, "label": &o.Label, "keyPrefix": &o.KeyPrefix, "custom": &o.Custom,
		"customSetting": &o.CustomSetting, "queryable": &o.Queryable, "replicateable": &o.Replicateable,
		"retrieveable": &o.Retrieveable, "createable": &o.Createable, "updateable": &o.Updateable,
		"deletable": &o.Deletable, "undeletable": &o.Undeletable, "deprecatedAndHidden": &o.Deprecated,
	}
}
