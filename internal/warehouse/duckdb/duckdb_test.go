package duckdb_test

import (
	"flag"
	"path/filepath"
	"testing"

	"catchment/internal/warehouse/archived/archivedtest"
	"catchment/internal/warehouse/bodies/bodiestest"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/streamed/streamedtest"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

func open(t testing.TB) sql.Driver {
	d, err := duckdb.Open(filepath.Join(t.TempDir(), "copy.duckdb"), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// subject is an empty warehouse that is held to the contract.
func subject(t testing.TB) warehousetest.Subject { return oversql.New(open(t)) }

func TestDriver(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, subject, warehousetest.Lands, warehousetest.Eraser)
}

func TestBodies(t *testing.T) {
	t.Parallel()
	bodiestest.Run(t, subject)
}

func TestArchived(t *testing.T) {
	t.Parallel()
	archivedtest.Run(t, subject)
}

func TestStreamed(t *testing.T) {
	t.Parallel()
	streamedtest.Run(t, subject)
}

func TestStatements(t *testing.T) {
	t.Parallel()
	oversql.Check(t, open)
}

func TestHistories(t *testing.T) { warehousetest.Histories(t, subject) }

// A warehouse whose DDL commits keeps the same promises.
func openDDLCommits(t testing.TB) sql.Driver { return oversql.DDLCommits(open(t)) }

func subjectDDLCommits(t testing.TB) warehousetest.Subject {
	return oversql.New(openDDLCommits(t))
}

func TestDDLCommits(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, subjectDDLCommits, warehousetest.Lands, warehousetest.Eraser)
}

func TestArchivedDDLCommits(t *testing.T) {
	t.Parallel()
	archivedtest.Run(t, subjectDDLCommits)
}

func TestStatementsDDLCommits(t *testing.T) {
	t.Parallel()
	oversql.Check(t, openDDLCommits)
}

func TestHistoriesDDLCommits(t *testing.T) { warehousetest.Histories(t, subjectDDLCommits) }

// One after each touch of the warehouse takes minutes.
var deathsEvery = flag.Int("deaths.every", 31, "after how many more touches TestDeaths lets a process die")

func TestDeaths(t *testing.T) {
	t.Parallel()
	warehousetest.Deaths(t, subjectDDLCommits, *deathsEvery)
}

// So does one that cancels transactions for the sake of others.
func TestConflicts(t *testing.T) {
	t.Parallel()
	const seed = 1
	warehousetest.Run(t, func(t testing.TB) warehousetest.Subject {
		return oversql.New(oversql.Conflicts(open(t), seed))
	}, warehousetest.Lands, warehousetest.Eraser)
}
