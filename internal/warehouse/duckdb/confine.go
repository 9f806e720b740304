package duckdb

import (
	"context"
	stdsql "database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"catchment/internal/warehouse/sql/dialect"
)

// offline holds while the file is opened too: DuckDB would download what reads
// a file of another kind.
const offline = "?autoinstall_known_extensions=false&autoload_known_extensions=false"

// open opens the file, and shuts DuckDB in: whatever a statement says, or a view that
// somebody has put into the file, it reads and writes no file but the database's own,
// loads no extension and reaches no network, and nothing can change that any more.
func (d *driver) open() (*stdsql.DB, error) {
	db, err := d.connect()
	if err != nil {
		return nil, err
	}
	for _, q := range d.confinement() {
		if _, err := db.Exec(q); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// Options of a file of this name would be lost: the driver reads it as a URL.
const unlikeURL = "#%"

// attached is how a file is called that isn't what was opened.
const attached = "warehouse"

// connect opens the file, with the memory that DuckDB may take.
func (d *driver) connect() (*stdsql.DB, error) {
	db, err := d.dial()
	if err != nil {
		return nil, err
	}
	if err := d.bound(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// dial opens the file, by its name or by attaching it.
func (d *driver) dial() (*stdsql.DB, error) {
	if !strings.ContainsAny(d.path, unlikeURL) {
		settings := d.settings
		if d.readOnly {
			settings += "&access_mode=read_only"
		}
		c, err := duckdb.NewConnector(d.path+settings, nil)
		if err != nil {
			return nil, err
		}
		return stdsql.OpenDB(c), nil
	}
	c, err := duckdb.NewConnector(d.settings, func(e sqldriver.ExecerContext) error {
		attach := "ATTACH IF NOT EXISTS " + dialect.Literal(d.path) + " AS " + attached
		if d.readOnly {
			attach += " (READ_ONLY)"
		}
		for _, q := range []string{attach, "USE " + attached} {
			if _, err := e.ExecContext(context.Background(), q, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stdsql.OpenDB(c), nil
}

// confinement is what is said to DuckDB first. The last line has it stay so.
func (d *driver) confinement() []string {
	folders := make([]string, 0, 1+len(d.o.Pages))
	for _, folder := range append([]string{spoolOf(d.o.Spool)}, d.o.Pages...) {
		folders = append(folders, dialect.Literal(folder))
	}
	return []string{
		"SET GLOBAL TimeZone = 'UTC'",
		"SET GLOBAL temp_directory = " + dialect.Literal(d.path+".tmp"),
		"SET GLOBAL allowed_directories = [" + strings.Join(folders, ", ") + "]",
		"SET GLOBAL enable_external_access = false",
		"SET GLOBAL allow_community_extensions = false",
		// else a checkpoint writes once more what came page by page (ADR 0034)
		"SET GLOBAL max_vacuum_tasks = 0",
		// a comparison takes less memory, and a load packs quickly
		"SET GLOBAL allowed_configs = ['memory_limit', 'disabled_compression_methods']",
		"SET GLOBAL lock_configuration = true",
	}
}

func absolute(folders []string) ([]string, error) {
	all := make([]string, len(folders))
	for i, folder := range folders {
		var err error
		if all[i], err = filepath.Abs(folder); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// reads tells whether DuckDB may read a file where it is.
func (d *driver) reads(path string) bool {
	for _, folder := range d.o.Pages {
		if strings.HasPrefix(path, folder+string(filepath.Separator)) {
			return true
		}
	}
	return false
}
