// Package dns looks names up with patience: a laptop that wakes, a resolver that is
// restarted and a VPN that comes up answer a moment later.
//
// A Patience stands where a connection is made, so whatever sends a request over it
// doesn't count a second one. It is for the programs, which give it to their clients;
// what a name means that stays unknown is told where the class of an error is.
//
// Start at Patience.
package dns

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Pauses between two tries double from the first to the longest.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 8 * time.Second
)

// A Patience tries a name again for a while. Its zero value never does.
type Patience struct {
	For  time.Duration     // how long, from the first failure on
	Tell func(host string) // hears of a name that is tried again, once; nil tells nobody
	Now  func() time.Time  // time.Now where nil

	mu    sync.Mutex
	since map[string]time.Time // of each name that isn't found, since when
}

// Lookup finds the addresses of a host by find, again and again.
func (p *Patience) Lookup(find func(ctx context.Context, host string) ([]string, error)) func(
	ctx context.Context, host string) ([]string, error) {
	return func(ctx context.Context, host string) (addresses []string, err error) {
		err = p.try(ctx, host, func() error {
			addresses, err = find(ctx, host)
			return err
		})
		return addresses, err
	}
}

// Dial connects by dial, again and again as long as the host's name isn't found.
func (p *Patience) Dial(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(
	ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		err = p.try(ctx, host, func() error {
			conn, err = dial(ctx, network, address)
			return err
		})
		return conn, err
	}
}

// try does what needs a host's address until that is found, or the time is over. The time
// is one for all who ask for the name: where it is over, nobody waits again.
func (p *Patience) try(ctx context.Context, host string, do func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := do()
		if _, unknown := errors.AsType[*net.DNSError](err); !unknown || ctx.Err() != nil {
			p.found(host)
			return err
		}
		left := p.left(host)
		if left <= 0 {
			return err
		}
		timer := time.NewTimer(min(pause, left))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}

// left is how long a name that wasn't found is tried on.
func (p *Patience) left(host string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since == nil {
		p.since = map[string]time.Time{}
	}
	since, known := p.since[host]
	if !known {
		since = p.now()
		p.since[host] = since
		if p.Tell != nil && p.For > 0 {
			p.Tell(host)
		}
	}
	return p.For - p.now().Sub(since)
}

// found forgets that a name wasn't.
func (p *Patience) found(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.since, host)
}

func (p *Patience) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}
