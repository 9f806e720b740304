package lex

import (
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
)

// A Reference is the name of a table, with its schema where it has one.
type Reference struct {
	Schema, Name string
}

// ReferenceAt reads a table's name at place i, and returns the place after it.
func (s Statement) ReferenceAt(i int) (Reference, int, error) {
	if i >= len(s) || !s[i].Named() {
		return Reference{}, i, failure.Near(s.At(i))
	}
	r := Reference{Name: s[i].Name()}
	i++
	for i+1 < len(s) && s[i].Is(".") && s[i+1].Named() { // a database in front is the one that we are in
		r.Schema, r.Name = r.Name, s[i+1].Name()
		i += 2
	}
	// "#name" is a temporary table.
	return r, i, nil
}

// Temporary tells whether the name is that of a temporary table by itself.
func (r Reference) Temporary() bool { return strings.HasPrefix(r.Name, "#") }

// String writes the name as SQL.
func (r Reference) String() string {
	if r.Schema == "" {
		return Quote(r.Name)
	}
	return Quote(r.Schema) + "." + Quote(r.Name)
}
