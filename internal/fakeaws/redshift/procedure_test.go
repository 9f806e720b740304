package redshift_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"catchment/internal/fakeaws/redshift"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// heard is a session with what the server told it.
type heard struct {
	*pgx.Conn
	notices []string
}

func listen(t *testing.T, s *redshift.Server) *heard {
	t.Helper()
	h := &heard{}
	c, err := pgx.ParseConfig(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { h.notices = append(h.notices, n.Severity+" "+n.Message) }
	if h.Conn, err = pgx.ConnectConfig(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(t.Context()) })
	return h
}

// The examples are in the shape of the Developer Guide's, "Managing
// transactions".
func TestProcedureTransactions(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	conn, other := dial(t, s), dial(t, s)
	exec(t, conn, `create table a (n int); create table b (n int)`)
	count := func(want string) {
		t.Helper()
		same(t, table(t, other, `select (select count(*) from a), (select count(*) from b)`), want)
	}
	exec(t, conn,
		`CREATE OR REPLACE PROCEDURE one(x int) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a values (x); END; $$`)
	exec(t, conn, `begin; insert into a values (1)`)
	exec(t, conn, `call one(2)`)
	exec(t, conn, `rollback`)
	count("0 0")
	exec(t, conn, `call one($1)`, "7")
	same(t, table(t, other, `select n from a`), "7")

	// TRUNCATE commits what came before, in the outer procedure too.
	exec(t, conn,
		`CREATE PROCEDURE inner_one() AS $$ BEGIN INSERT INTO b VALUES (1); TRUNCATE a; INSERT INTO nowhere VALUES (1); END $$ LANGUAGE plpgsql`)
	exec(t, conn,
		`CREATE PROCEDURE outer_one() AS $$ BEGIN INSERT INTO a VALUES (1); CALL inner_one(); END $$ LANGUAGE plpgsql`)
	fails(t, conn, `call outer_one()`, "42P01", "nowhere")
	count("0 1")
	exec(t, conn, `begin`)
	fails(t, conn, `call inner_one()`, "2D000",
		"TRUNCATE cannot be invoked from a procedure that is executing in an atomic context.")
	exec(t, conn, `rollback`)
	count("0 1")

	exec(t, conn, `CREATE PROCEDURE commits(x int, y int) LANGUAGE plpgsql AS $$
		DECLARE sum_vals int;
		BEGIN
			INSERT INTO a VALUES (x);
			COMMIT;
			INSERT INTO a VALUES (y);
			SELECT sum(n) INTO sum_vals FROM a;
			IF sum_vals > 2 THEN
				ROLLBACK;
			END IF;
			INSERT INTO b VALUES (y);
		END; $$`)
	exec(t, conn, `call commits(1, 2)`)
	count("1 2")

	exec(t, conn, `CREATE PROCEDURE breaks() LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO a VALUES (1);
			INSERT INTO nowhere VALUES (1);
			INSERT INTO a VALUES (2);
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO b VALUES (9);
		END; $$`)
	fails(t, conn, `call breaks()`, "42P01", `relation "nowhere" does not exist`)
	count("1 3") // the handler's row stays, and the error is thrown again
}

