package duckdb

import (
	"context"
	stdsql "database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/query"
	"catchment/internal/warehouse/sql/dialect"
)

// OpenQuery makes what answers questions about the database file at path, which may end in
// settings. The file is open only while an answer is made, and only for reading. A name without a
// schema is one of schema.
func OpenQuery(path, schema string, o Options) (query.Session, error) {
	d, err := open(path, o)
	if err != nil {
		return nil, err
	}
	d.readOnly = true
	return &session{file: d, schema: schema}, nil
}

// A session opens its file anew for each question.
type session struct {
	file   *driver
	schema string
}

// Close has nothing to close.
func (s *session) Close() error { return nil }

// Ask does a statement in a DuckDB that can't write, is shut in, and can't be let out.
func (s *session) Ask(ctx context.Context, q query.Question, to query.Answer) (err error) {
	db, err := s.open(ctx)
	if err != nil {
		return s.refusal(ctx, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return s.refusal(ctx, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, said := range slices.Concat(seclusion(), s.path(ctx, conn), []string{locked}) {
		if _, err := conn.ExecContext(ctx, said); err != nil {
			return s.refusal(ctx, err)
		}
	}
	return conn.Raw(func(c any) error { return s.ask(ctx, c.(*duckdb.Conn), q, to) })
}

// open opens the file, once no other program writes into it.
func (s *session) open(ctx context.Context) (*stdsql.DB, error) {
	for {
		db, err := s.file.connect()
		if err == nil || !isLocked(err.Error()) {
			return db, err
		}
		if err := s.file.another(ctx, err); err != nil {
			return nil, err
		}
	}
}

// seclusion is what is said to DuckDB before a statement of somebody's own. Unlike a run it reads
// no page, and doesn't write what has no room in memory: this user may have no right to.
func seclusion() []string {
	return []string{
		"SET GLOBAL TimeZone = 'UTC'",
		"SET GLOBAL temp_directory = ''",
		"SET GLOBAL enable_external_access = false",
		"SET GLOBAL allow_community_extensions = false",
	}
}

// locked has all settings stay as they are.
const locked = "SET GLOBAL lock_configuration = true"

// path has names be looked up in the schema of the copy, where there is one.
func (s *session) path(ctx context.Context, conn *stdsql.Conn) []string {
	var n int
	err := conn.QueryRowContext(ctx, "SELECT count(*) FROM information_schema.schemata WHERE schema_name = $1 AND "+
		"catalog_name = current_database()", s.schema).Scan(&n)
	if err != nil || n == 0 { // the statement meets whatever is wrong
		return nil
	}
	return []string{"SET schema = " + dialect.Literal(s.schema)}
}

// shown are the kinds of statements that are made to give rows, as DuckDB tells them apart. SHOW,
// DESCRIBE and a PRAGMA that asks are SELECTs for it.
var shown = []duckdb.StmtType{duckdb.STATEMENT_TYPE_SELECT, duckdb.STATEMENT_TYPE_EXPLAIN}

// ask does a statement once DuckDB has said that it is one, and of which kind.
func (s *session) ask(ctx context.Context, conn *duckdb.Conn, q query.Question, to query.Answer) (err error) {
	stmt, err := s.prepare(ctx, conn, q.Statement)
	if err != nil {
		return err
	}
	names, err := columns(stmt)
	if some := s.some(ctx, conn, q); some != nil && err == nil {
		err, stmt = stmt.Close(), some
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, nil)
	if err != nil {
		return s.refusal(ctx, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if err := to.Columns(names); err != nil {
		return err
	}
	return s.tell(ctx, rows, q.Most, to)
}

// prepare has DuckDB look at a statement, and does nothing of it.
func (s *session) prepare(ctx context.Context, conn *duckdb.Conn, statement string) (*duckdb.Stmt, error) {
	prepared, err := conn.Prepare(statement) // PrepareContext would do all statements but the last
	if err != nil {
		return nil, s.refusal(ctx, err)
	}
	stmt := prepared.(*duckdb.Stmt)
	kind, err := stmt.StatementType()
	switch {
	case err != nil:
		err = s.refusal(ctx, err)
	case !slices.Contains(shown, kind):
		err = query.NoRows()
	case stmt.NumInput() > 0:
		err = query.Parameters()
	default:
		return stmt, nil
	}
	return nil, errors.Join(err, stmt.Close())
}

// some is the statement with an end to its rows, nil where it takes none: DuckDB makes the whole
// answer before it gives the first row.
func (s *session) some(ctx context.Context, conn *duckdb.Conn, q query.Question) *duckdb.Stmt {
	if q.Most == 0 {
		return nil
	}
	stmt, err := s.prepare(ctx, conn, fmt.Sprintf("SELECT * FROM (\n%s\n) LIMIT %d",
		strings.TrimRight(q.Statement, "; \t\r\n"), q.Most))
	if err != nil { // an EXPLAIN, or something is behind the semicolon
		return nil
	}
	return stmt
}

// columns are the names of what a statement gives.
func columns(stmt *duckdb.Stmt) ([]string, error) {
	n, err := stmt.ColumnCount()
	if err != nil {
		return nil, err
	}
	names := make([]string, n)
	for i := range names {
		if names[i], err = stmt.ColumnName(i); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// tell hands rows on.
func (s *session) tell(ctx context.Context, rows sqldriver.Rows, most int, to query.Answer) error {
	values := make([]sqldriver.Value, len(rows.Columns()))
	types := rows.(sqldriver.RowsColumnTypeDatabaseTypeName)
	for n := 0; most == 0 || n < most; n++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := rows.Next(values)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.refusal(ctx, err)
		}
		cells := make([]query.Cell, len(values))
		for i, v := range values {
			cells[i] = cell(v, types.ColumnTypeDatabaseTypeName(i))
		}
		if err := to.Row(cells); err != nil {
			return err
		}
	}
	return nil
}

// refusal tells what to do about a question that failed. Most often it is the statement.
func (s *session) refusal(ctx context.Context, err error) error {
	if errors.Is(err, plan.ErrStopped) {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	text, path := err.Error(), printable.Line(s.file.path)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
	switch {
	case has("multi-statement query"):
		return query.Several()
	case has("empty query"):
		return query.NoRows()
	case has("read-only mode!"):
		return query.Writes()
	case has("replaying WAL"): // DuckDB can't do it where it may not write
		return plan.Failf(plan.Retry, "the next catchment run of who writes the copy does so; ask again then",
			"%s isn't whole: what a process that was killed has left in %s.wal is still to be written into it",
			path, path)
	case has("Permission denied"):
		return plan.Fixf("let this user read it: files.group in catchment.yaml names a group that may",
			"%s can't be read", path)
	case has("database does not exist", "No such file or directory"):
		return plan.Fixf("make it with: catchment run   or name another file in warehouse.url", "there is no %s", path)
	case has("disabled by configuration", "disabled through configuration"):
		return plan.Fixf("ask for what is in the warehouse: a query reads no other file, writes none and loads no "+
			"extension", "the statement reaches beyond the warehouse")
	case has("configuration has been locked"):
		return plan.Fixf("leave the settings as they are; memory_limit and threads are a part of warehouse.url",
			"the statement changes a setting")
	}
	failed := failure(s.file.path, err)
	if plan.ClassOf(failed) != plan.Bug {
		return failed
	}
	return query.Wrong(failed)
}
