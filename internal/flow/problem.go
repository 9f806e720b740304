package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
)

// A Problem is one thing in a file that has to be corrected.
type Problem struct {
	File         string
	Line, Column int    // from 1; 0 where the flow was not read from a file
	Key          string // "flows[1].deletes"; "" for the file as a whole
	Text         string // what is wrong, and what is allowed; never a secret
}

func (p Problem) String() string {
	var s strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&s, "%s:%d:%d: ", p.File, p.Line, p.Column)
	}
	if p.Key != "" {
		s.WriteString(p.Key + ": ")
	}
	return s.String() + p.Text
}

// Problems are all problems of a file, in the order of its lines.
type Problems struct{ List []Problem }

func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i, one := range p.List {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// asError makes an error of class Fix from problems, nil where there are none.
func asError(list []Problem) error {
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &plan.Failure{Class: plan.Fix, Hint: "correct it, then type: catchment check", Err: &Problems{list}}
}

// A source remembers where each value of a flow stands, for the problems that
// only the org's description shows.
type source struct {
	file string
	at   string // "flows[1]"
	seen map[string]position
}

type position struct{ line, column int }

// problem makes the Problem of a flow's key, such as "fields[2]".
func (fl Flow) problem(key, format string, args ...any) Problem {
	p := Problem{Key: "flow " + fl.Object + "." + key, Text: fmt.Sprintf(format, args...)}
	if fl.source != nil {
		p.File, p.Key = fl.source.file, fl.source.at+"."+key
		at := fl.source.seen[p.Key]
		p.Line, p.Column = at.line, at.column
	}
	return p
}

// meant suggests the name that was meant by a mistyped one: "; did you mean
// Account?", or "" where nothing is near.
func meant(name string, names []string) string {
	best, distance := "", len(name)/3+2
	for _, n := range names {
		if d := edits(strings.ToLower(name), strings.ToLower(n)); d < distance {
			best, distance = n, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// edits is the Levenshtein distance of two texts, counted in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
