package dataapi

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A kept session lives on between calls.
type kept struct {
	id    string
	alive time.Duration
	call  apiCall

	mu   sync.Mutex
	busy bool
	idle time.Time
	conn *pgconn.PgConn
}

// take reserves the session for one statement.
func (k *kept) take() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.busy {
		return false
	}
	k.busy = true
	return true
}

// give is the end of a statement. A session that was lost starts anew.
func (k *kept) give(conn *pgconn.PgConn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy, k.idle, k.conn = false, time.Now(), conn
	if conn != nil && conn.IsClosed() {
		k.conn = nil
	}
}

// over tells whether nobody used the session for as long as it was to live.
func (k *kept) over() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.busy && time.Since(k.idle) > k.alive
}

func (k *kept) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conn != nil && !k.busy {
		_ = k.conn.Close(context.Background()) // it goes either way
	}
}
