package flow

import (
	"regexp"
	"slices"
	"strings"

	"catchment/internal/schema"
)

// SilentWays says in words how records enter and leave a flow's where although
// nothing stamps them: their parent changes, or another record that a sub-select
// looks at, or a field that isn't stamped, or a day goes by.
func SilentWays(fl Flow, o schema.Object) []string {
	unstamped := Unstamped(fl, o, o.Fields)
	var ways []string
	add := func(way string) {
		if !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	tokens := tokenRE.FindAllString(fl.Where, -1)
	for i := 0; i < len(tokens); i++ {
		name := ownName(tokens[i], o)
		switch parent, path := parentOf(name); {
		case strings.EqualFold(name, "SELECT"):
			var from string
			from, i = subSelect(tokens, i)
			add("goes through records of " + from)
		case relativeRE.MatchString(name):
			add("goes by " + strings.ToUpper(name))
		case path:
			add("goes through " + parent)
		default:
			at := slices.IndexFunc(unstamped, func(f schema.Field) bool { return strings.EqualFold(f.Name, name) })
			if at >= 0 {
				add("goes by " + unstamped[at].Name)
			}
		}
	}
	return ways
}

// tokenRE cuts a where into texts, words (names with their parents', relative dates
// with their number), numbers and dates, and signs.
var tokenRE = regexp.MustCompile(
	`'(?:[^'\\]|\\.)*'?|[A-Za-z]\w*(?:\.\w+)*(?:\s*:\s*\d+)?|[0-9+-][\w:.+-]*|\S`)

// relativeRE is a date that is another one tomorrow (SOQL reference, "Date Formats
// and Date Literals in WHERE").
var relativeRE = regexp.MustCompile(`(?i)^(?:YESTERDAY|TODAY|TOMORROW|(?:LAST|NEXT)_90_DAYS|` +
	`(?:LAST|THIS|NEXT)_(?:WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)|` +
	`(?:(?:LAST|NEXT)_N_` + unitsRE + `|N_` + unitsRE + `_AGO)\s*:\s*\d+)$`)

const unitsRE = `(?:DAYS|WEEKS|MONTHS|QUARTERS|YEARS|FISCAL_QUARTERS|FISCAL_YEARS)`

// ownName is a name without the object's own before it: Contact.Name of a Contact is
// no parent's.
func ownName(name string, o schema.Object) string {
	first, rest, path := strings.Cut(name, ".")
	isParent := func(f schema.Field) bool { return strings.EqualFold(f.RelationshipName, first) }
	if path && strings.EqualFold(first, o.Name) && !slices.ContainsFunc(o.Fields, isParent) {
		return rest
	}
	return name
}

// parentOf is the parents that a name goes through. The Id of the nearest one is the
// record's own lookup, and a text, a number or a time is no name.
func parentOf(name string) (string, bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || !schema.IsName(name[:strings.IndexByte(name, '.')]) {
		return "", false
	}
	parent := name[:dot]
	return parent, strings.Contains(parent, ".") || !strings.EqualFold(name[dot+1:], "Id")
}

// subSelect finds the object of a SELECT that stands in parentheses, and where it
// ends.
func subSelect(tokens []string, at int) (from string, end int) {
	depth := 0
	for end = at; end < len(tokens); end++ {
		switch token := tokens[end]; {
		case strings.EqualFold(token, "FROM") && depth == 0 && end+1 < len(tokens):
			from = tokens[end+1]
		case token == "(":
			depth++
		case token == ")" && depth == 0:
			return from, end
		case token == ")":
			depth--
		}
	}
	return from, end
}
