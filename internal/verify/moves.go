package verify

import (
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/schema"
)

// What moves although nobody changed the record: by a delete, and without a stamp.

// movesByDelete tells of a field that it says of a deleted record when and by whom it was deleted,
// or is worked out by Salesforce whenever somebody asks (Object Reference, "System Fields"). All
// others have in the recycle bin what they had when the record was deleted.
func (s *subject) movesByDelete(field string) bool {
	switch strings.ToLower(field) {
	case "isdeleted", "systemmodstamp", "lastmodifieddate", "lastmodifiedbyid":
		return true
	}
	unstamped := flow.Unstamped(s.source.Flow, s.source.Object, s.source.Fields)
	return slices.ContainsFunc(unstamped, func(f schema.Field) bool { return strings.EqualFold(f.Name, field) })
}

// unstamped is the compared columns whose values move without a stamp.
func (s *subject) unstamped() []string {
	var names []string
	for _, f := range flow.Unstamped(s.source.Flow, s.source.Object, s.source.Fields) {
		if name := s.judgedColumn(f.Name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
