package handshake_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"catchment/internal/plan"
	"catchment/internal/warehouse/handshake"
)

const password = "s3cret of the test"

// A server speaks as much of PostgreSQL's protocol as it takes to get a password, and keeps
// what it was told.
type server struct {
	tls   *tls.Config // nil where it refuses TLS
	ask   uint32      // the way to log in: 3 is in clear, 0 is none
	told  chan told
	where string
}

// A told is what a client has sent.
type told struct {
	encrypted bool
	password  string
}

// serve has the server listen at an address.
func serve(t *testing.T, address string, s *server) *server {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s.told, s.where = make(chan told, 100), l.Addr().String()
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(conn)
		}
	}()
	return s
}

func message(conn io.Reader) (body []byte, err error) {
	var n uint32
	if err := binary.Read(conn, binary.BigEndian, &n); err != nil || n < 4 || n > 1<<16 {
		return nil, io.ErrUnexpectedEOF
	}
	body = make([]byte, n-4)
	_, err = io.ReadFull(conn, body)
	return body, err
}

func (s *server) talk(conn net.Conn) {
	defer func() { conn.Close() }()
	first, err := message(conn)
	if err != nil {
		return
	}
	encrypted := false
	if len(first) == 4 && binary.BigEndian.Uint32(first) == 80877103 { // it asks for TLS
		if s.tls == nil {
			conn.Write([]byte("N"))
		} else {
			conn.Write([]byte("S"))
			conn, encrypted = tls.Server(conn, s.tls), true
		}
		if _, err := message(conn); err != nil {
			return
		}
	}
	conn.Write(append([]byte{'R', 0, 0, 0, 8}, binary.BigEndian.AppendUint32(nil, s.ask)...))
	if s.ask == 0 {
		s.told <- told{encrypted, ""}
		conn.Write([]byte{'Z', 0, 0, 0, 5, 'I'})
		io.Copy(io.Discard, conn)
		return
	}
	kind := make([]byte, 1)
	if _, err := io.ReadFull(conn, kind); err != nil || kind[0] != 'p' {
		return
	}
	if said, err := message(conn); err == nil {
		s.told <- told{encrypted, strings.TrimRight(string(said), "\x00")}
	}
}

// authority signs a certificate for 127.0.0.1, and writes its own into a file.
func authority(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test root"},
		IsCA: true, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}
	signed, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "root.crt")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}, file
}

// session makes one session by a URL. Names are looked up as hosts says, and far has all
// connections look as if they led to another machine.
func session(t *testing.T, text string, hosts map[string]string, far bool) (*pgxpool.Conn, error) {
	t.Helper()
	c, err := handshake.Config(text)
	if err != nil {
		t.Fatal(err)
	}
	c.ConnConfig.Password, c.ConnConfig.ConnectTimeout = password, time.Minute
	if hosts != nil {
		c.ConnConfig.LookupFunc = func(_ context.Context, host string) ([]string, error) {
			return []string{hosts[host]}, nil
		}
	}
	if far {
		c.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			here := strings.Replace(address, "192.0.2.1", "127.0.0.1", 1)
			conn, err := (&net.Dialer{}).DialContext(ctx, network, here)
			if err != nil {
				return nil, err
			}
			return distant{conn}, nil
		}
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	conn, err := pool.Acquire(t.Context())
	if err == nil {
		t.Cleanup(conn.Release)
	}
	return conn, err
}

// distant is a connection to another machine.
type distant struct{ net.Conn }

func (distant) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5432} }

// What is asked for by name is done; else a password goes to another machine by TLS alone,
// and in clear to nobody.
func TestPasswords(t *testing.T) {
	t.Parallel()
	secure, root := authority(t)
	unknown, _ := authority(t)
	roots := "sslrootcert=" + url.QueryEscape(root)
	for name, c := range map[string]struct {
		tls    *tls.Config
		query  string
		far    bool
		got    string // "clear", "tls", or "" for nothing
		refuse string // in what is said
	}{
		"near, no TLS":                    {got: "", refuse: "asks for the password in clear"},
		"near, no TLS, a root":            {query: roots, got: "", refuse: "asks for the password in clear"},
		"near, no TLS, asked for":         {query: "sslmode=disable", got: "clear"},
		"near, no TLS, preferred by name": {query: "sslmode=prefer", got: "clear"},
		"near, no TLS, but required":      {query: "sslmode=require", got: "", refuse: "offers no TLS"},
		"near, TLS":                       {tls: secure, got: "tls"},
		"near, another's TLS, a root":     {tls: unknown, query: roots, got: "tls"},
		"far, no TLS":                     {far: true, got: "", refuse: "offers no TLS"},
		"far, no TLS, a root":             {far: true, query: roots, got: "", refuse: "offers no TLS"},
		"far, no TLS, asked for":          {far: true, query: "sslmode=disable", got: "clear"},
		"far, TLS":                        {far: true, tls: unknown, got: "tls"},
		"far, TLS, a root":                {far: true, tls: secure, query: roots, got: "tls"},
		"far, another's TLS, a root": {far: true, tls: unknown, query: roots,
			refuse: "from no root that is known"},
		"far, another's TLS, a root, named": {far: true, tls: unknown, refuse: "from no root",
			query: roots + "&sslmode=verify-full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, "127.0.0.1:0", &server{tls: c.tls, ask: 3})
			text := "postgres://u@" + s.where + "/d?" + c.query
			// the certificate is for the address that is dialled in the end
			_, err := session(t, text, nil, c.far)
			var got []told
			for len(s.told) > 0 {
				got = append(got, <-s.told)
			}
			for _, one := range got {
				if one.password != password || one.encrypted != (c.got == "tls") {
					t.Errorf("the server got %v", one)
				}
			}
			if (len(got) > 0) != (c.got != "") {
				t.Errorf("the server got %v; %v", got, err)
			}
			if c.refuse == "" {
				return
			}
			refused := handshake.Refused("PostgreSQL database d", err)
			said := fmt.Sprint(refused)
			if plan.ClassOf(refused) != plan.Fix || !strings.Contains(said, c.refuse) ||
				!strings.Contains(plan.HintOf(refused), "?sslmode=") || strings.Contains(said, password) {
				t.Errorf("%v (%s)", refused, plan.HintOf(refused))
			}
		})
	}
}

