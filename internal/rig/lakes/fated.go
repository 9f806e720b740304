package lakes

import (
	"context"
	"errors"
	"fmt"
	stdio "io"
	"iter"
	"sync/atomic"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/rig"
	"catchment/internal/warehouse/lake/storage"
)

// The parts of the world that a process touches in a lake.
const (
	ofCommit = "commit" // what the catalog is told to change
	ofFile   = "file"
)

// errFirst is what a catalog says to who builds on a snapshot that isn't the newest any more.
var errFirst = fmt.Errorf("%w: another was first", table.ErrCommitFailed)

// A fated catalog is that of a process which may die. Where it only meets a failure, that is one of these: the catalog
// can't be reached, it says that another was first, or it has done all and its answer is lost.
type fated struct {
	catalog.Catalog
	lake  *Lake
	fate  *rig.Fate // nil for a process that lives
	fails atomic.Int64
}

// changes has the catalog change a table.
func (c *fated) changes(name table.Identifier, do func() error) error {
	done := false
	did := func() error {
		err := do()
		if done = err == nil; done {
			c.lake.Committed(name[0], name[1])
		}
		return err
	}
	if c.fate == nil {
		return did()
	}
	err := c.fate.Touch(ofCommit, did)
	if err != nil && !done && c.fate.Alive() == nil && c.fails.Add(1)%2 == 0 {
		return errFirst
	}
	return err
}

// alive is nil as long as the process lives.
func (c *fated) alive() error {
	if c.fate == nil {
		return nil
	}
	return c.fate.Alive()
}

// ours is a table whose commits and files are those of the process.
func (c *fated) ours(t *table.Table, err error) (*table.Table, error) {
	if err != nil {
		return nil, err
	}
	files := func(ctx context.Context) (io.IO, error) {
		all, err := t.FS(ctx)
		if err != nil || c.fate == nil {
			return all, err
		}
		in, ok := all.(*storage.Folder)
		if !ok {
			return nil, errors.New("the files of a lake aren't those of its folder")
		}
		return fatedFiles{in, c.fate}, nil
	}
	return table.New(t.Identifier(), t.Metadata(), t.MetadataLocation(), files, c), nil
}

func (c *fated) LoadTable(ctx context.Context, name table.Identifier) (*table.Table, error) {
	if err := c.alive(); err != nil {
		return nil, err
	}
	return c.ours(c.Catalog.LoadTable(ctx, name))
}

func (c *fated) CreateTable(
	ctx context.Context, name table.Identifier, schema *iceberg.Schema, o ...catalog.CreateTableOpt,
) (t *table.Table, err error) {
	err = c.changes(name, func() (err error) {
		t, err = c.Catalog.CreateTable(ctx, name, schema, o...)
		return err
	})
	return c.ours(t, err)
}

func (c *fated) CommitTable(
	ctx context.Context, name table.Identifier, needs []table.Requirement, updates []table.Update,
) (metadata table.Metadata, at string, err error) {
	err = c.changes(name, func() (err error) {
		metadata, at, err = c.Catalog.CommitTable(ctx, name, needs, updates)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return metadata, at, nil
}

func (c *fated) CreateNamespace(ctx context.Context, namespace table.Identifier, p iceberg.Properties) error {
	if c.fate == nil {
		return c.Catalog.CreateNamespace(ctx, namespace, p)
	}
	return c.fate.Touch(ofCommit, func() error { return c.Catalog.CreateNamespace(ctx, namespace, p) })
}

func (c *fated) CheckNamespaceExists(ctx context.Context, namespace table.Identifier) (bool, error) {
	if err := c.alive(); err != nil {
		return false, err
	}
	return c.Catalog.CheckNamespaceExists(ctx, namespace)
}

func (c *fated) ListTables(ctx context.Context, namespace table.Identifier) iter.Seq2[table.Identifier, error] {
	if err := c.alive(); err != nil {
		return func(yield func(table.Identifier, error) bool) { yield(nil, err) }
	}
	return c.Catalog.ListTables(ctx, namespace)
}

// fatedFiles are the files of a process that may die.
type fatedFiles struct {
	*storage.Folder
	fate *rig.Fate
}

func (f fatedFiles) Open(name string) (io.File, error) {
	if err := f.fate.Alive(); err != nil {
		return nil, err
	}
	return f.Folder.Open(name)
}

func (f fatedFiles) ReadFile(name string) ([]byte, error) {
	if err := f.fate.Alive(); err != nil {
		return nil, err
	}
	return f.Folder.ReadFile(name)
}

func (f fatedFiles) WriteFile(name string, text []byte) error {
	return f.fate.Touch(ofFile, func() error { return f.Folder.WriteFile(name, text) })
}

func (f fatedFiles) Create(name string) (io.FileWriter, error) {
	if err := f.fate.Alive(); err != nil {
		return nil, err
	}
	w, err := f.Folder.Create(name)
	return fatedWriter{w, f.fate}, err
}

func (f fatedFiles) Remove(name string) error {
	return f.fate.Touch(ofFile, func() error { return f.Folder.Remove(name) })
}

func (f fatedFiles) DeleteFiles(ctx context.Context, names []string) (deleted []string, err error) {
	err = f.fate.Touch(ofFile, func() (err error) {
		deleted, err = f.Folder.DeleteFiles(ctx, names)
		return err
	})
	return deleted, err
}

// A fatedWriter is a file that is written by a process that may die: before its last byte is there, it is none.
type fatedWriter struct {
	io.FileWriter
	fate *rig.Fate
}

// Close gives the file its name, or leaves none.
func (w fatedWriter) Close() error {
	closed := false
	err := w.fate.Touch(ofFile, func() error {
		closed = true
		return w.FileWriter.Close()
	})
	if !closed {
		_, _ = w.ReadFrom(broken{err}) // so that the file that it writes to doesn't get its name
		_ = w.FileWriter.Close()
	}
	return err
}

// broken can't be read.
type broken struct{ error }

func (b broken) Read([]byte) (int, error) { return 0, b.error }

var _ stdio.Reader = broken{}
