package redshift_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"catchment/internal/fakeaws/redshift"
	"catchment/internal/warehouse/pgtest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var cluster pgtest.Cluster

// A store is S3 in memory: objects by bucket/key.
type store map[string][]byte

func (s store) open(_ context.Context, bucket, key string) (io.ReadCloser, error) {
	b, ok := s[bucket+"/"+key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (s store) list(_ context.Context, bucket, prefix string) ([]string, error) {
	var keys []string
	for k := range s {
		if key, ok := strings.CutPrefix(k, bucket+"/"); ok && strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func start(t *testing.T, objects store) *redshift.Server {
	t.Helper()
	s, err := redshift.Start(t.Context(),
		redshift.Options{PostgreSQL: cluster.Database(t), Open: objects.open, List: objects.list})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func dial(t *testing.T, s *redshift.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, sql string, args ...any) pgconn.CommandTag {
	t.Helper()
	tag, err := conn.Exec(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, describe(err))
	}
	return tag
}

// fails does a statement that must be refused with a text that has want in it.
func fails(t *testing.T, conn *pgx.Conn, sql, code, want string, args ...any) {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql, args...)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		t.Errorf("%s: got %v, want a refusal with %q", sql, err, want)
		return
	}
	if got := pg.Message + "\n" + pg.Detail; pg.Code != code || !strings.Contains(got, want) {
		t.Errorf("%s: got %s %s, want %s %q", sql, pg.Code, got, code, want)
	}
}

func describe(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code + " " + pg.Message + " " + pg.Detail + " " + pg.Where
	}
	return err.Error()
}

// table is a query's rows, each as its values joined.
func table(t *testing.T, conn *pgx.Conn, sql string, args ...any) []string {
	t.Helper()
	r, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer r.Close()
	var all []string
	for r.Next() {
		values, err := r.Values()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
	}
	if err := r.Err(); err != nil {
		t.Fatalf("%s: %v", sql, describe(err))
	}
	return all
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The statements are in the shape of the Developer Guide's examples.
func TestTables(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, nil))
	exec(t, conn, `create table users(
		userid integer not null distkey sortkey encode az64, username char(8), city varchar(30) default 'nowhere' encode zstd,
		likesports boolean, joined timestamp default sysdate, primary key (userid)) diststyle key compound sortkey (userid, username)`)
	exec(t, conn,
		`CREATE TABLE IF NOT EXISTS "Sales Data" ("Id" VARCHAR(18) PRIMARY KEY, price DECIMAL(8,2), id2 INT IDENTITY(10, 5)) BACKUP NO DISTSTYLE AUTO SORTKEY AUTO`)
	exec(t, conn, `insert into users(userid, username) values (1, 'anna'), (1, 'bert')`)
	same(t, table(t, conn, `select userid, trim(username), city from users order by 2`), "1 anna nowhere",
		"1 bert nowhere")
	exec(t, conn, `INSERT INTO "SALES data" ("ID", price) VALUES ('a', 1.005), ('a', 2)`)
	same(t, table(t, conn, `select "Id", price::varchar, id2 from "sales data" order by id2`), "a 1.01 10", "a 2.00 15")
	exec(t, conn, `create temp table copied (like users including defaults)`)
	exec(t, conn, `create table #more as select userid, city from users`)
	exec(t, conn, `alter table users add column score decimal(38, 10) encode raw default 0`)
	exec(t, conn, `alter table users alter distkey username`)
	exec(t, conn, `delete users where username = 'bert'`)
	if tag := exec(t, conn, `update users set score = 2`); tag.String() != "UPDATE 1" {
		t.Error(tag)
	}
	fails(t, conn, `insert into users(username) values ('x')`, "23502", "null value")
	if tag := exec(t, conn, `create table counted as select * from users`); tag.String() != "SELECT" {
		t.Errorf("the tag is %q: Redshift doesn't count there", tag)
	}
}

