package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// Lock implements versioned.Locker by flock on a file beside the database. The
// kernel gives the lock back when the process ends, so whoever has it knows
// that the one before is dead; the text in the file is only for the message.
func (t *Table) Lock(holder string) (unlock func() error, err error) {
	path := t.path + ".lock"
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, plan.Fixf("give this user the right to write "+path, "lock the control table: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, plan.Fixf("keep the control table on a local disk", "lock %s: %w", path, err)
		}
		text, _ := io.ReadAll(io.LimitReader(f, 200))
		return nil, plan.Failf(plan.Wait, "wait until it has ended, or stop it",
			"%w by %s", versioned.ErrLocked, strings.TrimSpace(string(text)))
	}
	if err := note(f, holder); err != nil {
		f.Close()
		return nil, plan.Fixf("free some space on the disk of "+path, "lock the control table: %w", err)
	}
	// The file stays: removing it would let two processes lock two files of
	// the same name.
	return f.Close, nil
}

func note(f *os.File, holder string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintf(f, "process %d, %s\n", os.Getpid(), holder)
	return err
}
