package schema

import "regexp"

// IsName tells whether Salesforce would allow a text as the API name of an object or a
// field.
func IsName(text string) bool { return nameRE.MatchString(text) }

var nameRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
