package status

import (
	"log/slog"
	"slices"
	"strings"

	"catchment/internal/plural"
)

// The remarks are what there is to say of objects beside a table. What is true of
// several objects is said once, and of how many.
type remarks []remark

// A remark is one of them.
type remark struct {
	what, text, hint string // what stands before the text, such as error
	of               []string
	level            slog.Level
}

// add adds what there is to say of an object. Its own name doesn't make two alike
// different ones.
func (r *remarks) add(of, what, text, hint string) {
	text = strings.TrimPrefix(text, of+": ")
	for i, one := range *r {
		if one.what == what && one.text == text && one.hint == hint {
			if !slices.Contains(one.of, of) {
				(*r)[i].of = append(one.of, of)
			}
			return
		}
	}
	*r = append(*r, remark{what: what, text: text, hint: hint, of: []string{of}, level: levelOf(what)})
}

// levelOf is how much what stands before a text means.
func levelOf(what string) slog.Level {
	switch what {
	case "error: ":
		return slog.LevelError
	case "note: ":
		return slog.LevelInfo
	}
	return slog.LevelWarn // a doubt
}

// namedAtMost is how many objects a remark names; the table has them all.
const namedAtMost = 3

// remark tells remarks, in the order in which they were added.
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
		for _, one := range r.of { // a log has an entry for each, a person reads of all together
			*t = append(*t, part{Talk: true, Text: text,
				Entry: Entry{Level: r.level, Message: r.text, Hint: r.hint, Flow: one}})
			text = ""
		}
	}
}

// some names the first of many.
func some(names []string) string {
	if len(names) <= namedAtMost+1 {
		last := len(names) - 1
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names[:namedAtMost], ", ") + " and " + plural.Count(len(names)-namedAtMost) + " more"
}
