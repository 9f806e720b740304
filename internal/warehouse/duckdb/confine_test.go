package duckdb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// Whatever a statement says, no other file is read or written, nothing is downloaded, and
// nothing lets DuckDB out again. It works all the same, on the disk where memory is short.
func TestConfined(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	elsewhere := filepath.Join(dir, "elsewhere.csv")
	must(t, os.WriteFile(elsewhere, []byte("a\n1\n"), 0o600))
	d, err := duckdb.Open(filepath.Join(dir, "copy.duckdb")+"?memory_limit=60MB&threads=1",
		duckdb.Options{Pages: []string{filepath.Join(dir, "stage")}})
	must(t, err)
	defer func() { must(t, d.Close()) }()
	for _, query := range []string{
		"SELECT * FROM read_csv(" + dialect.Literal(elsewhere) + ")",
		"SELECT * FROM read_text(" + dialect.Literal(elsewhere) + ")",
		"SELECT * FROM glob(" + dialect.Literal(dir+"/*") + ")",
		"SELECT * FROM " + dialect.Literal(elsewhere),
		"COPY (SELECT 1) TO " + dialect.Literal(filepath.Join(dir, "out.csv")),
		"ATTACH " + dialect.Literal(filepath.Join(dir, "other.duckdb")),
		"EXPORT DATABASE " + dialect.Literal(filepath.Join(dir, "out")),
		"INSTALL httpfs", "LOAD httpfs", "INSTALL h3 FROM community",
		"SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
		"SET enable_external_access = true", "SET lock_configuration = false",
		"SET allowed_directories = ['/']", "SET autoinstall_known_extensions = true", "SET temp_directory = '/tmp'",
		"SET allowed_configs = ['enable_external_access']", "RESET allowed_configs",
	} {
		for range 2 { // the second is another session
			err := d.Tx(t.Context(), func(tx sql.Tx) error {
				_, err := tx.Exec(t.Context(), query)
				return err
			})
			if err == nil {
				t.Errorf("%s was done", query)
			}
		}
	}
	if made, err := filepath.Glob(filepath.Join(dir, "o*")); err != nil || len(made) > 0 {
		t.Errorf("%v was written, %v", made, err)
	}
	must(t, d.Tx(t.Context(), func(tx sql.Tx) error { // a comparison does
		_, err := tx.Exec(t.Context(), "SET memory_limit = '60MB'")
		return err
	}))
	var sum int64
	must(t, d.Tx(t.Context(), func(tx sql.Tx) error { // 8 times the memory that it has
		_, err := tx.Exec(t.Context(), "CREATE TABLE wide AS "+
			"SELECT range AS n, md5(range::VARCHAR) || md5((range + 1)::VARCHAR) AS a FROM range(4_000_000)")
		if err != nil {
			return err
		}
		return tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&sum) }, "SELECT CAST(sum(n) AS BIGINT) "+
			"FROM (SELECT n, row_number() OVER (ORDER BY a) AS r FROM wide) WHERE r > 0")
	}))
	if sum != 7_999_998_000_000 {
		t.Errorf("the sum is %d", sum)
	}
}

// Folders and files may have any name: of the database, of the stage, and of one beside it
// that a pattern would take in.
func TestOddNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"it's", "100%", "%41", "a#b", "what?", "what?threads=none", "[a]", "a[b", "s*r",
		"a b", "é\"x"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), name)
			for _, folder := range []string{"stage", "beside"} {
				must(t, os.MkdirAll(filepath.Join(dir, folder), 0o700))
			}
			file := name + ".duckdb"
			if strings.Contains(name, "?") { // the database can't be there, pages can
				_, err := duckdb.Open(filepath.Join(dir, "copy.duckdb"), duckdb.Options{})
				if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "another folder") {
					t.Errorf("%v (%s)", err, plan.HintOf(err))
				}
				file = filepath.Join("..", "copy.duckdb")
			}
			for range 2 { // made, and opened again
				d, err := duckdb.Open(filepath.Join(dir, file)+"?threads=1",
					duckdb.Options{Pages: []string{filepath.Join(dir, "stage")}})
				must(t, err)
				x := small(d)
				must(t, x.prepare(t.Context()))
				var all []warehouse.Page
				for i, folder := range []string{"stage", "beside"} { // one is read where it is, the other is copied
					page := filepath.Join(dir, folder, "p-"+name+".csv")
					must(t, os.WriteFile(page, fmt.Appendf(nil, "Id\n%d\n", i), 0o600))
					must(t, os.WriteFile(filepath.Join(dir, folder, "p-sAr.csv"), []byte("Id\n9\n"), 0o600))
					all = append(all, warehouse.Page{Key: folder, Seq: int64(i), Header: []string{"Id"}, Rows: 1,
						Path: page})
				}
				n, err := x.w.Load(t.Context(), x.fence,
					warehouse.Batch{Table: x.table, Attempt: "x", Job: "j", Pages: all})
				if must(t, err); n != 2 {
					t.Errorf("%d rows were loaded", n)
				}
				var zone, threads string
				must(t, d.View(t.Context(), func(tx sql.Tx) error {
					return tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&zone, &threads) },
						"SELECT current_setting('TimeZone'), CAST(current_setting('threads') AS VARCHAR)")
				}))
				if zone != "UTC" || threads != "1" {
					t.Errorf("time zone %s, %s threads", zone, threads)
				}
				must(t, d.Close())
			}
			for _, made := range []string{file, "stage", "beside"} {
				if _, err := os.Stat(filepath.Join(dir, made)); err != nil {
					t.Error(err)
				}
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "*", "catchment-pages*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left are %v, %v", left, err)
			}
		})
	}
}
