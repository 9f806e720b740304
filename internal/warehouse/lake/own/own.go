// Package own is our own tables of a lake: small ones beside those of flows. People read them with the engine that
// they have; what is decided by them is said with each.
//
// Their rows are read and written as texts. A table that holds many rows of one flow is partitioned by what names
// it, so that nobody reads more than its own. The register of files, which has many more, is sorted by the Ids of
// files, and has a room of its own.
//
// Files, from the top: own.go, rows.go.
package own

import (
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/body"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// The names of our own tables.
const (
	Flow      = "_catchment_flow" // the registry: its properties say who has which flow
	Tombstone = "_catchment_tombstone"
	Rejected  = "_catchment_rejected"
	Log       = "_catchment_log"
	Erased    = "_catchment_erased"

	// beside the final tables
	Objects   = "_catchment_objects"
	Fields    = "_catchment_fields"
	Picklists = "_catchment_picklists"
	Archive   = "_catchment_archive"
	Files     = body.Table // the register of files
)

// A Table is one of them.
type Table struct {
	Name    string
	Beside  bool   // it is among the final tables, else among those of staging
	By      string // the column that it is partitioned by, "" where it isn't
	columns string // as "name kind"
}

// All are our own tables. The registry is the last: where it is, the others are.
func All() []Table {
	return []Table{
		{Objects, true, "object", "object text, table_name text, label text, key_prefix text, custom bool, " +
			"described_at timestamp"},
		{Fields, true, "object", "object text, field text, column_name text, label text, type text, length int, " +
			"precision_digits int, scale_digits int, nillable bool, calculated bool, custom bool, reference_to text, " +
			"relationship_name text"},
		{Picklists, true, "object", "object text, field text, position int, value text, label text, active bool, " +
			"is_default bool"},
		{Archive, true, "", "plan text, object text, record_id text, level int, state text, reason text, " +
			"stamp timestamp, digest text, batch long, proven_at timestamp, ended_at timestamp, new_id text"},
		{Files, true, "", "object text, record_id text, state text, sha256 text, md5 text, size long, " +
			"content_type text, read_at timestamp, reason text, tries long, again_at timestamp, checksum text, " +
			"stamp timestamp"},
		{Tombstone, false, "table_name", "table_name text, record_key text, _catchment_at timestamp, " +
			"_catchment_read_at timestamp, reason text, removed_at timestamp, number long"},
		{Rejected, false, "flow", "flow text, record_key text, stamp timestamp, field text, rule text, record text, " +
			"_catchment_op text, _catchment_attempt text, _catchment_job text, _catchment_read_at timestamp, " +
			"_catchment_seq long"},
		{Log, false, "", "attempt text, flow text, table_name text, staged long, inserted long, updated long, " +
			"deleted long, unchanged long, row_count long, watermark timestamp, grade text, generation long, " +
			"synced_at timestamp, patched long"},
		{Erased, false, "", "erased_at timestamp, table_name text, by_column text, record_key text, row_count long, " +
			"staged long, pages long"},
		{Flow, false, "", "flow text"},
	}
}

// Columns are a table's columns.
func (t Table) Columns() []shape.Column {
	var all []shape.Column
	for c := range strings.SplitSeq(t.columns, ", ") {
		name, kind, _ := strings.Cut(c, " ")
		all = append(all, shape.Column{Name: name, Kind: shape.Kind(kind)})
	}
	return all
}

// FileKey is the column of the register by which its lines are sorted: the Ids of files.
const FileKey = "record_id"

// ArchiveOrder is the columns in whose order the lines of archives are in their files. They tell one from all others.
func ArchiveOrder() []string { return []string{"object", "record_id", "plan"} }

// order is the columns in whose order a table's rows are in its files, nil where that is none.
func (t Table) order() []string {
	switch t.Name {
	case Archive:
		return ArchiveOrder()
	case Files:
		return []string{FileKey}
	}
	return nil
}

// Making is how a table is made.
func (t Table) Making() tables.Making {
	m := tables.Making{Schema: columns.Schema(t.Columns(), nil)}
	if order := t.order(); order != nil {
		m.Order, m.Properties = ordered(m.Schema, order)
	}
	if t.By == "" {
		return m
	}
	by, _ := m.Schema.FindFieldByName(t.By)
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{SourceIDs: []int{by.ID}, FieldID: 1000, Name: t.By,
		Transform: iceberg.IdentityTransform{}})
	m.Spec = &spec
	return m
}

// ordered is the order of rows by some columns, and the properties by which files are found that have some values
// there.
func ordered(s *iceberg.Schema, names []string) (table.SortOrder, iceberg.Properties) {
	properties := iceberg.Properties{}
	var by []table.SortField
	for _, name := range names {
		f, _ := s.FindFieldByName(name)
		by = append(by, table.SortField{SourceIDs: []int{f.ID}, Transform: iceberg.IdentityTransform{},
			Direction: table.SortASC, NullOrder: table.NullsFirst})
		properties[table.MetricsModeColumnConfPrefix+"."+name] = "full"
	}
	order, _ := table.NewSortOrder(1, by) // what it refuses is a number or a direction that isn't one
	return order, properties
}
