package warehouse

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/plan"
)

// Our own tables. The first eight are in the staging schema, the others beside
// the final tables, for whoever reads those.
const (
	tableVersion   = "_catchment_version"
	tableFlow      = "_catchment_flow"
	tablePage      = "_catchment_page"
	tableAttempt   = "_catchment_attempt"
	tableLog       = "_catchment_log"
	tableCall      = "_catchment_call"
	tableTombstone = "_catchment_tombstone"
	tableErased    = "_catchment_erased"
	tableRejected  = "_catchment_rejected"
	tableObjects   = "_catchment_objects"
	tableFields    = "_catchment_fields"
	tablePicklists = "_catchment_picklists"
	tableNewest    = "_catchment_newest"   // temporary
	tableGone      = "_catchment_gone"     // temporary
	tableReading   = "_catchment_reading_" // and the next two: as long as a comparison lasts, the table's name behind
	tableSuspect   = "_catchment_suspect_"
	tableAsked     = "_catchment_asked_"
)

// An ownTable is one of our own tables: columns as "name kind".
type ownTable struct {
	name    string
	final   bool // in the final schema
	columns string
	key     string
	add     bool // the table is there; it gets these columns
}

// migrations are the steps from an empty warehouse to this version. Each is
// done once, in order; one that was released is never edited.
func migrations() [][]ownTable {
	return [][]ownTable{{
		{name: tableFlow, key: "flow", columns: "flow text, table_name text, fence long, org text, generation long, " +
			"watermark timestamp, grade text, row_count long, synced_at timestamp, newest timestamp, attempt text"},
		{name: tablePage, columns: "attempt text, page text, flow text, job text, op text, seq long, " +
			"row_count long, digest text, columns text, read_at timestamp"},
		{name: tableAttempt, key: "attempt",
			columns: "attempt text, table_name text, policy text, pages long, row_count long, " +
				"complete bool, absent_reason text, override bool, generation long, watermark timestamp, grade text, " +
				"counted_at timestamp"},
		{name: tableCall,
			columns: "called_at timestamp, table_name text, attempts long, staged long, inserted long, updated long, " +
				"deleted long, unchanged long, waiting long, problem text"},
		{name: tableLog,
			columns: "attempt text, flow text, table_name text, staged long, inserted long, updated long, " +
				"deleted long, unchanged long, row_count long, watermark timestamp, grade text, generation long, " +
				"synced_at timestamp"},
		{name: tableTombstone, columns: "table_name text, record_key text, _catchment_at timestamp, " +
			"_catchment_read_at timestamp, reason text, removed_at timestamp"},
		{name: tableObjects, final: true, columns: "object text, table_name text, label text, key_prefix text, " +
			"custom bool, described_at timestamp"},
		{name: tableFields, final: true, columns: "object text, field text, column_name text, label text, type text, " +
			"length int, precision_digits int, scale_digits int, nillable bool, calculated bool, custom bool, " +
			"reference_to text, relationship_name text"},
		{name: tablePicklists, final: true, columns: "object text, field text, position int, value text, label text, " +
			"active bool, is_default bool"},
	}, {
		{name: tablePage, add: true, columns: "reason text, override bool"},
	}, {
		{name: tableLog, add: true, columns: "patched long"},
	}, {
		{name: tableErased, columns: "erased_at timestamp, table_name text, by_column text, record_key text, " +
			"row_count long, staged long, pages long"},
	}, {
		{name: tableRejected,
			columns: "flow text, record_key text, stamp timestamp, field text, rule text, record text, " +
				"_catchment_op text, _catchment_attempt text, _catchment_job text, _catchment_read_at timestamp, " +
				"_catchment_seq long"},
	}}
}

// Migrate makes the schemas and our own tables, or brings those of an older
// version up to date. It may be repeated. A warehouse that a newer version has
// migrated is refused.
func (w *shaper) Migrate(ctx context.Context) error {
	if len(w.o.GrantTo) > 0 && w.d.Grantee == "" {
		return plan.Fixf("remove `grant_to` from the warehouse section of catchment.yaml",
			"%s has no roles to grant tables to", w.d.Name)
	}
	if err := w.migrate(ctx); err != nil {
		return fmt.Errorf("migrate the warehouse: %w", err)
	}
	return nil
}

