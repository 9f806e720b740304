package duckdb

import (
	"errors"
	"strings"
	"testing"

	"github.com/duckdb/duckdb-go/v2"

	"catchment/internal/plan"
	"catchment/internal/warehouse/sql"
)

func TestFailure(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]plan.Class{
		`IO Error: Could not set lock on file "/x/c.duckdb": Conflicting lock is held in /usr/bin/duckdb (PID 42) by user ann.`:  plan.Retry,
		`IO Error: Cannot open file "c.duckdb": The process cannot access the file because it is being used by another process.`: plan.Retry,
		`IO Error: Could not write file "c.duckdb.wal": Disk quota exceeded`:                                                     plan.Full,
		`IO Error: Could not write file "c.duckdb.wal": File too large`:                                                          plan.Full,
		`IO Error: Could not write file "c.duckdb.wal": No space left on device`:                                                 plan.Full,
		`IO Error: Cannot open file "/x/c.duckdb": Permission denied`:                                                            plan.Fix,
		`IO Error: Cannot open file "/x/c.duckdb": Read-only file system`:                                                        plan.Fix,
		`IO Error: Cannot open file "/x/c.duckdb": No such file or directory`:                                                    plan.Fix,
		`IO Error: The file "c.duckdb" exists, but it is not a valid DuckDB database file!`:                                      plan.Fix,
		`TransactionContext Error: Conflict on tuple deletion!`:                                                                  plan.Retry,
		`Out of Memory Error: failed to allocate data`:                                                                           plan.Fix,
		`TransactionContext Error: Failed to commit: failed to pin block of size 256.0 KiB (95.3 MiB/95.3 MiB used)`:             plan.Fix,
		`Binder Error: Referenced column "x" not found`:                                                                          plan.Bug,
	} {
		err := failure("c.duckdb", &duckdb.Error{Type: duckdb.ErrorTypeIO, Msg: text})
		if got := plan.ClassOf(err); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if want == plan.Fix && plan.HintOf(err) == "" {
			t.Errorf("%s: no hint", text)
		}
	}
	for text, want := range map[string]bool{
		`TransactionContext Error: Conflict on tuple deletion!`:                                          true,
		`TransactionContext Error: Conflict on update!`:                                                  true,
		`TransactionContext Error: Transaction conflict: cannot update a table that has been altered!`:   true,
		`TransactionContext Error: Catalog write-write conflict on create with "x"`:                      true,
		`IO Error: Could not set lock on file "c.duckdb": Conflicting lock is held in duckdb (PID 4242)`: false,
		`TransactionContext Error: cannot commit - no transaction is active`:                             false,
	} {
		err := failure("c.duckdb", &duckdb.Error{Type: duckdb.ErrorTypeTransaction, Msg: text})
		if got := errors.Is(err, sql.ErrConflict); got != want {
			t.Errorf("%s: a conflict: %t, want %t", text, got, want)
		}
		if want && plan.ClassOf(err) != plan.Retry {
			t.Errorf("%s: %s", text, plan.ClassOf(err))
		}
	}
	for text, want := range map[string]string{
		"/usr/bin/duckdb (PID 42) by user ann. See also": "is open in process 42, /usr/bin/duckdb",
		"/opt/bi tool/java (PID 42). See also":           "is open in process 42, /opt/bi tool/java",
		"PID 42. See also":                               "is open in process 42",
		"a way of another version":                       "is open in another program",
	} {
		err := failure("c.duckdb", errors.New("Could not set lock on file: Conflicting lock is held in "+text))
		if got := err.Error(); got != "c.duckdb "+want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestWithoutValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind      duckdb.ErrorType
		msg, want string
	}{
		{duckdb.ErrorTypeConversion, "Conversion Error: Could not convert string \"secret\" to INT32 when casting " +
			"from source column employees\nLINE 1: secret",
			"duckdb: a value was refused (Conversion Error) in column employees"},
		{duckdb.ErrorTypeInvalidInput, "Invalid Input Error: CSV Error on Line: 12\nOriginal Line: secret",
			"duckdb: a value was refused (Invalid Input Error) of record 11"},
		{duckdb.ErrorTypeConstraint, "Constraint Error: Duplicate key \"id: secret\" violates primary key",
			"duckdb: Constraint Error"},
		{duckdb.ErrorTypeCatalog, "Catalog Error: Table x does not exist!\nLINE 1: secret",
			"duckdb: Catalog Error: Table x does not exist!"},
	} {
		if got := failure("p", &duckdb.Error{Type: c.kind, Msg: c.msg}).Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := failure("p", errors.New("sql: secret")).Error(); strings.Contains(got, "secret") {
		t.Errorf("got %q", got)
	}
}
