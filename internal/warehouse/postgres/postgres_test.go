package postgres_test

import (
	"testing"

	"catchment/internal/warehouse/archived/archivedtest"
	"catchment/internal/warehouse/bodies/bodiestest"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/streamed/streamedtest"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// cluster is the server of this package's tests.
var cluster pgtest.Cluster

func open(t testing.TB) sql.Driver { return openAt(t, cluster.Database(t)) }

func openAt(t testing.TB, url string) sql.Driver { return openWith(t, url, postgres.Options{}) }

func openWith(t testing.TB, url string, o postgres.Options) sql.Driver {
	d, err := postgres.Open(url, o)
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
	warehousetest.Run(t, subject, warehousetest.Procedures, warehousetest.Lands, warehousetest.Eraser,
		warehousetest.Adopter)
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

// A warehouse whose DDL commits keeps the same promises, and so does one that
// cancels a transaction where two write into a table.
func TestDDLCommits(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, func(t testing.TB) warehousetest.Subject {
		return oversql.New(oversql.Overlaps(oversql.DDLCommits(open(t))))
	}, warehousetest.Lands, warehousetest.Eraser)
}

func TestDeaths(t *testing.T) {
	t.Parallel()
	warehousetest.Deaths(t, func(t testing.TB) warehousetest.Subject {
		return oversql.New(oversql.DDLCommits(open(t)))
	}, 47)
}

// However small a first reading is whose staged table becomes the final one, all promises hold.
func TestPromoting(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, func(t testing.TB) warehousetest.Subject {
		return oversql.New(oversql.Promoting(open(t)))
	}, warehousetest.Procedures, warehousetest.Lands, warehousetest.Eraser, warehousetest.Adopter)
}

// However small a page is that goes as tuples, all promises hold.
func TestTuples(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, func(t testing.TB) warehousetest.Subject {
		return oversql.New(oversql.Promoting(openWith(t, cluster.Database(t), postgres.Options{Tuples: 1})))
	}, warehousetest.Procedures, warehousetest.Lands, warehousetest.Eraser, warehousetest.Adopter)
}

func TestPromotes(t *testing.T) {
	t.Parallel()
	warehousetest.Promotes(t, subject, func(t testing.TB) warehousetest.Subject {
		return oversql.New(oversql.Promoting(open(t)))
	})
}
