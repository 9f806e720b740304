package versions

import (
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// FewDeletes is how many rows a merge may always delete.
const FewDeletes = 100

// MayDelete is the stop before a merge that takes away more than 100 rows and more than 5 % of those that were live,
// of which there were so many before.
func (r *Rules) MayDelete(m warehouse.Merge, before int64) error {
	live := before + r.Living + r.Counts.Deleted
	if m.AllowDeletes || r.Sudden <= FewDeletes || r.Sudden*20 <= live {
		return nil
	}
	return plan.Fixf("look at what was deleted in Salesforce; if it is right, run again with --allow-deletes", "%w",
		&gone.MassDelete{Table: m.Table.Name, Deletes: r.Sudden, Rows: live})
}
