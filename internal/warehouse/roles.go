package warehouse

import (
	"context"
	"time"

	"catchment/internal/schema"
	"catchment/internal/warehouse/adoption"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// A Warehouse is the five roles that every warehouse has. What it may have
// beside them, RolesOf tells.
type Warehouse interface {
	Marks
	Shaper
	Loader
	Merger
	Evidence

	// Name is what this kind of warehouse is called.
	Name() string
	// Close ends the sessions after what still runs.
	Close() error
}

// Marks is the truth about how far each flow is, who may write for it, and who may
// read what it has.
type Marks interface {
	// Claim makes the flow's mark, or takes it over with a fence that is not
	// older than the stored one (invariant 7). What claim.Take refuses is refused:
	// the schemas belong to the org of the first claim, also where two orgs make
	// theirs at once (invariant 13), and a table to one flow.
	Claim(ctx context.Context, f Fence, table, org string) (Mark, error)
	// Rebind gives the marks of all other orgs to this one, all of them or none.
	// They lose their watermarks and get a newer fence and generation: nothing
	// that was read of the old orgs is merged any more, and each flow is read
	// anew. With drop their tables are emptied, too. A repeat finds nothing to do.
	Rebind(ctx context.Context, org string, drop bool) error
	// Mark reads what the warehouse knows of a flow, and whether it knows it.
	Mark(ctx context.Context, flow string) (Mark, bool, error)
	// Marks reads the marks of all flows, in order of their names.
	Marks(ctx context.Context) ([]Mark, error)
	// Remember writes what is known of a flow into its mark, and the grade that its
	// watermark may claim by that; a mark without a watermark stays without a
	// grade. Nothing else of the mark changes.
	Remember(ctx context.Context, f Fence, memory, grade string) error
	// Recount has a flow's mark count the rows of its final table as they are, and
	// tells how many: somebody has looked at them.
	Recount(ctx context.Context, f Fence, t shape.Table) (int64, error)
	// Grant lets the roles of Options.GrantTo read the final tables that are there,
	// those roles that weren't let in before; Prepare does so for new tables. What
	// somebody took from a role since stays taken. dry undoes it, and tells only why it
	// can't be done.
	Grant(ctx context.Context, dry bool) error
}

// A Shaper has the tables follow the source. What it does comes before a write
// and is never part of one: it may be repeated, commits by itself, and adds only.
type Shaper interface {
	// Migrate makes our own tables, or brings those of an older version up to
	// date. A warehouse that a newer version has migrated is refused.
	Migrate(ctx context.Context) error
	// Adapt gives the columns of t the names and kinds that the table in the
	// warehouse has for them. It changes nothing: Prepare does.
	Adapt(ctx context.Context, t shape.Table) (shape.Table, shape.Past, error)
	// Prepare makes the staging and the final table of t, or adds the columns
	// that they lack, and tells what it did. A column that t has no more keeps
	// its values and is reported as vanished (invariant 8).
	Prepare(ctx context.Context, f Fence, t shape.Table) ([]shape.Change, error)
	// Admits tells why Prepare would refuse t: its names, a table of somebody else in
	// the way, a right that is missing. It changes nothing, and Prepare goes by the
	// very same answer.
	Admits(ctx context.Context, t shape.Table) error
	// Stored gives the columns of t that its final table has.
	Stored(ctx context.Context, t shape.Table) (shape.Table, error)
	// Describe writes down what Salesforce says about an object and its fields.
	Describe(ctx context.Context, f Fence, o schema.Object, t shape.Table) error
	// Inspect compares a final table with what its mark remembers (invariant 12).
	// No row can be stamped later than latest.
	Inspect(ctx context.Context, t shape.Table, m Mark, latest time.Time) (shape.Condition, error)
}

// A Loader takes pages. A page and its line in the ledger are seen together, and
// once.
type Loader interface {
	// Load puts the pages of a batch into staging, all of them or none, and tells
	// how many rows the ledger now holds for them. A page that the ledger has
	// already is skipped (invariant 2). A page that brings another number of rows
	// than it should fails the batch (invariant 6).
	Load(ctx context.Context, f Fence, b Batch) (int64, error)
	// Staged tells how many pages and rows the ledger holds for a job of an
	// attempt, or for all of its jobs where job is "".
	Staged(ctx context.Context, attempt, job string) (pages, rows int64, err error)
	// Keys counts the different keys that a job has in staging.
	Keys(ctx context.Context, t shape.Table, attempt, job string) (int64, error)
	// Repeated tells of the keys that a job has in staging more than once, in
	// memory that doesn't grow with them.
	Repeated(ctx context.Context, t shape.Table, attempt, job string) (evidence.Repeats, error)
	// Discard removes the staged rows and the ledger of an attempt's jobs, all
	// but those of keep, and what is said of records that these kept out. Of an
	// attempt that was consolidated, all of that stays.
	Discard(ctx context.Context, f Fence, attempt string, keep ...string) error
	// Room is what columns have room for. Load is given no value beyond it.
	Room() room.Limits
	// PagesPerLoad is how many pages the loader likes to take at once.
	PagesPerLoad() int
}

// A Merger makes one row of each record. Rows, counts and the mark are seen
// together, and a repeat changes nothing.
type Merger interface {
	// Seal writes down that an attempt is in staging as a whole, and how it is to
	// be consolidated. It may be repeated.
	Seal(ctx context.Context, f Fence, m Merge) error
	// Consolidate merges the staged versions of an attempt into the final table:
	// the newest version of each key wins, and never replaces a newer row
	// (invariant 4). A repeat returns the counts of the first time.
	Consolidate(ctx context.Context, f Fence, m Merge) (Counts, error)
	// Consolidated tells whether an attempt was consolidated before.
	Consolidated(ctx context.Context, attempt string) (bool, error)
	// Mend loads and merges at once what was read anew of records whose rows were
	// found wrong. It wins over rows of any stamp, but not over what was read
	// later; the watermark stays where it is.
	Mend(ctx context.Context, f Fence, m Mending) (Counts, error)
	// Distinct leaves one row of each key. Which one doesn't matter: Mend
	// replaces it.
	Distinct(ctx context.Context, f Fence, t shape.Table) error
	// Unstamp forgets what rows say of their versions where that is later than
	// latest, which can't be true: whatever is read of their records wins from then
	// on.
	Unstamp(ctx context.Context, f Fence, t shape.Table, latest time.Time) error
}

// Evidence answers questions about staged readings and final tables. The answer
// is computed where the rows are, in memory that doesn't grow with them.
type Evidence interface {
	Sightings
	Rejections

	// Rows counts the rows of a final table, deleted ones included.
	Rows(ctx context.Context, t shape.Table) (int64, error)
	// Live counts the rows of a final table that aren't deleted.
	Live(ctx context.Context, t shape.Table) (int64, error)
	// Days counts the live rows of a final table by the day of their stamp, in
	// days since 1970, as far as they are stamped before a moment.
	Days(ctx context.Context, t shape.Table, before time.Time) (map[int64]int64, error)
	// SomeKey picks the key of any row of a final table, "" where there is none.
	SomeKey(ctx context.Context, t shape.Table) (string, error)
	// Reading makes room for a fresh look at an object.
	Reading(ctx context.Context, f Fence, c evidence.Comparison) (Reading, error)
}

// Sightings holds what jobs saw of a table's records against its rows. The
// table's key must be one column, but for Key.
type Sightings interface {
	// Key looks what became of the primary key of a final table. One that is lost is
	// made again by Prepare, and before a merge.
	Key(ctx context.Context, t shape.Table) (evidence.Key, error)
	// Held tells which of some keys have a row that isn't deleted.
	Held(ctx context.Context, t shape.Table, keys []string) (map[string]bool, error)
	// StagedKeys calls each with the key of every version that a job has in
	// staging.
	StagedKeys(ctx context.Context, t shape.Table, attempt, job string, each func(key string)) error
	// Absent lists the keys of live rows, read before readAt, that some jobs of
	// an attempt, which read every Id together, don't have in staging.
	Absent(ctx context.Context, t shape.Table, attempt string, jobs []string, readAt time.Time) ([]string, error)
	// Otherwise lists the keys that some jobs of an attempt, which read every Id
	// and IsDeleted together, saw otherwise than the final table has them: alive,
	// where the table has no live row, and in the recycle bin, where it has one.
	Otherwise(ctx context.Context, t shape.Table, attempt string, jobs []string) (alive, binned []string, err error)
	// Torn lists the keys of records that some jobs of an attempt read and
	// others, which read further columns of them, did not read in that version.
	Torn(ctx context.Context, t shape.Table, attempt string, jobs, further []string) ([]string, error)
}

// Rejections tells of the records that were kept out, since they break the flow's rules
// or fit no column. Consolidate forgets what is past: of a record of which something
// newer is known than its rejection.
type Rejections interface {
	// Rejected counts the different records of an attempt's job that were kept out;
	// those of all jobs where job is "".
	Rejected(ctx context.Context, attempt, job string) (int64, error)
	// RejectedKeys calls each with the key of every such record.
	RejectedKeys(ctx context.Context, attempt, job string, each func(key string)) error
	// Rejects names so many of the records that an attempt kept out.
	Rejects(ctx context.Context, attempt string, most int) ([]evidence.Reject, error)
	// Out counts the records that are kept out of a table, and names so many of them:
	// first those that have an older row. What the attempt of m has in staging counts as
	// consolidated; one without an attempt asks for what is so now.
	Out(ctx context.Context, t shape.Table, m Merge, most int) (evidence.Out, error)
	// OutKeys lists so many keys of records that are kept out now, in order, of those
	// that follow a key.
	OutKeys(ctx context.Context, t shape.Table, after string, most int) ([]string, error)
}

// A Reading is a fresh look at an object, beside the final table that it is held
// against. What it finds can be asked for again by Id, answered, and judged anew.
// Nothing of it touches rows of the final table.
//
// The order is Add, Judge, then Ask and Answer as often as need be, Difference
// and Sets at any time after Judge, and Close. A reading that a crash left behind
// is replaced by the next one of the flow.
type Reading interface {
	// Add loads pages of the reading, all of them or none. Each has a Seq of its
	// own.
	Add(ctx context.Context, pages []Page) error
	// Judge finds where reading and final table differ. expected is what
	// Salesforce says the reading holds (invariant 6). Where the reading is of some records only it
	// may be repeated, and costs what these do.
	Judge(ctx context.Context, expected int64) error
	// Ask picks what was judged to differ, so many records at most in order of
	// their keys, and names them. Answer then judges these anew.
	Ask(ctx context.Context, most int) ([]evidence.Suspect, error)
	// Answer replaces what the reading says of the records that Ask named by what
	// pages hold, and judges them anew. A record that no page holds is gone. clock is
	// the org's after they were read: Comparison.Clock from then on.
	Answer(ctx context.Context, clock time.Time, pages []Page) error
	// Difference counts what was judged, and names so many Ids of each kind.
	Difference(ctx context.Context, sample int) (evidence.Difference, error)
	// Sets gives both sides' sets. They are equal where nothing is missing, extra
	// or stale. Under Ignore the final table's set leaves out rows whose record is
	// deleted: they stay there on purpose.
	Sets(ctx context.Context) (source, rows evidence.Set, err error)
	// Close forgets the reading.
	Close(ctx context.Context) error
}

// Roles are what a warehouse may have beside the five, nil for what it lacks.
type Roles struct {
	Detacher   Detacher
	Procedures Procedures
	Lands      Lands
	Eraser     Eraser
	Adopter    Adopter
	// Proves tells whether Consolidate is expected to find by itself which keys came more than once of
	// what is in staging for a table, at less cost than to count them before: Merge.Unproven has
	// the jobs then.
	Proves func(ctx context.Context, t shape.Table) (bool, error)
	// Agreed tells what a connection has agreed on, made for the question where there is none. It says
	// nothing of a warehouse that no such connection leads to.
	Agreed func(ctx context.Context) (Agreement, error)
}

// RolesOf asks a warehouse for its further roles.
func RolesOf(w Warehouse) Roles {
	var r Roles
	r.Detacher, _ = w.(Detacher)
	r.Procedures, _ = w.(Procedures)
	r.Lands, _ = w.(Lands)
	r.Eraser, _ = w.(Eraser)
	r.Adopter, _ = w.(Adopter)
	if p, ok := w.(prover); ok {
		r.Proves = p.Proves
	}
	if c, ok := w.(connected); ok {
		r.Agreed = c.Agreed
	}
	return r
}

// A Detacher goes on with a consolidation that nobody waits for, and can be asked
// about it later: by another process too, which knows nothing but its id.
type Detacher interface {
	// Begin lets the warehouse consolidate an attempt that was sealed while nobody
	// waits for it. The id is to be kept, for Ended; "" says that this table has no
	// such way. The same token begins nothing twice. What it leaves undone,
	// Consolidate does, and Consolidate is who tells the counts.
	Begin(ctx context.Context, f Fence, p Procedure, token string) (id string, err error)
	// Ended tells whether a consolidation that Begin has begun is over, and waits
	// for that no longer than patience. The error is that of the consolidation, or
	// of the question; either way Consolidate may follow.
	Ended(ctx context.Context, id string, patience time.Duration) (bool, error)
}

// Procedures is a warehouse that consolidates when a user says
// CALL consolidated_of_tables().
type Procedures interface {
	// Install makes the procedures in the warehouse, or makes them anew.
	Install(ctx context.Context, ps []Procedure) error
}

// Lands is a warehouse into which others may put rows.
type Lands interface {
	// LandsIn is the table that takes rows from outside, as schema.table: staging,
	// or the table apart from it.
	LandsIn(t shape.Table, apart bool) string
	// PrepareLanding makes the table in which rows land apart, with the columns of
	// t and none of ours, or adds those that it lacks. Prepare comes before it.
	PrepareLanding(ctx context.Context, f Fence, t shape.Table) error
	// Unclaimed counts the rows that landed and are no attempt's.
	Unclaimed(ctx context.Context, t shape.Table, apart bool) (int64, error)
	// ClaimLanded gives the rows that landed to an attempt, and writes them into
	// the ledger. Where they aren't as many as were sent it fails with
	// ErrUncounted, and nothing is claimed (invariant 6). A repeat finds them in
	// the ledger and claims no more.
	ClaimLanded(ctx context.Context, f Fence, l Landed) error
	// MergeUnclaimed consolidates the rows that are no attempt's: each is a version
	// of its record like any other, so none is lost, but they move no watermark.
	MergeUnclaimed(ctx context.Context, f Fence, m Merge, apart bool) (Counts, error)
}

// An Eraser removes records so that nothing is left of them.
type Eraser interface {
	// Erase removes records from the final table and from staging, together with
	// the line of the log that says so: its Ids, never a value. A tombstone stays
	// for each key, so that no late page brings a record back, not even in a
	// rebuild. Attempts that are under way must have been discarded before.
	Erase(ctx context.Context, f Fence, e Erasure) (Erased, error)
}

// An Adopter takes over tables that somebody else made.
type Adopter interface {
	// Survey looks at the tables of a flow that somebody else made, and changes
	// nothing. What How doesn't let pass is refused, with a query that finds it.
	Survey(ctx context.Context, t shape.Table, how adoption.Taking) (Adoption, error)
	// Adopt takes them over: the final table is made anew, with the newest version
	// of each record, and the old ones are kept under another name. A crash leaves
	// everything as it was. A repeat finds nothing to adopt.
	Adopt(ctx context.Context, f Fence, m Merge, how adoption.Taking) (Adoption, error)
}

// prover is a warehouse that finds out by itself, when it consolidates, whether a key came more than
// once.
type prover interface {
	Proves(ctx context.Context, t shape.Table) (bool, error)
}

// connected is a warehouse that a connection leads to, over which others may be able
// to read along.
type connected interface {
	Agreed(ctx context.Context) (Agreement, error)
}
