package duckdb_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// promoting is an empty warehouse in which any first reading is large enough to lie apart.
func promoting(t testing.TB) warehousetest.Subject { return oversql.New(oversql.Promoting(open(t))) }

// However small a first reading is whose table becomes the final one, all promises hold.
func TestPromoting(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, promoting, warehousetest.Lands, warehousetest.Eraser)
}

func TestPromotes(t *testing.T) {
	t.Parallel()
	warehousetest.Promotes(t, subject, promoting)
}

// staged are the tables that a first reading may be found in, as a query tells of them.
const staged = "SELECT concat_ws(' ', table_schema, table_name) FROM information_schema.tables " +
	"WHERE table_name IN ('a', '_catchment_first_a') ORDER BY 1"

// first reads three records in two pages, and merges them; between the two it does meanwhile.
func (x smallCopy) first(ctx context.Context, dir string, meanwhile func() error) error {
	b := warehouse.Batch{Table: x.table, Attempt: "first", Job: "first", ReadAt: time.Unix(1, 0)}
	for i, text := range []string{"Id,N\n1,1\n2,2\n", "Id,N\n3,3\n"} {
		path := filepath.Join(dir, fmt.Sprintf("first%d.csv", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		b.Pages = []warehouse.Page{{Key: filepath.Base(path), Seq: int64(i), Header: []string{"Id", "N"},
			Rows: int64(2 - i), Path: path, Digits: []room.Digits{{Field: "N", Whole: 1}}}}
		if _, err := x.w.Load(ctx, x.fence, b); err != nil {
			return err
		}
	}
	if err := meanwhile(); err != nil {
		return err
	}
	c, err := x.w.Consolidate(ctx, x.fence, warehouse.Merge{Table: x.table, Attempt: "first", Policy: gone.Flag,
		Pages: 2, Rows: 3, Unproven: []string{"first"}})
	if want := (warehouse.Counts{Staged: 3, Inserted: 3, Rows: 3}); err == nil && c != want {
		err = fmt.Errorf("%+v", c)
	}
	return err
}

// answer is the first column of a query's answer, as lines.
func answer(t *testing.T, d sql.Driver, query string) string {
	t.Helper()
	var all []string
	err := d.View(t.Context(), func(tx sql.Tx) error {
		return tx.Query(t.Context(), func(scan sql.Scan) error {
			var one string
			err := scan(&one)
			all = append(all, one)
			return err
		}, query)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// The first reading lies beside the final table, and then in its place.
func TestFirstReadingIsPromoted(t *testing.T) {
	t.Parallel()
	d := open(t)
	x := small(oversql.Promoting(d))
	if err := x.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := x.first(t.Context(), t.TempDir(), func() error {
		if got := answer(t, d, staged); got != "i a\ns _catchment_first_a\ns a" {
			t.Errorf("before, there are %q", got)
		}
		if got := answer(t, d, "SELECT CAST(count(*) AS VARCHAR) FROM i.a"); got != "0" {
			t.Errorf("%s rows are in the staging table", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := answer(t, d, staged); got != "i a\ns a" {
		t.Errorf("afterwards, there are %q", got)
	}
	if got := answer(t, d, "SELECT concat(id, '=', n) FROM s.a ORDER BY id"); got != "1=1\n2=2\n3=3" {
		t.Errorf("the final table has %q", got)
	}
}

// What others have made of the final table stays, and so the rows are written once more.
func TestWhatOthersMadeIsKept(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]struct{ how, kept string }{
		"a comment": {"COMMENT ON TABLE s.a IS 'mine'",
			"SELECT concat_ws(' ', schema_name, table_name) FROM duckdb_tables() WHERE comment = 'mine'"},
		"a comment on a column": {"COMMENT ON COLUMN s.a.n IS 'mine'",
			"SELECT concat_ws(' ', schema_name, table_name) FROM duckdb_columns() WHERE comment = 'mine'"},
		"a default": {"ALTER TABLE s.a ALTER COLUMN n SET DEFAULT 7",
			"SELECT concat_ws(' ', schema_name, table_name) FROM duckdb_columns() WHERE column_default = '7'"},
		"a view": {"CREATE VIEW s.mine AS SELECT count(*) AS n FROM s.a",
			"SELECT CASE n WHEN 3 THEN 's a' END FROM s.mine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			x := small(oversql.Promoting(d))
			if err := x.prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			err := x.first(t.Context(), t.TempDir(), func() error {
				return d.Tx(t.Context(), func(tx sql.Tx) error {
					_, err := tx.Exec(t.Context(), made.how)
					return err
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := answer(t, d, made.kept); got != "s a" {
				t.Errorf("it isn't there any more: %q", got)
			}
			if got := answer(t, d, staged); !strings.HasSuffix(got, "i a\ns a") {
				t.Errorf("there are %q", got)
			}
		})
	}
}

// A process may be killed at each statement of a first reading: whoever opens the file then finds no record in the
// final table or all of them, and goes on.
func TestKilledAtEachStatement(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	d, err := duckdb.Open(path, duckdb.Options{Idle: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := small(d).prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept := &keeping{Driver: d, path: path, into: t.TempDir()}
	if err := small(oversql.Promoting(kept)).first(t.Context(), t.TempDir(), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if kept.n < 20 {
		t.Errorf("there were but %d statements", kept.n)
	}
	none, all := 0, 0
	for n := range kept.n {
		d, err := duckdb.Open(kept.copy(n), duckdb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		switch rows := answer(t, d, "SELECT CAST(count(*) AS VARCHAR) FROM s.a"); rows {
		case "0":
			none++
		case "3":
			all++
		default:
			t.Errorf("killed at statement %d, the final table has %s rows", n, rows)
		}
		if err := small(oversql.Promoting(d)).first(t.Context(), t.TempDir(), func() error { return nil }); err != nil {
			t.Errorf("killed at statement %d, the repeat: %v", n, err)
		}
		if got := answer(t, d, "SELECT concat(id, '=', n) FROM s.a ORDER BY id"); got != "1=1\n2=2\n3=3" {
			t.Errorf("killed at statement %d, after the repeat: %q", n, got)
		}
		if got := answer(t, d, staged); got != "i a\ns a" {
			t.Errorf("killed at statement %d, after the repeat there are %q", n, got)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if none == 0 || all == 0 {
		t.Errorf("%d copies have no record, %d all of them", none, all)
	}
}

// A keeping is a driver that copies the file after each statement that writes, as a kill would leave it.
type keeping struct {
	sql.Driver
	path, into string
	n          int
}

func (k *keeping) copy(n int) string { return filepath.Join(k.into, fmt.Sprintf("%d.duckdb", n)) }

func (k *keeping) keep() error {
	for _, ending := range []string{"", ".wal"} {
		b, err := os.ReadFile(k.path + ending)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(k.copy(k.n)+ending, b, 0o600)
		}
		if err != nil {
			return err
		}
	}
	k.n++
	return nil
}

func (k *keeping) Tx(ctx context.Context, f func(sql.Tx) error) error {
	err := k.Driver.Tx(ctx, func(tx sql.Tx) error { return f(keepingTx{tx, k}) })
	return errors.Join(err, k.keep())
}

type keepingTx struct {
	sql.Tx
	k *keeping
}

func (x keepingTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := x.Tx.Exec(ctx, query, args...)
	return n, errors.Join(err, x.k.keep())
}

func (x keepingTx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	rows, err := x.Tx.Load(ctx, c)
	return rows, errors.Join(err, x.k.keep())
}
