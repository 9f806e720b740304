// Package hostile is what may stand where Salesforce should: a server that
// answers logins, describes, queries, jobs, results and limits as the fake org
// behind it does, but for what an attack changes.
//
// It is a double of its own. It knows the fake org, which it spoils the answers
// of, and Salesforce's documents; it shares no code with the product. The
// product runs in a process of its own against it.
//
// Start at [Open]: a [Net] is all that such a process can reach, the org at
// home and every other host that there might be, and it notes who was spoken to
// and what was said. Package place names the answers that can be attacked;
// tricks.go, links.go and floods.go have what can be done to them.
package hostile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"crypto/tls"

	"catchment/internal/fakeorg"
)

// A Way is how the org at home is reached.
type Way string

// The two ways: the real one, by the name of a real org through a proxy that
// carries every name to this process; and in clear, which only loopback may.
const (
	Secure Way = "https"
	Clear  Way = "http"
)

// Home is the org's host where it is reached by the Secure way.
const Home = "acme.my.salesforce.com"

// elsewhere is an address of loopback that is not the org's.
const elsewhere = "127.0.0.9"

// A Net is the hosts that a program can reach.
type Net struct {
	org  *fakeorg.Org
	way  Way
	home string // the org's host, with its port where that isn't the usual one
	away map[string]string
	dir  string

	proxy   net.Listener
	tunnels *tunnels
	servers []*http.Server
	ended   chan struct{}
	serving sync.WaitGroup

	loops sync.Mutex

	mu      sync.Mutex
	attacks []*Attack
	bites   int
	trusted []string
	secrets []string
	strays  []string
}

// Open opens the network around an org. What a program has to know of it is
// written into dir.
func Open(org *fakeorg.Org, way Way, dir string) (*Net, error) {
	c := org.Credentials()
	n := &Net{org: org, way: way, dir: dir, away: map[string]string{}, tunnels: newTunnels(),
		ended:   make(chan struct{}),
		secrets: []string{c.ClientSecret, c.RefreshToken, c.Password, c.AccessToken}}
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), authority.pem, 0o600); err != nil {
		return nil, err
	}
	listen := func(address string) net.Listener {
		l, lerr := net.Listen("tcp", address)
		err = errors.Join(err, lerr)
		return l
	}
	home, clear, secure := listen("127.0.0.1:0"), listen(elsewhere+":0"), listen(elsewhere+":0")
	n.proxy = listen("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a hostile network: %w", err)
	}
	n.away["http"], n.away["https"] = "http://"+clear.Addr().String(), "https://"+secure.Addr().String()
	n.home = Home
	if way == Clear {
		n.home = home.Addr().String()
	}
	settings := &tls.Config{GetCertificate: authority.certificate, NextProtos: []string{"http/1.1"}}
	n.tunnels.tls = settings
	n.serve(home, n.answer)
	n.serve(clear, n.answer)
	n.serve(tls.NewListener(secure, settings), n.answer)
	n.serve(n.tunnels, n.answer)
	n.serve(n.proxy, n.relay)
	return n, nil
}

// serve serves a listener until the network is closed.
func (n *Net) serve(l net.Listener, h http.HandlerFunc) {
	server := &http.Server{
		Handler:     h,
		ErrorLog:    log.New(io.Discard, "", 0), // an attack breaks connections
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return withConn(ctx, c) },
	}
	n.servers = append(n.servers, server)
	n.serving.Go(func() { _ = server.Serve(l) })
}

// Close closes all connections and waits until nobody listens.
func (n *Net) Close() {
	close(n.ended)
	for _, s := range n.servers {
		_ = s.Close()
	}
	n.serving.Wait()
}

// URL is the org's.
func (n *Net) URL() string { return string(n.way) + "://" + n.home }

// Elsewhere is the URL of an address of this machine that is not the org's, by
// http or https.
func (n *Net) Elsewhere(scheme string) string { return n.away[scheme] }

