// Package streams is what change events do to the tables of a warehouse that speaks SQL: a streamed.Stream.
//
// What events say goes into a temporary table, one row for each record, and from there over the rows by a few
// statements, whatever columns each record sets. Positions are in _catchment_stream, a line for each flow, and the
// records that have to be read in _catchment_dirty; both are in the staging schema, and only where a flow
// streams, as is the column _catchment_event_at of final tables. How a merge takes that mark away is a matter
// of package statements.
//
// Start at Stream.Apply. Files, from the top: streams.go, apply.go, delta.go, unproven.go.
package streams

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
	"catchment/internal/warehouse/streamed"
)

// A Tx is one transaction of the warehouse.
type Tx interface {
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	Query(ctx context.Context, each func(scan func(dest ...any) error) error, sql string, args ...any) error
}

// A Place is the warehouse, as far as a stream uses it.
type Place struct {
	Dialect *dialect.Dialect
	Options warehouse.Options
	// View does f on one picture of the warehouse.
	View func(ctx context.Context, f func(Tx) error) error
	// Fenced does f in a transaction that first proves that a fence still holds.
	Fenced func(ctx context.Context, f warehouse.Fence, what string, do func(Tx) error) error
	// Columns are those of a final table, none where there is none.
	Columns func(ctx context.Context, tx Tx, table string) ([]dialect.Stored, error)
	// Wrote has a flow's mark know that rows were written now, and so many more are there.
	Wrote func(ctx context.Context, tx Tx, flow string, now time.Time, more int64) error
}

// A Stream is the stream of one warehouse.
type Stream struct{ at Place }

// New is the stream of a place. Its dialect must know transactions that hold DDL.
func New(at Place) *Stream { return &Stream{at} }

// Our own tables of a stream.
const (
	streamTable = shape.OwnPrefix + "stream"
	dirtyTable  = shape.OwnPrefix + "dirty"
	deltaTable  = shape.OwnPrefix + "delta" // temporary
)

// Open makes what a stream needs, where it lacks.
func (s *Stream) Open(ctx context.Context, f warehouse.Fence, t shape.Table) error {
	if len(t.Key) != 1 {
		return plan.Fixf("leave stream out of its flow", "%s has no Id to tell its records by", t.Object)
	}
	return s.at.Fenced(ctx, f, "prepare "+t.Name+" for a stream", func(tx Tx) error {
		for _, sql := range s.tables() {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		has, err := s.at.Columns(ctx, tx, t.Name)
		if err != nil {
			return err
		}
		if _, ours := dialect.Find(has, own.DeletedAt); !ours {
			return plan.Failf(plan.Retry, "catchment run "+t.Object, "there is no table %s to write events into",
				t.Name)
		}
		if _, there := dialect.Find(has, statements.EventAt); there || len(dialect.Apart(has)) > 0 {
			return nil
		}
		_, err = tx.Exec(ctx, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", s.of(t).Rows(),
			s.at.Dialect.Quote(statements.EventAt), s.at.Dialect.Type(shape.Timestamp, 0)))
		return err
	})
}

// tables makes our own.
func (s *Stream) tables() []string {
	d := s.at.Dialect
	text, moment := d.Type(shape.Text, 0), d.Type(shape.Timestamp, 0)
	return []string{
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (flow %s PRIMARY KEY, org %s, generation %s, replay %s, event %s, "+
			"moved_at %s, seam %s)", s.positions(), text, text, d.Type(shape.Long, 0), text, text, moment, moment),
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (table_name %s, record_key %s, since %s, "+
			"PRIMARY KEY (table_name, record_key))", s.dirt(), text, text, moment),
	}
}

// positions and dirt are the quoted names of the tables of a stream.
func (s *Stream) positions() string { return s.at.Dialect.Table(s.at.Options.Staging, streamTable) }

func (s *Stream) dirt() string { return s.at.Dialect.Table(s.at.Options.Staging, dirtyTable) }

// Position tells how far a flow has followed.
func (s *Stream) Position(ctx context.Context, flow string) (p streamed.Position, known bool, err error) {
	err = s.at.View(ctx, func(tx Tx) error {
		p, known = streamed.Position{}, false
		there, err := s.made(ctx, tx)
		if err != nil || !there {
			return err
		}
		return tx.Query(ctx, func(scan func(...any) error) error {
			var moved, seam *time.Time
			if err := scan(&p.Replay, &p.Event, &moved, &seam); err != nil {
				return err
			}
			p.At, p.Seam, known = dialect.FromNull(moved), dialect.FromNull(seam), true
			return nil
		}, fmt.Sprintf("SELECT p.replay, p.event, p.moved_at, p.seam FROM %s p JOIN %s m ON m.flow = p.flow "+
			"AND m.org = p.org WHERE p.flow = $1", s.positions(), s.flows()), flow)
	})
	if err != nil {
		return streamed.Position{}, false, fmt.Errorf("position of %s: %w", flow, err)
	}
	return p, known, nil
}

func (s *Stream) flows() string { return s.at.Dialect.Table(s.at.Options.Staging, own.FlowTable) }

// made tells whether there are tables of a stream.
func (s *Stream) made(ctx context.Context, tx Tx) (bool, error) {
	var n int64
	err := tx.Query(ctx, func(scan func(...any) error) error { return scan(&n) },
		"SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database() "+
			"AND table_schema = $1 AND table_name = $2", s.at.Options.Staging, streamTable)
	return n > 0, err
}

// move writes the position of a flow, with the org and the generation of its mark.
func (s *Stream) move(ctx context.Context, tx Tx, flow string, p streamed.Position) error {
	if _, err := tx.Exec(ctx, "DELETE FROM "+s.positions()+" WHERE flow = $1", flow); err != nil {
		return err
	}
	b := s.binds()
	sql := fmt.Sprintf("INSERT INTO %s (flow, org, generation, replay, event, moved_at, seam) "+
		"SELECT flow, org, generation, %s, %s, %s, %s FROM %s WHERE flow = %s", s.positions(), b.Text(p.Replay),
		b.Text(p.Event), b.Value(dialect.Stamp(p.At), shape.Timestamp), b.Value(dialect.Stamp(p.Seam), shape.Timestamp),
		s.flows(), b.Text(flow))
	_, err := tx.Exec(ctx, sql, b.Args...)
	return err
}

func (s *Stream) binds() *dialect.Binds { return &dialect.Binds{Dialect: s.at.Dialect} }

// of is the tables of a flow.
func (s *Stream) of(t shape.Table) *statements.Tables {
	return &statements.Tables{Dialect: s.at.Dialect, Options: s.at.Options, Table: t}
}

// now is the clock, in what every warehouse can store.
func (s *Stream) now() time.Time { return s.at.Options.Now().UTC().Truncate(time.Microsecond) }

// count reads one number.
func count(ctx context.Context, tx Tx, q dialect.Statement) (n int64, err error) {
	err = tx.Query(ctx, func(scan func(...any) error) error { return scan(&n) }, q.SQL, q.Args...)
	return n, err
}

// union is the columns that rows set, each once.
func union(rows []streamed.Row) []string {
	var names []string
	seen := map[string]bool{}
	for _, r := range rows {
		for _, name := range r.Columns {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
