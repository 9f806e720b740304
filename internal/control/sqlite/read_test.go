package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// one is a row that tests look for.
var one = versioned.Row{Key: versioned.Key{Kind: "k", ID: "a"}, Data: []byte("1")}

func put(t *testing.T, table versioned.Table, r versioned.Row) versioned.Row {
	t.Helper()
	stored, err := table.Put(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// read opens the file to be read, and gives the row that is there.
func read(t *testing.T, path string) string {
	t.Helper()
	table, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	row, err := table.Get(t.Context(), one.Key)
	if err != nil {
		t.Fatal(err)
	}
	return string(row.Data)
}

// Who reads sees the last commit: while the file is open, while somebody writes, and when
// it is closed.
func TestRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.db")
	table := open(t, path)
	stored := put(t, table, one)
	if got := read(t, path); got != "1" {
		t.Errorf("while it is open: %s", got)
	}
	tx, err := table.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("UPDATE control SET data = '2'"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "1" {
		t.Errorf("while somebody writes: %s", got)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	stored.Data = []byte("3")
	put(t, table, stored)
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "3" {
		t.Errorf("after it was closed: %s", got)
	}
	if info, err := os.Stat(path + journalSuffix); err != nil || info.Size() != 0 {
		t.Errorf("the journal of a closed file: %v, %v", info, err)
	}
}

// A reader that stays keeps no writer waiting.
func TestReadersKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.db")
	table := open(t, path)
	stored := put(t, table, one)
	reader, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	tx, err := reader.(versioned.ReadOnly).Table.(*Table).db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM control").Scan(&n); err != nil || n != 1 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if _, err := table.db.Exec("PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		stored.Data = []byte(fmt.Sprint(i))
		stored = put(t, table, stored)
	}
}

// A file without its journal was left by an older version, or comes from a backup.
func TestReadWithoutAJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.db")
	table := open(t, path)
	put(t, table, one)
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	for _, beside := range []string{journalSuffix, indexSuffix} {
		if err := os.Remove(path + beside); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, path); got != "1" {
		t.Errorf("read %s", got)
	}
	for _, beside := range []string{journalSuffix, indexSuffix, lockSuffix} {
		if _, err := os.Stat(path + beside); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("who read it made %s: %v", beside, err)
		}
	}
}

// Where nothing is there yet, nothing is made.
func TestReadNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "control.db"), empty} {
		table, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range table.List(t.Context(), "k", "") {
			t.Errorf("%s has %v, %v", path, row, err)
		}
		if _, err := table.Get(t.Context(), one.Key); !errors.Is(err, versioned.ErrNotFound) {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := table.Put(t.Context(), one); err == nil {
			t.Errorf("%s took a row", path)
		}
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	}
	all, err := os.ReadDir(dir)
	if err != nil || len(all) != 1 {
		t.Errorf("who read made files: %v, %v", all, err)
	}
	_, err = Read(filepath.Join(dir, "none", "control.db"))
	wantFix(t, err, "none", "make the directory")
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, newer := refused(t, dir)
	for _, c := range []struct{ path, message, hint string }{
		{text, "text", "no SQLite database"},
		{newer, "version 9", "newer catchment"},
	} {
		_, err := Read(c.path)
		wantFix(t, err, c.message, c.hint)
	}
	table := open(t, filepath.Join(dir, "control.db"))
	put(t, table, one)
	reader, err := Read(table.path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Delete(t.Context(), one); plan.ClassOf(err) != plan.Bug {
		t.Errorf("who reads deletes: %v", err)
	}
	if _, err := reader.(versioned.ReadOnly).Table.Put(t.Context(), one); err == nil {
		t.Error("the file itself took a row")
	}
}

// TestReadAsAnother reads as a user who may write neither the files nor their folder:
// while the table is open, when it is closed, and after the process that had it was
// killed. Root may write anything, so it lets somebody else read.
func TestReadAsAnother(t *testing.T) {
	if path := os.Getenv("SQLITE_TEST_READ"); path != "" {
		readAsAnother(t, path)
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "control.db")
	table := open(t, path)
	put(t, table, one)
	asAnother(t, dir, path, "read 1")
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	asAnother(t, dir, path, "read 1")

	table = open(t, path) // as it is when its process is killed: nobody closes it
	stored, err := table.Get(t.Context(), one.Key)
	if err != nil {
		t.Fatal(err)
	}
	stored.Data = []byte("2")
	put(t, table, stored)
	left := t.TempDir()
	killed := filepath.Join(left, "control.db")
	for _, suffix := range []string{"", journalSuffix, indexSuffix} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(killed+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asAnother(t, left, killed, "read 2")

	chmod(t, killed, 0)
	asAnother(t, left, killed, "fix: read control table "+killed)
	chmod(t, killed, 0o444)
	chmod(t, killed+journalSuffix, 0)
	asAnother(t, left, killed, "give this user the right to read "+killed)
}

func readAsAnother(t *testing.T, path string) {
	table, err := Read(path)
	if err != nil {
		fmt.Printf("%s: %v; hint: %s\n", plan.ClassOf(err), err, plan.HintOf(err))
		return
	}
	defer table.Close()
	row, err := table.Get(t.Context(), one.Key)
	fmt.Printf("read %s %v\n", row.Data, err)
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		f.Close()
		fmt.Println("this user may write")
	}
}

// asAnother reads a table by a process that may not write: another user where this one is
// root, and else this one, who has taken the right from itself.
func asAnother(t *testing.T, dir, path, want string) {
	t.Helper()
	for _, suffix := range []string{"", journalSuffix, indexSuffix} {
		if info, err := os.Stat(path + suffix); err == nil && info.Mode().Perm() != 0 {
			chmod(t, path+suffix, 0o444)
		}
	}
	cmd := exec.Command(testBinary(t), "-test.run=^TestReadAsAnother$")
	cmd.Env, cmd.Dir = append(os.Environ(), "SQLITE_TEST_READ="+path), dir
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		for folder := dir; folder != os.TempDir() && folder != "/"; folder = filepath.Dir(folder) {
			chmod(t, folder, 0o755)
		}
	} else {
		chmod(t, dir, 0o555)
		defer chmod(t, dir, 0o755)
	}
	said, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(said), want) || strings.Contains(string(said), "may write") {
		t.Errorf("%s %v, want %s", said, err, want)
	}
	for _, suffix := range []string{"", journalSuffix, indexSuffix} {
		if info, err := os.Stat(path + suffix); err == nil && info.Mode().Perm() == 0o444 {
			chmod(t, path+suffix, 0o600)
		}
	}
}

// testBinary is a copy of the test that everybody may run: go keeps its own where nobody
// else may look.
func testBinary(t *testing.T) string {
	t.Helper()
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		return test
	}
	binary, err := os.ReadFile(test)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "test")
	if err := os.WriteFile(path, binary, 0o600); err != nil {
		t.Fatal(err)
	}
	for folder := dir; folder != os.TempDir() && folder != "/"; folder = filepath.Dir(folder) {
		chmod(t, folder, 0o755)
	}
	chmod(t, path, 0o755)
	return path
}
