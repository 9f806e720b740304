package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// fail gives an error of SQLite its class and says what the user can do.
func (t *Table) fail(doing string, err error) error {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return fmt.Errorf("%s: %w", doing, err)
	}
	class, hint, path := plan.Bug, "", printable.Line(t.path)
	switch e.Code() & 0xff { // the rest of the code is detail
	case code.SQLITE_BUSY, code.SQLITE_LOCKED:
		class = plan.Retry
	case code.SQLITE_CANTOPEN:
		class, hint = plan.Fix, t.cantOpen()
	case code.SQLITE_READONLY, code.SQLITE_PERM, code.SQLITE_AUTH:
		class, hint = plan.Fix, "give this user the right to write "+path+
			" and its directory, or set control.url to another file"
	case code.SQLITE_FULL, code.SQLITE_IOERR:
		class, hint = plan.Full, "free some space on the disk of "+path+", and look whether it is healthy"
	case code.SQLITE_NOTADB, code.SQLITE_CORRUPT:
		class, hint = plan.Fix, "it is no SQLite database, or a damaged one: restore it, "+
			"or move it away, and the next catchment run makes a new one; the watermarks are in the warehouse too"
	}
	return plan.Failf(class, hint, "%s: %w", doing, err)
}

// cantOpen tells the usual reasons for SQLITE_CANTOPEN apart.
func (t *Table) cantOpen() string {
	dir := filepath.Dir(t.path)
	path := printable.Line(t.path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "make the directory " + printable.Line(dir) + ", or set control.url to another file"
	}
	if info, err := os.Stat(t.path); err == nil && info.IsDir() {
		return path + " is a directory: set control.url to a file, as in sqlite:control.db"
	}
	return "give this user the right to write " + path + " and its directory"
}