func TestTextIsCountedInBytes(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, nil))
	exec(t, conn, `create table t (a varchar(4), b text, c varchar, d varchar(max))`)
	exec(t, conn, `insert into t (a) values ('äö')`)
	fails(t, conn, `insert into t (a) values ('äöü')`, "XX000", "Value too long for character type")
	fails(t, conn, `insert into t (a) values ('abcde')`, "XX000", "Value too long for character type")
	fails(t, conn, `insert into t (b) values ($1)`, "XX000", "character varying(256)", strings.Repeat("x", 257))
	fails(t, conn, `insert into t (c) values ($1)`, "XX000", "Value too long", strings.Repeat("ä", 129))
	exec(t, conn, `insert into t (d) values ($1)`, strings.Repeat("x", 65535))
	fails(t, conn, `insert into t (d) values ($1)`, "XX000", "character varying(65535)", strings.Repeat("ä", 32768))
	exec(t, conn, `alter table t alter column a type varchar(6)`)
	exec(t, conn, `insert into t (a) values ('äöü')`)
	fails(t, conn, `insert into t (a) values ('äöüä')`, "XX000", "character varying(6)")
	exec(t, conn, `alter table t add column e varchar(2)`)
	fails(t, conn, `update t set e = 'äö'`, "XX000", "character varying(2)")
	exec(t, conn, `create table u (like t)`)
	fails(t, conn, `insert into u (a) values ('äöüä')`, "XX000", "character varying(6)")
	exec(t, conn, `create temp table v as select a, 'x' as f from t`)
	fails(t, conn, `insert into v (a) values ('äöüä')`, "XX000", "character varying(6)")
	fails(t, conn, `create table w (a varchar(65536))`, "22023", "cannot exceed 65535")
	same(t, table(t, conn,
		`select column_name, character_maximum_length from information_schema.columns where table_name = 't' order by ordinal_position`),
		"a 6", "b 256", "c 256", "d 65535", "e 2")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, nil))
	exec(t, conn, `create table t (a int primary key, b varchar(10)); create table s (a int, b varchar(10))`)
	for _, one := range []struct{ sql, code, want string }{
		{`insert into t values (1) on conflict do nothing`, "42601", `"on"`},
		{`insert into t values (1) returning a`, "42601", `"returning"`},
		{`insert into t as x select 1`, "42601", `"as"`},
		{`delete from t returning a`, "42601", `"returning"`},
		{`create index i on t (a)`, "0A000", "not supported on Redshift tables"},
		{`create unique index i on t (a)`, "0A000", "not supported on Redshift tables"},
		{`select distinct on (a) a from t`, "0A000", "DISTINCT ON"},
		{`select * from t, lateral (select 1) x`, "42601", `"lateral"`},
		{`select count(*) filter (where a > 1) from t`, "42601", `"("`},
		{`select * from t for update`, "0A000", "FOR UPDATE"},
		{`select * from (values (1), (2)) v (a)`, "42601", `"values"`},
		{`select * from t where a is distinct from 1`, "42601", `"distinct"`},
		{`select string_to_array('a,b', ',')`, "42883", "string_to_array"},
		{`select string_agg(b, ',') from t`, "42883", "string_agg"},
		{`select array[1, 2]`, "42601", `"["`},
		{`select clock_timestamp()`, "42883", "clock_timestamp"},
		{`select generate_series(1, 2), a from t`, "0A000", "not supported on Redshift tables"},
		{`insert into t select ordinal_position from information_schema.columns`, "0A000",
			"not supported on Redshift tables"},
		{`select t.a from t join information_schema.columns c on true`, "0A000", "not supported on Redshift tables"},
		{`create table x (a serial)`, "0A000", `Column "x.a" has unsupported type "serial".`},
		{`create table x (a int[])`, "0A000", `unsupported type "int[]"`},
		{`create table x (a jsonb)`, "0A000", `unsupported type "jsonb"`},
		{`create table x (a int check (a > 0))`, "0A000", "CHECK"},
		{`create table x (a int) on commit drop`, "42601", `"on"`},
		{`create unlogged table x (a int)`, "0A000", "not supported"},
		{`create table x (a decimal(39, 2))`, "22023", "precision 39"},
		{`create table x (` + strings.Repeat("n", 128) + ` int)`, "42622", "128 bytes"},
		{`alter table t add column c int, add column d int`, "42601", `","`},
		{`alter table t add column if not exists c int`, "42601", `"NOT"`},
		{`savepoint x`, "0A000", "not supported"},
		{`set lock_timeout = 10`, "42704", "lock_timeout"},
		{`copy t from stdin`, "0A000", "LOAD source is not supported"},
		{`lock table t in share mode`, "42601", `"in"`},
		{`truncate t, s`, "42601", `","`},
		{`merge into t using s on t.a = s.a when matched then update set b = s.b`, "42601", "WHEN NOT MATCHED"},
		{`merge into t using s on t.a = s.a when not matched then insert values (s.a, s.b)`, "42601", `"not"`},
		{
			`merge into t using (select 1 a) s on t.a = s.a when matched then delete when not matched then insert values (1, '')`, "0A000", "table"},
		{`select 'a'::uuid`, "42704", `"uuid"`},
		{`select * from nowhere`, "42P01", "does not exist"},
	} {
		fails(t, conn, one.sql, one.code, one.want)
	}
	exec(t, conn,
		`merge into t using s on t.a = s.a when matched then update set b = s.b when not matched then insert values (s.a, s.b)`)
}

