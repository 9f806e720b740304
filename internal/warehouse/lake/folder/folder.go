// Package folder opens a lake in a folder of this machine: its catalog is a file of SQLite there, and its tables
// lie beside it.
//
// Whoever has a client for Iceberg's SQL catalog can read the catalog, as PyIceberg does. The folder can't be
// moved, since tables of Iceberg tell where their files are.
package folder

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/iceberg-go"
	catalogsql "github.com/apache/iceberg-go/catalog/sql"
	icebergio "github.com/apache/iceberg-go/io"
	_ "modernc.org/sqlite" // the driver of the catalog's file

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/spark"
	"catchment/internal/warehouse/lake/storage"
)

const (
	// Name is what the catalog is called. Another name would be another catalog in the same file.
	Name = "lake"
	// File is the catalog's file in the folder.
	File = "catalog.sqlite"
	// scratch is the folder for what has no room in memory.
	scratch = ".scratch"
)

// Open opens the lake in the folder at a path, and makes it where there is none.
func Open(at string) (p lake.Place, err error) {
	files, err := storage.OpenFolder(at)
	if err != nil {
		return p, err
	}
	ends := []func() error{files.Close}
	p.Close = func() error { return end(ends) }
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if at, err = filepath.Abs(at); err != nil {
		return p, err
	}
	p.Scratch = filepath.Join(at, scratch)
	if err := os.MkdirAll(p.Scratch, 0o700); err != nil {
		return p, fmt.Errorf("folder of the lake: %w", printable.Error(err))
	}
	name, value, withdraw := storage.Offer(func(context.Context, map[string]string) (icebergio.IO, error) {
		return files, nil
	})
	ends = append(ends, func() error { withdraw(); return nil })
	db, err := database(filepath.Join(at, File))
	if err != nil {
		return p, err
	}
	ends = append(ends, db.Close)
	p.Catalog, err = catalogsql.NewCatalog(Name, db, catalogsql.SQLite, iceberg.Properties{
		"init_catalog_tables": "true", "warehouse": files.Location(), name: value,
	})
	if err != nil {
		return p, fmt.Errorf("catalog %s: %w", filepath.Join(at, File), printable.Error(err))
	}
	p.Engine = spark.Catalog{Name: Name, Properties: map[string]string{
		"catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog", "uri": "jdbc:sqlite:" + filepath.Join(at, File),
		"jdbc.schema-version": "V1", "jdbc.init-catalog-tables": "false", "warehouse": files.Location(),
	}}
	return p, nil
}

// end gives back what was opened, the last first.
func end(opened []func() error) error {
	var errs []error
	for _, f := range slices.Backward(opened) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// Read opens the lake in the folder at a path for who only reads. It makes nothing, and needs no right to write.
func Read(at string) (p lake.Place, err error) {
	at, err = filepath.Abs(at)
	if err != nil {
		return p, err
	}
	if _, err := os.Stat(filepath.Join(at, File)); err != nil {
		return p, plan.Fixf("make it with: catchment run   or name another folder in warehouse.url",
			"there is no lake in %s", printable.Line(at))
	}
	files, err := storage.OpenFolder(at)
	if err != nil {
		return p, err
	}
	name, value, withdraw := storage.Offer(func(context.Context, map[string]string) (icebergio.IO, error) {
		return files, nil
	})
	db, err := sql.Open("sqlite", "file:"+filepath.Join(at, File)+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		withdraw()
		return p, errors.Join(err, files.Close())
	}
	p.Close = func() error {
		withdraw()
		return errors.Join(db.Close(), files.Close())
	}
	p.Catalog, err = catalogsql.NewCatalog(Name, db, catalogsql.SQLite, iceberg.Properties{
		"init_catalog_tables": "false", name: value,
	})
	if err != nil {
		return p, errors.Join(fmt.Errorf("catalog %s: %w", filepath.Join(at, File), printable.Error(err)), p.Close())
	}
	return p, nil
}

// database opens the catalog's file, which is this user's alone when it is made. A commit waits for others that
// commit, and is on the disk when it is done.
func database(path string) (*sql.DB, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- the user named the folder
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", printable.Error(err))
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	options := url.Values{
		"_pragma": {"busy_timeout(10000)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}
	return sql.Open("sqlite", "file:"+path+"?"+options.Encode())
}
