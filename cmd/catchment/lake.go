package main

import (
	"errors"

	"catchment/internal/project"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/live"
	"catchment/internal/warehouse/query"
)

// queried is a lake's driver that answers statements, too: DuckDB is in this program.
func queried(d project.WarehouseDriver, open func(url string) (lake.Place, error)) project.WarehouseDriver {
	d.Query = func(url string, o warehouse.Options) (query.Session, error) {
		at, err := open(url)
		if err != nil {
			return nil, err
		}
		return &lakeQuery{duckdb.QueryOver(live.Tables(at, o.Schema), o.Schema), at}, nil
	}
	return d
}

// A lakeQuery is a session that gives its lake back.
type lakeQuery struct {
	query.Session
	at lake.Place
}

// Close ends both.
func (q *lakeQuery) Close() error { return errors.Join(q.Session.Close(), q.at.Close()) }
