package lake_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// What a hand writes to a final table stops its flow until somebody has looked at it. The suite asks what a run makes
// of it then: so each hand's snapshot is followed by one that says so. What comes before, TestChanged asks.

// write makes one snapshot as somebody else would, and has it accepted.
func (s *subject) write(t testing.TB, side warehousetest.Side, name string, do func(*table.Transaction) error) {
	t.Helper()
	s.byHand(t, side, name, do)
	if tb := s.find(t, side, name); tb.Properties()[keyStanding] != "" {
		s.restand(t, name, "Seen", tb.Metadata().LastSequenceNumber())
	}
}

// byHand makes one snapshot as somebody else would.
func (s *subject) byHand(t testing.TB, side warehousetest.Side, name string, do func(*table.Transaction) error) {
	t.Helper()
	tb := s.find(t, side, name)
	if tb == nil {
		t.Fatalf("there is no table %s.%s", side, name)
	}
	tx := tb.NewTransaction()
	if err := do(tx); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Insert adds rows to a table.
func (s *subject) Insert(t testing.TB, side warehousetest.Side, name string, rows ...warehousetest.Row) {
	t.Helper()
	switch name {
	case flowTable:
		s.register(t, rows...)
		return
	case versionTable:
		version := iceberg.Properties{"catchment.version": *rows[0]["version"]}
		s.setProperties(t, warehousetest.Staging, flowTable, version)
		return
	}
	s.write(t, side, name, func(tx *table.Transaction) error {
		return tx.AddDataFiles(t.Context(), s.files(t, s.find(t, side, name), rows), nil)
	})
}

// files writes rows into files of a table. A column that a row doesn't name is null.
func (s *subject) files(t testing.TB, tb *table.Table, rows []warehousetest.Row) []iceberg.DataFile {
	t.Helper()
	var all []own.Row
	for _, row := range rows {
		values := own.Row{}
		for column, text := range row {
			if _, is := tb.Schema().FindFieldByName(column); !is {
				t.Fatalf("table %s has no column %s", tb.Identifier()[1], column)
			}
			if text != nil {
				values[column] = *text
			}
		}
		if _, numbered := tb.Schema().FindFieldByName("number"); numbered {
			values["number"] = "0" // a tombstone that counts
		}
		all = append(all, values)
	}
	files, err := own.Write(t.Context(), tb, slices.Values(all))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// register writes lines of the registry, as another version of Catchment would.
func (s *subject) register(t testing.TB, rows ...warehousetest.Row) {
	t.Helper()
	for _, row := range rows {
		line := struct{ Mark warehouse.Mark }{warehouse.Mark{Flow: *row["flow"], Table: *row["table_name"],
			Org: *row["org"], Fence: 1, Generation: 1}}
		text, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		s.setProperties(t, warehousetest.Staging, flowTable,
			iceberg.Properties{"catchment.flow." + *row["flow"]: string(text)})
	}
}

func (s *subject) setProperties(t testing.TB, side warehousetest.Side, name string, p iceberg.Properties) {
	t.Helper()
	s.byHand(t, side, name, func(tx *table.Transaction) error { return tx.SetProperties(p) })
}

// Update sets columns of all rows of a table.
func (s *subject) Update(t testing.TB, side warehousetest.Side, name string, to warehousetest.Row) {
	t.Helper()
	rows := s.all(t, side, name)
	for _, row := range rows {
		maps.Copy(row, to)
	}
	s.replace(t, side, name, rows)
}

// all are all rows of a table.
func (s *subject) all(t testing.TB, side warehousetest.Side, name string) []warehousetest.Row {
	t.Helper()
	tb := s.find(t, side, name)
	var rows []warehousetest.Row
	for row := range s.read(t, tb) {
		rows = append(rows, shown(tb.Schema(), row))
	}
	return rows
}

// replace has a table hold these rows and no others.
func (s *subject) replace(t testing.TB, side warehousetest.Side, name string, rows []warehousetest.Row) {
	t.Helper()
	tb := s.find(t, side, name)
	gone, settled, err := tables.Files(t.Context(), tb)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, side, name, func(tx *table.Transaction) error {
		return tx.ReplaceFiles(t.Context(), gone, s.files(t, tb, rows), settled, nil)
	})
}

// Delete removes the rows with some ids, or all.
func (s *subject) Delete(t testing.TB, side warehousetest.Side, name string, ids ...string) {
	t.Helper()
	if name == flowTable {
		s.byHand(t, side, name, func(tx *table.Transaction) error {
			var lines []string
			for key := range s.find(t, side, name).Properties() {
				if len(key) > len("catchment.flow.") && key[:len("catchment.flow.")] == "catchment.flow." {
					lines = append(lines, key)
				}
			}
			return tx.RemoveProperties(lines)
		})
		return
	}
	tb := s.find(t, side, name)
	if tb == nil {
		t.Fatalf("there is no table %s.%s", side, name)
	}
	if tb.CurrentSnapshot() == nil {
		return
	}
	var which iceberg.BooleanExpression = iceberg.AlwaysTrue{}
	if len(ids) > 0 {
		which = iceberg.IsIn(iceberg.Reference("id"), ids...)
	}
	s.write(t, side, name, func(tx *table.Transaction) error { return tx.Delete(t.Context(), which, nil) })
}

// Drop removes a table.
func (s *subject) Drop(t testing.TB, side warehousetest.Side, name string) {
	t.Helper()
	if err := s.DropTable(t.Context(), tables.Name(string(side), name)); err != nil {
		t.Fatal(err)
	}
}

// Make makes a table of text columns.
func (s *subject) Make(t testing.TB, side warehousetest.Side, name string, texts ...string) {
	t.Helper()
	var all []shape.Column
	for _, c := range texts {
		all = append(all, shape.Column{Name: c, Kind: shape.Text})
	}
	making := tables.Making{Schema: columns.Schema(all, nil)}
	if _, err := s.lake().Make(t.Context(), tables.Name(string(side), name), making); err != nil {
		t.Fatal(err)
	}
}

// Copy makes another table with the rows of a table, and with what it says of itself.
func (s *subject) Copy(t testing.TB, side warehousetest.Side, name, to string) {
	t.Helper()
	tb := s.find(t, side, name)
	_, err := s.CreateTable(t.Context(), tables.Name(string(side), to), tb.Schema(),
		catalog.WithProperties(tb.Properties()), catalog.WithSortOrder(tb.SortOrder()))
	if err != nil {
		t.Fatal(err)
	}
	s.Insert(t, side, to, s.all(t, side, name)...)
}

// Rename gives a table another name.
func (s *subject) Rename(t testing.TB, side warehousetest.Side, name, to string) {
	t.Helper()
	from, into := tables.Name(string(side), name), tables.Name(string(side), to)
	if _, err := s.RenameTable(t.Context(), from, into); err != nil {
		t.Fatal(err)
	}
}

// keyStanding is where a final table says how it stands.
const keyStanding = "catchment.standing"

// restand has a final table say something else of how it stands.
func (s *subject) restand(t testing.TB, name, what string, number int64) {
	t.Helper()
	_, err := s.lake().Commit(t.Context(), tables.Name(string(warehousetest.Final), name),
		func(_ context.Context, tb *table.Table) (*tables.Change, error) {
			stands := map[string]any{}
			if err := json.Unmarshal([]byte(tb.Properties()[keyStanding]), &stands); err != nil {
				return nil, err
			}
			stands[what] = number
			text, err := json.Marshal(stands)
			says := iceberg.Properties{keyStanding: string(text)}
			return &tables.Change{Summary: says, Properties: says}, err
		})
	if err != nil {
		t.Fatal(err)
	}
}
