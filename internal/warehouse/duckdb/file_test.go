package duckdb_test

import (
	"bufio"
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// inChild names the file that this test binary shall touch, once it runs as
// another process.
const inChild = "CATCHMENT_TEST_DUCKDB"

func TestMain(m *testing.M) {
	if path := os.Getenv(inChild); path != "" {
		os.Exit(child(path))
	}
	os.Exit(m.Run())
}

// child opens the file, in which a first reading of any size becomes the final table, says so, and holds it until
// stdin ends.
func child(path string) int {
	d, err := duckdb.Open(path, duckdb.Options{Idle: time.Hour})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if err := history(oversql.Promoting(d), filepath.Dir(path)); err != nil {
		fmt.Println(plan.ClassOf(err), err)
		return 1
	}
	fmt.Println("open")
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	if err := d.Close(); err != nil {
		return 1
	}
	return 0
}

func touch(tx sql.Tx) error {
	_, err := tx.Exec(context.Background(), "CREATE TABLE IF NOT EXISTS touched (n INTEGER)")
	return err
}

// A smallCopy is one flow of one small table.
type smallCopy struct {
	w     warehouse.Warehouse
	fence warehouse.Fence
	table shape.Table
}

func small(d sql.Driver) smallCopy {
	return smallCopy{
		w:     sql.New(d, warehouse.Options{Schema: "s", Staging: "i", Now: time.Now}),
		fence: warehouse.Fence{Flow: "A", Number: 1},
		table: shape.Table{Object: "A", Name: "a", Key: []string{"id"}, Columns: []shape.Column{
			{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "n", Field: "N", Kind: shape.Decimal}}},
	}
}

func (x smallCopy) prepare(ctx context.Context) error {
	if err := x.w.Migrate(ctx); err != nil {
		return err
	}
	if _, err := x.w.Claim(ctx, x.fence, "a", "org"); err != nil {
		return err
	}
	_, err := x.w.Prepare(ctx, x.fence, x.table)
	return err
}

// history does to a database what runs do: a first reading, its key, then a
// second one that widens a column, replaces a row and adds one, and a field that
// becomes a text. It may be repeated.
func history(d sql.Driver, dir string) error {
	ctx := context.Background()
	x := small(d)
	if err := x.prepare(ctx); err != nil {
		return err
	}
	for i, text := range []string{"Id,N\n1,1\n2,2\n", "Id,N\n2,2.125\n3,3\n"} {
		path := filepath.Join(dir, fmt.Sprintf("%d.csv", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		name := fmt.Sprintf("attempt%d", i)
		p := warehouse.Page{Key: path, Seq: 1, Header: []string{"Id", "N"}, Rows: 2, Path: path,
			Digits: []room.Digits{{Field: "N", Whole: 1, Fraction: 3 * i}}}
		b := warehouse.Batch{Table: x.table, Attempt: name, Job: name, ReadAt: time.Unix(int64(i+1), 0),
			Pages: []warehouse.Page{p}}
		if _, err := x.w.Load(ctx, x.fence, b); err != nil {
			return err
		}
		m := warehouse.Merge{Table: x.table, Attempt: name, Policy: gone.Flag, Pages: 1, Rows: 2}
		if _, err := x.w.Consolidate(ctx, x.fence, m); err != nil {
			return err
		}
	}
	return x.worded(ctx)
}

// worded has the field become a text, and so its column.
func (x smallCopy) worded(ctx context.Context) error {
	x.table.Columns = slices.Clone(x.table.Columns)
	x.table.Columns[1].Kind = shape.Text
	t, _, err := x.w.Adapt(ctx, x.table)
	if err != nil {
		return err
	}
	_, err = x.w.Prepare(ctx, x.fence, t)
	return err
}

// another starts a process that holds the file, and returns its first line and
// what ends it: a closed stdin, or a kill.
func another(t *testing.T, path string) (said string, end func(kill bool)) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), inChild+"="+path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	return strings.TrimSpace(line), func(kill bool) {
		if kill {
			_ = cmd.Process.Kill()
		}
		_ = stdin.Close()
		_ = cmd.Wait()
	}
}

func TestLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	said, end := another(t, path)
	if said != "open" {
		t.Fatal(said)
	}
	d, err := duckdb.Open(path, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Tx(t.Context(), touch)
	if plan.ClassOf(err) != plan.Retry || !strings.Contains(plan.HintOf(err), "close ") {
		t.Errorf("while it is locked: %v (%s)", err, plan.HintOf(err))
	}
	end(false)
	if err := d.Tx(t.Context(), touch); err != nil {
		t.Errorf("after it was closed: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// A told is what was said of a wait.
type told struct {
	until time.Time
	why   string
}

// Another program, which may be one that only reads, is waited for; it is said for whom.
func TestWaitsForAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	said, end := another(t, path)
	if said != "open" {
		t.Fatal(said)
	}
	heard := make(chan told, 10)
	d, err := duckdb.Open(path, duckdb.Options{Wait: warehouse.Patience{AtMost: time.Hour,
		Tell: func(until time.Time, why string) { heard <- told{until, why} }}})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	done := make(chan error)
	for range 2 { // they wait side by side
		go func() { done <- d.View(t.Context(), func(sql.Tx) error { return nil }) }()
	}
	got := <-heard
	if left := got.until.Sub(began); left < time.Hour || left > 2*time.Hour {
		t.Errorf("waits for %s", left)
	}
	if !strings.Contains(got.why, path+" is open in process ") ||
		!strings.Contains(got.why, filepath.Base(os.Args[0])) {
		t.Errorf("said %q", got.why)
	}
	end(false)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if len(heard) > 0 {
		t.Errorf("said again: %v", <-heard)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// The time is that of all that wait, and who wants an end doesn't wait it out.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	said, end := another(t, path)
	if said != "open" {
		t.Fatal(said)
	}
	defer end(false)
	nothing := func(sql.Tx) error { return nil }
	up, err := duckdb.Open(path, duckdb.Options{Wait: warehouse.Patience{AtMost: time.Nanosecond}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := up.View(t.Context(), nothing)
		if plan.ClassOf(err) != plan.Retry || !strings.Contains(plan.HintOf(err), "warehouse.wait") {
			t.Errorf("after its time: %v (%s)", err, plan.HintOf(err))
		}
	}
	stop := make(chan struct{})
	heard := make(chan struct{}, 1)
	patient, err := duckdb.Open(path, duckdb.Options{Wait: warehouse.Patience{AtMost: time.Hour, Stop: stop,
		Tell: func(time.Time, string) { heard <- struct{}{} }}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- patient.View(t.Context(), nothing) }()
	<-heard
	close(stop)
	if err := <-done; !errors.Is(err, plan.ErrStopped) {
		t.Errorf("stopped: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped at once")
	cancel(why)
	still, err := duckdb.Open(path, duckdb.Options{Wait: warehouse.Patience{AtMost: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	if err := still.View(ctx, nothing); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	if err := errors.Join(up.Close(), patient.Close(), still.Close()); err != nil {
		t.Error(err)
	}
}

func TestFileIsFreeBetweenTransactions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	d, err := duckdb.Open(path, duckdb.Options{Idle: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was opened before there was work: %v", err)
	}
	if err := d.Tx(t.Context(), touch); err != nil {
		t.Fatal(err)
	}
	said := ""
	for range 200 { // the other process may come before the moment is over
		var end func(bool)
		said, end = another(t, path)
		end(false)
		if said == "open" {
			break
		}
	}
	if said != "open" {
		t.Errorf("another process can't open the file: %s", said)
	}
	if err := d.Tx(t.Context(), touch); err != nil {
		t.Errorf("the next transaction: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Tx(t.Context(), touch); err == nil {
		t.Error("a closed driver goes on")
	}
}

func TestKilledProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	said, end := another(t, path)
	if said != "open" {
		t.Fatal(said)
	}
	end(true)
	d, err := duckdb.Open(path, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = d.View(t.Context(), func(tx sql.Tx) error {
		return tx.Query(t.Context(), func(scan sql.Scan) error {
			var row string
			if err := scan(&row); err != nil {
				return err
			}
			got = append(got, row)
			return nil
		}, "SELECT concat(id, '=', n) FROM s.a ORDER BY id")
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "1=1 2=2.125 3=3"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if err := history(d, filepath.Dir(path)); err != nil {
		t.Errorf("the repeat: %v", err)
	}
	if err := d.Tx(t.Context(), func(tx sql.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO s.a (id) VALUES ('1')")
		return err
	}); err == nil {
		t.Error("the key is lost")
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoDatabase(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text.duckdb")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", ":memory:", text, filepath.Join(t.TempDir(), "no", "folder", "x.duckdb")} {
		d, err := duckdb.Open(path, duckdb.Options{})
		if err == nil {
			err = d.Tx(t.Context(), touch)
			if cerr := d.Close(); cerr != nil {
				t.Error(cerr)
			}
		}
		if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestCancelledTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	d := open(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped by the user")
	err := d.Tx(ctx, func(tx sql.Tx) error {
		if err := touch(tx); err != nil {
			return err
		}
		cancel(why)
		_, err := tx.Exec(ctx, "INSERT INTO touched VALUES (1)")
		return err
	})
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	err = d.View(t.Context(), func(tx sql.Tx) error {
		_, err := tx.Exec(t.Context(), "SELECT * FROM touched")
		return err
	})
	if err == nil {
		t.Error("the table is there")
	}
}

func TestSpoolLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := duckdb.Open(filepath.Join(dir, "copy.duckdb"), duckdb.Options{Spool: dir})
	if err != nil {
		t.Fatal(err)
	}
	x := small(d)
	if err := x.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(t.TempDir(), "p[1]*.csv") // read_csv would take it for a pattern
	if err := os.WriteFile(odd, []byte("Id\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := warehouse.Page{Key: "p", Seq: 1, Header: []string{"Id"}, Rows: 1, Path: odd}
	if _, err := x.w.Load(t.Context(), x.fence,
		warehouse.Batch{Table: x.table, Attempt: "x", Job: "j", Pages: []warehouse.Page{p}}); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "catchment-pages*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Where the url says nothing, DuckDB takes five eighths of what it would: half of the machine's memory. Both by the
// file's name and where it is attached.
func TestHalfOfTheMemory(t *testing.T) {
	t.Parallel()
	db, err := stdsql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	read := func(text string) (n float64, unit string) {
		if _, err := fmt.Sscan(text, &n, &unit); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return n, unit
	}
	var own string
	if err := db.QueryRow("SELECT current_setting('memory_limit')").Scan(&own); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"copy.duckdb", "copy#1.duckdb"} {
		d, err := duckdb.Open(filepath.Join(t.TempDir(), name), duckdb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = d.View(t.Context(), func(tx sql.Tx) error {
			return tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&got) },
				"SELECT current_setting('memory_limit')")
		})
		if err := errors.Join(err, d.Close()); err != nil {
			t.Fatal(err)
		}
		all, unit := read(own)
		if some, of := read(got); of != unit || math.Abs(some-all*5/8) > 0.2 {
			t.Errorf("%s: %s of %s", name, got, own)
		}
	}
}

// The url gives DuckDB a share of the machine.
func TestSettings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy.duckdb")
	d, err := duckdb.Open(path+"?memory_limit=300MB&threads=1", duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	err = d.View(t.Context(), func(tx sql.Tx) error {
		return tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&got) },
			"SELECT current_setting('memory_limit') || ', ' || current_setting('threads')")
	})
	if err := errors.Join(err, d.Close()); err != nil || got != "286.1 MiB, 1" {
		t.Errorf("%s, %v", got, err)
	}
	for url, says := range map[string]string{
		"":                              "not the path",
		":memory:":                      "not the path",
		"?threads=2":                    "not the path",
		path + "?threads=none":          `threads is "none"`,
		path + "?memory_limit=half":     `memory_limit is "half"`,
		path + "?threads=1&threads=2":   `threads is "1, 2"`,
		path + "?access_mode=automatic": `no setting "access_mode"`,
	} {
		if _, err := duckdb.Open(url, duckdb.Options{}); err == nil || plan.ClassOf(err) != plan.Fix ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", url, err)
		}
	}
}
