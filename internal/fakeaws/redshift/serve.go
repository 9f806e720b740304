package redshift

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"net"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/translate"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// serve speaks with one client until it goes.
func (s *Server) serve(conn net.Conn) {
	c := &session{
		server: s, ctx: s.ctx, conn: conn, client: pgproto3.NewBackend(conn, conn),
		prepared: map[string]*prepared{}, portals: map[string]*portal{},
	}
	if s.faults.gone() {
		return
	}
	if err := c.greet(); err != nil || c.pg == nil {
		return
	}
	defer func() {
		s.leave(c.pg)
		if c.side != nil {
			s.leave(c.side)
		}
	}()
	defer context.AfterFunc(s.ctx, func() { c.pg.conn.Close() })() // a statement that waits for a lock ends with us
	// A client that goes breaks a statement that waits, as a line that is cut.
	if err := c.talk(); err != nil && !slices.Contains([]error{errGone}, err) {
		c.send(response(failure.New(failure.Internal, "%v", err)))
		_ = c.client.Flush() // the session ends either way
	}
}

// greet takes the client in.
func (s *session) greet() error {
	for {
		m, err := s.client.ReceiveStartupMessage()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if _, err := s.conn.Write([]byte{'N'}); err != nil {
				return err
			}
		case *pgproto3.CancelRequest:
			return s.server.stop(m)
		case *pgproto3.StartupMessage:
			if err := s.enter(m.Parameters); err != nil {
				r := response(err)
				r.Severity = "FATAL"
				s.send(r)
				return s.client.Flush()
			}
			return nil
		}
	}
}

// enter checks who it is, and opens their session.
func (s *session) enter(parameters map[string]string) error {
	o := s.server.o
	if err := s.password(parameters["user"]); err != nil {
		return err
	}
	if parameters["database"] != o.Database {
		return failure.New("3D000", `database "%s" does not exist`, parameters["database"])
	}
	pg, err := s.server.backend(s.ctx)
	if err != nil {
		return err
	}
	if err := s.prepare(pg, parameters); err != nil {
		s.server.leave(pg)
		return err
	}
	s.pg = pg
	s.send(&pgproto3.AuthenticationOk{})
	encoding := parameters["client_encoding"]
	if encoding == "" {
		encoding = "UNICODE"
	}
	// No standard_conforming_strings: Redshift has no such parameter.
	for _, p := range [][2]string{
		{"server_version", "8.0.2"}, {"padb_version", "1.0.117891"},
		{"server_encoding", "UNICODE"}, {"client_encoding", encoding},
		{"DateStyle", "ISO, MDY"}, {"integer_datetimes", "on"}, {"is_superuser", "on"},
		{"session_authorization", o.User}, {"TimeZone", "UTC"},
	} {
		s.send(&pgproto3.ParameterStatus{Name: p[0], Value: p[1]})
	}
	key, err := s.server.pool.enter(pg)
	if err != nil {
		return err
	}
	s.send(&pgproto3.BackendKeyData{ProcessID: pg.pid, SecretKey: key})
	return s.ready()
}

// prepare makes the settings that the client came with.
func (s *session) prepare(pg *backend, parameters map[string]string) error {
	for name, value := range parameters {
		switch name = strings.ToLower(name); name {
		case "user", "database", "client_encoding", "options", "replication":
			continue
		}
		all, err := lex.Split("SET " + name + " TO " + lex.Literal(value))
		if err != nil || len(all) != 1 {
			return failure.New(failure.NoObject, `unrecognized configuration parameter "%s"`, name)
		}
		c, err := translate.Statement(all[0])
		if err != nil {
			return err
		}
		if err := pg.query(c.SQL, nowhere); err != nil {
			return err
		}
	}
	return nil
}

// password asks for the password by MD5.
func (s *session) password(user string) error {
	var salt [4]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return err
	}
	s.send(&pgproto3.AuthenticationMD5Password{Salt: salt})
	if err := s.client.Flush(); err != nil {
		return err
	}
	if err := s.client.SetAuthType(pgproto3.AuthTypeMD5Password); err != nil {
		return err
	}
	m, err := s.client.Receive()
	if err != nil {
		return err
	}
	shown, ok := m.(*pgproto3.PasswordMessage)
	hash := func(parts ...string) string {
		sum := md5.Sum([]byte(strings.Join(parts, "")))
		return hex.EncodeToString(sum[:])
	}
	want := "md5" + hash(hash(s.server.o.Password, s.server.o.User), string(salt[:]))
	if !ok || user != s.server.o.User || shown.Password != want {
		return failure.New(failure.BadPassword, `password authentication failed for user "%s"`, user)
	}
	return nil
}

// talk answers the client's messages.
func (s *session) talk() error {
	skipping := false // after an error, to the next Sync
	for {
		m, err := s.client.Receive()
		if err != nil {
			return errGone
		}
		switch m := m.(type) {
		case *pgproto3.Terminate:
			return nil
		case *pgproto3.Query:
			if err := s.simple(m.String); err != nil {
				return err
			}
			if err := s.idle(); err != nil {
				return err
			}
			continue
		case *pgproto3.Sync:
			skipping = false
			if err := s.told(s.finish(nil)); err != nil {
				return err
			}
			if err := s.idle(); err != nil {
				return err
			}
			continue
		case *pgproto3.Flush:
			if err := s.client.Flush(); err != nil {
				return errGone
			}
			continue
		}
		if skipping {
			continue
		}
		if err := s.step(m); err != nil {
			if err = s.told(s.fail(err)); err != nil {
				return err
			}
			skipping = true
		}
	}
}

// idle tells the client that it is its turn again. What a transaction had is
// gone with it.
func (s *session) idle() error {
	if s.pg.state == 'I' {
		clear(s.portals)
	}
	return s.ready()
}

// step does one message of the extended protocol.
func (s *session) step(m pgproto3.FrontendMessage) error {
	switch m := m.(type) {
	case *pgproto3.Parse:
		return s.parse(m)
	case *pgproto3.Bind:
		return s.bind(m)
	case *pgproto3.Describe:
		return s.describe(m)
	case *pgproto3.Execute:
		return s.execute(m)
	case *pgproto3.Close:
		return s.close(m)
	}
	return failure.New("08P01", "unexpected message %T", m)
}

// stop passes a request to cancel on to PostgreSQL.
func (s *Server) stop(m *pgproto3.CancelRequest) error {
	l := s.pool.cancels(m.ProcessID, m.SecretKey)
	if l == nil {
		return nil
	}
	m.SecretKey = l.key
	c, err := pgconn.ParseConfig(s.o.PostgreSQL)
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))))
	if err != nil {
		return err
	}
	defer conn.Close()
	buf, err := m.Encode(nil)
	if err != nil {
		return err
	}
	_, err = conn.Write(buf)
	return err
}
