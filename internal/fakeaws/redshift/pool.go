package redshift

import (
	"context"
	"crypto/rand"
	"maps"
	"sync"
)

// A pool keeps sessions of PostgreSQL for the next client: a new one is a new
// process, which reads all catalogs anew.
type pool struct {
	mu     sync.Mutex
	idle   []*backend
	keys   map[cancelKey]*backend // of the sessions that clients have: a key is of one client, and ends with it
	closed bool
}

// A cancelKey is what a client shows who wants a statement to be cancelled.
type cancelKey struct {
	pid    uint32
	secret string
}

// backend takes a session of PostgreSQL that is as new.
func (s *Server) backend(ctx context.Context) (*backend, error) {
	s.pool.mu.Lock()
	if n := len(s.pool.idle); n > 0 {
		l := s.pool.idle[n-1]
		s.pool.idle = s.pool.idle[:n-1]
		s.pool.mu.Unlock()
		return l, nil
	}
	s.pool.mu.Unlock()
	return connect(ctx, s.o.PostgreSQL)
}

// leave takes a session back from a client that is gone, with whatever the
// client left open undone, and all that was set forgotten.
func (s *Server) leave(l *backend) {
	var err error
	if l.state != 'I' {
		err = l.query("ROLLBACK", nowhere)
	}
	if err == nil {
		err = l.query("DISCARD ALL", nowhere)
	}
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	maps.DeleteFunc(s.pool.keys, func(_ cancelKey, of *backend) bool { return of == l })
	if err != nil || s.pool.closed || l.spoilt {
		l.close()
		return
	}
	s.pool.idle = append(s.pool.idle, l)
}

// enter gives a client a key for the session that it has from now on.
func (p *pool) enter(l *backend) ([]byte, error) {
	secret := make([]byte, 4)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys == nil {
		p.keys = map[cancelKey]*backend{}
	}
	p.keys[cancelKey{l.pid, string(secret)}] = l
	return secret, nil
}

// cancels finds the session that a key is for, nil where its client is gone.
// Nobody else gets that session: what PostgreSQL does about it may come late.
func (p *pool) cancels(pid uint32, secret []byte) *backend {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.keys[cancelKey{pid, string(secret)}]
	if l != nil {
		l.spoilt = true
	}
	return l
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, l := range p.idle {
		l.close()
	}
	p.idle = nil
}