// A name that leads elsewhere is no loopback, whatever it is called, and one that leads here
// is; a server that can't be reached is no matter of TLS.
func TestNamesDontDecide(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", &server{ask: 0})
	_, port, err := net.SplitHostPort(s.where)
	if err != nil {
		t.Fatal(err)
	}
	far := map[string]string{"localhost": "192.0.2.1"}
	if _, err := session(t, "postgres://u@localhost:"+port+"/d", far, true); err == nil ||
		!strings.Contains(fmt.Sprint(handshake.Refused("x", err)), "offers no TLS") {
		t.Errorf("localhost elsewhere: %v", err)
	}
	named, near := "postgres://u@db.example.com:"+port+"/d", map[string]string{"db.example.com": "127.0.0.1"}
	conn, err := session(t, named, near, false)
	if err != nil {
		t.Fatal(err)
	}
	a := handshake.Agreed(conn.Conn().PgConn())
	if a.Encrypted || !a.Near || a.What != "not encrypted: loopback" {
		t.Errorf("%+v", a)
	}
	// judged as near, and then connected to elsewhere
	if _, err := session(t, named, near, true); err == nil ||
		plan.ClassOf(handshake.Refused("x", err)) != plan.Fix {
		t.Errorf("elsewhere in the end: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = session(t, "postgres://u@"+l.Addr().String()+"/d", nil, false)
	if err == nil || handshake.Refused("x", err) != nil {
		t.Errorf("nobody there: %v", handshake.Refused("x", err))
	}
}

// What was agreed is told by the connection.
func TestAgreed(t *testing.T) {
	t.Parallel()
	secure, root := authority(t)
	roots := "?sslrootcert=" + url.QueryEscape(root)
	const named = "not encrypted: warehouse.url asks for it by sslmode"
	const unverified = "TLS 1.3, certificate not verified for its host"
	for name, c := range map[string]struct {
		tls       *tls.Config
		query     string
		far       bool
		want      string
		encrypted bool
		verified  bool
	}{
		"verified":           {secure, roots, true, "TLS 1.3, certificate verified by root test root", true, true},
		"required":           {secure, "", true, unverified, true, false},
		"by its root":        {secure, roots + "&sslmode=verify-ca", true, unverified, true, false},
		"asked for":          {nil, "?sslmode=disable", true, named, false, false},
		"within the machine": {nil, "", false, "not encrypted: loopback", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, "127.0.0.1:0", &server{tls: c.tls, ask: 0})
			conn, err := session(t, "postgres://u@"+s.where+"/d"+c.query, nil, c.far)
			if err != nil {
				t.Fatal(err)
			}
			a := handshake.Agreed(conn.Conn().PgConn())
			if a.What != c.want || a.Encrypted != c.encrypted || a.Verified != c.verified || a.Near == c.far {
				t.Errorf("%+v", a)
			}
		})
	}
}

// The environment can ask for more than the default, and not for less.
func TestEnvironment(t *testing.T) {
	secure, root := authority(t)
	s := serve(t, "127.0.0.1:0", &server{tls: secure, ask: 3})
	plain := serve(t, "127.0.0.1:0", &server{ask: 3})
	t.Setenv("PGSSLMODE", "disable")
	if _, err := session(t, "postgres://u@"+plain.where+"/d", nil, true); err == nil || len(plain.told) > 0 {
		t.Errorf("PGSSLMODE=disable: %v", err)
	}
	t.Setenv("PGSSLROOTCERT", root)
	t.Setenv("PGSSLMODE", "verify-full")
	if _, err := session(t, "postgres://u@"+plain.where+"/d", nil, false); err == nil || len(plain.told) > 0 {
		t.Errorf("PGSSLMODE=verify-full, where nobody has TLS: %v", err)
	}
	_, _ = session(t, "postgres://u@"+s.where+"/d", nil, true)
	if one := <-s.told; !one.encrypted {
		t.Error("a password went in clear")
	}
}
