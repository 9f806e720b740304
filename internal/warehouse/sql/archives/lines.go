package archives

import (
	"context"
	"fmt"
	"strings"
	"time"

	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// columns are those of the ledger, in the order of values and lineRow.
const columns = "plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id"

// values are those of a line, in the order of columns.
func values(l archived.Line) []any {
	return []any{l.Plan, l.Object, l.ID, int64(l.Level), string(l.State), orNull(l.Reason), dialect.Stamp(l.Stamp),
		orNull(l.Digest), l.Batch, dialect.Stamp(l.ProvenAt), dialect.Stamp(l.EndedAt), orNull(l.NewID)}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// read reads a line.
func read(scan func(...any) error) (archived.Line, error) {
	var l archived.Line
	var state string
	var level int64
	var reason, digest, newID *string
	var stamp, proven, ended *time.Time
	err := scan(&l.Plan, &l.Object, &l.ID, &level, &state, &reason, &stamp, &digest, &l.Batch, &proven, &ended, &newID)
	l.Level, l.State = int(level), archived.State(state)
	l.Stamp, l.ProvenAt, l.EndedAt = dialect.FromNull(stamp), dialect.FromNull(proven), dialect.FromNull(ended)
	for _, text := range []struct {
		from *string
		into *string
	}{{reason, &l.Reason}, {digest, &l.Digest}, {newID, &l.NewID}} {
		if text.from != nil {
			*text.into = *text.from
		}
	}
	return l, err
}

// order is that of Lines: by the bytes of the texts.
func (l *Ledger) order() string {
	by := l.at.Dialect.Bytewise
	return "object" + by + ", record_id" + by + ", plan" + by
}

// Lines lists lines of those that follow one.
func (l *Ledger) Lines(
	ctx context.Context, q archived.Query, after archived.Line, most int,
) ([]archived.Line, error) {
	b := l.binds()
	by := l.at.Dialect.Bytewise
	object, id, of := b.Text(after.Object), b.Text(after.ID), b.Text(after.Plan)
	where := []string{dialect.Fill("(object{by} > {object} OR object = {object} AND (record_id{by} > {id} OR "+
		"record_id = {id} AND plan{by} > {of}))", dialect.Holes{"by": by, "object": object, "id": id, "of": of})}
	for _, only := range []struct{ column, text string }{
		{"plan", q.Plan}, {"object", q.Object}, {"state", string(q.State)},
	} {
		if only.text != "" {
			where = append(where, only.column+" = "+b.Text(only.text))
		}
	}
	if q.Batch != 0 {
		where = append(where, fmt.Sprintf("batch = %d", q.Batch))
	}
	return l.lines(ctx, b.Statement(fmt.Sprintf("SELECT %s FROM %s\nWHERE %s\nORDER BY %s\nLIMIT %d", columns,
		l.table(), strings.Join(where, " AND "), l.order(), most)))
}

// Lookup finds the lines of some records of a plan.
func (l *Ledger) Lookup(ctx context.Context, plan, object string, ids []string) ([]archived.Line, error) {
	var all []archived.Line
	for len(ids) > 0 {
		some := ids[:min(len(ids), atOnce)]
		b := l.binds()
		found, err := l.lines(ctx, b.Statement(fmt.Sprintf(
			"SELECT %s FROM %s\nWHERE plan = %s AND object = %s AND record_id IN (%s)\nORDER BY %s", columns, l.table(),
			b.Text(plan), b.Text(object), b.Texts(some), l.order())))
		if err != nil {
			return nil, err
		}
		all, ids = append(all, found...), ids[len(some):]
	}
	return all, nil
}

func (l *Ledger) lines(ctx context.Context, ask dialect.Statement) ([]archived.Line, error) {
	var all []archived.Line
	err := l.at.View(ctx, func(tx Tx) error {
		all = nil
		return tx.Query(ctx, func(scan func(...any) error) error {
			line, err := read(scan)
			all = append(all, line)
			return err
		}, ask.SQL, ask.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("read the ledger of archives: %w", err)
	}
	return all, nil
}

// Plans lists the plans that have lines.
func (l *Ledger) Plans(ctx context.Context) ([]string, error) {
	var all []string
	err := l.at.View(ctx, func(tx Tx) error {
		all = nil
		return tx.Query(ctx, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			all = append(all, name)
			return err
		}, "SELECT plan FROM "+l.table()+" GROUP BY plan ORDER BY plan"+l.at.Dialect.Bytewise)
	})
	if err != nil {
		return nil, fmt.Errorf("list the archives: %w", err)
	}
	return all, nil
}

// Tally counts the lines of a plan.
func (l *Ledger) Tally(ctx context.Context, plan string) ([]archived.Count, error) {
	var all []archived.Count
	err := l.at.View(ctx, func(tx Tx) error {
		all = nil
		err := tx.Query(ctx, func(scan func(...any) error) error {
			var c archived.Count
			var level int64
			var state string
			err := scan(&c.Object, &level, &state, &c.Records)
			c.Level, c.State = int(level), archived.State(state)
			all = append(all, c)
			return err
		}, "SELECT object, level, state, count(*) FROM "+l.table()+" WHERE plan = $1\nGROUP BY object, level, state\n"+
			"ORDER BY object"+l.at.Dialect.Bytewise+", level, state"+l.at.Dialect.Bytewise, plan)
		if err != nil {
			return err
		}
		for i := range all {
			if all[i].State != archived.Deleted {
				continue
			}
			if all[i].Back, err = l.back(ctx, tx, plan, all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the records of archive %s: %w", plan, err)
	}
	return all, nil
}

// back counts the records that were deleted and live in the org again: under another Id, or their row is
// live.
func (l *Ledger) back(ctx context.Context, tx Tx, plan string, of archived.Count) (n int64, err error) {
	b := l.binds()
	rows, key, err := l.rowsOf(ctx, tx, of.Object)
	if err != nil {
		return 0, err
	}
	join, lives := "", ""
	if rows != "" { // a join: not every warehouse has an EXISTS beside an OR
		join = dialect.Fill("\nLEFT JOIN {rows} f ON f.{key} = l.record_id AND f.{deleted} IS NULL", dialect.Holes{
			"rows": rows, "key": key, "deleted": l.at.Dialect.Quote(own.DeletedAt),
		})
		lives = " OR f." + key + " IS NOT NULL"
	}
	sql := fmt.Sprintf("SELECT count(DISTINCT l.record_id) FROM %s l%s\nWHERE l.plan = %s AND l.object = %s AND "+
		"l.level = %d AND l.state = '%s' AND (l.new_id IS NOT NULL%s)", l.table(), join,
		b.Text(plan), b.Text(of.Object), of.Level, archived.Deleted, lives)
	err = tx.Query(ctx, func(scan func(...any) error) error { return scan(&n) }, sql, b.Args...)
	return n, err
}

// rowsOf finds the final table of an object, and the column of its Ids; "" where there is none.
func (l *Ledger) rowsOf(ctx context.Context, tx Tx, object string) (table, key string, err error) {
	var name string
	err = tx.Query(ctx, func(scan func(...any) error) error { return scan(&name, &key) },
		dialect.Fill("SELECT o.table_name, f.column_name FROM {objects} o JOIN {fields} f ON f.object = o.object "+
			"WHERE o.object = $1 AND lower(f.field) = 'id'", dialect.Holes{
			"objects": l.at.Dialect.Table(l.at.Options.Schema, own.ObjectsTable),
			"fields":  l.at.Dialect.Table(l.at.Options.Schema, own.FieldsTable),
		}), object)
	if err != nil || name == "" {
		return "", "", err
	}
	has, err := l.at.Columns(ctx, tx, name)
	_, ours := dialect.Find(has, own.DeletedAt)
	_, keyed := dialect.Find(has, key)
	if err != nil || !ours || !keyed {
		return "", "", err
	}
	return l.at.Dialect.Table(l.at.Options.Schema, name), l.at.Dialect.Quote(key), nil
}
