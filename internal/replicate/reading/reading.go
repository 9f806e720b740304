// Package reading knows what a part of an attempt reads, and how one that is more
// than Salesforce can answer becomes smaller: in ranges of Ids where it takes too
// long, in groups of columns where it names too much. A record never moves from
// one range to another, as it would between two halves of a window when it
// changes, and the outermost ranges have no ends: together they read what the one
// query would have.
//
// Everything here is a pure function of values: parts go in, parts come out, and a
// query is written as SOQL only at the end. What is asked, when, and what becomes
// of a job is left to replicate.
//
// Start at SOQL. ranges.go splits by Ids, columns.go by columns.
package reading

import (
	"net/url"
	"slices"

	"catchment/internal/control"
	"catchment/internal/salesforce"
)

// uriLimit is how long a query may be once it is written into a URI: Salesforce
// takes 16,384 bytes, headers included.
const uriLimit = 14_000

// SOQL writes a query, of the records in its range alone. Where it has Ids, it
// names the fields.
func SOQL(q control.Query) string {
	s := salesforce.Select{Fields: q.Fields, From: q.Object, OrderBy: q.OrderBy, Limit: q.Limit}
	for _, condition := range q.Where {
		s.Where = append(s.Where, salesforce.Condition(condition))
	}
	s.Where = append(s.Where, Bounds(q)...)
	return s.String()
}

// Bounds are the conditions of a query's range of Ids.
func Bounds(q control.Query) []salesforce.Condition {
	var where []salesforce.Condition
	if q.Least != "" {
		where = append(where, salesforce.From("Id", q.Least))
	}
	if q.Below != "" {
		where = append(where, salesforce.Below("Id", q.Below))
	}
	return where
}

// fitsURI tells whether a query may stand in a URI.
func fitsURI(q control.Query) bool { return len(url.QueryEscape(SOQL(q))) <= uriLimit }

// Apart tells the columns that every group of columns needs from the others.
func Apart(columns []string) (always, others []string) {
	for _, c := range columns {
		if slices.Contains([]string{"Id", "SystemModstamp", "IsDeleted", "MasterRecordId"}, c) {
			always = append(always, c)
		} else {
			others = append(others, c)
		}
	}
	return always, others
}
