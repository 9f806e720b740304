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
func (l *Lake) Expire(ctx context.Context, name table.Identifier, keep int, age time.Duration) (int, error) {
	for try := 0; ; try++ {
		t, err := l.Find(ctx, name)
		if err != nil {
			return 0, err
		}
		before := len(t.Metadata().Snapshots())
		if before <= keep {
			return 0, nil
		}
		tx := t.NewTransaction()
		if err := tx.ExpireSnapshots(table.WithRetainLast(keep), table.WithOlderThan(age)); err != nil {
			return 0, err
		}
		after, err := tx.Commit(ctx)
		if after != nil {
			err = without(err, fs.ErrNotExist)
		}
		if err == nil {
			return before - len(after.Metadata().Snapshots()), nil
		}
		if !errors.Is(err, table.ErrCommitFailed) || try == tries {
			return 0, err
		}
		if err := l.Pause(ctx, time.Duration(try+1)*20*time.Millisecond); err != nil {
			return 0, err
		}
	}
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
	for try := 0; ; try++ {
		t, err := l.Find(ctx, name)
		if err != nil {
			return err
		}
		tx := t.NewTransaction()
		if err := tx.SetProperties(p); err != nil {
			return err
		}
		_, err = tx.Commit(ctx)
		if !errors.Is(err, table.ErrCommitFailed) || try == tries {
			return err
		}
		if err := l.Pause(ctx, time.Duration(try+1)*20*time.Millisecond); err != nil {
			return err
		}
	}
}
