package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// A problem is one thing in a file that has to be corrected.
type problem struct {
	file     string
	position        // the zero position where the flow was not read from a file
	key      string // "flows[1].deletes"; "" for the file as a whole
	text     string // what is wrong, and what is allowed; never a secret
}

func (p problem) String() string {
	var s strings.Builder
	switch {
	case p.line > 0:
		fmt.Fprintf(&s, "%s:%d:%d: ", p.file, p.line, p.column)
	case p.file != "":
		s.WriteString(p.file + ": ")
	}
	if p.key != "" {
		s.WriteString(p.key + ": ")
	}
	return printable.Line(s.String() + p.text)
}

// A fileError is all problems of a file, in the order of its lines.
type fileError struct{ problems []problem }

func (e *fileError) Error() string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Unplaced is the error for a text that is in no file: its problems have no place, and
// their keys are called as they are where they came from.
func (e *fileError) Unplaced(rename func(key string) string) error {
	problems := slices.Clone(e.problems)
	for i, p := range problems {
		problems[i] = problem{key: rename(p.key), text: p.text}
	}
	return &fileError{problems}
}

// asError makes an error of class Fix from problems, nil where there are none.
func asError(problems []problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	return &plan.Failure{Class: plan.Fix, Hint: "correct it, then type: catchment check", Err: &fileError{problems}}
}

// A source remembers where each value of a flow stands, for the problems that
// only the org's description shows.
type source struct {
	file string
	at   string // "flows[1]"
	seen map[string]position
}

// A position in a file is counted from 1.
type position struct{ line, column int }

// problem makes the problem of a flow's key, such as "fields[2]".
func (fl Flow) problem(key, format string, args ...any) problem {
	p := problem{key: "flow " + fl.Object + "." + key, text: fmt.Sprintf(format, args...)}
	if fl.source != nil {
		p.file, p.key = fl.source.file, under(fl.source.at, key)
		p.position = fl.source.seen[p.key]
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
