package redshift

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/translate"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A session is one client and the session of PostgreSQL behind it.
type session struct {
	server *Server
	ctx    context.Context
	conn   net.Conn
	client *pgproto3.Backend
	pg     *backend
	side   *backend // for what takes no part in transactions; nil until it is needed
	cursor *cursor  // the one that a procedure has open

	// implicit is a transaction of the stand-in's own: whatever comes in one
	// message, or up to a Sync, is done or not done as a whole.
	implicit bool

	prepared map[string]*prepared
	portals  map[string]*portal
	sent     int // rows since the last flush
}

// errGone ends a session without a word, as a line that breaks does.
var errGone = errors.New("the line is cut")

// send is the emit of the client.
func (s *session) send(msg pgproto3.BackendMessage) {
	s.client.Send(msg)
	if _, row := msg.(*pgproto3.DataRow); row {
		if s.sent++; s.sent%1000 == 0 {
			_ = s.client.Flush() // a client that went is noticed by the next read
		}
	}
}

// lost tells an error that ends the session from one that the client is told.
func lost(err error) bool {
	var f *failure.Error
	return err != nil && !errors.As(err, &f)
}

// begin opens a transaction unless there is one.
func (s *session) begin() error {
	if s.pg.state != 'I' {
		return nil
	}
	s.implicit = true
	return s.pg.query("BEGIN", nowhere)
}

// finish ends what begin opened.
func (s *session) finish(err error) error {
	if !s.implicit {
		return err
	}
	s.implicit = false
	if err == nil && s.pg.state == 'T' {
		return s.commit()
	}
	if lost(err) {
		return err
	}
	if undo := s.pg.query("ROLLBACK", nowhere); undo != nil {
		return undo
	}
	return err
}

// commit ends the transaction of PostgreSQL, with the faults that a test asked
// for.
func (s *session) commit() error {
	if s.pg.state == 'E' {
		return s.pg.query("ROLLBACK", nowhere)
	}
	f := s.server.faults.commit()
	switch {
	case f == cutBefore:
		return errGone
	case f == refuseCommit:
		if err := s.pg.query("ROLLBACK", nowhere); err != nil {
			return err
		}
		return conflict("")
	}
	if err := s.pg.query("COMMIT", nowhere); err != nil {
		return err
	}
	if f == cutAfter {
		return errGone
	}
	return nil
}

// fail puts a transaction block into the state that an error leaves it in,
// where PostgreSQL didn't see the error.
func (s *session) fail(err error) error {
	if s.pg.state != 'T' || lost(err) {
		return err
	}
	if undo := s.pg.query("SELECT 1 / 0", nowhere); lost(undo) {
		return undo
	}
	return err
}

// run does a command whose parameters are known.
func (s *session) run(c *command, args []argument, to emit) error {
	if err := s.server.faults.statement(s.ctx); err != nil {
		return err
	}
	if c.Alone != "" && s.pg.state != 'I' && !s.implicit {
		return failure.New(failure.Active, "%s cannot run inside a transaction block", c.Alone)
	}
	if c.local != nil {
		if err := c.local(s, args, to); err != nil {
			return err
		}
		if c.Tag != "" {
			to(complete(c.Tag))
		}
		return nil
	}
	if err := s.before(c.Writes); err != nil {
		return err
	}
	if len(args) == 0 {
		if err := s.pg.query(c.SQL, retag(to, c.Tag)); err != nil {
			return err
		}
	} else {
		values, oids := make([][]byte, len(args)), make([]uint32, len(args))
		for i, a := range args {
			values[i], oids[i] = a.value, a.oid
		}
		if err := s.pg.ask(c.SQL, values, oids, retag(to, c.Tag)); err != nil {
			return err
		}
	}
	return s.after(c)
}

// before opens a transaction, fixes its snapshot and waits for other writers
// of the table: COPY, INSERT, UPDATE, DELETE and MERGE hold one lock a table,
// which lets readers through, to the end of their transaction.
func (s *session) before(writes lex.Reference) error {
	if err := s.begin(); err != nil {
		return err
	}
	if writes.Name == "" {
		return nil
	}
	if err := s.pg.query("SELECT 1", nowhere); err != nil {
		return err
	}
	return s.pg.query("LOCK TABLE "+writes.String()+" IN SHARE ROW EXCLUSIVE MODE", nowhere)
}

// after gives the columns of a new table their limits in bytes.
func (s *session) after(c *command) error {
	if c.Made.Name == "" {
		return nil
	}
	return s.limit(c)
}

// limit keeps texts within so many bytes as their types say: PostgreSQL counts
// characters. A column without a limit, from a query, gets the widest.
func (s *session) limit(c *command) error {
	r, err := s.pg.collect(`SELECT a.attnum, a.attname, a.atttypmod - 4, format_type(a.atttypid, NULL),
			coalesce((SELECT string_agg(conname, ',') FROM pg_constraint
				WHERE conrelid = a.attrelid AND conname LIKE 'bytes\\_' || a.attnum || '\\_%'), '')
		FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid AND k.relkind = 'r'
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
		AND a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype, 'text'::regtype)`, c.Made.String())
	if err != nil || len(r.values) == 0 {
		return err
	}
	var actions []string
	for i := range r.values {
		column, limit := lex.Quote(r.text(i, 1)), r.number(i, 2)
		if limit < 1 || r.text(i, 3) == "text" {
			limit = translate.MaxVarchar
			actions = append(actions, "ALTER COLUMN "+column+" TYPE varchar("+strconv.Itoa(limit)+")")
		}
		name := bytesPrefix + r.text(i, 0) + "_" + strconv.Itoa(limit)
		has := r.text(i, 4)
		if has == name {
			continue
		}
		if has != "" {
			actions = append(actions, "DROP CONSTRAINT "+lex.Quote(has))
		}
		actions = append(actions,
			"ADD CONSTRAINT "+lex.Quote(name)+" CHECK (octet_length("+column+") <= "+strconv.Itoa(limit)+")")
	}
	for _, k := range c.Keyed {
		actions = append(actions, "ALTER COLUMN "+lex.Quote(k)+" SET NOT NULL")
	}
	if len(actions) == 0 {
		return nil
	}
	return s.pg.query("ALTER TABLE "+c.Made.String()+" "+strings.Join(actions, ", "), nowhere)
}

// bytesPrefix is what the constraints are called that count bytes:
// bytes_<column's number>_<limit>.
const bytesPrefix = "bytes_"

// simple does the statements of a Query message: all of them in one
// transaction, unless they have their own.
func (s *session) simple(sql string) error {
	all, err := lex.Split(sql)
	if err == nil && len(all) == 0 {
		s.send(&pgproto3.EmptyQueryResponse{})
	}
	for _, one := range all {
		var c *command
		if c, err = read(one); err == nil {
			err = s.run(c, nil, s.send)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		err = s.fail(err)
	}
	return s.told(s.finish(err))
}

// told tells the client of an error, and keeps those that end the session.
func (s *session) told(err error) error {
	if err == nil || lost(err) {
		return err
	}
	s.send(response(err))
	return nil
}

// ready ends the answer to a Query or a Sync.
func (s *session) ready() error {
	s.send(&pgproto3.ReadyForQuery{TxStatus: s.pg.state})
	return s.client.Flush()
}
