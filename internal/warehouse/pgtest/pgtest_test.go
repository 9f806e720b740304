package pgtest

import (
	"net"
	"os"
	"testing"
	"time"
)

// The server goes when the pipe is closed, which the kernel does for a process
// that ends in whatever way.
func TestServerGoesWithItsTests(t *testing.T) {
	c := &Cluster{}
	c.Database(t)
	gone := &Cluster{}
	if _, err := gone.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := gone.held.Close(); err != nil {
		t.Fatal(err)
	}
	for { // however long that takes on a busy machine
		conn, err := net.Dial("tcp", gone.addr)
		if err != nil {
			break
		}
		conn.Close()
		time.Sleep(20 * time.Millisecond)
	}
	for {
		if _, err := os.Stat(gone.dir); os.IsNotExist(err) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if conn, err := net.Dial("tcp", c.addr); err != nil {
		t.Error("the other one went too:", err)
	} else {
		conn.Close()
	}
}
