package hostile

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A destination is whom a client meant to speak to.
type destination struct{ scheme, host string }

// A tunnel is a connection that a proxy has made for a client.
type tunnel struct {
	net.Conn
	to string // host and port
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// destinationOf tells whom the client of a request meant to speak to: by its
// tunnel, by the whole URL that it gave a proxy, or by the address that it
// connected to. The Host that it states is not asked.
func destinationOf(r *http.Request) destination {
	to := destination{"http", r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()}
	switch c := r.Context().Value(connKey{}).(type) {
	case *tunnel:
		to = destination{"https", strings.TrimSuffix(c.to, ":443")}
	case *tls.Conn:
		to.scheme = "https"
	}
	if r.URL.Host != "" {
		to = destination{"http", strings.TrimSuffix(r.URL.Host, ":80")}
	}
	to.host = strings.ToLower(to.host)
	return to
}

// relay is the proxy: it carries every name to this process.
func (n *Net) relay(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		n.answer(w, r)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := fmt.Fprint(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return
	}
	n.tunnels.add(&tunnel{Conn: tls.Server(conn, n.tunnels.tls), to: r.Host})
}

// tunnels are a listener of connections that came through the proxy.
type tunnels struct {
	tls  *tls.Config
	come chan net.Conn
	gone chan struct{}
	once sync.Once
}

func newTunnels() *tunnels { return &tunnels{come: make(chan net.Conn), gone: make(chan struct{})} }

func (t *tunnels) add(c net.Conn) {
	select {
	case t.come <- c:
	case <-t.gone:
		_ = c.Close()
	}
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.come:
		return c, nil
	case <-t.gone:
		return nil, net.ErrClosed
	}
}

func (t *tunnels) Close() error {
	t.once.Do(func() { close(t.gone) })
	return nil
}

func (t *tunnels) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// An authority vouches for any host at all.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte

	mu     sync.Mutex
	serial int64
	issued map[string]*tls.Certificate
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	root := certificateOf(1, "Hostile test authority")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	return &authority{cert: root, key: key, serial: 1, issued: map[string]*tls.Certificate{},
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
}

func certificateOf(serial int64, name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// certificate vouches for whom a client asks for; one that asks for nobody by
// name has come by address.
func (a *authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := hello.ServerName
	if c := a.issued[name]; c != nil {
		return c, nil
	}
	a.serial++
	leaf := certificateOf(a.serial, name)
	if name == "" {
		leaf.IPAddresses = []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP(elsewhere)}
	} else {
		leaf.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, a.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("vouch for %s: %w", name, err)
	}
	a.issued[name] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	return a.issued[name], nil
}

// hijack takes the connection of a request, to write on it what no server would.
func hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w).Hijack()
}
