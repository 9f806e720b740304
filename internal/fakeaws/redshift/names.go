package redshift

import "strings"

// checkNames refuses names that Redshift cuts off: what is cut is a mistake
// that nobody sees. PostgreSQL behind the stand-in cuts even earlier.
func checkNames(s statement) error {
	for _, t := range s {
		if !t.named() {
			continue
		}
		n := len(t.name())
		if n > maxName {
			return failed("42622", `identifier "%s" is %d bytes long: Redshift cuts it off at %d`, t.name(), n, maxName)
		}
		if n > maxOwnName {
			return cannot(`identifier "%s" is %d bytes long, and PostgreSQL behind it cuts off at %d`, t.name(), n, maxOwnName)
		}
	}
	return nil
}

// A reference is the name of a table, with its schema where it has one.
type reference struct {
	schema, name string
}

// referenceAt reads a table's name at place i, and returns the place after it.
func referenceAt(s statement, i int) (reference, int, error) {
	if i >= len(s) || !s[i].named() {
		return reference{}, i, syntax(at(s, i))
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
