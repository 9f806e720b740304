package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A reader is a user who may read the files of a copying, and write none, nor make any
// beside them: another user where the test is root's, and else this one, who has taken the
// right from itself meanwhile.
type reader struct {
	p   *copying
	bin string
}

// newReader gives all files of a copying to be read, and takes them from being written. Those
// that only who runs catchment may open stay so.
func newReader(t *testing.T, p *copying) reader {
	t.Helper()
	real := p.bin
	if os.Geteuid() == 0 { // go keeps the test where nobody else may look
		binary, err := os.ReadFile(p.bin)
		if err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		real = filepath.Join(folder, "catchment")
		if err := os.WriteFile(real, binary, 0o700); err != nil {
			t.Fatal(err)
		}
		mode(t, real, 0o755)
		for _, dir := range []string{folder, p.dir} {
			for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
				mode(t, dir, 0o755)
			}
		}
	}
	return reader{p, real}
}

func mode(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// says runs the program as the reader, and gives what it says and its exit code.
func (r reader) says(t *testing.T, args ...string) (string, int) {
	t.Helper()
	had := map[string]fs.FileMode{}
	for _, path := range everything(t, r.p.dir) {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		had[path] = info.Mode().Perm()
		switch {
		case strings.HasSuffix(path, ".lock"):
		case info.IsDir():
			mode(t, path, 0o555)
		default:
			mode(t, path, 0o444)
		}
	}
	cmd := exec.Command(r.bin, args...)
	cmd.Dir, cmd.Env = r.p.dir, r.p.env
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	said, _ := cmd.CombinedOutput() // its exit code is looked at
	for path, was := range had {
		if was&0o200 != 0 {
			mode(t, path, was)
		}
	}
	if now := everything(t, r.p.dir); len(now) != len(had) {
		t.Errorf("%v left files: %v", args, now)
	}
	return string(said), cmd.ProcessState.ExitCode()
}

// Who may only read sees how the copy stands: before the first run, after it, and after a
// run whose process was killed. (Package sqlite looks while somebody writes.)
func TestStatusByWhoMayOnlyRead(t *testing.T) {
	t.Parallel()
	bin := itself(t)
	p := newProject(t, bin, "duckdb:catchment.duckdb", 1)
	r := newReader(t, p)
	want := func(code int, words string, args ...string) {
		t.Helper()
		if said, got := r.says(t, args...); got != code || !strings.Contains(said, words) {
			t.Errorf("%v: exit code %d, want %d and %q:\n%s", args, got, code, words, said)
		}
	}
	want(0, "nothing was copied yet", "status")
	p.must(t, "run")
	want(0, "Account", "status")
	want(0, `"state":"done"`, "runs", "--json")
	want(0, "consolidated", "status", "last")

	cmd, _ := p.command("run", "--full")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for { // until its row is there
		said := p.must(t, "runs", "--json", "--limit", "1")
		if strings.Contains(said, `"state":"running"`) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	want(1, "interrupted", "status")
	p.must(t, "run")
	want(0, "idle", "status")
}