// TRUNCATE commits what came before it, and itself.
func TestTruncateCommits(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	conn, other := dial(t, s), dial(t, s)
	exec(t, conn, `create table a (n int); create table b (n int); insert into b values (1)`)
	exec(t, conn, `begin`)
	exec(t, conn, `insert into a values (1)`)
	exec(t, conn, `truncate table b`)
	same(t, table(t, other, `select (select count(*) from a), (select count(*) from b)`), "1 0")
	exec(t, conn, `rollback`)
	same(t, table(t, other, `select count(*) from a`), "1")
}

// A transaction sees the database as it was when it began to read; the second
// of two that change one row fails, unless it took the lock first.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	one, two := dial(t, s), dial(t, s)
	exec(t, one, `create table a (n int, m int); insert into a values (1, 0)`)

	exec(t, one, `begin isolation level read committed`)
	same(t, table(t, one, `select m from a`), "0")
	exec(t, two, `update a set m = 1`)
	same(t, table(t, one, `select m from a`), "0")
	fails(t, one, `update a set m = m + 1 where n = 1`, "XX000", "1023\nSerializable isolation violation on table")
	fails(t, one, `select 1`, "25P02", "aborted")
	if tag := exec(t, one, `commit`); tag.String() != "ROLLBACK" {
		t.Error(tag)
	}

	exec(t, one, `begin`)
	exec(t, one, `lock a`)
	done := make(chan error, 1)
	go func() {
		_, err := two.Exec(context.Background(), `begin; lock table a; update a set m = m + 10; commit`)
		done <- err
	}()
	exec(t, one, `update a set m = m + 1`)
	exec(t, one, `commit`)
	if err := <-done; err != nil {
		t.Error(err)
	}
	same(t, table(t, one, `select m from a`), "12")
}

// An error that the stand-in finds by itself leaves a transaction as broken as
// one that PostgreSQL finds.
func TestErrorsBreakTransactions(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, nil))
	exec(t, conn, `create table a (n int)`)
	exec(t, conn, `begin`)
	exec(t, conn, `insert into a values (1)`)
	fails(t, conn, `insert into a values (1) on conflict do nothing`, "42601", "syntax")
	fails(t, conn, `insert into a values (2)`, "25P02", "aborted")
	exec(t, conn, `rollback`)
	fails(t, conn, `insert into a values (3); insert into a values (4) returning n`, "42601", "syntax")
	same(t, table(t, conn, `select count(*) from a`), "0")
	exec(t, conn, `vacuum a`)
	exec(t, conn, `begin`)
	fails(t, conn, `vacuum a`, "25001", "cannot run inside a transaction block")
	exec(t, conn, `rollback`)
}

