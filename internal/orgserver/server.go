// Package orgserver serves an org on an address of this machine, as catchment org does: over https
// where that is wanted, with a line for each request. Whatever org it is handed is an
// http.Handler to it. Start at Serve.
package orgserver

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Serve serves until stop is closed or the context ends. What is beside it is served as long as it is; where that ends
// by itself, all ends.
func Serve(
	ctx context.Context, stop <-chan struct{}, org http.Handler, listener net.Listener,
	beside ...func(context.Context) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	server := &http.Server{Handler: org, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1+len(beside))
	go func() { ended <- unlessClosed(server.Serve(listener)) }()
	for _, serve := range beside {
		go func() { ended <- serve(ctx) }()
	}
	var err error
	left := cap(ended)
	select {
	case err = <-ended:
		left--
	case <-stop:
	case <-ctx.Done():
	}
	cancel()
	err = errors.Join(err, server.Close())
	for range left {
		err = errors.Join(err, <-ended)
	}
	return err
}

// unlessClosed is the error of a server, but for the one that it was closed by.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
