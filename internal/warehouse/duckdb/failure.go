package duckdb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/sql"
)

// classify says what can be done about an error of DuckDB.
func (d *driver) classify(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failure(d.path, err)
}

// failure tells the class of an error from its text, which is all that DuckDB
// gives beside a rough type.
func failure(path string, err error) error {
	text := err.Error()
	path = printable.Line(path)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch {
	case isLocked(text):
		return plan.Failf(plan.Retry, "close it there, or wait until it is done: who only reads is in the way, too; "+
			"warehouse.wait says how long a run waits", "%s is open in %s", path, holder(text))
	case has("No space left", "ENOSPC", "Out of disk space", "Disk quota exceeded", "File too large"):
		return plan.Failf(plan.Full, "free some space on the disk of "+path+", and run again: it goes on from there",
			"%s: no space left on the device", path)
	case has("Read-only file system", "Permission denied", "attached in read-only mode"):
		return plan.Fixf("let this user write "+path+" and its folder", "%s can't be written", path)
	case has("No such file or directory", "does not exist in directory", "Cannot open file"):
		return plan.Fixf("make the folder of "+path, "%s can't be opened", path)
	case has("not a valid DuckDB database file", "Is a directory", "sqlite_scanner"):
		return plan.Fixf("move the file away, or name another one in warehouse.url", "%s is not a DuckDB file", path)
	case has("older version of DuckDB", "newer version of DuckDB", "version number"):
		return plan.Fixf("use the catchment that wrote it, or a newer one",
			"%s was written by another version of DuckDB", path)
	case has("Conflict on", "write-write conflict", "Conflicting", "Transaction conflict"):
		return sql.Conflicting(plan.Failf(plan.Retry, "", "%s: another transaction changed the same table", path))
	case has("Out of Memory", "failed to pin block", "failed to allocate"): // also as the reason of another error
		return plan.Fixf("give it more, by memory_limit in warehouse.url or by a larger machine, or load fewer flows "+
			"at a time",
			"%s: DuckDB is out of memory", path)
	case has("duplicates on indexed column"):
		return fmt.Errorf("duckdb: %w: %w", sql.ErrDuplicate, withoutValues(err))
	}
	return fmt.Errorf("duckdb: %w", withoutValues(err))
}

// heldIn is how DuckDB's message names the process that has the file: by its program, where
// that may be looked at.
var heldIn = regexp.MustCompile(`Conflicting lock is held in (?:(\S.*?) \(PID (\d+)\)|PID (\d+))`)

// holder names the process that has the file, as DuckDB's message does.
func holder(text string) string {
	switch m := heldIn.FindStringSubmatch(text); {
	case m == nil:
		return "another program"
	case m[3] != "":
		return "process " + m[3]
	default:
		return "process " + m[2] + ", " + printable.Line(m[1])
	}
}

// withoutValues keeps an error whose text is about our statement. The text of
// one that is about the data quotes records, which must not reach a log
// (invariant 9): of those only the kind and the place in the page stay.
func withoutValues(err error) error {
	d, ok := errors.AsType[*duckdb.Error](err)
	if !ok {
		return errors.New("the driver refused a statement")
	}
	kind, _, _ := strings.Cut(d.Msg, ":")
	switch d.Type {
	case duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeBinder, duckdb.ErrorTypeTransaction,
		duckdb.ErrorTypeDependency, duckdb.ErrorTypeIO, duckdb.ErrorTypePermission, duckdb.ErrorTypeInterrupt,
		duckdb.ErrorTypeNotImplemented, duckdb.ErrorTypeFatal:
		kind, _, _ = strings.Cut(d.Msg, "\n")
		return errors.New(printable.Message(kind))
	}
	if refused := refusedValue(kind, d.Msg); refused != nil {
		return refused
	}
	return errors.New(kind)
}
