package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// lockSuffix makes the name of the lock's file of the database's.
const lockSuffix = ".lock"

// Lock implements versioned.Locker by flock on a file beside the database. The
// kernel gives the lock back when the process ends, so whoever has it knows
// that the one before is dead; the text in the file is only for the message.
func (t *Table) Lock(holder string) (unlock func() error, err error) {
	path := t.path + lockSuffix
	// Nobody else may open it: flock asks no more than that of who wants the lock.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- catchment.yaml names it
	if err != nil {
		return nil, plan.Fixf(cantLock(path, err), "lock the control table: %w", printable.Error(err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, plan.Fixf("keep the control table on a local disk", "lock %s: %w", printable.Line(path), err)
		}
		text, _ := io.ReadAll(io.LimitReader(f, 200))
		who, hint := holds(path, string(text), alive)
		return nil, plan.Failf(plan.Wait, hint, "%w by %s", versioned.ErrLocked, who)
	}
	if err := note(f, holder); err != nil {
		_ = f.Close() // the error before it is the one that matters
		return nil, plan.Fixf("free some space on the disk of "+printable.Line(path), "lock the control table: %w",
			printable.Error(err))
	}
	// The file stays: removing it would let two processes lock two files of
	// the same name.
	return f.Close, nil
}

// cantLock says what to do about a lock file that can't be opened.
func cantLock(path string, err error) string {
	path = printable.Line(path)
	if errors.Is(err, fs.ErrPermission) {
		return "run catchment as the user whose files these are, see: ls -l " + path +
			"   or set control.url to a file of this user"
	}
	return "give this user the right to write " + path
}

const noted = "process %d, "

func note(f *os.File, holder string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintf(f, noted+"%s\n", os.Getpid(), holder)
	return err
}

// holds says who has the lock, from what the last one wrote who took it for a run, and
// what to do. That one may be dead: whoever may open the file may hold its lock, and
// there is a moment before the next one has written.
func holds(path, text string, alive func(pid int) bool) (who, hint string) {
	text = printable.Line(strings.TrimSpace(text))
	var pid int
	if n, _ := fmt.Sscanf(text, noted, &pid); n == 1 && alive(pid) {
		return text, "wait until it has ended, or see what it does with: catchment status"
	}
	who = "a process that doesn't say which it is"
	if pid > 0 {
		who += fmt.Sprintf(" (process %d, which had it before, has ended or is of another container)", pid)
	}
	return who, "see who has the file open: fuser -v " + printable.Line(path)
}

// alive tells whether a process is there, be it another user's.
func alive(pid int) bool {
	if pid <= 0 { // are groups of processes
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
