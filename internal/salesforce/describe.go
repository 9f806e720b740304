package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"catchment/internal/salesforce/wire"
	"catchment/internal/schema"
)

// Objects lists the objects that the user may see, without their fields.
func (c *Client) Objects(ctx context.Context) ([]schema.Object, error) {
	var global struct {
		Objects []schema.Object `json:"sobjects"`
	}
	if _, err := c.api.Get(ctx, c.api.Path("sobjects"), &global); err != nil {
		return nil, c.noVersion(ctx, fmt.Errorf("list objects: %w", err))
	}
	return global.Objects, nil
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
	resp, err := c.api.Send(ctx, r)
	if err != nil {
		return o, false, fmt.Errorf("describe %s: %w", object, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified {
		return o, false, nil
	}
	if err := json.NewDecoder(resp.Body).Decode(&o); err != nil {
		return schema.Object{}, false, fmt.Errorf("describe %s: %w", object, r.BadJSON(err))
	}
	return o, true, nil
}
