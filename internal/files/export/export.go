// Package export writes files of the copy to a disk: the bodies that runs have stored, under the
// names that people gave them.
//
// A name comes from Salesforce and is data: it is made safe (package filename), and nothing is
// ever written outside the folder that was named, nor over a file that is there, unless that is
// wanted. A body gets its name once all of it was written and its digest is the one that the copy
// remembers; until then it has a temporary one.
//
// Which files there are, and what is stored of them, is known elsewhere. Start at Folder.Write.
package export

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
	"catchment/internal/files/filename"
	"catchment/internal/files/holdings"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/rights"
)

// tempPrefix begins the names of files that are being written.
const tempPrefix = ".catchment-"

// Options say how files are written.
type Options struct {
	Stage blob.Store // has the bodies
	Force bool       // what is there under a name may be replaced
}

// A Folder is one that files are written to. Its names are given once: not even two files that
// are called the same meet in it.
type Folder struct {
	Options
	path  string
	root  *os.Root // nothing is done outside of it
	names filename.Folder
	link  func(from, to string) error
}

// Open opens a folder to write to, and makes it where it is missing. Close closes it.
func Open(path string, o Options) (*Folder, error) {
	err := os.MkdirAll(path, 0o700)
	if err != nil {
		return nil, onDisk("make the folder", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, onDisk("open the folder", err)
	}
	return &Folder{Options: o, path: path, root: root, link: root.Link}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// A Written is what became of a file.
type Written struct {
	Path    string // of the file
	Renamed bool   // it isn't called as in Salesforce
	Already bool   // it was there, with the same bytes
}

// Write writes a body under its own name, made safe and unlike the others in the folder.
func (f *Folder) Write(ctx context.Context, b holdings.Body) (Written, error) {
	name := f.names.Name(b.Name, b.ID)
	already, err := f.write(ctx, b, name)
	return Written{Path: filepath.Join(f.path, name), Renamed: name != b.Name, Already: already}, err
}

// File writes a body under a name of the user's own.
func File(ctx context.Context, o Options, b holdings.Body, path string) (Written, error) {
	f, err := Open(filepath.Dir(path), o)
	if err != nil {
		return Written{}, err
	}
	already, err := f.write(ctx, b, filepath.Base(path))
	return Written{Path: path, Already: already}, errors.Join(err, f.Close())
}

// Stream writes a body to where bytes can't be taken back from: an error that comes with the last
// one says that they aren't the file.
func Stream(ctx context.Context, stage blob.Store, b holdings.Body, to io.Writer) error {
	err := b.Stream(ctx, stage, to)
	if broken, ok := errors.AsType[holdings.WriteError](err); ok {
		return onDisk("write "+b.ID, broken.Err)
	}
	return err
}

// write writes a body, whole or not at all, and tells whether it was there.
func (f *Folder) write(ctx context.Context, b holdings.Body, name string) (already bool, err error) {
	if _, err := f.root.Lstat(name); err == nil && !f.Force {
		return f.same(ctx, b, name)
	}
	temp := tempPrefix + b.SHA256 + "-" + b.ID
	_ = f.root.Remove(temp) // of a process that was killed, and wrote the same
	out, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, rights.Own)
	if err != nil {
		return false, onDisk("write "+b.ID, err)
	}
	defer func() { _ = f.root.Remove(temp) }() // it has its name by then, or is worth nothing
	err = Stream(ctx, f.Stage, b, out)
	if err == nil {
		err = onDisk("write "+b.ID, out.Sync())
	}
	if err := errors.Join(err, onDisk("write "+b.ID, out.Close())); err != nil {
		return false, err
	}
	if f.Force {
		return false, onDisk("write "+b.ID, f.root.Rename(temp, name))
	}
	err = f.place(temp, name)
	if errors.Is(err, fs.ErrExist) { // since a moment ago
		return f.same(ctx, b, name)
	}
	return false, onDisk("write "+b.ID, err)
}

// place gives a file its name, and replaces none.
func (f *Folder) place(temp, name string) error {
	err := f.link(temp, name)
	if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EPERM) {
		return err
	}
	held, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, rights.Own) // a disk without links
	if err != nil {
		return err
	}
	if err := held.Close(); err != nil {
		return err
	}
	return f.root.Rename(temp, name)
}

// same tells that a file is there already. One with other bytes is refused.
func (f *Folder) same(ctx context.Context, b holdings.Body, name string) (bool, error) {
	taken := plan.Fixf("move it away, or write over it with: --force",
		"%s: a file of its name is there, with other bytes", b.ID)
	info, err := f.root.Lstat(name)
	if err != nil {
		return false, onDisk("look at what is there", err)
	}
	if !info.Mode().IsRegular() || info.Size() != b.Size {
		return false, taken
	}
	there, err := f.root.Open(name)
	if err != nil {
		return false, onDisk("read what is there", err)
	}
	defer there.Close()
	switch err := b.Copy(ctx, there, io.Discard); {
	case errors.Is(err, holdings.ErrOther):
		return false, taken
	case err != nil:
		return false, err
	}
	return true, nil
}

// onDisk is an error of the disk that is written to, with a hint. It names no path: a file may be
// called as in Salesforce.
func onDisk(what string, err error) error {
	if err == nil {
		return nil
	}
	if pathed, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathed.Err
	}
	if linked, ok := errors.AsType[*os.LinkError](err); ok {
		err = linked.Err
	}
	err = fmt.Errorf("%s: %w", what, printable.Error(err))
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &plan.Failure{Class: plan.Full, Hint: "make room there, or name another folder", Err: err}
	}
	return &plan.Failure{Class: plan.Fix, Hint: "name a place that this user may write to", Err: err}
}
