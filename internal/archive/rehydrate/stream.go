package rehydrate

import (
	"context"
	"io"

	"catchment/internal/blob"
	"catchment/internal/files/holdings"
)

// A stream is a body of the stage that is checked while it is read: where its bytes aren't those that were copied,
// its end is an error.
type stream struct {
	*io.PipeReader
	ended chan struct{}
}

// opened begins to read a body. Whoever closes it waits for the end of the reading.
func opened(ctx context.Context, stage blob.Store, stored holdings.Body) io.ReadCloser {
	from, to := io.Pipe()
	s := stream{from, make(chan struct{})}
	go func() {
		defer close(s.ended)
		to.CloseWithError(stored.Stream(ctx, stage, to))
	}()
	return s
}

// Close ends the reading.
func (s stream) Close() error {
	err := s.PipeReader.Close()
	<-s.ended
	return err
}
