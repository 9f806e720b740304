package salesforce

import "catchment/internal/salesforce/wire"

// Writing gives package write the way of this client's requests, with its session, its count and its bounds.
// Nobody else asks for it: archtest sees to that.
func (c *Client) Writing() wire.API { return c.api }
