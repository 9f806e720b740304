package redshift

import (
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
)

// A reference is the name of a table, with its schema where it has one.
type reference struct {
	schema, name string
}

// referenceAt reads a table's name at place i, and returns the place after it.
func (s statement) referenceAt(i int) (reference, int, error) {
	if i >= len(s) || !s[i].named() {
		return reference{}, i, failure.Near(s.at(i))
	}
	r := reference{name: s[i].name()}
	i++
	for i+1 < len(s) && s[i].is(".") && s[i+1].named() { // a database in front is the one that we are in
		r.schema, r.name = r.name, s[i+1].name()
		i += 2
	}
	// "#name" is a temporary table.
	return r, i, nil
}

// temporary tells whether the name is that of a temporary table by itself.
func (r reference) temporary() bool { return strings.HasPrefix(r.name, "#") }

// String writes the name as SQL.
func (r reference) String() string {
	if r.schema == "" {
		return quote(r.name)
	}
	return quote(r.schema) + "." + quote(r.name)
}
