package streams

import (
	"context"
	"fmt"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/statements"
	"catchment/internal/warehouse/streamed"
)

// Unproven lists records whose rows nobody has proven since an event.
func (s *Stream) Unproven(
	ctx context.Context, t shape.Table, touched bool, after string, most int,
) (ids []string, err error) {
	err = s.at.View(ctx, func(tx Tx) error {
		ids = nil
		b := s.binds()
		sql := fmt.Sprintf("SELECT record_key FROM %s WHERE table_name = %s AND record_key > %s", s.dirt(),
			b.Text(t.Name), b.Text(after))
		if marks, err := s.marks(ctx, tx, t); err != nil {
			return err
		} else if touched && marks {
			key := s.at.Dialect.Quote(t.Key[0])
			sql += fmt.Sprintf(" UNION SELECT %s FROM %s WHERE %s IS NOT NULL AND %s > %s", key, s.of(t).Rows(),
				s.at.Dialect.Quote(statements.EventAt), key, b.Text(after))
		}
		sql += fmt.Sprintf(" ORDER BY 1 LIMIT %d", most)
		return tx.Query(ctx, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			ids = append(ids, id)
			return err
		}, sql, b.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("look for what events left unproven in %s: %w", t.Name, err)
	}
	return ids, nil
}

// marks tells whether the rows of a table can be marked as touched.
func (s *Stream) marks(ctx context.Context, tx Tx, t shape.Table) (bool, error) {
	has, err := s.at.Columns(ctx, tx, t.Name)
	_, there := dialect.Find(has, statements.EventAt)
	return there, err
}

// atOnce is how many records one statement is about.
const atOnce = 1000

// Proven forgets that records are dirty and rows touched.
func (s *Stream) Proven(ctx context.Context, f warehouse.Fence, t shape.Table, ids []string) error {
	return s.at.Fenced(ctx, f, "forget what events left unproven in "+t.Name, func(tx Tx) error {
		marks, err := s.marks(ctx, tx, t)
		if err != nil {
			return err
		}
		for rest := ids; len(rest) > 0; {
			some := rest[:min(len(rest), atOnce)]
			rest = rest[len(some):]
			b := s.binds()
			sql := fmt.Sprintf("DELETE FROM %s WHERE table_name = %s AND record_key IN (%s)", s.dirt(), b.Text(t.Name),
				b.Texts(some))
			if _, err := tx.Exec(ctx, sql, b.Args...); err != nil {
				return err
			}
			if !marks {
				continue
			}
			b = s.binds()
			event := s.at.Dialect.Quote(statements.EventAt)
			sql = fmt.Sprintf("UPDATE %s SET %s = NULL WHERE %s IS NOT NULL AND %s IN (%s)", s.of(t).Rows(), event,
				event, s.at.Dialect.Quote(t.Key[0]), b.Texts(some))
			if _, err := tx.Exec(ctx, sql, b.Args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Standing counts what is unproven.
func (s *Stream) Standing(ctx context.Context, t shape.Table) (is streamed.Standing, err error) {
	err = s.at.View(ctx, func(tx Tx) error {
		is = streamed.Standing{}
		there, err := s.made(ctx, tx)
		if err != nil || !there {
			return err
		}
		is.Dirty, err = count(ctx, tx, dialect.Statement{Args: []any{t.Name},
			SQL: "SELECT count(*) FROM " + s.dirt() + " WHERE table_name = $1"})
		if err != nil {
			return err
		}
		marks, err := s.marks(ctx, tx, t)
		if err == nil && marks {
			is.Touched, err = count(ctx, tx, dialect.Statement{SQL: fmt.Sprintf("SELECT count(%s) FROM %s",
				s.at.Dialect.Quote(statements.EventAt), s.of(t).Rows())})
		}
		return err
	})
	if err != nil {
		return streamed.Standing{}, fmt.Errorf("count what events left unproven in %s: %w", t.Name, err)
	}
	return is, nil
}
