package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/query"
)

// OpenQuery makes what answers questions about the database that a postgres:// URL names. It
// connects with the first one. A name without a schema is one of schema.
func OpenQuery(url, schema string, o Options) (query.Session, error) {
	d, err := open(url, o)
	if err != nil {
		return nil, err
	}
	return &session{driver: d, schema: schema, begin: []string{
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " + d.settings,
		"SET LOCAL search_path = " + pgx.Identifier{schema}.Sanitize(),
		// It takes the transaction's picture of the database. From then on nothing makes it one that
		// writes (PostgreSQL documentation, "SET TRANSACTION").
		"SELECT 1",
	}}, nil
}

// A session has a transaction of its own for each question.
type session struct {
	*driver
	schema string
	begin  []string
}

// Ask does a statement where nothing can be written. The extended protocol takes one statement at a
// time, and tells what it will give before anything of it is done.
func (s *session) Ask(ctx context.Context, q query.Question, to query.Answer) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.refusal(ctx, err)
	}
	defer conn.Release()
	pg := conn.Conn().PgConn()
	defer leave(ctx, pg)
	for _, said := range s.begin {
		if err := pg.Exec(ctx, said).Close(); err != nil {
			return s.refusal(ctx, err)
		}
	}
	stmt, err := pg.Prepare(ctx, "", q.Statement, nil)
	switch {
	case err != nil:
		return s.refusal(ctx, err)
	case len(stmt.ParamOIDs) > 0:
		return query.Parameters()
	case len(stmt.Fields) == 0:
		return query.NoRows()
	}
	return s.read(ctx, pg, stmt.Fields, q.Most, to)
}

// read does what was prepared, and hands its rows on.
func (s *session) read(
	ctx context.Context, pg *pgconn.PgConn, fields []pgconn.FieldDescription, most int, to query.Answer,
) error {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	reading, enough := context.WithCancel(ctx)
	rows := pg.ExecPrepared(reading, "", nil, nil, nil)
	defer func() { // whatever is left of the answer, the server needn't make
		enough()
		_, _ = rows.Close()
	}()
	more := rows.NextRow()
	if !more {
		if _, err := rows.Close(); err != nil {
			return s.refusal(ctx, err)
		}
	}
	if err := to.Columns(names); err != nil {
		return err
	}
	for n := 1; more; n++ {
		cells := make([]query.Cell, len(fields))
		for i, text := range rows.Values() {
			cells[i] = cell(text, fields[i].DataTypeOID)
		}
		if err := to.Row(cells); err != nil || n == most {
			return err
		}
		more = rows.NextRow()
	}
	if _, err := rows.Close(); err != nil {
		return s.refusal(ctx, err)
	}
	return nil
}

// leave ends the transaction, or waits until the server knows that a session was given up: it would
// go on with what nobody waits for.
func leave(ctx context.Context, pg *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if !pg.IsClosed() {
		_ = pg.Exec(ctx, "ROLLBACK").Close() // the pool ends a session that is still in a transaction
		return
	}
	select {
	case <-pg.CleanupDone():
	case <-ctx.Done():
	}
}

// cell is a value in the form of PostgreSQL.
func cell(text []byte, of uint32) query.Cell {
	switch {
	case text == nil:
		return query.Cell{}
	case of == pgtype.BoolOID:
		return query.Cell{Text: map[string]string{"t": "true", "f": "false"}[string(text)], Kind: query.Truth}
	case of == pgtype.Int2OID, of == pgtype.Int4OID, of == pgtype.Int8OID, of == pgtype.NumericOID,
		of == pgtype.Float4OID, of == pgtype.Float8OID, of == pgtype.OIDOID:
		return query.Numeric(string(text))
	}
	return query.Cell{Text: string(text), Kind: query.Word}
}

// refusal tells what to do about a question that failed. Most often it is the statement.
func (s *session) refusal(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case e.Code == "42601" && strings.Contains(e.Message, "multiple commands"):
			return query.Several()
		case e.Code == "25006":
			return query.Writes()
		case e.Code == "42501":
			return plan.Fixf("let it read: name it in warehouse.grant_to, and have who writes the copy run; or "+
				"GRANT USAGE ON SCHEMA "+s.schema+" and SELECT ON ALL TABLES IN SCHEMA "+s.schema+
				" TO the user of warehouse.url",
				"%s: %s", s.place, printable.Message(e.Message))
		}
	}
	failed := failure(s.place, err)
	if plan.ClassOf(failed) != plan.Bug {
		return failed
	}
	return query.Wrong(failed)
}
