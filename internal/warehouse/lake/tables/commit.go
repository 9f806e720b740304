package tables

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
)

// A Change is one snapshot: what it adds and takes away, and what it says of itself.
//
// Where rows die by their positions while files go, it is two that come together, one on top of the other: after the
// first the rows are what they are to be, the second has them in other files. iceberg-go makes no snapshot of both.
type Change struct {
	Rows    []iceberg.DataFile // data files that come
	Deletes []iceberg.DataFile // position deletes that come: by them rows die
	Gone    []iceberg.DataFile // data files that go, as a whole
	Left    []iceberg.DataFile // data files with what lives on of those that go
	Settled []iceberg.DataFile // delete files that go: no row of a file that stays needs them
	Merged  []iceberg.DataFile // position deletes that come in the place of such: no row dies by them

	Onto string // a branch of ours: what is on it comes first, and becomes the table's with this; "" for none

	Manifests bool // the lists of files are many, and become few

	Columns func(*table.UpdateSchema) // changes the table's columns; nil for none
	// Anew writes all rows into files with the columns that the table has then: they come in the place of
	// all files that are there. nil where the files stay.
	Anew func(ctx context.Context, then *table.Table) ([]iceberg.DataFile, error)

	Summary    iceberg.Properties // of the snapshot
	Properties iceberg.Properties // of the table, set in the same commit
	Forget     []string           // properties that go in the same commit
}

// A Builder says what the next snapshot of a table is to be, by the table as it is. It is asked again
// where another snapshot came first, so what it decides it decides by t alone. Nothing to change is nil.
type Builder func(ctx context.Context, t *table.Table) (*Change, error)

// The words that a snapshot of ours says of itself.
const (
	// CommitKey has a name that no other commit has: by it a snapshot is known as ours, and found again
	// where the catalog's answer was lost.
	CommitKey = "catchment.commit"
)

// tries is how often a commit is built anew that others were before.
const tries = 12

// Commit changes a table by one snapshot, and returns the table as it is then.
func (l *Lake) Commit(ctx context.Context, name table.Identifier, build Builder) (*table.Table, error) {
	return l.again(ctx, name, func(t *table.Table) (*table.Table, error) {
		change, err := build(ctx, t)
		if err != nil || change == nil {
			return t, err
		}
		return l.commit(ctx, t, *change)
	})
}

// again finds a table and tries to change it, and does both again where others were first.
func (l *Lake) again(
	ctx context.Context, name table.Identifier, try func(*table.Table) (*table.Table, error),
) (*table.Table, error) {
	for n := 0; ; n++ {
		t, err := l.Find(ctx, name)
		if err != nil {
			return nil, err
		}
		after, err := try(t)
		if !errors.Is(err, table.ErrCommitFailed) {
			return after, err
		}
		if n == tries {
			return nil, plan.Failf(plan.Retry, "run it again once less is written to it",
				"%s.%s: others were first, %d times in a row: %w", name[0], name[1], tries+1, err)
		}
		if err := l.Pause(ctx, time.Duration(n+1)*20*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// commit tries one snapshot on top of t.
func (l *Lake) commit(ctx context.Context, t *table.Table, c Change) (*table.Table, error) {
	id, err := newName()
	if err != nil {
		return nil, err
	}
	if c.Onto != "" {
		return l.onto(ctx, t, c, id)
	}
	tx := t.NewTransaction()
	if err := stage(ctx, tx, c, id); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, Listing(t.Identifier(), err)
		}
		return nil, fmt.Errorf("%s.%s: %w", t.Identifier()[0], t.Identifier()[1], early(t, err))
	}
	after, err := tx.Commit(ctx)
	if err == nil || errors.Is(err, table.ErrCommitFailed) {
		return after, err
	}
	return l.lookUp(ctx, t, id, err)
}

// early says more of a snapshot that would come before the one that it builds on: iceberg-go refuses it by the clock of
// this machine.
func early(t *table.Table, err error) error {
	says := err.Error()
	if !strings.Contains(says, "invalid snapshot timestamp") && !strings.Contains(says, "invalid update timestamp") {
		return err
	}
	last := time.UnixMilli(t.Metadata().LastUpdatedMillis()).UTC()
	return plan.Fixf("set this machine's clock, or that of whoever else writes to the table; as they are, it can be "+
		"written to again after "+last.Format(time.DateTime)+" UTC",
		"it was last written to at %s UTC, which hasn't come yet by this machine's clock: %w",
		last.Format(time.DateTime), err)
}

// Would is a table as a change would leave it, which nobody else sees.
func (l *Lake) Would(ctx context.Context, t *table.Table, c Change) (*table.Table, error) {
	tx := t.NewTransaction()
	if err := stageFiles(ctx, tx, c, nil); err != nil {
		return nil, err
	}
	staged, err := tx.StagedTable()
	if err != nil {
		return nil, err
	}
	return staged.Table, nil
}

// stage puts all of a change into a transaction, which builds on the table's newest snapshot or fails.
func stage(ctx context.Context, tx *table.Transaction, c Change, id string) error {
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return err
	}
	summary := iceberg.Properties{CommitKey: id}
	for key, value := range c.Summary {
		summary[key] = value
	}
	if err := stageColumns(ctx, tx, &c); err != nil {
		return err
	}
	if c.Manifests { // in a snapshot of its own, below ours
		if _, err := tx.RewriteManifests(ctx, table.WithRewriteManifestClusterBy(allTogether)); err != nil {
			return err
		}
	}
	if err := stageFiles(ctx, tx, c, summary); err != nil {
		return err
	}
	if len(c.Properties) > 0 {
		if err := tx.SetProperties(c.Properties); err != nil {
			return err
		}
	}
	if len(c.Forget) > 0 {
		return tx.RemoveProperties(c.Forget)
	}
	return nil
}

