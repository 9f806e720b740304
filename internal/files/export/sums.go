package export

import "strings"

// SumLine is a line for a list that `sha256sum -c` takes (GNU coreutils, "cksum output modes"): a
// name with a backslash or a line break in it is escaped, and the line says so.
func SumLine(sha256, path string) string {
	escaped := strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`).Replace(path)
	if escaped != path {
		return "\\" + sha256 + "  " + escaped
	}
	return sha256 + "  " + path
}
