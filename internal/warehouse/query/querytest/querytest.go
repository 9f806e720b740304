// Package querytest holds the sessions of each kind of warehouse to package query, in tests.
//
// Run is the suite: a driver's test gives it a session and a table to ask for, and adds what its
// own engine can be tempted to.
package querytest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse/query"
)

// Setup are the statements that make what Run asks for, in a schema that is there already and
// whose name is in the place of each %s.
func Setup(schema string) []string {
	return []string{
		"CREATE TABLE " + schema + ".note (id VARCHAR(18), n INTEGER, amount DECIMAL(12, 2), done BOOLEAN, day DATE)",
		"INSERT INTO " + schema + ".note VALUES ('a', 1, 1.50, true, '2026-03-01'), ('b', 2, -0.05, false, NULL), " +
			"('c', NULL, NULL, NULL, NULL)",
	}
}

// A Subject is a session that is held to the contract.
type Subject struct {
	Session query.Session
	Rows    func() string // what somebody else finds in the table, in any form
}

// An Answer keeps all that it is given.
type Answer struct {
	Names []string
	All   [][]query.Cell
	Fails error // of the first row
}

// Columns keeps the names.
func (a *Answer) Columns(names []string) error {
	a.Names = names
	return nil
}

// Row keeps the cells.
func (a *Answer) Row(cells []query.Cell) error {
	a.All = append(a.All, cells)
	return a.Fails
}

// Texts are the rows, each as its texts with a bar between. Null is a dash.
func (a *Answer) Texts() []string {
	var all []string
	for _, cells := range a.All {
		texts := make([]string, len(cells))
		for i, c := range cells {
			if texts[i] = c.Text; c.Kind == query.Null {
				texts[i] = "-"
			}
		}
		all = append(all, strings.Join(texts, "|"))
	}
	return all
}

// Ask asks for all rows.
func Ask(ctx context.Context, s query.Session, statement string) (Answer, error) {
	var a Answer
	err := s.Ask(ctx, query.Question{Statement: statement}, &a)
	return a, err
}

// Run holds a session to what all promise.
func Run(t *testing.T, s Subject) {
	ask := func(statement string) (Answer, error) { return Ask(t.Context(), s.Session, statement) }
	t.Run("answers", func(t *testing.T) { answers(t, ask) })
	t.Run("most", func(t *testing.T) { most(t, s.Session) })
	t.Run("refusals", func(t *testing.T) { Refused(t, s, tempting()) })
	t.Run("errors", func(t *testing.T) {
		broken := errors.New("the pipe is broken")
		a := Answer{Fails: broken}
		all := query.Question{Statement: "SELECT id FROM note"}
		if err := s.Session.Ask(t.Context(), all, &a); !errors.Is(err, broken) {
			t.Errorf("the answer's error became %v", err)
		}
		stopped, cancel := context.WithCancelCause(t.Context())
		cancel(plan.ErrStopped)
		if _, err := Ask(stopped, s.Session, "SELECT id FROM note"); !errors.Is(err, plan.ErrStopped) {
			t.Errorf("stopped: %v", err)
		}
	})
	t.Run("again", func(t *testing.T) { answers(t, ask) }) // whatever was refused, or given up
}

// answers are of each kind, and in the order that was asked for.
func answers(t *testing.T, ask func(string) (Answer, error)) {
	a, err := ask("SELECT id, n, amount, done, day, n AS id FROM note ORDER BY 1; -- all of them")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Names, []string{"id", "n", "amount", "done", "day", "id"}) {
		t.Errorf("the columns are %v", a.Names)
	}
	want := []string{"a|1|1.50|true|2026-03-01|1", "b|2|-0.05|false|-|2", "c|-|-|-|-|-"}
	if got := a.Texts(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	kinds := []query.Kind{query.Word, query.Number, query.Number, query.Truth, query.Word, query.Number}
	for i, c := range a.All[0] {
		if c.Kind != kinds[i] {
			t.Errorf("%s is of kind %d, want %d", a.Names[i], c.Kind, kinds[i])
		}
	}
	if a, err = ask("SELECT id FROM note WHERE n > 2"); err != nil || len(a.Names) != 1 || len(a.All) != 0 {
		t.Errorf("no rows: %v, %v", a, err)
	}
	if a, err = ask("EXPLAIN SELECT id FROM note"); err != nil || len(a.All) == 0 {
		t.Errorf("EXPLAIN: %v, %v", a, err)
	}
}

// most bounds what is given, however the statement ends.
func most(t *testing.T, s query.Session) {
	for _, statement := range []string{"SELECT id FROM note ORDER BY id DESC",
		"SELECT id FROM note ORDER BY id DESC ; ",
		"SELECT id FROM note ORDER BY id DESC -- newest", "SELECT id FROM note ORDER BY id DESC; -- newest",
		"SELECT id FROM note ORDER BY id DESC LIMIT 3", "VALUES ('c'), ('b'), ('a')"} {
		var a Answer
		err := s.Ask(t.Context(), query.Question{Statement: statement, Most: 2}, &a)
		if got := a.Texts(); err != nil || !slices.Equal(got, []string{"c", "b"}) {
			t.Errorf("%s: %v, %v", statement, got, err)
		}
	}
}

// tempting is what every engine could do.
func tempting() []string {
	return []string{
		"", ";", "-- nothing",
		"COMMIT; DELETE FROM note", "COMMIT; DELETE FROM note; SELECT 1", "SELECT 1; SELECT 2",
		"ROLLBACK; DROP TABLE note", "COMMIT", "BEGIN", "END",
		"DELETE FROM note", "DELETE FROM note RETURNING id", "UPDATE note SET n = 9",
		"INSERT INTO note (id) VALUES ('d')",
		"INSERT INTO note (id) VALUES ('d') RETURNING id", "TRUNCATE note", "DROP TABLE note",
		"ALTER TABLE note ADD COLUMN x INTEGER", "CREATE TABLE other (n INTEGER)",
		"CREATE TABLE other AS SELECT 1 AS n",
		"CREATE VIEW other AS SELECT 1 AS n", "CREATE SEQUENCE other", "SELECT id FROM note WHERE n = $1",
		"EXPLAIN ANALYZE DELETE FROM note", "SET search_path = public",
		"SELECT id FRM note", "SELECT id FROM nowhere", "SELECT nothing FROM note",
		") SELECT 1 (", "SELECT 1) , (SELECT 2", "SELECT 1) LIMIT 1; DELETE FROM note; SELECT * FROM (SELECT 1",
	}
}

// Refused has a session refuse statements so that a user knows what to do, and the table stays
// as it is. The session goes on.
func Refused(t *testing.T, s Subject, statements []string) {
	t.Helper()
	before := s.Rows()
	for _, statement := range statements {
		for _, most := range []int{0, 5} {
			var a Answer
			err := s.Session.Ask(t.Context(), query.Question{Statement: statement, Most: most}, &a)
			if err == nil || plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
				t.Errorf("%s: rows %v, %s: %v (%s)", statement, a.Texts(), plan.ClassOf(err), err, plan.HintOf(err))
			}
		}
	}
	if after := s.Rows(); after != before {
		t.Errorf("the table became %s, and was %s", after, before)
	}
}
