package lake_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	_ "modernc.org/sqlite"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/warehousetest"
)

// A subject is a lake on a folder, as somebody sees it who goes behind Catchment's back.
type subject struct {
	catalog.Catalog
	folder string
}

// open makes an empty lake.
func open(t testing.TB) warehousetest.Subject {
	t.Helper()
	return newSubject(t)
}

func newSubject(t testing.TB) *subject {
	t.Helper()
	folder := t.TempDir()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := sqlcatalog.NewCatalog("lake", db, sqlcatalog.SQLite, iceberg.Properties{
		"sql.driver": "sqlite", "sql.dialect": "sqlite", "init_catalog_tables": "true",
		"warehouse": "file://" + folder + "/lake",
	})
	if err != nil {
		t.Fatal(err)
	}
	return &subject{c, folder}
}

// Open makes a Warehouse over the lake's tables.
func (s *subject) Open(o warehouse.Options, f warehousetest.Fault) warehouse.Warehouse {
	return s.under(o, &weather{Fault: f})
}

// under makes one for a process that fares so.
func (s *subject) under(o warehouse.Options, w *weather) warehouse.Warehouse {
	return lake.New(lake.Place{Catalog: stormy{s.Catalog, w}, Scratch: s.folder}, o)
}

// options are those of the suite, by the clock.
func options() warehouse.Options {
	return warehouse.Options{Schema: string(warehousetest.Final), Staging: string(warehousetest.Staging), Now: time.Now}
}

// Traits says what the suite has to know of a lake.
func (s *subject) Traits() warehousetest.Traits {
	return warehousetest.Traits{Digits: 38, Apart: true, History: true, Closed: true}
}

// plain is a Warehouse of which nothing goes wrong.
func (s *subject) plain() warehouse.Warehouse {
	return s.Open(options(), warehousetest.Fault{})
}

// lake is the lake's tables, for a hand.
func (s *subject) lake() *tables.Lake {
	return &tables.Lake{Catalog: s.Catalog, Pause: func(context.Context, time.Duration) error { return nil }}
}
