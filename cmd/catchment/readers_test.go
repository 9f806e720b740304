package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Who may read, and write no file at all, can look: at the state, at the tables, at the SQL. Nothing
// is made or changed by that. Where the tests are root's, the reader is another user.
func TestReadersWriteNothing(t *testing.T) {
	t.Parallel()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		p := newProject(t, "", "duckdb:catchment.duckdb", 3)
		looksAsReader(t, p)
	})
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		url, conn := database(t)
		if _, err := conn.Exec(t.Context(), "CREATE ROLE looks LOGIN"); err != nil {
			t.Fatal(err)
		}
		p := newProject(t, "", url, 4)
		p.edit(t, "url: \""+url+"\"", "url: \""+url+"\", grant_to: [looks]")
		looksAsReader(t, p)
	})
}

// looksAsReader copies, takes the right to write from everybody, and the variables' file as a
// whole, and looks.
func looksAsReader(t *testing.T, p *copying) {
	t.Helper()
	program := linked(t)
	p.bin = program
	p.must(t, "run")
	p.must(t, "flows", "push")
	p.edit(t, "postgres@", "looks@")
	if rows, err := os.ReadFile(filepath.Join(p.dir, "catchment.yaml")); err == nil { // the same flows, as control rows
		name := filepath.Join(p.dir, "rows.yaml")
		head, _, _ := strings.Cut(string(rows), "flows:")
		err = os.WriteFile(name, []byte(head+"flows: control\n"), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
	variables := filepath.Join(p.dir, ".env")
	if err := os.WriteFile(variables, []byte("SF_CLIENT_SECRET=of another user\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	readable(t, p.dir)
	if err := os.Chmod(variables, 0); err != nil {
		t.Fatal(err)
	}
	before := everyFile(t, p.dir)
	looks := func(args ...string) (string, error) {
		cmd, out := p.command(args...)
		if os.Getuid() == 0 {
			const nobody = 65534
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		err := cmd.Run()
		return out.String(), err
	}
	for says, args := range map[string][]string{
		"Account": {"status"}, "CREATE TABLE": {"sql", "Account"},
		`"account"`: {"sql", "Account", "--config", "rows.yaml"}, "1 row": {"query", "SELECT count(*) FROM account"},
	} {
		if out, err := looks(args...); err != nil || !strings.Contains(out, says) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	if out, _ := looks("status"); !strings.Contains(out, "this user may not read it; what it sets is not set here") {
		t.Errorf("of .env nothing is said\n%s", out)
	}
	if out, err := looks("query", "DELETE FROM account"); err == nil || !strings.Contains(out, "gives no rows") {
		t.Errorf("a DELETE: %v\n%s", err, out)
	}
	if out, err := looks("pause", "Account"); err == nil {
		t.Errorf("the reader could write\n%s", out)
	}
	if after := everyFile(t, p.dir); after != before {
		t.Errorf("the folder had\n%s\nand has\n%s", before, after)
	}
}

// linked is a program that another user may start: this test, by another name in a folder that
// everybody may look into.
func linked(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(dir, "catchment")
	if err := os.Link(self, bin); err != nil { // it may be on another disk
		data, err := os.ReadFile(self)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(bin, data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// readable lets everybody read what is in a folder, and nobody write.
func readable(t *testing.T, dir string) {
	t.Helper()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	chmod := func(file, folder fs.FileMode) {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if e.IsDir() {
				return os.Chmod(path, folder)
			}
			return os.Chmod(path, file)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	chmod(0o444, 0o555)
	t.Cleanup(func() { chmod(0o600, 0o700) })
}

// everyFile is what is in a folder, with the size and the time of the last change.
func everyFile(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for _, path := range everything(t, dir) {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, path, info.Mode(), info.Size(), info.ModTime())
	}
	return all.String()
}

// edit replaces a text of the configuration, where it is there.
func (p *copying) edit(t *testing.T, old, with string) {
	t.Helper()
	path := filepath.Join(p.dir, "catchment.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(text), old, with, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The first Ctrl-C ends a query, here and on the server.
func TestQueryStops(t *testing.T) {
	t.Parallel()
	url, conn := database(t)
	p := newProject(t, "", url, 5)
	p.bin = linked(t)
	cmd, out := p.command("query", "SELECT pg_sleep(3600)")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until := func(sessions int) {
		for n := -1; n != sessions; time.Sleep(20 * time.Millisecond) {
			err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "+
				"query = 'SELECT pg_sleep(3600)' AND datname = current_database()").Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	until(1)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // an exit code other than 0
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	until(0)
}

// database is a database of PostgreSQL, and a connection to it.
func database(t *testing.T) (string, *pgx.Conn) {
	t.Helper()
	url, err := cluster.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return url, conn
}
