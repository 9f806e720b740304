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

func TestHolds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text        string
		alive       bool
		want, hint  string
		wantUnnamed bool
	}{
		{"process 12, catchment run\n", true, "process 12, catchment run", "catchment status", false},
		{"process 12, catchment run\n", false, "process 12, which had it before, has ended", "fuser -v /x", true},
		{"process 12, \x1b[2Jrun\n", true, `process 12, \x1b[2Jrun`, "catchment status", false},
		{"", true, "a process that doesn't say which it is", "fuser -v /x", true},
		{"something else", true, "a process that doesn't say which it is", "fuser -v /x", true},
		{"process -1, all of them", false, "a process that doesn't say which it is", "fuser -v /x", true},
	} {
		who, hint := holds("/x", c.text, func(int) bool { return c.alive })
		if !strings.Contains(who, c.want) || !strings.Contains(hint, c.hint) ||
			strings.HasPrefix(who, "a process that") != c.wantUnnamed {
			t.Errorf("%q: held by %s (hint: %s), want %s (%s)", c.text, who, hint, c.want, c.hint)
		}
	}
}

func TestAlive(t *testing.T) {
	t.Parallel()
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for pid, want := range map[int]bool{os.Getpid(): true, 1: true, 0: false, -1: false, ended.Process.Pid: false} {
		if got := alive(pid); got != want {
			t.Errorf("process %d is alive: %v", pid, got)
		}
	}
}

// Whoever may read the file may lock it, and writes nothing into it: then the process
// that is named there has nothing to do with it.
func TestLockOfAStranger(t *testing.T) {
	t.Parallel()
	table := open(t, filepath.Join(t.TempDir(), "control.db"))
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	path := table.path + lockSuffix
	text := fmt.Sprintf("process %d, catchment run\n", ended.Process.Pid)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stranger, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if err := syscall.Flock(int(stranger.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	_, err = table.Lock("run 1")
	if !errors.Is(err, versioned.ErrLocked) || !strings.Contains(err.Error(), "by a process that doesn't say") ||
		plan.ClassOf(err) != plan.Wait || !strings.Contains(plan.HintOf(err), "fuser -v "+path) {
		t.Errorf("%v, %s: %s", err, plan.ClassOf(err), plan.HintOf(err))
	}
}

func TestLockFileIsPrivate(t *testing.T) {
	t.Parallel()
	table := open(t, filepath.Join(t.TempDir(), "control.db"))
	unlock, err := table.Lock("run 1")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	info, err := os.Stat(table.path + lockSuffix)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestLockOfAnotherUser finds a lock file, and a table, that this user may not open. Root may open
// any, so it lets somebody else find one.
func TestLockOfAnotherUser(t *testing.T) {
	if path := os.Getenv("SQLITE_TEST_REFUSED"); path != "" {
		_, cantLock := (&Table{path: path}).Lock("child")
		_, cantOpen := Open(path)
		for _, err := range []error{cantLock, cantOpen} {
			fmt.Printf("%s: %v; hint: %s\n", plan.ClassOf(err), err, plan.HintOf(err))
		}
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "control.db")
	for _, one := range []string{path, path + lockSuffix} {
		if err := os.WriteFile(one, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	test := testBinary(t)
	var credential *syscall.Credential
	if os.Geteuid() == 0 {
		credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		for folder := dir; folder != os.TempDir() && folder != "/"; folder = filepath.Dir(folder) {
			chmod(t, folder, 0o755)
		}
	}
	cmd := exec.Command(test, "-test.run=^TestLockOfAnotherUser$")
	cmd.Env, cmd.Dir = append(os.Environ(), "SQLITE_TEST_REFUSED="+path), dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	said, err := cmd.CombinedOutput()
	for _, want := range []string{
		"fix: lock the control table: open " + path + lockSuffix +
			": permission denied; hint: run catchment as the user",
		"fix: open control table " + path + ": unable to open database file (14); hint: give this user the right",
	} {
		if err != nil || !strings.Contains(string(said), want) {
			t.Errorf("%s %v, want %s", said, err, want)
		}
	}
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
