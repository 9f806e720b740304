package duckdb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/query"
	"catchment/internal/warehouse/query/querytest"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// asked is a file with the table that querytest asks for, and a session on it.
func asked(t *testing.T, path string) querytest.Subject {
	t.Helper()
	did := func(f func(sql.Tx) error) {
		t.Helper()
		d, err := duckdb.Open(path, duckdb.Options{})
		must(t, err)
		must(t, d.Tx(t.Context(), f))
		must(t, d.Close())
	}
	did(func(tx sql.Tx) error {
		for _, q := range append([]string{"CREATE SCHEMA s"}, querytest.Setup("s")...) {
			if _, err := tx.Exec(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	s, err := duckdb.OpenQuery(path, "s", duckdb.Options{})
	must(t, err)
	return querytest.Subject{Session: s, Rows: func() (all string) {
		did(func(tx sql.Tx) error {
			return tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&all) },
				"SELECT CAST(list(note ORDER BY id) AS VARCHAR) FROM s.note")
		})
		return all
	}}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	querytest.Run(t, asked(t, filepath.Join(t.TempDir(), "copy.duckdb")))
}

// Whatever DuckDB can read, write, load or change beside the tables of its file, a statement can't
// have it do.
func TestQueryIsConfined(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	elsewhere := filepath.Join(dir, "elsewhere.csv")
	must(t, os.WriteFile(elsewhere, []byte("a\n1\n"), 0o600))
	s := asked(t, filepath.Join(dir, "copy.duckdb"))
	asked(t, filepath.Join(dir, "other.duckdb"))
	there := strings.Join(names(t, dir), " ")
	from := func(function, path string) string {
		return "SELECT * FROM " + function + "(" + dialect.Literal(path) + ")"
	}
	out := dialect.Literal(filepath.Join(dir, "out"))
	querytest.Refused(t, s, []string{
		from("read_csv", elsewhere), from("read_text", elsewhere), from("read_blob", elsewhere),
		from("sniff_csv", elsewhere),
		from("read_json", elsewhere), from("read_parquet", elsewhere), from("glob", dir+"/*"),
		from("read_csv", "/etc/passwd"),
		"SELECT * FROM " + dialect.Literal(elsewhere), "FROM '/etc/passwd'",
		"SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
		"COPY note TO " + out, "COPY (SELECT 1) TO " + out, "COPY note FROM " + dialect.Literal(elsewhere),
		"EXPLAIN ANALYZE COPY note TO " + out,
		"EXPORT DATABASE " + out, "IMPORT DATABASE " + dialect.Literal(dir), "ATTACH " + out, "ATTACH ':memory:' AS m",
		"INSTALL httpfs", "LOAD httpfs", "INSTALL h3 FROM community",
		"SET enable_external_access = true", "SET lock_configuration = false", "SET memory_limit = '1GB'",
		"SET temp_directory = '/tmp'", "SET allowed_directories = ['/']", "RESET lock_configuration",
		"PRAGMA enable_profiling = 'json'", "PRAGMA profiling_output = " + out, "PRAGMA enable_logging",
		"CALL enable_logging(storage = 'file', storage_path = " + out + ")",
		from("read_duckdb", filepath.Join(dir, "other.duckdb")), from("parquet_metadata", elsewhere),
		"SELECT * FROM duckdb_secrets()",
		"CREATE PERSISTENT SECRET x (TYPE http, BEARER_TOKEN 'x')", "CREATE TEMP TABLE x (n INTEGER)",
		"CREATE MACRO x() AS 1", "SET VARIABLE x = 1", "CHECKPOINT", "FORCE CHECKPOINT", "VACUUM",
		"PREPARE x AS SELECT 1", "EXECUTE x", "USE memory", "DETACH copy",
		"SELECT 'secret value'::INTEGER", "SELECT error('secret value')",
	})
	for _, harmless := range []string{ // it is said that it was done
		"SELECT * FROM enable_logging(level = 'debug', storage = 'file', storage_path = " + out + ")",
		"SELECT write_log('x', level := 'error') FROM (SELECT n FROM note UNION ALL SELECT 1 FROM " +
			"enable_logging(level = 'debug', storage = 'file', storage_path = " + out + "))",
		"SELECT * FROM force_checkpoint()", "SELECT * FROM enable_profiling()",
	} {
		if _, err := querytest.Ask(t.Context(), s.Session, harmless); err != nil {
			t.Logf("refused by now: %s: %v", harmless, err)
		}
	}
	if after := strings.Join(names(t, dir), " "); after != there {
		t.Errorf("the folder had %s, and has %s", there, after)
	}
	_, err := querytest.Ask(t.Context(), s.Session, "SELECT 'secret value'::INTEGER")
	if err == nil || strings.Contains(err.Error()+plan.HintOf(err), "secret") {
		t.Errorf("a value is told: %v", err)
	}
}

// names are those of a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Name()
	}
	return all
}

