package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/plan"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/query"
	"catchment/internal/warehouse/query/querytest"
)

// A desk is a database with the table that querytest asks for, as its owner sees it.
type desk struct {
	t    *testing.T
	url  string
	conn *pgx.Conn
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, url: cluster.Database(t)}
	conn, err := pgx.Connect(t.Context(), d.url+"?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	d.conn = conn
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	d.do(append([]string{"CREATE SCHEMA s"}, querytest.Setup("s")...)...)
	return d
}

func (d *desk) do(statements ...string) {
	d.t.Helper()
	for _, s := range statements {
		if _, err := d.conn.Exec(d.t.Context(), s); err != nil {
			d.t.Fatalf("%s: %v", s, err)
		}
	}
}

func (d *desk) one(statement string) (text string) {
	d.t.Helper()
	if err := d.conn.QueryRow(d.t.Context(), statement).Scan(&text); err != nil {
		d.t.Fatalf("%s: %v", statement, err)
	}
	return text
}

// others counts the other sessions of the database that do a statement with these words.
func (d *desk) others(words string) string {
	d.t.Helper()
	return d.one("SELECT CAST(count(*) AS TEXT) FROM pg_stat_activity WHERE query LIKE '%" + words + "%' AND " +
		"state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()")
}

// subject asks as a user.
func (d *desk) subject(user string) querytest.Subject {
	d.t.Helper()
	s, err := postgres.OpenQuery(strings.Replace(d.url, "postgres@", user+"@", 1), "s", postgres.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = s.Close() })
	return querytest.Subject{Session: s, Rows: func() string {
		return d.one("SELECT string_agg(CAST(note AS TEXT), ' ' ORDER BY id) FROM s.note")
	}}
}

// A superuser, and a role that may do nothing but SELECT.
func TestQuery(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("CREATE ROLE "+reader(t), "GRANT USAGE ON SCHEMA s TO "+reader(t), "GRANT SELECT ON s.note TO "+reader(t))
	d.do("ALTER ROLE " + reader(t) + " LOGIN")
	t.Cleanup(func() {
		_, err := d.conn.Exec(context.Background(), "DROP OWNED BY "+reader(t)+"; DROP ROLE "+reader(t))
		if err != nil {
			t.Error(err)
		}
	})
	for _, user := range []string{"postgres", reader(t)} {
		t.Run(user, func(t *testing.T) { querytest.Run(t, d.subject(user)) })
	}
	d.do("REVOKE SELECT ON s.note FROM " + reader(t))
	_, err := querytest.Ask(t.Context(), d.subject(reader(t)).Session, "SELECT id FROM note")
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "permission denied for table note") ||
		!strings.Contains(plan.HintOf(err), "warehouse.grant_to") {
		t.Errorf("without the right: %s: %v (%s)", plan.ClassOf(err), err, plan.HintOf(err))
	}
}

// reader is the role of a test; roles are of the whole server.
func reader(t *testing.T) string { return "reader_" + strings.ToLower(t.Name()) }

