// Package falsestart keeps the trace of a run that failed before it began: its
// configuration couldn't be read, say, or a secret wasn't set. Such a run has no row
// in the control table, which may be what couldn't be opened; without the trace nobody
// would hear of it but the mail of cron, if there is one.
//
// The trace is one small file beside the configuration. `run` leaves it, and takes it
// away as soon as a run has begun; `status` shows it. Whoever may read the
// configuration may read why it wouldn't run. Start at Leave.
package falsestart

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// A Trace is what is known of a run that failed before it began. What it says comes
// from a file, which other hands may have written.
type Trace struct {
	At    time.Time  `json:"at"`
	Since time.Time  `json:"since"` // the first of those that failed so, one after the other
	Times int64      `json:"times"` // how many these are
	By    string     `json:"by"`    // the process, in words for people
	Error string     `json:"error"`
	Hint  string     `json:"hint"`
	Class plan.Class `json:"class"`
}

// atMost bounds what is read of a trace.
const atMost = 64 << 10

// Path is where the trace of a configuration is.
func Path(config string) string { return config + ".failed" }

// Leave writes the trace of a run that failed now, at t.At. It counts the run to those
// that failed before it, if there is a trace of them.
func Leave(config string, t Trace) error {
	t.Since, t.Times = t.At, 1
	if before, found, err := Read(config); err == nil && found { // one that nobody can read is replaced
		t.Since, t.Times = before.Since, before.Times+1
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err == nil {
		err = replace(Path(config), append(text, '\n'), readersOf(config))
	}
	if err != nil {
		return plan.Fixf("let this user write into the folder of "+printable.Line(config),
			"leave a trace of the run: %w", printable.Error(err))
	}
	return nil
}

// Read finds the trace of the last run, and whether there is one.
func Read(config string) (t Trace, found bool, err error) {
	f, err := os.Open(Path(config))
	if errors.Is(err, fs.ErrNotExist) {
		return t, false, nil
	}
	shown := printable.Line(Path(config))
	if err != nil {
		return t, false, plan.Fixf("let this user read "+shown, "read the trace of the last run: %w",
			printable.Error(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, atMost))
	if err == nil {
		err = json.Unmarshal(text, &t)
	}
	if err != nil {
		return Trace{}, false, plan.Fixf("remove "+shown+": the next run leaves another if it has to",
			"read the trace of the last run: %w", printable.Error(err))
	}
	return t, true, nil
}

// Clear takes the trace away, since a run has begun.
func Clear(config string) error {
	err := os.Remove(Path(config))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return plan.Fixf("let this user remove "+printable.Line(Path(config)), "take away the trace of a failed run: %w",
		printable.Error(err))
}

// A readership is who may read a file beside its owner.
type readership struct {
	mode fs.FileMode
	gid  int // -1: unknown
}

// readersOf finds who may read the configuration; nobody else, where it can't be found.
func readersOf(config string) readership {
	r := readership{mode: 0o600, gid: -1}
	info, err := os.Stat(config)
	if err != nil {
		return r
	}
	r.mode |= info.Mode().Perm() & 0o044
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		r.gid = int(s.Gid)
	}
	return r
}

// replace writes a file that is seen whole or not at all.
func replace(path string, text []byte, r readership) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // for its owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(text); err != nil {
		return err
	}
	if r.gid < 0 || f.Chown(-1, r.gid) != nil { // the group's right is for the configuration's group, or for none
		r.mode &^= 0o040
	}
	if err := f.Chmod(r.mode); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return f.Close()
}
