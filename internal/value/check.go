package value

import (
	"bytes"
	"fmt"
	"regexp"
)

// A Rule is something that a value has to be.
type Rule string

// The rules. Only NotNull has something to say about NULL.
const (
	NotNull     Rule = "not_null"
	NotNegative Rule = "not_negative"
	Pattern     Rule = "pattern"
)

// A Check is one rule for one field.
type Check struct {
	Field   string
	Rule    Rule
	Pattern string // of Pattern: found anywhere in the value; ^ and $ hold its ends
}

// String names the rule as configuration has it.
func (c Check) String() string {
	if c.Rule == Pattern {
		return fmt.Sprintf("pattern %q", c.Pattern)
	}
	return string(c.Rule)
}

type placedCheck struct {
	Check
	column  int
	pattern *regexp.Regexp
}

func (c Check) placed(column int) (placedCheck, error) {
	p := placedCheck{Check: c, column: column}
	var err error
	if c.Rule == Pattern {
		p.pattern, err = regexp.Compile(c.Pattern)
	}
	return p, err
}

// Broken finds the first check that r doesn't keep. A deleted record keeps all:
// whoever holds it back would hold back the news of its deletion.
func (g *Treating) Broken(r Record) (Check, bool) {
	if len(g.checks) == 0 || g.deleted >= 0 && string(r.Value(g.deleted)) == "true" {
		return Check{}, false
	}
	for _, c := range g.checks {
		if !c.kept(r.Value(c.column)) {
			return c.Check, true
		}
	}
	return Check{}, false
}

func (c *placedCheck) kept(v []byte) bool {
	switch c.Rule {
	case NotNull:
		return len(v) > 0
	case NotNegative:
		return !negative(v)
	case Pattern:
		return len(v) == 0 || c.pattern.Match(v)
	}
	return false
}

// negative tells whether a number is less than 0: -0.00 is not.
func negative(v []byte) bool {
	digits, minus := bytes.CutPrefix(v, []byte("-"))
	if i := bytes.IndexAny(digits, "eE"); i >= 0 {
		digits = digits[:i]
	}
	return minus && bytes.ContainsAny(digits, "123456789")
}
