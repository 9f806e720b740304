// Package tables is the tables of a lake: found in the catalog, made there, and
// changed by commits of one snapshot each.
//
// A commit is decided by the catalog alone. Whoever commits says which snapshot it builds
// on; where another came first, it builds anew on that one. So a snapshot's rows, deletes
// and summary are seen together or not at all, and a lost answer is found again by the
// name that each commit of ours carries.
//
// Files, from the top: commit.go, branch.go, expire.go, files.go, foreign.go, tables.go, unlisted.go.
package tables

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
)

// ErrNone says that there is no such table.
var ErrNone = errors.New("there is no such table")

// A Lake is the tables of a catalog.
type Lake struct {
	Catalog catalog.Catalog
	// Pause waits before a commit is built anew that lost against another.
	Pause func(context.Context, time.Duration) error
}

// Name is a table's name: its namespace, then its own.
func Name(namespace, name string) table.Identifier { return table.Identifier{namespace, name} }

// Find loads a table as it is now, ErrNone where there is none.
func (l *Lake) Find(ctx context.Context, name table.Identifier) (*table.Table, error) {
	t, err := l.Catalog.LoadTable(ctx, name)
	if errors.Is(err, catalog.ErrNoSuchTable) || errors.Is(err, catalog.ErrNoSuchNamespace) {
		return nil, fmt.Errorf("%s.%s: %w", name[0], name[1], ErrNone)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, table.ErrInvalidMetadata) {
		err = Listing(name, err)
	}
	return t, err
}

// A Making is how a table is made.
type Making struct {
	Schema     *iceberg.Schema
	Spec       *iceberg.PartitionSpec // nil for one without partitions
	Order      table.SortOrder
	Properties iceberg.Properties
}

// Make makes a table, or finds the one that another has made meanwhile.
func (l *Lake) Make(ctx context.Context, name table.Identifier, m Making) (*table.Table, error) {
	properties := iceberg.Properties{
		table.PropertyFormatVersion:               "2",
		table.CommitNumRetriesKey:                 "0", // a lost race is for us to look at: the fence may have moved
		table.ParquetCompressionKey:               "zstd",
		"write.delete.mode":                       table.WriteModeMergeOnRead,
		"write.update.mode":                       table.WriteModeMergeOnRead,
		"write.merge.mode":                        table.WriteModeMergeOnRead,
		"gc.enabled":                              "true",
		table.MetadataDeleteAfterCommitEnabledKey: "true",
		table.MetadataPreviousVersionsMaxKey:      "20",
	}
	for key, value := range m.Properties {
		properties[key] = value
	}
	options := []catalog.CreateTableOpt{catalog.WithProperties(properties)}
	if m.Spec != nil {
		options = append(options, catalog.WithPartitionSpec(m.Spec))
	}
	if !m.Order.IsUnsorted() {
		options = append(options, catalog.WithSortOrder(m.Order))
	}
	if err := l.space(ctx, name[0]); err != nil {
		return nil, err
	}
	t, err := l.Catalog.CreateTable(ctx, name, m.Schema, options...)
	if errors.Is(err, catalog.ErrTableAlreadyExists) {
		return l.Find(ctx, name)
	}
	return t, err
}

// space makes a namespace that isn't there.
func (l *Lake) space(ctx context.Context, name string) error {
	has, err := l.Catalog.CheckNamespaceExists(ctx, table.Identifier{name})
	if err != nil || has {
		return err
	}
	err = l.Catalog.CreateNamespace(ctx, table.Identifier{name}, nil)
	if errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
		return nil
	}
	return err
}

// All lists the names of the tables in a namespace, none where there is no such namespace.
func (l *Lake) All(ctx context.Context, namespace string) ([]string, error) {
	has, err := l.Catalog.CheckNamespaceExists(ctx, table.Identifier{namespace})
	if err != nil || !has { // Glue's catalog tells of one that is missing by no error that is known
		return nil, err
	}
	var names []string
	for name, err := range l.Catalog.ListTables(ctx, table.Identifier{namespace}) {
		if errors.Is(err, catalog.ErrNoSuchNamespace) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, name[len(name)-1])
	}
	return names, nil
}
