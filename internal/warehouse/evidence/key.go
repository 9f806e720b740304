package evidence

import (
	"strings"

	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/warehouse/shape"
)

// A Key is what became of the primary key of a final table, where the warehouse
// enforces it. A copy or a backup may come back without one.
type Key struct {
	Lost     bool     // it is gone; Prepare makes it again, unless one of these is in the way
	Repeats  int64    // records that have more rows than one
	Repeated []string // the first of them
	Nameless int64    // rows without a key
}

// Err says why the key of t can't be made again.
func (k Key) Err(t shape.Table) error {
	switch {
	case k.Nameless > 0:
		return plan.Fixf("delete them: they are of no record",
			"table %s has %s without %s, since somebody took its primary key away", t.Name,
			plural.Of(k.Nameless, "row"), strings.Join(t.Key, ", "))
	case k.Repeats > 0:
		more := ""
		if k.Repeats > int64(len(k.Repeated)) {
			more = " ..."
		}
		return plan.Fixf("leave one row of each with: catchment verify --repair "+t.Object,
			"%s %s more rows than one in table %s, since somebody took its primary key away: %s%s",
			plural.Of(k.Repeats, "record"), plural.Word(k.Repeats, "has", "have"), t.Name,
			strings.Join(k.Repeated, " "), more)
	}
	return nil
}
