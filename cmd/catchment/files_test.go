package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Whatever DuckDB and SQLite make while a run goes on is the user's alone, also where
// the shell that started it lets everybody read: journals, and what is there for a moment.
func TestFilesOfARunArePrivate(t *testing.T) {
	t.Parallel()
	bin := itself(t)
	p := newProject(t, bin, "duckdb:catchment.duckdb", 1)
	cmd := exec.Command("sh", "-c", `umask 0; exec "$0" run`, bin)
	cmd.Dir, cmd.Env = p.dir, p.env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	seen := map[string]bool{}
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		for _, path := range everything(t, p.dir) {
			info, err := os.Lstat(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			seen[filepath.Base(path)] = true
			if path != p.dir && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s is %s", path, info.Mode())
			}
		}
	}
	for _, name := range []string{"catchment.duckdb", "control.db", "control.db-wal", "control.db-shm",
		"control.db.lock"} {
		if !seen[name] {
			t.Errorf("the run had no %s, or none was seen", name)
		}
	}
	t.Logf("%d files were seen, a journal of DuckDB among them: %v", len(seen), seen["catchment.duckdb.wal"])
}

// everything is what a folder holds, as far as it is still there.
func everything(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			all = append(all, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
