package redshift

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/load"
	"catchment/internal/fakeaws/redshift/translate"
)

// copyFrom reads COPY. It is a statement that fetches from S3 by itself: no
// data comes over the wire.
func copyFrom(s lex.Statement) (*command, error) {
	c, err := load.Read(s)
	if err != nil {
		return nil, err
	}
	return own("COPY", func(s *session, _ []argument, to emit) error { return s.load(c, to) }), nil
}

// load does a COPY.
func (s *session) load(c *load.Command, to emit) error {
	if s.pg.state == 'E' {
		return aborted()
	}
	if err := s.before(c.Table); err != nil {
		return err
	}
	columns, err := s.columns(c)
	if err != nil {
		return err
	}
	number, err := s.server.admin.next(s.ctx)
	if err != nil {
		return err
	}
	l := &load.Loading{
		Command: c, Columns: columns, S3: load.S3{Open: s.server.o.Open, List: s.server.o.List},
		Reject: func(r load.Rejected) error { return s.note(number, c.Table, r) },
	}
	if err := l.Find(s.ctx); err != nil {
		return err
	}
	if err := s.stream(l); err != nil {
		return err
	}
	set := fmt.Sprintf("SELECT set_config('%[1]s.last_copy_count', '%d', false), "+
		"set_config('%[1]s.last_copy_id', '%d', false)", translate.Schema, l.Rows, number)
	if err := s.pg.query(set, nowhere); err != nil {
		return err
	}
	to(info(fmt.Sprintf("Load into table '%s' completed, %d record(s) loaded successfully.", c.Table.Name, l.Rows)))
	if l.Errors > 0 {
		to(info(fmt.Sprintf("Load into table '%s' completed, %d record(s) could not be loaded.  "+
			"Check 'stl_load_errors' system table for details.", c.Table.Name, l.Errors)))
	}
	return nil
}

// columns are those that the fields go into, in their order.
func (s *session) columns(c *load.Command) ([]*load.Column, error) {
	r, err := s.pg.collect(`SELECT a.attname, t.typname, a.atttypmod, a.attnotnull, a.attidentity
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, c.Table.String())
	if err != nil {
		return nil, err
	}
	var all []*load.Column
	for i := range r.values {
		t := &load.Column{
			Name: r.text(i, 0), Kind: r.text(i, 1), NotNull: r.text(i, 3) == "t", Identity: r.text(i, 4) != "",
		}
		switch mod := r.number(i, 2) - 4; t.Kind {
		case "varchar", "bpchar":
			t.Length = mod
		case "numeric":
			t.Digits, t.Scale = mod>>16, mod&0x7ff
		}
		all = append(all, t)
	}
	return c.Fills(all)
}

// stream reads the objects on one side and lets PostgreSQL copy on the other.
func (s *session) stream(l *load.Loading) error {
	names := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		names[i] = lex.Quote(c.Name)
	}
	sql := "COPY " + l.Command.Table.String() + " (" + strings.Join(names, ", ") +
		`) FROM STDIN (FORMAT csv, NULL E'\\N', ENCODING 'UTF8')`
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := l.Run(s.ctx, w)
		w.CloseWithError(err)
		read <- err
	}()
	err := s.pg.copyIn(sql, r)
	r.CloseWithError(io.ErrClosedPipe)
	if e := <-read; e != nil && e != io.ErrClosedPipe {
		return e
	}
	return err
}

// note keeps a row that wasn't loaded where everybody can look it up, whatever
// becomes of the transaction.
func (s *session) note(query int, table lex.Reference, r load.Rejected) error {
	name, kind, length := "", "", ""
	if c := r.Why.Column; c != nil {
		name, kind = c.Name, c.Kind
		if c.Length > 0 {
			length = strconv.Itoa(c.Length)
		}
	}
	cut := func(s string, n int) string {
		return strings.ToValidUTF8(strings.ReplaceAll(s[:min(len(s), n)], "\x00", ""), "?")
	}
	return s.server.admin.exec(s.ctx, `INSERT INTO `+translate.Schema+`.load_error
		(query, table_name, filename, line_number, colname, type, col_length, position, raw_line, raw_field_value,
		err_code, err_reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11)`,
		query, table.String(), r.URL, r.Line, name, kind, length, cut(string(r.Raw), 1024), cut(r.Why.Value, 1024),
		r.Why.Code, cut(r.Why.Reason, 100))
}
