package warehousetest

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Columns that no table has: what a row says, in one word.
const (
	live  = "live"  // whether the record isn't deleted
	state = "state" // "live", or the reason why it is deleted
)

// rows looks at the final table, in order of its Ids: each row is the values of
// some columns, joined by a bar.
func (r *rig) rows(columns ...string) []string {
	r.t.Helper()
	lines := r.lines(Final, "account", append([]string{"id"}, columns...)...)
	for i, line := range lines {
		_, lines[i], _ = strings.Cut(line, "|")
	}
	return lines
}

// staged looks at the staging table as rows does at the final one. What was merged
// may stay there, and isn't staged any more.
func (r *rig) staged(columns ...string) []string {
	r.t.Helper()
	rows := r.subject.Look(r.t, Staging, "account")
	if r.subject.Traits().History {
		open := map[string]bool{"~": true}
		for _, page := range r.subject.Look(r.t, Staging, "_catchment_page") {
			open[r.text(page, "attempt")] = true
		}
		rows = slices.DeleteFunc(rows, func(row Row) bool { return !open[r.text(row, "_catchment_attempt")] })
	}
	return linesOf(r, rows, columns...)
}

// lines looks at any table: each row is the values of some columns, joined by a
// bar, and the rows are in order of these values. Null is "~".
func (r *rig) lines(s Side, table string, columns ...string) []string {
	r.t.Helper()
	return linesOf(r, r.subject.Look(r.t, s, table), columns...)
}

func linesOf(r *rig, looked []Row, columns ...string) []string {
	r.t.Helper()
	var rows [][]string
	for _, row := range looked {
		var texts []string
		for _, column := range columns {
			texts = append(texts, r.text(row, column))
		}
		rows = append(rows, texts)
	}
	slices.SortFunc(rows, slices.Compare)
	lines := make([]string, len(rows))
	for i, texts := range rows {
		lines[i] = strings.Join(texts, "|")
	}
	return lines
}

// text is what a row says in a column.
func (r *rig) text(row Row, column string) string {
	r.t.Helper()
	switch column {
	case live:
		if r.text(row, "_catchment_deleted_at") == "~" {
			return "true"
		}
		return "false"
	case state:
		if r.text(row, live) == "true" {
			return live
		}
		column = "_catchment_delete_reason"
	}
	value, ok := row[column]
	switch {
	case !ok:
		r.t.Fatalf("there is no column %s", column)
	case value == nil:
		return "~"
	}
	return *value
}

// beginning keeps the lines that begin so.
func beginning(prefix string, lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return !strings.HasPrefix(line, prefix) })
}

// row makes a row of names and values in turn.
func row(namesAndValues ...string) Row {
	out := Row{}
	for pair := range slices.Chunk(namesAndValues, 2) {
		out[pair[0]] = &pair[1]
	}
	return out
}

// moment writes a moment as a table has it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999") + "+00" }

// plain writes a decimal without the zeros that a scale has added.
func plain(v string) string {
	if strings.Contains(v, ".") {
		v = strings.TrimSuffix(strings.TrimRight(v, "0"), ".")
	}
	return v
}

// find is the row of the final table that has an Id.
func (r *rig) find(id string) Row {
	r.t.Helper()
	for _, row := range r.subject.Look(r.t, Final, "account") {
		if r.text(row, "id") == id {
			return row
		}
	}
	r.t.Fatalf("no row of %s", id)
	return nil
}

// A witness is a testing.TB that remembers that something failed, where the test
// wants it to.
type witness struct {
	testing.TB
	failed bool
}

func (w *witness) Fail()                 { w.failed = true }
func (w *witness) Failed() bool          { return w.failed }
func (w *witness) Error(...any)          { w.failed = true }
func (w *witness) Errorf(string, ...any) { w.failed = true }
func (w *witness) Fatal(...any)          { w.FailNow() }
func (w *witness) Fatalf(string, ...any) { w.FailNow() }

// FailNow ends the goroutine, as testing.TB promises.
func (w *witness) FailNow() {
	w.failed = true
	runtime.Goexit()
}

// refused tells whether what do does with the subject fails.
func refused(t testing.TB, do func(t testing.TB)) bool {
	w := &witness{TB: t}
	var wait sync.WaitGroup
	wait.Go(func() { do(w) })
	wait.Wait()
	return w.failed
}
