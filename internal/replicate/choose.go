package replicate

import (
	"cmp"
	"slices"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/replicate/reading"
	"catchment/internal/source"
)

// moverFor picks how to read: nothing at all, as the flow is set, or as suits best.
// The query of much is q.
func moverFor(movers mover.Set, setting string, much mover.Amount, q control.Query) string {
	switch {
	case much.Records == 0:
		return string(reading.Nothing)
	case setting != "auto" && setting != "":
		return setting
	}
	much.Query = len(reading.SOQL(q))
	return movers.For(much)
}

// inBulk tells whether Bulk can read any of some columns beside those that every
// query has. Where the flow's rules decide on whole records, one query has to read
// all of them.
func inBulk(src *source.Source, columns []string) bool {
	_, others := reading.Apart(columns)
	alone := slices.ContainsFunc(others, src.ByREST)
	carried := slices.ContainsFunc(others, func(c string) bool { return !src.ByREST(c) })
	return !alone || carried && len(src.Treatment.Checks) == 0
}

// setting is the mover that a flow's object needs, or that the flow asks for.
func setting(src *source.Source, row control.FlowRow) string {
	return cmp.Or(row.Mover, string(src.Flow.Mover))
}
