package redshift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"sync"

	"catchment/internal/fakeaws/redshift/dataapi"
	"catchment/internal/fakeaws/redshift/translate"

	"github.com/jackc/pgx/v5"
)

// Open reads an object of S3, for COPY. The object that isn't there is
// fs.ErrNotExist.
type Open func(ctx context.Context, bucket, key string) (io.ReadCloser, error)

// List names the objects of S3 whose keys start with prefix, in order.
type List func(ctx context.Context, bucket, prefix string) ([]string, error)

// Options are what a stand-in is made of.
type Options struct {
	PostgreSQL string // the URL of an empty database that stands behind it
	Open       Open   // nil: COPY finds nothing
	List       List   // nil: COPY takes the one object that it names
	User       string // who may connect; "awsuser" where it is empty
	Password   string // "Secret-1" where it is empty
	Database   string // "dev" where it is empty

	// What the Data API is asked for. Empty: every name is taken.
	Cluster, Workgroup string
	// Secret tells who a secret of the Data API's SecretArn lets in; nil: every
	// secret lets User in.
	Secret func(ctx context.Context, arn string) (user, password string, err error)
}

// A Server is one Redshift, on a free port of the loopback interface.
type Server struct {
	o        Options
	listener net.Listener
	faults   *Faults
	admin    *admin
	data     *dataapi.Server
	pool     pool

	ctx    context.Context
	cancel context.CancelCauseFunc
	wait   sync.WaitGroup
	mu     sync.Mutex
	open   map[net.Conn]bool
}

// Start starts a stand-in. Close stops it; the database stays as it is, for
// the next one.
func Start(ctx context.Context, o Options) (*Server, error) {
	for _, d := range []struct {
		set   *string
		value string
	}{{&o.User, "awsuser"}, {&o.Password, "Secret-1"}, {&o.Database, "dev"}} {
		if *d.set == "" {
			*d.set = d.value
		}
	}
	if o.Open == nil {
		o.Open = func(context.Context, string, string) (io.ReadCloser, error) {
			return nil, fmt.Errorf("no such object: %w", fs.ErrNotExist)
		}
	}
	a, err := newAdmin(ctx, o.PostgreSQL)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL behind the stand-in: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	s := &Server{o: o, listener: l, faults: &Faults{}, admin: a, open: map[net.Conn]bool{}}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.data, err = dataapi.Start(s.ctx, dataapi.Options{
		URL: s.URL(), User: o.User, Password: o.Password, Cluster: o.Cluster, Workgroup: o.Workgroup, Secret: o.Secret,
		Paused: s.faults.gone, Throttled: s.faults.throttle,
	})
	if err != nil {
		return nil, errors.Join(err, l.Close(), a.close())
	}
	s.wait.Go(s.accept)
	return s, nil
}

// URL is where clients connect, with the password in it.
func (s *Server) URL() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(s.o.User, s.o.Password), Host: s.Addr(), Path: "/" + s.o.Database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Addr is the host and port of the wire.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// DataAPI is the address of the Data API: the endpoint of the SDK's client.
// Whatever signature comes with a call is taken.
func (s *Server) DataAPI() string { return s.data.URL() }

// User is who may connect.
func (s *Server) User() string { return s.o.User }

// Password is what they show.
func (s *Server) Password() string { return s.o.Password }

// Database is what they connect to.
func (s *Server) Database() string { return s.o.Database }

// Faults breaks things on demand.
func (s *Server) Faults() *Faults { return s.faults }

// Close ends all sessions and waits for them.
func (s *Server) Close() error {
	s.cancel(errors.New("the stand-in is closed"))
	err := errors.Join(s.listener.Close(), s.data.Close())
	s.cutAll()
	s.wait.Wait()
	s.pool.close()
	return errors.Join(err, s.admin.close())
}

// CutConnections breaks the line of every client.
func (s *Server) CutConnections() { s.cutAll() }

func (s *Server) cutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[conn] = true
		s.mu.Unlock()
		s.wait.Go(func() {
			defer func() {
				s.mu.Lock()
				delete(s.open, conn)
				s.mu.Unlock()
				conn.Close()
			}()
			s.serve(conn)
		})
	}
}

// admin is a session beside those of clients, for what stays whatever becomes
// of their transactions: load errors, and the numbers of queries.
type admin struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

func newAdmin(ctx context.Context, url string) (*admin, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	c.TLSConfig, c.Fallbacks = nil, nil
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, translate.Functions); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return &admin{conn: conn}, nil
}

func (a *admin) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.conn.Close(context.Background())
}

// exec does a statement in a transaction of its own.
func (a *admin) exec(ctx context.Context, sql string, args ...any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err := a.conn.Exec(ctx, sql, args...)
	return err
}

// next gives the number of the next query.
func (a *admin) next(ctx context.Context) (n int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return n, a.conn.QueryRow(ctx, "SELECT nextval('"+translate.Schema+".query_number')").Scan(&n)
}
