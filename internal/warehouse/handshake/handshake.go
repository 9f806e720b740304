// Package handshake is what a session agrees on before a password is sent, with any warehouse
// that speaks the protocol of pgx: whether the connection is encrypted, and whose certificate it is.
//
// sslmode in the URL says what has to be so. Where it says nothing, the server's
// certificate is verified if a root is named, by sslrootcert or by the usual file in
// the home, and the connection is encrypted if none is. Only what never leaves this
// machine may go without, and that is decided by the address that was connected to,
// not by a name. PGSSLMODE and a service file can ask for more than that, not for less.
//
// Start at Config; refused.go says what is wrong where no session came about.
package handshake

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"catchment/internal/printable"
	"catchment/internal/warehouse"
)

// A Lookup finds the addresses of a host.
type Lookup = func(ctx context.Context, host string) ([]string, error)

// Config reads a URL of pgx. Its errors repeat the URL.
func Config(text string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	if u.Query().Get("sslmode") != "" || encrypts(c.ConnConfig) {
		return c, nil
	}
	if c, err = asking(u, "verify-full"); err != nil {
		return nil, err
	}
	p := policy{verified: knowsRoots(c.ConnConfig), auth: c.ConnConfig.RequireAuth}
	if !p.verified {
		if c, err = asking(u, "require"); err != nil {
			return nil, err
		}
	}
	c.BeforeConnect = p.chooseWays
	c.ConnConfig.AfterNetConnect = p.guard
	return c, nil
}

// asking reads a URL as if it said sslmode.
func asking(u *url.URL, sslmode string) (*pgxpool.Config, error) {
	with, q := *u, u.Query()
	q.Set("sslmode", sslmode)
	with.RawQuery = q.Encode()
	return pgxpool.ParseConfig(with.String())
}

// ways are the hosts that a session may be with, and how, in the order of trying.
func ways(c *pgx.ConnConfig) []*pgconn.FallbackConfig {
	first := &pgconn.FallbackConfig{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}
	return append([]*pgconn.FallbackConfig{first}, c.Fallbacks...)
}

// isSocket tells whether a host is a unix socket's folder.
func isSocket(host string) bool { return strings.HasPrefix(host, "/") }

// encrypts tells whether no way of a configuration goes without TLS.
func encrypts(c *pgx.ConnConfig) bool {
	for _, w := range ways(c) {
		if w.TLSConfig == nil && !isSocket(w.Host) {
			return false
		}
	}
	return true
}

// knowsRoots tells whether a configuration names roots to verify certificates by.
func knowsRoots(c *pgx.ConnConfig) bool {
	for _, w := range ways(c) {
		if w.TLSConfig != nil && w.TLSConfig.RootCAs != nil {
			return true
		}
	}
	return false
}

// A policy is what holds where the URL doesn't say.
type policy struct {
	verified bool   // certificates are verified
	auth     string // the ways to log in that the URL allows, "" for all
}

// chooseWays adds to a connection's ways those that are good enough within this
// machine: TLS with any certificate, and none.
func (p policy) chooseWays(ctx context.Context, c *pgx.ConnConfig) error {
	var all []*pgconn.FallbackConfig
	for _, w := range ways(c) {
		all = append(all, w)
		if isSocket(w.Host) || !staysHere(ctx, c.LookupFunc, w.Host) {
			continue
		}
		if p.verified {
			lax := w.TLSConfig.Clone()
			lax.InsecureSkipVerify = true // #nosec G402 -- guard takes it within this machine alone
			all = append(all, &pgconn.FallbackConfig{Host: w.Host, Port: w.Port, TLSConfig: lax})
		}
		all = append(all, &pgconn.FallbackConfig{Host: w.Host, Port: w.Port})
	}
	c.Host, c.Port, c.TLSConfig, c.Fallbacks = all[0].Host, all[0].Port, all[0].TLSConfig, all[1:]
	return nil
}

// staysHere tells whether all addresses of a host are this machine's own.
func staysHere(ctx context.Context, lookup pgconn.LookupFunc, host string) bool {
	addresses, err := lookup(ctx, host)
	if err != nil {
		return false // to connect fails in the same way, and says so
	}
	for _, a := range addresses {
		if ip := net.ParseIP(a); ip == nil || !ip.IsLoopback() {
			return false
		}
	}
	return len(addresses) > 0
}

// isNear tells whether a connection never leaves this machine.
func isNear(conn net.Conn) bool {
	switch a := conn.RemoteAddr().(type) {
	case *net.UnixAddr:
		return true
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	}
	return false
}

// Why guard refuses a connection.
var (
	errPlain      = errors.New("the connection is not encrypted")
	errUnverified = errors.New("the certificate was not verified")
)

// guard looks at a connection before anything is said on it: a name may lead elsewhere
// than a moment ago. What isn't encrypted gets no password in clear either, since a port
// of this machine is anybody's while the server doesn't run.
func (p policy) guard(ctx context.Context, c *pgconn.Config, conn net.Conn) (net.Conn, error) {
	c.RequireAuth = p.auth
	secure, ok := conn.(*tls.Conn)
	switch {
	case ok && !p.verified:
		return conn, nil
	case ok:
		if err := secure.HandshakeContext(ctx); err != nil {
			return conn, err
		}
		if len(secure.ConnectionState().VerifiedChains) == 0 && !isNear(conn) {
			return conn, errUnverified
		}
		return conn, nil
	case !isNear(conn):
		return conn, errPlain
	}
	if _, tcp := conn.RemoteAddr().(*net.TCPAddr); tcp && p.auth == "" {
		c.RequireAuth = "!password"
	}
	return conn, nil
}

// Agreed tells what a connection has agreed on: it asks the connection, not the URL.
func Agreed(conn *pgconn.PgConn) warehouse.Agreement {
	secure, ok := conn.Conn().(*tls.Conn)
	if !ok {
		return warehouse.Agreement{Encrypted: false, Near: isNear(conn.Conn()), What: plainly(conn.Conn())}
	}
	state := secure.ConnectionState()
	a := warehouse.Agreement{Encrypted: true, Near: isNear(conn.Conn()), What: tls.VersionName(state.Version)}
	switch {
	case len(state.VerifiedChains) > 0:
		a.Verified = true
		chain := state.VerifiedChains[0]
		root := printable.Line(chain[len(chain)-1].Subject.CommonName)
		a.What += ", certificate verified by root " + cmp.Or(root, "without a name")
	default:
		a.What += ", certificate not verified for its host"
	}
	return a
}

// plainly is in words what a connection without TLS is.
func plainly(conn net.Conn) string {
	if _, ok := conn.RemoteAddr().(*net.UnixAddr); ok {
		return "not encrypted: a unix socket"
	}
	if isNear(conn) {
		return "not encrypted: loopback"
	}
	return "not encrypted: warehouse.url asks for it by sslmode"
}
