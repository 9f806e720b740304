package platform

import "fmt"

// A Part of the API is there from some version on.
type Part int

// The parts that a version may lack which orgs still serve.
const (
	Composite   Part = 39 // many questions in one call; Spring '17, REST API release notes
	RecordCount Part = 40 // limits/recordCount; REST API guide, "Record Count"
	Permissions Part = 41 // UserPermissionAccess; Object Reference
	Collections Part = 42 // records by their Ids in the body; REST API guide, "sObject Collections"
	BulkQueries Part = 47 // jobs/query; Bulk API 2.0 guide
	ResultPages Part = 58 // jobs/query/ID/resultPages; Bulk API 2.0 guide
)

// In tells whether a version has the part.
func (p Part) In(version string) bool { return Number(version) >= int(p) }

// Since is the first version that has the part.
func (p Part) Since() string { return fmt.Sprintf("%d.0", int(p)) }

// Lacks says what the client does without in a version, and what it does instead. It
// is empty for most versions.
func Lacks(version string) []string {
	all := []struct {
		part       Part
		what, then string
	}{
		{BulkQueries, "Bulk queries", "everything is read by REST, 2,000 records with each call"},
		{ResultPages, "result pages", "the pages of a Bulk job are downloaded one after the other, not side by side"},
		{Collections, "reading by Ids in a body", "records are read again some hundreds with each call, not 2,000"},
		{Permissions, "UserPermissionAccess", "whether the user sees all records can't be told"},
		{RecordCount, "record counts", "how much storage the records take isn't shown"},
		{Composite, "composite requests", "each object is asked about by calls of its own"},
	}
	var lacks []string
	for _, a := range all {
		if a.part.In(version) || a.part == ResultPages && !BulkQueries.In(version) {
			continue // who has no jobs misses no pages of jobs
		}
		lacks = append(lacks, fmt.Sprintf("no %s (since %s): %s", a.what, a.part.Since(), a.then))
	}
	return lacks
}
