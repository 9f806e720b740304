package removal_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	catalog "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	_ "modernc.org/sqlite"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

var name = tables.Name("staging", "account")

// made is a lake on a folder, with a table of attempts that is partitioned by the day on which they were read.
func made(t *testing.T) *tables.Lake {
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
	c, err := catalog.NewCatalog("lake", db, catalog.SQLite, iceberg.Properties{"sql.driver": "sqlite",
		"sql.dialect": "sqlite", "init_catalog_tables": "true", "warehouse": "file://" + folder})
	if err != nil {
		t.Fatal(err)
	}
	lake := &tables.Lake{Catalog: c, Pause: func(context.Context, time.Duration) error { return nil }}
	schema := columns.Schema([]shape.Column{{Name: "id", Kind: shape.Text}}, columns.Staging())
	readAt, _ := schema.FindFieldByName(columns.ReadAt)
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{SourceIDs: []int{readAt.ID}, FieldID: 1000, Name: "day",
		Transform: iceberg.DayTransform{}})
	if _, err := lake.Make(t.Context(), name, tables.Making{Schema: schema, Spec: &spec}); err != nil {
		t.Fatal(err)
	}
	return lake
}

// add adds a file of rows, each as "id attempt", that were read on a day.
func add(t *testing.T, lake *tables.Lake, day string, rows ...string) {
	t.Helper()
	_, err := lake.Commit(t.Context(), name, func(ctx context.Context, tb *table.Table) (*tables.Change, error) {
		var all []own.Row
		for _, text := range rows {
			var id, attempt string
			if _, err := fmt.Sscan(text, &id, &attempt); err != nil {
				return nil, err
			}
			all = append(all, own.Row{"id": id, columns.Attempt: attempt, columns.Job: "job",
				columns.ReadAt: day + " 10:00:00+00"})
		}
		files, err := own.Write(ctx, tb, slices.Values(all))
		return &tables.Change{Rows: files}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOf takes rows out, as whole files and out of files, and leaves all others.
func TestOf(t *testing.T) {
	t.Parallel()
	long := "Opportunity-20260301T000000000"
	for _, c := range []struct {
		what   removal.Where
		left   string
		writes bool // files anew
	}{
		{removal.Where{In: map[string][]string{columns.Attempt: {"a1"}}}, "[3 4 5 6 7]", true},
		{removal.Where{In: map[string][]string{columns.Attempt: {long + "-1"}}}, "[1 2 3 4 6 7]", true},
		{removal.Where{In: map[string][]string{columns.Attempt: {"a2"}}}, "[1 2 4 5 6 7]", true},
		{removal.Where{In: map[string][]string{columns.Attempt: {"none"}}}, "[1 2 3 4 5 6 7]", false},
		{removal.Where{In: map[string][]string{columns.Attempt: {"a1", "a2", "a3"}}}, "[5 6 7]", false},
		{removal.Where{In: map[string][]string{columns.Attempt: {"a1"}},
			NotIn: map[string][]string{columns.Job: {"job"}}}, "[1 2 3 4 5 6 7]", true},
		{removal.Where{Before: map[string]time.Time{columns.ReadAt: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)}},
			"[5 6 7]", false},
		{removal.Where{Before: map[string]time.Time{columns.ReadAt: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)},
			NotIn: map[string][]string{columns.Attempt: {"a2"}}}, "[3 5 6 7]", true},
	} {
		lake := made(t)
		add(t, lake, "2026-03-01", "1 a1", "2 a1")
		add(t, lake, "2026-03-02", "3 a2", "4 a3")
		add(t, lake, "2026-03-03", "5 "+long+"-1")
		add(t, lake, "2026-03-03", "6 "+long+"-2", "7 "+long+"-2")
		var change tables.Change
		take := func(ctx context.Context, tb *table.Table) (*tables.Change, error) {
			change = tables.Change{}
			any, err := removal.Of(ctx, tb, c.what, &change)
			if err != nil || !any {
				return nil, err
			}
			return &change, nil
		}
		after, err := lake.Commit(t.Context(), name, take)
		if err != nil {
			t.Fatalf("%+v: %v", c.what, err)
		}
		var ids []string
		for row, err := range own.Read(t.Context(), after, iceberg.AlwaysTrue{}) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, row["id"])
		}
		slices.Sort(ids)
		if got := fmt.Sprint(ids); got != c.left {
			t.Errorf("%+v leaves %s", c.what, got)
		}
		if len(change.Rows) > 0 && !c.writes {
			t.Errorf("%+v writes %d files anew", c.what, len(change.Rows))
		}
	}
}
