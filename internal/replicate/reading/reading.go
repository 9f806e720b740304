// Package reading knows what an attempt reads, as values: which parts it has, where
// each of them stands, and how one that is more than Salesforce can answer becomes
// smaller.
//
// Everything here is a pure function: parts go in, parts come out, and a query is
// written as SOQL only at the end. What is asked, when, and what becomes of a job is
// left to replicate.
//
// Start at Plan. state.go has the one table of what befalls a part; ranges.go and
// columns.go make one smaller, as relief decides. doubles.go decides about keys that a job
// has more than once, and poll.go when a job is asked how far it is.
package reading

import (
	"net/url"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/salesforce/soql"
)

// uriLimit is how long a query may be once it is written into a URI: Salesforce
// takes 16,384 bytes, headers included.
const uriLimit = 14_000

// SOQL writes a query, of the records in its range alone. Where it has Ids, it
// names the fields.
func SOQL(q control.Query) string {
	s := soql.Select{Fields: q.Fields, From: q.Object, OrderBy: q.OrderBy, Limit: q.Limit}
	for _, condition := range q.Where {
		s.Where = append(s.Where, soql.Condition(condition))
	}
	s.Where = append(s.Where, Bounds(q)...)
	return s.String()
}

// Query asks for fields of an object's records that meet a condition, and, where
// there is a cursor, that have changed since a moment.
func Query(object string, fields []string, where, cursor string, from time.Time) control.Query {
	q := control.Query{Object: object, Fields: fields}
	if where != "" {
		q.Where = append(q.Where, string(soql.Raw(where)))
	}
	if cursor != "" && !from.IsZero() {
		q.Where = append(q.Where, string(soql.Since(cursor, from)))
	}
	return q
}

// Count asks how many records Query would read.
func Count(object, where, cursor string, from time.Time) string {
	return SOQL(Query(object, []string{"COUNT()"}, where, cursor, from))
}

// Bounds are the conditions of a query's range of Ids.
func Bounds(q control.Query) []soql.Condition {
	var where []soql.Condition
	if q.Least != "" {
		where = append(where, soql.From("Id", q.Least))
	}
	if q.Below != "" {
		where = append(where, soql.Below("Id", q.Below))
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
