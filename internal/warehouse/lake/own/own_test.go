package own_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	catalog "github.com/apache/iceberg-go/catalog/sql"
	_ "modernc.org/sqlite"

	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
)

func newLake(t *testing.T) *tables.Lake {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := catalog.NewCatalog("lake", db, catalog.SQLite, iceberg.Properties{"sql.driver": "sqlite",
		"sql.dialect": "sqlite", "init_catalog_tables": "true", "warehouse": "file://" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &tables.Lake{Catalog: c, Pause: func(context.Context, time.Duration) error { return nil }}
}

// TestEdit has several write to one table at once, each the rows of its own object.
func TestEdit(t *testing.T) {
	t.Parallel()
	in := newLake(t)
	for _, one := range own.All() {
		made, err := in.Make(t.Context(), tables.Name("s", one.Name), one.Making())
		if err != nil {
			t.Fatalf("%s: %v", one.Name, err)
		}
		if spec := made.Spec(); (one.By != "") != (spec.NumFields() == 1) {
			t.Errorf("%s is partitioned by %d columns", one.Name, spec.NumFields())
		}
	}
	name := tables.Name("s", own.Fields)
	put := func(object string, fields ...string) error {
		return own.Edit(t.Context(), in, name, own.Is("object", object), func(rows []own.Row) []own.Row {
			if slices.ContainsFunc(rows, func(r own.Row) bool { return r["object"] != object }) {
				t.Errorf("the edit of %s is given rows of others", object)
			}
			rows = rows[:0]
			for _, f := range fields {
				rows = append(rows, own.Row{"object": object, "field": f, "length": "18", "nillable": "true"})
			}
			return rows
		})
	}
	var wait sync.WaitGroup
	for i := range 5 {
		wait.Go(func() {
			object := fmt.Sprint("o", i)
			for _, fields := range [][]string{{"Id"}, {"Id", "Name"}, {"Id", "Name"}} {
				if err := put(object, fields...); err != nil {
					t.Errorf("%s: %v", object, err)
				}
			}
		})
	}
	wait.Wait()
	found, err := in.Find(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	before := found.CurrentSnapshot().SnapshotID
	var got []string
	for r, err := range own.Read(t.Context(), found, iceberg.AlwaysTrue{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r["object"]+"."+r["field"]+" "+r["length"]+" "+r["nillable"])
	}
	slices.Sort(got)
	if len(got) != 10 || !strings.HasPrefix(got[3], "o1.Name 18 true") {
		t.Errorf("%q", got)
	}
	if err := put("o1", "Name", "Id"); err != nil {
		t.Fatal(err)
	}
	if found, err = in.Find(t.Context(), name); err != nil || found.CurrentSnapshot().SnapshotID != before {
		t.Errorf("an edit that changes nothing has made a snapshot: %v", err)
	}
}