// stageColumns changes the columns, and has the files written anew that this makes wrong.
func stageColumns(ctx context.Context, tx *table.Transaction, c *Change) error {
	if c.Columns == nil {
		return nil
	}
	columns := tx.UpdateSchema(true, false)
	c.Columns(columns)
	if err := columns.Commit(); err != nil || c.Anew == nil {
		return err
	}
	staged, err := tx.StagedTable()
	if err != nil {
		return err
	}
	if c.Gone, c.Settled, err = Files(ctx, staged.Table); err != nil {
		return err
	}
	c.Rows, err = c.Anew(ctx, staged.Table)
	return err
}

// allTogether has all files of a partition spec in one list, up to the size that lists have.
func allTogether(iceberg.DataFile) any { return 0 }

// stageFiles makes the snapshot, or both. One without files is made, too: it carries a summary.
func stageFiles(ctx context.Context, tx *table.Transaction, c Change, summary iceberg.Properties) error {
	goes := len(c.Gone) > 0 || len(c.Settled) > 0
	if len(c.Deletes) > 0 || len(c.Rows) > 0 && !goes {
		err := tx.NewRowDelta(summary).AddRows(c.Rows...).AddDeletes(c.Deletes...).Commit(ctx)
		if err != nil || !goes {
			return err
		}
		c.Rows = nil
	}
	if goes {
		return stageRewrite(ctx, tx, c, summary)
	}
	return tx.AddFiles(ctx, nil, summary, false)
}

// stageRewrite makes a snapshot in which files go as a whole. Deletes that come in the place of others hold for all
// data files for which one of these did: each tells of files by their paths.
func stageRewrite(ctx context.Context, tx *table.Transaction, c Change, summary iceberg.Properties) error {
	come := slices.Concat(c.Rows, c.Left)
	if len(c.Merged) == 0 {
		return tx.ReplaceFiles(ctx, c.Gone, come, c.Settled, summary)
	}
	newest, err := newestOf(ctx, tx, c.Settled)
	if err != nil {
		return err
	}
	var deletes []table.DeleteFileAddition
	for _, file := range c.Merged {
		deletes = append(deletes, table.DeleteFileAddition{File: file, DataSequenceNumber: newest})
	}
	return tx.ReplaceFilesWithDeleteFiles(ctx, c.Gone, come, c.Settled, deletes, summary)
}

// lookUp finds out what became of a commit whose answer was lost. Its snapshot is there; or another is on top of
// the one that it builds on, and it will never be; or nobody knows yet.
func (l *Lake) lookUp(ctx context.Context, before *table.Table, id string, lost error) (*table.Table, error) {
	t, err := l.Find(ctx, before.Identifier())
	if err != nil {
		return nil, errors.Join(lost, err)
	}
	for s := range Ancestors(t) {
		if s.Summary != nil && s.Summary.Properties[CommitKey] == id {
			return t, nil
		}
	}
	if t.MetadataLocation() != before.MetadataLocation() {
		return nil, fmt.Errorf("%w: %w", table.ErrCommitFailed, lost)
	}
	return nil, lost
}

// newName is a name that no other commit has.
func newName() (string, error) {
	var b [12]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}