// migrate is one transaction; where DDL commits, it is one for each look at what
// is still to be made.
func (w *shaper) migrate(ctx context.Context) error {
	if w.d.TransactionalDDL {
		return w.tx(ctx, func(tx Tx) error {
			if err := doSteps(ctx, tx, w.base()); err != nil {
				return err
			}
			_, err := w.next(ctx, tx)
			return err
		})
	}
	s := shaping{
		look:   func(see func(Tx) error) error { return w.tx(ctx, see) },
		what:   "our own tables",
		decide: func(tx Tx) ([]step, error) { return w.next(ctx, tx) },
	}
	if err := w.stepByStep(ctx, s, w.base()); err != nil {
		return err
	}
	return w.untilDone(ctx, s)
}

// next does the migrations that were not done yet, and writes down the version
// of each once everything of it is there. Where DDL commits, it gives the steps
// of the first that lacks some.
func (w *shaper) next(ctx context.Context, tx Tx) ([]step, error) {
	version := w.own(tableVersion)
	done, err := count(ctx, tx, "SELECT max(version) FROM "+version)
	if err != nil {
		return nil, err
	}
	all := migrations()
	if done > int64(len(all)) {
		return nil, plan.Fixf("install the version of catchment that wrote it, or a newer one",
			"the warehouse is of version %d, this catchment knows %d", done, len(all))
	}
	for n := int(done); n < len(all); n++ {
		for _, t := range all[n] {
			todo, err := w.lacking(ctx, tx, t)
			if err != nil || len(todo) > 0 && !w.d.TransactionalDDL {
				return todo, err
			}
			if err := doSteps(ctx, tx, todo); err != nil {
				return nil, err
			}
		}
		if _, err := tx.Exec(ctx, "INSERT INTO "+version+" VALUES ($1)", n+1); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// lacking is the steps that make one of our own tables, or add columns to it.
// Where a crash may have left some of them done, it asks which.
func (w *shaper) lacking(ctx context.Context, tx Tx, t ownTable) ([]step, error) {
	todo := steps(w.makeOwn(t)...)
	if w.d.TransactionalDDL {
		return todo, nil
	}
	has, err := storedColumns(ctx, tx, w.schemaOf(t), t.name)
	if err != nil || len(has) == 0 {
		return todo, err
	}
	var left []step
	for i, c := range strings.Split(t.columns, ", ") {
		name, _, _ := strings.Cut(c, " ")
		if _, ok := find(has, name); !ok && t.add {
			left = append(left, todo[i])
		}
	}
	return left, nil
}

func (w *shaper) schemaOf(t ownTable) string {
	if t.final {
		return w.o.Schema
	}
	return w.o.Staging
}

// base makes what even the oldest migration needs.
func (w *shaper) base() []step {
	return steps(
		"CREATE SCHEMA IF NOT EXISTS "+w.d.Quote(w.o.Schema),
		"CREATE SCHEMA IF NOT EXISTS "+w.d.Quote(w.o.Staging),
		"CREATE TABLE IF NOT EXISTS "+w.own(tableVersion)+" (version "+w.d.Type(Int, 0)+")",
	)
}

// makeOwn makes one of our own tables, or adds columns to it.
func (w *shaper) makeOwn(t ownTable) []string {
	var cols []string
	for c := range strings.SplitSeq(t.columns, ", ") {
		name, kind, _ := strings.Cut(c, " ")
		cols = append(cols, name+" "+w.d.Type(Kind(kind), 0))
	}
	table := w.d.Table(w.schemaOf(t), t.name)
	if t.add {
		for i, c := range cols { // one each: not every warehouse adds several at once
			cols[i] = "ALTER TABLE " + table + " ADD COLUMN " + c
		}
		return cols
	}
	if t.key != "" && w.d.Enforces {
		cols = append(cols, "PRIMARY KEY ("+t.key+")")
	}
	return []string{fmt.Sprintf("CREATE TABLE %s (%s)", table, strings.Join(cols, ", "))}
}