func TestProcedureNonatomic(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	conn, other := dial(t, s), dial(t, s)
	exec(t, conn, `create table a (n int); create table log (t varchar(200))`)
	exec(t, conn, `CREATE OR REPLACE PROCEDURE part(i int) LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO a VALUES (i);
			IF i = 2 THEN
				INSERT INTO a SELECT 1 / (i - 2);
			END IF;
			INSERT INTO a VALUES (i * 10);
		END $$`)
	// The loop of consolidated_of_tables: one bad table doesn't stop the others.
	exec(t, conn, `CREATE OR REPLACE PROCEDURE whole(most int) NONATOMIC AS $$
		DECLARE
			i INT := 0;
			said VARCHAR(100);
		BEGIN
			LOOP
				i := i + 1;
				EXIT WHEN i > most;
				BEGIN
					START TRANSACTION;
					LOCK a;
					CALL part(i);
					COMMIT;
				EXCEPTION WHEN OTHERS THEN
					said := SQLSTATE || ' ' || SQLERRM;
					INSERT INTO log VALUES (i || ': ' || said);
				END;
			END LOOP;
		END $$ LANGUAGE plpgsql`)
	exec(t, conn, `call whole(3)`)
	same(t, table(t, other, `select n from a order by n`), "1", "3", "10", "30")
	same(t, table(t, other, `select t from log`), "2: 22012 division by zero")

	// Each statement commits by itself.
	exec(t, conn,
		`CREATE PROCEDURE each() NONATOMIC AS $$ BEGIN INSERT INTO a VALUES (100); INSERT INTO nowhere VALUES (1); END $$ LANGUAGE plpgsql`)
	fails(t, conn, `call each()`, "42P01", "nowhere")
	same(t, table(t, other, `select n from a where n = 100`), "100")
	// A transaction that is begun there is one.
	exec(t, conn,
		`CREATE PROCEDURE together() NONATOMIC AS $$ BEGIN START TRANSACTION; INSERT INTO a VALUES (101); INSERT INTO nowhere VALUES (1); END $$ LANGUAGE plpgsql`)
	fails(t, conn, `call together()`, "42P01", "nowhere")
	exec(t, conn, `rollback`)
	same(t, table(t, other, `select n from a where n = 101`))
	// An error that nothing handles inside a transaction block of the caller's.
	exec(t, conn, `begin; insert into a values (102)`)
	fails(t, conn, `call each()`, "42P01", "nowhere")
	exec(t, conn, `rollback`)
	same(t, table(t, other, `select n from a where n = 102`))
	fails(t, conn, `CREATE PROCEDURE x() NONATOMIC AS $$ BEGIN NULL; END $$ LANGUAGE plpgsql SECURITY DEFINER`, "0A000",
		"SECURITY DEFINER")

	// A query that reads no table takes no snapshot: LOCK, which comes after
	// the counter, sees what others committed while it waited.
	exec(t, conn, `truncate a; insert into a values (0)`)
	exec(t, conn,
		`CREATE PROCEDURE bump() NONATOMIC AS $$ DECLARE i INT; BEGIN START TRANSACTION; i := 1 + 0; LOCK a; UPDATE a SET n = n + i; COMMIT; END $$ LANGUAGE plpgsql`)
	exec(t, other, `begin; lock a; update a set n = n + 10`)
	done := make(chan error, 1)
	go func() { _, err := conn.Exec(t.Context(), `call bump()`); done <- err }()
	exec(t, other, `commit`)
	if err := <-done; err != nil {
		t.Error(describe(err))
	}
	same(t, table(t, other, `select n from a`), "11")
}

