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
		all = append(all, shown(tb.Schema(), row))
	}
	if name == own.Tombstone {
		return s.counting(t, all)
	}
	return all
}

// counting are the tombstones that count: of each record the line that was written last, of those that have no number,
// or that of a try of which the final table knows.
func (s *subject) counting(t testing.TB, lines []warehousetest.Row) (all []warehousetest.Row) {
	t.Helper()
	order := func(line warehousetest.Row) int {
		number, err := strconv.ParseInt(*line["number"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if number == 0 {
			return 0
		}
		return slices.Index(s.buried(t, *line["table_name"]), number)*2 + 1 // less than none where it isn't known
	}
	last := map[string]warehousetest.Row{}
	for _, line := range lines {
		key := *line["table_name"] + " " + *line["record_key"]
		if was, is := last[key]; order(line) >= 0 && (!is || order(line) >= order(was)) {
			last[key] = line
		}
	}
	for _, line := range last {
		if line["reason"] != nil { // else the record came back
			all = append(all, line)
		}
	}
	return all
}

// buried are the tries of tombstones that a final table knows.
func (s *subject) buried(t testing.TB, name string) []int64 {
	t.Helper()
	var stands struct{ Buried []int64 }
	s.stands(t, name, &stands)
	return stands.Buried
}

// merged are the attempts that a final table was made of last.
func (s *subject) merged(t testing.TB, name string) (attempts []string) {
	t.Helper()
	var stands struct{ Done []struct{ Attempt string } }
	s.stands(t, name, &stands)
	for _, d := range stands.Done {
		attempts = append(attempts, d.Attempt)
	}
	return attempts
}

// stands reads what a final table says of itself, if there is one and it does.
func (s *subject) stands(t testing.TB, name string, into any) {
	t.Helper()
	tb := s.find(t, warehousetest.Final, name)
	if tb == nil || tb.Properties()["catchment.standing"] == "" {
		return
	}
	if err := json.Unmarshal([]byte(tb.Properties()["catchment.standing"]), into); err != nil {
		t.Fatal(err)
	}
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

// pages are the lines of all ledgers as rows: those of attempts that the final table hasn't merged. A process that dies
// right after a merge leaves the others to the next.
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
			if slices.Contains(s.merged(t, name), attempt) {
				continue
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
