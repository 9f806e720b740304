package salesforce

import (
	"context"
	"time"

	"catchment/internal/salesforce/wire"
)

// A Way is how a client goes about its requests: with its session, its count and its bounds, and by its clock.
type Way struct {
	API   wire.API
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// Writing gives package write this client's way. Nobody else asks for it: archtest sees to that.
func (c *Client) Writing() Way { return Way{c.api, c.now, c.sleep} }