func TestQueryCells(t *testing.T) {
	t.Parallel()
	s := asked(t, filepath.Join(t.TempDir(), "copy.duckdb"))
	for expression, want := range map[string]string{
		"NULL": "0 ", "'x'": "1 x", "''": "1 ", "1::TINYINT": "2 1",
		"-170141183460469231731687303715884105727::HUGEINT": "2 " +
			"-170141183460469231731687303715884105727",
		"0.1::DOUBLE": "2 0.1", "1e20::DOUBLE": "2 1e+20", "1000000::DOUBLE": "2 1000000", "0.1::FLOAT": "2 0.1",
		"'nan'::DOUBLE": "1 NaN", "'-inf'::DOUBLE": "1 -Inf", "0.00::DECIMAL(4, 2)": "2 0.00",
		"-12.30::DECIMAL(38, 10)": "2 " +
			"-12.3000000000", "7::DECIMAL(4, 0)": "2 7",
		"DATE '2026-03-01'": "1 2026-03-01", "TIME '12:00:30.5'": "1 12:00:30.5",
		"TIMESTAMP '2026-03-01 12:00:00'":              "1 2026-03-01 12:00:00",
		"TIMESTAMPTZ '2026-03-01 12:00:00.25+02'":      "1 2026-03-01 10:00:00.25+00",
		"INTERVAL '1 year 2 months 1 day 90 seconds'":  "1 1 year 2 months 1 day 00:01:30",
		"INTERVAL '-1.5 seconds'":                      "1 -00:00:01.5",
		"INTERVAL '0 seconds'":                         "1 00:00:00",
		"'\\x00\\xFF'::BLOB":                           `1 \x00ff`,
		"'47183823-2574-4bfd-b411-99ed177d3e43'::UUID": "1 47183823-2574-4bfd-b411-99ed177d3e43",
		"[1.5, NULL]":                                  "1 [1.5,null]",
		"{'a': DATE '2026-03-01', 'b': [true]}":        `1 {"a":"2026-03-01 00:00:00","b":[true]}`,
		"MAP {'k': 'infinity'::DOUBLE}":                `1 [{"key":"k","value":"+Inf"}]`,
		"'{\"a\": 1}'::JSON":                           `1 {"a":1}`,
		"'x'::ENUM('x', 'y')":                          "1 x",
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

// An order stays, though the answer is cut by an outer statement.
func TestQueryKeepsTheOrder(t *testing.T) {
	t.Parallel()
	s := asked(t, filepath.Join(t.TempDir(), "copy.duckdb"))
	const ordered = "SELECT range AS n FROM range(300_000) ORDER BY hash(range), range"
	var a querytest.Answer
	err := s.Session.Ask(t.Context(), query.Question{Most: 100_000, Statement: ordered}, &a)
	must(t, err)
	all, err := querytest.Ask(t.Context(), s.Session, ordered)
	must(t, err)
	if !slices.Equal(a.Texts(), all.Texts()[:100_000]) {
		t.Error("the first rows are others")
	}
}

func TestQueryOfNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]string{"none.duckdb": "there is no", "no#ne.duckdb": "there is no",
		"none/x.duckdb": "there is no", "text.duckdb": "is not a DuckDB file"} {
		must(t, os.WriteFile(filepath.Join(dir, "text.duckdb"), []byte("no database"), 0o600))
		s, err := duckdb.OpenQuery(filepath.Join(dir, name), "s", duckdb.Options{})
		must(t, err)
		_, err = querytest.Ask(t.Context(), s, "SELECT 1")
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s: %v", name, plan.ClassOf(err), err)
		}
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("there are %v", got)
	}
}

