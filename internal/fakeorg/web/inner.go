package web

import (
	"context"
	"net/http"
)

type innerKey struct{}

// Inner says how a request within another counts: as a call of its own, or not.
type Inner struct{ Free bool }

// WithInner makes a context that of a request within another.
func WithInner(ctx context.Context, in Inner) context.Context {
	return context.WithValue(ctx, innerKey{}, in)
}

// IsInner tells whether a request lies within another.
func IsInner(r *http.Request) bool {
	_, ok := r.Context().Value(innerKey{}).(Inner)
	return ok
}

// FreeInner tells whether a request lies within another and doesn't count.
func FreeInner(r *http.Request) bool {
	in, ok := r.Context().Value(innerKey{}).(Inner)
	return ok && in.Free
}
