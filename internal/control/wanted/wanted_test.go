package wanted_test

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"catchment/internal/control/sqlite"
	"catchment/internal/control/versioned"
	"catchment/internal/control/wanted"
	"catchment/internal/plan"
)

func open(t *testing.T) *sqlite.Table {
	t.Helper()
	table, err := sqlite.Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}

func all(t *testing.T, rows wanted.Rows) []wanted.Row {
	t.Helper()
	found, err := rows.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRows(t *testing.T) {
	rows := wanted.In(open(t))
	account := wanted.Row{Object: "Account", Template: "templates/a.yaml",
		Window: &wanted.Window{Last: "1d", Zone: "Europe/Berlin"}}
	for _, change := range []struct {
		row  wanted.Row
		want bool
	}{
		{account, true}, {account, false}, {wanted.Row{Object: "Case"}, true}, {wanted.Row{Object: "Case"}, false},
		{wanted.Row{Object: "Case", Paused: true}, true}, {wanted.Row{Object: "*"}, true},
		{wanted.Row{Object: "Case", Paused: true, Window: &wanted.Window{Last: "1d"}}, true},
		{wanted.Row{Object: "Case", Paused: true, Window: &wanted.Window{Last: "2d"}}, true},
	} {
		if changed, err := rows.Put(t.Context(), change.row); err != nil || changed != change.want {
			t.Errorf("put %+v: %t, %v", change.row, changed, err)
		}
	}
	found := all(t, rows)
	if names := wanted.Objects(found); !slices.Equal(names, []string{"*", "Account", "Case"}) {
		t.Errorf("rows of %q", names)
	}
	if a := found[1]; a.Template != account.Template || a.Window == nil || *a.Window != *account.Window || a.Paused {
		t.Errorf("Account came back as %+v", a)
	}
	for _, want := range []bool{true, false} {
		if was, err := rows.Remove(t.Context(), "Account"); err != nil || was != want {
			t.Errorf("remove: %t, %v", was, err)
		}
	}
}

// A row that nobody can read is told in its own place, by its key, and never by its data.
func TestWrongRows(t *testing.T) {
	table := open(t)
	for id, data := range map[string]string{
		"A": `{}`, "B": `{"template": 3}`, "C": `{"tempalte": "x"}`, "D": ``, "E": `{} {}`, "F": `[]`, "G": `hunter2`,
		"Z": `{"template": "templates/z.yaml"}`,
	} {
		_, err := table.Put(t.Context(), versioned.Row{Key: versioned.Key{Kind: "wanted", ID: id}, Data: []byte(data)})
		if err != nil {
			t.Fatal(err)
		}
	}
	found := all(t, wanted.In(table))
	if len(found) != 8 {
		t.Fatalf("%d rows: %+v", len(found), found)
	}
	for _, row := range found {
		if right := row.Object == "A" || row.Object == "Z"; right != (row.Wrong == nil) {
			t.Errorf("%s: %v", row.Object, row.Wrong)
			continue
		} else if right {
			continue
		}
		if plan.ClassOf(row.Wrong) != plan.Fix || !strings.Contains(row.Wrong.Error(), "control row "+row.Object) ||
			!strings.Contains(plan.HintOf(row.Wrong), "catchment flows push") ||
			strings.Contains(row.Wrong.Error(), "hunter2") {
			t.Errorf("%s: %v", row.Object, row.Wrong)
		}
	}
	if _, err := wanted.In(table).Put(t.Context(), wanted.Row{Object: "G"}); err != nil {
		t.Fatal(err)
	}
	if row := all(t, wanted.In(table))[6]; row.Wrong != nil {
		t.Errorf("written anew it is still wrong: %v", row.Wrong)
	}
}

// A flaky table fails as it is told.
type flaky struct {
	versioned.Table
	list      error
	conflicts int
}

func (f *flaky) List(ctx context.Context, kind, prefix string) iter.Seq2[versioned.Row, error] {
	return func(yield func(versioned.Row, error) bool) {
		key := versioned.Key{Kind: kind, ID: "Odd"}
		if !yield(versioned.Row{Key: key}, &versioned.Unreadable{Key: key, Err: errors.New("not ours")}) {
			return
		}
		for row, err := range f.Table.List(ctx, kind, prefix) {
			if !yield(row, err) {
				return
			}
		}
		if f.list != nil {
			yield(versioned.Row{}, f.list)
		}
	}
}

func (f *flaky) Put(ctx context.Context, r versioned.Row) (versioned.Row, error) {
	if f.conflicts > 0 {
		f.conflicts--
		return r, versioned.ErrConflict
	}
	return f.Table.Put(ctx, r)
}

func TestTableFails(t *testing.T) {
	table := &flaky{Table: open(t), conflicts: 3}
	rows := wanted.In(table)
	if changed, err := rows.Put(t.Context(), wanted.Row{Object: "Case"}); err != nil || !changed {
		t.Errorf("put while others write: %t, %v", changed, err)
	}
	found := all(t, rows)
	if len(found) != 2 || found[0].Object != "Odd" || found[0].Wrong == nil || found[1].Wrong != nil {
		t.Errorf("beside a row that nobody can read: %+v", found)
	}
	table.list = errors.New("down")
	if _, err := rows.All(t.Context()); !errors.Is(err, table.list) {
		t.Errorf("a listing that breaks off: %v", err)
	}
	table.conflicts = 100
	if _, err := rows.Put(t.Context(), wanted.Row{Object: "Lead"}); plan.ClassOf(err) != plan.Retry {
		t.Errorf("somebody else is always faster: %v", err)
	}
}