func TestPrepared(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, nil))
	exec(t, conn, `create table a (n int, t varchar(20), d decimal(10,2), at timestamptz)`)
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec} {
		for i := range 3 {
			if tag := exec(t, conn, `insert into a (n, t) values ($1, $2)`, mode, i, "x"); tag.RowsAffected() != 1 {
				t.Error(tag)
			}
		}
		same(t, table(t, conn, `select count(*) from a where n >= $1 and t = nvl($2, 'x')`, mode, 1, "x"), "2")
		exec(t, conn, `truncate a`, mode)
		if _, err := conn.Exec(t.Context(), `insert into a (n) values ($1) returning n`, mode, 1); err == nil {
			t.Error("RETURNING was taken")
		}
	}
	// The simple protocol with parameters wants a setting that Redshift lacks.
	if _, err := conn.Exec(t.Context(), `select $1`, pgx.QueryExecModeSimpleProtocol, 1); err == nil ||
		!strings.Contains(err.Error(), "standard_conforming_strings") {
		t.Error(err)
	}
	var b pgx.Batch
	b.Queue(`insert into a (n) values ($1)`, 1)
	b.Queue(`insert into a (n) values ($1)`, 2)
	b.Queue(`insert into a (n) values ($1) returning n`, 3)
	if err := conn.SendBatch(t.Context(), &b).Close(); err == nil {
		t.Error("the batch was taken")
	}
	same(t, table(t, conn, `select count(*) from a`), "0")
}

// In the shape of the Developer Guide's examples of QUALIFY.
func TestQualify(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, nil))
	exec(t, conn, `create table store_sales (date varchar(10), item int, qty int)`)
	exec(t, conn, `insert into store_sales values ('a', 1, 10), ('a', 2, 5), ('a', 3, 7), ('b', 1, 3), ('b', 2, 4)`)
	same(t, table(t, conn,
		`SELECT ss.item, ss.qty FROM store_sales ss QUALIFY ROW_NUMBER() OVER (PARTITION BY date ORDER BY qty DESC) <= 1 ORDER BY qty DESC`), "1 10", "2 4")
	same(t, table(t, conn,
		`SELECT *, RANK() OVER (PARTITION BY date ORDER BY qty) AS r FROM store_sales WHERE item < 3 QUALIFY r = 2 ORDER BY date`), "a 1 10 2", "b 2 4 2")
	same(t, table(t, conn,
		`SELECT count(*) FROM (SELECT x.* FROM store_sales x JOIN store_sales y ON y.item = x.item AND y.date = x.date QUALIFY row_number() OVER (PARTITION BY x.date ORDER BY x.qty) = 1) v`), "2")
	fails(t, conn, `SELECT item FROM store_sales QUALIFY ROW_NUMBER() OVER (ORDER BY qty) = 1`, "42601", "ROW_NUMBER")
}

// Functions that PostgreSQL has under another name, or not at all.
func TestFunctions(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, nil))
	exec(t, conn, `create table t (a int, v varchar(10), s super, d timestamp)`)
	exec(t, conn,
		`insert into t select 1, 'x', json_parse('{"k": [1, 2]}'), '2026-01-31 10:59:30'::timestamp union all select 2, 'y', null, '2026-03-01 00:00:00'`)
	for _, one := range []struct{ sql, want string }{
		{`select nvl(s::varchar, 'none') from t where a = 2`, "none"},
		{`select nvl2(v, 'yes', 'no') || decode(a, 1, 'one', 'other') from t where a = 1`, "yesone"},
		{`select listagg(v, ',') within group (order by a desc) from t`, "y,x"},
		{
			`select datediff(month, min(d), max(d)), datediff('day', min(d), max(d)), datediff(hour, min(d), max(d)) from t`, "2 29 686"},
		{`select dateadd(month, 1, d)::varchar, date_trunc('day', d)::varchar from t where a = 1`,
			"2026-02-28 10:59:30 2026-01-31 00:00:00"},
		{`select json_serialize(s), len('äö'), octet_length('äö'), convert(int, '7') from t where a = 1`,
			`{"k": [1, 2]} 2 4 7`},
		{`select count(distinct cast(v as varchar(65535))), getdate() <= sysdate + interval '1 minute' from t`,
			"2 true"},
		{
			`select charindex('b', 'abc'), sha2('a', 256) = func, 'a\'b' from (select 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb' as func) x`, "2 true a'b"},
	} {
		same(t, table(t, conn, one.sql), one.want)
	}
	// A table that a statement of the same transaction has read can be dropped.
	exec(t, conn, `begin`)
	exec(t, conn, `create temp table u as select a from t`)
	same(t, table(t, conn, `select count(*) from u where a > $1`, pgx.QueryExecModeExec, 0), "2")
	exec(t, conn, `drop table u`)
	exec(t, conn, `commit`)
}
