package query

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/soql/syntax"
)

// linksWithoutFilter is the version from which on the permission Query All Files lets a
// user ask for links without naming documents or records.
const linksWithoutFilter = 59

// Rights are what the user may ask of files.
type Rights struct {
	AllFiles   bool // it has the permission Query All Files
	LinkFields bool // it may ask for links by any of their fields, once they are named by Ids
}

// linkIDs are the fields by one of which links have to be named.
func linkIDs() []string { return []string{"Id", "ContentDocumentId", "LinkedEntityId"} }

// demandsOfLinks refuses a question about links that names neither documents nor records,
// and, unless one record is named, a question that has other conditions beside them. The
// first is in the Object Reference; of the second only its words are known, from tools that
// have met it.
func (a *Asker) demandsOfLinks(where syntax.Condition) error {
	switch {
	case a.rights.AllFiles && a.version >= linksWithoutFilter:
		return nil
	case !namesOneOf(where, linkIDs()...):
		return reply.Bad("MALFORMED_QUERY",
			"Implementation restriction: ContentDocumentLink requires a filter by a single Id on "+
				"ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN operator.")
	case !a.rights.LinkFields && !namesOneRecord(where) && asksBeside(where, linkIDs()):
		return reply.Bad("MALFORMED_QUERY",
			"Implementation restriction: filtering on non-id fields is only permitted when filtering by "+
				"ContentDocumentLink.LinkedEntityId using the equals operator.")
	}
	return nil
}

// namesOneRecord tells whether links of one record are asked for.
func namesOneRecord(c syntax.Condition) bool {
	switch c := c.(type) {
	case syntax.And:
		return slices.ContainsFunc(c.Terms, namesOneRecord)
	case syntax.Comparison:
		return c.Op == syntax.Equal && strings.EqualFold(c.Left.String(), "LinkedEntityId")
	}
	return false
}

// asksBeside tells whether a condition is also about other fields.
func asksBeside(c syntax.Condition, fields []string) bool {
	beside := func(term syntax.Condition) bool { return asksBeside(term, fields) }
	switch c := c.(type) {
	case syntax.And:
		return slices.ContainsFunc(c.Terms, beside)
	case syntax.Or:
		return slices.ContainsFunc(c.Terms, beside)
	case syntax.Not:
		return beside(c.Term)
	case syntax.Comparison:
		return !slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(c.Left.String(), f) })
	}
	return false
}
