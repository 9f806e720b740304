package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"catchment/internal/warehouse/archived/archivedtest"
	"catchment/internal/warehouse/bodies/bodiestest"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// A crowded driver has no room for any record in a table without an overflow: each table
// gets one with its first page.
type crowded struct{ sql.Driver }

func (c crowded) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return c.Driver.Tx(ctx, func(tx sql.Tx) error { return f(crowdedTx{tx}) })
}

func (c crowded) Behind() sql.Driver { return c.Driver }

type crowdedTx struct{ sql.Tx }

func (t crowdedTx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	var overflows bool
	err := t.Query(ctx, func(scan sql.Scan) error { return scan(&overflows) },
		"SELECT count(*) > 0 FROM pg_attribute WHERE attrelid = CAST($1 AS REGCLASS) AND attname = $2", c.Into,
		own.Overflow)
	if err != nil {
		return nil, err
	}
	if !overflows && !strings.Contains(c.Into, "_catchment_") {
		return nil, sql.ErrTooWide
	}
	return t.Tx.Load(ctx, c)
}

func crowdedSubject(t testing.TB) warehousetest.Subject {
	d := open(t)
	return &overView{oversql.New(crowded{d}), d}
}

// An overView is a subject whose final tables may be views, and whose values may be in an
// overflow: the eyes and hands of somebody who knows that.
type overView struct {
	warehousetest.Subject
	driver sql.Driver
}

func (s *overView) Tables(t testing.TB, side warehousetest.Side) []string {
	return slices.DeleteFunc(s.Subject.Tables(t, side), func(name string) bool {
		return strings.HasPrefix(name, own.RowsTable)
	})
}

func (s *overView) Look(t testing.TB, side warehousetest.Side, table string) []warehousetest.Row {
	t.Helper()
	rows := s.Subject.Look(t, side, table)
	for _, row := range rows {
		if text := row[own.Overflow]; text != nil {
			values := map[string]any{}
			must(t, json.Unmarshal([]byte(*text), &values))
			for name, value := range values {
				as := fmt.Sprint(value)
				row[name] = &as
			}
		}
		delete(row, own.Overflow)
	}
	return rows
}

// behind is the table with the rows, and which columns are in its overflow; none where the
// final table is one.
func (s *overView) behind(t testing.TB, table string) (string, []string) {
	t.Helper()
	isView, behind := false, own.RowsTable+table
	must(t, s.driver.View(t.Context(), func(tx sql.Tx) error {
		return tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&isView) },
			"SELECT count(*) > 0 FROM pg_views WHERE schemaname = $1 AND viewname = $2", string(warehousetest.Final),
			table)
	}))
	if !isView {
		return table, nil
	}
	has := s.Columns(t, warehousetest.Final, behind)
	return behind, slices.DeleteFunc(s.Columns(t, warehousetest.Final, table), func(name string) bool {
		return slices.Contains(has, name)
	})
}

// moved is a row as the table with the rows has it.
func moved(t testing.TB, row warehousetest.Row, apart []string) (warehousetest.Row, string) {
	out, values := warehousetest.Row{}, map[string]*string{}
	for name, value := range row {
		if !slices.Contains(apart, name) {
			out[name] = value
		} else if value != nil {
			values[name] = value
		}
	}
	text, err := json.Marshal(values)
	must(t, err)
	return out, string(text)
}

func (s *overView) Insert(t testing.TB, side warehousetest.Side, table string, rows ...warehousetest.Row) {
	t.Helper()
	if behind, apart := s.behind(t, table); side == warehousetest.Final && len(apart) > 0 {
		for i, row := range rows {
			row, text := moved(t, row, apart)
			row[own.Overflow] = &text
			rows[i] = row
		}
		table = behind
	}
	s.Subject.Insert(t, side, table, rows...)
}

func (s *overView) Update(t testing.TB, side warehousetest.Side, table string, to warehousetest.Row) {
	t.Helper()
	behind, apart := s.behind(t, table)
	if side != warehousetest.Final || len(apart) == 0 {
		s.Subject.Update(t, side, table, to)
		return
	}
	row, text := moved(t, to, apart)
	if len(row) > 0 {
		s.Subject.Update(t, side, behind, row)
	}
	exec(t, s.driver, "UPDATE "+s.driver.Dialect().Table(string(side), behind)+" SET "+own.Overflow+" = coalesce("+
		own.Overflow+", '{}') || CAST("+dialect.Literal(text)+" AS JSONB)")
}

func (s *overView) Drop(t testing.TB, side warehousetest.Side, table string) {
	t.Helper()
	if _, apart := s.behind(t, table); side != warehousetest.Final || len(apart) == 0 {
		s.Subject.Drop(t, side, table)
		return
	}
	exec(t, s.driver, "DROP VIEW "+s.driver.Dialect().Table(string(side), table))
}

// A table with an overflow keeps all promises.
func TestOverflow(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, crowdedSubject, warehousetest.Procedures, warehousetest.Lands, warehousetest.Eraser,
		warehousetest.Adopter)
}

// So does the register beside it.
func TestOverflowBodies(t *testing.T) {
	t.Parallel()
	bodiestest.Run(t, crowdedSubject)
}

// So does the ledger of archives.
func TestOverflowArchived(t *testing.T) {
	t.Parallel()
	archivedtest.Run(t, crowdedSubject)
}

// So it does for CALL.
func TestOverflowCall(t *testing.T) {
	t.Parallel()
	var called atomic.Int64
	warehousetest.RunBy(t, func(t testing.TB) (warehousetest.Subject, warehousetest.Consolidator) {
		c := &caller{url: cluster.Database(t), called: &called}
		d := openAt(t, c.url)
		return &overView{oversql.New(crowded{d}), d}, c.consolidate
	})
	calledAtLeast(t, &called, 60)
}

func TestOverflowHistories(t *testing.T) { warehousetest.Histories(t, crowdedSubject) }
