// Package substrait stands in the place of github.com/substrait-io/substrait, which describes hundreds of functions
// in a megabyte of YAML. The library for Iceberg reads all of it whenever a program starts, to be able to filter rows
// while it reads them. The lake chooses rows by readers of its own, so a start would pay for nothing. Here are the
// few functions by which a test has somebody else delete rows. See docs/adr/0069.
package substrait

import "embed"

//go:embed extensions/*.yaml
var extensions embed.FS

// GetSubstraitExtensionsFS returns the descriptions of functions, in a folder named extensions.
func GetSubstraitExtensionsFS() embed.FS {
	return extensions
}
