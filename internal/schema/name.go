package schema

import "regexp"

// IsName tells whether a text may be the API name of an object or a field, which no
// query, key or table has trouble with.
func IsName(text string) bool { return nameRE.MatchString(text) }

// nameRE has more room than any API name takes: 15 characters of a namespace, 40 of the
// name, and what tells its kind.
var nameRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,127}$`)
