package awserr

import (
	"io"

	"catchment/internal/plan"
)

// Body is an object of S3 on its way: what breaks it is worth another try. what says what is being done.
func Body(from io.ReadCloser, what string) io.ReadCloser { return &body{from, what} }

type body struct {
	io.ReadCloser
	what string
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = plan.Failf(plan.Retry, "", "%s: %w", b.what, err)
	}
	return n, err
}
