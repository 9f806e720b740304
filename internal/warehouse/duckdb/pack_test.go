package duckdb_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// What a load writes is packed quickly, and what is written after it well, also where the load
// has failed. A checkpoint leaves what pages have written where it is.
func TestPacking(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := duckdb.Open(filepath.Join(dir, "copy.duckdb"), duckdb.Options{Pages: []string{dir}})
	must(t, err)
	defer func() { must(t, d.Close()) }()
	var text bytes.Buffer
	text.WriteString("Id\n")
	for i := range 130_000 { // more than a row group has
		fmt.Fprintf(&text, "%d\n", i)
	}
	page := filepath.Join(dir, "page.csv")
	must(t, os.WriteFile(page, text.Bytes(), 0o600))

	ask := func(tx sql.Tx, query string) (answer string) {
		t.Helper()
		must(t, tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&answer) }, query))
		return answer
	}
	without := func(tx sql.Tx) string { return ask(tx, "SELECT current_setting('disabled_compression_methods')") }
	load := func(path string, seq int64) error {
		return d.Tx(t.Context(), func(tx sql.Tx) error {
			if got := without(tx); got != "" {
				t.Errorf("before a load nothing is packed by %q", got)
			}
			_, err := tx.Load(t.Context(), sql.Copy{Into: "staged", Op: warehouse.Put, Attempt: "a", Job: "j",
				ReadAt:  time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
				Columns: []dialect.CopyColumn{{Name: "id", Field: "Id", Kind: shape.Text, Type: "VARCHAR"}},
				Pages:   []warehouse.Page{{Key: path, Seq: seq, Path: path, Rows: 130_000, Header: []string{"Id"}}}})
			if err != nil { // nothing can be asked any more
				return err
			}
			if got := without(tx); got != "FSST" {
				t.Errorf("in a load nothing is packed by %q", got)
			}
			return nil
		})
	}
	must(t, d.Tx(t.Context(), func(tx sql.Tx) error {
		_, err := tx.Exec(t.Context(), "CREATE TABLE staged (id VARCHAR, "+
			"_catchment_op VARCHAR, _catchment_attempt VARCHAR, _catchment_job VARCHAR, "+
			"_catchment_read_at TIMESTAMPTZ, _catchment_seq BIGINT)")
		return err
	}))
	if load(filepath.Join(dir, "missing.csv"), 1) == nil {
		t.Error("a page that isn't there was loaded")
	}
	for seq := range int64(3) {
		must(t, load(page, seq+1))
	}
	const groups = "SELECT CAST(count(DISTINCT row_group_id) AS VARCHAR) FROM pragma_storage_info('staged')"
	var before, after string
	must(t, d.Tx(t.Context(), func(tx sql.Tx) error {
		before = ask(tx, groups)
		return nil
	}))
	must(t, d.Tx(t.Context(), func(tx sql.Tx) error {
		_, err := tx.Exec(t.Context(), "CHECKPOINT")
		return err
	}))
	must(t, d.Tx(t.Context(), func(tx sql.Tx) error {
		after = ask(tx, groups)
		return nil
	}))
	if before != "6" || after != before {
		t.Errorf("a checkpoint has made %s row groups of %s; three pages have 6", after, before)
	}
}
