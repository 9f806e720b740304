package lake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/warehousetest"
)

// What other warehouses have as tables, and a lake as properties of its tables: the eyes show it as those have it.
const (
	flowTable    = "_catchment_flow"
	pageTable    = "_catchment_page"
	attemptTable = "_catchment_attempt"
	versionTable = "_catchment_version"
)

// Tables lists the tables of a side, and what stands for such.
func (s *subject) Tables(t testing.TB, side warehousetest.Side) []string {
	t.Helper()
	names, err := s.lake().All(t.Context(), string(side))
	if err != nil {
		t.Fatal(err)
	}
	if side == warehousetest.Staging {
		names = append(names, pageTable)
	}
	slices.Sort(names)
	return names
}

// Columns lists the columns of a table, none where there is no table.
func (s *subject) Columns(t testing.TB, side warehousetest.Side, name string) []string {
	t.Helper()
	tb := s.find(t, side, name)
	if tb == nil {
		return nil
	}
	var names []string
	for _, f := range tb.Schema().Fields() {
		names = append(names, f.Name)
	}
	return names
}

// find is a table, nil where there is none.
func (s *subject) find(t testing.TB, side warehousetest.Side, name string) *table.Table {
	t.Helper()
	tb, err := s.lake().Find(t.Context(), tables.Name(string(side), name))
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

// Look reads all rows of a table.
func (s *subject) Look(t testing.TB, side warehousetest.Side, name string) []warehousetest.Row {
	t.Helper()
	switch name {
	case flowTable:
		return s.flows(t)
	case pageTable:
		return s.pages(t)
	case attemptTable: // what is sealed is in the ledger, and nobody here but Consolidate goes on with it
		return nil
	case versionTable:
		version := s.find(t, warehousetest.Staging, flowTable).Properties()["catchment.version"]
		return []warehousetest.Row{{"version": &version}}
	}
	tb := s.find(t, side, name)
	if tb == nil {
		t.Fatalf("there is no table %s.%s", side, name)
	}
	var all []warehousetest.Row
	for row := range s.read(t, tb) {
		if name != own.Tombstone || s.counts(t, row) {
			all = append(all, shown(tb.Schema(), row))
		}
	}
	return all
}

// counts tells whether a tombstone does: it was written for a snapshot, which is there.
func (s *subject) counts(t testing.TB, tomb own.Row) bool {
	t.Helper()
	tb := s.find(t, warehousetest.Final, tomb["table_name"])
	if tb == nil {
		return false
	}
	var stands struct{ Number int64 }
	if err := json.Unmarshal([]byte(tb.Properties()["catchment.standing"]), &stands); err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseInt(tomb["number"], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return number <= stands.Number
}

func (s *subject) read(t testing.TB, tb *table.Table) func(func(own.Row) bool) {
	return func(yield func(own.Row) bool) {
		for row, err := range own.Read(t.Context(), tb, iceberg.AlwaysTrue{}) {
			if err != nil {
				t.Fatal(err)
			}
			if !yield(row) {
				return
			}
		}
	}
}

// shown is a row with all its columns.
func shown(schema *iceberg.Schema, row own.Row) warehousetest.Row {
	out := warehousetest.Row{}
	for _, f := range schema.Fields() {
		out[f.Name] = nil
		if text, is := row[f.Name]; is {
			out[f.Name] = &text
		}
	}
	return out
}

// flows are the marks as rows.
func (s *subject) flows(t testing.TB) []warehousetest.Row {
	t.Helper()
	marks, err := s.plain().Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []warehousetest.Row
	for _, m := range marks {
		all = append(all, markRow(m))
	}
	return all
}

func markRow(m warehouse.Mark) warehousetest.Row {
	row := warehousetest.Row{}
	put := func(column, text string) {
		if row[column] = nil; text != "" {
			row[column] = &text
		}
	}
	moment := func(column string, at time.Time) {
		if row[column] = nil; !at.IsZero() {
			put(column, columns.Moment(at))
		}
	}
	put("flow", m.Flow)
	put("table_name", m.Table)
	put("fence", strconv.FormatInt(m.Fence, 10))
	put("org", m.Org)
	put("generation", strconv.FormatInt(m.Generation, 10))
	put("row_count", strconv.FormatInt(m.Rows, 10))
	put("grade", m.Grade)
	put("attempt", m.Attempt)
	put("memory", m.Memory)
	moment("watermark", m.Watermark)
	moment("synced_at", m.SyncedAt)
	moment("newest", m.Newest)
	return row
}

// pages are the lines of all ledgers as rows.
func (s *subject) pages(t testing.TB) []warehousetest.Row {
	t.Helper()
	names, err := s.lake().All(t.Context(), string(warehousetest.Staging))
	if err != nil {
		t.Fatal(err)
	}
	var all []warehousetest.Row
	for _, name := range names {
		properties := s.find(t, warehousetest.Staging, name).Properties()
		for _, attempt := range ledger.Attempts(properties) {
			has, err := ledger.Read(properties, attempt)
			if err != nil {
				t.Fatal(err)
			}
			for _, job := range has.Jobs {
				all = append(all, pagesOf(attempt, job)...)
			}
		}
	}
	return all
}

func pagesOf(attempt string, job ledger.Job) (all []warehousetest.Row) {
	op, readAt, columns := string(job.Op), columns.Moment(job.ReadAt), strings.Join(job.Columns, ",")
	for _, page := range job.Pages {
		seq, rows := fmt.Sprint(page.Seq), fmt.Sprint(page.Rows)
		all = append(all, warehousetest.Row{"attempt": &attempt, "job": &job.Name, "op": &op, "seq": &seq,
			"row_count": &rows, "columns": &columns, "read_at": &readAt})
	}
	return all
}