// Environment is what makes a program reach this network and no other.
func (n *Net) Environment() []string {
	proxy := "http://" + n.proxy.Addr().String()
	return []string{"HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy, "NO_PROXY=", "http_proxy=", "https_proxy=",
		"no_proxy=",
		"SSL_CERT_FILE=" + filepath.Join(n.dir, "ca.pem"), "SSL_CERT_DIR=" + n.dir}
}

// Trust names hosts that a program may speak to beside the org, by https.
func (n *Net) Trust(hosts ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.trusted = append(n.trusted, hosts...)
}

// Attack takes the place of all attacks before; without any, the org is honest.
func (n *Net) Attack(attacks ...Attack) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.attacks, n.bites = nil, 0
	for _, a := range attacks {
		n.attacks = append(n.attacks, &a)
	}
}

// Bites tells how many answers the attacks have changed.
func (n *Net) Bites() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.bites
}

// Strays tells who was spoken to that should not have been, or in clear, and
// what was carried there.
func (n *Net) Strays() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.strays...)
}

// answer answers every request to every host.
func (n *Net) answer(w http.ResponseWriter, r *http.Request) {
	to := destinationOf(r)
	if to.scheme == "https" {
		r.TLS = &tls.ConnectionState{} // the org names itself by the scheme that it is asked by
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	n.note(to, r, body)
	attack := n.due(to, r, body)
	if attack == nil {
		n.org.ServeHTTP(w, r) // a stranger is as good an org as any: who has strayed may go on
		return
	}
	attack.Do(&Exchange{W: w, R: r, body: body, net: n})
}

// due gives the attack that a request meets, if any.
func (n *Net) due(to destination, r *http.Request, body []byte) *Attack {
	n.mu.Lock()
	defer n.mu.Unlock()
	if to.host != n.home || to.scheme != string(n.way) {
		return nil
	}
	for _, a := range n.attacks {
		if !a.On.Holds(r) || !strings.Contains(r.URL.RequestURI()+string(body), a.About) {
			continue
		}
		a.seen++
		if a.seen >= a.From && (a.Times == 0 || a.seen < max(a.From, 1)+a.Times) {
			n.bites++
			return a
		}
	}
	return nil
}

// note writes a request down that went where none should.
func (n *Net) note(to destination, r *http.Request, body []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if wrong := n.wrong(to); wrong != "" {
		n.strays = append(n.strays, fmt.Sprintf("%s %s://%s%s %s, carrying %s",
			r.Method, to.scheme, to.host, r.URL.Path, wrong, n.carried(r, body)))
	}
}

// wrong tells what is wrong with speaking to somebody.
func (n *Net) wrong(to destination) string {
	host := strings.TrimSuffix(to.host, ".") // the same host, written to its end
	switch {
	case host == n.home && to.scheme == string(n.way):
		return ""
	case host == n.home:
		return "in clear"
	case to.scheme == "https":
		for _, t := range n.trusted {
			if t == host {
				return ""
			}
		}
	}
	return "at a stranger's"
}

// carried names what of a request a stranger should not see.
func (n *Net) carried(r *http.Request, body []byte) string {
	var what []string
	for _, name := range []string{"Authorization", "Cookie", "X-SFDC-Session"} {
		if r.Header.Get(name) != "" {
			what = append(what, "the header "+name)
		}
	}
	for _, name := range []string{"client_secret=", "refresh_token=", "assertion=", "password="} {
		if bytes.Contains(body, []byte(name)) || strings.Contains(r.URL.RawQuery, name) {
			what = append(what, name+"...")
		}
	}
	for _, secret := range n.secrets {
		if bytes.Contains(body, []byte(secret)) || strings.Contains(r.URL.RawQuery, secret) {
			what = append(what, "a secret")
		}
	}
	if what == nil {
		return fmt.Sprintf("%d bytes", len(body))
	}
	return strings.Join(what, ", ")
}
