package redshift

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"

	"catchment/internal/fakeaws/redshift/translate"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// emit takes the messages of an answer, which are valid until it returns.
type emit func(pgproto3.BackendMessage)

func nowhere(pgproto3.BackendMessage) {}

// A backend is a session of PostgreSQL, spoken to message by message. Every
// method waits for PostgreSQL to be ready again.
type backend struct {
	conn  net.Conn
	front *pgproto3.Frontend
	state byte // I idle, T in a transaction, E in a failed one
	pid   uint32
	key   []byte

	spoilt bool // not to be used again; the pool's lock keeps it
}

// connect opens a session that reads texts and isolates transactions as
// Redshift does.
func connect(ctx context.Context, url string) (*backend, error) {
	c, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	c.TLSConfig, c.Fallbacks = nil, nil
	for name, value := range map[string]string{
		"default_transaction_isolation": "repeatable read",
		"standard_conforming_strings":   "off", // Redshift has no such setting: a backslash escapes
		"escape_string_warning":         "off",
		"backslash_quote":               "on",
		"check_function_bodies":         "off", // procedures are read here, not by PostgreSQL
		"timezone":                      "UTC",
		"client_encoding":               "UTF8",
		"jit":                           "off",
		"search_path":                   `"$user", public, ` + translate.Schema,
	} {
		c.RuntimeParams[name] = value
	}
	pg, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	h, err := pg.Hijack()
	if err != nil {
		return nil, err
	}
	return &backend{conn: h.Conn, front: h.Frontend, state: h.TxStatus, pid: h.PID, key: h.SecretKey}, nil
}

func (b *backend) close() {
	b.front.Send(&pgproto3.Terminate{})
	_ = b.front.Flush() // it goes either way
	b.conn.Close()
}

// query does SQL of the simple kind.
func (b *backend) query(sql string, to emit) error {
	b.front.Send(&pgproto3.Query{String: sql})
	return b.settle(to)
}

// ask does a statement with parameters in text form; nil is NULL.
func (b *backend) ask(sql string, args [][]byte, oids []uint32, to emit) error {
	b.front.Send(&pgproto3.Parse{Query: sql, ParameterOIDs: oids})
	b.front.Send(&pgproto3.Bind{Parameters: args})
	b.front.Send(&pgproto3.Describe{ObjectType: 'P'})
	b.front.Send(&pgproto3.Execute{})
	return b.sync(to)
}

func (b *backend) sync(to emit) error {
	b.front.Send(&pgproto3.Sync{})
	return b.settle(to)
}

// settle passes on what PostgreSQL says until it is ready again. What it
// refuses comes back as a *failure.Error; any other error means that the session
// is lost.
func (b *backend) settle(to emit) error {
	if err := b.front.Flush(); err != nil {
		return err
	}
	var refused error
	for {
		msg, err := b.front.Receive()
		if err != nil {
			return fmt.Errorf("PostgreSQL behind the stand-in: %w", err)
		}
		switch msg := msg.(type) {
		case *pgproto3.ReadyForQuery:
			b.state = msg.TxStatus
			return refused
		case *pgproto3.ErrorResponse:
			refused = fromPostgres(msg)
		case *pgproto3.ParameterStatus, *pgproto3.NotificationResponse:
		case *pgproto3.CopyInResponse, *pgproto3.CopyOutResponse:
			return fmt.Errorf("PostgreSQL behind the stand-in wants to copy")
		default:
			to(msg)
		}
	}
}

// copyIn streams text in PostgreSQL's own CSV into a table.
func (b *backend) copyIn(sql string, from io.Reader) error {
	b.front.Send(&pgproto3.Query{String: sql})
	if err := b.front.Flush(); err != nil {
		return err
	}
	for {
		msg, err := b.front.Receive()
		if err != nil {
			return err
		}
		switch msg := msg.(type) {
		case *pgproto3.ErrorResponse:
			refused := fromPostgres(msg)
			if err := b.settle(nowhere); err != nil {
				return err
			}
			return refused
		case *pgproto3.CopyInResponse:
			return b.stream(from)
		}
	}
}

func (b *backend) stream(from io.Reader) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			b.front.Send(&pgproto3.CopyData{Data: buf[:n]})
			if err := b.front.Flush(); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			b.front.Send(&pgproto3.CopyDone{})
			return b.settle(nowhere)
		case err != nil:
			b.front.Send(&pgproto3.CopyFail{Message: "the stand-in gave up"})
			if lost := b.settle(nowhere); lost != nil && asFailure(lost).Code != "57014" {
				return lost
			}
			return err
		}
	}
}

// rows collects an answer.
type rows struct {
	fields []pgproto3.FieldDescription
	values [][]*string
	tag    string
}

func (r *rows) take(msg pgproto3.BackendMessage) {
	switch msg := msg.(type) {
	case *pgproto3.RowDescription:
		r.fields = append(r.fields[:0], msg.Fields...)
		for i := range r.fields {
			r.fields[i].Name = append([]byte(nil), r.fields[i].Name...)
		}
	case *pgproto3.DataRow:
		row := make([]*string, len(msg.Values))
		for i, v := range msg.Values {
			if v != nil {
				s := string(v)
				row[i] = &s
			}
		}
		r.values = append(r.values, row)
	case *pgproto3.CommandComplete:
		r.tag = string(msg.CommandTag)
	}
}

// collect does a statement and returns its rows.
func (b *backend) collect(sql string, args ...string) (*rows, error) {
	var r rows
	in := make([][]byte, len(args))
	for i, a := range args {
		in[i] = []byte(a)
	}
	return &r, b.ask(sql, in, nil, r.take)
}

// number is a value as a number, 0 where it is none.
func (r *rows) number(row, column int) int {
	if row >= len(r.values) || r.values[row][column] == nil {
		return 0
	}
	n, _ := strconv.Atoi(*r.values[row][column]) // 0 is what a text gets
	return n
}

func (r *rows) text(row, column int) string {
	if row >= len(r.values) || r.values[row][column] == nil {
		return ""
	}
	return *r.values[row][column]
}
