package warehousetest

import (
	"errors"
	"testing"

	"catchment/internal/warehouse"
)

// A Subject is an empty warehouse that is held to the contract. The suite sees it
// as Catchment does, through Open, and as somebody else does who looks at its
// tables or changes them behind Catchment's back.
type Subject interface {
	// Open makes a Warehouse over the subject's tables, each time as another
	// process would. With a fault, it goes wrong as that says; NoFault is none.
	Open(o warehouse.Options, f Fault) warehouse.Warehouse

	// Traits is what the suite has to know beside the contract.
	Traits() Traits

	Eyes
	Hands
}

// Eyes look at a subject's tables.
type Eyes interface {
	// Tables lists the tables of a side, ours (_catchment_*) among them.
	Tables(t testing.TB, s Side) []string
	// Columns lists the columns of a table in order, none where there is no table.
	Columns(t testing.TB, s Side, table string) []string
	// Look reads all rows of a table, in any order.
	Look(t testing.TB, s Side, table string) []Row
}

// Hands change a subject's tables behind Catchment's back.
type Hands interface {
	// Insert adds rows to a table. A column that a row doesn't name is null.
	Insert(t testing.TB, s Side, table string, rows ...Row)
	// Update sets columns of all rows of a table.
	Update(t testing.TB, s Side, table string, to Row)
	// Delete removes the rows whose column id is one of ids, all where there are
	// none.
	Delete(t testing.TB, s Side, table string, ids ...string)
	// Drop removes a table.
	Drop(t testing.TB, s Side, table string)
	// Make makes a table of text columns, as somebody else would.
	Make(t testing.TB, s Side, table string, columns ...string)
	// Copy makes another table with the rows of a table, without its key.
	Copy(t testing.TB, s Side, table, to string)
	// Rename gives a table another name.
	Rename(t testing.TB, s Side, table, to string)
}

// A Side is one of the two places where tables are.
type Side string

// The sides.
const (
	Final   Side = "salesforce"
	Staging Side = "salesforce_incremental"
)

// A Row is the values of a row as texts, nil for null, by the names of its
// columns. Texts are as people write them: true, 12.50, 2026-03-01,
// 2026-03-01 00:10:00+00 (UTC, with a fraction only where there is one),
// 23:59:59.999.
type Row map[string]*string

// Traits is what the suite has to know of a subject beside the contract.
type Traits struct {
	LongestText int  // bytes that a text may have, 0 for any number
	Digits      int  // of the widest decimal, 0 for any number
	Enforces    bool // a second row of one key is refused, whoever writes it
	Grants      bool // there are roles to which tables can be granted
	// Apart says that no transaction holds several tables. What concerns the tables of several flows is begun for all
	// of them together, in the marks, and the tables follow one by one: what is left of that a repeat does. So it is
	// with a record that is to be erased from all tables of its flow.
	Apart bool
	// History says that what was merged stays in staging, as the versions that there were.
	History bool
	// Closed says that staging takes what attempts bring, and nothing else: rows that a user puts there are merged by
	// nobody, since no transaction could take them away with their merge.
	Closed bool
}

// A Fault is what goes wrong.
type Fault struct {
	Kind FaultKind
	At   int // the statement of a transaction, or the step of an operation, from 0 on; nothing for a LostAnswer
}

// ErrDied is what a process that has died would see, if it could.
var ErrDied = errors.New("the process has died")

// A FaultKind is a way to go wrong.
type FaultKind string

// The kinds of fault.
const (
	NoFault FaultKind = ""
	// LostAnswer happens each time; what was written stays.
	LostAnswer FaultKind = "the answer to a commit is lost"
	// Fails happens at At, and at all that follow.
	Fails FaultKind = "a statement fails"
	// Cancelled happens at At, for the sake of another transaction, and only once.
	Cancelled FaultKind = "a statement is cancelled"
	// Dies happens after At touches of the warehouse; each later one is ErrDied.
	Dies FaultKind = "the process dies"
	// Twice is a first load that is done and then fails, as if a server had gone away.
	Twice FaultKind = "a load is tried again"
)
