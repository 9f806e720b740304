package lake_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"strings"
	"sync"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/warehousetest"
)

// errFault is what goes wrong.
var errFault = errors.New("connection reset")

// A weather is how a process fares: its steps are counted, and at one of them its fault happens. A step is a call of
// the catalog, a file that is written, or one of the first that are opened in a folder: a table that was written to
// more often has more files, and the suite would run after its end.
type weather struct {
	warehousetest.Fault
	mu    sync.Mutex
	steps int
	opens map[string]int // by folder
	spent bool           // what comes only once has come
	away  bool           // the catalog has gone away with an answer
	mute  bool           // each commit is done, and its answer is lost; the catalog stays
}

// step is where something may go wrong.
func (w *weather) step() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.steps
	w.steps++
	switch {
	case w.Kind == warehousetest.Fails && n >= w.At, w.away:
		return errFault
	case w.Kind == warehousetest.Dies && n >= w.At:
		return warehousetest.ErrDied
	}
	return nil
}

// before is what happens to a commit that the catalog doesn't do.
func (w *weather) before() error {
	if err := w.step(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Kind == warehousetest.Cancelled && w.steps > w.At && !w.spent {
		w.spent = true
		return fmt.Errorf("%w: another was first", table.ErrCommitFailed)
	}
	return nil
}

// after is what happens to one that it has done.
func (w *weather) after(name table.Identifier) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	staged := name[0] == string(warehousetest.Staging) && !strings.HasPrefix(name[1], "_catchment_")
	switch {
	case w.mute:
		return errFault
	case w.Kind == warehousetest.LostAnswer:
		w.away = true
		return errFault
	case w.Kind == warehousetest.Twice && staged && !w.spent:
		w.spent = true
		return errFault
	}
	return nil
}

// A stormy catalog is one in some weather, with its files.
type stormy struct {
	catalog.Catalog
	*weather
}

// under is a table of a stormy catalog.
func (s stormy) under(t *table.Table, err error) (*table.Table, error) {
	if err != nil {
		return nil, err
	}
	fs := func(ctx context.Context) (io.IO, error) {
		files, err := t.FS(ctx)
		if err != nil {
			return nil, err
		}
		return stormyFiles{files.(io.LocalFS), s.weather}, nil
	}
	return table.New(t.Identifier(), t.Metadata(), t.MetadataLocation(), fs, s), nil
}

func (s stormy) LoadTable(ctx context.Context, name table.Identifier) (*table.Table, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	return s.under(s.Catalog.LoadTable(ctx, name))
}

func (s stormy) CreateTable(
	ctx context.Context, name table.Identifier, schema *iceberg.Schema, o ...catalog.CreateTableOpt,
) (*table.Table, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	return s.under(s.Catalog.CreateTable(ctx, name, schema, o...))
}

func (s stormy) CommitTable(
	ctx context.Context, name table.Identifier, needs []table.Requirement, updates []table.Update,
) (table.Metadata, string, error) {
	if err := s.before(); err != nil {
		return nil, "", err
	}
	metadata, at, err := s.Catalog.CommitTable(ctx, name, needs, updates)
	if err == nil {
		err = s.after(name)
	}
	if err != nil {
		return nil, "", err
	}
	return metadata, at, nil
}

func (s stormy) DropTable(ctx context.Context, name table.Identifier) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.Catalog.DropTable(ctx, name)
}

func (s stormy) ListTables(ctx context.Context, namespace table.Identifier) iter.Seq2[table.Identifier, error] {
	if err := s.step(); err != nil {
		return func(yield func(table.Identifier, error) bool) { yield(nil, err) }
	}
	return s.Catalog.ListTables(ctx, namespace)
}

func (s stormy) CheckNamespaceExists(ctx context.Context, namespace table.Identifier) (bool, error) {
	if err := s.step(); err != nil {
		return false, err
	}
	return s.Catalog.CheckNamespaceExists(ctx, namespace)
}

func (s stormy) CreateNamespace(ctx context.Context, namespace table.Identifier, p iceberg.Properties) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.Catalog.CreateNamespace(ctx, namespace, p)
}

// stormyFiles are files in some weather.
type stormyFiles struct {
	io.LocalFS
	*weather
}

// firstOpens is how many files of a folder are steps when they are opened.
const firstOpens = 4

// opening is the step of a file that is opened.
func (w *weather) opening(name string) error {
	w.mu.Lock()
	if w.opens == nil {
		w.opens = map[string]int{}
	}
	w.opens[path.Dir(name)]++
	counts := w.opens[path.Dir(name)] <= firstOpens
	gone := w.Kind == warehousetest.Fails && w.steps > w.At || w.Kind == warehousetest.Dies && w.steps > w.At
	w.mu.Unlock()
	if counts || gone || w.away {
		return w.step()
	}
	return nil
}

func (s stormyFiles) Open(name string) (io.File, error) {
	if err := s.opening(name); err != nil {
		return nil, err
	}
	return s.LocalFS.Open(name)
}

func (s stormyFiles) Create(name string) (io.FileWriter, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	return s.LocalFS.Create(name)
}

func (s stormyFiles) WriteFile(name string, text []byte) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.LocalFS.WriteFile(name, text)
}
