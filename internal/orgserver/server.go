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

// Serve serves until stop is closed or the context ends.
func Serve(ctx context.Context, stop <-chan struct{}, org http.Handler, listener net.Listener) error {
	server := &http.Server{Handler: org, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-stop:
	case <-ctx.Done():
	}
	err := server.Close()
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
