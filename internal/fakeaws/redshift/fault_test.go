package redshift_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	f := s.Faults()
	conn := dial(t, s)
	exec(t, conn, `create table t (n int)`)
	count := func(want string) {
		t.Helper()
		same(t, table(t, dial(t, s), `select count(*) from t`), want)
	}

	f.RefuseCommit(2)
	exec(t, conn, `insert into t values (1)`)
	fails(t, conn, `insert into t values (2)`, "XX000", "1023")
	exec(t, conn, `insert into t values (3)`)
	exec(t, conn, `begin; insert into t values (4)`)
	f.RefuseCommit(1)
	fails(t, conn, `commit`, "XX000", "Serializable isolation violation")
	count("2")

	f.CutBeforeCommit(1)
	if _, err := conn.Exec(t.Context(), `insert into t values (5)`); err == nil || !conn.IsClosed() {
		t.Errorf("the line wasn't cut: %v", err)
	}
	count("2")
	conn = dial(t, s)
	exec(t, conn, `begin; insert into t values (6)`)
	f.CutAfterCommit(1)
	if _, err := conn.Exec(t.Context(), `commit`); err == nil || !conn.IsClosed() {
		t.Errorf("the line wasn't cut: %v", err)
	}
	count("3")

	f.Pause()
	if _, err := pgx.Connect(t.Context(), s.URL()); err == nil {
		t.Error("a paused cluster took a session")
	}
	f.Resume()
	conn = dial(t, s)
	f.Slow(50 * time.Millisecond)
	began := time.Now()
	exec(t, conn, `select 1`)
	if d := time.Since(began); d < 50*time.Millisecond {
		t.Error("not slow:", d)
	}
	f.Slow(0)
	s.CutConnections()
	if _, err := conn.Exec(t.Context(), `select 1`); err == nil {
		t.Error("the line wasn't cut")
	}
	if _, err := pgx.Connect(t.Context(), strings.Replace(s.URL(), "/dev", "/prod", 1)); err == nil ||
		!strings.Contains(err.Error(), `database "prod" does not exist`) {
		t.Error(err)
	}
}
