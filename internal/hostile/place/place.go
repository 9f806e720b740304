// Package place names the answers that a client of Salesforce reads, and tells
// which of them a request asks for. The paths are those of the REST API, Bulk
// API 2.0 and OAuth guides.
package place

import (
	"net/http"
	"regexp"
)

// A Place is one of the answers that a client of Salesforce reads.
type Place string

// The places, in the order in which a run comes to them.
const (
	Token       Place = "token"
	Versions    Place = "versions"
	Resources   Place = "resources"
	Limits      Place = "limits"
	Counts      Place = "counts"
	Objects     Place = "objects"
	Describe    Place = "describe"
	Updated     Place = "updated"
	Deleted     Place = "deleted"
	Composite   Place = "composite"
	Query       Place = "query"
	NextQuery   Place = "next query"
	NewJob      Place = "new job"
	Job         Place = "job"
	ResultPages Place = "result pages"
	Results     Place = "results"
	Anything    Place = "anything"
	InsideAPI   Place = "inside the API" // all but the login
)

// A pattern is how a place is asked for.
type pattern struct {
	method string // any where ""
	path   *regexp.Regexp
}

const api = `^/services/data/v[0-9.]+`

var patterns = map[Place]pattern{
	Token:       {"POST", regexp.MustCompile(`^/services/oauth2/token$`)},
	Versions:    {"GET", regexp.MustCompile(`^/services/data/?$`)},
	Resources:   {"GET", regexp.MustCompile(api + `/?$`)},
	Limits:      {"GET", regexp.MustCompile(api + `/limits/?$`)},
	Counts:      {"GET", regexp.MustCompile(api + `/limits/recordCount$`)},
	Objects:     {"GET", regexp.MustCompile(api + `/sobjects/?$`)},
	Describe:    {"GET", regexp.MustCompile(api + `/sobjects/[^/]+/describe/?$`)},
	Updated:     {"GET", regexp.MustCompile(api + `/sobjects/[^/]+/updated/?$`)},
	Deleted:     {"GET", regexp.MustCompile(api + `/sobjects/[^/]+/deleted/?$`)},
	Composite:   {"POST", regexp.MustCompile(api + `/composite(/.*)?$`)},
	Query:       {"GET", regexp.MustCompile(api + `/query(All)?/?$`)},
	NextQuery:   {"GET", regexp.MustCompile(api + `/query(All)?/[^/]+$`)},
	NewJob:      {"POST", regexp.MustCompile(api + `/jobs/query/?$`)},
	Job:         {"GET", regexp.MustCompile(api + `/jobs/query/[^/]+$`)},
	ResultPages: {"GET", regexp.MustCompile(api + `/jobs/query/[^/]+/result[Pp]ages$`)},
	Results:     {"GET", regexp.MustCompile(api + `/jobs/query/[^/]+/results/?$`)},
	Anything:    {"", regexp.MustCompile(``)},
	InsideAPI:   {"", regexp.MustCompile(api)},
}

// Holds tells whether a request asks for this place.
func (p Place) Holds(r *http.Request) bool {
	is := patterns[p]
	return (is.method == "" || is.method == r.Method) && is.path.MatchString(r.URL.Path)
}
