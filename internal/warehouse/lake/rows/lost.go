package rows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse/lake/tables"
)

// A LostFile is a file of a table that is missing, or that isn't what its table says: nobody can read what it held.
type LostFile struct {
	Table string // to people
	Path  string
	Why   error
}

func (l *LostFile) Error() string {
	return fmt.Sprintf("table %s has lost what is in file %s: %v", l.Table, l.Path, l.Why)
}

func (l *LostFile) Unwrap() error { return l.Why }

// Missing tells whether there is no such file any more.
func (l *LostFile) Missing() bool { return errors.Is(l.Why, fs.ErrNotExist) }

// Of tells whether it is a file of a table.
func (l *LostFile) Of(t *table.Table) bool { return l.Table == nameOf(t) }

// errOther says that a file is not the one that its table knows.
var errOther = errors.New("it has another number of rows than its table says")

// Whole tells whether a file is there, and has as many rows as its table says: a LostFile where it isn't so.
func Whole(ctx context.Context, t *table.Table, file iceberg.DataFile) error {
	files, err := t.FS(ctx)
	if err != nil {
		return err
	}
	return whole(ctx, files, nameOf(t), file)
}

func whole(ctx context.Context, files iceio.IO, name string, file iceberg.DataFile) error {
	f, err := openParquet(ctx, files, file.FilePath())
	if err != nil {
		return damaged(name, file.FilePath(), err)
	}
	defer f.close() //nolint:errcheck // it was only read
	if f.rows.NumRows() != file.Count() {
		return damaged(name, file.FilePath(), errOther)
	}
	return nil
}

// damaged is the error of a file that can't be read. Where that may pass, or is a matter of rights, the file isn't
// lost: whoever takes a storage that is away for one that is empty would have good files dropped.
func damaged(name, path string, err error) error {
	if outside(err) {
		return fmt.Errorf("table %s: file %s: %w", name, path, err)
	}
	hint := "put the file back as it was, from a backup or an older version of the object"
	if tables.Own(name) { // nobody can read anew what those hold
		hint += "; if there is none, have the table go on without what it held: catchment maintain --let-go"
	} else {
		hint += "; or read anew what it held, with catchment verify --repair, or catchment run --full"
	}
	return plan.Fixf(hint, "%w", &LostFile{Table: name, Path: path, Why: err})
}

// outside tells of errors that are the storage's, or of who asked, and say nothing of what the file holds.
func outside(err error) bool {
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, stored := errors.AsType[*storageError](err)
	return stored || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// A storageError is what went wrong between us and the bytes of a file.
type storageError struct{ err error }

func (e *storageError) Error() string { return e.err.Error() }
func (e *storageError) Unwrap() error { return e.err }

// A listened file notes what its storage said when it gave no bytes: a reader of Parquet passes that on without its
// kind, or as a panic.
type listened struct {
	iceio.File
	said atomic.Pointer[storageError]
}

// listen opens a file.
func listen(files iceio.IO, path string) (*listened, error) {
	file, err := files.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, &storageError{err}
	}
	return &listened{File: file}, nil
}

// hear notes an error, but for the end of the file, which a file that was cut short has too early.
func (f *listened) hear(err error) error {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		f.said.Store(&storageError{err})
	}
	return err
}

func (f *listened) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	return n, f.hear(err)
}

func (f *listened) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	return n, f.hear(err)
}

// because is why a file couldn't be read: what its storage said, if it said anything.
func (f *listened) because(err error) error {
	if said := f.said.Load(); err != nil && said != nil {
		return said
	}
	return err
}
