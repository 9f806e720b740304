package replicate

import (
	"cmp"
	"slices"

	"catchment/internal/control"
	"catchment/internal/replicate/reading"
	"catchment/internal/source"
)

// restAtMost is how many changed records are cheaper by REST: one call where a
// Bulk job takes four and waits. One answer of REST holds 2,000 at most.
const restAtMost = 2000

// uriAtMost is how long a query may be for that: Salesforce takes 16,384 bytes in
// a URI with the headers, and quoting may triple a byte.
const uriAtMost = 4000

// moverFor picks how to read: nothing at all, REST or Bulk. changed is -1 where
// nobody counted.
func moverFor(setting string, changed int64, q control.Query) string {
	switch {
	case changed == 0:
		return reading.Nothing
	case setting != "auto" && setting != "":
		return setting
	case changed > 0 && changed <= restAtMost && len(reading.SOQL(q)) <= uriAtMost:
		return "rest"
	}
	return "bulk"
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
