package schema

import "regexp"

// IsName tells whether a text may be the API name of an object or a field, which no
// query, key or table has trouble with.
func IsName(text string) bool { return len(text) <= LongestName && nameRE.MatchString(text) }

// LongestName is more than any API name has: 15 characters of a namespace, 40 of the name,
// and what tells its kind. Folders, keys and rows of the control table have room for it.
const LongestName = 128

var nameRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
