package storage

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	icebergio "github.com/apache/iceberg-go/io"
)

// unfinished starts the names of files that are being written. No file of a table is called so.
const unfinished = ".put-"

// DeleteFiles removes files, as many as can be, and tells which.
func (f *Folder) DeleteFiles(ctx context.Context, names []string) (deleted []string, err error) {
	for _, name := range names {
		if ctx.Err() != nil {
			return deleted, errors.Join(err, context.Cause(ctx))
		}
		if rerr := f.Remove(name); rerr != nil {
			err = errors.Join(err, rerr)
			continue
		}
		deleted = append(deleted, name)
	}
	return deleted, err
}

// WriteFile writes a whole file.
func (f *Folder) WriteFile(name string, text []byte) error {
	w, err := f.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return errors.Join(err, w.Close())
}

// Create begins a file. It has its name once Close has seen every byte on the disk.
func (f *Folder) Create(name string) (icebergio.FileWriter, error) {
	inside, err := f.within(name)
	if err != nil {
		return nil, err
	}
	if err := f.makeFolder(path.Dir(inside)); err != nil {
		return nil, failed("write", name, err)
	}
	w := &fileWriter{folder: f, name: name, inside: inside, temp: path.Join(path.Dir(inside), unfinished+rand.Text())}
	w.file, err = f.root.OpenFile(w.temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, failed("write", name, err)
	}
	w.buffer = bufio.NewWriterSize(w.file, writeAtOnce)
	return w, nil
}

// writeAtOnce is how much goes to the disk at once.
const writeAtOnce = 256 << 10

// makeFolder makes a folder and its parents, and has the disk remember them.
func (f *Folder) makeFolder(inside string) error {
	err := f.root.Mkdir(inside, 0o700)
	if inside == "." || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.makeFolder(path.Dir(inside)); err != nil {
			return err
		}
		err = f.root.Mkdir(inside, 0o700)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.settle(path.Dir(inside))
}

// settle has the disk remember what was made in a folder.
func (f *Folder) settle(inside string) error {
	d, err := f.root.Open(inside)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A fileWriter is a file on its way.
type fileWriter struct {
	folder *Folder
	file   *os.File
	buffer *bufio.Writer
	name   string // its address
	inside string // where it will be
	temp   string // where it is
	failed error  // what went wrong first: then it will never have its name
	closed bool
}

// Write takes more of the file.
func (w *fileWriter) Write(p []byte) (int, error) {
	n, err := w.buffer.Write(p)
	return n, w.remember(err)
}

// ReadFrom takes all that r has. What r fails with leaves no file.
func (w *fileWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := w.buffer.ReadFrom(r)
	return n, w.remember(err)
}

func (w *fileWriter) remember(err error) error {
	if err != nil && w.failed == nil {
		w.failed = failed("write", w.name, err)
	}
	return w.failed
}

// Close gives the file its name, or leaves nothing of it.
func (w *fileWriter) Close() error {
	if w.closed {
		return w.failed
	}
	w.closed = true
	if w.failed == nil {
		_ = w.remember(errors.Join(w.buffer.Flush(), w.file.Sync()))
	}
	_ = w.remember(w.file.Close())
	if w.failed == nil {
		_ = w.remember(w.folder.root.Rename(w.temp, w.inside))
	}
	if w.failed != nil {
		_ = w.folder.root.Remove(w.temp) // it is in nobody's way, and no table names it
		return w.failed
	}
	return w.remember(w.folder.settle(path.Dir(w.inside)))
}
