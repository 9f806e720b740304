// Package archives is what became of records that were to leave Salesforce, over any warehouse
// that speaks SQL: an archived.Ledger.
//
// Its lines are in _catchment_archive, beside the final tables. A line and the mark on the
// row that it is about are written in one transaction. How merges leave those rows alone is a
// matter of package statements. Start at Ledger.Settle; lines.go reads lines, rows.go rows.
package archives

import (
	"context"
	"fmt"
	"strings"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// A Tx is one transaction of the warehouse.
type Tx interface {
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	Query(ctx context.Context, each func(scan func(dest ...any) error) error, sql string, args ...any) error
}

// A Place is the warehouse, as far as a ledger uses it.
type Place struct {
	Dialect *dialect.Dialect
	Options warehouse.Options
	// View does f on one picture of the warehouse.
	View func(ctx context.Context, f func(Tx) error) error
	// Fenced does f in a transaction that first proves that a fence still holds. Where locks come
	// first, the final table of a name is locked, too.
	Fenced func(ctx context.Context, f warehouse.Fence, what, table string, do func(Tx) error) error
	// Columns are those of a final table, none where there is none.
	Columns func(ctx context.Context, tx Tx, table string) ([]dialect.Stored, error)
	// Touched has a flow's mark know that rows of its table were written at a moment.
	Touched func(ctx context.Context, tx Tx, flow string, written, read time.Time) error
	// Outdate has CALL refuse a table whose procedure knows nothing of archives.
	Outdate func(ctx context.Context, tx Tx, flow string) error
}

// A Ledger is the lines of one warehouse.
type Ledger struct{ at Place }

// New is the ledger of a place.
func New(at Place) *Ledger { return &Ledger{at} }

// atOnce is how many records one statement is about.
const atOnce = 500

// Write puts lines into the ledger.
func (l *Ledger) Write(ctx context.Context, f warehouse.Fence, lines []archived.Line) error {
	if len(lines) == 0 {
		return nil
	}
	what := "write down what becomes of records of " + f.Flow
	return l.at.Fenced(ctx, f, what, "", func(tx Tx) error { return l.write(ctx, tx, f, lines) })
}

// Settle writes lines, and marks the rows of those whose records are out of Salesforce.
func (l *Ledger) Settle(ctx context.Context, f warehouse.Fence, t shape.Table, lines []archived.Line) error {
	if len(lines) == 0 {
		return nil
	}
	return l.at.Fenced(ctx, f, "settle an archive of "+t.Name, t.Name, func(tx Tx) error {
		if err := l.write(ctx, tx, f, lines); err != nil {
			return err
		}
		m, err := l.marking(ctx, tx, t)
		if err != nil {
			return err
		}
		for ended, ids := range deletedAt(lines) {
			if err := m.mark(ctx, tx, ended, ids); err != nil {
				return err
			}
		}
		if len(m.missing) > 0 {
			return archived.Missing(t.Name, m.missing)
		}
		if m.newest.IsZero() {
			return nil
		}
		return l.at.Touched(ctx, tx, f.Flow, m.now, m.newest)
	})
}

// write puts lines in the place of those that their plans have of the same records.
func (l *Ledger) write(ctx context.Context, tx Tx, f warehouse.Fence, lines []archived.Line) error {
	if err := l.at.Outdate(ctx, tx, f.Flow); err != nil {
		return err
	}
	for _, of := range byPlan(lines) {
		for rest := of; len(rest) > 0; {
			some := rest[:min(len(rest), atOnce)]
			b := l.binds()
			sql := fmt.Sprintf("DELETE FROM %s WHERE plan = %s AND object = %s AND record_id IN (%s)", l.table(),
				b.Text(some[0].Plan), b.Text(some[0].Object), b.Texts(ids(some)))
			if _, err := tx.Exec(ctx, sql, b.Args...); err != nil {
				return err
			}
			if err := l.insert(ctx, tx, some); err != nil {
				return err
			}
			rest = rest[len(some):]
		}
	}
	return nil
}

// insertAtOnce bounds the parameters of one INSERT.
const insertAtOnce = 100

func (l *Ledger) insert(ctx context.Context, tx Tx, lines []archived.Line) error {
	for len(lines) > 0 {
		some := lines[:min(len(lines), insertAtOnce)]
		var args []any
		tuples := make([]string, len(some))
		for i, line := range some {
			var places []string
			for _, v := range values(line) {
				args = append(args, v)
				places = append(places, fmt.Sprintf("$%d", len(args)))
			}
			tuples[i] = "(" + strings.Join(places, ", ") + ")"
		}
		sql := "INSERT INTO " + l.table() + " (" + columns + ") VALUES " + strings.Join(tuples, ", ")
		if _, err := tx.Exec(ctx, sql, args...); err != nil {
			return err
		}
		lines = lines[len(some):]
	}
	return nil
}

// byPlan sorts lines by what one DELETE can name, each record once: its last line counts.
func byPlan(lines []archived.Line) [][]archived.Line {
	type of struct{ plan, object string }
	var order []of
	groups, places := map[of][]archived.Line{}, map[of]map[string]int{}
	for _, line := range lines {
		key := of{line.Plan, line.Object}
		if groups[key] == nil {
			order, places[key] = append(order, key), map[string]int{}
		}
		if i, again := places[key][line.ID]; again {
			groups[key][i] = line
			continue
		}
		places[key][line.ID] = len(groups[key])
		groups[key] = append(groups[key], line)
	}
	all := make([][]archived.Line, len(order))
	for i, key := range order {
		all[i] = groups[key]
	}
	return all
}

func ids(lines []archived.Line) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = line.ID
	}
	return all
}

// deletedAt are the Ids of the records that are out of Salesforce, by when that was known.
func deletedAt(lines []archived.Line) map[time.Time][]string {
	all := map[time.Time][]string{}
	for _, line := range lines {
		if line.State == archived.Deleted {
			at := line.EndedAt.UTC().Truncate(time.Microsecond)
			all[at] = append(all[at], line.ID)
		}
	}
	return all
}

// table is the quoted name of the ledger.
func (l *Ledger) table() string { return l.at.Dialect.Table(l.at.Options.Schema, own.ArchiveTable) }

func (l *Ledger) binds() *dialect.Binds { return &dialect.Binds{Dialect: l.at.Dialect} }

// of is the tables of a flow.
func (l *Ledger) of(t shape.Table) *statements.Tables {
	return &statements.Tables{Dialect: l.at.Dialect, Options: l.at.Options, Table: t}
}
