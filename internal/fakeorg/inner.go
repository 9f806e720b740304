package fakeorg

import (
	"context"
	"net/http"
)

type innerKey struct{}

// inner says how a request within another counts: as a call of its own, or not.
type inner struct{ free bool }

// withInner makes a context that of a request within another.
func withInner(ctx context.Context, in inner) context.Context {
	return context.WithValue(ctx, innerKey{}, in)
}

// freeInner tells whether a request lies within another and doesn't count.
func freeInner(r *http.Request) bool {
	in, ok := r.Context().Value(innerKey{}).(inner)
	return ok && in.free
}
