// Package own is our own tables and columns in a warehouse of SQL: all begin with
// _catchment_.
package own

import "catchment/internal/warehouse/shape"

// Our own columns.
const (
	Op           = "_catchment_op"
	At           = "_catchment_at"
	ReadAt       = "_catchment_read_at"
	Seq          = "_catchment_seq"
	Attempt      = "_catchment_attempt"
	Job          = "_catchment_job"
	SyncedAt     = "_catchment_synced_at"
	DeletedAt    = "_catchment_deleted_at"
	DeleteReason = "_catchment_delete_reason"
	RejectedAt   = "_catchment_rejected_at"
	Wider        = "_catchment_wider"    // on the way to another type
	Overflow     = "_catchment_overflow" // what a row has no room for
	Stamp        = "_catchment_stamp"    // At as the final row will have it, in staging that may be promoted
)

// Staging are our own columns of a staging table.
func Staging() []shape.Column {
	return []shape.Column{
		{Name: Attempt, Kind: shape.Text, Length: 64}, {Name: Op, Kind: shape.Text, Length: 16},
		{Name: Job, Kind: shape.Text, Length: 64},
		{Name: Seq, Kind: shape.Long}, {Name: At, Kind: shape.Timestamp}, {Name: ReadAt, Kind: shape.Timestamp},
	}
}

// Final are our own columns of a final table. Those that staging has, too, come first: a
// staged table becomes a final one by columns that it loses, and others that it gets at its
// end.
func Final() []shape.Column {
	return []shape.Column{
		{Name: ReadAt, Kind: shape.Timestamp}, {Name: At, Kind: shape.Timestamp},
		{Name: SyncedAt, Kind: shape.Timestamp},
		{Name: DeletedAt, Kind: shape.Timestamp}, {Name: DeleteReason, Kind: shape.Text, Length: 16},
		{Name: RejectedAt, Kind: shape.Timestamp},
	}
}

// IsLater tells of one of our own columns that the first version had none of the name:
// a table that lacks it may be ours all the same, and gets it.
func IsLater(name string) bool { return name == RejectedAt }

// Loaded are our own columns that a loader fills in.
func Loaded() []string { return []string{Op, Attempt, Job, ReadAt, Seq} }