// The name of a file may be one that DuckDB reads as a URL; its settings hold for a query too.
func TestQueryOfOddName(t *testing.T) {
	t.Parallel()
	querytest.Run(t, asked(t, filepath.Join(t.TempDir(), "100%#.duckdb?threads=1")))
}

// While another program writes into the file it is waited for, and told; a stop ends that.
func TestQueryWaits(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	said, end := another(t, path)
	if said != "open" {
		t.Fatal(said)
	}
	heard, stop := make(chan string, 10), make(chan struct{})
	ask := func(p warehouse.Patience) error {
		s, err := duckdb.OpenQuery(path, "s", duckdb.Options{Wait: p})
		if err != nil {
			return err
		}
		a, err := querytest.Ask(t.Context(), s, "SELECT id FROM a ORDER BY 1")
		if err == nil && !slices.Equal(a.Texts(), []string{"1", "2", "3"}) {
			err = fmt.Errorf("the answer is %v", a.Texts())
		}
		return err
	}
	tell := func(_ time.Time, why string) { heard <- why }
	if err := ask(warehouse.Patience{AtMost: time.Nanosecond}); plan.ClassOf(err) != plan.Retry {
		t.Errorf("without patience: %s: %v", plan.ClassOf(err), err)
	}
	stopped, answered := make(chan error), make(chan error)
	go func() { stopped <- ask(warehouse.Patience{AtMost: time.Hour, Stop: stop, Tell: tell}) }()
	go func() { answered <- ask(warehouse.Patience{AtMost: time.Hour, Tell: tell}) }()
	for range 2 {
		if why := <-heard; !strings.Contains(why, path+" is open in process ") {
			t.Errorf("said %q", why)
		}
	}
	close(stop)
	if err := <-stopped; !errors.Is(err, plan.ErrStopped) {
		t.Errorf("stopped: %v", err)
	}
	end(false)
	must(t, <-answered)
}

// What a process that was killed has left in its log can't be read without the right to write the
// file. It is said so, nothing is changed, and after the next writer the answer comes.
func TestQueryMeetsALog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	said, end := another(t, path)
	if said != "open" {
		t.Fatal(said)
	}
	end(true)
	before, err := os.Stat(path + ".wal")
	must(t, err)
	s, err := duckdb.OpenQuery(path, "s", duckdb.Options{})
	must(t, err)
	const question = "SELECT id FROM a ORDER BY 1"
	_, err = querytest.Ask(t.Context(), s, question)
	if plan.ClassOf(err) != plan.Retry || !strings.Contains(plan.HintOf(err), "catchment run") {
		t.Errorf("%s: %v (%s)", plan.ClassOf(err), err, plan.HintOf(err))
	}
	after, err := os.Stat(path + ".wal")
	if must(t, err); after.Size() != before.Size() || after.ModTime() != before.ModTime() {
		t.Error("the log was written")
	}
	writer, err := duckdb.Open(path, duckdb.Options{})
	must(t, err)
	must(t, errors.Join(writer.View(t.Context(), func(sql.Tx) error { return nil }), writer.Close()))
	a, err := querytest.Ask(t.Context(), s, question)
	if must(t, err); !slices.Equal(a.Texts(), []string{"1", "2", "3"}) {
		t.Errorf("the answer is %v", a.Texts())
	}
}

// A stop ends what DuckDB is at.
func TestQueryEnds(t *testing.T) {
	t.Parallel()
	s := asked(t, filepath.Join(t.TempDir(), "copy.duckdb"))
	const endless = "SELECT max(hash(a.range, b.range)) FROM range(1_000_000) a, range(1_000_000) b"
	for _, most := range []int{0, 10} {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			time.Sleep(100 * time.Millisecond) // it is at work by then, or begins when it is too late
			cancel(plan.ErrStopped)
		}()
		err := s.Session.Ask(ctx, query.Question{Most: most, Statement: endless}, new(querytest.Answer))
		if !errors.Is(err, plan.ErrStopped) {
			t.Error(err)
		}
	}
}
