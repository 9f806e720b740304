package duckdb_test

import (
	"path/filepath"
	"slices"
	"testing"

	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/sql"
)

// To fetch one value of a compressed column takes all before it: a row that is deleted is fetched twice, for
// the index of its key. ADR 0035 has what that costs.
func TestKeyIsStoredAsItIs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	for _, statements := range [][]string{
		{"INSERT INTO s.a (id) SELECT 'Ho000000' || lpad(CAST(n AS VARCHAR), 7, '0') || 'IAA' FROM range(200000) r(n)",
			"ALTER TABLE s.a ADD PRIMARY KEY (id)"},
		{"ALTER TABLE s.a ADD COLUMN more VARCHAR", // in another process, which knows the table by its file
			"INSERT INTO s.a (id, more) SELECT id || '2', id FROM s.a"},
	} {
		d, err := duckdb.Open(path, duckdb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := small(d).prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := d.Tx(t.Context(), func(tx sql.Tx) error {
			for _, s := range statements {
				if _, err := tx.Exec(t.Context(), s); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil { // which writes the columns
			t.Fatal(err)
		}
		if got, want := stored(t, path, "id"), []string{"Uncompressed"}; !slices.Equal(got, want) {
			t.Errorf("the key is stored %v, it should be %v", got, want)
		}
	}
	if got := stored(t, path, "more"); slices.Contains(got, "Uncompressed") {
		t.Errorf("the same texts in another column are stored %v: the test proves nothing", got)
	}
}

// stored is how the texts of a column of s.a are compressed.
func stored(t *testing.T, path, column string) (all []string) {
	t.Helper()
	d, err := duckdb.Open(path, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := d.View(t.Context(), func(tx sql.Tx) error {
		return tx.Query(t.Context(), func(scan sql.Scan) error {
			var one string
			err := scan(&one)
			all = append(all, one)
			return err
		}, "SELECT DISTINCT compression FROM pragma_storage_info('s.a') WHERE column_name = $1 "+
			"AND segment_type = 'VARCHAR' AND count > 1000", column)
	}); err != nil {
		t.Fatal(err)
	}
	return all
}
