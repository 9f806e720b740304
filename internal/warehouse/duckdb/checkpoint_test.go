package duckdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"catchment/internal/warehouse/sql"
)

// TestCheckpoint: what many small loads brought isn't kept in memory until the file is closed.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "a.duckdb")
	d, err := open(path, Options{Idle: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for n := 1; n <= loadsAtOnce; n++ {
		err := d.Tx(ctx, func(x sql.Tx) error {
			x.(*tx).loads = true
			_, err := x.Exec(ctx, fmt.Sprintf("CREATE TABLE t%d AS SELECT 1 AS a", n))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path + ".wal")
		waits := err == nil && info.Size() > 0
		if want := n < loadsAtOnce; waits != want {
			t.Fatalf("after %d loads something waits to be written: %v, want %v", n, waits, want)
		}
	}
}