func TestProcedureLanguage(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	conn := listen(t, s)
	exec(t, conn.Conn, `create table a (n int, v varchar(10)); insert into a values (1, 'one'), (2, 'two'), (3, null)`)
	exec(t, conn.Conn, `CREATE PROCEDURE talk(x int, name varchar(20)) AS $$
		DECLARE
			r RECORD;
			cur CURSOR FOR SELECT n, v FROM a ORDER BY n;
			total INT := x * 2;
			fixed CONSTANT VARCHAR(5) DEFAULT 'it''s';
			how_many BIGINT;
			word VARCHAR(10);
		BEGIN
			RAISE INFO 'hello % and %, %', name, fixed, total;
			FOR r IN SELECT n AS id, v FROM a WHERE n <= total ORDER BY n LOOP
				CONTINUE WHEN r.v IS NULL;
				RAISE NOTICE '% is %', r.id, upper(r.v);
			END LOOP;
			<<counting>>
			FOR i IN 1..10 LOOP
				FOR j IN REVERSE 3..1 LOOP
					EXIT counting WHEN i = 2 AND j = 2;
					total := total + i * j;
				END LOOP;
			END LOOP;
			WHILE total > 10 LOOP
				total := total - 7;
			END LOOP;
			CASE total WHEN 1, 2, 3 THEN word := 'few'; WHEN 6 THEN word := 'six'; ELSE word := 'many'; END CASE;
			RAISE WARNING 'total % %', total, word;
			UPDATE a SET v = word WHERE n = x;
			GET DIAGNOSTICS how_many := ROW_COUNT;
			EXECUTE 'INSERT INTO a SELECT n + 10, ' || quote_literal(word) || ' FROM a WHERE n <= 2';
			GET DIAGNOSTICS how_many = ROW_COUNT;
			RAISE INFO '%', how_many;
			OPEN cur;
			FETCH cur INTO r;
			CLOSE cur;
			RAISE INFO 'fetched %', r.v;
			SELECT INTO r * FROM a WHERE n = 99;
			IF NOT FOUND THEN
				RAISE INFO 'none, %', r.v;
			ELSIF true THEN
				RAISE INFO 'never';
			END IF;
			BEGIN
				RETURN;
			END;
			RAISE INFO 'never';
		END $$ LANGUAGE plpgsql`)
	exec(t, conn.Conn, `call talk(1, 'Zoë')`)
	want := []string{"INFO hello Zoë and it's, 2", "NOTICE 1 is ONE", "NOTICE 2 is TWO", "WARNING total 7 many",
		"INFO 2", "INFO fetched many", "INFO none, <NULL>"}
	if !slices.Equal(conn.notices, want) {
		t.Errorf("got %q, want %q", conn.notices, want)
	}
	same(t, table(t, conn.Conn, `select n, v from a order by n`), "1 many", "2 two", "3 <nil>", "11 many", "12 many")
}

func TestProcedureRefusals(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, nil))
	exec(t, conn, `create table a (n int); insert into a values (1), (2)`)
	body := func(s string) string {
		return "CREATE OR REPLACE PROCEDURE p() AS $$ DECLARE r RECORD; q RECORD; BEGIN " + s +
			" END $$ LANGUAGE plpgsql"
	}
	for _, one := range []struct{ body, code, want string }{
		{"BEGIN NULL; EXCEPTION WHEN division_by_zero THEN NULL; END;", "0A000", "only OTHERS"},
		{"SET LOCAL statement_timeout = 1;", "0A000", "SET LOCAL"},
		{"VACUUM a;", "0A000", "VACUUM"},
		{"FOREACH x IN ARRAY y LOOP NULL; END LOOP;", "42601", "FOREACH"},
		{"EXECUTE 'select $1' USING 1;", "42601", "USING"},
		{"IF true THEN NULL;", "42601", "syntax error"},
		{"SAVEPOINT x;", "0A000", "SAVEPOINT"},
	} {
		fails(t, conn, body(one.body), one.code, one.want)
	}
	for _, one := range []struct{ body, code, want string }{
		{"START TRANSACTION;", "0A000", "START TRANSACTION"},
		{"SELECT n FROM a;", "42601", "no destination"},
		{"EXECUTE 'commit';", "0A000", "dynamic SQL"},
		{"FOR r IN SELECT n FROM a LOOP FOR q IN SELECT n FROM a LOOP NULL; END LOOP; END LOOP;", "0A000",
			"Nested cursors"},
		{"FOR r IN SELECT n FROM a LOOP COMMIT; END LOOP;", "34000", "cursor"},
		{"INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING;", "42601", `"ON"`},
		{"RAISE EXCEPTION 'no % today', 1 + 1;", "P0001", "no 2 today"},
		{"CALL p();", "0A000", "nesting level"},
		{"x := 1;", "42601", `"x" is not a known variable`},
	} {
		exec(t, conn, body(one.body))
		fails(t, conn, "call p()", one.code, one.want)
	}
	fails(t, conn, "call nobody()", "42883", "nobody")
	_, err := conn.Exec(t.Context(), "begin; call p()")
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || !strings.Contains(pg.Message, "known variable") {
		t.Error(err)
	}
}
