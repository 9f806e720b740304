package salesforce

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/wire"
)

// Version gives the API version that the client speaks.
func (c *Client) Version() string { return c.api.Version }

// Has tells whether that version has a part of the API.
func (c *Client) Has(p platform.Part) bool { return p.In(c.api.Version) }

// Versions lists the API versions that the org serves, the oldest first. That needs no
// session, and Salesforce doesn't count it (REST API guide, "Limit Info Header"), so
// Calls doesn't either. What is no version is left out: the list is shown to people.
func (c *Client) Versions(ctx context.Context) ([]string, error) {
	var list []struct {
		Version string `json:"version"`
	}
	r := &wire.Request{Method: http.MethodGet, Base: c.base, Path: "/services/data/"}
	if _, err := c.open.Call(ctx, r, &list); err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	var versions []string
	for _, v := range list {
		if platform.Number(v.Version) > 0 {
			versions = append(versions, v.Version)
		}
	}
	return versions, nil
}

// Agree has the client speak the newest version that both sides know. It comes before
// all else that the client is asked to do.
func (c *Client) Agree(ctx context.Context) error {
	served, err := c.Versions(ctx)
	if err != nil {
		return err
	}
	version, ok := platform.Choose(served)
	if !ok {
		return plan.Fixf("look for a newer catchment, and check that org.url is the org's My Domain",
			"the org serves API versions %s, and this catchment knows %s to %s", platform.Span(served),
			platform.Oldest, platform.Newest)
	}
	c.api.Version = version
	return nil
}

// Unserved tells that the org doesn't serve the client's version, and which to take;
// nil where it does.
func (c *Client) Unserved(served []string) error {
	if slices.Contains(served, c.api.Version) {
		return nil
	}
	hint := "check that org.url is the org's My Domain"
	if best, ok := platform.Choose(served); ok {
		hint = platform.Pin(best)
	}
	return plan.Fixf(hint, "the org doesn't serve API version %s: it has %s", c.api.Version, platform.Span(served))
}

// noVersion explains why the list of objects isn't there, which every version has: it
// is the version that isn't.
func (c *Client) noVersion(ctx context.Context, err error) error {
	switch fault.StatusOf(err) {
	case http.StatusNotFound, http.StatusGone:
	default:
		return err
	}
	served, unknown := c.Versions(ctx)
	if unknown != nil {
		return err
	}
	if unserved := c.Unserved(served); unserved != nil {
		return plan.Fixf(plan.HintOf(unserved), "%w: %w", unserved, err)
	}
	return err
}
