package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"catchment/internal/blob"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// source is a reader that stops with its context and remembers why it ended.
type source struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if err := context.Cause(s.ctx); err != nil {
		s.err = err
		return 0, err
	}
	n, err := s.r.Read(p)
	if err == io.EOF {
		// A context that ended just now may be why the source did.
		err = context.Cause(s.ctx)
		if err == nil {
			return n, io.EOF
		}
	}
	s.err = err
	return n, err
}

// createTemp makes a file in folder. A Delete at the same time may take the
// empty folder away again; a file in it holds it.
func createTemp(folder string) (*os.File, error) {
	for tries := 0; ; tries++ {
		err := makeFolder(folder)
		var f *os.File
		if err == nil {
			f, err = os.CreateTemp(folder, tempPrefix)
		}
		if !errors.Is(err, fs.ErrNotExist) || tries == 10 {
			return f, err
		}
	}
}

// makeFolder makes folder and its parents, and has the disk remember them.
func makeFolder(folder string) error {
	err := os.Mkdir(folder, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	parent := filepath.Dir(folder)
	if errors.Is(err, fs.ErrNotExist) && parent != folder {
		if err := makeFolder(parent); err != nil {
			return err
		}
		err = os.Mkdir(folder, 0o700)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

func syncFolder(folder string) error {
	d, err := os.Open(folder) // #nosec G304 -- of the stage, which catchment.yaml names
	if errors.Is(err, fs.ErrNotExist) {
		return nil // taken away by a Delete: nothing in it is left to lose
	}
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// classed gives an error of the file system its class and a hint.
func classed(verb, key string, err error) error {
	err = fmt.Errorf("%s %s: %w", verb, key, printable.Error(err))
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return &plan.Failure{Class: plan.Full,
			Hint: "the stage's disk is full: make room, or lower limits.stage or stage.keep", Err: err}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return &plan.Failure{Class: plan.Fix, Hint: "let this user write to the stage folder", Err: err}
	}
	return &plan.Failure{Class: plan.Retry, Hint: "look at the disk of the stage folder if this goes on", Err: err}
}

// path gives the file of a key.
func (s *Store) path(key string) (string, error) {
	if err := blob.CheckKey(key); err != nil {
		return "", err
	}
	return filepath.Join(s.root, filepath.FromSlash(key)), nil
}
