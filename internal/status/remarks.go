package status

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"catchment/internal/plural"
	"catchment/internal/printable"
)

// The remarks are what there is to say of objects beside a table. What is true of
// several objects is said once, and of how many.
type remarks []remark

// A remark is one of them.
type remark struct {
	level slog.Level
	what  string // note, error or nothing, as it stands before the text
	text  string
	hint  string
	of    []string
}

// say adds something that is worth knowing of an object.
func (r *remarks) say(of, format string, args ...any) {
	r.add(of, remark{text: strings.TrimSuffix(said(format, args), "\n")})
}

// doubt adds why the watermark of an object is not proven.
func (r *remarks) doubt(of string, d Doubt) {
	text := fmt.Sprintf("not proven, since %s: %s", Stamp(d.Since), printable.Indented(d.Why))
	r.add(of, remark{level: slog.LevelWarn, text: text, hint: d.Hint})
}

// trouble adds what went wrong with an object, if anything did, and what to do about it.
func (r *remarks) trouble(of, failure, hint string) {
	if failure != "" {
		r.add(of, remark{level: slog.LevelError, what: "error: ", text: failure, hint: hint})
	}
}

// add adds a remark on an object. Its own name doesn't make two alike different ones.
func (r *remarks) add(of string, one remark) {
	one.text = strings.TrimPrefix(one.text, of+": ")
	for i := range *r {
		same := &(*r)[i]
		if same.what == one.what && same.text == one.text && same.hint == one.hint {
			if !slices.Contains(same.of, of) {
				same.of = append(same.of, of)
			}
			return
		}
	}
	one.of = []string{of}
	*r = append(*r, one)
}

// remark tells remarks, in the order in which they were added. A log has an
// entry for each object of one.
func (t *Text) remark(all remarks) {
	for _, r := range all {
		who, which := r.of[0], ""
		if len(r.of) > 1 {
			who, which = plural.Of(len(r.of), "object"), " ("+some(r.of)+")"
		}
		text := said("%s: %s%s%s", []any{who, r.what, r.text, which})
		if r.hint != "" {
			text += said("%s: hint: %s", []any{who, r.hint})
		}
		for _, one := range r.of {
			*t = append(*t, part{Talk: true, Text: text,
				Entry: Entry{Level: r.level, Message: r.text, Hint: r.hint, Flow: one}})
			text = "" // a person reads it once
		}
	}
}

// namedAtMost is how many objects a remark names; the table has them all.
const namedAtMost = 3

// some names the first of many.
func some(names []string) string {
	if len(names) <= namedAtMost+1 {
		last := len(names) - 1
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names[:namedAtMost], ", ") + " and " + plural.Count(len(names)-namedAtMost) + " more"
}
