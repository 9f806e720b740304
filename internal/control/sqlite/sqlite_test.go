package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/control/controltest"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

func TestContract(t *testing.T) {
	controltest.Run(t, func(t *testing.T) func() (versioned.Table, error) {
		path := filepath.Join(t.TempDir(), "control.db")
		return func() (versioned.Table, error) { return Open(path) }
	})
}

func open(t *testing.T, path string) *Table {
	t.Helper()
	table, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}

func wantFix(t *testing.T, err error, message, hint string) {
	t.Helper()
	wantClass(t, err, plan.Fix, message, hint)
}

func wantClass(t *testing.T, err error, class plan.Class, message, hint string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if plan.ClassOf(err) != class || !strings.Contains(err.Error(), message) ||
		!strings.Contains(plan.HintOf(err), hint) {
		t.Errorf("%v (class %s, hint: %s); want %q (hint: %q)", err, plan.ClassOf(err), plan.HintOf(err), message, hint)
	}
}

func TestOpenOddPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a b.db", "50%.db", "what?.db", "#1.db", "ü🌧.db", "x&mode=memory"} {
		path := filepath.Join(dir, name)
		table := open(t, path)
		if _, err := table.Put(t.Context(), versioned.Row{Key: versioned.Key{Kind: "k", ID: "a"}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	open(t, "control.db")
	if _, err := os.Stat("control.db"); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	text, newer := refused(t, dir)
	for _, c := range []struct{ path, message, hint string }{
		{filepath.Join(dir, "none", "control.db"), "none", "make the directory"},
		{filepath.Join(text, "control.db"), "text", "make the directory"},
		{dir, dir, "is a directory"},
		{text, "text", "no SQLite database"},
		{newer, "version 9", "newer catchment"},
	} {
		_, err := Open(c.path)
		wantFix(t, err, c.message, c.hint)
	}
	if data, _ := os.ReadFile(text); !strings.HasPrefix(string(data), "this is") {
		t.Error("a file that is no database was changed")
	}
}

// TestWriteFails makes SQLite itself refuse, as it does on a full disk and on
// one that may not be written.
func TestWriteFails(t *testing.T) {
	for _, c := range []struct {
		pragma string
		class  plan.Class
		hint   string
	}{
		{"PRAGMA max_page_count = 1", plan.Full, "free some space"},
		{"PRAGMA query_only = 1", plan.Fix, "right to write"},
	} {
		table := open(t, filepath.Join(t.TempDir(), "control.db"))
		stored, err := table.Put(t.Context(), versioned.Row{Key: versioned.Key{Kind: "k", ID: "a"}, Data: []byte("1")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.db.Exec(c.pragma); err != nil {
			t.Fatal(err)
		}
		large := versioned.Row{Key: versioned.Key{Kind: "k", ID: "b"}, Data: make([]byte, 1<<20)}
		_, err = table.Put(t.Context(), large)
		wantClass(t, err, c.class, "write the control table", c.hint)
		got, err := table.Get(t.Context(), stored.Key)
		if err != nil || string(got.Data) != "1" {
			t.Errorf("%s: what was stored is now %q, %v", c.pragma, got.Data, err)
		}
	}
}

// TestBusy: another process that writes for too long is no reason to give up
// for good.
func TestBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	one, other := open(t, path), open(t, path)
	if _, err := one.db.Exec("PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	tx, err := other.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err = one.Put(t.Context(),
		versioned.Row{Key: versioned.Key{Kind: "k", ID: "a"}}); plan.ClassOf(err) != plan.Retry {
		t.Errorf("%v of class %s, want retry", err, plan.ClassOf(err))
	}
}

func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	table := open(t, path)
	for i := range 200 {
		if _, err := table.Put(t.Context(),
			versioned.Row{Key: versioned.Key{Kind: "k", ID: fmt.Sprint(i)}, Data: make([]byte, 500)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(data); i++ { // all but the first page, which holds the schema
		data[i] = 0xa5
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, path).Get(t.Context(), versioned.Key{Kind: "k", ID: "7"})
	wantFix(t, err, "read the control table", "restore it")
}

func TestMigrationsAreOneTransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	table := open(t, path)
	steps := append(migrations(), "CREATE TABLE two (a)", "no SQL")
	if err := table.migrate(t.Context(), steps); err == nil {
		t.Fatal("no error")
	}
	if err := table.migrate(t.Context(), steps[:2]); err != nil {
		t.Fatalf("after a failure: %v", err)
	}
	if err := table.migrate(t.Context(), steps[:2]); err != nil {
		t.Fatalf("again: %v", err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	first, second := open(t, path), open(t, path)
	unlock, err := first.Lock("run 1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = second.Lock("run 2")
	want := fmt.Sprintf("process %d, run 1", os.Getpid())
	if !errors.Is(err, versioned.ErrLocked) || !strings.HasSuffix(err.Error(), want) || plan.ClassOf(err) != plan.Wait {
		t.Errorf("locked twice: %v, class %s; want %q", err, plan.ClassOf(err), want)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := second.Lock("2")
	if err != nil {
		t.Fatal(err)
	}
	defer again()
	if _, err = first.Lock("3"); err == nil || !strings.HasSuffix(err.Error(), ", 2") {
		t.Errorf("%v, want the second holder and nothing of the first", err)
	}
}

// TestLockEndsWithItsProcess kills a process that holds the lock.
func TestLockEndsWithItsProcess(t *testing.T) {
	if path := os.Getenv("SQLITE_TEST_LOCK"); path != "" {
		table, err := Open(path)
		if err == nil {
			_, err = table.Lock("child")
		}
		fmt.Println("locked", err)
		io.Copy(io.Discard, os.Stdin) // until the parent kills us, or is gone itself
		return
	}
	path := filepath.Join(t.TempDir(), "control.db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestLockEndsWithItsProcess$")
	cmd.Env = append(os.Environ(), "SQLITE_TEST_LOCK="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("locked <nil>"))
	if _, err := io.ReadFull(out, line); err != nil || string(line) != "locked <nil>" {
		t.Errorf("the child says %q, %v", line, err)
	}
	table := open(t, path)
	_, err = table.Lock("parent")
	if want := fmt.Sprintf("process %d, child", cmd.Process.Pid); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("while the child lives: %v; want %q", err, want)
	}
	cmd.Process.Kill()
	cmd.Wait()
	unlock, err := table.Lock("parent")
	if err != nil {
		t.Fatalf("after the child was killed: %v", err)
	}
	unlock()
}

func TestLockRefuses(t *testing.T) {
	dir := t.TempDir()
	table := open(t, filepath.Join(dir, "control.db"))
	if err := os.Mkdir(filepath.Join(dir, "control.db.lock"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := table.Lock("run 1")
	wantFix(t, err, "control.db.lock", "right to write")
}

// refused makes two files that are no control table of this version: a text, and one of a
// newer version.
func refused(t *testing.T, dir string) (text, newer string) {
	t.Helper()
	text = filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer = filepath.Join(dir, "newer")
	table := open(t, newer)
	if _, err := table.db.Exec("PRAGMA user_version = 9"); err != nil {
		t.Fatal(err)
	}
	return text, newer
}
