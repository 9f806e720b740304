package verify

// A Cost is about what a comparison takes of an org's limits.
type Cost struct {
	Records int64 // read
	Jobs    int64 // Bulk query jobs
	Calls   int64 // API calls
}

// recordsPerPage is about what Salesforce puts into one page of a Bulk result.
const recordsPerPage = 100_000

// CostByParents is what a comparison takes of records that are read by so many lists of their
// parents: describe, a probe, and a call for each list. They can't be counted.
func CostByParents(records, lists int64, m Method) Cost {
	if m == Counts {
		return Cost{}
	}
	return Cost{Records: records, Calls: 2 + lists}
}

// CostOf is what a comparison of an object with so many records takes. What
// differs comes on top: a call for each 2,000 records, twice more where they are
// mended.
func CostOf(records int64, m Method) Cost {
	if m == Counts { // describe, two counts, and a span of 1,000 days each
		return Cost{Calls: 6}
	}
	pages := records/recordsPerPage + 1
	// Describe, create, about three polls, lists of five pages, pages, delete.
	return Cost{Records: records, Jobs: 1, Calls: 6 + pages/5 + 1 + pages}
}
