package memory

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse/shape"
)

// Our own tables, as every warehouse has them.
const (
	tableVersion   = "_catchment_version"
	tableFlow      = "_catchment_flow"
	tablePage      = "_catchment_page"
	tableAttempt   = "_catchment_attempt"
	tableLog       = "_catchment_log"
	tableTombstone = "_catchment_tombstone"
	tableErased    = "_catchment_erased"
	tableRejected  = "_catchment_rejected"
	tableObjects   = "_catchment_objects"
	tableFields    = "_catchment_fields"
	tablePicklists = "_catchment_picklists"
	tableArchive   = "_catchment_archive"
)

// Our own columns in the tables of a flow.
const (
	ownPrefix   = "_catchment_"
	colOp       = "_catchment_op"
	colAt       = "_catchment_at"
	colReadAt   = "_catchment_read_at"
	colSeq      = "_catchment_seq"
	colAttempt  = "_catchment_attempt"
	colJob      = "_catchment_job"
	colSyncedAt = "_catchment_synced_at"
	colDeleted  = "_catchment_deleted_at"
	colReason   = "_catchment_delete_reason"
	colRejected = "_catchment_rejected_at"

	ownOfStaging = "_catchment_attempt text, _catchment_op text, _catchment_job text, _catchment_seq long, " +
		"_catchment_at timestamp, _catchment_read_at timestamp"
	ownOfFinal = "_catchment_synced_at timestamp, _catchment_at timestamp, _catchment_read_at timestamp, " +
		"_catchment_deleted_at timestamp, _catchment_delete_reason text, _catchment_rejected_at timestamp"
)

// The tables of version 1, by their columns as "name kind".
var (
	ofStaging = map[string]string{
		tableVersion: "version int",
		tableFlow: "flow text, table_name text, fence long, org text, generation long, watermark timestamp, " +
			"grade text, row_count long, synced_at timestamp, newest timestamp, attempt text, memory text",
		tablePage: "attempt text, page text, flow text, job text, op text, seq long, row_count long, digest text, " +
			"columns text, read_at timestamp, reason text, override bool",
		tableAttempt: "attempt text, table_name text, policy text, pages long, row_count long, complete bool, " +
			"absent_reason text, override bool, generation long, watermark timestamp, grade text, counted_at timestamp",
		tableLog: "attempt text, flow text, table_name text, staged long, inserted long, updated long, deleted long, " +
			"unchanged long, row_count long, watermark timestamp, grade text, generation long, synced_at timestamp, " +
			"patched long",
		tableTombstone: "table_name text, record_key text, _catchment_at timestamp, _catchment_read_at timestamp, " +
			"reason text, removed_at timestamp",
		tableErased: "erased_at timestamp, table_name text, by_column text, record_key text, row_count long, " +
			"staged long, pages long",
		tableRejected: "flow text, record_key text, stamp timestamp, field text, rule text, record text, " +
			"_catchment_op text, _catchment_attempt text, _catchment_job text, _catchment_read_at timestamp, " +
			"_catchment_seq long",
	}
	besideFinal = map[string]string{
		tableObjects: "object text, table_name text, label text, key_prefix text, custom bool, described_at timestamp",
		tableFields: "object text, field text, column_name text, label text, type text, length int, " +
			"precision_digits int, scale_digits int, nillable bool, calculated bool, custom bool, reference_to text, " +
			"relationship_name text",
		tableArchive: "plan text, object text, record_id text, level int, state text, reason text, stamp timestamp, " +
			"digest text, batch long, proven_at timestamp, ended_at timestamp, new_id text",
		tablePicklists: "object text, field text, position int, value text, label text, active bool, is_default bool",
	}
)

const thisVersion = 1

// columnsOf reads columns that are written as "name kind".
func columnsOf(text string) []column {
	var all []column
	for c := range strings.SplitSeq(text, ", ") {
		name, kind, _ := strings.Cut(c, " ")
		all = append(all, column{name: name, kind: shape.Kind(kind)})
	}
	return all
}

// Migrate makes our own tables, and refuses those of a newer version.
func (p shaper) Migrate(ctx context.Context) error {
	if len(p.GrantTo) > 0 {
		return plan.Fixf("remove `grant_to` from the warehouse section of catchment.yaml",
			"memory has no roles to grant tables to")
	}
	return p.write(ctx, "migrate the warehouse", nil, func(o *operation) error {
		if !o.has(o.Staging, tableVersion) {
			o.makeOwn()
		}
		for _, r := range o.own(tableVersion).rows {
			if r.int("version") > thisVersion {
				return plan.Fixf("install the version of catchment that wrote it, or a newer one",
					"the warehouse is of version %d, this catchment knows %d", r.int("version"), thisVersion)
			}
		}
		return nil
	})
}

func (o *operation) makeOwn() {
	for schema, tables := range map[string]map[string]string{o.Staging: ofStaging, o.Schema: besideFinal} {
		for name, columns := range tables {
			o.create(schema, name, columnsOf(columns))
		}
	}
	version := o.changeOwn(tableVersion)
	version.add(values{"version": thisVersion})
}

// Admits prepares t, and forgets what came of it.
func (p shaper) Admits(ctx context.Context, t shape.Table) error {
	forgotten := errors.New("forgotten")
	err := p.write(ctx, "prepare "+t.Name, nil, func(o *operation) error {
		_, err := o.prepare(t)
		return cmp.Or(err, forgotten)
	})
	if errors.Is(err, forgotten) {
		return nil
	}
	return err
}

// Grant has nobody to grant to: Migrate refuses roles.
func (p shaper) Grant(context.Context, bool) error { return nil }
