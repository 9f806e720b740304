package tables

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/iceberg-go/table"
)

// BranchPrefix begins the names of branches that are ours: on each, another engine makes one snapshot.
const BranchPrefix = "catchment_"

// Branches are the branches of a table that are ours, with the snapshots that they are at.
func Branches(t *table.Table) map[string]int64 {
	all := map[string]int64{}
	for name, ref := range t.Metadata().Refs() {
		if strings.HasPrefix(name, BranchPrefix) && ref.SnapshotRefType == table.BranchRef {
			all[name] = ref.SnapshotID
		}
	}
	return all
}

// Branch begins a branch at the table's newest snapshot. One that is there is left as it is.
func (l *Lake) Branch(ctx context.Context, name table.Identifier, branch string) (*table.Table, error) {
	return l.again(ctx, name, func(t *table.Table) (*table.Table, error) {
		if _, has := Branches(t)[branch]; has {
			return t, nil
		}
		now := t.CurrentSnapshot()
		if now == nil {
			return nil, fmt.Errorf("%s.%s has no snapshot to begin a branch at", name[0], name[1])
		}
		return l.say(ctx, t, []table.Requirement{table.AssertRefSnapshotID(branch, nil)},
			table.NewSetSnapshotRefUpdate(branch, now.SnapshotID, table.BranchRef, 0, 0, 0))
	})
}

// Prune takes away the branches that are ours, but for one. What is on them was never seen by readers of the table.
func (l *Lake) Prune(ctx context.Context, name table.Identifier, but string) error {
	_, err := l.again(ctx, name, func(t *table.Table) (*table.Table, error) {
		var updates []table.Update
		for branch := range Branches(t) {
			if branch != but {
				updates = append(updates, table.NewRemoveSnapshotRefUpdate(branch))
			}
		}
		if len(updates) == 0 {
			return t, nil
		}
		return l.say(ctx, t, nil, updates...)
	})
	return err
}

// say commits updates that make no snapshot, where the table is as it was seen.
func (l *Lake) say(
	ctx context.Context, t *table.Table, only []table.Requirement, updates ...table.Update,
) (*table.Table, error) {
	only = append(only, table.AssertTableUUID(t.Metadata().TableUUID()))
	if _, _, err := l.Catalog.CommitTable(ctx, t.Identifier(), only, updates); err != nil {
		return nil, l.lost(ctx, t, err)
	}
	return l.Find(ctx, t.Identifier())
}

// lost is the error of a commit that may have lost against another: then it is tried again, upon what is there.
func (l *Lake) lost(ctx context.Context, before *table.Table, err error) error {
	if errors.Is(err, table.ErrCommitFailed) {
		return err
	}
	t, failed := l.Find(ctx, before.Identifier())
	switch {
	case failed != nil:
		return errors.Join(err, failed)
	case t.MetadataLocation() != before.MetadataLocation():
		return fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
	}
	return err
}

// At is a table as it would be if main were where a branch is. Nobody else sees it.
func (l *Lake) At(t *table.Table, branch string) (*table.Table, error) {
	builder, err := table.MetadataBuilderFromBase(t.Metadata(), t.MetadataLocation())
	if err != nil {
		return nil, err
	}
	if err := builder.SetSnapshotRef(table.MainBranch, Branches(t)[branch], table.BranchRef); err != nil {
		return nil, err
	}
	moved, err := builder.Build()
	if err != nil {
		return nil, err
	}
	return table.New(t.Identifier(), moved, t.MetadataLocation(), t.FS, l.Catalog), nil
}

// onto tries a change on top of what a branch has. In one commit main moves to that snapshot and to ours on top of it,
// and our branches go: so readers see its rows with our summary, or neither. It is done only if main is where t has it.
func (l *Lake) onto(ctx context.Context, t *table.Table, c Change, id string) (*table.Table, error) {
	branches := Branches(t)
	at, has := branches[c.Onto]
	if !has {
		return nil, fmt.Errorf("%w: branch %s is gone", table.ErrCommitFailed, c.Onto)
	}
	moved, err := l.At(t, c.Onto)
	if err != nil {
		return nil, err
	}
	tx := moved.NewTransaction()
	if err := stage(ctx, tx, c, id); err != nil {
		return nil, fmt.Errorf("%s.%s: %w", t.Identifier()[0], t.Identifier()[1], early(t, err))
	}
	made, err := tx.TableCommit()
	if err != nil {
		return nil, err
	}
	before := t.CurrentSnapshot().SnapshotID
	only := []table.Requirement{table.AssertTableUUID(t.Metadata().TableUUID()),
		table.AssertRefSnapshotID(table.MainBranch, &before), table.AssertRefSnapshotID(c.Onto, &at)}
	updates := append([]table.Update{table.NewSetSnapshotRefUpdate(table.MainBranch, at, table.BranchRef, 0, 0, 0)},
		made.Updates...)
	for branch := range branches {
		updates = append(updates, table.NewRemoveSnapshotRefUpdate(branch))
	}
	if _, _, err := l.Catalog.CommitTable(ctx, t.Identifier(), only, updates); err != nil {
		if errors.Is(err, table.ErrCommitFailed) {
			return nil, err
		}
		return l.lookUp(ctx, t, id, err)
	}
	return l.Find(ctx, t.Identifier())
}

// Alike tells whether a table's newest snapshot has the files of an older one: since then nothing was written but what
// is said of them.
func Alike(t *table.Table, since int64) bool {
	for s := range Ancestors(t) {
		if s.SnapshotID == since {
			return true
		}
		if s.Summary == nil || s.Summary.Properties[CommitKey] == "" {
			return false
		}
		for _, what := range []string{"added-data-files", "added-delete-files", "deleted-data-files",
			"removed-delete-files"} {
			if n := s.Summary.Properties[what]; n != "" && n != "0" {
				return false
			}
		}
	}
	return false
}
