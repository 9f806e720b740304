package postgres_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// A proxy stands between us and the server, and loses things.
type proxy struct {
	server   string
	listener net.Listener
	wait     sync.WaitGroup

	cutAfter   atomic.Int64 // bytes to the server before the line breaks; 0 never
	loseCommit atomic.Bool  // the line breaks where the server answers a COMMIT
}

// newProxy stands before the server of a URL, and gives the URL through it.
func newProxy(t *testing.T, direct string) (*proxy, string) {
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{server: u.Host, listener: l}
	p.wait.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.wait.Wait()
	})
	u.Host = l.Addr().String()
	return p, u.String() + "?sslmode=disable"
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wait.Go(func() { p.serve(client) })
	}
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	var committed atomic.Bool
	var back sync.WaitGroup
	back.Go(func() {
		defer client.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			if err != nil || committed.Load() {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			break
		}
		if p.loseCommit.Load() && bytes.Contains(buf[:n], []byte("COMMIT\x00")) {
			committed.Store(true)
		}
		if left := p.cutAfter.Load(); left > 0 {
			if left -= int64(n); left <= 0 {
				break
			}
			p.cutAfter.Store(left)
		}
		if _, err := io.Copy(server, bytes.NewReader(buf[:n])); err != nil {
			break
		}
	}
	if committed.Load() {
		back.Wait() // the server has committed and answered, though nobody hears it
	}
	server.Close()
	back.Wait()
}
