package dialect

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Holes is what belongs into the holes of a template, by their names.
type Holes map[string]string

// holeRE is a hole of a template: {lower_case_word}. Other braces stay:
// they are SQL.
var holeRE = regexp.MustCompile(`\{[a-z_]+\}`)

// Fill writes values into the holes of a template of SQL, each as often as the
// template has it. It looks at the template alone: a value may hold braces of its
// own, since names of columns do. A hole without a value, or a value without a
// hole, is a mistake in this program, of which no statement must come.
func Fill(template string, values Holes) string {
	filled := map[string]bool{}
	sql := holeRE.ReplaceAllStringFunc(template, func(hole string) string {
		name := strings.Trim(hole, "{}")
		value, ok := values[name]
		if !ok {
			panic(fmt.Sprintf("nothing fills the hole {%s} of a statement", name))
		}
		filled[name] = true
		return value
	})
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !filled[name] {
			panic(fmt.Sprintf("a statement has no hole {%s}", name))
		}
	}
	return sql
}