// Whatever a superuser could write, read or run beside the tables, a statement can't have it do as
// far as PostgreSQL tells before what it gives.
func TestQueryIsConfined(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	out := filepath.Join(t.TempDir(), "out")
	d.do("CREATE SEQUENCE s.counted",
		"CREATE FUNCTION s.wipe() RETURNS INTEGER LANGUAGE plpgsql AS 'BEGIN DELETE FROM s.note; RETURN 1; END'",
		"CREATE PROCEDURE s.clear(INOUT n INTEGER) LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM s.note; END'")
	querytest.Refused(t, d.subject("postgres"), []string{
		"COPY note TO '" + out + "'", "COPY (SELECT 1) TO PROGRAM 'touch " + out + "'", "COPY note TO STDOUT",
		"COPY note FROM '/etc/passwd'",
		"DO $$BEGIN SET TRANSACTION READ WRITE; DELETE FROM note; END$$", "DO $$BEGIN COMMIT; DELETE FROM note; END$$",
		"SET TRANSACTION READ WRITE", "SELECT set_config('transaction_read_only', 'off', true)",
		"SELECT set_config('transaction_read_only', 'off', false) FROM note",
		"SELECT wipe()", "SELECT id FROM note WHERE n = wipe()", "CALL clear(1)", "SELECT nextval('counted')",
		"WITH gone AS (DELETE FROM note RETURNING id) SELECT id FROM gone", "SELECT id INTO other FROM note",
		"SELECT id FROM note FOR UPDATE", "LOCK TABLE note", "VACUUM note", "LISTEN x", "NOTIFY x", "CHECKPOINT",
		"PREPARE x AS SELECT 1", "EXECUTE x", "DECLARE x CURSOR FOR SELECT 1", "EXPLAIN ANALYZE EXECUTE x",
		"LOAD 'x'", "CREATE EXTENSION dblink", "RESET ALL",
		"SELECT query_to_xml('DELETE FROM s.note', false, false, '')", "SELECT 'secret value'::INTEGER",
		"CREATE TEMP TABLE x (n INTEGER)", "GRANT SELECT ON note TO PUBLIC",
	})
	for _, undone := range []string{ // not every version of PostgreSQL refuses it
		"SELECT lo_create(0)", "EXPLAIN ANALYZE CREATE TABLE s.other AS SELECT 1 AS n",
	} {
		_, err := querytest.Ask(t.Context(), d.subject("postgres").Session, undone)
		t.Logf("%s: %v", undone, err)
	}
	if n := d.one("SELECT CAST(count(*) AS TEXT) FROM pg_largeobject_metadata"); n != "0" {
		t.Errorf("%s large objects were made", n)
	}
	if name := d.one("SELECT coalesce(CAST(to_regclass('s.other') AS TEXT), '')"); name != "" {
		t.Errorf("table %s was made", name)
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	_, err := querytest.Ask(t.Context(), d.subject("postgres").Session, "SELECT 'secret value'::INTEGER")
	if err == nil || strings.Contains(err.Error()+plan.HintOf(err), "secret") {
		t.Errorf("a value is told: %v", err)
	}
}

func TestQueryCells(t *testing.T) {
	t.Parallel()
	s := newDesk(t).subject("postgres")
	for expression, want := range map[string]string{
		"NULL": "0 ", "'x'": "1 x", "''": "1 ", "9223372036854775807": "2 9223372036854775807", "0.10": "2 0.10",
		"CAST('NaN' AS NUMERIC)": "1 NaN", "CAST('-Infinity' AS FLOAT8)": "1 -Infinity",
		"CAST(1e20 AS FLOAT8)":                             "2 1e+20",
		"CAST('2026-03-01 12:00:00.25+02' AS TIMESTAMPTZ)": "1 2026-03-01 10:00:00.25+00",
		"ARRAY[1, NULL]":                                   "1 {1,NULL}",
		"true":                                             "3 true", "false": "3 false",
		`CAST('{"a":  1.0}' AS JSON)`: `1 {"a":  1.0}`,
	} {
		a, err := querytest.Ask(t.Context(), s.Session, "SELECT "+expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if c := a.All[0][0]; fmt.Sprint(int(c.Kind), " ", c.Text) != want {
			t.Errorf("%s is %d %s, want %s", expression, c.Kind, c.Text, want)
		}
	}
}

// What nobody waits for, the server doesn't go on with: after the rows that were wanted, and
// after a stop.
func TestQueryEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.subject("postgres").Session
	var a querytest.Answer
	err := s.Ask(t.Context(), query.Question{Most: 3,
		Statement: "WITH RECURSIVE endless(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM endless) " +
			"SELECT n, repeat('x', 2000) FROM endless"}, &a)
	if err != nil || len(a.All) != 3 {
		t.Errorf("%v, %v", a.Texts(), err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := querytest.Ask(ctx, s, "SELECT pg_sleep(3600)")
		ended <- err
	}()
	for d.others("pg_sleep(3600)") != "1" {
		time.Sleep(10 * time.Millisecond)
	}
	cancel(plan.ErrStopped)
	if err := <-ended; !errors.Is(err, plan.ErrStopped) {
		t.Error(err)
	}
	for d.others("pg_sleep(3600)") != "0" || d.others("endless") != "0" {
		time.Sleep(10 * time.Millisecond)
	}
}
