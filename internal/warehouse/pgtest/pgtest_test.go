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
	deadline := time.Now().Add(10 * time.Second)
	for {
		conn, err := net.Dial("tcp", gone.addr)
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the server is still there")
		}
		time.Sleep(20 * time.Millisecond)
	}
	for {
		if _, err := os.Stat(gone.dir); os.IsNotExist(err) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server's folder is still there")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if conn, err := net.Dial("tcp", c.addr); err != nil {
		t.Error("the other one went too:", err)
	} else {
		conn.Close()
	}
}
