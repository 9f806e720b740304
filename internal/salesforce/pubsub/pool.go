package pubsub

import (
	"errors"
	"slices"
	"sync"

	"google.golang.org/grpc"
)

// streamsAtMost are the streams of a connection: Salesforce lets one have 100, and one of them is left for
// the calls that ask for schemas.
const streamsAtMost = 99

// A pool has as many connections as the streams need.
type pool struct {
	dial  func() (*grpc.ClientConn, error)
	mu    sync.Mutex
	conns []*conn
	ended bool
}

// A conn is a connection, and how many streams are on it.
type conn struct {
	*grpc.ClientConn
	streams int
	worn    bool // it was silent: it gets no other stream, and is closed when it has none
}

var errClosed = errors.New("the client is closed")

// take gives a connection for one stream more.
func (p *pool) take() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil, errClosed
	}
	for _, c := range p.conns {
		if !c.worn && c.streams < streamsAtMost {
			c.streams++
			return c, nil
		}
	}
	made, err := p.dial()
	if err != nil {
		return nil, err
	}
	c := &conn{ClientConn: made, streams: 1}
	p.conns = append(p.conns, c)
	return c, nil
}

// give gives a connection back whose stream has ended. One that was silent isn't used again: behind it may be
// nobody, and a new stream on it would be as silent.
func (p *pool) give(c *conn, worn bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.streams--
	c.worn = c.worn || worn
	if c.streams == 0 && (c.worn || len(p.conns) > 1) {
		p.conns = slices.DeleteFunc(p.conns, func(other *conn) bool { return other == c })
		_ = c.Close() // nothing is on it
	}
}

func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	var errs []error
	for _, c := range p.conns {
		errs = append(errs, c.Close())
	}
	p.conns = nil
	return errors.Join(errs...)
}
