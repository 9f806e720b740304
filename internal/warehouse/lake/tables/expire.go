package tables

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Expire takes away the snapshots of a table that are older than an age, but for so many of the newest, and the files
// that only they had. Which rows the table has it doesn't change. It tells how many snapshots went.
func (l *Lake) Expire(ctx context.Context, name table.Identifier, keep int, age time.Duration) (gone int, err error) {
	_, err = l.again(ctx, name, func(t *table.Table) (*table.Table, error) {
		before := len(t.Metadata().Snapshots())
		if before <= keep {
			return t, nil
		}
		tx := t.NewTransaction()
		if err := tx.ExpireSnapshots(table.WithRetainLast(keep), table.WithOlderThan(age)); err != nil {
			return nil, err
		}
		after, err := tx.Commit(ctx)
		if after != nil {
			err = without(err, fs.ErrNotExist)
		}
		if err == nil {
			gone = before - len(after.Metadata().Snapshots())
		}
		return after, err
	})
	return gone, err
}

// without is an error without those of its parts that are another one: of the files of a snapshot that goes, some are
// gone already, with an older one that had them, too.
func without(err, other error) error {
	parts, several := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	if several {
		var left []error
		for _, part := range parts.Unwrap() {
			left = append(left, without(part, other))
		}
		return errors.Join(left...)
	}
	if errors.Is(err, other) {
		return nil
	}
	return err
}

// Say sets properties of a table, by a commit without a snapshot.
func (l *Lake) Say(ctx context.Context, name table.Identifier, p iceberg.Properties) error {
	_, err := l.again(ctx, name, func(t *table.Table) (*table.Table, error) {
		tx := t.NewTransaction()
		if err := tx.SetProperties(p); err != nil {
			return nil, err
		}
		return tx.Commit(ctx)
	})
	return err
}
