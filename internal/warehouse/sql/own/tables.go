package own

import "catchment/internal/body"

// Our own tables. The first eight are in the staging schema, the others beside
// the final tables, for whoever reads those.
const (
	VersionTable   = "_catchment_version"
	FlowTable      = "_catchment_flow"
	PageTable      = "_catchment_page"
	AttemptTable   = "_catchment_attempt"
	LogTable       = "_catchment_log"
	CallTable      = "_catchment_call"
	TombstoneTable = "_catchment_tombstone"
	ErasedTable    = "_catchment_erased"
	RejectedTable  = "_catchment_rejected"
	ObjectsTable   = "_catchment_objects"
	FieldsTable    = "_catchment_fields"
	PicklistsTable = "_catchment_picklists"
	ArchiveTable   = "_catchment_archive"
	RowsTable      = "_catchment_rows_"    // where a final table is a view, the table's name behind
	AsideTable     = "_catchment_aside_"   // such a view, until another one has its place
	NewestTable    = "_catchment_newest"   // temporary
	GoneTable      = "_catchment_gone"     // temporary
	ReadingTable   = "_catchment_reading_" // as long as a comparison lasts, the table's name behind
)

// BesideReading are the beginnings of the names of two more tables that a comparison has beside its reading: of
// what was judged to differ, and of what is asked about again.
func BesideReading() (suspect, asked string) { return "_catchment_suspect_", "_catchment_asked_" }

// A Table is one of our own tables: columns as "name kind".
type Table struct {
	Name    string
	Final   bool // in the final schema
	Columns string
	Key     string
	Add     bool   // the table is there; it gets these columns, or an index
	Index   string // the columns of that
}

// Migrations are the steps from an empty warehouse to this version. Each is
// done once, in order; one that was released is never edited.
func Migrations() [][]Table {
	return [][]Table{{
		{Name: FlowTable, Key: "flow", Columns: "flow text, table_name text, fence long, org text, generation long, " +
			"watermark timestamp, grade text, row_count long, synced_at timestamp, newest timestamp, attempt text"},
		{Name: PageTable, Columns: "attempt text, page text, flow text, job text, op text, seq long, " +
			"row_count long, digest text, columns text, read_at timestamp"},
		{Name: AttemptTable, Key: "attempt",
			Columns: "attempt text, table_name text, policy text, pages long, row_count long, " +
				"complete bool, absent_reason text, override bool, generation long, watermark timestamp, grade text, " +
				"counted_at timestamp"},
		{Name: CallTable,
			Columns: "called_at timestamp, table_name text, attempts long, staged long, inserted long, updated long, " +
				"deleted long, unchanged long, waiting long, problem text"},
		{Name: LogTable,
			Columns: "attempt text, flow text, table_name text, staged long, inserted long, updated long, " +
				"deleted long, unchanged long, row_count long, watermark timestamp, grade text, generation long, " +
				"synced_at timestamp"},
		{Name: TombstoneTable, Columns: "table_name text, record_key text, _catchment_at timestamp, " +
			"_catchment_read_at timestamp, reason text, removed_at timestamp"},
		{Name: ObjectsTable, Final: true, Columns: "object text, table_name text, label text, key_prefix text, " +
			"custom bool, described_at timestamp"},
		{Name: FieldsTable, Final: true, Columns: "object text, field text, column_name text, label text, type text, " +
			"length int, precision_digits int, scale_digits int, nillable bool, calculated bool, custom bool, " +
			"reference_to text, relationship_name text"},
		{Name: PicklistsTable, Final: true, Columns: "object text, field text, position int, value text, label text, " +
			"active bool, is_default bool"},
	}, {
		{Name: PageTable, Add: true, Columns: "reason text, override bool"},
	}, {
		{Name: LogTable, Add: true, Columns: "patched long"},
	}, {
		{Name: ErasedTable, Columns: "erased_at timestamp, table_name text, by_column text, record_key text, " +
			"row_count long, staged long, pages long"},
	}, {
		{Name: RejectedTable,
			Columns: "flow text, record_key text, stamp timestamp, field text, rule text, record text, " +
				"_catchment_op text, _catchment_attempt text, _catchment_job text, _catchment_read_at timestamp, " +
				"_catchment_seq long"},
	}, {
		{Name: FlowTable, Add: true, Columns: "memory text"},
		{Name: FlowTable, Add: true, Columns: DeletesTold + " bool"},
	}, {
		{Name: body.Table, Final: true, Columns: "object text, record_id text, state text, sha256 text, " +
			"md5 text, size long, content_type text, read_at timestamp, reason text, tries long, again_at timestamp, " +
			"checksum text, stamp timestamp"},
	}, {
		{Name: ArchiveTable, Final: true, Key: "object, record_id, plan", Columns: "plan text, object text, " +
			"record_id text, level int, state text, reason text, stamp timestamp, digest text, batch long, " +
			"proven_at timestamp, ended_at timestamp, new_id text"},
	}, { // each flow looks for its own among those of hundreds, and the log has a line of every run
		{Name: FieldsTable, Final: true, Add: true, Index: "object"},
		{Name: ObjectsTable, Final: true, Add: true, Index: "object"},
		{Name: PicklistsTable, Final: true, Add: true, Index: "object"},
		{Name: LogTable, Add: true, Index: "attempt"},
		{Name: PageTable, Add: true, Index: "attempt"},
	}}
}

// DeletesTold says of a flow that the rows which are gone say so in IsDeleted: a version
// before this column left it as it was.
const DeletesTold = "deletes_told"

// RejectedStamp is the column that tells which version of a record was rejected.
const RejectedStamp = "stamp"
