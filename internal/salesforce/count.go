package salesforce

import (
	"context"
	"net/http"
	"sync/atomic"

	"catchment/internal/salesforce/wire"
)

// counting counts the requests that are sent, the repeated ones too.
type counting struct {
	next  wire.Sender
	calls *atomic.Int64
}

func (c *counting) Send(ctx context.Context, r *wire.Request) (*http.Response, error) {
	c.calls.Add(1)
	if n, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	return c.next.Send(ctx, r)
}

type counterKey struct{}

// CountInto makes every API request under the context it returns add one to n,
// besides Calls: that is how a flow knows its own share.
func CountInto(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, counterKey{}, n)
}
