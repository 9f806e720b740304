package archived

import (
	"fmt"
	"strings"

	"catchment/internal/plan"
)

// A MissingRow says that records were deleted in Salesforce, and that the warehouse has lost their rows since
// they were proven. Nothing was settled.
type MissingRow struct {
	Table string
	IDs   []string
}

// named is how many of them the error names.
const named = 3

func (e *MissingRow) Error() string {
	some := e.IDs[:min(len(e.IDs), named)]
	more := ""
	if n := len(e.IDs) - len(some); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%d deleted records have no row in %s any more: %s%s", len(e.IDs), e.Table,
		strings.Join(some, ", "), more)
}

// Missing is the error of such records.
func Missing(table string, ids []string) error {
	return plan.Failf(plan.Fix, "somebody has taken rows out of the table; undelete the records in Salesforce, whose "+
		"recycle bin keeps them for 15 days", "%w", &MissingRow{Table: table, IDs: ids})
}

// LastCopy refuses to empty a table in which so many rows are the last copy of records that were archived.
func LastCopy(table string, rows int64) error {
	return plan.Fixf("leave the tables as they are, without --drop-rows, or copy the new org into schemas of its own",
		"%d rows of %s are archived: Salesforce hasn't their records any more", rows, table)
}
