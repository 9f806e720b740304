// Package live tells an engine that reads Parquet what a lake's tables are now: their columns, their data files, and
// the files that say which rows of these are gone. A plain read of the data files would show old versions, too.
//
// Start at Tables.
package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/query"
)

// Tables gives the tables in a namespace of a lake. The files of those that are named in a statement are brought
// to this machine, where they aren't.
func Tables(p lake.Place, namespace string) query.Tables {
	l := &tables.Lake{Catalog: p.Catalog}
	return func(ctx context.Context, statement string) (all []query.Table, done func() error, err error) {
		fetched := &fetched{}
		defer func() {
			if err != nil {
				err = errors.Join(err, fetched.remove())
			}
		}()
		names, err := l.All(ctx, namespace)
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			t, err := l.Find(ctx, tables.Name(namespace, name))
			if err != nil {
				return nil, nil, err
			}
			one := query.Table{Name: name, Columns: columnsOf(t.Schema())}
			if strings.Contains(strings.ToLower(statement), strings.ToLower(name)) {
				if err := fetched.files(ctx, t, &one); err != nil {
					return nil, nil, fmt.Errorf("table %s: %w", printable.Line(name), err)
				}
			}
			all = append(all, one)
		}
		return all, fetched.remove, nil
	}
}

// columnsOf are the columns of a table, without those of types that no table of ours has.
func columnsOf(s *iceberg.Schema) (all []query.Column) {
	for _, f := range s.Fields() {
		if typ := typeOf(f.Type); typ != "" {
			all = append(all, query.Column{Number: f.ID, Name: f.Name, Type: typ})
		}
	}
	return all
}

// typeOf is a type in SQL, "" for one that has no name there.
func typeOf(t iceberg.Type) string {
	switch t := t.(type) {
	case iceberg.BooleanType:
		return "BOOLEAN"
	case iceberg.Int32Type:
		return "INTEGER"
	case iceberg.Int64Type:
		return "BIGINT"
	case iceberg.Float32Type:
		return "FLOAT"
	case iceberg.Float64Type:
		return "DOUBLE"
	case iceberg.DecimalType:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision(), t.Scale())
	case iceberg.DateType:
		return "DATE"
	case iceberg.TimeType:
		return "TIME"
	case iceberg.TimestampType:
		return "TIMESTAMP"
	case iceberg.TimestampTzType:
		return "TIMESTAMP WITH TIME ZONE"
	case iceberg.StringType:
		return "VARCHAR"
	case iceberg.UUIDType:
		return "UUID"
	case iceberg.BinaryType, iceberg.FixedType:
		return "BLOB"
	}
	return ""
}

// fetched are the files that were brought to this machine.
type fetched struct {
	folder string // "" while there are none
	n      int
}

// files fills in the files of a table as it is now.
func (f *fetched) files(ctx context.Context, t *table.Table, to *query.Table) error {
	if t.CurrentSnapshot() == nil {
		return nil
	}
	tasks, err := t.Scan().PlanFiles(ctx)
	if err != nil {
		return err
	}
	files, err := t.FS(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, task := range tasks {
		if len(task.EqualityDeleteFiles)+len(task.DeletionVectorFiles) > 0 {
			return plan.Fixf("ask with another engine, or catchment run --full writes the table anew",
				"somebody else has deleted rows of it, in a way that catchment query doesn't read")
		}
		path, err := f.local(files, task.File.FilePath())
		if err != nil {
			return err
		}
		to.Files = append(to.Files, query.File{Path: path, Address: task.File.FilePath()})
		for _, d := range task.DeleteFiles {
			if seen[d.FilePath()] {
				continue
			}
			seen[d.FilePath()] = true
			path, err := f.local(files, d.FilePath())
			if err != nil {
				return err
			}
			to.Gone = append(to.Gone, path)
		}
	}
	return nil
}

// local gives the path of a file on this machine, and brings it there if need be.
func (f *fetched) local(files icebergio.IO, address string) (string, error) {
	from, err := files.Open(address) // whoever may not read it hears so here
	if err != nil {
		return "", err
	}
	if file, ok := from.(*os.File); ok {
		path := strings.TrimPrefix(address, "file://")
		return path, file.Close()
	}
	path, err := f.fetch(from)
	return path, errors.Join(err, from.Close())
}

// fetch writes what is elsewhere into a file of this machine.
func (f *fetched) fetch(from io.Reader) (string, error) {
	if f.folder == "" {
		folder, err := os.MkdirTemp("", "catchment-query-")
		if err != nil {
			return "", plan.Fixf("set TMPDIR to a folder that this user may write", "files of the lake: %w",
				printable.Error(err))
		}
		f.folder = folder
	}
	f.n++
	path := filepath.Join(f.folder, strconv.Itoa(f.n)+".parquet")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- its name is a number
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	return path, errors.Join(err, to.Close())
}

// remove takes away what was brought here.
func (f *fetched) remove() error {
	if f.folder == "" {
		return nil
	}
	return os.RemoveAll(f.folder)
}
